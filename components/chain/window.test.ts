import { describe, expect, it } from 'vitest';
import type { BatchListRow } from '../../server/api/historyViews.ts';
import { createScriptedNode } from '../../server/testing/scriptedNode.ts';
import {
  blockOf,
  byHash,
  hiddenBetween,
  knownLanes,
  placeOfBatch,
  readSelection,
  readZoom,
  selectionKey,
  windowOf,
} from './window.ts';

const NOW = Date.UTC(2026, 10, 21, 14, 2, 40);
const status = createScriptedNode('recovered', () => NOW).status();
const hash = (n: number): string => `0x${String(n).padStart(64, '0')}`;
const row = (number: number, l1: number, over: Partial<BatchListRow> = {}): BatchListRow => ({
  seq: number,
  number,
  status: 'finalized',
  reason: null,
  orphanedBy: null,
  l1Block: { number: l1, hash: hash(l1) },
  txHash: null,
  poster: null,
  firstBlock: number * 6,
  lastBlock: number * 6 + 5,
  source: null,
  transactions: null,
  gasUsed: null,
  steps: { seen: 1_000 * l1 },
  ...over,
});
const oldest = status.lanes[0]!.number;
const rows = [
  row(880, oldest - 9),
  row(881, oldest - 9),
  row(882, oldest - 4),
  row(883, oldest - 4, { status: 'orphaned', l1Block: { number: oldest - 4, hash: hash(7) } }),
];
const all = knownLanes(status, rows);

describe('the lanes of the past', () => {
  it('join what is shown now with what is remembered, oldest first', () => {
    expect(all.filter(({ canonical }) => canonical)).toHaveLength(
      status.lanes.filter(({ canonical }) => canonical).length + 2,
    );
    expect(all[0]).toMatchObject({ number: oldest - 9, label: 'finalized' });
    expect(all[0]!.batches.map(({ number }) => number)).toEqual([880, 881]);
    expect(hiddenBetween(all[0]!, all[1]!)).toBe(4);
  });

  it('do not trust the memory of a block that another has replaced', () => {
    const lane = status.lanes.find(({ canonical, batches }) => canonical && batches.length > 0)!;
    const stale = row(lane.batches[0]!.number, lane.number);
    const joined = knownLanes(status, [stale]);
    expect(joined.filter(({ number, canonical }) => number === lane.number && canonical)).toEqual([lane]);
    expect(joined.find(({ hash: one }) => one === stale.l1Block!.hash)?.canonical).toBe(false);
  });

  it('are cut to a window that never leaves them', () => {
    const head = windowOf(all, Number.POSITIVE_INFINITY, 6);
    expect(head.atHead).toBe(true);
    expect(head.lanes.filter(({ canonical }) => canonical)).toHaveLength(6);
    expect(head.lanes.filter(({ canonical }) => !canonical)).toHaveLength(2);
    const first = windowOf(all, -5, 6);
    expect(first).toMatchObject({ end: 5, atHead: false });
    expect(first.lanes[0]!.number).toBe(oldest - 9);
    expect(windowOf([], 3, 6)).toMatchObject({ lanes: [], end: -1, count: 0 });
  });

  it('find a batch and what is selected', () => {
    expect(placeOfBatch(all, 882)).toBe(1);
    expect(placeOfBatch(all, 5)).toBe(-1);
    expect(blockOf(all, { kind: 'l2', number: 882 * 6 + 2 })?.hash).toBe(hash(oldest - 4));
    expect(blockOf(all, { kind: 'batch', number: 883 })?.canonical).toBe(false);
    expect(blockOf(all, { kind: 'l1', hash: hash(99) })).toBeNull();
  });

  it('tell an L1 block of a number by the hash of the canonical one, and leave what is not known', () => {
    const orphan = all.find(({ canonical, number }) =>
      canonical ? false : all.some((other) => other.canonical && other.number === number),
    )!;
    const ours = all.find(({ canonical, number }) => canonical && number === orphan.number)!;
    expect(byHash(all, { kind: 'l1_number', number: orphan.number })).toEqual({
      kind: 'l1',
      hash: ours.hash,
    });
    expect(byHash(all, { kind: 'l1_number', number: 99 })).toEqual({ kind: 'l1_number', number: 99 });
    expect(byHash(all, { kind: 'l2', number: 27 })).toEqual({ kind: 'l2', number: 27 });
    expect(byHash(all, null)).toBeNull();
  });
});

describe('the address of the chain', () => {
  it('names a selection both ways, and takes nothing else', () => {
    for (const text of [`l1-${hash(1)}`, 'l1-27', 'l2-8412070', 'batch-900'])
      expect(selectionKey(readSelection(text)!)).toBe(text);
    for (const text of [null, '', 'l2--1', 'l1-0x12', 'batch-1e9']) expect(readSelection(text)).toBeNull();
    expect([readZoom('24'), readZoom('7'), readZoom(null)]).toEqual([24, 12, 12]);
  });
});
