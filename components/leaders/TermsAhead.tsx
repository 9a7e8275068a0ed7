'use client';

import type { StatusView } from '../../server/api/views.ts';
import { count, groupDigits } from '../format.ts';
import { useNow } from '../live/LiveProvider.tsx';
import { NotKnown } from '../parts/Grouped.tsx';
import { Hash } from '../parts/Hash.tsx';
import { Panel } from '../parts/Panel.tsx';
import { useZone } from '../parts/useZone.ts';
import { lastBatchAt, ourAddress, type Pace, type TermAhead, termsAhead } from './pace.ts';

const STATE_WORD: Record<TermAhead['state'], string> = {
  now: 'now',
  next: 'next',
  scheduled: 'scheduled',
  unknown: 'unknown',
};

/** Whose turns come, and about when. */
export const TermsAhead = ({ status, pace }: { status: StatusView; pace: Pace | null }) => {
  const us = ourAddress(status);
  const zone = useZone();
  const now = useNow();
  const terms = termsAhead(status.leader, pace, lastBatchAt(status));
  const ours = terms.find((term) => term.state !== 'now' && us !== null && term.leader === us);
  return (
    <Panel
      title="Terms to come"
      aside={<span className="quiet">by today’s list: anybody may change it in any L1 block</span>}
    >
      {terms.length === 0 ? (
        <p className="blank">No schedule: {status.leader.detail ?? 'the registry was not read yet'}.</p>
      ) : (
        <ol className="term-strip">
          {terms.map((term) => (
            <li
              key={term.first}
              className={`turn ${term.state === 'now' ? 'turn-now' : ''}`}
              data-first={term.first}
              data-state={term.state}
            >
              <span className="turn-span num">
                {groupDigits(term.first)}–{groupDigits(term.last)}
              </span>
              <span className="turn-leader">
                {term.leader === null ? (
                  <NotKnown why="nobody" />
                ) : (
                  <Hash value={term.leader} what="address of the sequencer" copy={false} />
                )}
              </span>
              <span className="turn-word num">
                <span>{STATE_WORD[term.state]}</span>
                {us !== null && term.leader === us ? <span className="us">★ us</span> : null}
              </span>
              {term.state === 'now' ? null : (
                <span className="turn-when num">
                  in {count(term.inBatches, 'batch', 'batches')}
                  {term.startsAt === null
                    ? ''
                    : term.startsAt <= now
                      ? ', overdue'
                      : `, ≈ ${zone.clock(term.startsAt)} ${zone.word}`}
                </span>
              )}
            </li>
          ))}
        </ol>
      )}
      {us === null || terms.length === 0 ? null : (
        <p className="quiet num">
          {status.leader.isUs
            ? 'This node leads now.'
            : ours === undefined
              ? 'This node has no term among these.'
              : `This node’s next term begins in ${count(ours.inBatches, 'batch', 'batches')}.`}
        </p>
      )}
    </Panel>
  );
};
