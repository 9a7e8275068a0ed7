'use client';

import { useState } from 'react';
import type { OperatorView, StatusView } from '../../server/api/views.ts';
import { Icon } from '../parts/Icon.tsx';
import { Panel } from '../parts/Panel.tsx';
import { useClaim } from '../shell/claim.ts';
import { PauseDialog, type PauseOrder } from './PauseDialog.tsx';
import { ResyncDialog } from './ResyncDialog.tsx';
import { ResyncProgress } from './ResyncProgress.tsx';
import { SignInDialog } from './SignIn.tsx';
import { useSession } from './useSession.ts';

type Paused = OperatorView['paused']['driver'];

const Absent = () => (
  <p className="blank">
    Nothing can be ordered from here: no operator token is configured. Start the node with{' '}
    <code className="mono">--operator-token-file</code> (or{' '}
    <code className="mono">PLUMBLINE_OPERATOR_TOKEN</code>) to enable pause, resume and resync.
  </p>
);

interface SwitchProps {
  readonly part: PauseOrder['part'];
  readonly paused: Paused;
  readonly off: string | null;
  readonly onOrder: (order: PauseOrder) => void;
}

const Switch = ({ part, paused, off, onOrder }: SwitchProps) => (
  <div className="order-row">
    <span className="order-part">{part === 'driver' ? 'Driver' : 'Sequencer'}</span>
    <span className={paused === null ? 'tone-ok order-state' : 'tone-held order-state'}>
      <Icon shape={paused === null ? 'disc' : 'pause'} />
      <span>{paused === null ? 'at work' : `paused by ${paused.by}: “${paused.reason}”`}</span>
    </span>
    <button
      type="button"
      className="button push"
      aria-disabled={off !== null}
      title={off ?? undefined}
      onClick={() =>
        off === null ? onOrder({ what: paused === null ? 'pause' : 'resume', part }) : undefined
      }
    >
      {paused === null ? `Pause the ${part}` : `Resume the ${part}`}
    </button>
  </div>
);

/** Why no order can be given from this page right now; null when one can. */
const useOff = (): string | null => {
  const { stale } = useClaim();
  const { session, mayOrder } = useSession();
  if (stale) return 'This page shows old news: wait until it is live again.';
  if (session?.signedIn === true && !mayOrder) return `${session.name} may look, not order.`;
  return mayOrder ? null : 'Sign in as operator first.';
};

/** What an operator can do to this node, what was done last, and why something is not possible now. */
export const OperatorPanel = ({ status }: { status: StatusView }) => {
  const { enabled, session } = useSession();
  const { operator, node } = status;
  const off = useOff();
  const [order, setOrder] = useState<PauseOrder | null>(null);
  const [resyncing, setResyncing] = useState(false);
  const [signingIn, setSigningIn] = useState(false);
  const running = operator.resync !== null && operator.resync.endedAt === null;
  const noResync =
    off ??
    (running
      ? 'A resync is under way.'
      : operator.paused.driver === null
        ? null
        : 'The driver is paused: resume it first.');
  return (
    <Panel
      title="Operator"
      className="operator"
      aside={
        enabled && session?.signedIn === false ? (
          <button type="button" className="button" onClick={() => setSigningIn(true)}>
            Sign in
          </button>
        ) : null
      }
    >
      {enabled ? (
        <>
          <Switch part="driver" paused={operator.paused.driver} off={off} onOrder={setOrder} />
          {operator.sequencer ? (
            <Switch part="sequencer" paused={operator.paused.sequencer} off={off} onOrder={setOrder} />
          ) : null}
          <div className="order-row">
            <span className="order-part">Chain</span>
            <span className="quiet">Go back to a block that L1 implies, and derive again.</span>
            <button
              type="button"
              className="button button-danger push"
              aria-disabled={noResync !== null}
              title={noResync ?? undefined}
              onClick={() => (noResync === null ? setResyncing(true) : undefined)}
            >
              Resync from L1 …
            </button>
          </div>
          {noResync === null ? null : <p className="quiet order-hint">{noResync}</p>}
          {operator.resync === null ? null : <ResyncProgress resync={operator.resync} />}
        </>
      ) : (
        <Absent />
      )}
      <PauseDialog order={order} nodeName={node.name} onClose={() => setOrder(null)} />
      <ResyncDialog open={resyncing} status={status} onClose={() => setResyncing(false)} />
      <SignInDialog open={signingIn} onClose={() => setSigningIn(false)} />
    </Panel>
  );
};
