'use client';

import type { LeadersAnswer, LeaderTerm } from '../../server/api/historyViews.ts';
import type { StatusView } from '../../server/api/views.ts';
import { Switch } from '../lists/Filters.tsx';
import { exportSearch, LEADER_FILTERS, leaderWish } from '../lists/filters.ts';
import { ListBody } from '../lists/ListBody.tsx';
import { Exports, Watched } from '../lists/ListParts.tsx';
import { useListPage } from '../lists/useListPage.ts';
import { useApi } from '../live/LiveProvider.tsx';
import { Panel } from '../parts/Panel.tsx';
import { ourAddress } from './pace.ts';
import { TERM_COLUMNS, TermCard, TermRow } from './TermRows.tsx';

const idOf = ({ seq }: LeaderTerm): string => String(seq);
const at = ({ since }: LeaderTerm): number => since;

interface PastProps {
  readonly first: LeadersAnswer;
  readonly firstKey: string;
  readonly status: StatusView;
}

/** How each turn went, as this node saw it. */
export const PastTerms = ({ first, firstKey, status }: PastProps) => {
  const api = useApi();
  const us = ourAddress(status);
  const page = useListPage({
    names: LEADER_FILTERS,
    wishOf: leaderWish,
    first,
    firstKey,
    load: (wish) => api.leaders.query(wish),
    idOf,
    marker: `${status.leader.address} ${status.leader.term?.first}`,
  });
  const { search, change, list, wish } = page;
  return (
    <Panel
      title="Terms as they were"
      asOf={list.asOf}
      aside={
        <div className="panel-tools">
          {us === null ? null : (
            <Switch
              label="mine"
              on={search.get('who') === us}
              onChange={(on) => change({ who: on ? us : null })}
            />
          )}
          <Switch
            label="missed only"
            on={wish.missed === true}
            onChange={(on) => change({ missed: on ? '1' : null })}
          />
          <Exports path="leaders" search={exportSearch(wish)} feed={false} />
        </div>
      }
    >
      <ListBody
        page={page}
        title="Terms"
        one="term"
        columns={TERM_COLUMNS}
        idOf={idOf}
        at={at}
        row={(row) => <TermRow row={row} us={us} />}
        card={(row) => <TermCard row={row} us={us} />}
        proof={
          <p className="proof">
            No change of leaders was seen{' '}
            {list.more === null ? null : <Watched watching={list.more.watching} />}.
          </p>
        }
      />
    </Panel>
  );
};
