import type { BatchView, LeaderView, StatusView } from '../../server/api/views.ts';
import { cadenceOf } from '../cadence.ts';

/**
 * Leadership counts batches, not time: the registry has no clock and no timeout. When a later term begins can only be
 * estimated, from how often batches came lately. Pure.
 */
export interface Pace {
  /** Milliseconds from one batch to the next, of the last ones. */
  readonly perBatchMs: number;
  /** Batches that it was measured on. */
  readonly of: number;
}

const MIN_BATCHES = 3;

/** Null while too few batches came to tell a rhythm. */
export const paceOf = (batches: readonly BatchView[]): Pace | null => {
  const standing = batches
    .filter(({ progress }) => progress !== 'orphaned')
    .toSorted((a, b) => a.number - b.number);
  const [first, last] = [standing[0], standing.at(-1)];
  if (first === undefined || last === undefined || cadenceOf(batches) === null) return null;
  const of = last.number - first.number;
  const ms = (last.l1Block.timestamp - first.l1Block.timestamp) * 1_000;
  return of < MIN_BATCHES || ms <= 0 ? null : { perBatchMs: ms / of, of };
};

export type TermState = 'now' | 'next' | 'scheduled' | 'unknown';

export interface TermAhead {
  readonly first: number;
  readonly last: number;
  readonly leader: string | null;
  readonly state: TermState;
  /** Batches until it begins; 0 for the present one. */
  readonly inBatches: number;
  /** Estimate of when it begins, milliseconds since 1970; null without a pace, and for the present one. */
  readonly startsAt: number | null;
}

/** The present term and those to come, as today's list has them. */
export const termsAhead = (
  leader: LeaderView,
  pace: Pace | null,
  lastBatchAt: number | null,
): readonly TermAhead[] => {
  const { nextBatch, upcoming, term, address } = leader;
  if (nextBatch === null) return [];
  const listed =
    upcoming.length > 0
      ? upcoming
      : term === null
        ? []
        : [{ first: term.first, last: term.last, leader: address }];
  return listed.map(({ first, last, leader: who }, i) => {
    const now = first <= nextBatch && nextBatch <= last;
    const inBatches = Math.max(0, first - nextBatch);
    const state: TermState = now ? 'now' : who === null ? 'unknown' : i === 1 ? 'next' : 'scheduled';
    const startsAt =
      now || pace === null || lastBatchAt === null ? null : lastBatchAt + (inBatches + 1) * pace.perBatchMs;
    return { first, last, leader: who, state, inBatches, startsAt };
  });
};

/** How long until the present leader's term ends, by the pace; null without one. Milliseconds. */
export const termLeftMs = (
  leader: LeaderView,
  pace: Pace | null,
  lastBatchAt: number | null,
  now: number,
): number | null => {
  if (leader.term === null || pace === null || lastBatchAt === null) return null;
  return Math.max(0, lastBatchAt + leader.term.left * pace.perBatchMs - now);
};

/** The address that this node leads by; null where it never does. */
export const ourAddress = ({ sequencer, leader }: StatusView): string | null =>
  sequencer?.address ?? (leader.isUs ? leader.address : null);

/** When L1 took the newest batch that stands, milliseconds since 1970; null before the first. */
export const lastBatchAt = ({ batches }: StatusView): number | null => {
  const last = batches.find(({ progress }) => progress !== 'orphaned');
  return last === undefined ? null : last.l1Block.timestamp * 1_000;
};
