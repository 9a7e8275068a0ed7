import { describe, expect, it } from 'vitest';
import { CAUSES } from '../../server/api/chainViews.ts';
import type { ReorgDetail } from '../../server/api/historyViews.ts';
import { readReorg } from '../../server/api/readRecord.ts';
import { branchRows, explain, orphanedWords, recoveredWords, timelineOf } from './explain.ts';

const hash = (n: number): string => `0x${String(n).padStart(64, '0')}`;
const block = (number: number) => ({ number, hash: hash(number) });
const reorg = (over: Partial<ReorgDetail> = {}): ReorgDetail => ({
  ...readReorg({
    seq: 1,
    id: 'r-1',
    layer: 'L2',
    cause: 'UNKNOWN',
    depth: 2,
    detectedAt: 1_000,
    recoveredAt: null,
    record: {},
  }),
  ...over,
});

describe('a reorg in words', () => {
  it.each(CAUSES)('is a sentence for each cause, also when nothing else is known: %s', (cause) => {
    expect(explain(reorg({ cause }))).toMatch(/^[A-Z0-9a].*\.$/);
    expect(explain(reorg({ cause }))).not.toMatch(/undefined|null|NaN/);
  });

  it('names the leaders of a hand-over, and where they parted', () => {
    const leader = { before: `0x71c${'0'.repeat(37)}`, after: `0xb20${'0'.repeat(37)}` };
    const said = explain(reorg({ cause: 'LEADER_HANDOVER', leader, l2Ancestor: block(8_412_069) }));
    expect(said).toBe(
      '0xb200…0000 built on L2 8\u202f412\u202f069 and did not include 2\u00a0blocks by 0x71c0…0000.',
    );
  });

  it('says of an L1 reorg what it did to L2', () => {
    const l1 = { cause: 'L1_REORG', layer: 'L1', commonAncestor: block(11) } as const;
    expect(explain(reorg({ ...l1, droppedL2Count: 0 }))).toContain('No L2 block was touched.');
    expect(explain(reorg({ ...l1, droppedL2Count: 4, droppedBatches: [9] }))).toContain(
      '4\u00a0L2 blocks with 1\u00a0batch had to',
    );
    expect(explain(reorg({ ...l1, droppedL2Count: 0, droppedBatches: [9] }))).toContain(
      ' 1\u00a0batch had to be derived again; no L2 block was replaced.',
    );
  });

  it('says of a resync where it went back to, and whether all came back', () => {
    const resync = { cause: 'MANUAL_RESYNC', depth: 70, commonAncestor: block(155) } as const;
    const dropped = 'An operator had 70\u00a0L2 blocks after L2 155 dropped and derived again from L1.';
    const came = `${dropped} All of them came back as they were.`;
    expect(explain(reorg({ ...resync, droppedL2Count: 0, returnedL2Count: 70 }))).toBe(came);
    expect(explain(reorg({ ...resync, droppedL2Count: 7, returnedL2Count: 63 }))).toBe(dropped);
    expect(explain(reorg({ ...resync, droppedL2Count: 0, returnedL2Count: null }))).toBe(dropped);
  });

  it('says how the orphaned blocks go with the depth, and why where it is a bound', () => {
    const said = (over: Partial<ReorgDetail>) => orphanedWords(reorg({ depth: 70, recoveredAt: 9, ...over }));
    const blocks = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => block(from + i));
    expect(said({ recoveredAt: null, droppedL2Count: 70 })).toBe(
      'up to 70\u00a0L2 blocks, known when the reorg is over',
    );
    expect(said({ droppedL2Count: 0, returnedL2Count: 70 })).toBe(
      'none: all 70\u00a0L2 blocks came back as they were',
    );
    const seven = { droppedL2: blocks(219, 226), l2Ancestor: block(218) };
    expect(said({ ...seven, droppedL2Count: 7, returnedL2Count: 63 })).toBe(
      '7 of 70\u00a0L2 blocks: the others came back as they were',
    );
    expect(said({ ...seven, droppedL2Count: 70, returnedL2Count: 0 })).toBe('70\u00a0L2 blocks');
    const ends = { droppedL2: blocks(264, 296), l2Ancestor: block(187) };
    expect(said({ ...ends, depth: 140, droppedL2Count: 108, returnedL2Count: 32 })).toMatch(
      /^at most 108\u00a0L2 blocks: /,
    );
  });

  it('gives a bound as a bound', () => {
    expect(explain(reorg({ exact: false }))).toContain('At least 2\u00a0L2 blocks');
  });
});

describe('a recovery', () => {
  it('is one figure, that of the old height, and none before it is reached again', () => {
    expect(recoveredWords({ recoveredAt: null, recoveryMs: null })).toBe('recovering');
    expect(recoveredWords({ recoveredAt: 5, recoveryMs: null })).toBe('recovered');
    expect(recoveredWords({ recoveredAt: 5, recoveryMs: 8_000 })).toBe('recovered in 8 s');
  });
});

describe('old and new branch', () => {
  const row = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => block(from + i));
  it('stand side by side by number', () => {
    const rows = branchRows(row(5, 6), row(5, 7));
    expect(
      rows.map((one) => (one.kind === 'pair' ? [one.number, one.old !== null, one.now !== null] : one)),
    ).toEqual([
      [5, true, true],
      [6, true, true],
      [7, false, true],
    ]);
  });
  it('show the ends of a long one and count what is between', () => {
    const rows = branchRows([...row(1, 32), ...row(969, 1_000)], row(1, 32));
    expect(rows).toHaveLength(7);
    expect(rows[3]).toEqual({ kind: 'hidden', count: 994, first: 4, last: 997 });
  });
  it('are nothing where nothing is known', () => {
    expect(branchRows([], [])).toEqual([]);
  });
});

it('the timeline holds only what is known, in order', () => {
  const steps = timelineOf(reorg({ firstEvidenceAt: 100, recoveredAt: 9_000 }));
  expect(steps.map(({ at }) => at)).toEqual([100, 1_000, 9_000]);
});
