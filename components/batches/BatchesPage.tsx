'use client';

import { useMemo } from 'react';
import type { BatchListAnswer, BatchListRow } from '../../server/api/historyViews.ts';
import { Choice, TextFilter } from '../lists/Filters.tsx';
import { BATCH_FILTERS, batchWish, STATUS_CHOICES } from '../lists/filters.ts';
import { ListFrame } from '../lists/ListFrame.tsx';
import { Watched } from '../lists/ListParts.tsx';
import { RANGES } from '../lists/ranges.ts';
import { useListPage } from '../lists/useListPage.ts';
import { useApi, useLive } from '../live/LiveProvider.tsx';
import { CadencePanel } from '../panels/CadencePanel.tsx';
import { BATCH_COLUMNS, BatchCardRow, BatchTableRow, seenAt } from './BatchRows.tsx';
import { batchMarker, liveBatches, overlay } from './overlay.ts';

/** Told by place and content: after a reorg one number stands here twice. */
const idOf = ({ number, l1Block, seq }: BatchListRow): string => `${number}-${l1Block?.hash ?? seq}`;
const at = (row: BatchListRow): number => seenAt(row) ?? 0;

interface BatchesProps {
  readonly first: BatchListAnswer;
  readonly firstKey: string;
}

/** Every batch that was seen on L1, and how far each came here. */
export const BatchesPage = ({ first, firstKey }: BatchesProps) => {
  const api = useApi();
  const { answer } = useLive();
  const live = answer.kind === 'status' ? answer.status.batches : [];
  const present = useMemo(() => liveBatches(live), [live]);
  const page = useListPage({
    names: BATCH_FILTERS,
    wishOf: batchWish,
    first,
    firstKey,
    load: (wish) => api.batchList.query(wish),
    idOf,
    marker: batchMarker(live),
  });
  const { search, change, list } = page;
  return (
    <ListFrame
      page={page}
      heading="Batches"
      path="batches"
      feed={false}
      before={<CadencePanel batches={live} />}
      fields={
        <>
          <Choice
            name="range"
            label="Range"
            value={search.get('range') ?? ''}
            choices={RANGES}
            change={change}
          />
          <Choice
            name="status"
            label="Status"
            value={search.get('status') ?? ''}
            choices={[{ id: '', word: 'any' }, ...STATUS_CHOICES.map((id) => ({ id, word: id }))]}
            change={change}
          />
          <TextFilter
            name="q"
            label="Find"
            value={search.get('q') ?? ''}
            hint="number, hash, address"
            change={change}
          />
        </>
      }
      title="Batches"
      one="batch"
      many="batches"
      columns={BATCH_COLUMNS}
      tableClass="steady steady-batches"
      idOf={idOf}
      at={at}
      byDay
      row={(row) => <BatchTableRow row={overlay(row, present)} />}
      card={(row) => <BatchCardRow row={overlay(row, present)} />}
      proof={
        <p className="proof">
          No batch has been seen on L1 {list.more === null ? null : <Watched watching={list.more.watching} />}
          .
        </p>
      }
    />
  );
};
