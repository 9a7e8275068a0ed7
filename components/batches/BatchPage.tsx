'use client';

import Link from 'next/link';
import { useMemo } from 'react';
import type { BatchAnswer, BatchListRow } from '../../server/api/historyViews.ts';
import type { BatchView, StatusView } from '../../server/api/views.ts';
import { elapsed, groupDigits, shortHash } from '../format.ts';
import { useApi, useLive } from '../live/LiveProvider.tsx';
import { CopyLink } from '../parts/CopyLink.tsx';
import { ExplorerLink } from '../parts/ExplorerLink.tsx';
import { NotKnown } from '../parts/Grouped.tsx';
import { Hash } from '../parts/Hash.tsx';
import { Icon } from '../parts/Icon.tsx';
import { Json } from '../parts/Json.tsx';
import { Line } from '../parts/Line.tsx';
import { Moment } from '../parts/Moment.tsx';
import { PageHead } from '../parts/PageHead.tsx';
import { Panel } from '../parts/Panel.tsx';
import { Prose } from '../parts/Prose.tsx';
import { Neighbours, RecordFrame } from '../records/RecordFrame.tsx';
import { useRecord } from '../records/useRecord.ts';
import { BATCH_STEPS } from '../words.ts';
import { BatchSpan, StatusPips } from './BatchRows.tsx';
import { batchMarker, liveBatches, overlay } from './overlay.ts';

/** How often a batch is looked at while nothing announces a change. Milliseconds. */
const LOOK_AGAIN_MS = 20_000;

/** How long after the step before; null where either is not known. */
const spent = (row: BatchListRow, i: number): number | null => {
  const at = row.steps[BATCH_STEPS[i]!];
  for (let j = i - 1; j >= 0; j--) {
    const before = row.steps[BATCH_STEPS[j]!];
    if (before !== undefined) return at === undefined ? null : at - before;
  }
  return null;
};

const Steps = ({ row }: { row: BatchListRow }) => {
  const reached = BATCH_STEPS.indexOf(row.status as (typeof BATCH_STEPS)[number]);
  return (
    <ol className="steps" aria-label="Progress of the batch">
      {BATCH_STEPS.map((step, i) => {
        const at = row.steps[step];
        const took = spent(row, i);
        const done = at !== undefined || i <= reached;
        return (
          <li key={step} className="step" data-reached={done}>
            <span className="step-name">{step}</span>
            <span className="sr-only">{done ? ', reached' : ', not reached'}</span>
            <span className="step-time">
              {at === undefined ? (
                done ? (
                  <NotKnown why="time not kept" />
                ) : (
                  'not yet'
                )
              ) : (
                <>
                  <Moment at={at} form={i === 0 ? 'exact' : 'clock'} />
                  {took === null ? '' : <span className="num"> +{elapsed(took)}</span>}
                </>
              )}
            </span>
          </li>
        );
      })}
    </ol>
  );
};

const Duty = ({ poster, leader }: { poster: string | null; leader: string | null }) => {
  if (poster === null || leader === null || poster === leader) return null;
  return (
    <p className="note duty">
      <Icon shape="triangle" /> Posted by another than the leader on duty as this node saw it. The registry
      decides on L1, so this node may have learnt of the change late.
    </p>
  );
};

/** Two commits may be in L1 blocks of one number: the hash tells them apart. */
const titleOf = ({ l1Block, seq }: BatchListRow): string =>
  l1Block === null
    ? `Commit, event ${seq}`
    : `Commit in L1 block ${groupDigits(l1Block.number)} (${shortHash(l1Block.hash)})`;

interface CommitProps {
  readonly row: BatchListRow;
  readonly leader: string | null;
  readonly live: BatchView | undefined;
}

