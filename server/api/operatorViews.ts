import { z } from 'zod';

/**
 * What an operator may order and what is answered: plain data that crosses between the node and Next (`runtime.ts`).
 * Every input is an object, so that no form of another page can be taken for one (reliability.md W4, W5).
 */
const hash = z.string().regex(/^0x[0-9a-f]{64}$/);
const blockNumber = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const blockId = z.object({ number: blockNumber, hash });

export const resyncTarget = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('safe') }),
  z.strictObject({ kind: z.literal('finalized') }),
  z.strictObject({ kind: z.literal('batch'), batch: blockNumber }),
  z.strictObject({ kind: z.literal('l1Block'), number: blockNumber }),
  z.strictObject({ kind: z.literal('genesis') }),
]);

/** One try of one order: the same key never runs twice, and is answered as it was the first time. */
const idempotencyKey = z
  .string()
  .regex(/^[\w.:-]{8,64}$/, '8 to 64 letters, digits, dots, colons, dashes or underscores');
/** Kept in the journal, and shown. */
const reason = z
  .string()
  .trim()
  .min(3, 'a reason of at least 3 characters')
  .max(200, 'a reason of at most 200 characters')
  .regex(/^[^\p{Cc}]*$/u, 'a reason in one line');
/** The name of the node, typed: two tabs of one fleet look alike. */
const confirm = z.string().min(1).max(64);

export const signInInput = z.strictObject({ token: z.string().min(1).max(256) });
export const signOutInput = z.strictObject({});
export const previewInput = z.strictObject({ target: resyncTarget });
export const executeInput = z.strictObject({
  previewId: z.string().min(1).max(64),
  expected: z.strictObject({ unsafe: hash, safe: hash.nullable(), finalized: hash.nullable() }),
  reason,
  confirm,
  idempotencyKey,
  override: z.boolean().default(false),
});
export const pauseInput = z.strictObject({
  part: z.enum(['driver', 'sequencer']),
  reason,
  confirm,
  idempotencyKey,
});

export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

const targetView = resyncTarget;
const pointView = z.object({
  batch: blockNumber,
  block: blockId,
  origin: blockId.nullable(),
});

export const previewView = z.object({
  id: z.string(),
  target: targetView,
  point: pointView,
  impact: z.object({
    dropped: z.number().int(),
    unsafe: z.number().int(),
    transactions: z.number().int().nullable(),
    blocks: z.array(blockId),
    batches: z.number().int(),
    l1Blocks: z.number().int(),
    estimateMs: z.number().nullable(),
    lowersFinalized: z.boolean(),
  }),
  expected: z.object({ unsafe: blockId, safe: blockId.nullable(), finalized: blockId.nullable() }),
  l1Head: blockId,
  duty: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('none') }),
    z.object({ kind: z.literal('leading') }),
    z.object({ kind: z.literal('soon'), batches: z.number().int() }),
  ]),
  /** What has to be typed to confirm. */
  confirm: z.string(),
  madeAt: z.number(),
  validUntil: z.number(),
});

const pausedView = z.object({ by: z.string(), reason: z.string(), since: z.number() });

/** The operator's part of a status: public, like the rest of it. */
export const operatorView = z.object({
  /** False without a token: the write procedures do not exist then. */
  enabled: z.boolean(),
  paused: z.object({ driver: pausedView.nullable(), sequencer: pausedView.nullable() }),
  /** Whether there is a sequencer to pause. */
  sequencer: z.boolean(),
  resync: z
    .object({
      id: z.string(),
      phase: z.enum(['pausing', 'rewinding', 'rederiving', 'verifying', 'done', 'failed']),
      target: targetView,
      toBlock: blockId,
      by: z.string(),
      reason: z.string(),
      startedAt: z.number(),
      endedAt: z.number().nullable(),
      done: z.number().int(),
      of: z.number().int(),
      matches: z.number().int(),
      resumed: z.boolean(),
      note: z.string(),
    })
    .nullable(),
});

export const sessionView = z.object({
  signedIn: z.boolean(),
  name: z.string().nullable(),
  role: z.enum(ROLES).nullable(),
  expiresAt: z.number().nullable(),
  /** Until when a resync may be ordered without giving the token again. */
  freshUntil: z.number().nullable(),
});

export type OperatorView = z.infer<typeof operatorView>;
export type PreviewView = z.infer<typeof previewView>;
export type SessionView = z.infer<typeof sessionView>;
export type ResyncTargetInput = z.infer<typeof resyncTarget>;
export type ExecuteInput = z.infer<typeof executeInput>;
export type PauseInput = z.infer<typeof pauseInput>;

/** Who a request comes from. `fresh`: the token itself was shown within 5 minutes. Times are milliseconds since 1970. */
export interface Caller {
  readonly name: string;
  readonly role: Role;
  readonly via: 'token' | 'session';
  readonly address: string;
  readonly fresh: boolean;
  /** Null for a token, which is shown with each request. */
  readonly freshUntil: number | null;
  readonly expiresAt: number | null;
}

export interface Credentials {
  /** The text after `Bearer `; null without such a header. */
  readonly bearer: string | null;
  /** The value of the session cookie. */
  readonly session: string | null;
  /** Where the connection comes from. */
  readonly address: string;
}

export type Identified =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'limited'; readonly retryAfterMs: number }
  | { readonly kind: 'somebody'; readonly caller: Caller };

/** An order that was not followed: a stable code, and one sentence that says what to do. */
export interface Refused {
  readonly ok: false;
  readonly code: string;
  readonly message: string;
  readonly retryAfterMs: number | null;
}

export type SignInAnswer =
  | { readonly ok: true; readonly session: string; readonly maxAgeSeconds: number; readonly caller: Caller }
  | Refused;

/** The node's side of everything an operator may do. Absent without a token. Nothing here rejects. */
export interface OperatorHandle {
  readonly cookieName: string;
  /** @param counts whether a wrong or missing credential counts towards the limit of its address */
  identify(credentials: Credentials, counts: boolean): Identified;
  signIn(token: string, address: string): Promise<SignInAnswer>;
  signOut(session: string): void;
  preview(target: ResyncTargetInput): Promise<{ readonly ok: true; readonly preview: PreviewView } | Refused>;
  execute(input: ExecuteInput, caller: Caller): Promise<{ readonly ok: true; readonly id: string } | Refused>;
  pause(input: PauseInput, caller: Caller): Promise<{ readonly ok: true } | Refused>;
  resume(input: PauseInput, caller: Caller): Promise<{ readonly ok: true } | Refused>;
  /** Writes an attempt down that did not come as far as the above. */
  refused(attempt: {
    readonly what: string;
    readonly by: string | null;
    readonly address: string;
    readonly code: string;
    readonly message: string;
  }): Promise<void>;
}
