import { describe, expect, it } from 'vitest';
import {
  answerOrder,
  CHUNK_ROWS,
  CHUNKS_A_BUNDLE,
  type ListState,
  MAX_UNREAD_ROWS,
  opened,
  refreshed,
  rowsOf,
  shown,
  withOlder,
} from './liveList.ts';

interface Row {
  readonly seq: number;
  readonly text?: string;
}
const idOf = ({ seq }: Row): string => String(seq);
/** `9 8 7`, newest first. */
const rows = (text: string): Row[] =>
  text
    .split(' ')
    .filter(Boolean)
    .map((seq) => ({ seq: Number(seq) }));
const ids = (state: ListState<Row>): string => rowsOf(state).map(idOf).join(' ');
const page = (text: string, next: number | null = null) => ({ rows: rows(text), next });

describe('a live list', () => {
  it('grows at the end by pages, and never shows a row twice', () => {
    let state = opened(page('9 8 7', 7), idOf);
    state = withOlder(state, page('7 6 5', 5), idOf);
    state = withOlder(state, page('4'), idOf);
    expect(ids(state)).toBe('9 8 7 6 5 4');
    expect(state.next).toBeNull();
  });

  it('takes new rows on top while nobody reads', () => {
    const state = refreshed(opened(page('9 8', 8), idOf), page('11 10 9 8'), idOf, false);
    expect(ids(state)).toBe('11 10 9 8');
    expect(state.waiting).toEqual([]);
    expect(state.next).toBe(8);
  });

  it('keeps every row in its place while it is read, and counts what waits', () => {
    let state = refreshed(opened(page('9 8'), idOf), page('11 10 9 8'), idOf, true);
    expect(ids(state)).toBe('9 8');
    expect(state.waiting.map(idOf)).toEqual(['11', '10']);
    state = refreshed(state, page('12 11 10 9'), idOf, true);
    expect(state.waiting.map(idOf)).toEqual(['12', '11', '10']);
    expect(ids(shown(state, idOf))).toBe('12 11 10 9 8');
  });

  it('changes rows in their place also while it is read', () => {
    const before = opened({ rows: [{ seq: 2 }, { seq: 1, text: 'open' }], next: null }, idOf);
    const state = refreshed(before, { rows: [{ seq: 2 }, { seq: 1, text: 'over' }], next: null }, idOf, true);
    expect(rowsOf(state)).toEqual([{ seq: 2 }, { seq: 1, text: 'over' }]);
  });

  it('drops a row that a reorg took, where the page reaches, and no other', () => {
    const before = withOlder(opened(page('9 8 7', 7), idOf), page('6 5', 5), idOf);
    expect(ids(refreshed(before, page('10 9 7'), idOf, false))).toBe('10 9 7 6 5');
  });

  it('begins anew when more came than a page holds, and says so to who reads', () => {
    const before = opened(page('3 2 1'), idOf);
    expect(ids(refreshed(before, page('99 98', 98), idOf, false))).toBe('99 98');
    const reading = refreshed(before, page('99 98', 98), idOf, true);
    expect(ids(reading)).toBe('3 2 1');
    expect(reading.gap).toBe(true);
  });

  it('is emptied by a page that is empty', () => {
    expect(ids(refreshed(opened(page('2 1'), idOf), page(''), idOf, false))).toBe('');
  });

  it('keeps chunks to a size, and their keys when rows come on top', () => {
    let state = opened(page('1'), idOf);
    for (let id = 2; id <= 3 * CHUNK_ROWS; id++) {
      const key = state.chunks.at(-1)!.key;
      state = refreshed(state, { rows: [{ seq: id }, { seq: id - 1 }], next: null }, idOf, false);
      expect(state.chunks.at(-1)!.key).toBe(key);
    }
    expect(Math.max(...state.chunks.map((one) => one.rows.length))).toBe(CHUNK_ROWS);
    expect(rowsOf(state)).toHaveLength(3 * CHUNK_ROWS);
  });

  it('lets go of its oldest rows when nobody reads it, and knows where they begin', () => {
    let state = opened(page('1'), idOf);
    for (let seq = 2; seq <= 3 * MAX_UNREAD_ROWS; seq++)
      state = refreshed(state, { rows: [{ seq }, { seq: seq - 1 }], next: null }, idOf, false);
    const held = rowsOf(state);
    expect(held.length).toBeGreaterThanOrEqual(MAX_UNREAD_ROWS);
    expect(held.length).toBeLessThan(MAX_UNREAD_ROWS + CHUNK_ROWS);
    expect(state.next).toBe(held.at(-1)!.seq);
    expect(held.map(({ seq }) => seq)).toEqual(held.map((_, i) => 3 * MAX_UNREAD_ROWS - i));
  });

  it('keeps every row that a reader loaded, however long the list', () => {
    let state = opened(page(String(5 * MAX_UNREAD_ROWS + 1), 5 * MAX_UNREAD_ROWS + 1), idOf);
    for (let from = 5 * MAX_UNREAD_ROWS; from > 0; from -= 50) {
      const rows = Array.from({ length: 50 }, (_, i) => ({ seq: from - i }));
      state = withOlder(state, { rows, next: from - 49 }, idOf);
    }
    const newest = { rows: [{ seq: 5 * MAX_UNREAD_ROWS + 2 }, { seq: 5 * MAX_UNREAD_ROWS + 1 }], next: null };
    const after = refreshed(state, newest, idOf, true);
    expect(rowsOf(after)).toHaveLength(5 * MAX_UNREAD_ROWS + 1);
    // What the newest page does not reach is not even looked at.
    expect(after.chunks.slice(1).every((chunk, i) => chunk === state.chunks[i + 1])).toBe(true);
  });

  it('bundles chunks up to a number, and none changes its bundle while the list grows at either end', () => {
    let state = opened(page('1000'), idOf);
    const bundleOf = new Map<string, number>();
    const sizes = (): readonly number[] => {
      const held = new Map<number, number>();
      for (const { key, bundle } of state.chunks) {
        expect(bundleOf.get(key) ?? bundle).toBe(bundle);
        bundleOf.set(key, bundle);
        held.set(bundle, (held.get(bundle) ?? 0) + 1);
      }
      return [...held.values()];
    };
    for (let i = 0; i < 5 * CHUNKS_A_BUNDLE; i++) {
      state = withOlder(state, { rows: [{ seq: 999 - i }], next: 1 }, idOf);
      sizes();
    }
    for (let seq = 1001; seq <= 1000 + 3 * CHUNKS_A_BUNDLE * CHUNK_ROWS; seq++) {
      state = shown({ ...state, waiting: [{ seq }] }, idOf);
      if (seq % CHUNK_ROWS === 0) sizes();
    }
    const numbers = state.chunks.map(({ bundle }) => bundle);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(Math.max(...sizes())).toBe(CHUNKS_A_BUNDLE);
    expect(sizes().length).toBeLessThan(12);
  });

  it('takes no answer that a later question’s has overtaken, and each that nothing overtook', () => {
    const order = answerOrder();
    const [first, second, third] = [order.ask(), order.ask(), order.ask()];
    expect([second, first, third].map((turn) => order.takes(turn))).toEqual([true, false, true]);
  });
});
