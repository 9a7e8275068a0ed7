import type { BatchView, LaneBlockView, StatusView, VerdictKind } from '../api/views.ts';
import { hashOf, SEQUENCERS } from './scriptedLabels.ts';

/** The made-up rollup of the scripted node: its L1 and L2 by their numbers, and its status while all agrees. */

/** What moves when a scripted node lives on: L1 blocks mined since the scenario began, each with one batch. */
export interface ScriptPosition {
  readonly version: number;
  readonly steps: number;
  /** Start of the node, milliseconds. */
  readonly startedAt: number;
}

const SLOT_SECONDS = 12;
const L1_HEAD = 21_304_118;
const FIRST_BATCH = 890;
export const BLOCKS_PER_BATCH = 6;
const L2_BASE = 8_412_000;
const COLUMNS = 14;

const [LEADER, NEXT_LEADER] = SEQUENCERS;

interface World {
  readonly now: number;
  readonly l1Head: number;
  readonly batchesPerL1Block: number;
  readonly at: (l1Number: number) => number;
}

export const worldAt = (now: number, steps: number, batchesPerL1Block: number): World => {
  const l1Head = L1_HEAD + steps;
  const headTimestamp = Math.floor(now / 1000) - 2;
  return {
    now,
    l1Head,
    batchesPerL1Block,
    at: (number) => headTimestamp - (l1Head - number) * SLOT_SECONDS,
  };
};

export const blockAt = (world: World, number: number, branch = '') => ({
  number,
  hash: hashOf(`l1 ${number}${branch}`),
  timestamp: world.at(number),
});

export const l2Hash = (number: number, branch = ''): string => hashOf(`l2 ${number}${branch}`);

export const firstBlockOf = (batch: number): number => L2_BASE + (batch - FIRST_BATCH) * BLOCKS_PER_BATCH + 1;
export const lastBlockOf = (batch: number): number => firstBlockOf(batch) + BLOCKS_PER_BATCH - 1;

/** Every seventh L1 block holds no batch, as a chain whose sequencer pauses now and then has it. */
const holdsBatches = (l1Number: number): boolean => l1Number % 7 !== 3;

/** L1 blocks below `l1Number` that hold batches, counted from block 0. */
const holdersBelow = (l1Number: number): number => l1Number - Math.floor((l1Number + 3) / 7);

/** First batch number at or after an L1 block: the same at every step of a scenario. */
const firstBatchIn = (world: World, l1Number: number): number =>
  FIRST_BATCH + (holdersBelow(l1Number) - holdersBelow(L1_HEAD - COLUMNS)) * world.batchesPerL1Block;

const labelOf = (world: World, number: number): LaneBlockView['label'] => {
  if (number <= world.l1Head - 9) return 'finalized';
  return number <= world.l1Head - 4 ? 'safe' : 'unsafe';
};

export const batchAt = (
  world: World,
  number: number,
  l1Number: number,
  over: Partial<BatchView> = {},
): BatchView => ({
  number,
  progress: labelOf(world, l1Number) === 'finalized' ? 'finalized' : 'safe',
  l1Block: blockAt(world, l1Number),
  txHash: hashOf(`commit ${number} in ${l1Number}`),
  poster: LEADER,
  firstBlock: firstBlockOf(number),
  lastBlock: lastBlockOf(number),
  lastBlockHash: l2Hash(lastBlockOf(number)),
  stateRoot: hashOf(`root ${number}`),
  privilegedCount: number % 3,
  transactionCount: 20 + ((number * 7) % 31),
  gasUsed: String(1_000_000 + number * 991),
  source: number % 5 === 0 ? 'blob' : 'calldata',
  reason: null,
  ...over,
});

const chainOf = (world: World): { lanes: LaneBlockView[]; batches: BatchView[] } => {
  const batches: BatchView[] = [];
  const lanes: LaneBlockView[] = [];
  let next = firstBatchIn(world, world.l1Head - COLUMNS + 1);
  for (let number = world.l1Head - COLUMNS + 1; number <= world.l1Head; number++) {
    const here: BatchView[] = [];
    if (holdsBatches(number)) {
      for (let i = 0; i < world.batchesPerL1Block; i++) here.push(batchAt(world, next++, number));
    }
    batches.push(...here);
    lanes.push({
      ...blockAt(world, number),
      label: labelOf(world, number),
      canonical: true,
      batches: here.map(({ number, firstBlock, lastBlock, progress }) => ({
        number,
        firstBlock,
        lastBlock,
        progress,
      })),
    });
  }
  return { lanes, batches: batches.reverse() };
};

