import { expect, it } from 'vitest';
import { type FaultFacts, FaultWatch } from './faultWatch.ts';

const WELL: FaultFacts = {
  providers: [{ host: 'a', state: 'good', reason: null }],
  engine: { state: 'SYNCED', reason: 'it took our head' },
  trouble: null,
};
const offline: FaultFacts = { ...WELL, engine: { state: 'OFFLINE', reason: 'no answer' } };

it('a fault that lasts is one event when it begins and one when it is over, however often it is looked at', () => {
  const watch = new FaultWatch();
  const told: unknown[] = [];
  const look = (facts: FaultFacts, from: number, to: number) => {
    for (let now = from; now <= to; now += 500) told.push(...watch.look(facts, now));
  };
  look(WELL, 0, 10_000);
  look(offline, 10_500, 40_000);
  look(WELL, 40_500, 60_000);
  expect(told).toEqual([
    { kind: 'engine.fault', payload: { message: 'no answer', code: 'OFFLINE', since: 10_500, count: 1 } },
    { kind: 'engine.recovered', payload: { code: 'OFFLINE', since: 10_500, count: 1 } },
  ]);
});

it('what passes within seconds is not told', () => {
  const watch = new FaultWatch();
  const told: unknown[] = [];
  for (let now = 0; now < 20_000; now += 1_000)
    told.push(...watch.look(now % 3_000 === 0 ? offline : WELL, now));
  expect(told).toEqual([]);
});

it('what comes and goes all day is a dozen rows an hour, and its last state is always told', () => {
  const watch = new FaultWatch();
  const told: { at: number; kind: string }[] = [];
  const wrong: FaultFacts = { ...WELL, engine: { state: 'AUTH_FAILED', reason: '401' } };
  const look = (facts: FaultFacts, now: number) => {
    for (const { kind } of watch.look(facts, now)) told.push({ at: now, kind });
  };
  const day = 24 * 3_600_000;
  for (let now = 0; now < day; now += 1_000) look([WELL, offline, wrong][Math.floor(now / 7_000) % 3]!, now);
  expect(told.length).toBeGreaterThan(2);
  expect(told.length).toBeLessThan(40);
  const before = told.length;
  for (let now = day; now < day + 1_200_000; now += 1_000) look(offline, now);
  expect(told.slice(before).length).toBeLessThanOrEqual(1);
  for (let now = day + 1_200_000; now < day + 2_400_000; now += 1_000) look(WELL, now);
  expect(told.at(-1)?.kind).toBe('engine.recovered');
});

it('a head that somebody else moved is told at once, although the driver mends it within a step', () => {
  const watch = new FaultWatch();
  const foreign = { ...WELL, engine: { state: 'FOREIGN_HEAD', reason: 'its head is 5, and was 7' } };
  expect(watch.look(WELL, 0)).toEqual([]);
  expect(watch.look(foreign, 100)).toMatchObject([
    { kind: 'engine.fault', payload: { code: 'FOREIGN_HEAD' } },
  ]);
  expect(watch.look(WELL, 200)).toEqual([]);
  expect(watch.look(WELL, 6_000)).toMatchObject([{ kind: 'engine.recovered' }]);
});

it.each(['OFFLINE', 'AUTH_FAILED', 'WRONG_CHAIN', 'SYNCING'])('an engine that is %s is a fault', (state) => {
  const watch = new FaultWatch();
  const sick = { ...WELL, engine: { state, reason: 'why' } };
  expect(watch.look(sick, 0)).toEqual([]);
  expect(watch.look(sick, 5_000)).toMatchObject([{ kind: 'engine.fault', payload: { code: state } }]);
});

it('each provider is told by its name, and the end of the driver’s trouble with how long it took', () => {
  const watch = new FaultWatch();
  const sick: FaultFacts = {
    ...WELL,
    providers: [
      { host: 'a', state: 'good', reason: null },
      { host: 'b', state: 'benched', reason: 'it showed two blocks of one number' },
    ],
    trouble: { code: 'timeout', count: 3, since: 1 },
  };
  expect(watch.look(sick, 0)).toEqual([]);
  expect(watch.look(sick, 5_000)).toMatchObject([
    {
      kind: 'l1.fault',
      payload: { provider: 'b', code: 'benched', message: 'it showed two blocks of one number' },
    },
  ]);
  const well = { ...sick, providers: [{ host: 'b', state: 'good' as const, reason: null }], trouble: null };
  expect(watch.look(well, 6_000)).toEqual([
    { kind: 'driver.recovered', payload: { code: 'timeout', count: 3, since: 1 } },
  ]);
  expect(watch.look(well, 11_000)).toMatchObject([{ kind: 'l1.recovered', payload: { provider: 'b' } }]);
});
