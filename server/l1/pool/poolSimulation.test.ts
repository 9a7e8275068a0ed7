import { expect, test } from 'vitest';
import {
  runSchedule,
  SCHEDULE,
  type ScheduleOptions,
  type ScheduleResult,
} from '../../testing/poolSimulation.ts';

/** Of reliability.md 6, promise 5: three providers, one lagging, one lying, one honest. */
const SCHEDULES = 3_000;
/** With the real driver and an engine in memory; `npm test -- sim` runs 10,000 of them. */
const DRIVER_SCHEDULES = 600;
/** Virtual time after the last change of L1 within which nearly every schedule is level, while the liar goes on. */
const LEVEL_WITHIN_MS = 30_000;

async function run(
  first: number,
  count: number,
  options: Partial<ScheduleOptions>,
): Promise<{ readonly results: readonly ScheduleResult[]; readonly broken: readonly string[] }> {
  const results: ScheduleResult[] = [];
  for (let seed = first; seed < first + count; seed++)
    results.push(await runSchedule(seed, { ...SCHEDULE, ...options }));
  const broken = results
    .filter((one) => one.broken !== null)
    .map(({ seed, broken }) => `seed ${seed}: ${broken}`);
  return { results, broken };
}

test('one lagging, one lying, one honest: no wrong safe head, no missed batch, and progress', async () => {
  const { results, broken } = await run(1, SCHEDULES, {});
  expect(broken).toEqual([]);
  const waits = results.map(({ levelAfterMs }) => levelAfterMs).sort((a, b) => a - b);
  expect(waits[Math.floor(0.999 * waits.length)]).toBeLessThanOrEqual(LEVEL_WITHIN_MS);
  // Schedules in which nothing happened would prove nothing.
  const sum = (of: (one: ScheduleResult) => number): number => results.reduce((all, one) => all + of(one), 0);
  expect(sum(({ batches }) => batches)).toBeGreaterThan(10 * SCHEDULES);
  expect(sum(({ reorgs }) => reorgs)).toBeGreaterThan(SCHEDULES);
  expect(sum(({ caught }) => caught)).toBeGreaterThan(SCHEDULES / 2);
}, 600_000);

test('the real driver behind the pool: no wrong safe head, no missed batch, no halt', async () => {
  const { broken } = await run(1, DRIVER_SCHEDULES, { follower: 'driver' });
  expect(broken).toEqual([]);
}, 600_000);

test('the same schedules break a pool that believes whoever shows the highest head', async () => {
  const { broken } = await run(1, 100, { agree: 1 });
  expect(broken.some((one) => one.includes('wrong safe head'))).toBe(true);
});

test('equal seeds give equal schedules', async () => {
  expect(await runSchedule(7)).toEqual(await runSchedule(7));
});
