import type { DerivationCursor } from '../derivation/derivation.ts';
import type { L1BlockId, L2BlockId } from '../protocol/refs.ts';
import { compareWithEngine } from './applyBatch.ts';
import type { StepContext } from './context.ts';
import { deriveCommit } from './deriveCommit.ts';
import { DriverError } from './plan/failure.ts';

/**
 * How the batch after `cursor` stands to what the engine calls safe. `differs`: L1 implies another block, or none.
 * `extends`: the same blocks, and the batch ends above them. `held`: the engine holds all of it, so whoever searched
 * was given a wrong answer.
 */
export interface Standing {
  readonly kind: 'differs' | 'extends' | 'held';
  /** Where L1 commits that batch. */
  readonly l1Block: L1BlockId;
}

/**
 * To take back what an engine holds as safe needs a block that contradicts it: a search that missed a batch may have
 * met one empty answer, and an answer that is missing is no evidence.
 */
export async function standingOfNext(
  context: StepContext,
  cursor: DerivationCursor,
  safe: L2BlockId,
  pinned: L1BlockId,
  signal: AbortSignal,
): Promise<Standing> {
  const batchNumber = cursor.batchNumber + 1;
  const commit = await context.l1.commitOfBatch(batchNumber, pinned, signal);
  if (commit === null)
    throw new DriverError('incomplete_l1', `L1 shows no BatchCommitted log for batch ${batchNumber}`);
  const outcome = await deriveCommit(context, cursor, commit, signal);
  const { l1Block } = commit;
  if (outcome.kind !== 'derived') return { kind: 'differs', l1Block };
  const { matching, differsAt } = await compareWithEngine(context.engine, outcome.blocks, safe, signal);
  if (differsAt !== null) return { kind: 'differs', l1Block };
  return { kind: matching === outcome.blocks.length ? 'held' : 'extends', l1Block };
}
