import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface LoopLag {
  /** Delay of the event loop over the last window, milliseconds. */
  quantile(percent: number): number;
  stop(): void;
}

const WINDOW_MS = 10_000;
const RESOLUTION_MS = 20;
const NANOSECONDS_A_MS = 1e6;

/** Measures until stopped. Between two windows the one before still counts, so a fresh one does not look healthy. */
export function watchLoopLag(): LoopLag {
  const current = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  current.enable();
  let before = { p50: 0, p99: 0, max: 0 };
  const read = (percent: number): number => {
    if (current.count === 0) return 0;
    const delay = percent >= 100 ? current.max : current.percentile(percent);
    // The histogram holds whole intervals; the part that was asked for is no delay.
    return Math.max(0, delay / NANOSECONDS_A_MS - RESOLUTION_MS);
  };
  const timer = setInterval(() => {
    before = { p50: read(50), p99: read(99), max: read(100) };
    current.reset();
  }, WINDOW_MS);
  timer.unref();
  return {
    quantile: (percent) =>
      Math.max(read(percent), percent >= 100 ? before.max : percent > 50 ? before.p99 : before.p50),
    stop: () => {
      clearInterval(timer);
      current.disable();
    },
  };
}
