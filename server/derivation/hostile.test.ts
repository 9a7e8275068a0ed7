import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const RUNS = 100_000;
const MAX_EXTRA_BYTES = 64 * 1024 * 1024;
const PROGRAM = fileURLToPath(new URL('../testing/fuzzDecoders.ts', import.meta.url));

interface FuzzReport {
  readonly seed: number;
  readonly extraHeapBytes: number;
  readonly extraRssBytes: number;
  readonly tallies: Readonly<
    Record<string, { readonly accepted: number; readonly refused: Record<string, number> }>
  >;
}

test('100,000 hostile inputs through every decoder: no throw, at most 64 MiB more memory', {
  timeout: 600_000,
}, () => {
  const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
  const replay = `FUZZ_SEED=${seed}`;
  // Collected and compiled in the one thread: how much is garbage for how long does not depend on who else has the cores.
  const args = ['--no-warnings', '--expose-gc', '--single-threaded', PROGRAM, `${RUNS}`, `${seed}`];
  const run = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 590_000 });
  expect(run.status, `${replay}\n${run.stderr}`).toBe(0);
  const report = JSON.parse(run.stdout) as FuzzReport;
  const tallies = Object.values(report.tallies);
  const inputs = tallies.map(({ accepted, refused }) =>
    Object.values(refused).reduce((sum, count) => sum + count, accepted),
  );
  expect(inputs.reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(RUNS);
  // A fuzzer whose inputs are all alike proves nothing: each decoder must both accept and refuse some.
  for (const { accepted, refused } of tallies) {
    expect(accepted, replay).toBeGreaterThan(0);
    expect(Object.keys(refused).length, replay).toBeGreaterThan(1);
  }
  expect(report.extraHeapBytes, replay).toBeLessThan(MAX_EXTRA_BYTES);
  expect(report.extraRssBytes, replay).toBeLessThan(MAX_EXTRA_BYTES);
});
