import { Worker } from 'node:worker_threads';
import type { Outcome } from './run.ts';
import type { Slice, SliceResult, WorkerData } from './worker.ts';

/** Seeds that a worker takes at a time. */
const SLICE = 20;

export interface Many {
  readonly from: number;
  readonly count: number;
  readonly steps: number;
  readonly jobs: number;
  /** Stop when this many have failed. */
  readonly enough: number;
  /** Called after each slice. */
  readonly onProgress: (done: number, bad: readonly Outcome[]) => void;
  readonly signal: AbortSignal;
}

export interface Total {
  readonly schedules: number;
  /** By seed. */
  readonly bad: readonly Outcome[];
  readonly moves: number;
  /** Virtual milliseconds from the end of the faults to being in plumb, in the slowest schedule. */
  readonly slowestMs: number;
}

/** Runs a row of seeds on several threads. Which thread runs which seed makes no difference to what comes out. */
export async function runMany(many: Many): Promise<Total> {
  const { from, count, steps, jobs, enough, onProgress, signal } = many;
  let next = from;
  let total: Total = { schedules: 0, bad: [], moves: 0, slowestMs: 0 };
  const take = (): Slice | null => {
    if (next >= from + count || total.bad.length >= enough || signal.aborted) return null;
    const slice = { from: next, count: Math.min(SLICE, from + count - next) };
    next += slice.count;
    return slice;
  };
  const heard = ({ slice, bad, moves, slowestMs }: SliceResult): void => {
    total = {
      schedules: total.schedules + slice.count,
      bad: [...total.bad, ...bad],
      moves: total.moves + moves,
      slowestMs: Math.max(total.slowestMs, slowestMs),
    };
    onProgress(total.schedules, total.bad);
  };
  const threads = Math.min(jobs, Math.ceil(count / SLICE));
  await Promise.all(Array.from({ length: threads }, () => work({ steps }, take, heard)));
  return { ...total, bad: total.bad.toSorted((a, b) => a.seed - b.seed) };
}

function work(
  data: WorkerData,
  take: () => Slice | null,
  heard: (result: SliceResult) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: data });
    const goOn = (): void => {
      const slice = take();
      if (slice === null) void worker.terminate().then(() => resolve());
      else worker.postMessage(slice);
    };
    worker.on('message', (result: SliceResult) => {
      heard(result);
      goOn();
    });
    worker.on('error', reject);
    goOn();
  });
}
