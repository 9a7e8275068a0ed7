import type { Hash, L1BlockId, L1BlockRef, L2BlockId } from '../../protocol/refs.ts';

/**
 * The manual resync as data and decisions (driver.md, "Manual resync"): `preview` says what going back to a target
 * would drop and derive again, `execute` does just that. This file knows no L1 and no engine; resync.ts does.
 */
export type ResyncTarget =
  /** The newest block that L1 implies and the engine holds as safe: only unsafe blocks are dropped. */
  | { readonly kind: 'safe' }
  | { readonly kind: 'finalized' }
  /** The last block of that batch. */
  | { readonly kind: 'batch'; readonly batch: number }
  /** The last block of the newest batch committed at or below that L1 block. */
  | { readonly kind: 'l1Block'; readonly number: number }
  | { readonly kind: 'genesis' };

/** Where a target lies: the last block of a batch that L1 holds, or genesis (batch 0, no origin). */
export interface ResyncPoint {
  readonly batch: number;
  readonly block: L2BlockId & { readonly timestamp: number };
  readonly origin: L1BlockRef | null;
}

/** The heads that a preview was computed from. */
export interface ExpectedHeads {
  readonly unsafe: L2BlockId;
  readonly safe: L2BlockId | null;
  readonly finalized: L2BlockId | null;
}

export interface ResyncImpact {
  /** L2 blocks above the point, up to the unsafe head. */
  readonly dropped: number;
  /** Those of them that no batch on L1 confirms yet: L1 cannot give them back. */
  readonly unsafe: number;
  /** Transactions in the dropped blocks; null where the engine does not tell. */
  readonly transactions: number | null;
  /** The newest dropped blocks, oldest first, at most 64. */
  readonly blocks: readonly L2BlockId[];
  readonly batches: number;
  /** L1 blocks to read again, from the point's origin to L1's head. */
  readonly l1Blocks: number;
  /** Milliseconds; null when there is no speed to base it on. */
  readonly estimateMs: number | null;
  /** The engine's finalized label goes back too. */
  readonly lowersFinalized: boolean;
}

/** Whether this node builds blocks now, or will within a few batches. */
export type Duty =
  | { readonly kind: 'none' }
  | { readonly kind: 'leading' }
  | { readonly kind: 'soon'; readonly batches: number };

export const NO_DUTY: Duty = { kind: 'none' };

export interface ResyncPreview {
  readonly id: string;
  readonly target: ResyncTarget;
  readonly point: ResyncPoint;
  readonly impact: ResyncImpact;
  readonly expected: ExpectedHeads;
  readonly l1Head: L1BlockId;
  readonly duty: Duty;
  /** Milliseconds since 1970. */
  readonly madeAt: number;
  readonly validUntil: number;
}

/** Who asks: a name, how it was proved, from where. Kept in the journal. */
export interface Actor {
  readonly name: string;
  readonly role: string;
  readonly via: 'token' | 'session';
  readonly address: string;
}

/** An actor as journal events carry one: `actor` is the name, `from` the address. */
export const byLine = ({ name, role, via, address }: Actor) => ({ actor: name, role, via, from: address });

export interface ResyncRequest {
  readonly previewId: string;
  /** What the asker saw; it must be what the preview said. */
  readonly expected: { readonly unsafe: Hash; readonly safe: Hash | null; readonly finalized: Hash | null };
  readonly reason: string;
  /** The name of the node, typed by the asker. */
  readonly confirm: string;
  readonly idempotencyKey: string;
  /** Resync although this node leads or is about to. */
  readonly override: boolean;
}

export type ResyncRefusalCode =
  | 'unknown_preview'
  | 'expired'
  | 'not_what_was_shown'
  | 'heads_moved'
  | 'wrong_confirmation'
  | 'key_reused'
  | 'in_progress'
  | 'cooldown'
  | 'leading'
  | 'leading_soon'
  | 'paused'
  | 'no_such_target'
  | 'not_journaled'
  | 'unavailable';

export interface Refusal {
  readonly ok: false;
  readonly code: ResyncRefusalCode;
  /** One sentence: why, and what to do. */
  readonly message: string;
  /** When asking again makes sense; null when waiting does not help. Milliseconds. */
  readonly retryAfterMs: number | null;
}

export type PreviewAnswer = { readonly ok: true; readonly preview: ResyncPreview } | Refusal;
export type ExecuteAnswer = { readonly ok: true; readonly id: string } | Refusal;

/** Refusals that say nothing about the order: the same one may be taken a moment later. */
const PASSING: ReadonlySet<ResyncRefusalCode> = new Set(['unavailable', 'not_journaled', 'cooldown']);

/** Whether asking the same again, with the same key, is to be answered the same. */
export const isFinal = (answer: ExecuteAnswer): boolean => answer.ok || !PASSING.has(answer.code);

