import type { JournalEvent } from './journal.ts';
import type { Row } from './rowHash.ts';

/** A page never holds more events than this, whatever is asked. */
export const MAX_PAGE_EVENTS = 1_000;

/** Throws RangeError for what is no whole number from 1. */
export const pageSize = (limit: number): number => {
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new RangeError(`limit must be a whole number from 1, not ${limit}`);
  return Math.min(limit, MAX_PAGE_EVENTS);
};

/** A stored row as everybody reads it. */
export const toEvent = ({ seq, at, kind, ref, payload }: Omit<Row, 'hash'>): JournalEvent => ({
  seq,
  at,
  kind,
  ref,
  payload: JSON.parse(payload) as unknown,
});
