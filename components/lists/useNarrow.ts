'use client';

import { useSyncExternalStore } from 'react';

const QUERY = '(max-width: 860px)';

const subscribe = (listener: () => void): (() => void) => {
  const media = window.matchMedia(QUERY);
  media.addEventListener('change', listener);
  return () => media.removeEventListener('change', listener);
};

/** Whether rows are cards here; null before the browser is known: both forms are then drawn, and the style shows one. */
export const useNarrow = (): boolean | null =>
  useSyncExternalStore<boolean | null>(
    subscribe,
    () => window.matchMedia(QUERY).matches,
    () => null,
  );
