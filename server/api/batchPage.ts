import type { BatchView } from './views.ts';

/**
 * A cursor names the last row of a page by number and transaction, since after an L1 reorg one batch number
 * can stand in the list twice (the orphaned commit and its successor).
 */
const cursorOf = (batch: BatchView): string => `${batch.number}-${batch.txHash}`;

const CURSOR = /^(0|[1-9]\d{0,15})-0x[0-9a-f]{64}$/;

/** Whether a client's cursor has the shape of ours. */
export const isBatchCursor = (text: string): boolean => CURSOR.test(text);

const indexAfter = (batches: readonly BatchView[], cursor: string): number => {
  const exact = batches.findIndex((batch) => cursorOf(batch) === cursor);
  if (exact !== -1) return exact + 1;
  // The row itself is gone (re-committed elsewhere): go on below its number, so that nothing is shown twice.
  const number = Number(CURSOR.exec(cursor)?.[1] ?? Number.POSITIVE_INFINITY);
  const below = batches.findIndex((batch) => batch.number < number);
  return below === -1 ? batches.length : below;
};

/**
 * The page of at most `limit` batches after `cursor` (null: from the newest), and the cursor of the next.
 * `batches` is newest first; the order is kept.
 */
export const pageOfBatches = (
  batches: readonly BatchView[],
  limit: number,
  cursor: string | null,
): { batches: BatchView[]; nextCursor: string | null } => {
  const start = cursor === null ? 0 : indexAfter(batches, cursor);
  const page = batches.slice(start, start + limit);
  const last = page.at(-1);
  const more = start + page.length < batches.length;
  return { batches: page, nextCursor: more && last !== undefined ? cursorOf(last) : null };
};
