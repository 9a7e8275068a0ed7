import type { BatchRow } from '../journal/readModels.ts';
import type { NodeHandle } from '../runtime.ts';
import { batchHit, canonicalFirst, numberHits, onChain, rememberedBy } from './searchNumber.ts';
import type { SearchAnswer, SearchHit } from './searchViews.ts';
import type { BatchView, LaneBlockView, ReorgView, StatusView } from './views.ts';

/** What a reader typed, as what it can be. */
export type Needle =
  | { kind: 'number'; value: number }
  | { kind: 'hash'; value: string }
  | { kind: 'address'; value: string }
  /** The beginning of a hash or an address. */
  | { kind: 'prefix'; value: string }
  | { kind: 'text'; value: string };

/** Fewer characters after `0x` than this fit too much. */
const MIN_PREFIX = 4;
const MAX_HITS = 12;

/** Grouping signs and spaces inside a number are no part of it. */
export const readNeedle = (text: string): Needle => {
  const value = text.trim().toLowerCase();
  const digits = value.replace(/[\s\u00a0\u202f\u2009,_']/g, '');
  if (/^\d{1,15}$/.test(digits)) return { kind: 'number', value: Number(digits) };
  if (/^0x[0-9a-f]{64}$/.test(value)) return { kind: 'hash', value };
  if (/^0x[0-9a-f]{40}$/.test(value)) return { kind: 'address', value };
  // As the page itself shortens a hash: 0x4d21…9f02.
  const shortened = /^(0x[0-9a-f]{4})(?:…|\.{2,3})([0-9a-f]{4})$/.exec(value);
  if (shortened !== null) return { kind: 'prefix', value };
  if (new RegExp(`^0x[0-9a-f]{${MIN_PREFIX},63}$`).test(value)) return { kind: 'prefix', value };
  return { kind: 'text', value };
};

/** Whether a hash or an address is what was meant. */
export const fits = (needle: Needle, id: string | null): boolean => {
  if (id === null || needle.kind === 'number' || needle.kind === 'text') return false;
  if (needle.kind !== 'prefix') return needle.value === id.toLowerCase();
  const [start, end] = needle.value.split(/…|\.{2,3}/);
  return id.toLowerCase().startsWith(start!) && (end === undefined || id.toLowerCase().endsWith(end));
};

export const reorgHit = (reorg: ReorgView, why: string): SearchHit => ({
  kind: 'reorg',
  title: `${reorg.layer} reorg, depth ${reorg.depth}`,
  detail: why,
  path: `/reorgs/${encodeURIComponent(reorg.id)}`,
});

const reorgHits = (needle: Needle, reorgs: readonly ReorgView[]): SearchHit[] =>
  reorgs.flatMap((reorg) => {
    const orphaned = reorg.droppedL2.find((block) => fits(needle, block.hash));
    if (orphaned !== undefined)
      return [reorgHit(reorg, `L2 block ${orphaned.number} was orphaned by this reorg`)];
    if (fits(needle, reorg.oldTip.hash)) return [reorgHit(reorg, `the tip that this reorg orphaned`)];
    if (fits(needle, reorg.newTip.hash)) return [reorgHit(reorg, `the tip that this reorg brought`)];
    if (fits(needle, reorg.commonAncestor.hash)) return [reorgHit(reorg, `its common ancestor`)];
    return [];
  });

const batchHits = (needle: Needle, batches: readonly BatchView[]): SearchHit[] =>
  canonicalFirst(batches).flatMap((batch) => {
    if (fits(needle, batch.txHash)) return [batchHit(batch, 'this is its commit transaction')];
    if (fits(needle, batch.lastBlockHash)) return [batchHit(batch, 'this is its last block')];
    if (fits(needle, batch.stateRoot)) return [batchHit(batch, 'this is its state root')];
    return [];
  });

const laneHits = (needle: Needle, lanes: readonly LaneBlockView[]): SearchHit[] =>
  lanes
    .filter((lane) => fits(needle, lane.hash))
    .map((lane) => ({
      kind: 'l1_block',
      title: `L1 block ${lane.number}`,
      detail: lane.canonical ? lane.label : 'orphaned by a reorg',
      path: onChain('l1', lane.hash),
    }));

const headHits = (needle: Needle, { unsafe, safe, finalized }: StatusView['heads']): SearchHit[] => {
  const named = [
    ['unsafe', unsafe],
    ['safe', safe],
    ['finalized', finalized],
  ] as const;
  return named
    .flatMap(([name, head]) => (head !== null && fits(needle, head.hash) ? [{ name, head }] : []))
    .slice(0, 1)
    .map(({ name, head }) => ({
      kind: 'l2_block',
      title: `L2 block ${head.number}`,
      detail: `the ${name} head`,
      path: onChain('l2', head.number),
    }));
};

const sequencerHits = (needle: Needle, { leader, batches }: StatusView): SearchHit[] => {
  const known = new Set([
    ...(leader.address === null ? [] : [leader.address]),
    ...leader.upcoming.flatMap((term) => (term.leader === null ? [] : [term.leader])),
    ...batches.map((batch) => batch.poster),
  ]);
  return [...known]
    .filter((address) => fits(needle, address))
    .map((address) => ({
      kind: 'sequencer',
      title: `Sequencer ${address.slice(0, 6)}…${address.slice(-4)}`,
      detail: address === leader.address ? 'leads now' : 'in the rotation',
      path: `/leaders?who=${address}`,
    }));
};

/** Why nothing was found, in the words of the three cases that people mean. */
const noteFor = (needle: Needle, { heads, node }: StatusView): string => {
  const since = new Date(node.startedAt).toISOString().slice(0, 16).replace('T', ' ');
  if (needle.kind === 'text') return 'Search by a block or batch number, a hash or an address.';
  if (needle.kind !== 'number')
    return `Nothing is known by this ${needle.kind}: it is on no chain that was seen since ${since} UTC.`;
  const highest = Math.max(heads.l1?.number ?? 0, heads.unsafe?.number ?? 0);
  return needle.value > highest
    ? 'This number is ahead of every head.'
    : `This number is on neither layer as far as this node remembers (since ${since} UTC).`;
};

/** Each commit of a batch counts for itself, though one page shows them all. */
const nameOf = ({ path, kind, detail }: SearchHit): string => (kind === 'batch' ? `${path} ${detail}` : path);

/**
 * Hits of one status, best first, without doubles. Pure.
 *
 * @param remembered what the journal has beside it (`rememberedBy`)
 */
const searchStatus = (
  status: StatusView,
  needle: Needle,
  remembered: readonly BatchRow[],
): Pick<SearchHitList, 'hits' | 'note'> => {
  const all =
    needle.kind === 'number'
      ? numberHits(needle.value, status, remembered)
      : [
          ...reorgHits(needle, status.reorgs),
          ...batchHits(needle, status.batches),
          ...laneHits(needle, status.lanes),
          ...headHits(needle, status.heads),
          ...sequencerHits(needle, status),
        ];
  const seen = new Set<string>();
  const hits = all.filter((hit) => !seen.has(nameOf(hit)) && seen.add(nameOf(hit))).slice(0, MAX_HITS);
  return { hits, note: hits.length === 0 ? noteFor(needle, status) : null };
};

type SearchHitList = Extract<SearchAnswer, { kind: 'search' }>;

/**
 * Never rejects: a journal that does not answer takes nothing from what the status knows.
 *
 * @param text what was typed, at most 100 characters
 */
export const answerSearch = async (
  node: NodeHandle | null,
  now: number,
  text: string,
): Promise<SearchAnswer> => {
  if (node === null) return { kind: 'no_node', now, sentence: 'No node is running in this process.' };
  const needle = readNeedle(text);
  const status = node.status();
  const remembered =
    needle.kind === 'number' && node.history !== undefined
      ? await rememberedBy(node.history.models, status, needle.value).catch(() => [])
      : [];
  return { kind: 'search', now, query: text, ...searchStatus(status, needle, remembered) };
};
