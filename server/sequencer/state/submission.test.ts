import { describe, expect, test } from 'vitest';
import type { Attempt, Judgement } from './submission.ts';
import { higherFees, judge, replacementFees, withinCap } from './submission.ts';

const base = `0x${'b'.repeat(64)}` as const;
const other = `0x${'c'.repeat(64)}` as const;
const fees = { maxFeePerGas: 100n, maxPriorityFeePerGas: 10n, maxFeePerBlobGas: null };
const attempt: Attempt = { from: 4, key: 5, base, nonce: 9, fees, sentAt: 1_000 };

// counter | base | mined nonce | now | judgement
const TABLE: readonly [number, typeof base | typeof other, number, number, Judgement][] = [
  [4, base, 9, 1_000, 'pending'],
  [4, base, 9, 10_999, 'pending'],
  [4, base, 9, 11_000, 'overdue'],
  [5, other, 10, 1_000, 'reached'],
  [5, other, 9, 1_000, 'reached'],
  [7, other, 12, 99_000, 'reached'],
  [4, base, 10, 1_000, 'lost'],
  [3, base, 10, 1_000, 'lost'],
  [3, other, 9, 1_000, 'stale'],
  [4, other, 9, 1_000, 'stale'],
  [4, base, 8, 1_000, 'stale'],
  [4, base, 8, 99_000, 'stale'],
];

describe('a transaction in flight', () => {
  test.each(TABLE)(
    'counter %i, base %s, nonce %i, at %i: %s',
    (counter, seenBase, minedNonce, now, expected) => {
      expect(judge(attempt, { counter, base: seenBase, minedNonce }, now, 10_000)).toBe(expected);
    },
  );

  test('is replaced at 20 % more, and at twice the fees when it carries blobs', () => {
    expect(replacementFees(fees)).toEqual({
      maxFeePerGas: 121n,
      maxPriorityFeePerGas: 13n,
      maxFeePerBlobGas: null,
    });
    expect(replacementFees({ ...fees, maxFeePerBlobGas: 7n })).toEqual({
      maxFeePerGas: 201n,
      maxPriorityFeePerGas: 21n,
      maxFeePerBlobGas: 15n,
    });
  });

  test('never offers less than before, in any of its fees', () => {
    const a = { maxFeePerGas: 5n, maxPriorityFeePerGas: 9n, maxFeePerBlobGas: null };
    const b = { maxFeePerGas: 6n, maxPriorityFeePerGas: 1n, maxFeePerBlobGas: 3n };
    expect(higherFees(a, b)).toEqual({ maxFeePerGas: 6n, maxPriorityFeePerGas: 9n, maxFeePerBlobGas: 3n });
    expect(withinCap(b, { maxFeePerGas: 6n, maxFeePerBlobGas: 3n })).toBe(true);
    expect(withinCap(b, { maxFeePerGas: 6n, maxFeePerBlobGas: 2n })).toBe(false);
    expect(withinCap(a, { maxFeePerGas: 4n, maxFeePerBlobGas: 2n })).toBe(false);
  });
});
