'use client';

import type { ActivityAnswer, ActivityListRow } from '../../server/api/historyViews.ts';
import { Choice, TextFilter } from '../lists/Filters.tsx';
import { ACTIVITY_FILTERS, activityWish, GROUPS, kindsOf } from '../lists/filters.ts';
import { ListFrame } from '../lists/ListFrame.tsx';
import { Watched } from '../lists/ListParts.tsx';
import { RANGES } from '../lists/ranges.ts';
import type { Changes } from '../lists/useAddress.ts';
import { useListPage } from '../lists/useListPage.ts';
import { useApi, useLive } from '../live/LiveProvider.tsx';
import { EVENT_COLUMNS, EventCard, EventRow } from './EventRows.tsx';

const idOf = ({ seq }: ActivityListRow): string => String(seq);
const at = (row: ActivityListRow): number => row.at;

const SHOWN_GROUPS: readonly string[] = GROUPS.slice(0, 8);

/** Kinds of events as chips: those that are pressed are shown, none pressed shows all. */
const Kinds = ({ search, change }: { search: URLSearchParams; change: (changes: Changes) => void }) => {
  const chosen = kindsOf(search);
  const groups = [...SHOWN_GROUPS, ...chosen.filter((kind) => !SHOWN_GROUPS.includes(kind))];
  const turn = (kind: string): void => {
    const next = chosen.includes(kind) ? chosen.filter((one) => one !== kind) : [...chosen, kind];
    change({ kinds: next.join(',') });
  };
  return (
    <fieldset className="kinds">
      <legend>Kinds</legend>
      {groups.map((kind) => (
        <button
          key={kind}
          type="button"
          className="chip"
          aria-pressed={chosen.includes(kind)}
          onClick={() => turn(kind)}
        >
          {kind.replace('_', ' ')}
        </button>
      ))}
    </fieldset>
  );
};

interface ActivityProps {
  readonly first: ActivityAnswer;
  readonly firstKey: string;
}

/** Everything that was written down: by the node, and by who operates it. */
export const ActivityPage = ({ first, firstKey }: ActivityProps) => {
  const api = useApi();
  const { answer } = useLive();
  const page = useListPage({
    names: ACTIVITY_FILTERS,
    wishOf: activityWish,
    first,
    firstKey,
    load: (wish) => api.activity.query(wish),
    idOf,
    marker: answer.kind === 'status' ? String(answer.status.activity[0]?.seq ?? '') : '',
  });
  const { search, change, list } = page;
  const text = (name: string, label: string, hint: string) => (
    <TextFilter name={name} label={label} value={search.get(name) ?? ''} hint={hint} change={change} />
  );
  return (
    <ListFrame
      page={page}
      heading="Activity"
      note="Append-only: nothing here is changed or removed."
      path="activity"
      feed
      fields={
        <>
          <Kinds search={search} change={change} />
          <Choice
            name="range"
            label="Range"
            value={search.get('range') ?? ''}
            choices={RANGES}
            change={change}
          />
          {text('actor', 'Actor', 'name')}
          {text('q', 'Find', 'text in the event')}
        </>
      }
      title="Events"
      one="event"
      columns={EVENT_COLUMNS}
      tableClass="steady steady-events"
      idOf={idOf}
      at={at}
      byDay
      row={(row) => <EventRow row={row} />}
      card={(row) => <EventCard row={row} />}
      proof={
        <p className="proof">
          Nothing has happened {list.more === null ? null : <Watched watching={list.more.watching} />}.
        </p>
      }
    />
  );
};
