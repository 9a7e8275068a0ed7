import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../lib/clock.ts';
import { FakeL1, type FakeL1Options, fakeCommit } from '../../testing/fakeL1.ts';
import { l1Ref } from '../../testing/stringChain.ts';
import { L1Error } from '../l1.ts';
import type { ProviderReads } from './member.ts';
import { ProviderPool } from './pool.ts';

const COMMITS: FakeL1Options = { commits: { c: [fakeCommit(1)], e: [fakeCommit(2)], g: [fakeCommit(3)] } };

class Provider extends FakeL1 implements ProviderReads {
  readonly host: string;
  constructor(host: string, branch: string, options: FakeL1Options = COMMITS) {
    super(branch, options);
    this.host = host;
  }
}

function rig(branches: Readonly<Record<string, string>>, agree: 1 | 2 = 2) {
  const clock = new ManualClock();
  const providers = Object.entries(branches).map(([host, branch]) => new Provider(host, branch));
  const pool = new ProviderPool(
    { agree, commits: { startBlock: 1, numbersRise: true }, graceMs: 100 },
    { providers, clock },
  );
  const head = async (): Promise<string> => {
    const { latest } = await pool.heads();
    return `${latest.number}`;
  };
  const states = (): readonly string[] => pool.status().map(({ host, state }) => `${host} ${state}`);
  return {
    clock,
    pool,
    providers: Object.fromEntries(providers.map((one) => [one.host, one])),
    head,
    states,
  };
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'answers',
    (error: unknown) => (error instanceof L1Error ? error.code : String(error)),
  );

describe('the head that is followed', () => {
  const cases: readonly [name: string, branches: Record<string, string>, agreed: string][] = [
    ['is the highest that two have', { a: 'abcdefgh', b: 'abcdefg', c: 'abcde' }, 'abcdefg'],
    ['is not that of one who is ahead of all', { a: 'abcdefghijk', b: 'abcdef', c: 'abcdef' }, 'abcdef'],
    ['is not a branch that only one has', { a: 'abcdxyz', b: 'abcdef', c: 'abcdef' }, 'abcdef'],
    [
      'is what all have, while two differ and the third is behind',
      { a: 'abcdxyz', b: 'abcdefg', c: 'abc' },
      'abc',
    ],
    ['is the common part of two who differ', { a: 'abxyz', b: 'abcdefg' }, 'ab'],
  ];
  test.each(cases)('%s', async (_name, branches, agreed) => {
    const { pool } = rig(branches);
    expect((await pool.heads()).latest).toEqual(l1Ref(agreed));
  });

  test('with one provider is whatever it shows', async () => {
    expect((await rig({ a: 'abcd' }).pool.heads()).latest).toEqual(l1Ref('abcd'));
  });

  test('with --l1-agree 1 is the highest', async () => {
    expect((await rig({ a: 'abc', b: 'abcdefg' }, 1).pool.heads()).latest).toEqual(l1Ref('abcdefg'));
  });

  test('waits for a second voice, and does without one that is gone for long', async () => {
    const { pool, providers, clock, head } = rig({ a: 'abcdef', b: 'abcdef' });
    expect(await head()).toBe('5');
    providers['a']!.mine('gh');
    providers['b']!.failNext('heads', 'unreachable', 100);
    expect(await head()).toBe('5');
    await clock.advance(19_000);
    expect(await head()).toBe('5');
    await clock.advance(2_000);
    expect((await pool.heads()).latest.number).toBe(7);
  });

  test('does not wait for one whose head stands still while others move (R18)', async () => {
    const { providers, clock, head, states } = rig({ a: 'abcdef', b: 'abcdef' });
    await head();
    providers['a']!.mine('ghijkl');
    expect(await head()).toBe('5');
    await clock.advance(61_000);
    await head();
    expect(await head()).toBe('11');
    expect(states()).toEqual(['a good', 'b failing']);
  });

  test('does not wait longer than the grace for one that hangs', async () => {
    const { pool, providers, clock } = rig({ a: 'abcd', b: 'abcd', c: 'abcd' });
    providers['c']!.hangNext('heads');
    const heads = pool.heads();
    while (clock.sleeping === 0) await new Promise(setImmediate);
    await clock.advance(100);
    expect((await heads).latest).toEqual(l1Ref('abcd'));
  });

  test('is never called final on one provider’s word', async () => {
    const { pool, providers } = rig({ a: 'abcdefgh', b: 'abcdefgh' });
    providers['a']!.finalize('abcdefg');
    expect((await pool.heads()).finalized).toBeNull();
    providers['b']!.finalize('abc');
    expect((await pool.heads()).finalized).toEqual(l1Ref('abc'));
  });
});

