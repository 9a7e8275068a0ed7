import { describe, expect, it } from 'vitest';
import type { Address, Hash } from '../../protocol/refs.ts';
import type { FenceKey, FenceStore, Mark, SupersedeEvidence, Tenure } from './fenceStore.ts';

const hash = (n: number): Hash => `0x${n.toString(16).padStart(64, '0')}`;
const block = (number: number, content: number): Mark => ({ kind: 'block', number, hash: hash(content) });
const LONG = 600_000;

const evidence = (l1Has: number): SupersedeEvidence => ({
  becauseL1Block: { number: 7, hash: hash(7) },
  l1Has,
  why: 'test',
});

export interface StoreUnderTest {
  /** Another connection to the same database. */
  open(): Promise<FenceStore>;
  /** Lets the store's own time pass. */
  pass(ms: number): Promise<void>;
  /** A lease that runs out within a test, milliseconds: where time cannot be moved, longer than two calls ever take. */
  readonly shortMs: number;
}

/** What every fence store must do: run on each implementation. */
export function fenceStoreSuite(name: string, make: () => Promise<StoreUnderTest>): void {
  let next = 0;
  const key = (): FenceKey => ({
    chainId: 1,
    sequencer: `0x${(++next).toString(16).padStart(40, '0')}` as Address,
  });
  const world = async () => {
    const under = await make();
    const [one, two] = [await under.open(), await under.open()];
    return { one, two, key: key(), pass: under.pass, shortMs: under.shortMs };
  };
  const take = async (store: FenceStore, of: FenceKey, holder: string, ms = LONG): Promise<Tenure> => {
    const outcome = await store.acquire(of, holder, ms);
    if (outcome.kind !== 'held') throw new Error(`held by ${outcome.holder}`);
    return { holder, term: outcome.term };
  };

  describe(`${name}: lease`, () => {
    it('has one holder at a time, and the term rises by one with every change of holder', async () => {
      const { one, two, key } = await world();
      expect(await one.acquire(key, 'a', LONG)).toEqual({ kind: 'held', term: 1 });
      expect(await two.acquire(key, 'b', LONG)).toMatchObject({ kind: 'taken', holder: 'a', term: 1 });
      expect(await one.acquire(key, 'a', LONG)).toEqual({ kind: 'held', term: 1 });
      await one.release(key, { holder: 'a', term: 1 });
      expect(await two.acquire(key, 'b', LONG)).toEqual({ kind: 'held', term: 2 });
      expect(await one.renew(key, { holder: 'a', term: 1 }, LONG)).toBe(false);
      await one.release(key, { holder: 'a', term: 1 });
      expect(await one.acquire(key, 'a', LONG)).toMatchObject({ kind: 'taken', holder: 'b' });
    });

    it('is another’s only when it has run out by the store’s time', async () => {
      const { one, two, key, pass, shortMs } = await world();
      await take(one, key, 'a', shortMs);
      const early = await two.acquire(key, 'b', LONG);
      expect(early.kind).toBe('taken');
      await pass(shortMs + 100);
      expect(await two.acquire(key, 'b', LONG)).toEqual({ kind: 'held', term: 2 });
      expect(await one.claim(key, { holder: 'a', term: 1 }, block(1, 1))).toEqual({ kind: 'not_holder' });
    });

    it('that ran out lets nothing be claimed until it is renewed, which works while nobody took it', async () => {
      const { one, key, pass, shortMs } = await world();
      const tenure = await take(one, key, 'a', shortMs);
      await pass(shortMs + 100);
      expect(await one.claim(key, tenure, block(1, 1))).toEqual({ kind: 'not_holder' });
      expect(await one.renew(key, tenure, LONG)).toBe(true);
      expect(await one.claim(key, tenure, block(1, 1))).toEqual({ kind: 'claimed', attempt: 1 });
    });

    it('of one sequencer or chain is nothing to another', async () => {
      const { one, two, key: first } = await world();
      await take(one, first, 'a');
      expect((await two.acquire(key(), 'b', LONG)).kind).toBe('held');
      expect((await two.acquire({ ...first, chainId: 2 }, 'b', LONG)).kind).toBe('held');
    });

    it('asked for by twenty at once is given to one', async () => {
      const { one, two, key } = await world();
      const asked = Array.from({ length: 20 }, (_, i) => (i % 2 ? one : two).acquire(key, `p${i}`, LONG));
      const outcomes = await Promise.all(asked);
      expect(outcomes.filter(({ kind }) => kind === 'held')).toHaveLength(1);
    });
  });

  describe(`${name}: marks`, () => {
    it('a number takes one hash; the same again is allowed, another is refused, also to the next holder', async () => {
      const { one, two, key } = await world();
      const tenure = await take(one, key, 'a');
      expect(await one.claim(key, tenure, block(5, 1))).toEqual({ kind: 'claimed', attempt: 1 });
      expect(await one.claim(key, tenure, block(5, 1))).toEqual({ kind: 'again', attempt: 1 });
      const refused = { kind: 'refused', hash: hash(1), attempt: 1 };
      expect(await one.claim(key, tenure, block(5, 2))).toEqual(refused);
      await one.release(key, tenure);
      const second = await take(two, key, 'b');
      expect(await two.claim(key, second, block(5, 2))).toEqual(refused);
      expect(await two.claim(key, second, { ...block(5, 2), kind: 'batch' })).toMatchObject({
        kind: 'claimed',
      });
      expect(await two.claimed(key, 'block', 5)).toBe(hash(1));
    });

    it('claimed by twenty at once with twenty hashes, a number takes one', async () => {
      const { one, two, key } = await world();
      const tenure = await take(one, key, 'a');
      const all = Array.from({ length: 20 }, (_, i) => (i % 2 ? one : two).claim(key, tenure, block(1, i)));
      const kinds = (await Promise.all(all)).map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === 'claimed')).toHaveLength(1);
      expect(kinds.filter((kind) => kind === 'refused')).toHaveLength(19);
    });

    it('a superseded number takes one new hash, as a new attempt, and only the holder supersedes', async () => {
      const { one, two, key } = await world();
      const tenure = await take(one, key, 'a');
      for (const number of [4, 5, 6]) await one.claim(key, tenure, block(number, number));
      const range = { kind: 'block', from: 5, to: 99 } as const;
      expect(await two.supersede(key, { holder: 'b', term: 1 }, range, evidence(4))).toEqual({
        kind: 'not_holder',
      });
      expect(await one.supersede(key, tenure, range, evidence(4))).toEqual({
        kind: 'done',
        superseded: [
          { kind: 'block', number: 5, hash: hash(5), attempt: 1 },
          { kind: 'block', number: 6, hash: hash(6), attempt: 1 },
        ],
      });
      expect(await one.supersede(key, tenure, range, evidence(4))).toEqual({ kind: 'done', superseded: [] });
      expect(await one.claimed(key, 'block', 5)).toBeNull();
      expect(await one.claim(key, tenure, block(4, 40))).toMatchObject({ kind: 'refused' });
      expect(await one.claim(key, tenure, block(5, 50))).toEqual({ kind: 'claimed', attempt: 2 });
      expect(await one.claim(key, tenure, block(5, 5))).toEqual({
        kind: 'refused',
        hash: hash(50),
        attempt: 2,
      });
    });

    it('forgotten numbers are never claimed again', async () => {
      const { one, key } = await world();
      const tenure = await take(one, key, 'a');
      for (const number of [1, 2, 3]) await one.claim(key, tenure, block(number, number));
      await one.forget(key, 'block', 2);
      await one.forget(key, 'block', 1);
      expect(await one.claim(key, tenure, block(2, 2))).toEqual({ kind: 'final', floor: 2 });
      expect(await one.claim(key, tenure, block(3, 3))).toEqual({ kind: 'again', attempt: 1 });
      expect(await one.claim(key, tenure, { ...block(1, 1), kind: 'batch' })).toMatchObject({
        kind: 'claimed',
      });
    });
  });
}
