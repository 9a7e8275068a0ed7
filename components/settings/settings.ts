import type { VerdictKind } from '../../server/api/views.ts';

/**
 * What a reader chose for this browser. Kept in one cookie, so that the first byte of a page is already right;
 * nothing of it is known to the node. Unknown or broken parts fall back to the default, each on its own.
 */
export interface Settings {
  readonly zone: 'utc' | 'local';
  readonly time: 'relative' | 'absolute';
  readonly density: 'comfortable' | 'compact';
  /** `system` follows the system's wish for less motion; `reduced` asks for it here. */
  readonly motion: 'system' | 'reduced';
  readonly shortcuts: boolean;
  readonly explorers: Readonly<Record<ExplorerKind, string>>;
  readonly notify: Notify;
}

export interface Notify {
  readonly desktop: boolean;
  readonly sound: boolean;
  /** Reorgs of at least this depth; 0 for none. */
  readonly reorgDepth: number;
  readonly verdict: boolean;
  readonly ownTurn: boolean;
}

export const EXPLORER_KINDS = ['l1Block', 'l1Tx', 'l1Address', 'l2Block', 'l2Tx', 'l2Address'] as const;
export type ExplorerKind = (typeof EXPLORER_KINDS)[number];

export const SETTINGS_COOKIE = 'plumbline-settings';
const MAX_DEPTH = 9_999;
/** A browser keeps 4 KiB a cookie; one address may take this much of it. Characters. */
const MAX_URL = 200;

const NO_EXPLORERS: Settings['explorers'] = {
  l1Block: '',
  l1Tx: '',
  l1Address: '',
  l2Block: '',
  l2Tx: '',
  l2Address: '',
};

export const DEFAULT_SETTINGS: Settings = {
  zone: 'utc',
  time: 'relative',
  density: 'comfortable',
  motion: 'system',
  shortcuts: true,
  explorers: NO_EXPLORERS,
  notify: { desktop: false, sound: false, reorgDepth: 1, verdict: true, ownTurn: false },
};

const PLACE = '{id}';

/** Why an explorer's address is no use, in one sentence; null when it is good. Empty means none. */
export const explorerProblem = (template: string): string | null => {
  if (template === '') return null;
  if (template.length > MAX_URL) return `The address is longer than ${MAX_URL} characters.`;
  if (!template.includes(PLACE)) return `The address needs ${PLACE} where the hash or number goes.`;
  const sample = template.replaceAll(PLACE, '1');
  if (!URL.canParse(sample)) return 'This is no web address.';
  const { protocol, username, password } = new URL(sample);
  if (protocol !== 'https:' && protocol !== 'http:') return 'Only http and https addresses are linked.';
  return username === '' && password === '' ? null : 'The address holds a name or a password: leave it out.';
};

/** Where a thing is shown on the explorer of the reader's choice; null when there is none. */
export const explorerLink = (
  { explorers }: Pick<Settings, 'explorers'>,
  kind: ExplorerKind,
  id: string | number,
): string | null => {
  const template = explorers[kind];
  if (template === '' || explorerProblem(template) !== null) return null;
  return template.replaceAll(PLACE, encodeURIComponent(String(id)));
};

const choice = <T extends string>(value: string | null, among: readonly T[], otherwise: T): T =>
  among.find((one) => one === value) ?? otherwise;

const flag = (value: string | null, otherwise: boolean): boolean => {
  if (value === '1') return true;
  return value === '0' ? false : otherwise;
};

const depthOf = (value: string | null): number =>
  value !== null && /^\d{1,4}$/.test(value)
    ? Math.min(MAX_DEPTH, Number(value))
    : DEFAULT_SETTINGS.notify.reorgDepth;

/** Reads the cookie's value; anything that is not ours is as if it was not there. */
export const readSettings = (value: string | undefined): Settings => {
  if (value === undefined) return DEFAULT_SETTINGS;
  const given = new URLSearchParams(value);
  const explorers = { ...NO_EXPLORERS };
  for (const kind of EXPLORER_KINDS) {
    const template = given.get(kind) ?? '';
    explorers[kind] = explorerProblem(template) === null ? template : '';
  }
  const { notify } = DEFAULT_SETTINGS;
  return {
    zone: choice(given.get('zone'), ['utc', 'local'], 'utc'),
    time: choice(given.get('time'), ['relative', 'absolute'], 'relative'),
    density: choice(given.get('density'), ['comfortable', 'compact'], 'comfortable'),
    motion: choice(given.get('motion'), ['system', 'reduced'], 'system'),
    shortcuts: flag(given.get('shortcuts'), true),
    explorers,
    notify: {
      desktop: flag(given.get('desktop'), notify.desktop),
      sound: flag(given.get('sound'), notify.sound),
      reorgDepth: depthOf(given.get('depth')),
      verdict: flag(given.get('verdict'), notify.verdict),
      ownTurn: flag(given.get('turn'), notify.ownTurn),
    },
  };
};

const bit = (value: boolean): string => (value ? '1' : '0');

/** The cookie's value. Never holds a semicolon or a space: it is form-encoded. */
export const writeSettings = ({ explorers, notify, shortcuts, ...words }: Settings): string => {
  const fields = new URLSearchParams({ ...words, shortcuts: bit(shortcuts) });
  for (const kind of EXPLORER_KINDS) if (explorers[kind] !== '') fields.set(kind, explorers[kind]);
  fields.set('desktop', bit(notify.desktop));
  fields.set('sound', bit(notify.sound));
  fields.set('depth', String(notify.reorgDepth));
  fields.set('verdict', bit(notify.verdict));
  fields.set('turn', bit(notify.ownTurn));
  return fields.toString();
};

/** Verdicts that are worth a notification: what an operator has to look at. */
export const ALARMING: readonly VerdictKind[] = ['degraded', 'stalled', 'diverged', 'halted'];
