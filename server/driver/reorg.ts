import type { Address, Hash, L1BlockId, L2BlockId } from '../protocol/refs.ts';
import type { Dropped } from './dropped.ts';
import { blockId, bothEnds, type ReorgCause, type ReorgHeads, type ReorgRecord } from './plan/reorgRecord.ts';
import type { SeenReorg } from './plan/unsettled.ts';
import type { AppliedBatch } from './ports.ts';

/** The record of an L1 reorg, from what was seen and the batches we had applied from the dropped branch. */
export function l1ReorgRecord(
  { event, firstEvidenceAt, before }: SeenReorg,
  newTip: L1BlockId,
  applied: readonly AppliedBatch[],
  l2: Dropped,
  leaderAfter: Address | null,
  now: number,
): ReorgRecord {
  const gone = batchesAbove(applied, event.commonAncestor);
  const { oldTip } = event;
  return {
    ...opened('L1', oldTip.hash, firstEvidenceAt, now),
    oldTip: blockId(oldTip),
    newTip: blockId(newTip),
    commonAncestor: blockId(event.commonAncestor),
    exact: event.exact,
    depth: event.depth,
    cause: 'L1_REORG',
    evidence: [
      `L1 block ${oldTip.number} was ${oldTip.hash}; the branch now ends in ${newTip.number} ${newTip.hash}`,
      gone.length === 0
        ? 'no batch was in the dropped blocks'
        : `the dropped blocks held the commits of ${gone.length === 1 ? '1 batch' : `${gone.length} batches`}`,
    ],
    droppedL1: bothEnds(event.dropped.map(blockId)),
    droppedBatches: gone.map((batch) => batch.batchNumber),
    ...l2,
    leader: { before: before.leader, after: leaderAfter },
    heads: { before: before.heads, after: null },
  };
}

/** The batches whose commit lies above the common ancestor: those the reorg took back. */
export const batchesAbove = (
  applied: readonly AppliedBatch[],
  ancestor: L1BlockId,
): readonly AppliedBatch[] => applied.filter((batch) => batch.commit.l1Block.number > ancestor.number);

export interface L2ReorgFacts {
  readonly cause: ReorgCause;
  readonly evidence: readonly string[];
  readonly commonAncestor: L2BlockId;
  readonly oldTip: L2BlockId;
  readonly newTip: L2BlockId;
  readonly dropped: Dropped;
  readonly droppedBatches: readonly number[];
  readonly leader: ReorgRecord['leader'];
  readonly before: ReorgHeads;
  /** Milliseconds since 1970. */
  readonly firstEvidenceAt: number;
  readonly now: number;
  /** False when the ancestor is only a bound. */
  readonly exact?: boolean;
}

/** The record of an L2 reorg: the engine held `oldTip`, and another branch is the right one above the ancestor. */
export const l2ReorgRecord = (facts: L2ReorgFacts): ReorgRecord => ({
  ...opened('L2', facts.oldTip.hash, facts.firstEvidenceAt, facts.now),
  oldTip: blockId(facts.oldTip),
  newTip: blockId(facts.newTip),
  commonAncestor: blockId(facts.commonAncestor),
  exact: facts.exact ?? true,
  depth: facts.oldTip.number - facts.commonAncestor.number,
  cause: facts.cause,
  evidence: facts.evidence,
  droppedL1: [],
  droppedBatches: facts.droppedBatches,
  ...facts.dropped,
  leader: facts.leader,
  heads: { before: facts.before, after: null },
});

const opened = (layer: 'L1' | 'L2', oldTip: Hash, firstEvidenceAt: number, now: number) => ({
  id: `${layer}-${now}-${oldTip.slice(2, 10)}`,
  layer,
  firstEvidenceAt: Math.min(firstEvidenceAt, now),
  detectedAt: now,
  recoveredAt: null,
  regainedAt: null,
  adoptedL2: [],
  adoptedL2Count: 0,
});
