import { expect, it } from 'vitest';
import { l1Ref } from '../testing/stringChain.ts';
import { StringEngine } from '../testing/stringEngine.ts';
import { NOTHING_DROPPED } from './dropped.ts';
import { DriverMemory } from './memory.ts';
import { joinReorgs, UnsettledReorgs } from './plan/unsettled.ts';
import type { L1Reorg } from './ports.ts';
import { l1ReorgRecord } from './reorg.ts';
import { ReorgBook } from './reorgBook.ts';

const NO_HEADS = { l1: null, unsafe: null, safe: null, finalized: null };
/** Each leaves a tip of its own, one deeper than the one before. */
const event = (index: number): L1Reorg => ({
  kind: 'reorg',
  commonAncestor: l1Ref('a'.repeat(200 - index)),
  oldTip: l1Ref(`${'a'.repeat(200 - index)}x`),
  dropped: [l1Ref(`${'a'.repeat(200 - index)}x`)],
  depth: 1,
  exact: true,
});
const seen = (index: number) => ({
  event: event(index),
  firstEvidenceAt: index,
  before: { leader: null, heads: NO_HEADS },
});

it('more open reorgs than are kept: each is closed in the journal, the oldest ones early', async () => {
  const open = new Map<string, number>();
  let clock = 0;
  const journal = {
    append: async (kind: string, _payload: unknown, ref?: string) => {
      if (kind === 'reorg.detected') open.set(ref!, open.size);
      if (kind === 'reorg.recovered') open.delete(ref!);
    },
    list: async () => [],
  };
  const memory = new DriverMemory({ journal, clock: { now: () => ++clock } } as never);
  const book = new ReorgBook({ memory, journal, engine: new StringEngine('A') } as never);
  for (let index = 0; index < 120; index++) {
    const record = l1ReorgRecord(seen(index), l1Ref('ab'), [], NOTHING_DROPPED, null, memory.now());
    await book.record(record);
    expect(memory.state.reorgs.length).toBeLessThanOrEqual(50);
  }
  expect(open.size).toBe(50);
  expect(memory.state.reorgs.map(({ id }) => id)).toEqual([...open.keys()]);
  await book.closeAll(new AbortController().signal);
  expect(open.size).toBe(0);
});

it('reorgs that cannot be recorded for long are joined, oldest first, and none is forgotten', () => {
  const unsettled = new UnsettledReorgs();
  for (let index = 0; index < 100; index++) unsettled.see(seen(index));
  const told = [];
  for (let next = unsettled.unrecorded; next !== null; next = unsettled.unrecorded) {
    told.push(next);
    unsettled.recorded();
  }
  expect(told).toHaveLength(32);
  expect(told[0]).toMatchObject({ firstEvidenceAt: 0, event: { oldTip: event(0).oldTip } });
  expect(told[0]!.event.commonAncestor).toEqual(event(68).commonAncestor);
  expect(told.slice(1).map(({ firstEvidenceAt }) => firstEvidenceAt)).toEqual(
    Array.from({ length: 31 }, (_, index) => 69 + index),
  );
  expect(told.map((one) => one.event).reduce(joinReorgs)).toEqual(unsettled.joined);
});
