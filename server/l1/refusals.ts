/**
 * How RPC providers word the two refusals that are no failures: "your log range is too large" and "you ask too
 * often". Codes do not tell them apart (-32005, -32602, -32000 and 429 are each used for both), so there is nothing to
 * go by but the words. A false match costs a few smaller requests and ends in the same error.
 */

export interface RangeRefusal {
  /** Blocks in one request that the provider says it takes; null when it does not say. */
  readonly blocks: number | null;
}

/** A form of words, who uses it, and what its first groups mean. */
interface Wording {
  readonly by: string;
  readonly words: RegExp;
  /** `blocks`: group 1 counts blocks. `range`: groups 1 and 2 are the first and last block of a range that works. */
  readonly says?: 'blocks' | 'range';
}

/** A count of blocks as people write it: 2000, 10,000, 10.000, 2K, 10k, 1M. */
const COUNT = String.raw`(\d[\d,.]*(?:\s?[kKmM](?![a-zA-Z]))?)`;
const words = (pattern: string): RegExp => new RegExp(pattern.replaceAll('COUNT', COUNT), 'i');

/** Those that name a number first: the first that matches is believed. */
export const RANGE_WORDINGS: readonly Wording[] = [
  {
    by: 'Infura, zkSync',
    words: words(String.raw`try with this block range \[(0x[0-9a-f]+),\s*(0x[0-9a-f]+)\]`),
    says: 'range',
  },
  {
    by: 'Alchemy, dRPC',
    words: words(String.raw`block range should work: \[(0x[0-9a-f]+),\s*(0x[0-9a-f]+)\]`),
    says: 'range',
  },
  { by: 'Alchemy, Aurora', words: words('up to an? COUNT block range'), says: 'blocks' },
  { by: 'QuickNode, 1RPC, Blast', words: words('limited to an? COUNT'), says: 'blocks' },
  { by: 'BlockPI, Kava', words: words('limited to COUNT blocks?'), says: 'blocks' },
  { by: 'Avalanche', words: words('requested too many blocks.*maximum is set to COUNT'), says: 'blocks' },
  { by: 'Cloudflare', words: words('max(?:imum)? range:? COUNT'), says: 'blocks' },
  { by: 'thirdweb', words: words('maximum allowed number of requested blocks is COUNT'), says: 'blocks' },
  {
    by: 'Blast (paid)',
    words: words(String.raw`range allowed for your plan \(\d+ > COUNT\)`),
    says: 'blocks',
  },
  { by: 'Coinbase', words: words('limit the query to at most COUNT blocks'), says: 'blocks' },
  { by: 'PublicNode', words: words('maximum block range: COUNT'), says: 'blocks' },
  { by: 'Hyperliquid', words: words('exceeds max block range COUNT'), says: 'blocks' },
  { by: 'Swell', words: words('block range greater than COUNT max'), says: 'blocks' },
  { by: 'Somnia', words: words('block range exceeds COUNT'), says: 'blocks' },
  { by: 'Merkle', words: words('range is too large, max is COUNT blocks'), says: 'blocks' },
  { by: 'Harmony', words: words('query must be smaller than size COUNT'), says: 'blocks' },
  { by: 'Moonriver', words: words(String.raw`block range is too wide \(maximum COUNT\)`), says: 'blocks' },
  { by: 'Ankr (TAC)', words: words('blocks distance: COUNT'), says: 'blocks' },
  { by: 'geth', words: words('exceeds? maximum block range: COUNT'), says: 'blocks' },
  { by: 'Erigon', words: words('block range limit:? COUNT'), says: 'blocks' },
  { by: 'Tenderly, Flashbots', words: words('max range limit for eth_getLogs: COUNT'), says: 'blocks' },
  { by: 'dRPC', words: words('ranges over COUNT blocks'), says: 'blocks' },
  { by: 'NodeReal, BSC', words: words('exceed(?:s|ed)? maximum block range:? COUNT'), says: 'blocks' },
  {
    by: 'BSC',
    words: words('block range (?:must be|is) (?:less than|under) COUNT'),
    says: 'blocks',
  },
  { by: 'TRON', words: words('exceed max block range: COUNT'), says: 'blocks' },
  { by: 'Ankr', words: words('block range is too wide') },
  { by: 'Base, OP', words: words('block range (?:is )?too (?:large|wide|big)') },
  { by: 'OP proxyd', words: words('backend response too large') },
  { by: 'Base proxyd', words: words('no backend is currently healthy') },
  { by: 'Arbitrum', words: words('logs matched by query exceeds? limit of') },
  { by: 'Chainstack', words: words('block range limit exceeded') },
  { by: '1RPC', words: words('response size should not (?:be )?greater than') },
  { by: 'Polygon zkEVM', words: words('returned more than [\\d,]+ results') },
  { by: 'LlamaRPC, Ankr', words: words('query exceeds max results') },
  { by: 'Alchemy', words: words('(?:log )?response size (?:is )?(?:exceeded|too large|larger than)') },
  { by: 'Reth', words: words('query exceeds (?:max )?(?:limit of )?[\\d,]+ (?:logs|results|blocks)') },
  { by: 'Nethermind', words: words('(?:too many|more than [\\d,]+) logs') },
  { by: 'several', words: words('query timeout|timeout exceeded while (?:fetching|querying) logs') },
  { by: 'several', words: words('narrow (?:down )?your (?:filter|query|range|search)') },
  { by: 'several', words: words('(?:exceed\\w*|more than|greater than).{0,40}(?:block )?range') },
  { by: 'several', words: words('(?:block )?range (?:is )?(?:too|limit|exceed)') },
  { by: 'several', words: words('requested too many blocks|too many blocks requested') },
  { by: 'several', words: words('range between fromBlock and toBlock') },
  { by: 'several', words: words('response (?:is )?too (?:large|big)|response exceed') },
];

/** Read when the words are not about a range: the wordings above also speak of limits and of plans. */
const RATE_WORDS =
  /rate.?limit|too many requests|requests? (?:per|in a) (?:second|minute)|per second|throughput|capacity (?:limit )?exceeded|compute units|daily (?:request|quota)|quota|slow down|request limit/i;

/** What a refusal of `eth_getLogs` says of the range; null when it is not about the range. */
export function rangeRefusal(text: string): RangeRefusal | null {
  for (const { words: pattern, says } of RANGE_WORDINGS) {
    const match = pattern.exec(text);
    if (match === null) continue;
    if (says === 'range') return { blocks: blocksBetween(match[1], match[2]) };
    return { blocks: says === 'blocks' ? countOf(match[1]) : null };
  }
  return null;
}

export const isRateRefusal = (text: string): boolean => RATE_WORDS.test(text);

const blocksBetween = (first: string | undefined, last: string | undefined): number | null => {
  const blocks = Number(last) - Number(first) + 1;
  return Number.isSafeInteger(blocks) && blocks > 0 ? blocks : null;
};

function countOf(text: string | undefined): number | null {
  const digits = (text ?? '').replace(/[,.\s]/g, '').toLowerCase();
  const factor = digits.endsWith('k') ? 1_000 : digits.endsWith('m') ? 1_000_000 : 1;
  const count = Number.parseInt(digits, 10) * factor;
  return Number.isSafeInteger(count) && count > 0 ? count : null;
}