const Commit = ({ row, leader, live }: CommitProps) => (
  <Panel
    title={titleOf(row)}
    aside={<StatusPips status={row.status} />}
    {...(row.l1Block === null ? {} : { anchor: `commit-${row.l1Block.hash}` })}
  >
    <Steps row={row} />
    {row.reason === null && row.orphanedBy === null ? null : (
      <p className="reason">
        {row.reason === null ? null : <Prose text={row.reason} />}{' '}
        {row.orphanedBy === null ? null : (
          <Link href={`/reorgs/${encodeURIComponent(row.orphanedBy)}`} prefetch={false} className="link">
            See reorg {row.orphanedBy}
          </Link>
        )}
      </p>
    )}
    <Duty poster={row.poster} leader={leader} />
    <dl className="rows">
      <Line name="L1 block">
        {row.l1Block === null ? (
          <NotKnown />
        ) : (
          <>
            <span className="num">{groupDigits(row.l1Block.number)}</span>{' '}
            <Hash value={row.l1Block.hash} what="hash of the L1 block" />
            <ExplorerLink kind="l1Block" id={row.l1Block.number} what="L1 block" />
          </>
        )}
      </Line>
      <Line name="Transaction">
        {row.txHash === null ? (
          <NotKnown />
        ) : (
          <>
            <Hash value={row.txHash} what="hash of the commit transaction" />
            <ExplorerLink kind="l1Tx" id={row.txHash} what="commit transaction" />
          </>
        )}
      </Line>
      <Line name="Poster">
        {row.poster === null ? <NotKnown /> : <Hash value={row.poster} what="address of the poster" />}
      </Line>
      <Line name="Leader on duty">
        {leader === null ? (
          <NotKnown why="not known to this node" />
        ) : (
          <Hash value={leader} what="address of the leader on duty" />
        )}
      </Line>
      <Line name="L2 blocks">
        <BatchSpan row={row} />
      </Line>
      <Line name="Last block's hash">
        {live?.lastBlockHash == null ? (
          <NotKnown />
        ) : (
          <Hash value={live.lastBlockHash} what="hash of the last L2 block" />
        )}
      </Line>
      <Line name="State root">
        {live === undefined ? <NotKnown /> : <Hash value={live.stateRoot} what="state root" />}
      </Line>
      <Line name="Transactions">
        <span className="num">
          {row.transactions === null ? <NotKnown /> : groupDigits(row.transactions)}
          {live?.privilegedCount == null
            ? ''
            : `, ${groupDigits(live.privilegedCount)} of them deposits from L1`}
        </span>
      </Line>
      <Line name="Gas used">
        {row.gasUsed === null ? (
          <NotKnown />
        ) : (
          <span className="num">{groupDigits(Number(row.gasUsed))}</span>
        )}
      </Line>
      <Line name="Carried by">{row.source ?? <NotKnown />}</Line>
    </dl>
  </Panel>
);

const neighbour = (number: number | null, what: string) =>
  number === null
    ? null
    : { path: `/batches/${number}`, text: groupDigits(number), name: `${what}, ${number}` };

interface WholeProps {
  readonly answer: Extract<BatchAnswer, { kind: 'batch' }>;
  readonly batches: StatusView['batches'];
}

const Whole = ({ answer, batches }: WholeProps) => {
  const live = useMemo(() => liveBatches(batches), [batches]);
  const { number, commits, leader, older, newer } = answer;
  return (
    <>
      <PageHead
        title={
          <>
            Batch <span className="num">{groupDigits(number)}</span>
          </>
        }
        note={commits.length > 1 ? `committed ${commits.length} times: each has its own part below` : null}
      >
        <Neighbours
          label="Other batches"
          older={neighbour(older, 'Batch before')}
          newer={neighbour(newer, 'Batch after')}
        />
        <CopyLink />
        <a className="button" href={`/api/v1/batches/${number}`} download={`batch-${number}.json`}>
          JSON
        </a>
      </PageHead>
      {commits.map((row) => (
        <Commit
          key={`${row.l1Block?.hash ?? row.seq}`}
          row={overlay(row, live)}
          leader={leader}
          live={row.l1Block === null ? undefined : live.get(`${number} ${row.l1Block.hash}`)}
        />
      ))}
      <Panel title="Raw">
        <Json value={commits} />
      </Panel>
    </>
  );
};

/** One batch number: every commit that it had, how far each came and what it carries. */
export const BatchPage = ({ number, first }: { number: number; first: BatchAnswer }) => {
  const api = useApi();
  const { answer } = useLive();
  const batches = answer.kind === 'status' ? answer.status.batches : [];
  const marker = `${batchMarker(batches.filter((batch) => batch.number === number))} ${batches[0]?.number ?? ''}`;
  const { data, asOf } = useRecord({
    queryKey: ['batch', number],
    load: () => api.batch.query({ number }),
    first,
    marker,
    every: () => LOOK_AGAIN_MS,
  });
  return (
    <RecordFrame
      list={{ path: '/batches', name: 'Batches' }}
      asOf={asOf}
      missing={
        data.kind === 'batch'
          ? null
          : { title: `Batch ${groupDigits(number)}`, label: 'No such batch', sentence: data.sentence }
      }
    >
      {data.kind === 'batch' ? <Whole answer={data} batches={batches} /> : null}
    </RecordFrame>
  );
};
