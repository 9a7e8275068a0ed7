import { randomBytes } from 'node:crypto';
import type { Caller, Credentials, Identified } from '../api/operatorViews.ts';
import { digestOf, type Holder, holderOf } from './tokens.ts';

/** Reliability.md W8: a session ends after 12 hours, whatever is done in it. Milliseconds. */
export const SESSION_MS = 12 * 60 * 60 * 1000;
/** W8: a resync wants the token shown within the last 5 minutes. */
export const FRESH_MS = 5 * 60 * 1000;
/** W14: so many failures within a minute from one address, then it has to wait. */
export const MAX_FAILURES = 5;
const WINDOW_MS = 60_000;
const FIRST_WAIT_MS = 60_000;
const MAX_WAIT_MS = 15 * 60_000;
/** The oldest session goes when one more is opened; an address that fails is forgotten after an hour. */
const MAX_SESSIONS = 64;
const MAX_ADDRESSES = 4_096;
const FORGET_MS = 60 * 60_000;

interface Session {
  readonly holder: Holder;
  readonly authAt: number;
  readonly expiresAt: number;
}

/** Failures of one address: when the last ones were, until when it waits, and how often it had to. */
interface Failures {
  readonly at: readonly number[];
  readonly until: number;
  readonly waits: number;
}

const NONE: Failures = { at: [], until: 0, waits: 0 };

/** Slows down whoever guesses: 5 failures a minute, then a wait of a minute that doubles up to 15. */
export class FailureLimit {
  readonly #failures = new Map<string, Failures>();

  /** Milliseconds that the address has to wait; 0 when it may try. */
  waitOf(address: string, now: number): number {
    return Math.max(0, (this.#failures.get(address)?.until ?? 0) - now);
  }

  failed(address: string, now: number): void {
    const before = this.#failures.get(address) ?? NONE;
    const at = [...before.at.filter((one) => now - one < WINDOW_MS), now];
    const waits = at.length < MAX_FAILURES ? before.waits : before.waits + 1;
    const wait = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** (waits - 1));
    this.#failures.delete(address);
    this.#failures.set(
      address,
      at.length < MAX_FAILURES ? { ...before, at } : { at: [], until: now + wait, waits },
    );
    this.#forget(now);
  }

  #forget(now: number): void {
    for (const [address, { at, until }] of this.#failures) {
      const last = Math.max(until, at.at(-1) ?? 0);
      if (this.#failures.size <= MAX_ADDRESSES && now - last < FORGET_MS) return;
      this.#failures.delete(address);
    }
  }
}

/** Who may do what: tokens, the sessions opened with them, and the limit on failures. Nothing is written to disk. */
export class Access {
  readonly #now: () => number;
  readonly #limit = new FailureLimit();
  readonly #sessions = new Map<string, Session>();
  #holders: readonly Holder[];

  constructor(holders: readonly Holder[], now: () => number) {
    this.#holders = holders;
    this.#now = now;
  }

  /** New tokens. A session whose token is gone ends. */
  replace(holders: readonly Holder[]): void {
    this.#holders = holders;
    for (const [id, { holder }] of this.#sessions) {
      const kept = holders.some(({ digest, role }) => role === holder.role && same(digest, holder.digest));
      if (!kept) this.#sessions.delete(id);
    }
  }

  identify({ bearer, session, address }: Credentials, counts: boolean): Identified {
    const now = this.#now();
    if (bearer === null && session !== null) {
      const open = this.#session(session);
      if (open !== null) return { kind: 'somebody', caller: bySession(open, address, now) };
    }
    const wait = this.#limit.waitOf(address, now);
    if (wait > 0 && (counts || bearer !== null)) return { kind: 'limited', retryAfterMs: wait };
    const holder = bearer === null ? null : holderOf(this.#holders, bearer);
    if (holder !== null) return { kind: 'somebody', caller: byToken(holder, address) };
    if (counts || bearer !== null) this.#limit.failed(address, now);
    return bearer === null && session === null ? { kind: 'nobody' } : { kind: 'wrong' };
  }

  /** A session for whoever shows a token; `id` is told to the browser and kept here only as its digest. */
  open(
    token: string,
    address: string,
  ):
    | { readonly id: string; readonly caller: Caller }
    | { readonly id: null; readonly identified: Identified } {
    const identified = this.identify({ bearer: token, session: null, address }, true);
    if (identified.kind !== 'somebody') return { id: null, identified };
    const id = randomBytes(32).toString('base64url');
    const now = this.#now();
    const session = { holder: holderOf(this.#holders, token)!, authAt: now, expiresAt: now + SESSION_MS };
    this.#sessions.set(keyOf(id), session);
    for (const key of this.#sessions.keys()) {
      if (this.#sessions.size <= MAX_SESSIONS) break;
      this.#sessions.delete(key);
    }
    return { id, caller: bySession(session, address, now) };
  }

  close(id: string): void {
    this.#sessions.delete(keyOf(id));
  }

  #session(id: string): Session | null {
    const session = this.#sessions.get(keyOf(id)) ?? null;
    if (session === null || this.#now() < session.expiresAt) return session;
    this.#sessions.delete(keyOf(id));
    return null;
  }
}

/** Found by its digest, so the time that a look-up takes tells nothing of a session's id. */
const keyOf = (id: string): string => Buffer.from(digestOf(id)).toString('hex');

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.from(a).equals(b);

/** As a bearer token shows its holder: anew with each request. */
const byToken = ({ name, role }: Holder, address: string): Caller => ({
  name,
  role,
  via: 'token',
  address,
  fresh: true,
  freshUntil: null,
  expiresAt: null,
});

const bySession = ({ holder, authAt, expiresAt }: Session, address: string, now: number): Caller => ({
  name: holder.name,
  role: holder.role,
  via: 'session',
  address,
  fresh: now - authAt <= FRESH_MS,
  freshUntil: authAt + FRESH_MS,
  expiresAt,
});
