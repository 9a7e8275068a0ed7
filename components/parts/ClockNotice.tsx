'use client';

import { duration } from '../format.ts';
import { useLive, useMounted } from '../live/LiveProvider.tsx';

/** From here on the two clocks are said to differ. Milliseconds. */
const DRIFT_MS = 10_000;

/** Ages are on the server's clock; who reads them beside another one should know. */
export const ClockNotice = () => {
  const { connection } = useLive();
  const mounted = useMounted();
  if (!mounted || Math.abs(connection.offset) <= DRIFT_MS) return null;
  return (
    <p className="note">
      This computer's clock is {duration(Math.abs(connection.offset))}{' '}
      {connection.offset > 0 ? 'behind' : 'ahead of'} the server's; ages are shown on the server's clock.
    </p>
  );
};
