import type { StepContext } from './context.ts';
import type { AppliedBatch } from './ports.ts';

/** Journal rows looked through: more than the batches in question, because each may have been applied several times. */
const ROWS = 64;

/**
 * Writes down batches that are held and that the journal does not know: a process that was killed between the engine's
 * answer and its own note, or a journal that was lost. A journal that cannot be read is left as it is.
 */
export async function noteUnwritten(
  { journal, memory }: StepContext,
  batches: readonly AppliedBatch[],
): Promise<void> {
  if (batches.length === 0) return;
  const rows = await journal.list({ kinds: ['batch.applied'], limit: ROWS }).catch(() => null);
  if (rows === null) return;
  const written = new Set(
    rows.map(({ payload }) => {
      const { batch, l1Block } = payload as { batch?: number; l1Block?: { hash?: string } };
      return `${batch} ${l1Block?.hash}`;
    }),
  );
  for (const batch of batches) {
    if (written.has(`${batch.batchNumber} ${batch.commit.l1Block.hash}`)) continue;
    await memory.noteApplied(batch, batch.lastBlock.number - batch.firstBlock + 1);
  }
}
