import { memo, type ReactNode } from 'react';
import type { LeaderTerm } from '../../server/api/historyViews.ts';
import { count, duration, groupDigits, shortHash } from '../format.ts';
import { Age } from '../parts/Age.tsx';
import { NotKnown } from '../parts/Grouped.tsx';
import { Hash } from '../parts/Hash.tsx';
import { Icon } from '../parts/Icon.tsx';
import { Moment } from '../parts/Moment.tsx';
import { TERM_WHY } from '../words.ts';

/** An L1 reorg took it back before it had a batch. */
const isTakenBack = ({ lastBatch, endedWhy }: LeaderTerm): boolean =>
  lastBatch === null && endedWhy === 'l1_reorg';

/** It was somebody's, it ran out, and no batch was committed in it. */
const isMissed = (row: LeaderTerm): boolean =>
  row.leader !== null && row.until !== null && row.lastBatch === null && !isTakenBack(row);

const Outcome = ({ row }: { row: LeaderTerm }) => {
  const [shape, tone, word] =
    row.until === null
      ? (['disc', 'info', 'leads now'] as const)
      : isMissed(row)
        ? (['cross', 'stop', 'missed'] as const)
        : isTakenBack(row)
          ? (['cross', 'reorg', 'orphaned'] as const)
          : (['check', 'ok', 'done'] as const);
  return (
    <span className={`state tone-${tone}`}>
      <Icon shape={shape} />
      <span>{word}</span>
    </span>
  );
};

const committed = ({ firstBatch, lastBatch, until }: LeaderTerm): ReactNode => {
  if (lastBatch !== null) return groupDigits(lastBatch - firstBatch + 1);
  return until === null ? <NotKnown why="not over" /> : '0';
};

/** Batch numbers of a term; one that was missed has the one that it would have begun with. */
const span = ({ firstBatch, lastBatch, until }: LeaderTerm): string => {
  if (lastBatch === null) return `${groupDigits(firstBatch)}${until === null ? ' – …' : ''}`;
  return lastBatch > firstBatch
    ? `${groupDigits(firstBatch)} – ${groupDigits(lastBatch)}`
    : groupDigits(firstBatch);
};

const Who = ({ row, us }: { row: LeaderTerm; us: string | null }) =>
  row.leader === null ? (
    <NotKnown why="nobody was registered" />
  ) : (
    <>
      <Hash value={row.leader} what="address of the leader" />
      {row.leader === us ? <span className="us"> ★ us</span> : null}
    </>
  );

export const TERM_COLUMNS = [
  'Batches',
  'Since',
  'Leader',
  'Outcome',
  { right: 'Committed' },
  { right: 'First batch after' },
  { right: 'Reorgs' },
  'Why it began',
];

export const TermRow = memo(({ row, us }: { row: LeaderTerm; us: string | null }) => (
  <tr data-term={row.firstBatch} data-missed={isMissed(row)}>
    <th scope="row" className="num">
      {span(row)}
    </th>
    <td>
      <Moment at={row.since} />{' '}
      <span className="quiet">
        · <Age at={row.since} />
      </span>
    </td>
    <td>
      <Who row={row} us={us} />
    </td>
    <td>
      <Outcome row={row} />
    </td>
    <td className="right num">{committed(row)}</td>
    <td className="right num">{row.firstDelayMs === null ? <NotKnown /> : duration(row.firstDelayMs)}</td>
    <td className="right num">{row.reorgs}</td>
    <td className="wraps">
      {TERM_WHY[row.why] ?? row.why}
      {row.by === null ? '' : ` by ${shortHash(row.by)}`}
    </td>
  </tr>
));

export const TermCard = memo(({ row, us }: { row: LeaderTerm; us: string | null }) => (
  <li className="card" data-term={row.firstBatch}>
    <p className="card-top">
      <strong className="num">{span(row)}</strong>
      <Outcome row={row} />
    </p>
    <p className="card-line">
      <Who row={row} us={us} />
    </p>
    <p className="card-line quiet">
      <Moment at={row.since} /> · {TERM_WHY[row.why] ?? row.why}
      {row.reorgs > 0 ? ` · ${count(row.reorgs, 'reorg')}` : ''}
    </p>
  </li>
));
