'use client';

import { useSearchParams } from 'next/navigation';
import { useCallback } from 'react';

export type Changes = Readonly<Record<string, string | null>>;

/** An address with some of its parameters changed; null and empty take one away. Pure. */
export const changedSearch = (search: string, changes: Changes): string => {
  const next = new URLSearchParams(search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') next.delete(name);
    else next.set(name, value);
  }
  const text = next.toString();
  return text === '' ? '' : `?${text}`;
};

/**
 * The state of a view is its address, so that it can be sent to somebody and the back button goes back. Changing it
 * asks the server for nothing: the view reads the address and loads what it lacks. `push` makes a step of history.
 */
export const useAddress = () => {
  const search = useSearchParams();
  const change = useCallback((changes: Changes, push = true): void => {
    const to = `${window.location.pathname}${changedSearch(window.location.search, changes)}${window.location.hash}`;
    if (push) window.history.pushState(null, '', to);
    else window.history.replaceState(null, '', to);
  }, []);
  return [search, change] as const;
};
