/** When to try again: as data, so that whoever schedules (never the worker) applies it, and a page can show it. */
export interface BackoffSchedule {
  /** Wait after the first failure, in milliseconds. */
  readonly firstMs: number;
  /** No wait is longer, in milliseconds. */
  readonly maxMs: number;
  /** Each wait is this many times the one before. At least 1. */
  readonly factor: number;
  /** Part of each wait that is random, 0 to 1, so that many nodes do not ask a recovering server in step. */
  readonly jitter: number;
}

export const DEFAULT_BACKOFF: BackoffSchedule = { firstMs: 500, maxMs: 30_000, factor: 2, jitter: 0.2 };

/**
 * Milliseconds to wait after `failures` failures in a row (1 or more). `random` gives [0, 1); the jitter only
 * shortens the wait, so `maxMs` holds.
 */
export function backoffMs(
  schedule: BackoffSchedule,
  failures: number,
  random: () => number = Math.random,
): number {
  const doublings = Math.max(0, failures - 1);
  const full = Math.min(schedule.maxMs, schedule.firstMs * schedule.factor ** doublings);
  return Math.round(full * (1 - schedule.jitter * random()));
}
