'use client';

import type { LagSample } from '../../server/api/historyViews.ts';
import type { StatusView } from '../../server/api/views.ts';
import { count, duration, groupDigits } from '../format.ts';
import { useNow } from '../live/LiveProvider.tsx';
import { Icon } from '../parts/Icon.tsx';
import { Panel } from '../parts/Panel.tsx';
import { Prose } from '../parts/Prose.tsx';
import { speedOf } from './report.ts';

const Bar = ({ name, value, max, words }: { name: string; value: number; max: number; words: string }) => {
  const percent = max <= 0 ? 0 : Math.floor((Math.min(max, value) / max) * 100);
  return (
    <div className="sync-line">
      <p className="sync-top">
        <strong className="num">{percent} %</strong>
        <span>{name}</span>
        <span className="quiet num push">{words}</span>
      </p>
      <progress className="sync-bar" max={Math.max(1, max)} value={Math.min(max, value)} aria-label={name} />
    </div>
  );
};

const rate = (perSecond: number): string => perSecond.toFixed(perSecond < 1 ? 2 : 1);

/** The estimate, or in a sentence why there is none. */
const etaWords = ({ sync, freshness }: StatusView, samples: readonly LagSample[]): string => {
  if (sync === null) return '';
  if (sync.etaSeconds !== null) return `about ${duration(sync.etaSeconds * 1_000)} left`;
  if (!freshness.l1.ok) return 'no estimate: waiting for the L1 RPC';
  const speed = speedOf(samples);
  if (speed !== null && speed.replay <= speed.growth)
    return `not gaining: replay ${rate(speed.replay)} ≤ growth ${rate(speed.growth)} L1 blocks/s`;
  return sync.note ?? 'no estimate yet';
};

const Speeds = ({ samples }: { samples: readonly LagSample[] }) => {
  const speed = speedOf(samples);
  if (speed === null) return <span className="quiet">speed not measured for long enough</span>;
  const { replay, growth, overMs } = speed;
  return (
    <span className="num">
      replay {rate(replay)} L1 blocks/s − head growth {rate(growth)} = catch-up {rate(replay - growth)}{' '}
      <span className="quiet">(over {duration(overMs)})</span>
    </span>
  );
};

const batchesApplied = ({ batches, leader }: StatusView): { applied: number; committed: number } | null => {
  if (leader.nextBatch === null) return null;
  const applied =
    batches.find(({ progress }) => ['applied', 'safe', 'finalized'].includes(progress))?.number ?? 0;
  return { applied, committed: leader.nextBatch - 1 };
};

/** A catch-up with its two measures apart: L1 blocks read through, and batches that the engine holds. */
export const SyncPanel = ({ status, samples }: { status: StatusView; samples: readonly LagSample[] }) => {
  const now = useNow();
  const { sync } = status;
  if (sync === null) {
    const level = status.verdict.kind === 'aligned';
    return (
      <Panel title="Sync">
        <p className="blank">
          <span className={`tone-${level ? 'ok' : 'mute'} toned`}>
            <Icon shape={level ? 'check' : 'ring'} />
          </span>{' '}
          {level ? 'Level with L1: nothing is being caught up.' : 'Nothing is being caught up at the moment.'}
        </p>
      </Panel>
    );
  }
  const batches = batchesApplied(status);
  return (
    <Panel
      title="Sync"
      aside={
        <span className="num">
          <strong>
            <Prose text={etaWords(status, samples)} />
          </strong>{' '}
          <span className="quiet">running for {duration(now - sync.startedAt)}</span>
        </span>
      }
    >
      <p className="num quiet">
        From L1 block {groupDigits(sync.from)} to {groupDigits(sync.target)}
      </p>
      <Bar
        name="L1 blocks derived"
        value={sync.current - sync.from}
        max={sync.target - sync.from}
        words={`${groupDigits(sync.current)}, ${count(Math.max(0, sync.target - sync.current), 'block')} to go`}
      />
      {batches === null ? null : (
        <Bar
          name="batches executed"
          value={batches.applied}
          max={batches.committed}
          words={`${groupDigits(batches.applied)} of ${groupDigits(batches.committed)} committed on L1`}
        />
      )}
      <p className="tile-facts">
        <Speeds samples={samples} />
      </p>
    </Panel>
  );
};
