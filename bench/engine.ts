import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { keccak256 } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { type EmbeddedEngine, openEmbeddedEngine } from '../server/engine/embedded/open.ts';
import type { SealedBlock } from '../server/protocol/block.ts';
import { decodeBlocks, encodeBlock } from '../server/protocol/blockCodec.ts';
import { installFastKeccak } from '../server/protocol/fastKeccak.ts';
import { type Hash, type Hex, ZERO_HASH } from '../server/protocol/refs.ts';
import { fixture } from '../server/testing/fixtures.ts';
import type { Bench, BenchRow } from './row.ts';
import type { BareInput, BareOutput } from './support/bareEvm.ts';

const MIN_RATIO = 0.85;
/** Each loop runs this often, in turn with the other, on a fresh state; the best of each counts. */
const ROUNDS = 3;
const CHAIN_ID = 1_337;
const GENESIS_TIME = 1_700_000_000;
const GWEI = 10n ** 9n;

interface Chain {
  readonly name: string;
  readonly genesis: unknown;
  readonly hardfork: string;
  readonly blocks: readonly SealedBlock[];
  readonly unit: 'tx/s' | 'blocks/s';
}

/**
 * Blocks through the embedded engine, client and message port included, each by newPayload and forkchoiceUpdated,
 * against a bare @ethereumjs loop over the same blocks.
 */
export const engineBench: Bench = async (log) => {
  await installFastKeccak();
  const rows: BenchRow[] = [];
  for (const kind of KINDS) {
    log(`building blocks of ${kind.name}`);
    rows.push(await measure(await buildChain(kind), log));
  }
  const recorded = fixture('engine-chain');
  if (recorded === null) log('skipped: the recorded chain is not here (set PLUMBLINE_FIXTURES)');
  else rows.push(await measure(recordedChain(recorded), log));
  return rows;
};

async function measure(chain: Chain, log: (line: string) => void): Promise<BenchRow> {
  const { blocks, name, unit } = chain;
  const count =
    unit === 'blocks/s'
      ? blocks.length
      : blocks.reduce((sum, { transactions }) => sum + transactions.length, 0);
  const best = { engine: Number.POSITIVE_INFINITY, bare: Number.POSITIVE_INFINITY };
  for (let round = 1; round <= ROUNDS; round++) {
    best.bare = Math.min(best.bare, await timeBare(chain));
    best.engine = Math.min(best.engine, await timeEngine(chain));
    log(
      `${name}, round ${round}: bare ${rate(count, best.bare)}, engine ${rate(count, best.engine)} ${unit}`,
    );
  }
  const ratio = best.bare / best.engine;
  return {
    name: `embedded engine: ${name}`,
    value: (count * 1_000) / best.engine,
    unit,
    ratio,
    bound: `≥ ${MIN_RATIO} of the bare @ethereumjs loop`,
    ok: ratio >= MIN_RATIO,
  };
}

const rate = (count: number, millis: number): string => ((count * 1_000) / millis).toFixed(0);

async function timeEngine({ genesis, blocks }: Chain): Promise<number> {
  const embedded = await openEmbeddedEngine({ genesis });
  try {
    const started = performance.now();
    for (const block of blocks) {
      const status = await embedded.engine.newPayload(block);
      if (status.status !== 'VALID') throw new Error(`block ${block.number}: ${JSON.stringify(status)}`);
      await embedded.engine.forkchoiceUpdated(toHead(block.hash), null);
    }
    return performance.now() - started;
  } finally {
    await embedded.close();
  }
}

function timeBare({ genesis, hardfork, blocks }: Chain): Promise<number> {
  const input: BareInput = {
    genesis,
    hardfork,
    blocks: blocks.map((block) => encodeBlock(block, { items: 4 })),
  };
  const worker = new Worker(new URL('./support/bareEvm.ts', import.meta.url), { workerData: input });
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (millis: BareOutput) => {
      void worker.terminate();
      resolve(millis);
    });
  });
}

const toHead = (hash: Hash) => ({ headBlockHash: hash, safeBlockHash: hash, finalizedBlockHash: ZERO_HASH });

function recordedChain(dir: string): Chain {
  const decoded = decodeBlocks(new Uint8Array(readFileSync(join(dir, 'chain.rlp'))));
  if (!decoded.ok) throw new Error(decoded.error.detail);
  const genesis: unknown = JSON.parse(readFileSync(join(dir, 'genesis.json'), 'utf8'));
  const name = `${decoded.value.length} recorded blocks, all transaction kinds`;
  return { name, genesis, hardfork: 'cancun', blocks: decoded.value, unit: 'blocks/s' };
}

interface Kind {
  readonly name: string;
  readonly blocks: number;
  readonly perBlock: number;
  transaction(nonce: number): {
    readonly to?: Hex;
    readonly data?: Hex;
    readonly value?: bigint;
    readonly gas: bigint;
  };
}

const sender = privateKeyToAccount(`0x${'a1'.repeat(32)}`);
const TOKEN: Hex = '0x00000000000000000000000000000000000070ce';
const TRANSFER_TOPIC = 'ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55aa4d523b3ef';
const word = (value: number | bigint): string => value.toString(16).padStart(64, '0');
/** A different one each time, so that each transfer makes an account. */
const receiver = (nonce: number): string => word(0x10_0000 + nonce).slice(24);