const healthy = (world: World) => ({
  at: world.now - 400,
  ok: true,
  expectedEvery: SLOT_SECONDS * 1000,
  detail: null,
});

export const verdict = (world: World, kind: VerdictKind, sentence: string, ageSeconds: number) => ({
  kind,
  sentence,
  reference: 'commitments of the proposer contract at the L1 head, and the block hashes of the engine',
  since: world.now - ageSeconds * 1000,
});

export const l2BlockAt = (number: number, safe: number, safeAt: number) => ({
  number,
  hash: l2Hash(number),
  timestamp: safeAt - (safe - number) * 2,
});

/** The picture in which everything agrees; the scenarios below are changes of it. */
export const alignedStatus = (position: ScriptPosition, now: number, batchesPerL1Block = 1): StatusView => {
  const world = worldAt(now, position.steps, batchesPerL1Block);
  const { lanes, batches } = chainOf(world);
  const last = batches[0]!;
  const final = batches.find((batch) => batch.progress === 'finalized')!;
  const safe = last.lastBlock!;
  const safeAt = Math.floor(now / 1000) - 16;
  return {
    at: now,
    version: position.version,
    node: {
      name: 'scripted',
      mode: 'devnet',
      startedAt: position.startedAt,
      software: 'plumbline 0.1.0',
      engine: 'embedded (ethereumjs 10.1.3)',
      l1ChainId: 31_337,
      l2ChainId: 65_536_999,
      l1Host: '127.0.0.1:8545',
    },
    verdict: verdict(world, 'aligned', `The L2 chain is what L1 implies up to block ${safe}.`, 754),
    freshness: {
      driver: { ...healthy(world), expectedEvery: 4_000 },
      l1: { ...healthy(world), at: now - 2_100 },
      engine: { ...healthy(world), at: now - 900, expectedEvery: 4_000 },
      blobs: { ...healthy(world), at: now - 31_000, expectedEvery: 60_000 },
    },
    heads: {
      l1: blockAt(world, world.l1Head),
      l1Safe: blockAt(world, world.l1Head - 4),
      l1Finalized: blockAt(world, world.l1Head - 9),
      currentL1: { number: world.l1Head, hash: hashOf(`l1 ${world.l1Head}`) },
      unsafe: l2BlockAt(safe + 7, safe, safeAt),
      safe: {
        ...l2BlockAt(safe, safe, safeAt),
        origin: { number: last.l1Block.number, hash: last.l1Block.hash },
      },
      finalized: {
        ...l2BlockAt(final.lastBlock!, safe, safeAt),
        origin: { number: final.l1Block.number, hash: final.l1Block.hash },
      },
      verifiedBatch: final.lastBlock! - 2 * BLOCKS_PER_BATCH,
    },
    leader: {
      address: LEADER,
      isUs: false,
      nextBatch: last.number + 1,
      term: termOf(last.number + 1),
      next: NEXT_LEADER,
      upcoming: [],
      detail: null,
    },
    sequencer: null,
    engine: { state: 'SYNCED', reason: 'it took the last head it was given', since: now },
    observed: null,
    l1Providers: [],
    fleet: [],
    operator: { enabled: false, sequencer: false, paused: { driver: null, sequencer: null }, resync: null },
    webhook: null,
    lanes,
    batches,
    reorgs: [],
    sync: null,
    activity: batches.slice(0, 8).map((batch, i) => ({
      seq: position.version * 10 + 500 - i,
      at: batch.l1Block.timestamp * 1000 + 2_300,
      kind: 'batch',
      sentence: `Batch ${batch.number} applied: ${BLOCKS_PER_BATCH} blocks up to ${batch.lastBlock}.`,
    })),
    trouble: null,
  };
};

/** A term is 32 batch numbers (SequencerRegistry, BATCHES_PER_SEQUENCER). */
const termOf = (nextBatch: number): { first: number; last: number; left: number } => {
  const first = Math.floor(nextBatch / 32) * 32;
  return { first, last: first + 31, left: first + 32 - nextBatch };
};