export const refusal = (
  code: ResyncRefusalCode,
  message: string,
  retryAfterMs: number | null = null,
): Refusal => ({ ok: false, code, message, retryAfterMs });

/** A preview may be executed for this long, milliseconds. */
export const PREVIEW_VALID_MS = 30_000;
/** After a resync ended the next one has to wait, milliseconds. */
export const COOLDOWN_MS = 30_000;
/** Observations that must agree, one after the other, before success is claimed. */
export const OBSERVATIONS = 2;
/** Observations in a row that disagree before the resync is called failed. */
export const DISAGREEMENTS = 3;
/** Without a rise of the safe head for this long it is called failed, milliseconds. */
export const STALLED_MS = 600_000;
/**
 * While somebody reads a preview the chain goes on. Blocks that came on top of what was shown do not change what is
 * decided, up to this many; a head that went elsewhere does.
 */
export const GROWTH_BLOCKS = 64;

export type ResyncPhase = 'pausing' | 'rewinding' | 'rederiving' | 'verifying' | 'done' | 'failed';

/** A resync under way or ended, as the driver's state shows it. Times are milliseconds since 1970. */
export interface ResyncProgress {
  readonly id: string;
  readonly phase: ResyncPhase;
  readonly target: ResyncTarget;
  readonly point: ResyncPoint;
  readonly actor: Actor;
  readonly reason: string;
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** Batches derived again, of those that L1 holds above the point. */
  readonly done: number;
  readonly of: number;
  /** Observations in a row that agreed. */
  readonly matches: number;
  readonly disagreements: number;
  /** Taken up again after a restart of the process. */
  readonly resumed: boolean;
  /** The engine answered VALID and kept its head: blocks were checked in place. */
  readonly keptHead: boolean;
  /** One sentence: what it is doing, why it failed, or what it came to. */
  readonly note: string;
  readonly progressAt: number;
}

export const isRunning = (
  resync: ResyncProgress | null,
): resync is ResyncProgress & { readonly endedAt: null } =>
  resync !== null && resync.phase !== 'done' && resync.phase !== 'failed';

export interface ExecuteFacts {
  readonly request: ResyncRequest;
  /** Null when there is none of that id. */
  readonly preview: ResyncPreview | null;
  readonly current: ResyncProgress | null;
  readonly paused: boolean;
  readonly duty: Duty;
  /** What has to be typed. */
  readonly nodeName: string;
  /** When the request came in, milliseconds since 1970. */
  readonly askedAt: number;
  readonly cooldownMs: number;
}

/** What can be refused without asking L1 or the engine; null when nothing can. */
export function refuseRequest(facts: ExecuteFacts): Refusal | null {
  const { request, preview, askedAt, nodeName } = facts;
  if (request.confirm !== nodeName) {
    return refusal(
      'wrong_confirmation',
      `The confirmation does not match: type the name of this node, ${nodeName}.`,
    );
  }
  if (preview === null) {
    return refusal(
      'unknown_preview',
      'There is no such preview: look at what would happen first, then confirm it.',
    );
  }
  if (askedAt > preview.validUntil) {
    return refusal('expired', 'The preview is older than 30 seconds: look again, then confirm.');
  }
  if (!sameHeads(preview.expected, request.expected)) {
    return refusal(
      'not_what_was_shown',
      'The heads sent along are not those of the preview: look again, then confirm.',
    );
  }
  return refuseNow(facts);
}

function refuseNow({ request, current, paused, duty, askedAt, cooldownMs }: ExecuteFacts): Refusal | null {
  if (isRunning(current)) {
    return refusal(
      'in_progress',
      `Resync ${current.id} by ${current.actor.name} is under way: wait until it has ended.`,
    );
  }
  const wait = current?.endedAt == null ? 0 : current.endedAt + cooldownMs - askedAt;
  if (wait > 0) {
    const seconds = Math.ceil(wait / 1000);
    return refusal('cooldown', `The last resync ended just now: wait ${seconds} s before the next.`, wait);
  }
  if (paused) return refusal('paused', 'The driver is paused: resume it first, a resync needs it.');
  return request.override ? null : refuseDuty(duty);
}

/** Why a resync would disturb what this node owes the rollup as its lead sequencer. */
export function refuseDuty(duty: Duty): Refusal | null {
  if (duty.kind === 'leading') {
    return refusal(
      'leading',
      'This node leads: blocks that it built and L1 does not have yet would be dropped. Wait until its term is over, or override and say why.',
    );
  }
  if (duty.kind === 'soon') {
    const when = duty.batches === 0 ? 'with the next batch' : `in ${duty.batches} batches`;
    return refusal(
      'leading_soon',
      `This node leads ${when}: a resync could make it miss its turn. Wait until its term is over, or override and say why.`,
    );
  }
  return null;
}

