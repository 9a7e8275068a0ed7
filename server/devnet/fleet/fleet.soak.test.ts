import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { runSoak } from './soak.ts';
import type { SoakPlan } from './soakPlan.ts';

const SEED = 7;
const ROTATIONS = 3;
const dir = mkdtempSync(join(tmpdir(), 'plumbline-soak-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** One of each, at points of the chain and not of the clock, so that a slow machine sees the same. */
const plan: SoakPlan = async ({ chaos, moreBatches, sleep, devnet }) => {
  await moreBatches(2);
  await chaos('reorg', { depth: 3, transactions: 'drop' });
  await moreBatches(1);
  await chaos('stop', { node: 'leader' });
  await sleep(1_500);
  await chaos('start');
  await Promise.all(
    devnet.fleet.names.map((name) => devnet.fleet.child(name).whenRunning(AbortSignal.timeout(60_000))),
  );
  await moreBatches(1);
  await chaos('kill', { node: 'leader' });
  await moreBatches(1);
  await chaos('unregister', { node: 'leader' });
  await moreBatches(1);
  await chaos('register', { node: 'all' });
};

test('three nodes under chaos agree on every safe block, commit each batch once and lose nothing', {
  timeout: 360_000,
}, async () => {
  const said: string[] = [];
  const report = await runSoak(
    {
      dir,
      seed: SEED,
      plan,
      minRotations: ROTATIONS,
      settleMs: 180_000,
      env: {},
      devnet: { batchesPerSequencer: 3, commitIntervalMs: 1_000 },
    },
    { clock: systemClock, signal: AbortSignal.timeout(350_000), progress: (line) => said.push(line) },
  );
  const context = `${said.join('\n')}\n${JSON.stringify(report, null, 2)}`;
  expect(report.violations, context).toEqual([]);
  expect(report.unsettled, context).toBeNull();
  expect(report.rotations, context).toBeGreaterThanOrEqual(ROTATIONS);
  expect(report.chaos, context).toMatchObject({ reorg: 1, stop: 1, kill: 1, unregister: 1, register: 1 });
  expect(Math.min(report.deposits, report.userTransactions), context).toBeGreaterThan(0);
  expect(report.revertedTransactions.total, context).toBeGreaterThan(0);
});
