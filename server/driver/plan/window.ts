/**
 * How many L1 blocks to read at once while catching up. Bounded by calldata, not by blocks: a batch may carry
 * 128 KiB and more, and a node must not hold more than a few of those in memory (RSS bound of the node: 300 MB).
 * The first is small, so that the engine is at work after one short answer; what follows is read while it executes.
 */
export const FIRST_WINDOW = 8;
export const MAX_WINDOW = 10_000;
/**
 * Commits that one window brings at most, whatever its length in blocks: what bounds the memory of a dense stretch
 * after a sparse one, for which the window has grown. 16 MiB at the 128 KiB that public mempools admit.
 */
export const WINDOW_COMMITS = 128;
/** Bytes of calldata that one window should bring at most. */
export const WINDOW_BYTES = 4 * 1024 * 1024;

export interface WindowRange {
  readonly from: number;
  readonly to: number;
}

/** The next range [from, to] with `to` ≤ `head`, or null when there is nothing left to read. */
export const nextRange = (from: number, head: number, size: number): WindowRange | null =>
  from > head ? null : { from, to: Math.min(head, from + size - 1) };

/** Where a window of `commits` ends: at the last of them when there may be more in it (see `L1.batchCommits`). */
export const windowEnd = (to: number, commitBlocks: readonly number[]): number =>
  commitBlocks.length < WINDOW_COMMITS ? to : (commitBlocks.at(-1) ?? to);

/** Doubles after a light window, halves after a heavy one. */
export const adaptWindow = (size: number, bytesRead: number): number => {
  if (bytesRead > WINDOW_BYTES) return Math.max(1, size >> 1);
  if (bytesRead < WINDOW_BYTES / 4) return Math.min(MAX_WINDOW, size * 2);
  return size;
};
