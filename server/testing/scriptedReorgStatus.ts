import type { LaneBlockView, ReorgView, StatusView } from '../api/views.ts';
import { hashOf } from './scriptedLabels.ts';
import {
  alignedStatus,
  batchAt,
  blockAt,
  firstBlockOf,
  l2Hash,
  lastBlockOf,
  type ScriptPosition,
  verdict,
  worldAt,
} from './scriptedRollup.ts';

const reorgOf = (status: StatusView, now: number, recovered: boolean): ReorgView => {
  const tip = status.heads.l1!.number;
  const safe = status.heads.safe!.number;
  const id = (number: number, branch = '') => ({ number, hash: l2Hash(number, branch) });
  const detectedAt = now - (recovered ? 64_000 : 6_000);
  const recoveredAt = recovered ? now - 55_900 : null;
  return {
    // As the driver names them (driver/reorg.ts): as long as they get.
    id: `L1-${status.node.startedAt}-${hashOf(`l1 ${tip}b`).slice(2, 10)}`,
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

/** An L1 reorg of two blocks: while it runs, and after it. */
export const withReorg = (position: ScriptPosition, now: number, recovered: boolean): StatusView => {
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
