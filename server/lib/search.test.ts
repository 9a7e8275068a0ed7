import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runSearch, searchLastMatch } from './search.ts';

describe('searchLastMatch', () => {
  const search = (low: number, high: number, last: number) => {
    const asked: number[] = [];
    return runSearch(searchLastMatch(low, high), (position) => {
      asked.push(position);
      return Promise.resolve(position <= last);
    }).then((found) => ({ found, asked }));
  };

  test('one probe when nothing changed, two for a reorg one deep', async () => {
    expect(await search(0, 5_000, 5_000)).toEqual({ found: 5_000, asked: [5_000] });
    expect(await search(0, 5_000, 4_999)).toEqual({ found: 4_999, asked: [5_000, 4_999] });
  });

  test('a reorg 1,000 deep costs at most 2·log2(1,000) + 2 probes', async () => {
    const { found, asked } = await search(0, 1_000_000, 999_000);
    expect(found).toBe(999_000);
    expect(asked.length).toBeLessThanOrEqual(22);
  });

  test('no match at all, and an empty range, answer null', async () => {
    expect((await search(10, 20, 9)).found).toBeNull();
    expect(await search(5, 4, 5)).toEqual({ found: null, asked: [] });
  });

  test('finds the boundary for every range, asking no position twice and none outside (property)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 500 }),
        fc.nat(500),
        fc.nat(1000),
        async (low, span, last) => {
          const high = low + span;
          const { found, asked } = await search(low, high, last);
          expect(found).toBe(last < low ? null : Math.min(last, high));
          expect(new Set(asked).size).toBe(asked.length);
          expect(asked.every((position) => position >= low && position <= high)).toBe(true);
        },
      ),
    );
  });

  test('a probe that fails ends the search with that failure', async () => {
    const failing = runSearch(searchLastMatch(0, 9), () => Promise.reject(new Error('timeout')));
    await expect(failing).rejects.toThrow('timeout');
  });
});