const KINDS: readonly Kind[] = [
  {
    name: 'ether transfers, 50 a block',
    blocks: 20,
    perBlock: 50,
    transaction: (nonce) => ({ to: `0x${receiver(nonce)}`, value: 1n, gas: 21_000n }),
  },
  {
    name: 'token transfers (2 slots, 1 log), 50 a block',
    blocks: 20,
    perBlock: 50,
    transaction: (nonce) => ({
      to: TOKEN,
      data: `0x${receiver(nonce).padStart(64, '0')}${word(1)}`,
      gas: 90_000n,
    }),
  },
  {
    name: 'contract deployments of 1,000 bytes, 25 a block',
    blocks: 16,
    perBlock: 25,
    // PUSH2 1000, DUP1, PUSH1 11, PUSH1 0, CODECOPY, PUSH1 0, RETURN, then the code: JUMPDESTs.
    transaction: () => ({ data: `0x6103e880600b6000396000f3${'5b'.repeat(1_000)}`, gas: 400_000n }),
  },
];

/**
 * What an ERC-20 does on transfer, without the selector: call data is receiver and amount; balances lie at the hash of
 * their holder; reverts when the sender has too little; logs Transfer.
 */
function tokenCode(): Hex {
  const body = [
    '33600052' + '60206000' + '20', // slot of the caller
    '8054' + '602035' + '8181' + '11', // its balance, the amount, amount > balance
    '60RR57', // then revert
    '9003' + '9055', // balance − amount, stored
    '600035600052' + '60206000' + '20', // slot of the receiver
    '8054' + '602035' + '01' + '9055', // balance + amount, stored
    '602035600052', // amount to memory, for the log
    `600035337f${TRANSFER_TOPIC}60206000a300`,
  ].join('');
  const jump = (body.length / 2).toString(16).padStart(2, '0');
  return `0x${body.replace('RR', jump)}5b600080fd`;
}

const benchGenesis = () => ({
  config: {
    ...{
      chainId: CHAIN_ID,
      homesteadBlock: 0,
      eip150Block: 0,
      eip155Block: 0,
      eip158Block: 0,
      byzantiumBlock: 0,
    },
    ...{ constantinopleBlock: 0, petersburgBlock: 0, istanbulBlock: 0, berlinBlock: 0, londonBlock: 0 },
    ...{ mergeNetsplitBlock: 0, shanghaiTime: 0, cancunTime: 0, terminalTotalDifficulty: 0 },
  },
  nonce: '0x0',
  timestamp: `0x${GENESIS_TIME.toString(16)}`,
  extraData: '0x',
  gasLimit: '0x5f5e100',
  difficulty: '0x0',
  baseFeePerGas: '0x3b9aca00',
  alloc: {
    [sender.address.toLowerCase()]: { balance: '0x33b2e3c9fd0803ce8000000' },
    [TOKEN]: {
      balance: '0x0',
      code: tokenCode(),
      storage: { [keccak256(`0x${word(BigInt(sender.address))}`)]: `0x${word(10n ** 18n)}` },
    },
  },
});

async function buildChain(kind: Kind): Promise<Chain> {
  const genesis = benchGenesis();
  const maker = await openEmbeddedEngine({ genesis });
  const blocks: SealedBlock[] = [];
  try {
    let head = (await maker.engine.blockByNumber(0))!.hash;
    for (let index = 0; index < kind.blocks; index++) {
      const block = await buildBlock(maker, head, index, kind);
      blocks.push(block);
      head = block.hash;
    }
    await requireSuccess(maker, head, kind);
  } finally {
    await maker.close();
  }
  return { name: kind.name, genesis, hardfork: 'cancun', blocks, unit: 'tx/s' };
}

async function buildBlock(
  maker: EmbeddedEngine,
  parent: Hash,
  index: number,
  kind: Kind,
): Promise<SealedBlock> {
  const nonces = Array.from({ length: kind.perBlock }, (_, at) => index * kind.perBlock + at);
  const transactions = await Promise.all(
    nonces.map((nonce) =>
      sender.signTransaction({
        ...{ chainId: CHAIN_ID, type: 'eip1559', nonce },
        ...{ maxFeePerGas: 100n * GWEI, maxPriorityFeePerGas: GWEI },
        ...kind.transaction(nonce),
      }),
    ),
  );
  const { payloadId } = await maker.engine.forkchoiceUpdated(toHead(parent), {
    timestamp: GENESIS_TIME + index + 1,
    prevRandao: ZERO_HASH,
    suggestedFeeRecipient: `0x${'fe'.repeat(20)}`,
    withdrawals: [],
    parentBeaconBlockRoot: ZERO_HASH,
    transactions,
    noTxPool: true,
  });
  return (await maker.engine.getPayload(payloadId!)).block;
}

/** A benchmark of transactions that fail would measure something else. */
async function requireSuccess(maker: EmbeddedEngine, head: Hash, { name }: Kind): Promise<void> {
  const receipts = (await maker.rpc('eth_getBlockReceipts', [head])) as readonly { status: Hex }[];
  if (receipts.some(({ status }) => status !== '0x1')) throw new Error(`${name}: a transaction failed`);
}
