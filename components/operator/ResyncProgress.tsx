'use client';

import type { OperatorView } from '../../server/api/views.ts';
import { groupDigits } from '../format.ts';
import { Icon } from '../parts/Icon.tsx';
import { Prose } from '../parts/Prose.tsx';

type Resync = NonNullable<OperatorView['resync']>;

const STEPS = [
  { phase: 'pausing', name: 'Pausing' },
  { phase: 'rewinding', name: 'Going back' },
  { phase: 'rederiving', name: 'Deriving again' },
  { phase: 'verifying', name: 'Verifying' },
] as const;

const detailOf = (resync: Resync, phase: string): string => {
  if (phase === 'rewinding') return `to block ${groupDigits(resync.toBlock.number)}`;
  if (phase === 'rederiving' && resync.of > 0) return `${resync.done} of ${resync.of}`;
  return phase === 'verifying' ? `${Math.min(resync.matches, 2)} of 2` : '';
};

/** Where a resync stands; it is the server's state, so it is the same after a reload. */
export const ResyncProgress = ({ resync }: { resync: Resync }) => {
  const at = STEPS.findIndex(({ phase }) => phase === resync.phase);
  const ended = resync.endedAt !== null;
  const tone = resync.phase === 'done' ? 'tone-ok' : resync.phase === 'failed' ? 'tone-stop' : 'tone-info';
  return (
    <div className="resync" data-phase={resync.phase}>
      <ol className="resync-steps" aria-label={`Resync ${resync.id}`}>
        {STEPS.map(({ phase, name }, index) => {
          const state =
            resync.phase === 'done' || (!ended && index < at)
              ? 'past'
              : !ended && index === at
                ? 'now'
                : 'ahead';
          const shape = state === 'past' ? 'check' : state === 'now' ? 'quarter' : 'ring';
          return (
            <li
              key={phase}
              className={`resync-step is-${state}`}
              aria-current={state === 'now' ? 'step' : undefined}
            >
              <Icon shape={shape} />
              <span>{name}</span>
              <span className="quiet num">{state === 'ahead' ? '' : detailOf(resync, phase)}</span>
            </li>
          );
        })}
      </ol>
      <p className={`resync-note ${tone}`} role="status">
        <Icon shape={resync.phase === 'done' ? 'check' : resync.phase === 'failed' ? 'cross' : 'quarter'} />
        <span>
          <Prose text={resync.note} />
          {resync.resumed ? ' (taken up after a restart)' : ''}
        </span>
      </p>
      <p className="quiet resync-by">
        {resync.by}: “{resync.reason}”
      </p>
    </div>
  );
};
