import type { BatchListRow } from '../../server/api/historyViews.ts';
import type { BatchView } from '../../server/api/views.ts';

/**
 * The journal remembers how far a batch came when something happened to it; the status knows how far it is now. Told
 * by number and L1 block hash, never by number alone: after a reorg a number has two commits. Pure.
 */
export const overlay = (row: BatchListRow, live: ReadonlyMap<string, BatchView>): BatchListRow => {
  if (row.l1Block === null) return row;
  const now = live.get(`${row.number} ${row.l1Block.hash}`);
  if (now === undefined) return row;
  return {
    ...row,
    status: now.progress,
    reason: now.reason ?? row.reason,
    firstBlock: now.firstBlock ?? row.firstBlock,
    lastBlock: now.lastBlock ?? row.lastBlock,
    transactions: now.transactionCount ?? row.transactions,
    source: now.source ?? row.source,
    poster: now.poster,
    txHash: now.txHash,
    gasUsed: now.gasUsed ?? row.gasUsed,
  };
};

export const liveBatches = (batches: readonly BatchView[]): ReadonlyMap<string, BatchView> =>
  new Map(batches.map((batch) => [`${batch.number} ${batch.l1Block.hash}`, batch]));

/** Changes when any batch of the status does. */
export const batchMarker = (batches: readonly BatchView[]): string =>
  batches
    .slice(0, 6)
    .map(({ number, progress, l1Block }) => `${number}${progress}${l1Block.hash.slice(2, 10)}`)
    .join();
