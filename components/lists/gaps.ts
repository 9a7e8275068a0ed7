import type { WatchGap } from '../../server/api/historyViews.ts';
import type { ChunkOfRows } from './liveList.ts';

export type Item<Row> =
  | { kind: 'row'; row: Row }
  | { kind: 'gap'; gap: WatchGap }
  /** Everything below it happened on this day. */
  | { kind: 'day'; day: string };

export interface ChunkOfItems<Row> extends Pick<ChunkOfRows<Row>, 'key' | 'bundle'> {
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
  chunks: readonly ChunkOfRows<Row>[],
  gaps: readonly WatchGap[],
  at: (row: Row) => number,
  all: boolean,
): readonly ChunkOfItems<Row>[] => {
  const left = [...gaps].sort((a, b) => b.to - a.to);
  const out = chunks.map(
    ({ key, bundle, rows }): { -readonly [Name in keyof ChunkOfItems<Row>]: ChunkOfItems<Row>[Name] } => {
      const oldest = rows.at(-1);
      if (left[0] === undefined || oldest === undefined || left[0].to <= at(oldest))
        return { key, bundle, items: plain(rows) };
      const items: Item<Row>[] = [];
      for (const row of rows) {
        while (left[0] !== undefined && left[0].to > at(row)) items.push({ kind: 'gap', gap: left.shift()! });
        items.push({ kind: 'row', row });
      }
      return { key, bundle, items };
    },
  );
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
    return { ...chunk, items };
  });
};

/** Chunks of one bundle stand together, in their order. Pure. */
export const bundled = <Row>(
  chunks: readonly ChunkOfItems<Row>[],
): readonly (readonly ChunkOfItems<Row>[])[] => {
  const bundles: ChunkOfItems<Row>[][] = [];
  for (const chunk of chunks) {
    const last = bundles.at(-1);
    if (last?.[0]?.bundle === chunk.bundle) last.push(chunk);
    else bundles.push([chunk]);
  }
  return bundles;
};
