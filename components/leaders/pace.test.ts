import { describe, expect, it } from 'vitest';
import type { BatchView } from '../../server/api/views.ts';
import { createScriptedNode } from '../../server/testing/scriptedNode.ts';
import { paceOf, termLeftMs, termsAhead } from './pace.ts';

const NOW = Date.UTC(2026, 10, 21, 14, 2, 40);
const status = createScriptedNode('following-with-feed', () => NOW).status();
const batch = (number: number, seconds: number, progress: BatchView['progress'] = 'safe'): BatchView => ({
  ...status.batches[0]!,
  number,
  progress,
  l1Block: { ...status.batches[0]!.l1Block, number: 100 + number, timestamp: 1_000 + seconds },
});

describe('the pace of batches', () => {
  it('is measured over all that stand, orphaned ones left out', () => {
    const batches = [
      batch(5, 40),
      batch(5, 38, 'orphaned'),
      batch(4, 30),
      batch(3, 20),
      batch(2, 10),
      batch(1, 0),
    ];
    expect(paceOf(batches)).toEqual({ perBatchMs: 10_000, of: 4 });
  });
  it('is not told from too few', () => {
    expect(paceOf([batch(2, 10), batch(1, 0)])).toBeNull();
    expect(paceOf([])).toBeNull();
  });
});

describe('terms to come', () => {
  const pace = { perBatchMs: 10_000, of: 10 };
  it('begin in batches, and about when by the pace', () => {
    const terms = termsAhead(status.leader, pace, NOW);
    expect(terms.map(({ state }) => state)).toEqual([
      'now',
      'next',
      'scheduled',
      'scheduled',
      'scheduled',
      'scheduled',
    ]);
    expect(terms[1]).toMatchObject({ first: 928, inBatches: 26, startsAt: NOW + 270_000 });
    expect(terms[0]!.startsAt).toBeNull();
  });
  it('have no time where there is no pace, and no list where none is known', () => {
    expect(termsAhead(status.leader, null, NOW).every(({ startsAt }) => startsAt === null)).toBe(true);
    expect(termsAhead({ ...status.leader, nextBatch: null }, pace, NOW)).toEqual([]);
    const alone = termsAhead({ ...status.leader, upcoming: [] }, pace, NOW);
    expect(alone).toMatchObject([{ state: 'now', first: 896, last: 927 }]);
  });
  it('never end before now', () => {
    expect(termLeftMs(status.leader, pace, NOW - 9_999_999, NOW)).toBe(0);
    expect(termLeftMs(status.leader, pace, NOW, NOW)).toBe(260_000);
    expect(termLeftMs(status.leader, null, NOW, NOW)).toBeNull();
  });
});
