import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Dice } from './dice.ts';
import { L1World } from './l1World.ts';
import { L2World } from './l2World.ts';
import { MUTANTS } from './mutantList.ts';
import { broken } from './mutants.ts';
import { profileOf, type Schedule, STEP_KINDS, scheduleOf, TWO_BRANCHES_FROM } from './profile.ts';
import { derive, finalOf } from './reference.ts';
import { runSchedule, runSeed } from './run.ts';
import { failureOf } from './shrink.ts';

const logOf = async (seed: number): Promise<string> => {
  const lines: string[] = [];
  await runSeed(seed, 300, (line) => lines.push(line));
  return lines.join('\n');
};

describe('a seed', () => {
  it.each([3, 14, 159])('%d gives byte for byte the same log, three times', async (seed) => {
    const first = await logOf(seed);
    expect(first.length).toBeGreaterThan(10_000);
    for (let again = 0; again < 2; again++) expect((await logOf(seed)) === first).toBe(true);
  });

  it('is run without any step as well, and then there is nothing to heal', async () => {
    const schedule: Schedule = { ...scheduleOf(5, 300), steps: [] };
    expect(await runSchedule(schedule)).toMatchObject({ violations: [], stuck: null });
  });

  it('keeps the dice of a step when another step is left out', () => {
    const { steps } = scheduleOf(7, 300);
    expect(scheduleOf(7, 100).steps).toEqual(steps.slice(0, 100));
  });
});

describe('schedules', () => {
  it('meet every kind of event and every kind of fault', () => {
    const schedules = Array.from({ length: 300 }, (_, seed) => scheduleOf(seed, 300));
    schedules.push(scheduleOf(TWO_BRANCHES_FROM, 300));
    const kinds = new Set(schedules.flatMap(({ steps }) => steps.map(({ kind }) => kind)));
    expect([...kinds].toSorted()).toEqual([...STEP_KINDS].toSorted());
    const faults = Object.keys(schedules[0]!.profile.faults) as (keyof Schedule['profile']['faults'])[];
    const never = faults.filter((fault) => schedules.every(({ profile }) => profile.faults[fault] === 0));
    expect(never).toEqual([]);
  });
});

describe('the oracle', () => {
  const world = () => {
    const l2 = new L2World();
    const profile = { ...profileOf(new Dice(1)), flawed: 0, batchesPerBlock: { 0: 0, 1: 1, 2: 0, 3: 0 } };
    return { l1: new L1World(profile, l2), l2, dice: new Dice(2) };
  };

  it('finds the chain that the batches of one branch imply, and what of it is final', () => {
    const { l1, l2, dice } = world();
    for (let i = 0; i < 6; i++) l1.mine(dice);
    const { chain, batches, stoppedAt } = derive(l1.head, l2.genesis);
    expect(batches.map(({ number, l1Number }) => [number, l1Number])).toEqual(
      [1, 2, 3, 4, 5, 6].map((number) => [number, number]),
    );
    expect(stoppedAt).toBeNull();
    expect(chain.every((block, index) => block.number === index)).toBe(true);
    expect(finalOf({ chain, batches, stoppedAt }, 3)).toBe(batches[2]!.last);
    expect(finalOf({ chain, batches, stoppedAt }, 0)).toBe(l2.genesis);
  });

  it.each(['unreadable', 'link', 'empty', 'execution'] as const)(
    'stops at a batch that is wrong: %s',
    (flaw) => {
      const { l1, l2, dice } = world();
      for (let i = 0; i < 3; i++) l1.mine(dice);
      const tip = derive(l1.head, l2.genesis).chain.at(-1)!;
      const good = l2.build(tip);
      const blocks = {
        unreadable: [good],
        link: [l2.build(good)],
        empty: [],
        execution: [l2.build(tip, true)],
      };
      const content = l2.content(blocks[flaw], flaw, false);
      const [commit] = l1.head.commits;
      const ref = { ...l1.head.ref, number: 4 };
      const wrong = {
        ref,
        parent: l1.head,
        contents: [content, l2.content([l2.build(good)], null, false)],
        commits: [
          { ...commit!, batchNumber: 4 },
          { ...commit!, batchNumber: 5 },
        ],
        lastBatch: 5,
        tip,
      };
      const { chain, stoppedAt } = derive(wrong, l2.genesis);
      expect([chain.at(-1), stoppedAt]).toEqual([tip, 4]);
    },
  );
});

describe('what the simulation is tried on', () => {
  it.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    'the driver can still be broken so: %s',
    (_, mutant) => {
      const source = readFileSync(join(import.meta.dirname, '..', '..', '..', mutant.file), 'utf8');
      expect(broken(source, mutant)).not.toBe(source);
    },
  );
});

describe('a failure', () => {
  it('is known again in a shorter schedule, where its blocks have other names', () => {
    const outcome = { seed: 1, steps: 1, moves: 1, settledAfterMs: 0, stuck: null };
    const said = (what: string) => failureOf({ ...outcome, violations: [what] });
    expect(said('wrong safe head at L1 7·2a: 13·3p')).toBe(said('wrong safe head at L1 8·1: 2·q'));
    expect(said('wrong safe head')).not.toBe(said('wrong finalized head'));
    expect(failureOf({ ...outcome, violations: [] })).toBeNull();
  });
});
