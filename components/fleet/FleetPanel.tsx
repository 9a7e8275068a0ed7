'use client';

import { useQuery } from '@tanstack/react-query';
import { Fragment } from 'react';
import type { FleetRow } from '../../server/api/historyViews.ts';
import type { StatusView, VerdictKind } from '../../server/api/views.ts';
import { count, groupDigits, shortHash, signed } from '../format.ts';
import { safeLink } from '../links.ts';
import { useApi, useLive } from '../live/LiveProvider.tsx';
import { Age } from '../parts/Age.tsx';
import { NotKnown } from '../parts/Grouped.tsx';
import { Icon } from '../parts/Icon.tsx';
import { Panel } from '../parts/Panel.tsx';
import { VERDICT_WORDS } from '../words.ts';
import { type Comparison, compareFleet } from './compare.ts';

const EVERY_MS = 3_000;
const HEADS = ['l1', 'unsafe', 'safe', 'finalized'] as const;

const Verdict = ({ row }: { row: FleetRow }) => {
  if (row.problem !== null)
    return (
      <span className="state tone-stop" title={row.problem}>
        <Icon shape="cross" />
        <span>silent</span>
      </span>
    );
  const word = VERDICT_WORDS[row.verdict as VerdictKind] ?? VERDICT_WORDS.unknown;
  return (
    <span className={`state tone-${word.tone}`} title={row.sentence ?? undefined}>
      <Icon shape={word.shape} />
      <span>{word.word}</span>
    </span>
  );
};

const Name = ({ row }: { row: FleetRow }) => {
  const href = row.us ? null : safeLink(row.url);
  return (
    <>
      {href === null ? (
        row.name
      ) : (
        <a className="link" href={href}>
          {row.name}
        </a>
      )}
      {row.us ? <span className="us"> ★ this node</span> : null}
    </>
  );
};

const Head = ({
  block,
  highest,
}: {
  block: { number: number; hash: string } | null;
  highest: number | null;
}) => {
  if (block === null) return <NotKnown />;
  const behind = highest === null ? 0 : block.number - highest;
  return (
    <span className="num" title={block.hash}>
      {groupDigits(block.number)} <span className="mono quiet">{shortHash(block.hash)}</span>
      {behind < 0 ? <span className="behind"> {signed(behind)}</span> : null}
    </span>
  );
};

const Role = ({ row }: { row: FleetRow }) =>
  row.leads ? (
    <span className="state tone-ok">
      <Icon shape="disc" />
      <span>leads</span>
    </span>
  ) : (
    <span className="quiet">{row.role?.toLowerCase() ?? (row.problem === null ? 'follows' : '–')}</span>
  );

const Outcome = ({ told, answering, all }: { told: Comparison; answering: number; all: number }) => {
  const first = told.conflicts[0];
  if (first !== undefined)
    return (
      <div className="reason fleet-conflict" role="alert">
        <p>
          <strong>
            Disagreement at {first.what} <span className="num">{groupDigits(first.at)}</span>
          </strong>
          {told.agreedBatch === null ? '' : `, in agreement up to batch ${groupDigits(told.agreedBatch)}`}
        </p>
        <ul>
          {first.sides.map(({ hash, nodes }) => (
            <li key={hash}>
              <span className="mono" title={hash}>
                {shortHash(hash)}
              </span>{' '}
              {nodes.join(', ')}
            </li>
          ))}
        </ul>
      </div>
    );
  const silent = all - answering;
  return (
    <p className="fleet-said num">
      <span className={`tone-${silent === 0 ? 'ok' : 'warn'} toned`}>
        <Icon shape={silent === 0 ? 'check' : 'triangle'} />
      </span>{' '}
      {told.agreedBatch === null
        ? 'Nothing to compare yet'
        : `All that can be compared agrees, up to batch ${groupDigits(told.agreedBatch)}`}
      {silent === 0 ? '' : `; ${count(silent, 'node')} of ${all} silent`}
      {told.leading.length === 1 ? `; ${told.leading[0]} leads` : ''}
      {told.leading.length > 1 ? `; ${told.leading.join(' and ')} both say that they lead` : ''}
      {told.leading.length === 0 && answering === all ? '; nobody leads' : ''}.
    </p>
  );
};

/** All nodes of this operator side by side: heads, who leads, who disagrees and where. */
export const FleetPanel = ({ status }: { status: StatusView }) => {
  const api = useApi();
  const { paused } = useLive();
  const { data, isError } = useQuery({
    queryKey: ['fleet'],
    queryFn: () => api.fleet.query(),
    enabled: status.fleet.length > 0,
    refetchInterval: paused ? false : EVERY_MS,
    retry: false,
    networkMode: 'always',
  });
  if (status.fleet.length === 0) return null;
  const rows = data?.kind === 'fleet' ? data.rows : [];
  const asOf = isError && rows.length > 0 ? (data?.now ?? null) : null;
  const told = compareFleet(rows);
  const answering = rows.filter(({ problem }) => problem === null).length;
  return (
    <Panel
      title="Fleet"
      asOf={asOf}
      aside={<span className="quiet num">{count(status.fleet.length, 'node')}, asked every 3 s</span>}
    >
      {rows.length === 0 ? (
        isError ? (
          <p className="blank" role="alert">
            The nodes could not be compared: this page’s server did not answer. It is asked again.
          </p>
        ) : (
          <div className="skeleton fleet-skeleton" aria-busy="true" />
        )
      ) : (
        <>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard (WCAG 2.1.1). */}
          <section className="scroller" aria-label="Fleet, table" tabIndex={0}>
            <table className="data-table">
              <caption className="sr-only">Nodes of the fleet and their heads</caption>
              <thead>
                <tr>
                  {['Node', 'Verdict', 'Role', 'L1 head', 'L2 unsafe', 'L2 safe', 'L2 finalized'].map(
                    (column) => (
                      <th key={column} scope="col">
                        {column}
                      </th>
                    ),
                  )}
                </tr>
              </thead>
              <tbody>
                {rows.map((row) => (
                  <Fragment key={`${row.name} ${row.url}`}>
                    <tr data-node={row.name} className={row.problem === null ? '' : 'has-reason is-silent'}>
                      <th scope="row">
                        <Name row={row} />
                      </th>
                      <td>
                        <Verdict row={row} />
                      </td>
                      <td>
                        <Role row={row} />
                      </td>
                      {row.problem !== null && row.answeredAt === null ? (
                        <td colSpan={4} className="quiet">
                          {row.problem}; it never answered this node
                        </td>
                      ) : (
                        HEADS.map((head) => (
                          <td key={head}>
                            <Head
                              block={row.heads[head]}
                              highest={
                                row.problem === null && head !== 'finalized' ? told.highest[head] : null
                              }
                            />
                          </td>
                        ))
                      )}
                    </tr>
                    {row.problem === null || row.answeredAt === null ? null : (
                      <tr className="reason-row">
                        <td colSpan={3 + HEADS.length}>
                          <p className="reason">
                            {row.problem}; its heads are those of <Age at={row.answeredAt} />
                          </p>
                        </td>
                      </tr>
                    )}
                  </Fragment>
                ))}
              </tbody>
            </table>
          </section>
          {asOf === null ? (
            <Outcome told={told} answering={answering} all={rows.length} />
          ) : (
            <p className="fleet-said" role="status">
              <span className="tone-warn toned">
                <Icon shape="triangle" />
              </span>{' '}
              The nodes cannot be asked at the moment: this page’s server does not answer. What is shown is
              what they said <Age at={asOf} />.
            </p>
          )}
        </>
      )}
    </Panel>
  );
};
