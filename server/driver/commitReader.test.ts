import { describe, expect, it } from 'vitest';
import type { BatchCommit } from '../protocol/batch.ts';
import { fakeCommit, fakeL1 } from '../testing/fakeL1.ts';
import { CommitReader } from './commitReader.ts';
import { MAX_WINDOW, WINDOW_COMMITS } from './plan/window.ts';

describe('the window over L1', () => {
  it('brings few commits at once where a dense stretch follows a sparse one, and leaves none out', async () => {
    const sparse = 4_000;
    const dense = 1_000;
    const l1 = fakeL1(`${'s'.repeat(sparse)}${'d'.repeat(dense)}`, { commits: { d: [fakeCommit(1)] } });
    const reader = new CommitReader(l1);
    const signal = new AbortController().signal;
    const seen: BatchCommit[] = [];
    const sizes: number[] = [];
    let widest = 0;
    for (let from = 1; ; ) {
      const window = await reader.read(from, l1.head, signal);
      if (window === null) break;
      sizes.push(window.commits.length);
      widest = Math.max(widest, window.to - window.from + 1);
      seen.push(...window.commits);
      from = window.to + 1;
    }
    expect(seen.map(({ l1Block }) => l1Block.number)).toEqual(
      Array.from({ length: dense }, (_, i) => sparse + i),
    );
    expect(Math.max(...sizes)).toBeLessThanOrEqual(WINDOW_COMMITS);
    expect(widest).toBeGreaterThan(1_000);
    expect(widest).toBeLessThanOrEqual(MAX_WINDOW);
  });
});
