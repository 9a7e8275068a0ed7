'use client';

import type { LeaderView, StatusView } from '../../server/api/views.ts';
import { count, duration, groupDigits } from '../format.ts';
import { useNow } from '../live/LiveProvider.tsx';
import { NotKnown } from '../parts/Grouped.tsx';
import { Hash } from '../parts/Hash.tsx';
import { Panel } from '../parts/Panel.tsx';
import { lastBatchAt, type Pace, termLeftMs } from './pace.ts';

const batchesOfTerm = (term: NonNullable<LeaderView['term']>): number[] =>
  Array.from({ length: term.last - term.first + 1 }, (_, i) => term.first + i);

/** One mark a batch of the present term: committed, due now, to come. */
const BatchStrip = ({ leader }: { leader: LeaderView }) => {
  const { term, nextBatch } = leader;
  if (term === null || nextBatch === null) return null;
  const done = nextBatch - term.first;
  return (
    <ol
      className="batch-strip"
      aria-label={`Batches of this term: ${done} of ${term.last - term.first + 1} committed`}
    >
      {batchesOfTerm(term).map((batch) => {
        const state = batch < nextBatch ? 'done' : batch === nextBatch ? 'due' : 'later';
        return (
          <li
            key={batch}
            data-state={state}
            title={`batch ${groupDigits(batch)}, ${state === 'done' ? 'committed' : state === 'due' ? 'due now' : 'to come'}`}
          />
        );
      })}
    </ol>
  );
};

const Unknown = ({ leader }: { leader: LeaderView }) => (
  <Panel title="Now">
    <p className="lead">
      <NotKnown why="The schedule is not known" />:{' '}
      {leader.detail ?? 'no leader has been read from the registry'}.
    </p>
    <p className="quiet">
      {leader.nextBatch === null
        ? 'The next batch is not known either.'
        : `Batch ${groupDigits(leader.nextBatch)} is due; who may commit it is not known.`}
    </p>
  </Panel>
);

const Countdown = ({ status, pace }: { status: StatusView; pace: Pace | null }) => {
  const now = useNow();
  const left = termLeftMs(status.leader, pace, lastBatchAt(status), now);
  const { term } = status.leader;
  if (term === null) return null;
  return (
    <p className="countdown num">
      <strong>{count(term.left, 'batch', 'batches')} left</strong>{' '}
      <span className="quiet">
        {left === null || pace === null
          ? 'no estimate: too few batches to tell a rhythm'
          : left === 0
            ? `overdue: batches came every ${duration(pace.perBatchMs)}`
            : `≈ ${duration(left)}, if batches go on coming every ${duration(pace.perBatchMs)}`}
      </span>
    </p>
  );
};

/** Who leads, how far its term is, and about when it ends. */
export const LeaderNow = ({ status, pace }: { status: StatusView; pace: Pace | null }) => {
  const { leader } = status;
  if (leader.address === null) return <Unknown leader={leader} />;
  return (
    <Panel
      title="Now"
      className="now-panel"
      aside={
        leader.isUs ? (
          <span className="us">★ this node</span>
        ) : (
          <span className="quiet">another node leads</span>
        )
      }
    >
      <div className="now-top">
        <p className="leader-address">
          <Hash value={leader.address} what="address of the lead sequencer" />
        </p>
        <Countdown status={status} pace={pace} />
      </div>
      <BatchStrip leader={leader} />
      <p className="tile-facts num">
        {leader.nextBatch === null ? null : <span>batch {groupDigits(leader.nextBatch)} is due</span>}
        {leader.term === null ? null : (
          <span className="quiet">
            term {groupDigits(leader.term.first)} – {groupDigits(leader.term.last)}
          </span>
        )}
        <span className="quiet">a leader that stays idle halts the chain: the registry has no timeout</span>
      </p>
    </Panel>
  );
};
