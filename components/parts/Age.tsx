'use client';

import { duration, localStamp, utc } from '../format.ts';
import { useMounted, useNow } from '../live/LiveProvider.tsx';
import { useSettings } from '../settings/SettingsProvider.tsx';
import { useZone } from './useZone.ts';

interface AgeProps {
  /** Milliseconds, server clock. */
  readonly at: number;
  readonly suffix?: string;
  readonly className?: string;
}

/** How long ago, on the server's clock; the exact time on hover, in UTC and here. */
export const Age = ({ at, suffix = ' ago', className = '' }: AgeProps) => {
  const now = useNow();
  const mounted = useMounted();
  const { time } = useSettings();
  const zone = useZone();
  const title = mounted ? `${utc(at)} · ${localStamp(at, false)} here` : utc(at);
  // A length of time (no suffix) stays one: only points in time have a clock form.
  const absolute = time === 'absolute' && suffix !== '';
  return (
    <time dateTime={new Date(at).toISOString()} title={title} className={`whitespace-nowrap ${className}`}>
      {absolute ? zone.clock(at) : `${duration(now - at)}${suffix}`}
    </time>
  );
};
