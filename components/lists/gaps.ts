import type { WatchGap } from '../../server/api/historyViews.ts';

export type Item<Row> =
  | { kind: 'row'; row: Row }
  | { kind: 'gap'; gap: WatchGap }
  /** Everything below it happened on this day. */
  | { kind: 'day'; day: string };

export interface ChunkOfItems<Row> {
  readonly key: string;
  readonly items: readonly Item<Row>[];
}

/** A chunk without a gap is the same for ever: a long list is put together anew at each page and each live update. */
const WITHOUT_GAP = new WeakMap<readonly unknown[], readonly Item<never>[]>();
const plain = <Row>(rows: readonly Row[]): readonly Item<Row>[] => {
  const known = WITHOUT_GAP.get(rows) as readonly Item<Row>[] | undefined;
  if (known !== undefined) return known;
  const items = rows.map((row): Item<Row> => ({ kind: 'row', row }));
  WITHOUT_GAP.set(rows, items as readonly Item<never>[]);
  return items;
};

/**
 * Puts the times when nobody watched between the rows where they were, newest first. Gaps older than the last row are
 * shown when nothing older is left to load (`all`). Pure.
 */
export const withGaps = <Row>(
  chunks: readonly { readonly key: string; readonly rows: readonly Row[] }[],
  gaps: readonly WatchGap[],
  at: (row: Row) => number,
  all: boolean,
): readonly ChunkOfItems<Row>[] => {
  const left = [...gaps].sort((a, b) => b.to - a.to);
  const out = chunks.map(({ key, rows }): { key: string; items: readonly Item<Row>[] } => {
    const oldest = rows.at(-1);
    if (left[0] === undefined || oldest === undefined || left[0].to <= at(oldest))
      return { key, items: plain(rows) };
    const items: Item<Row>[] = [];
    for (const row of rows) {
      while (left[0] !== undefined && left[0].to > at(row)) items.push({ kind: 'gap', gap: left.shift()! });
      items.push({ kind: 'row', row });
    }
    return { key, items };
  });
  const last = out.at(-1);
  if (all && last !== undefined)
    last.items = [...last.items, ...left.map((gap): Item<Row> => ({ kind: 'gap', gap }))];
  return out;
};

interface DayStart {
  readonly day: string;
  /** Place of its first item. */
  readonly from: number;
}

/** Where the days of a chunk begin, worked out once for the same items and zone. */
const STARTS = new WeakMap<
  readonly unknown[],
  { readonly dayOf: unknown; readonly starts: readonly DayStart[] }
>();
const startsIn = <Row>(
  items: readonly Item<Row>[],
  at: (row: Row) => number,
  dayOf: (ms: number) => string,
): readonly DayStart[] => {
  const known = STARTS.get(items);
  if (known?.dayOf === dayOf) return known.starts;
  const starts: DayStart[] = [];
  for (const [from, item] of items.entries()) {
    if (item.kind === 'day') continue;
    const day = dayOf(item.kind === 'row' ? at(item.row) : item.gap.to);
    if (day !== starts.at(-1)?.day) starts.push({ day, from });
  }
  STARTS.set(items, { dayOf, starts });
  return starts;
};

/**
 * Puts a day's name before the first row of each day. A gap belongs to the day on which it ended. A chunk within a day
 * stays the very same. Pure.
 * @param dayOf names the day of a point in time; equal for all points of one day
 */
export const withDays = <Row>(
  chunks: readonly ChunkOfItems<Row>[],
  at: (row: Row) => number,
  dayOf: (ms: number) => string,
): readonly ChunkOfItems<Row>[] => {
  let before: string | null = null;
  return chunks.map((chunk) => {
    const all = startsIn(chunk.items, at, dayOf);
    const starts = all[0]?.day === before ? all.slice(1) : all;
    before = all.at(-1)?.day ?? before;
    if (starts.length === 0) return chunk;
    const items = [...chunk.items];
    for (const { day, from } of starts.toReversed()) items.splice(from, 0, { kind: 'day', day });
    return { key: chunk.key, items };
  });
};
