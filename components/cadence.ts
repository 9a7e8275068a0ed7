import type { BatchView } from '../server/api/views.ts';

/** One L1 block that holds batches: how long after the one before it that did. */
export interface Beat {
  /** The last batch in it, as its name. */
  readonly batch: number;
  readonly seconds: number;
}

export interface Cadence {
  /** Oldest first. */
  readonly beats: readonly Beat[];
  readonly average: number;
  readonly longest: number;
}

const SHOWN = 24;
/** Below this an average says nothing. */
const ENOUGH = 3;

/** The rhythm of the last batches that are on the chain; null while there are too few to speak of one. */
export const cadenceOf = (batches: readonly BatchView[]): Cadence | null => {
  const standing = batches
    .filter((batch) => batch.progress !== 'orphaned')
    .sort((a, b) => a.number - b.number);
  const lastOfBlock = standing.filter((batch, i) => standing[i + 1]?.l1Block.number !== batch.l1Block.number);
  const beats = lastOfBlock
    .slice(1)
    .map((batch, i) => ({
      batch: batch.number,
      seconds: Math.max(0, batch.l1Block.timestamp - lastOfBlock[i]!.l1Block.timestamp),
    }))
    .slice(-SHOWN);
  if (beats.length < ENOUGH) return null;
  const all = beats.map((beat) => beat.seconds);
  return {
    beats,
    average: all.reduce((sum, value) => sum + value, 0) / all.length,
    longest: Math.max(...all),
  };
};
