'use client';

import { useMemo } from 'react';
import type { LeadersAnswer } from '../../server/api/historyViews.ts';
import { shortHash } from '../format.ts';
import { useLive } from '../live/LiveProvider.tsx';
import { SequencingStrip } from '../panels/SequencingStrip.tsx';
import { PageHead } from '../parts/PageHead.tsx';
import { Dimming, NoNode } from '../shell/Dimming.tsx';
import { LeaderNow } from './LeaderNow.tsx';
import { PastTerms } from './PastTerms.tsx';
import { paceOf } from './pace.ts';
import { TermsAhead } from './TermsAhead.tsx';

interface LeadersProps {
  readonly first: LeadersAnswer;
  readonly firstKey: string;
}

/** Whose turn it is, whose comes, and how each turn went. */
export const LeadersPage = ({ first, firstKey }: LeadersProps) => {
  const { answer } = useLive();
  const status = answer.kind === 'status' ? answer.status : null;
  const batches = status?.batches;
  const pace = useMemo(() => (batches === undefined ? null : paceOf(batches)), [batches]);
  if (status === null)
    return (
      <Dimming>
        <PageHead title="Leaders" />
        <NoNode />
      </Dimming>
    );
  return (
    <Dimming>
      <PageHead
        title="Leaders"
        note="Leadership counts batches, not time. Times of what comes are estimates."
      />
      <LeaderNow status={status} pace={pace} />
      <TermsAhead status={status} pace={pace} />
      {status.sequencer === null ? null : (
        <div className="panel us-panel">
          <SequencingStrip leader={{ ...status.leader, upcoming: [] }} sequencer={status.sequencer} />
        </div>
      )}
      <PastTerms first={first} firstKey={firstKey} status={status} />
      <p className="sr-only" role="status">
        {status.leader.address === null ? 'Leader not known' : `Leader ${shortHash(status.leader.address)}`}
      </p>
    </Dimming>
  );
};
