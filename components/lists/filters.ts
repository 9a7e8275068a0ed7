import type {
  ActivityInput,
  BatchListInput,
  LeadersInput,
  ReorgsInput,
} from '../../server/api/historyViews.ts';
import { CAUSE_WORDS, STATUS_WORDS } from '../words.ts';
import { rangeStart } from './ranges.ts';

/**
 * The filters of a list, as its address says them: read alike by the server for the first page and by the browser for
 * the others. What is no filter of ours is left out, so that a wrong address shows all and not an error. Pure.
 */
type Search = Pick<URLSearchParams, 'get'>;

const word = <T extends string>(search: Search, name: string, among: readonly T[]): T | undefined =>
  among.find((one) => one === search.get(name));

const text = (search: Search, name: string): string | undefined => {
  const value = (search.get(name) ?? '').trim().slice(0, 100);
  return value === '' ? undefined : value;
};

const whole = (search: Search, name: string, max: number): number | undefined => {
  const value = search.get(name) ?? '';
  return /^\d{1,7}$/.test(value) && Number(value) >= 1 && Number(value) <= max ? Number(value) : undefined;
};

const namesOf = <T extends string>(words: Readonly<Record<T, unknown>>): readonly T[] =>
  Object.keys(words) as T[];

export const CAUSE_CHOICES = namesOf(CAUSE_WORDS);
export const STATUS_CHOICES = namesOf(STATUS_WORDS);
export const GROUPS = [
  'reorg',
  'leader',
  'batch',
  'driver',
  'sequencer',
  'operator',
  'node',
  'commit',
  'fence',
  'unsafe_feed',
  'engine',
  'l1',
  'chaos',
  'journal',
] as const;

const PAGE = 50;
type Wish<T> = Omit<T, 'before'>;

export const reorgWish = (search: Search, now: number): Wish<ReorgsInput> => ({
  limit: PAGE,
  from: rangeStart(search.get('range'), now),
  layer: word(search, 'layer', ['L1', 'L2']),
  cause: word(search, 'cause', CAUSE_CHOICES),
  minDepth: whole(search, 'minDepth', 1_000_000),
  q: text(search, 'q'),
});

export const batchWish = (search: Search, now: number): Wish<BatchListInput> => ({
  limit: PAGE,
  from: rangeStart(search.get('range'), now),
  status: word(search, 'status', STATUS_CHOICES),
  q: text(search, 'q'),
});

export const leaderWish = (search: Search): Wish<LeadersInput> => {
  const who = (search.get('who') ?? '').toLowerCase();
  return {
    limit: PAGE,
    leader: /^0x[0-9a-f]{40}$/.test(who) ? who : undefined,
    missed: search.get('missed') === '1' ? true : undefined,
  };
};

export const kindsOf = (search: Search): readonly string[] =>
  (search.get('kinds') ?? '').split(',').filter((kind) => (GROUPS as readonly string[]).includes(kind));

export const activityWish = (search: Search, now: number): Wish<ActivityInput> => {
  const kinds = kindsOf(search);
  return {
    limit: PAGE,
    from: rangeStart(search.get('range'), now),
    kinds: kinds.length === 0 ? undefined : [...kinds],
    actor: text(search, 'actor'),
    q: text(search, 'q'),
  };
};

/** How many filters a wish has. */
export const filtersIn = (wish: object): number =>
  Object.entries(wish).filter(([name, value]) => name !== 'limit' && value !== undefined).length;

/** The wish as the exports take it: the names of the REST API. */
export const exportSearch = (wish: object): URLSearchParams => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(wish)) {
    if (name === 'limit' || value === undefined) continue;
    search.set(name, Array.isArray(value) ? value.join(',') : String(value));
  }
  return search;
};

/** Part of an address that filters a list, in a fixed order: the same filter is the same text. */
export const keyOf = (search: Search, names: readonly string[]): string =>
  names.map((name) => `${name}=${search.get(name) ?? ''}`).join('&');

export const REORG_FILTERS = ['range', 'layer', 'cause', 'minDepth', 'q'] as const;
export const BATCH_FILTERS = ['range', 'status', 'q'] as const;
export const LEADER_FILTERS = ['who', 'missed'] as const;
export const ACTIVITY_FILTERS = ['range', 'kinds', 'actor', 'q'] as const;

/** Takes every filter of a list away. */
export const cleared = (names: readonly string[]): Record<string, null> =>
  Object.fromEntries(names.map((name) => [name, null]));

/** Next's search parameters as an address has them; a name that is given twice counts once. */
export const searchOf = (given: Readonly<Record<string, string | string[] | undefined>>): URLSearchParams => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(given)) {
    const one = Array.isArray(value) ? value[0] : value;
    if (one !== undefined) search.set(name, one);
  }
  return search;
};
