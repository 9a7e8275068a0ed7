import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backoffMs, DEFAULT_BACKOFF } from './backoff.ts';

it('doubles from the first wait to the longest', () => {
  const waits = [1, 2, 3, 4, 7, 8, 5_000].map((failures) => backoffMs(DEFAULT_BACKOFF, failures, () => 0));
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 30_000, 30_000, 30_000]);
});

it('stays between the unjittered wait less its jitter and the longest wait, whatever the inputs', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2_000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (failures, random) => {
        const full = backoffMs(DEFAULT_BACKOFF, failures, () => 0);
        const wait = backoffMs(DEFAULT_BACKOFF, failures, () => random);
        return (
          wait <= full && wait >= full * (1 - DEFAULT_BACKOFF.jitter) - 1 && wait <= DEFAULT_BACKOFF.maxMs
        );
      },
    ),
  );
});
