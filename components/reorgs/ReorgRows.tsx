import Link from 'next/link';
import { memo } from 'react';
import type { ReorgListRow } from '../../server/api/historyViews.ts';
import { duration, groupDigits, shortHash } from '../format.ts';
import { Age } from '../parts/Age.tsx';
import { NotKnown } from '../parts/Grouped.tsx';
import { Hash } from '../parts/Hash.tsx';
import { Icon } from '../parts/Icon.tsx';
import { Moment } from '../parts/Moment.tsx';
import { CAUSE_WORDS, FATE_WORDS } from '../words.ts';
import { allCameBack } from './explain.ts';

export const reorgPath = (id: string): string => `/reorgs/${encodeURIComponent(id)}`;

/**
 * What a reorg is called where its layer and its time stand beside it: the driver's ids (`L1-1764201234567-1a2b3c4d`,
 * driver/reorg.ts) without both of them, others whole. Pure.
 */
export const reorgName = (id: string): string => /^L[12]-\d+-([0-9a-f]{8})$/.exec(id)?.[1] ?? id;

/** The fates of transactions, most telling first. */
export const FATE_ORDER = ['dropped', 'conflicting', 'pending', 're_included', 'same', 'not_known'] as const;

type Fated = Pick<ReorgListRow, 'fates' | 'transactionCount' | 'depth' | 'returnedL2Count'>;

/** What became of the transactions, most telling first; nothing is guessed. */
export const fatesInWords = (row: Fated): string | null => {
  const { fates, transactionCount } = row;
  if (fates === null || transactionCount === null)
    return allCameBack(row) ? 'all back in their blocks' : null;
  if (transactionCount === 0) return 'none';
  return FATE_ORDER.flatMap((fate) =>
    fates[fate] > 0 ? [`${groupDigits(fates[fate])} ${FATE_WORDS[fate].word}`] : [],
  ).join(', ');
};

export const Fates = ({ row }: { row: Fated }) => {
  const words = fatesInWords(row);
  const lost = (row.fates?.dropped ?? 0) + (row.fates?.conflicting ?? 0);
  return words === null ? (
    <NotKnown />
  ) : (
    <span className={lost > 0 ? 'num tone-stop toned' : 'num'}>{words}</span>
  );
};

/** Up to eight bars for a depth, so that a deep one stands out in a column of numbers. */
const Depth = ({ depth, exact }: { depth: number; exact: boolean }) => (
  <span className="depth">
    <svg viewBox="0 0 40 10" className="depth-bars" aria-hidden="true" focusable="false">
      {Array.from({ length: Math.min(8, Math.max(1, depth)) }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: bars are told by their place alone.
        <rect key={i} x={i * 5} y="0.500" width="3.500" height="9" rx="1" />
      ))}
    </svg>
    <span className="num">
      {exact ? '' : '≥ '}
      {groupDigits(depth)}
    </span>
  </span>
);

export const Recovered = ({ row }: { row: Pick<ReorgListRow, 'recoveryMs' | 'recoveredAt'> }) =>
  row.recoveredAt === null ? (
    <span className="state tone-reorg">
      <Icon shape="quarter" />
      <span>recovering</span>
    </span>
  ) : (
    <span className="state tone-ok">
      <Icon shape="check" />
      <span className="num">{row.recoveryMs === null ? 'yes' : duration(row.recoveryMs)}</span>
    </span>
  );

/** Broken before or after, where there is no room for two beside each other, and not within. */
const Short = ({ hash }: { hash: string | null }) => (
  <span className="whitespace-nowrap">{hash === null ? '?' : shortHash(hash)}</span>
);

const Leaders = ({ leader: { before, after } }: Pick<ReorgListRow, 'leader'>) => {
  if (before === null && after === null) return <NotKnown />;
  if (before === after) return <span className="quiet">unchanged</span>;
  return (
    <span className="mono" title={`${before ?? 'not known'} → ${after ?? 'not known'}`}>
      <Short hash={before} /> → <Short hash={after} />
    </span>
  );
};

/** The L1 reorg that took back the same L2 blocks. */
const CausedBy = ({ id }: { id: string | null }) =>
  id === null ? null : (
    <span className="quiet">
      by L1 reorg{' '}
      <Link href={reorgPath(id)} prefetch={false} className="link" title={id}>
        {reorgName(id)}
      </Link>
    </span>
  );

const Tips = ({ row: { oldTip, newTip } }: { row: ReorgListRow }) => (
  <span className="mono" title={`${oldTip?.hash ?? 'not known'} → ${newTip?.hash ?? 'not known'}`}>
    <Short hash={oldTip?.hash ?? null} /> → <Short hash={newTip?.hash ?? null} />
  </span>
);

export const REORG_COLUMNS = [
  'Reorg',
  'Detected',
  'Layer',
  'Depth',
  'Cause',
  'Recovered',
  'Transactions',
  'Common ancestor',
  'Old → new tip',
  'Leader',
];

export const ReorgTableRow = memo(({ row }: { row: ReorgListRow }) => (
  <tr className="row-linked" data-reorg={row.id} data-open={row.recoveredAt === null}>
    <th scope="row">
      <Link href={reorgPath(row.id)} prefetch={false} className="row-link">
        <span className="tone-reorg toned">
          <Icon shape="bolt" />
        </span>{' '}
        <span title={row.id}>{reorgName(row.id)}</span>
      </Link>
    </th>
    <td>
      <Moment at={row.detectedAt} form="instant" />{' '}
      <span className="quiet">
        · <Age at={row.detectedAt} />
      </span>
    </td>
    <td>{row.layer}</td>
    <td>
      <Depth depth={row.depth} exact={row.exact} />
    </td>
    <td title={CAUSE_WORDS[row.cause]}>
      <span className="mono">{row.cause}</span> <CausedBy id={row.causedBy} />
    </td>
    <td>
      <Recovered row={row} />
    </td>
    <td className="wraps">
      <Fates row={row} />
    </td>
    <td>
      {row.commonAncestor === null ? (
        <NotKnown />
      ) : (
        <span className="num" title={row.commonAncestor.hash}>
          {groupDigits(row.commonAncestor.number)}
        </span>
      )}
    </td>
    <td className="breaks">
      <Tips row={row} />
    </td>
    <td className="breaks">
      <Leaders leader={row.leader} />
    </td>
  </tr>
));

export const ReorgCard = memo(({ row }: { row: ReorgListRow }) => (
  <li className="card row-linked" data-reorg={row.id}>
    <p className="card-top">
      <Link href={reorgPath(row.id)} prefetch={false} className="row-link">
        <span className="tone-reorg toned">
          <Icon shape="bolt" />
        </span>{' '}
        <strong>
          {row.layer} depth {row.exact ? '' : '≥ '}
          {groupDigits(row.depth)}
        </strong>{' '}
        <span className="quiet" title={row.id}>
          {reorgName(row.id)}
        </span>
      </Link>
      <Age at={row.detectedAt} className="quiet" />
    </p>
    <p className="card-line">{CAUSE_WORDS[row.cause]}</p>
    <p className="card-line">
      <span className="mono quiet">{row.cause}</span> <CausedBy id={row.causedBy} />
    </p>
    <p className="card-top card-line">
      <span>
        <span className="quiet">transactions</span> <Fates row={row} />
      </span>
      <Recovered row={row} />
    </p>
  </li>
));

/** A hash of a block on a reorg's page. */
export const BlockHash = ({ hash, what }: { hash: string; what: string }) => (
  <Hash value={hash} what={what} />
);
