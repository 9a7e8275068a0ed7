import type { L2BlockRef } from '../protocol/refs.ts';
import type { StepContext } from './context.ts';
import type { MovedGround } from './plan/cause.ts';

/** The newest L1 reorg since this block was built, recorded or about to be; null when L1 stood still all the while. */
export function movedGround(
  { memory, unsettled }: Pick<StepContext, 'memory' | 'unsettled'>,
  block: L2BlockRef | undefined,
): MovedGround | null {
  const records = memory.state.reorgs.filter(({ layer }) => layer === 'L1').reverse();
  const taking = records.find(({ droppedL2 }) => droppedL2.some(({ hash }) => hash === block?.hash));
  if (taking !== undefined) return { reorg: taking.id, tookBack: true };
  const since = records.find(
    ({ detectedAt }) => block !== undefined && detectedAt >= block.timestamp * 1_000,
  );
  if (since !== undefined) return { reorg: since.id, tookBack: false };
  return unsettled.joined === null ? null : { reorg: null, tookBack: false };
}
