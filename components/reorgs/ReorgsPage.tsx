'use client';

import type { ReorgListRow, ReorgsAnswer } from '../../server/api/historyViews.ts';
import { Choice, TextFilter } from '../lists/Filters.tsx';
import { CAUSE_CHOICES, REORG_FILTERS, reorgWish } from '../lists/filters.ts';
import { ListFrame } from '../lists/ListFrame.tsx';
import { GapLine, Watched } from '../lists/ListParts.tsx';
import { RANGES } from '../lists/ranges.ts';
import type { Changes } from '../lists/useAddress.ts';
import { useListPage } from '../lists/useListPage.ts';
import { useApi, useLive } from '../live/LiveProvider.tsx';
import { Causes, Depths, Summary } from './ReorgFigures.tsx';
import { REORG_COLUMNS, ReorgCard, ReorgTableRow } from './ReorgRows.tsx';

const idOf = ({ id }: ReorgListRow): string => id;
const at = ({ detectedAt }: ReorgListRow): number => detectedAt;

interface FieldsProps {
  readonly search: URLSearchParams;
  readonly change: (changes: Changes, push?: boolean) => void;
}

const Fields = ({ search, change }: FieldsProps) => (
  <>
    <Choice name="range" label="Range" value={search.get('range') ?? ''} choices={RANGES} change={change} />
    <Choice
      name="layer"
      label="Layer"
      value={search.get('layer') ?? ''}
      choices={[
        { id: '', word: 'both' },
        { id: 'L1', word: 'L1' },
        { id: 'L2', word: 'L2' },
      ]}
      change={change}
    />
    <Choice
      name="cause"
      label="Cause"
      value={search.get('cause') ?? ''}
      choices={[{ id: '', word: 'any' }, ...CAUSE_CHOICES.map((id) => ({ id, word: id }))]}
      change={change}
    />
    <Choice
      name="minDepth"
      label="Depth"
      value={search.get('minDepth') ?? ''}
      choices={[
        { id: '', word: 'any' },
        ...[2, 3, 5, 10, 50].map((n) => ({ id: String(n), word: `≥ ${n}` })),
      ]}
      change={change}
    />
    <TextFilter
      name="q"
      label="Find"
      value={search.get('q') ?? ''}
      hint="hash, block, address"
      change={change}
    />
  </>
);

interface ReorgsProps {
  readonly first: ReorgsAnswer;
  /** The filter that `first` answers. */
  readonly firstKey: string;
}

/** Every reorg that this node saw: what happened, why, and what was lost. */
export const ReorgsPage = ({ first, firstKey }: ReorgsProps) => {
  const api = useApi();
  const { answer } = useLive();
  const page = useListPage({
    names: REORG_FILTERS,
    wishOf: reorgWish,
    first,
    firstKey,
    load: (wish) => api.reorgs.query(wish),
    idOf,
    marker:
      answer.kind === 'status'
        ? answer.status.reorgs.map(({ id, recoveredAt }) => `${id}${recoveredAt}`).join()
        : '',
  });
  const { search, change } = page;
  const { more } = page.list;
  return (
    <ListFrame
      page={page}
      heading="Reorgs"
      path="reorgs"
      feed
      fields={<Fields search={search} change={change} />}
      figures={
        more === null ? null : (
          <>
            <Summary summary={more.summary} />
            <Causes summary={more.summary} change={(cause) => change({ cause })} />
          </>
        )
      }
      title="Reorgs"
      one="reorg"
      columns={REORG_COLUMNS}
      tableClass="reorg-table"
      idOf={idOf}
      at={at}
      byDay
      row={(row) => <ReorgTableRow row={row} />}
      card={(row) => <ReorgCard row={row} />}
      proof={
        <>
          <p className="proof">No reorg {more === null ? null : <Watched watching={more.watching} />}.</p>
          {more?.watching.gaps.map((gap) => (
            <GapLine key={gap.seq} gap={gap} />
          ))}
        </>
      }
      after={more === null ? null : <Depths summary={more.summary} />}
    />
  );
};
