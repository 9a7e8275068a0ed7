import { uptime } from 'node:os';

/** The system gives its uptime in hundredths of a second: that much it may run ahead by rounding. */
const UPTIME_GRAIN_MS = 20;

/**
 * Milliseconds that never go back and that no setting of the wall clock moves. Unlike `performance.now` they go on
 * while the machine sleeps, so that a lease does not outlive a suspend; the uptime of the system counts that.
 */
export function steadyClock(
  sources: { readonly running: () => number; readonly uptime: () => number } = {
    running: () => performance.now(),
    uptime: () => uptime() * 1000,
  },
): () => number {
  const runningAt = sources.running();
  const uptimeAt = sources.uptime();
  return () => Math.max(sources.running() - runningAt, sources.uptime() - uptimeAt - UPTIME_GRAIN_MS);
}
