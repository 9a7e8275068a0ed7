'use client';

import type { SyncView } from '../../server/api/views.ts';
import { count, duration, groupDigits } from '../format.ts';
import { useNow } from '../live/LiveProvider.tsx';

/** How far a catch-up is; an estimate, or the reason why there is none. */
export const SyncBar = ({ sync }: { sync: SyncView }) => {
  const now = useNow();
  const total = Math.max(1, sync.target - sync.from);
  const done = Math.min(total, Math.max(0, sync.current - sync.from));
  const percent = Math.floor((done / total) * 100);
  const left =
    sync.etaSeconds === null
      ? (sync.note ?? 'no estimate yet')
      : `about ${duration(sync.etaSeconds * 1000)} left`;
  return (
    <section className="sync" aria-label="Catching up">
      <p className="sync-top">
        <strong className="num">{percent} %</strong>
        <span className="num">
          L1 block {groupDigits(sync.current)} of {groupDigits(sync.target)}
        </span>
        <span className="quiet num">{count(total - done, 'block')} to go</span>
        <span className="push num">{left}</span>
        <span className="quiet num">running for {duration(now - sync.startedAt)}</span>
      </p>
      <progress className="sync-bar" max={total} value={done} aria-label="L1 blocks derived" />
    </section>
  );
};
