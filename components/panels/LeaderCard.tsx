import type { LeaderView } from '../../server/api/views.ts';
import { count, groupDigits } from '../format.ts';
import { NotKnown } from '../parts/Grouped.tsx';
import { Hash } from '../parts/Hash.tsx';
import { MoreLink } from '../parts/MoreLink.tsx';

type Term = NonNullable<LeaderView['term']>;

const batchesOf = (term: Term): number[] =>
  Array.from({ length: term.last - term.first + 1 }, (_, i) => term.first + i);

/** A term is counted in batches, not in time: one mark a batch, as the registry counts them. */
const TermBar = ({ term, nextBatch }: { term: Term; nextBatch: number | null }) => {
  const size = term.last - term.first + 1;
  const done = size - term.left;
  const width = 100 / size;
  return (
    <svg
      viewBox="0 0 100 6"
      preserveAspectRatio="none"
      className="term"
      role="img"
      aria-label={`${done} of ${size} batches of the term are committed`}
    >
      {batchesOf(term).map((batch, i) => (
        <rect
          key={batch}
          x={i * width + 0.3}
          width={width - 0.6}
          height="6"
          className={batch === nextBatch ? 'term-now' : i < done ? 'term-done' : 'term-todo'}
        />
      ))}
    </svg>
  );
};

/** Where the next leader's first term begins, by today's list. */
const NextTurn = ({ leader, next }: { leader: LeaderView; next: string }) => {
  const turn = leader.upcoming.find((term) => term.leader === next);
  return turn === undefined ? null : <span className="num quiet">from batch {groupDigits(turn.first)}</span>;
};

const UnknownLeader = ({ detail }: { detail: string | null }) => (
  <>
    <p className="tile-number">
      <NotKnown />
    </p>
    <p className="tile-facts">{detail ?? 'No leader has been read from the registry.'}</p>
  </>
);

/** Who commits the next batch, how far its term is, and who follows. */
export const LeaderCard = ({ leader }: { leader: LeaderView }) => {
  const { address, term, next, nextBatch, isUs, detail } = leader;
  return (
    <section className="tile tile-leader" aria-label="Lead sequencer" data-leader={address ?? ''}>
      <h2 className="tile-name">
        <span>Lead sequencer</span>
        {isUs ? <span className="us">★ this node</span> : null}
        <MoreLink to="/leaders">Schedule</MoreLink>
      </h2>
      {address === null ? (
        <UnknownLeader detail={detail} />
      ) : (
        <>
          <p className="leader-address">
            <Hash value={address} what="address of the lead sequencer" />
          </p>
          {term === null ? (
            <p className="tile-facts">Term {detail ?? 'not known'}</p>
          ) : (
            <>
              <TermBar term={term} nextBatch={nextBatch} />
              <p className="tile-facts">
                <span className="num">
                  {nextBatch === null ? 'next batch not known' : `batch ${groupDigits(nextBatch)} is due`}
                </span>
                <span className="num quiet">
                  {/* One piece of text: pieces after a number move with its digits. */}
                  {`${count(term.left, 'batch', 'batches')} left of ${term.last - term.first + 1}`}
                </span>
              </p>
            </>
          )}
          <p className="tile-facts">
            <span className="quiet">then</span>{' '}
            {next === null ? (
              <NotKnown why="no other sequencer known" />
            ) : (
              <>
                <Hash value={next} what="address of the next sequencer" />
                <NextTurn leader={leader} next={next} />
              </>
            )}
          </p>
        </>
      )}
    </section>
  );
};
