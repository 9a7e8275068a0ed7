'use client';

import type { ReactNode } from 'react';
import type { Watching } from '../../server/api/historyViews.ts';
import { ListBlank, LogBegins, NewRows, Older } from './ListParts.tsx';
import { type Column, LiveTable } from './LiveTable.tsx';
import type { ListPage } from './useListPage.ts';
import { useNarrow } from './useNarrow.ts';

export interface ListBodyProps<Row> {
  readonly page: ListPage<object, Row, { readonly watching: Watching }>;
  /** Of the table, for assistive technology. */
  readonly title: string;
  readonly one: string;
  readonly many?: string;
  readonly columns: readonly Column[];
  readonly tableClass?: string;
  readonly idOf: (row: Row) => string;
  /** When it happened, milliseconds. */
  readonly at: (row: Row) => number;
  /** Rows stand under the day on which they happened. */
  readonly byDay?: boolean;
  readonly row: (row: Row) => ReactNode;
  readonly card: (row: Row) => ReactNode;
  /** What an empty list proves; shown where no filter made it empty. */
  readonly proof: ReactNode;
}

/** The rows of a list page, what waits above them, and what is older below; or why there are none. */
export function ListBody<Row>(props: ListBodyProps<Row>) {
  const { page, title, one, many, columns, tableClass, idOf, at, byDay = false, row, card, proof } = props;
  const { list, top, filters, clear } = page;
  const narrow = useNarrow();
  return (
    <>
      <div ref={top} />
      <NewRows list={list} one={one} {...(many === undefined ? {} : { many })} />
      {list.state.chunks.length === 0 ? (
        <ListBlank list={list} filters={filters} onClear={clear} what={one}>
          {proof}
        </ListBlank>
      ) : (
        <>
          <LiveTable
            title={title}
            columns={columns}
            {...(tableClass === undefined ? {} : { tableClass })}
            list={list}
            gaps={list.more?.watching.gaps ?? []}
            narrow={narrow}
            idOf={idOf}
            at={at}
            byDay={byDay}
            row={row}
            card={card}
          />
          <Older list={list} begins={<LogBegins watching={list.more?.watching ?? null} />} />
        </>
      )}
    </>
  );
}
