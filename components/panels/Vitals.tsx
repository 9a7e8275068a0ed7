'use client';

import type { ReactNode } from 'react';
import type { StatusView } from '../../server/api/views.ts';
import { cadenceOf } from '../cadence.ts';
import { count, duration } from '../format.ts';
import { Age } from '../parts/Age.tsx';
import { NotKnown } from '../parts/Grouped.tsx';

const Vital = ({ name, value, more }: { name: string; value: ReactNode; more: ReactNode }) => (
  <div className="vital">
    <dt>{name}</dt>
    <dd>
      <span className="vital-value num">{value}</span>
      <span className="vital-more">{more}</span>
    </dd>
  </div>
);

const derivation = ({ l1, currentL1 }: StatusView['heads']): { value: ReactNode; more: string } => {
  if (l1 === null || currentL1 === null) return { value: <NotKnown />, more: '' };
  const behind = l1.number - currentL1.number;
  return behind <= 0
    ? { value: '0 behind', more: 'every L1 block is derived' }
    : { value: `${count(behind, 'L1 block')}`, more: 'not derived yet' };
};

const posting = ({ unsafe, safe }: StatusView['heads']): { value: ReactNode; more: string } =>
  unsafe === null || safe === null
    ? { value: <NotKnown />, more: '' }
    : { value: count(Math.max(0, unsafe.number - safe.number), 'L2 block'), more: 'past the safe head' };

/** Three figures that a verdict is read with. */
export const Vitals = ({ status, stale }: { status: StatusView; stale: boolean }) => {
  const last = status.batches.find((batch) => batch.progress !== 'orphaned') ?? null;
  const cadence = cadenceOf(status.batches);
  return (
    <dl className={stale ? 'vitals is-stale' : 'vitals'}>
      <Vital
        name="Last batch"
        value={last === null ? 'none yet' : <Age at={last.l1Block.timestamp * 1000} />}
        more={cadence === null ? 'on L1' : `usually every ${duration(cadence.average * 1000)}`}
      />
      <Vital name="Derivation" {...derivation(status.heads)} />
      <Vital name="Not on L1" {...posting(status.heads)} />
    </dl>
  );
};
