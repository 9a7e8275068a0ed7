/** How numbers, hashes and times are written on every page. Pure, so that both renders agree. */

/** Narrow no-break space: groups stay together, and are not mistaken for two numbers. */
const GROUP = '\u202f';

/** `21304118` → `21 304 118`, grouped from four digits up. */
export const groupDigits = (value: number): string => String(value).replace(/\B(?=(\d{3})+(?!\d))/g, GROUP);

/** Groups the long numbers of a sentence; leaves hashes, addresses, ports and the ids of reorgs alone. */
export const groupInText = (text: string): string =>
  text.replace(/(?<![\w.:-])\d{5,}(?!\w)/g, (digits) => groupDigits(Number(digits)));

/** A difference with its sign, `−12` with a true minus, `±0` when equal. */
export const signed = (value: number): string => {
  if (value === 0) return '±0';
  return `${value > 0 ? '+' : '−'}${groupDigits(Math.abs(value))}`;
};

/** `0x4d21…9f02`: both ends, as much as tells two hashes apart at a glance. */
export const shortHash = (hash: string): string => `${hash.slice(0, 6)}…${hash.slice(-4)}`;

/** Last four digits of a block number where the place is narrow; whole numbers up to 9 999. */
export const tailDigits = (value: number): string =>
  value < 10_000 ? String(value) : `…${String(value % 10_000).padStart(4, '0')}`;

/** `8412072`, `8412077` → `…2072–2077`; a run of one is written once. */
export const spanDigits = (first: number, last: number): string => {
  if (first === last) return tailDigits(first);
  const end = last < 10_000 ? String(last) : String(last % 10_000).padStart(4, '0');
  return `${tailDigits(first)}–${end}`;
};

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A duration in its two largest units that matter: `0.4 s`, `24 s`, `13 m`, `5 h 02 m`, `3 d 4 h`. */
export const duration = (ms: number): string => {
  const value = Math.max(0, ms);
  if (value < 950) return `${(value / SECOND).toFixed(1)} s`;
  if (value < MINUTE) return `${Math.round(value / SECOND) === 60 ? 59 : Math.round(value / SECOND)} s`;
  if (value < HOUR) {
    const minutes = Math.floor(value / MINUTE);
    const seconds = Math.floor((value % MINUTE) / SECOND);
    return minutes < 10 ? `${minutes} m ${String(seconds).padStart(2, '0')} s` : `${minutes} m`;
  }
  if (value < DAY)
    return `${Math.floor(value / HOUR)} h ${String(Math.floor((value % HOUR) / MINUTE)).padStart(2, '0')} m`;
  return `${Math.floor(value / DAY)} d ${Math.floor((value % DAY) / HOUR)} h`;
};

/** What a step took: `24 ms`, and from a second on as a duration. */
export const elapsed = (ms: number): string =>
  ms < SECOND ? `${Math.max(0, Math.round(ms))} ms` : duration(ms);

/** `14:02:40`, of the UTC day. */
export const utcClock = (ms: number): string => new Date(ms).toISOString().slice(11, 19);

/** `14:02:40.123`, of the UTC day. */
export const utcInstant = (ms: number): string => new Date(ms).toISOString().slice(11, 23);

/** `2026-11-21`, of the UTC day. */
export const utcDay = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

const two = (value: number): string => String(value).padStart(2, '0');

/** `2026-11-21 14:02:40 UTC`, with milliseconds where they matter. */
export const utcStamp = (ms: number, exact: boolean): string => {
  const iso = new Date(ms).toISOString().replace('T', ' ');
  return `${iso.slice(0, exact ? 23 : 19)} UTC`;
};

/** `2026-11-21 14:02:40 UTC`. */
export const utc = (ms: number): string => utcStamp(ms, false);

/** `14:02:40`, of the reader's day. In a browser only: a server's zone is nobody's. */
export const localClock = (ms: number): string => {
  const at = new Date(ms);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
};

const fractionOf = (at: Date): string => `.${String(at.getMilliseconds()).padStart(3, '0')}`;

/** `14:02:40.123`, of the reader's day. In a browser only. */
export const localInstant = (ms: number): string => `${localClock(ms)}${fractionOf(new Date(ms))}`;

/** `2026-11-21`, of the reader's day. In a browser only. */
export const localDay = (ms: number): string => {
  const at = new Date(ms);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
};

/** `2026-11-21 15:02:40 +01:00`, in the reader's zone, which is named by what it is ahead of UTC. */
export const localStamp = (ms: number, exact: boolean): string => {
  const at = new Date(ms);
  const ahead = -at.getTimezoneOffset();
  const zone = `${ahead < 0 ? '−' : '+'}${two(Math.floor(Math.abs(ahead) / 60))}:${two(Math.abs(ahead) % 60)}`;
  return `${localDay(ms)} ${exact ? localInstant(ms) : localClock(ms)} ${zone}`;
};

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;

/** `Today`, `Yesterday`, `Tuesday, 2026-11-24`: a day (`2026-11-24`) as seen from another one. */
export const dayInWords = (day: string, today: string): string => {
  const at = Date.parse(`${day}T00:00:00Z`);
  if (day === today) return 'Today';
  return Date.parse(`${today}T00:00:00Z`) - at === DAY
    ? 'Yesterday'
    : `${WEEKDAYS[new Date(at).getUTCDay()]}, ${day}`;
};

/** `1 block`, `6 blocks`. */
export const count = (value: number, one: string, many = `${one}s`): string =>
  `${groupDigits(value)}\u00a0${value === 1 ? one : many}`;
