'use client';

import {
  localClock,
  localDay,
  localInstant,
  localStamp,
  utcClock,
  utcDay,
  utcInstant,
  utcStamp,
} from '../format.ts';
import { useMounted } from '../live/LiveProvider.tsx';
import { useSettings } from '../settings/SettingsProvider.tsx';

/** How points in time are written in one zone. All take milliseconds since 1970. */
export interface Zone {
  /** `UTC` or `local`: for headings of columns, where the times themselves do not say it. */
  readonly word: string;
  /** `14:02:40`. */
  readonly clock: (ms: number) => string;
  /** `14:02:40.123`. */
  readonly instant: (ms: number) => string;
  /** `2026-11-21 14:02:40 UTC`, with milliseconds where they matter. */
  readonly stamp: (ms: number, exact: boolean) => string;
  /** `2026-11-21`. */
  readonly day: (ms: number) => string;
}

const UTC: Zone = { word: 'UTC', clock: utcClock, instant: utcInstant, stamp: utcStamp, day: utcDay };
const LOCAL: Zone = {
  word: 'local',
  clock: localClock,
  instant: localInstant,
  stamp: localStamp,
  day: localDay,
};

/** The zone that the reader chose. The server does not know where the reader is: the first picture is in UTC. */
export const useZone = (): Zone => {
  const { zone } = useSettings();
  const mounted = useMounted();
  return zone === 'local' && mounted ? LOCAL : UTC;
};
