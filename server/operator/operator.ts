import type {
  Caller,
  ExecuteInput,
  Identified,
  OperatorHandle,
  PauseInput,
  PreviewView,
  Refused,
  ResyncTargetInput,
  SignInAnswer,
} from '../api/operatorViews.ts';
import { AnswersByKey } from '../lib/answersByKey.ts';
import { Access, SESSION_MS } from './access.ts';
import type { Holder } from './tokens.ts';

/** What the node does for an operator. Nothing here rejects. */
export interface OperatorActs {
  preview(target: ResyncTargetInput): Promise<{ ok: true; preview: PreviewView } | Refused>;
  execute(input: ExecuteInput, caller: Caller): Promise<{ ok: true; id: string } | Refused>;
  /** Journaled before it takes effect. */
  setPaused(paused: boolean, input: PauseInput, caller: Caller): Promise<{ ok: true } | Refused>;
}

export interface OperatorDeps {
  readonly acts: OperatorActs;
  readonly journal: { append(kind: string, payload: unknown): Promise<unknown> };
  readonly clock: { now(): number };
  /** A failed sign-in, or an order of somebody who may not give one. */
  readonly onFailure?: () => void;
}

export interface OperatorOptions {
  readonly nodeName: string;
  readonly holders: readonly Holder[];
}

export interface Operator extends OperatorHandle {
  /** Other tokens from now on; sessions of those that are gone end. */
  replaceTokens(holders: readonly Holder[]): void;
}

/** Attempts that were refused before they reached the node, and are journaled. */
const MAX_NOTES_A_MINUTE = 60;

/** Everything an operator may do, for the API (`runtime.ts`). Who may do it is decided by the API in each procedure. */
export function createOperator({ nodeName, holders }: OperatorOptions, deps: OperatorDeps): Operator {
  const { acts, journal, clock } = deps;
  const access = new Access(holders, () => clock.now());
  // A journal that cannot be written says nothing about the order.
  const pauses = new AnswersByKey<{ ok: true } | Refused>(
    (answer) => answer.ok || answer.code !== 'not_journaled',
  );
  const notes = new PerMinute(MAX_NOTES_A_MINUTE, () => clock.now());
  const note = async (kind: string, payload: unknown): Promise<void> => {
    // Whoever knocks without a token must not fill the journal: one address has its limit, all together this one.
    if (notes.take()) await journal.append(kind, payload).catch(() => undefined);
  };
  const setPaused = (paused: boolean, input: PauseInput, caller: Caller) =>
    pauses.run(input.idempotencyKey, JSON.stringify([paused, input]), () =>
      acts.setPaused(paused, input, caller),
    ) ?? Promise.resolve(KEY_REUSED);
  return {
    // Several nodes of one host share the browser's cookies, which know no ports.
    cookieName: `__Host-plumbline-${nodeName}`,
    identify: (credentials, counts) => access.identify(credentials, counts),
    signIn: async (token, address) => {
      const opened = access.open(token.trim(), address);
      if (opened.id === null) {
        deps.onFailure?.();
        const refused = notSignedIn(opened.identified);
        if (opened.identified.kind !== 'limited') {
          await note('operator.sign_in_refused', { from: address, why: refused.code });
        }
        return refused;
      }
      const { name, role } = opened.caller;
      await note('operator.signed_in', { actor: name, role, from: address });
      return { ok: true, session: opened.id, maxAgeSeconds: SESSION_MS / 1000, caller: opened.caller };
    },
    signOut: (session) => access.close(session),
    preview: (target) => acts.preview(target),
    execute: (input, caller) => acts.execute(input, caller),
    pause: (input, caller) => setPaused(true, input, caller),
    resume: (input, caller) => setPaused(false, input, caller),
    refused: ({ what, by, address, code, message }) => {
      deps.onFailure?.();
      const kind = what === 'resync' ? 'operator.resync_refused' : 'operator.refused';
      return note(kind, { what, actor: by, from: address, code, message });
    },
    replaceTokens: (next) => access.replace(next),
  };
}

function notSignedIn(identified: Identified): Refused & SignInAnswer {
  if (identified.kind === 'limited') {
    const seconds = Math.ceil(identified.retryAfterMs / 1000);
    return {
      ok: false,
      code: 'too_many_failures',
      message: `Too many wrong tokens from this address: wait ${seconds} s.`,
      retryAfterMs: identified.retryAfterMs,
    };
  }
  return { ok: false, code: 'wrong_token', message: 'This is not a token of this node.', retryAfterMs: null };
}

const KEY_REUSED: Refused = {
  ok: false,
  code: 'key_reused',
  message: 'This idempotency key was used for another request: use a new one.',
  retryAfterMs: null,
};

class PerMinute {
  readonly #most: number;
  readonly #now: () => number;
  #since = 0;
  #taken = 0;

  constructor(most: number, now: () => number) {
    this.#most = most;
    this.#now = now;
  }

  take(): boolean {
    if (this.#now() - this.#since >= 60_000) {
      this.#since = this.#now();
      this.#taken = 0;
    }
    this.#taken += 1;
    return this.#taken <= this.#most;
  }
}
