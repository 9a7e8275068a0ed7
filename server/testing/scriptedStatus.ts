import type { StatusView } from '../api/views.ts';
import { hashOf } from './scriptedLabels.ts';
import { withReorg } from './scriptedReorgStatus.ts';
import {
  alignedStatus,
  BLOCKS_PER_BATCH,
  l2BlockAt,
  l2Hash,
  type ScriptPosition,
  verdict,
  worldAt,
} from './scriptedRollup.ts';
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
