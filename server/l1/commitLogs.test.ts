import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BatchCommit } from '../protocol/batch.ts';
import { fakeCommit, fakeL1 } from '../testing/fakeL1.ts';
import { checkCompleteness } from './commitLogs.ts';

/** Commits of batches `first` to `last`, one L1 block each. */
async function commitsOf(first: number, last: number): Promise<readonly BatchCommit[]> {
  const batches = Array.from({ length: last - first + 1 }, (_, i) => fakeCommit(first + i));
  const l1 = fakeL1('ab', { commits: { b: batches } });
  return l1.batchCommits(0, 1, l1.head);
}

describe('completeness', () => {
  test('a range without a commit is complete exactly when the contract did not move', () => {
    expect(checkCompleteness([], { previousBatch: 7, lastBatch: 7 })).toBeNull();
    expect(checkCompleteness([], { previousBatch: 7, lastBatch: null })).toBeNull();
    expect(checkCompleteness([], { previousBatch: 7, lastBatch: 8 })?.code).toBe('incomplete_logs');
  });

  test('leaving out any commits, but all at an unknown end, is noticed (property)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 1_000 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }),
        async (first, kept) => {
          const last = first + kept.length - 1;
          const all = await commitsOf(first, last);
          const shown = all.filter((_, index) => kept[index]);
          const complete = shown.length === all.length;
          const noticed = checkCompleteness(shown, { previousBatch: first - 1, lastBatch: last });
          expect(noticed === null).toBe(complete);
          // Without the contract's word a shorter list cannot be told from a shorter history; gaps still show.
          const prefix = shown.every((commit, index) => commit.batchNumber === first + index);
          expect(checkCompleteness(shown, { previousBatch: first - 1, lastBatch: null }) === null).toBe(
            prefix,
          );
        },
      ),
    );
  });

  test('the sentence names the batches that disagree', async () => {
    const [first, , third] = await commitsOf(1, 3);
    const gap = checkCompleteness([first, third] as BatchCommit[], { previousBatch: 0, lastBatch: 3 });
    expect(gap?.message).toContain('batch 3 in block 1 follows batch 1');
    const end = checkCompleteness([first] as BatchCommit[], { previousBatch: 0, lastBatch: 3 });
    expect(end?.message).toContain('has committed batch 3, the logs end at batch 1');
  });
});
