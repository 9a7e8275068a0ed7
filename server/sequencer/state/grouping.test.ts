import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BlockMeasure } from './grouping.ts';
import { DEFAULT_BATCH_LIMITS, fitsAlone, groupBlocks } from './grouping.ts';

const block = (rlpBytes: number, messages = 0): BlockMeasure => ({ rlpBytes, messages });
const wide = { ...DEFAULT_BATCH_LIMITS, maxCalldataBytes: 1_000_000 };

describe('grouping', () => {
  test('takes every block there is while all limits hold', () => {
    expect(groupBlocks([block(615), block(615, 3)], DEFAULT_BATCH_LIMITS, true)).toEqual({
      count: 2,
      endedBy: 'end',
      messages: 3,
    });
    expect(groupBlocks([], DEFAULT_BATCH_LIMITS, true)).toEqual({ count: 0, endedBy: 'end', messages: 0 });
  });

  test('fills one blob to its last byte and not beyond', () => {
    // u64 count, then RLP and a fee config of 2 bytes for each block.
    const full = 126_976 - 8 - 2;
    expect(groupBlocks([block(full)], wide, true)).toMatchObject({ count: 1, endedBy: 'end' });
    expect(groupBlocks([block(full + 1)], wide, true)).toMatchObject({ count: 0, endedBy: 'payload' });
    const [half, other] = [60_000, full - 60_000 - 2];
    expect(groupBlocks([block(half), block(other)], wide, true)).toMatchObject({ count: 2 });
    expect(groupBlocks([block(half), block(other + 1)], wide, true)).toMatchObject({
      count: 1,
      endedBy: 'payload',
    });
  });

  test('keeps the calldata below what ordinary pools take, words and padding counted', () => {
    const small = Array.from({ length: 400 }, () => block(600));
    const { count, endedBy } = groupBlocks(small, wide, true);
    expect(endedBy).toBe('payload');
    const bounded = groupBlocks(small, DEFAULT_BATCH_LIMITS, true);
    expect(bounded.endedBy).toBe('calldata');
    expect(bounded.count).toBe(Math.floor((130_000 - 292) / (64 + 608)));
    expect(bounded.count).toBeLessThan(count);
  });

  test('300 messages and not one more', () => {
    expect(groupBlocks([block(615, 200), block(615, 100)], wide, true)).toMatchObject({
      count: 2,
      messages: 300,
    });
    expect(groupBlocks([block(615, 200), block(615, 101)], wide, true)).toMatchObject({
      count: 1,
      endedBy: 'messages',
    });
    expect(fitsAlone(block(615, 301), wide)).toBe(false);
  });

  test('ends before the first block with messages while earlier messages are unverified', () => {
    const blocks = [block(615), block(615), block(615, 1), block(615)];
    expect(groupBlocks(blocks, wide, false)).toEqual({ count: 2, endedBy: 'messages_wait', messages: 0 });
    expect(groupBlocks(blocks.slice(2), wide, false)).toMatchObject({ count: 0, endedBy: 'messages_wait' });
  });

  test('a group is never beyond a limit, and one more block would be', () => {
    const measures = fc.array(
      fc.record({ rlpBytes: fc.integer({ min: 600, max: 40_000 }), messages: fc.nat(120) }),
    );
    fc.assert(
      fc.property(measures, fc.boolean(), (blocks, allowed) => {
        const group = groupBlocks(blocks, DEFAULT_BATCH_LIMITS, allowed);
        const fits = (count: number): boolean => {
          const chosen = blocks.slice(0, count);
          const sum = (of: (each: BlockMeasure) => number) =>
            chosen.reduce((total, each) => total + of(each), 0);
          const messages = sum((each) => each.messages);
          return (
            8 + sum((each) => each.rlpBytes + 2) <= 126_976 &&
            292 + sum((each) => 64 + 32 * Math.ceil(each.rlpBytes / 32)) <= 130_000 &&
            messages <= 300 &&
            (allowed || messages === 0)
          );
        };
        expect(fits(group.count)).toBe(true);
        expect(group.endedBy === 'end' ? group.count === blocks.length : !fits(group.count + 1)).toBe(true);
      }),
    );
  });
});
