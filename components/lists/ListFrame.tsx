'use client';

import type { ReactNode } from 'react';
import { PageHead } from '../parts/PageHead.tsx';
import { Updated } from '../parts/Updated.tsx';
import { Dimming } from '../shell/Dimming.tsx';
import { FilterBar } from './Filters.tsx';
import { exportSearch } from './filters.ts';
import { ListBody, type ListBodyProps } from './ListBody.tsx';
import { Exports } from './ListParts.tsx';

interface ListFrameProps<Row> extends ListBodyProps<Row> {
  /** Of the page. */
  readonly heading: string;
  readonly note?: ReactNode;
  /** The list's name in the REST API, and whether it is offered as a feed. */
  readonly path: string;
  readonly feed: boolean;
  /** Fields of the filter bar. */
  readonly fields: ReactNode;
  /** Between the head and the list. */
  readonly before?: ReactNode;
  /** Between the filters and the rows. */
  readonly figures?: ReactNode;
  readonly after?: ReactNode;
}

/** A page that is a list: its title and exports, filters, figures and rows. */
export function ListFrame<Row>(props: ListFrameProps<Row>) {
  const { heading, note, path, feed, fields, before, figures, after, ...body } = props;
  const { wish, filters, list } = body.page;
  return (
    <Dimming>
      <PageHead title={heading} note={note}>
        <Updated asOf={list.asOf} />
        <Exports path={path} search={exportSearch(wish)} feed={feed} />
      </PageHead>
      {before}
      <section className="panel" aria-label={heading}>
        <FilterBar label={`Filter ${heading.toLowerCase()}`} set={filters}>
          {fields}
        </FilterBar>
        {figures}
        <ListBody {...body} />
      </section>
      {after}
    </Dimming>
  );
}
