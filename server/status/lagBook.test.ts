import { describe, expect, it } from 'vitest';
import { INITIAL_STATE } from '../driver/state.ts';
import { LagBook } from './lagBook.ts';

describe('the book of lags', () => {
  it('takes a sample every five seconds and keeps half an hour', () => {
    let now = 1_000_000;
    const book = new LagBook(() => now);
    for (let i = 0; i < 2_000; i++) {
      book.look(INITIAL_STATE);
      now += 1_000;
    }
    const samples = book.samples();
    expect(samples).toHaveLength(360);
    expect(samples.at(-1)!.at - samples[0]!.at).toBe(359 * 5_000);
    expect(samples[0]).toMatchObject({ l1Blocks: null, l2Blocks: null });
  });
});
