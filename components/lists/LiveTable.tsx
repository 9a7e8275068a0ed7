'use client';

import { Fragment, type MouseEvent, type ReactNode, useMemo } from 'react';
import type { WatchGap } from '../../server/api/historyViews.ts';
import { dayInWords } from '../format.ts';
import { useNow } from '../live/LiveProvider.tsx';
import { useZone } from '../parts/useZone.ts';
import { Bundle } from './Bundle.tsx';
import { CardChunk } from './Chunk.tsx';
import { bundled, withDays, withGaps } from './gaps.ts';
import { GapLine } from './ListParts.tsx';
import type { LiveList } from './useLiveList.ts';

/** Name of a column; `right` where its cells stand at the right, as numbers do. */
export type Column = string | { readonly right: string };

interface LiveTableProps<Row> {
  readonly title: string;
  readonly columns: readonly Column[];
  /** What the style of this table is known by (lists.css). */
  readonly tableClass?: string;
  readonly list: LiveList<Row, unknown>;
  readonly gaps: readonly WatchGap[];
  readonly narrow: boolean | null;
  readonly idOf: (row: Row) => string;
  readonly at: (row: Row) => number;
  readonly byDay: boolean;
  readonly row: (row: Row) => ReactNode;
  readonly card: (row: Row) => ReactNode;
}

/** Today and yesterday by name, as the reader's own day is; with the zone of the times below it. */
const Day = ({ day }: { day: string }) => {
  const now = useNow();
  const zone = useZone();
  return (
    <>
      {dayInWords(day, zone.day(now))} <span className="day-zone">{zone.word}</span>
    </>
  );
};

const NO_GAPS: readonly WatchGap[] = [];

/**
 * A press anywhere in a row is one on the row's link, new tabs included. The link itself is what keys and assistive
 * technology use; stretched over its row it would make each row a layer of its own, painted anew at each scroll.
 */
const pressRow = (event: MouseEvent<HTMLTableElement>): void => {
  const { target } = event;
  if (!(target instanceof Element) || target.closest('a, button') !== null) return;
  // Who marks text does not mean to go.
  if (getSelection()?.isCollapsed === false) return;
  const link = target.closest('tr')?.querySelector('a.row-link');
  const { ctrlKey, metaKey, shiftKey } = event;
  link?.dispatchEvent(
    new globalThis.MouseEvent('click', { bubbles: true, cancelable: true, ctrlKey, metaKey, shiftKey }),
  );
};

/** The rows of a live list: a table where there is room, cards where there is not, and the gaps between them. */
export function LiveTable<Row>({
  title,
  columns,
  tableClass = '',
  list,
  gaps,
  narrow,
  idOf,
  at,
  byDay,
  row,
  card,
}: LiveTableProps<Row>) {
  const { chunks: loaded, next } = list.state;
  const shownGaps = gaps.length === 0 ? NO_GAPS : gaps;
  const zone = useZone();
  const chunks = useMemo(() => {
    const gapped = withGaps(loaded, shownGaps, at, next === null);
    return byDay ? withDays(gapped, at, zone.day) : gapped;
  }, [loaded, shownGaps, at, next, byDay, zone]);
  const bundles = useMemo(() => bundled(chunks), [chunks]);
  const held = useMemo(() => loaded.reduce((sum, { rows }) => sum + rows.length, 0), [loaded]);
  return (
    <>
      {narrow === true ? null : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard (WCAG 2.1.1).
        <section className="scroller wide-only" aria-label={`${title}, table`} tabIndex={0}>
          {/* biome-ignore lint/a11y/useKeyWithClickEvents: each row has its link for keys. */}
          <table className={`data-table ${tableClass}`} data-rows={held} onClick={pressRow}>
            <caption className="sr-only">{title}, newest first</caption>
            <thead>
              <tr>
                {columns.map((column) =>
                  typeof column === 'string' ? (
                    <th key={column} scope="col">
                      {column}
                    </th>
                  ) : (
                    <th key={column.right} scope="col" className="right">
                      {column.right}
                    </th>
                  ),
                )}
              </tr>
            </thead>
            {bundles.map((bundle, i) => (
              <Bundle
                key={bundle[0]!.bundle}
                columns={columns.length}
                chunks={bundle}
                first={i === 0}
                draw={(items) =>
                  items.map((item) =>
                    item.kind === 'row' ? (
                      <Fragment key={idOf(item.row)}>{row(item.row)}</Fragment>
                    ) : item.kind === 'day' ? (
                      <tr key={item.day} className="day-row" data-day={item.day}>
                        <th colSpan={columns.length} scope="rowgroup">
                          <Day day={item.day} />
                        </th>
                      </tr>
                    ) : (
                      <tr key={`gap-${item.gap.seq}`} className="gap-row">
                        <td colSpan={columns.length}>
                          <GapLine gap={item.gap} />
                        </td>
                      </tr>
                    ),
                  )
                }
              />
            ))}
          </table>
        </section>
      )}
      {narrow === false
        ? null
        : chunks.map((chunk, i) => (
            <CardChunk
              key={chunk.key}
              label={i === 0 ? `${title}, newest first` : `${title}, older, part ${i + 1}`}
              always={i === 0}
              draw={() =>
                chunk.items.map((item) =>
                  item.kind === 'row' ? (
                    <Fragment key={idOf(item.row)}>{card(item.row)}</Fragment>
                  ) : item.kind === 'day' ? (
                    <li key={item.day} className="day-line" data-day={item.day}>
                      <Day day={item.day} />
                    </li>
                  ) : (
                    <li key={`gap-${item.gap.seq}`}>
                      <GapLine gap={item.gap} />
                    </li>
                  ),
                )
              }
            />
          ))}
    </>
  );
}
