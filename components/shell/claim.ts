'use client';

import { createContext, useContext } from 'react';
import type { Claim } from '../verdict.ts';

export const ClaimContext = createContext<Claim | null>(null);

/** What the page claims at this moment: one claim for all that is drawn. */
export const useClaim = (): Claim => {
  const claim = useContext(ClaimContext);
  if (claim === null) throw new Error('useClaim outside the shell');
  return claim;
};
