'use client';

import type { ReactNode } from 'react';
import { useClaim } from './claim.ts';

/** What hangs on fresh news: still readable when it is old, plainly not present. */
export const Dimming = ({ children }: { children: ReactNode }) => {
  const { stale } = useClaim();
  return (
    <div className={stale ? 'numbers is-stale' : 'numbers'} data-stale={stale}>
      {children}
    </div>
  );
};

export const NoNode = () => (
  <section className="panel blank-panel" aria-label="No node">
    <p>This server answers, but no node runs in it: there is nothing to show.</p>
    <p className="quiet">The page fills by itself as soon as one starts.</p>
  </section>
);
