'use client';

import { useContext } from 'react';
import { ClaimContext } from '../shell/claim.ts';
import { Age } from './Age.tsx';

/**
 * How old a panel's picture is; nothing while it is fresh.
 * @param asOf of a panel with news of its own that failed to come; otherwise the page's. Milliseconds, server clock.
 */
export const Updated = ({ asOf = null }: { asOf?: number | null }) => {
  const page = useContext(ClaimContext)?.asOf ?? null;
  const at = asOf === null ? page : page === null ? asOf : Math.min(asOf, page);
  return at === null ? null : (
    <span className="updated num">
      updated <Age at={at} />
    </span>
  );
};
