'use client';

import type { DevnetVerb, StatusView } from '../server/api/views.ts';
import { FleetPanel } from './fleet/FleetPanel.tsx';
import { AlignmentPanel } from './lanes/AlignmentPanel.tsx';
import { useLive } from './live/LiveProvider.tsx';
import { ActivityPanel } from './panels/ActivityPanel.tsx';
import { BatchPanel } from './panels/BatchPanel.tsx';
import { CadencePanel } from './panels/CadencePanel.tsx';
import { DevnetPanel } from './panels/DevnetPanel.tsx';
import { HeadTiles } from './panels/HeadTiles.tsx';
import { LeaderCard } from './panels/LeaderCard.tsx';
import { ObservedPanel } from './panels/ObservedPanel.tsx';
import { ReorgPanel } from './panels/ReorgPanel.tsx';
import { SequencingStrip } from './panels/SequencingStrip.tsx';
import { SyncBar } from './panels/SyncBar.tsx';
import { TroublePanel } from './panels/TroublePanel.tsx';
import { VerdictBand } from './panels/VerdictBand.tsx';
import { useClaim } from './shell/claim.ts';
import { Dimming, NoNode } from './shell/Dimming.tsx';

/** Troubles of the loop and of what runs beside it. */
const hasTrouble = ({ trouble, sequencer }: StatusView): boolean =>
  trouble !== null || (sequencer !== null && sequencer.troubles.length > 0);

const Numbers = ({ status }: { status: StatusView }) => (
  <Dimming>
    {status.sync === null ? null : <SyncBar sync={status.sync} />}
    <ObservedPanel observed={status.observed} />
    {hasTrouble(status) ? <TroublePanel status={status} /> : null}
    <div className="tiles">
      <HeadTiles heads={status.heads} />
      <LeaderCard leader={status.leader} />
      <SequencingStrip leader={status.leader} sequencer={status.sequencer} />
    </div>
    <FleetPanel status={status} />
    <AlignmentPanel lanes={status.lanes} heads={status.heads} />
    <div className="columns">
      <div className="side">
        <BatchPanel batches={status.batches} />
        <CadencePanel batches={status.batches} />
      </div>
      <div className="side side-small">
        {hasTrouble(status) ? null : <TroublePanel status={status} />}
        <ReorgPanel reorgs={status.reorgs} watchingSince={status.node.startedAt} />
        <ActivityPanel activity={status.activity} />
      </div>
    </div>
  </Dimming>
);

/** Is it right, who leads, what changed: the page that answers it live. */
export const Overview = ({ devnet }: { devnet: readonly DevnetVerb[] }) => {
  const { answer, pill } = useLive();
  const claim = useClaim();
  return (
    <>
      <h1 className="sr-only">Overview</h1>
      <VerdictBand answer={answer} claim={claim} />
      {answer.kind === 'status' ? <Numbers status={answer.status} /> : <NoNode />}
      {answer.kind === 'status' && devnet.length > 0 ? (
        <DevnetPanel verbs={devnet} status={answer.status} reachable={pill.kind !== 'offline'} />
      ) : null}
    </>
  );
};
