'use client';

import { localStamp, utc } from '../format.ts';
import { useMounted } from '../live/LiveProvider.tsx';
import { useZone, type Zone } from './useZone.ts';

interface MomentProps {
  /** Milliseconds, server clock. */
  readonly at: number;
  /** `clock`: the time of day, `instant` with milliseconds; `stamp`: the day and the time, `exact` with milliseconds. */
  readonly form?: 'clock' | 'instant' | 'stamp' | 'exact';
  readonly className?: string;
}

const textOf = (
  { clock, instant, stamp }: Zone,
  at: number,
  form: NonNullable<MomentProps['form']>,
): string => {
  if (form === 'clock') return clock(at);
  return form === 'instant' ? instant(at) : stamp(at, form === 'exact');
};

/** A point in time in the zone that the reader chose; both zones on hover. */
export const Moment = ({ at, form = 'stamp', className = '' }: MomentProps) => {
  const zone = useZone();
  const mounted = useMounted();
  return (
    <time
      dateTime={new Date(at).toISOString()}
      title={mounted ? `${utc(at)} · ${localStamp(at, false)} here` : utc(at)}
      className={`num whitespace-nowrap ${className}`}
    >
      {textOf(zone, at, form)}
    </time>
  );
};
