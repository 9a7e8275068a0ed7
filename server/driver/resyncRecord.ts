import type { StepContext } from './context.ts';
import { readDropped } from './dropped.ts';
import { headsOf } from './plan/reorgRecord.ts';
import type { ResyncPoint, ResyncProgress } from './plan/resync.ts';
import { l2ReorgRecord } from './reorg.ts';
import type { Ground } from './resyncGround.ts';

/** A manual resync takes blocks back as any reorg does, and is recorded as one before the engine is touched. */
export async function recordResync(
  { engine, memory, reorgs }: StepContext,
  { id, actor, reason, startedAt }: ResyncProgress,
  { block, batch }: ResyncPoint,
  { head, contracts, labels, signal }: Ground,
): Promise<void> {
  const { latest } = labels;
  if (latest.number <= block.number) return;
  const batches = memory.state.batches.map(({ batchNumber }) => batchNumber);
  await reorgs.record(
    l2ReorgRecord({
      cause: 'MANUAL_RESYNC',
      evidence: [`resync ${id}, ordered by ${actor.name}: ${reason}`],
      commonAncestor: block,
      oldTip: latest,
      newTip: block,
      dropped: await readDropped(engine, block, latest, signal),
      droppedBatches: batches.filter((number) => number > batch),
      leader: { before: contracts.leader, after: contracts.leader },
      before: headsOf(head, labels),
      firstEvidenceAt: startedAt,
      now: memory.now(),
    }),
  );
}
