import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RangeLimitError } from './jsonRpc.ts';
import { L1Error } from './l1.ts';
import { RangeReader } from './logRange.ts';

const refusal = (): RangeLimitError => new RangeLimitError('block range is too wide');

/** A provider that takes at most `maxBlocks` blocks and gives at most `maxResults` results. */
function provider(items: readonly number[], maxBlocks: number, maxResults = Number.POSITIVE_INFINITY) {
  const asked: [number, number][] = [];
  const read = (from: number, to: number): Promise<readonly number[]> => {
    asked.push([from, to]);
    const found = items.filter((item) => item >= from && item <= to);
    const refused = to - from + 1 > maxBlocks || (found.length > maxResults && from !== to);
    return refused ? Promise.reject(refusal()) : Promise.resolve(found);
  };
  return { asked, read };
}

describe('reading a range that a provider limits', () => {
  test('one request when there is no limit', async () => {
    const { asked, read } = provider([3, 500_000], Number.POSITIVE_INFINITY);
    expect(await new RangeReader().all(0, 1_000_000, read)).toEqual([3, 500_000]);
    expect(asked).toEqual([[0, 1_000_000]]);
  });

  test('an empty range asks nothing', async () => {
    const { asked, read } = provider([], 10);
    expect(await new RangeReader().all(5, 4, read)).toEqual([]);
    expect(asked).toEqual([]);
  });

  test('a limit that the provider names is taken at once', async () => {
    const asked: number[] = [];
    const read = (from: number, to: number): Promise<readonly number[]> => {
      asked.push(to - from + 1);
      const refused = to - from + 1 > 2_000;
      return refused ? Promise.reject(new RangeLimitError('too wide, max 2000', 2_000)) : Promise.resolve([]);
    };
    await new RangeReader().all(0, 9_999, read);
    expect(asked).toEqual([10_000, 2_000, 2_000, 2_000, 2_000, 2_000]);
  });

  test('what was learned is kept for the next read', async () => {
    const reader = new RangeReader();
    const { asked, read } = provider([], 1_000);
    await reader.all(0, 9_999, read);
    const before = asked.length;
    await reader.all(10_000, 10_499, read);
    expect(asked.length - before).toBe(1);
  });

  test('every item exactly once and in order, under any limits (property)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat(300), { maxLength: 60 }),
        fc.integer({ min: 1, max: 400 }),
        fc.integer({ min: 1, max: 80 }),
        fc.nat(150),
        fc.nat(300),
        async (unsorted, maxBlocks, maxResults, from, length) => {
          const items = unsorted.toSorted((a, b) => a - b);
          const to = from + length;
          const { read } = provider(items, maxBlocks, maxResults);
          const wanted = items.filter((item) => item >= from && item <= to);
          expect(await new RangeReader().all(from, to, read)).toEqual(wanted);
          const newest = await new RangeReader().newest(from, to, read);
          expect(newest.at(-1)).toBe(wanted.at(-1));
        },
      ),
    );
  });

  test('one block that is refused is the provider’s own error, not an endless loop', async () => {
    const always = () => Promise.reject(refusal());
    await expect(new RangeReader().all(0, 1_000, always)).rejects.toBeInstanceOf(RangeLimitError);
    await expect(new RangeReader().newest(0, 1_000, always)).rejects.toBeInstanceOf(RangeLimitError);
  });

  test('any other failure passes through at once', async () => {
    let asked = 0;
    const limited = () => {
      asked += 1;
      return Promise.reject(new L1Error('rate_limited', 'eth_getLogs', 'slow down'));
    };
    await expect(new RangeReader().all(0, 9, limited)).rejects.toThrow('slow down');
    expect(asked).toBe(1);
  });
});