const sameHeads = (shown: ExpectedHeads, sent: ResyncRequest['expected']): boolean =>
  shown.unsafe.hash === sent.unsafe &&
  (shown.safe?.hash ?? null) === sent.safe &&
  (shown.finalized?.hash ?? null) === sent.finalized;

/** What became of the shown heads: for each, whether the engine still holds it as canonical. */
export interface HeadsNow {
  readonly expected: ExpectedHeads;
  readonly unsafe: L2BlockId;
  readonly safe: L2BlockId | null;
  readonly unsafeStands: boolean;
  readonly safeStands: boolean;
  /** The point as L1 gives it now; null when L1 took it back. */
  readonly point: ResyncPoint | null;
  readonly shownPoint: ResyncPoint;
}

/** Refused when the heads moved past the preview: elsewhere, back, or on by more than `GROWTH_BLOCKS`. */
export function refuseMoved(now: HeadsNow): Refusal | null {
  const again = 'Look again, then confirm.';
  if (now.point === null || now.point.block.hash !== now.shownPoint.block.hash) {
    return refusal(
      'heads_moved',
      `L1 no longer implies the target block ${now.shownPoint.block.number}. ${again}`,
    );
  }
  const { expected } = now;
  if (!now.unsafeStands || now.unsafe.number < expected.unsafe.number) {
    return refusal(
      'heads_moved',
      `The unsafe head left block ${expected.unsafe.number} that was shown. ${again}`,
    );
  }
  const wentBack = (now.safe?.number ?? 0) < (expected.safe?.number ?? 0);
  if (!now.safeStands || wentBack) {
    return refusal(
      'heads_moved',
      `The safe head left block ${expected.safe?.number ?? 0} that was shown. ${again}`,
    );
  }
  const grown = now.unsafe.number - expected.unsafe.number;
  if (grown > GROWTH_BLOCKS) {
    return refusal('heads_moved', `${grown} blocks came on top of what was shown. ${again}`);
  }
  return null;
}

/** What one look at the node showed while a resync derives and verifies. */
export interface Observation {
  readonly now: number;
  /** The newest batch that is derived, and the newest that L1 holds. */
  readonly batch: number;
  readonly lastCommittedBatch: number;
  /** Level with L1's head (or with a batch that cannot be right). */
  readonly level: boolean;
  /** Whether the engine's safe block is what L1 implies; null when it was not compared. */
  readonly matches: boolean | null;
  /** What the loop waits for, if anything. */
  readonly waitsFor: string | null;
}

/** The next picture of a resync that was rewound already. Success is claimed only after `OBSERVATIONS` in a row. */
export function observe(resync: ResyncProgress, seen: Observation): ResyncProgress {
  const done = Math.max(0, seen.batch - resync.point.batch);
  const of = Math.max(done, seen.lastCommittedBatch - resync.point.batch);
  const progressAt = done > resync.done ? seen.now : resync.progressAt;
  const next = { ...resync, done, of, progressAt };
  if (seen.now - progressAt > STALLED_MS) {
    return failed(
      next,
      `no batch was derived for ${Math.round(STALLED_MS / 60_000)} minutes${seen.waitsFor === null ? '' : ` (${seen.waitsFor})`}`,
      seen.now,
    );
  }
  if (!seen.level || seen.matches === null) {
    const waits = seen.waitsFor === null ? '' : `, waiting: ${seen.waitsFor}`;
    return { ...next, phase: 'rederiving', matches: 0, note: `deriving batch ${done} of ${of}${waits}` };
  }
  if (!seen.matches) return disagreed(next, seen.now);
  const matches = resync.matches + 1;
  const seenSo = { ...next, phase: 'verifying' as const, matches, disagreements: 0 };
  if (matches < OBSERVATIONS)
    return { ...seenSo, note: `verifying: ${matches} of ${OBSERVATIONS} looks agree` };
  const seconds = ((seen.now - resync.startedAt) / 1000).toFixed(1);
  const how = resync.keptHead ? ', checked in place because the engine keeps its head' : '';
  return {
    ...seenSo,
    phase: 'done',
    endedAt: seen.now,
    note: `in plumb with L1 again after ${seconds} s, ${of} batches derived${how}`,
  };
}

function disagreed(resync: ResyncProgress, now: number): ResyncProgress {
  const disagreements = resync.disagreements + 1;
  const note = `verifying: the engine's safe block is not what L1 implies (${disagreements} of ${DISAGREEMENTS})`;
  const next = { ...resync, phase: 'verifying' as const, matches: 0, disagreements, note };
  if (disagreements < DISAGREEMENTS) return next;
  return failed(
    next,
    'the engine’s safe block is not what L1 implies, and deriving again did not mend it',
    now,
  );
}

export const failed = (resync: ResyncProgress, why: string, now: number): ResyncProgress => ({
  ...resync,
  phase: 'failed',
  endedAt: now,
  note: `failed: ${why}`,
});