describe('a step', () => {
  test('goes on with another provider that has the same block when one fails', async () => {
    const { pool, providers } = rig({ a: 'abcdefgh', b: 'abcdefgh', c: 'abcdef' });
    const { latest } = await pool.heads();
    providers['a']!.failNext('batchCommits', 'timeout');
    const commits = await pool.batchCommits(1, latest.number, latest);
    expect(commits.map(({ batchNumber }) => batchNumber)).toEqual([1, 2, 3]);
    expect(providers['c']!.calls.batchCommits).toBe(0);
    expect(pool.host).toBe('b');
  });

  test('never mixes branches: who has another block at the pin is not asked', async () => {
    const { pool, providers } = rig({ a: 'abcdefgh', b: 'abcdefgh', c: 'abcxyzuvwq' });
    const { latest } = await pool.heads();
    providers['a']!.failNext('batchCommits', 'rpc_error');
    providers['b']!.failNext('batchCommits', 'rpc_error');
    expect(await codeOf(pool.batchCommits(1, latest.number, latest))).toBe('rpc_error');
    expect(providers['c']!.calls.batchCommits).toBe(0);
  });

  test('is over when every provider says that its block is gone', async () => {
    const { pool, providers } = rig({ a: 'abcdef', b: 'abcdef' });
    const { latest } = await pool.heads();
    for (const one of Object.values(providers)) one.switchTo('abcxyz');
    expect(await codeOf(pool.contractState(latest))).toBe('not_canonical');
  });

  test('finds logs left out by the counter that two providers confirm', async () => {
    const { pool, providers, states } = rig({ a: 'abcdefgh', b: 'abcdefgh', c: 'abcdefgh' });
    const { latest } = await pool.heads();
    await pool.contractState(latest);
    providers['a']!.answerNext('batchCommits', []);
    const commits = await pool.batchCommits(1, latest.number, latest);
    expect(commits).toHaveLength(3);
    expect(states()).toEqual(['a benched', 'b good', 'c good']);
  });

  /** Provider a has served the first window without its last commit. */
  const leftOut = async () => {
    const all = rig({ a: 'abcdefgh', b: 'abcdefgh', c: 'abcdefgh' });
    const { pool, providers } = all;
    const { latest } = await pool.heads();
    const [first] = await pool.batchCommits(1, 2, latest);
    providers['a']!.answerNext('batchCommits', [first!]);
    expect(await pool.batchCommits(1, 4, latest)).toHaveLength(1);
    return { ...all, latest };
  };

  test('blames nobody who shows what another left out at the end of the window before', async () => {
    const { pool, providers, latest, states } = await leftOut();
    providers['a']!.failNext('batchCommits', 'timeout');
    const commits = await pool.batchCommits(5, 7, latest);
    expect(commits.map(({ batchNumber }) => batchNumber)).toEqual([3]);
    expect(states().slice(1)).toEqual(['b good', 'c good']);
    expect(await pool.batchCommits(1, 4, latest)).toHaveLength(2);
    expect(await pool.batchCommits(5, 7, latest)).toHaveLength(1);
    expect(states().slice(1)).toEqual(['b good', 'c good']);
  });

  test('catches who contradicts itself from one window to the next', async () => {
    const { pool, latest, states } = await leftOut();
    expect(await pool.batchCommits(5, 7, latest)).toHaveLength(1);
    expect(states()).toEqual(['a benched', 'b good', 'c good']);
  });
});

describe('a provider that was caught', () => {
  test('is back on probation after its bench, and good again after two right answers', async () => {
    const { pool, providers, clock, head, states } = rig({ a: 'abcdefgh', b: 'abcdefgh', c: 'abcdefgh' });
    await head();
    await pool.contractState(l1Ref('abcdefgh'));
    providers['a']!.answerNext('commitOfBatch', null);
    expect((await pool.commitOfBatch(2, l1Ref('abcdefgh')))?.batchNumber).toBe(2);
    expect(states()[0]).toBe('a benched');
    const asked = providers['a']!.calls.heads;
    await clock.advance(14_000);
    await head();
    expect(providers['a']!.calls.heads).toBe(asked);
    await clock.advance(2_000);
    await head();
    expect(states()[0]).toBe('a probation');
    await head();
    expect(states()[0]).toBe('a good');
  });

  test('stays out longer each time', async () => {
    const { pool, providers, clock, head, states } = rig({ a: 'abcdefgh', b: 'abcdefgh', c: 'abcdefgh' });
    const lie = async (): Promise<void> => {
      providers['a']!.answerNext('commitOfBatch', null);
      await pool.commitOfBatch(2, l1Ref('abcdefgh'));
    };
    await head();
    await pool.contractState(l1Ref('abcdefgh'));
    await lie();
    await clock.advance(16_000);
    await head();
    await head();
    expect(states()[0]).toBe('a good');
    // It serves again once the provider that served meanwhile fails.
    providers['b']!.failNext('commitOfBatch', 'timeout');
    await lie();
    await clock.advance(16_000);
    expect(states()[0]).toMatch(/benched|good/);
  });
});
