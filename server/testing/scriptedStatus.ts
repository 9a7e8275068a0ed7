import type { BatchView, LaneBlockView, ReorgView, StatusView, VerdictKind } from '../api/views.ts';
import { hashOf, SEQUENCERS } from './scriptedLabels.ts';
import { feedConflict, followingWithFeed, leading } from './scriptedSequencing.ts';

/**
 * Statuses of a small made-up rollup, one a scenario: for tests of the page and of whoever reads the API.
 * Every hash follows from its label, so two runs show the same picture; all ages are relative to `now`.
 */
export const SCENARIOS = [
  'aligned',
  'catching-up',
  'reorg',
  'recovered',
  'invalid-batch',
  'l1-down',
  'engine-down',
  'first-start',
  'empty',
  'huge',
  'diverged',
  'halted',
  'leading',
  'following-with-feed',
  'feed-conflict',
] as const;
export type Scenario = (typeof SCENARIOS)[number];

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
const BLOCKS_PER_BATCH = 6;
const L2_BASE = 8_412_000;
const COLUMNS = 14;

const [LEADER, NEXT_LEADER] = SEQUENCERS;

interface World {
  readonly now: number;
  readonly l1Head: number;
  readonly batchesPerL1Block: number;
  readonly at: (l1Number: number) => number;
}

const worldAt = (now: number, steps: number, batchesPerL1Block: number): World => {
  const l1Head = L1_HEAD + steps;
  const headTimestamp = Math.floor(now / 1000) - 2;
  return {
    now,
    l1Head,
    batchesPerL1Block,
    at: (number) => headTimestamp - (l1Head - number) * SLOT_SECONDS,
  };
};

const blockAt = (world: World, number: number, branch = '') => ({
  number,
  hash: hashOf(`l1 ${number}${branch}`),
  timestamp: world.at(number),
});

const l2Hash = (number: number, branch = ''): string => hashOf(`l2 ${number}${branch}`);

const firstBlockOf = (batch: number): number => L2_BASE + (batch - FIRST_BATCH) * BLOCKS_PER_BATCH + 1;
const lastBlockOf = (batch: number): number => firstBlockOf(batch) + BLOCKS_PER_BATCH - 1;

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

