/** Runs the seeds that it is sent and tells what became of each. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Outcome, runSeed } from './run.ts';

export interface WorkerData {
  readonly steps: number;
}

/** A slice of seeds, first and how many. */
export interface Slice {
  readonly from: number;
  readonly count: number;
}

/** What came of a slice; only outcomes that are not as they should be are told one by one. */
export interface SliceResult {
  readonly slice: Slice;
  readonly bad: readonly Outcome[];
  readonly moves: number;
  readonly slowestMs: number;
}

// Simulated errors are values here, thrown by the hundred thousand; nobody reads where they came from.
Error.stackTraceLimit = 0;

const { steps } = workerData as WorkerData;

parentPort?.on('message', async (slice: Slice) => {
  const bad: Outcome[] = [];
  let [moves, slowestMs] = [0, 0];
  for (let seed = slice.from; seed < slice.from + slice.count; seed++) {
    const outcome = await runSeed(seed, steps);
    moves += outcome.moves;
    slowestMs = Math.max(slowestMs, outcome.settledAfterMs);
    if (outcome.violations.length > 0 || outcome.stuck !== null) bad.push(outcome);
  }
  const result: SliceResult = { slice, bad, moves, slowestMs };
  parentPort?.postMessage(result);
});
