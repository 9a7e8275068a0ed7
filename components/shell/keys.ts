import { PLACES } from './places.ts';

/** What a key asks of the page. No key does anything that cannot be taken back. */
export type KeyAction =
  | { kind: 'palette' }
  | { kind: 'help' }
  | { kind: 'pause' }
  | { kind: 'go'; path: string };

export interface KeyPress {
  readonly key: string;
  readonly ctrl: boolean;
  readonly meta: boolean;
  readonly alt: boolean;
  /** The key is for a field, or for a dialog that is open. */
  readonly taken: boolean;
  /** Milliseconds. */
  readonly at: number;
}

/** When `g` was pressed last; null when no place is awaited. */
export type GoSince = number | null;

/** A place's key counts this long after `g`. Milliseconds. */
const GO_WITHIN_MS = 1_500;

export interface KeyStep {
  readonly action: KeyAction | null;
  readonly since: GoSince;
}

const NOTHING: KeyStep = { action: null, since: null };

const placeFor = (key: string): string | null => PLACES.find((place) => place.key === key)?.path ?? null;

/** One key press, by what came before it. Pure. */
export const stepKeys = (since: GoSince, press: KeyPress): KeyStep => {
  const { key, ctrl, meta, alt, taken, at } = press;
  const lower = key.toLowerCase();
  if (lower === 'k' && (ctrl || meta) && !alt) return { action: { kind: 'palette' }, since: null };
  if (taken || ctrl || meta || alt) return NOTHING;
  const path = since !== null && at - since <= GO_WITHIN_MS ? placeFor(lower) : null;
  if (path !== null) return { action: { kind: 'go', path }, since: null };
  if (key === '/') return { action: { kind: 'palette' }, since: null };
  if (key === '?') return { action: { kind: 'help' }, since: null };
  if (lower === 'p') return { action: { kind: 'pause' }, since: null };
  return { action: null, since: lower === 'g' ? at : null };
};

/** What the help shows: keys, and what they do. */
export const KEY_HELP: readonly { readonly keys: readonly string[]; readonly does: string }[] = [
  { keys: ['/'], does: 'Search: a number, a hash, an address' },
  { keys: ['Ctrl', 'K'], does: 'The same, also from inside a field (⌘ K on a Mac)' },
  { keys: ['p'], does: 'Pause and resume the live picture' },
  { keys: ['?'], does: 'This list' },
  { keys: ['Esc'], does: 'Close what is open' },
  ...PLACES.flatMap(({ key, name }) => (key === null ? [] : [{ keys: ['g', key], does: `Go to ${name}` }])),
];

/** Keys of the alignment lanes, while they have the focus. */
export const LANE_KEY_HELP: typeof KEY_HELP = [
  { keys: ['←', '→'], does: 'The block before, the block after' },
  { keys: ['↑', '↓'], does: 'The other lane' },
  { keys: ['Home', 'End'], does: 'The first, the newest block' },
  { keys: ['Enter'], does: 'What the block is, and what it hangs on' },
  { keys: ['f'], does: 'Follow the head, or stop following' },
  { keys: ['+', '−'], does: 'Nearer, farther' },
];