const batchAt = (
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

const verdict = (world: World, kind: VerdictKind, sentence: string, ageSeconds: number) => ({
  kind,
  sentence,
  reference: 'commitments of the proposer contract at the L1 head, and the block hashes of the engine',
  since: world.now - ageSeconds * 1000,
});

const l2BlockAt = (number: number, safe: number, safeAt: number) => ({
  number,
  hash: l2Hash(number),
  timestamp: safeAt - (safe - number) * 2,
});

/** The picture in which everything agrees; the scenarios below are changes of it. */
const alignedStatus = (position: ScriptPosition, now: number, batchesPerL1Block = 1): StatusView => {
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

const reorgOf = (status: StatusView, now: number, recovered: boolean): ReorgView => {
  const tip = status.heads.l1!.number;
  const safe = status.heads.safe!.number;
  const id = (number: number, branch = '') => ({ number, hash: l2Hash(number, branch) });
  const detectedAt = now - (recovered ? 64_000 : 6_000);
  const recoveredAt = recovered ? now - 55_900 : null;
  return {
    id: `r-${tip}`,
    layer: 'L1',
    firstEvidenceAt: detectedAt - 900,
    detectedAt,
    recoveredAt,
    regainedAt: recoveredAt,
    detectionMs: 900,
    recoveryMs: recoveredAt === null ? null : recoveredAt - detectedAt,
    exact: true,
    droppedL1: [tip - 1, tip].map((number) => ({ number, hash: hashOf(`l1 ${number}b`) })),
    l2Ancestor: id(safe - 4),
    droppedL2Count: 4,
    adoptedL2: recovered ? [3, 2, 1, 0].map((back) => id(safe - back)) : [],
    adoptedL2Count: recovered ? 4 : 0,
    leader: { before: status.leader.address, after: status.leader.address },
    heads: {
      before: {
        l1: { number: tip, hash: hashOf(`l1 ${tip}b`) },
        unsafe: id(safe, 'b'),
        safe: id(safe, 'b'),
        finalized: null,
      },
      after: recovered
        ? {
            l1: { number: tip, hash: hashOf(`l1 ${tip}`) },
            unsafe: id(safe),
            safe: id(safe),
            finalized: null,
          }
        : null,
    },
    fates: {
      same: recovered ? 2 : 0,
      re_included: recovered ? 3 : 0,
      pending: 0,
      dropped: 0,
      conflicting: 0,
      not_known: recovered ? 0 : 5,
    },
    transactionCount: 5,
    transactionsNote: null,
    oldTip: { number: tip, hash: hashOf(`l1 ${tip}b`) },
    newTip: { number: tip, hash: hashOf(`l1 ${tip}`) },
    commonAncestor: { number: tip - 2, hash: hashOf(`l1 ${tip - 2}`) },
    depth: 2,
    cause: 'L1_REORG',
    evidence: [`L1 block ${tip - 1} has parent ${tip - 2}, but another hash than the one derived from.`],
    droppedBatches: [status.batches[0]!.number],
    droppedL2: [1, 2, 3, 4].map((i) => id(safe - 4 + i, 'b')),
  };
};

/** While a reorg runs: what lies after the common ancestor was seen on L1, and nothing more. */
const beforeRederiving = (base: StatusView, ancestor: number): StatusView => {
  const unread = { progress: 'seen', firstBlock: null, lastBlock: null } as const;
  const last = base.batches.find((batch) => batch.l1Block.number <= ancestor)!;
  const safe = {
    ...base.heads.safe!,
    number: last.lastBlock!,
    hash: last.lastBlockHash!,
    origin: { number: last.l1Block.number, hash: last.l1Block.hash },
  };
  return {
    ...base,
    heads: {
      ...base.heads,
      currentL1: { number: ancestor, hash: hashOf(`l1 ${ancestor}`) },
      safe,
      unsafe: { number: safe.number, hash: safe.hash, timestamp: safe.timestamp },
    },
    batches: base.batches.map((batch) =>
      batch.l1Block.number <= ancestor
        ? batch
        : { ...batch, ...unread, lastBlockHash: null, transactionCount: null, source: null },
    ),
    lanes: base.lanes.map((lane) =>
      lane.number <= ancestor
        ? lane
        : { ...lane, batches: lane.batches.map((batch) => ({ ...batch, ...unread })) },
    ),
  };
};

const withReorg = (position: ScriptPosition, now: number, recovered: boolean): StatusView => {
  const base = alignedStatus(position, now);
  const world = worldAt(now, position.steps, 1);
  const tip = world.l1Head;
  // Committed again on the new branch, so its number stands in the list twice.
  const dropped = base.batches[0]!.number;
  const orphans: LaneBlockView[] = [tip - 1, tip].map((number) => ({
    ...blockAt(world, number, 'b'),
    label: 'unsafe',
    canonical: false,
    batches:
      number === tip - 1
        ? [
            {
              number: dropped,
              firstBlock: firstBlockOf(dropped),
              lastBlock: lastBlockOf(dropped),
              progress: 'orphaned',
            },
          ]
        : [],
  }));
  const orphanBatch = batchAt(world, dropped, tip - 1, {
    progress: 'orphaned',
    l1Block: blockAt(world, tip - 1, 'b'),
    lastBlockHash: l2Hash(lastBlockOf(dropped), 'b'),
    reason: `orphaned: its L1 block ${tip - 1} was dropped by the reorg`,
  });
  const again = recovered ? base : beforeRederiving(base, tip - 2);
  const reorg = reorgOf(base, now, recovered);
  return {
    ...again,
    verdict: recovered
      ? base.verdict
      : verdict(world, 'reorg', `L1 dropped 2 blocks after ${tip - 2}; deriving again from there.`, 6),
    lanes: [...again.lanes, ...orphans],
    batches: [...again.batches.slice(0, 1), orphanBatch, ...again.batches.slice(1)],
    reorgs: [
      reorg,
      {
        ...reorg,
        id: 'r-57',
        layer: 'L2',
        detectedAt: now - 1_100_000,
        recoveredAt: now - 1_097_900,
        depth: 4,
        cause: 'LEADER_HANDOVER',
        droppedBatches: [],
      },
    ],
    activity: [
      {
        seq: position.version * 10 + 900,
        at: reorg.detectedAt,
        kind: 'reorg',
        sentence: `L1 reorg of depth 2: batch ${dropped} is gone, the safe head moved back to ${firstBlockOf(dropped) - 1}.`,
      },
      ...base.activity,
    ],
  };
};

const catchingUp = (position: ScriptPosition, now: number): StatusView => {
  const base = alignedStatus(position, now);
  const world = worldAt(now, position.steps, 1);
  const current = world.l1Head - 4_120 + position.steps * 200;
  const safe = base.heads.safe!.number - 2_060 * BLOCKS_PER_BATCH;
  const origin = { number: current, hash: hashOf(`l1 ${current}`) };
  return {
    ...base,
    verdict: verdict(
      world,
      'catching_up',
      `${world.l1Head - current} L1 blocks behind; the chain is right as far as it goes.`,
      840,
    ),
    heads: {
      ...base.heads,
      currentL1: origin,
      unsafe: { number: safe, hash: l2Hash(safe), timestamp: world.at(current) },
      safe: { number: safe, hash: l2Hash(safe), timestamp: world.at(current), origin },
      finalized: { number: safe, hash: l2Hash(safe), timestamp: world.at(current), origin },
    },
    batches: base.batches.map((batch) => ({
      ...batch,
      progress: 'seen',
      firstBlock: null,
      lastBlock: null,
      lastBlockHash: null,
      transactionCount: null,
      source: null,
    })),
    lanes: base.lanes.map((lane) => ({
      ...lane,
      batches: lane.batches.map((batch) => ({
        ...batch,
        progress: 'seen',
        firstBlock: null,
        lastBlock: null,
      })),
    })),
    activity: [],
    sync: {
      from: world.l1Head - 14_118,
      current,
      target: world.l1Head,
      startedAt: now - 840_000,
      // Then it gains no more: what was measured is the reason.
      etaSeconds: position.steps === 1 ? 370 : null,
      note: position.steps === 0 ? 'no estimate: the speed was measured for only 8 s' : null,
    },
  };
};

const invalidBatch = (position: ScriptPosition, now: number): StatusView => {
  const base = alignedStatus(position, now);
  const world = worldAt(now, position.steps, 1);
  const bad = base.batches[0]!;
  const good = base.batches[1]!;
  const reason = `LAST_BLOCK_HASH_MISMATCH: block ${bad.lastBlock} hashes to ${l2Hash(bad.lastBlock!, 'x')}, the batch commits to ${bad.lastBlockHash}`;
  return {
    ...base,
    verdict: verdict(
      world,
      'stalled',
      `Batch ${bad.number} on L1 is invalid (its last block has another hash): the safe head stays at ${good.lastBlock} until L1 reorgs or the operator decides.`,
      118,
    ),
    heads: {
      ...base.heads,
      safe: {
        ...l2BlockAt(good.lastBlock!, bad.lastBlock!, Math.floor(now / 1000) - 16),
        origin: { number: good.l1Block.number, hash: good.l1Block.hash },
      },
    },
    batches: [{ ...bad, progress: 'dropped', reason }, ...base.batches.slice(1)],
    lanes: base.lanes.map((lane) => ({
      ...lane,
      batches: lane.batches.map((batch) =>
        batch.number === bad.number ? { ...batch, progress: 'dropped' as const } : batch,
      ),
    })),
    trouble: {
      severity: 'halt',
      code: 'INVALID_BATCH',
      message: reason,
      count: 1,
      resets: 0,
      since: now - 118_000,
      nextTryAt: null,
    },
  };
};

const l1Down = (position: ScriptPosition, now: number): StatusView => {
  const base = alignedStatus(position, now - 40_000);
  const world = worldAt(now, position.steps, 1);
  return {
    ...base,
    at: now,
    verdict: verdict(
      world,
      'stalled',
      'L1 RPC unreachable for 40 s: the safe head cannot advance; the unsafe head still advances.',
      40,
    ),
    freshness: {
      ...base.freshness,
      driver: { at: now - 400, ok: true, expectedEvery: 4_000, detail: null },
      engine: { at: now - 700, ok: true, expectedEvery: 4_000, detail: null },
      l1: {
        at: now - 40_000,
        ok: false,
        expectedEvery: 12_000,
        detail: 'connection refused (127.0.0.1:8545)',
      },
    },
    trouble: {
      severity: 'temporary',
      code: 'L1_UNREACHABLE',
      message: 'connection refused (127.0.0.1:8545)',
      count: 9,
      resets: 0,
      since: now - 40_000,
      nextTryAt: now + 6_000,
    },
  };
};

const engineDown = (position: ScriptPosition, now: number): StatusView => {
  const base = alignedStatus(position, now);
  const world = worldAt(now, position.steps, 1);
  return {
    ...base,
    verdict: verdict(
      world,
      'degraded',
      'The execution engine does not answer for 22 s: no head can move; L1 is still read.',
      22,
    ),
    freshness: {
      ...base.freshness,
      engine: {
        at: now - 22_000,
        ok: false,
        expectedEvery: 4_000,
        detail: 'timeout after 8 s (engine_forkchoiceUpdatedV3)',
      },
    },
    trouble: {
      severity: 'temporary',
      code: 'ENGINE_TIMEOUT',
      message: 'engine_forkchoiceUpdatedV3 gave no answer within 8 s',
      count: 2,
      resets: 0,
      since: now - 22_000,
      nextTryAt: now + 3_000,
    },
  };
};

const NO_HEADS: StatusView['heads'] = {
  l1: null,
  l1Safe: null,
  l1Finalized: null,
  currentL1: null,
  unsafe: null,
  safe: null,
  finalized: null,
  verifiedBatch: null,
};

const unread = (expectedEvery: number) => ({ at: null, ok: false, expectedEvery, detail: 'no answer yet' });

const firstStart = (position: ScriptPosition, now: number): StatusView => {
  const base = alignedStatus(position, now);
  const world = worldAt(now, position.steps, 1);
  return {
    ...base,
    node: { ...base.node, startedAt: now - 12_000 },
    verdict: verdict(world, 'unknown', 'Nothing has been read from L1 yet.', 12),
    freshness: { ...base.freshness, l1: unread(12_000), blobs: unread(60_000) },
    heads: NO_HEADS,
    leader: {
      address: null,
      isUs: false,
      nextBatch: null,
      term: null,
      next: null,
      upcoming: [],
      detail: 'the registry was not read yet',
    },
    lanes: [],
    batches: [],
    activity: [],
  };
};

const empty = (position: ScriptPosition, now: number): StatusView => {
  const base = alignedStatus(position, now);
  const world = worldAt(now, position.steps, 1);
  const genesis = { number: 0, hash: l2Hash(0), timestamp: Math.floor(position.startedAt / 1000) - 60 };
  const origin = { number: world.l1Head - 3, hash: hashOf(`l1 ${world.l1Head - 3}`) };
  return {
    ...base,
    verdict: verdict(world, 'aligned', 'Only genesis so far: no batch has been committed on L1.', 31),
    heads: {
      ...base.heads,
      unsafe: genesis,
      safe: { ...genesis, origin },
      finalized: { ...genesis, origin: null },
      verifiedBatch: null,
    },
    leader: { ...base.leader, nextBatch: 1, term: { first: 1, last: 31, left: 31 }, next: null, isUs: true },
    lanes: base.lanes.slice(-4).map((lane) => ({ ...lane, batches: [] })),
    batches: [],
    activity: [],
  };
};

const diverged = (position: ScriptPosition, now: number): StatusView => {
  const base = alignedStatus(position, now);
  const world = worldAt(now, position.steps, 1);
  const safe = base.heads.safe!.number;
  return {
    ...base,
    verdict: verdict(
      world,
      'diverged',
      `Our L2 is not what L1 implies: block ${safe} should be ${l2Hash(safe, 'c').slice(0, 10)}…, the engine has ${l2Hash(safe).slice(0, 10)}….`,
      15,
    ),
    trouble: {
      severity: 'reset',
      code: 'ENGINE_DIVERGED',
      message: `the engine's block ${safe} is not the derived one`,
      count: 3,
      resets: 0,
      since: now - 15_000,
      nextTryAt: now + 2_000,
    },
  };
};

const halted = (position: ScriptPosition, now: number): StatusView => {
  const base = alignedStatus(position, now);
  const world = worldAt(now, position.steps, 1);
  const reason = `L1 reorg below the finalized block ${world.l1Head - 9}: refused to cross it`;
  return {
    ...base,
    verdict: verdict(world, 'halted', `${reason}. Resync by hand when L1 is known to be right.`, 305),
    trouble: {
      severity: 'halt',
      code: 'L1_REORG_BEYOND_FINALIZED',
      message: reason,
      count: 1,
      resets: 0,
      since: now - 305_000,
      nextTryAt: null,
    },
  };
};

const BUILDERS: Record<Scenario, (position: ScriptPosition, now: number) => StatusView> = {
  aligned: alignedStatus,
  'catching-up': catchingUp,
  reorg: (position, now) => withReorg(position, now, false),
  recovered: (position, now) => withReorg(position, now, true),
  'invalid-batch': invalidBatch,
  'l1-down': l1Down,
  'engine-down': engineDown,
  'first-start': firstStart,
  empty,
  huge: (position, now) => alignedStatus(position, now, 40),
  diverged,
  halted,
  leading: (position, now) => leading(alignedStatus(position, now)),
  'following-with-feed': (position, now) => followingWithFeed(alignedStatus(position, now)),
  'feed-conflict': (position, now) => feedConflict(alignedStatus(position, now), now),
};

/** The status of `scenario` after `position.steps` L1 blocks, as seen at `now` (milliseconds). */
export const scriptedStatus = (scenario: Scenario, position: ScriptPosition, now: number): StatusView =>
  BUILDERS[scenario](position, now);
