'use client';

import type { SequencerView, StatusView } from '../../server/api/views.ts';
import { duration } from '../format.ts';
import { useNow } from '../live/LiveProvider.tsx';
import { Age } from '../parts/Age.tsx';
import { Icon } from '../parts/Icon.tsx';
import { MoreLink } from '../parts/MoreLink.tsx';
import { Panel } from '../parts/Panel.tsx';
import { Prose } from '../parts/Prose.tsx';

type Trouble = NonNullable<StatusView['trouble']>;
type TroubleStatus = Pick<StatusView, 'trouble' | 'sequencer'>;

const HANDLING: Record<Trouble['severity'], string> = {
  temporary: 'tried again by itself',
  reset: 'derived again from an earlier block',
  degraded: 'the rest goes on without it',
  halt: 'waits for L1 or for an operator',
};

const NextTry = ({ at }: { at: number }) => {
  const now = useNow();
  return <span className="num">{at <= now ? 'trying now' : `next try in ${duration(at - now)}`}</span>;
};

/** What the driver's last step stumbled over, and what happens next. */
const DriverTrouble = ({ trouble }: { trouble: Trouble }) => (
  <div className={`trouble tone-${trouble.severity === 'halt' ? 'stop' : 'warn'}`} data-code={trouble.code}>
    <p className="trouble-code">
      <Icon shape={trouble.severity === 'halt' ? 'square' : 'triangle'} />
      <span className="mono">{trouble.code}</span>
    </p>
    <p className="trouble-message">
      <Prose text={trouble.message} />
    </p>
    <p className="trouble-facts">
      <span>
        {trouble.severity}: {HANDLING[trouble.severity]}
      </span>
      <Times count={trouble.count} />
      <span>
        for <Age at={trouble.since} suffix="" />
      </span>
      {trouble.nextTryAt === null ? <span>no further try</span> : <NextTry at={trouble.nextTryAt} />}
    </p>
  </div>
);

const Times = ({ count }: { count: number }) => (
  <span className="num">{count === 1 ? 'once' : `${count} times in a row`}</span>
);

/** What a part beside the driver stumbles over: it goes on trying, and the chain goes on without it. */
const PartTrouble = ({ trouble }: { trouble: SequencerView['troubles'][number] }) => (
  <div className="trouble tone-warn" data-part={trouble.part}>
    <p className="trouble-code">
      <Icon shape="triangle" />
      <span className="mono">{trouble.part}</span>
    </p>
    <p className="trouble-message">
      <Prose text={trouble.message} />
    </p>
    <p className="trouble-facts">
      <Times count={trouble.count} />
      <span>
        for <Age at={trouble.since} suffix="" />
      </span>
    </p>
  </div>
);

interface TroubleProps {
  readonly status: TroubleStatus;
  /** False on the page that has the checks. */
  readonly linked?: boolean;
}

/** What does not work right now: the driver's step first, then the parts of a node that may lead. */
export const TroublePanel = ({ status: { trouble, sequencer }, linked = true }: TroubleProps) => {
  const parts = sequencer?.troubles ?? [];
  return (
    <Panel title="Trouble" aside={linked ? <MoreLink to="/health">All checks</MoreLink> : null}>
      {trouble === null && parts.length === 0 ? (
        <p className="blank">
          <span className="tone-ok">
            <Icon shape="check" />
          </span>{' '}
          The last step was clean.
        </p>
      ) : (
        <div className="troubles">
          {trouble === null ? null : <DriverTrouble trouble={trouble} />}
          {parts.map((one) => (
            <PartTrouble key={one.part} trouble={one} />
          ))}
        </div>
      )}
    </Panel>
  );
};
