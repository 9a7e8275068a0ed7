import Link from 'next/link';
import { memo } from 'react';
import type { BatchListRow } from '../../server/api/historyViews.ts';
import type { BatchStatus } from '../../server/api/views.ts';
import { groupDigits } from '../format.ts';
import { Age } from '../parts/Age.tsx';
import { ExplorerLink } from '../parts/ExplorerLink.tsx';
import { NotKnown } from '../parts/Grouped.tsx';
import { Hash } from '../parts/Hash.tsx';
import { Icon } from '../parts/Icon.tsx';
import { Moment } from '../parts/Moment.tsx';
import { Prose } from '../parts/Prose.tsx';
import { BATCH_STEPS, STATUS_WORDS } from '../words.ts';

/** When this node saw the commit first; null when it was told of it later only. Milliseconds. */
export const seenAt = ({ steps }: Pick<BatchListRow, 'steps'>): number | null => {
  const times = Object.values(steps);
  return times.length === 0 ? null : Math.min(...times);
};

/** Six pips, one a step; the word says the same. */
export const StatusPips = ({ status }: { status: BatchStatus }) => {
  const { word, shape, tone } = STATUS_WORDS[status];
  const reached = BATCH_STEPS.indexOf(status as (typeof BATCH_STEPS)[number]);
  return (
    <span className={`progress tone-${tone}`} data-progress={status}>
      {reached === -1 ? null : (
        <svg viewBox="0 0 58 8" className="pips" aria-hidden="true" focusable="false">
          {BATCH_STEPS.map((step, i) => (
            <rect
              key={step}
              x={i * 10}
              y="0.5"
              width="7"
              height="7"
              rx="1.5"
              className={i <= reached ? 'pip-on' : 'pip-off'}
            />
          ))}
        </svg>
      )}
      <Icon shape={shape} />
      <span>{word}</span>
    </span>
  );
};

export const BatchSpan = ({ row }: { row: Pick<BatchListRow, 'firstBlock' | 'lastBlock'> }) => {
  const { firstBlock, lastBlock } = row;
  if (firstBlock === null || lastBlock === null) return <NotKnown />;
  return (
    <span className="num">
      {groupDigits(firstBlock)} – {groupDigits(lastBlock)}{' '}
      <span className="quiet">({lastBlock - firstBlock + 1})</span>
    </span>
  );
};

const When = ({ row }: { row: BatchListRow }) => {
  const at = seenAt(row);
  return at === null ? (
    <NotKnown />
  ) : (
    <>
      <Moment at={at} form="clock" />{' '}
      <span className="quiet">
        · <Age at={at} />
      </span>
    </>
  );
};

/** What ended it early, and the reorg that did. */
const Reason = ({ row: { reason, orphanedBy } }: { row: BatchListRow }) => (
  <p className="reason">
    {reason === null ? null : <Prose text={reason} />}{' '}
    {orphanedBy === null ? null : (
      <Link href={`/reorgs/${encodeURIComponent(orphanedBy)}`} prefetch={false} className="link">
        See reorg {orphanedBy}
      </Link>
    )}
  </p>
);

export const BATCH_COLUMNS = [
  'Batch',
  'L1 block',
  'Transaction',
  'Seen',
  'Poster',
  'L2 blocks',
  { right: 'Txs' },
  'Carried by',
  'Progress',
];

export const BatchTableRow = memo(({ row }: { row: BatchListRow }) => {
  const told = row.reason !== null || row.orphanedBy !== null;
  return (
    <>
      <tr
        className={told ? 'row-linked has-reason' : 'row-linked'}
        data-batch={row.number}
        data-progress={row.status}
        data-hash={row.l1Block?.hash}
      >
        <th scope="row" className="num">
          <Link href={`/batches/${row.number}`} prefetch={false} className="row-link">
            {groupDigits(row.number)}
          </Link>
        </th>
        <td className="num">{row.l1Block === null ? <NotKnown /> : groupDigits(row.l1Block.number)}</td>
        <td>
          {row.txHash === null ? (
            <NotKnown />
          ) : (
            <>
              <Hash value={row.txHash} what={`commit transaction of batch ${row.number}`} />
              <ExplorerLink kind="l1Tx" id={row.txHash} what={`commit transaction of batch ${row.number}`} />
            </>
          )}
        </td>
        <td>
          <When row={row} />
        </td>
        <td>{row.poster === null ? <NotKnown /> : <Hash value={row.poster} what="poster" copy={false} />}</td>
        <td>
          <BatchSpan row={row} />
        </td>
        <td className="right num">
          {row.transactions === null ? <NotKnown /> : groupDigits(row.transactions)}
        </td>
        <td>{row.source ?? <NotKnown />}</td>
        <td>
          <StatusPips status={row.status} />
        </td>
      </tr>
      {told ? (
        <tr className="reason-row">
          <td colSpan={BATCH_COLUMNS.length}>
            <Reason row={row} />
          </td>
        </tr>
      ) : null}
    </>
  );
});

export const BatchCardRow = memo(({ row }: { row: BatchListRow }) => (
  <li className="card row-linked" data-batch={row.number} data-progress={row.status}>
    <p className="card-top">
      <Link href={`/batches/${row.number}`} prefetch={false} className="row-link num">
        {groupDigits(row.number)}
      </Link>
      <StatusPips status={row.status} />
    </p>
    <p className="card-line">
      <span className="quiet">L2</span> <BatchSpan row={row} />
    </p>
    <p className="card-line quiet">
      L1 <span className="num">{row.l1Block === null ? 'not known' : groupDigits(row.l1Block.number)}</span> ·{' '}
      <When row={row} />
      {row.transactions === null ? null : ` · ${groupDigits(row.transactions)} txs`}
    </p>
    {row.reason === null && row.orphanedBy === null ? null : <Reason row={row} />}
  </li>
));
