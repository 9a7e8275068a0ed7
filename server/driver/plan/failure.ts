import type { EngineErrorCode, L1ErrorCode, Severity } from '../ports.ts';

/**
 * What an error means for the loop (driver.md, "Errors"):
 * temporary: retry with backoff; after `RESET_AFTER` in a row without progress it becomes reset.
 * reset: forget what we hold in memory and find the start again.
 * degraded: go on with less, and say so. halt: stop writing, keep serving reads, wait for an operator.
 */
export interface Failure {
  readonly severity: Severity;
  readonly code: string;
  readonly message: string;
}

const ENGINE_SEVERITY: Readonly<Record<EngineErrorCode, Severity>> = {
  aborted: 'temporary',
  timeout: 'temporary',
  unreachable: 'temporary',
  auth_failed: 'temporary',
  // Nothing was written, and the right engine may come back at that address.
  wrong_chain: 'degraded',
  bad_answer: 'temporary',
  // The engine's labels are not what we think: retrying the same call cannot help.
  invalid_forkchoice_state: 'reset',
  invalid_payload_attributes: 'reset',
  unsupported_fork: 'halt',
  too_deep_reorg: 'degraded',
  unknown_payload: 'reset',
  unsupported_transaction: 'degraded',
  method_not_found: 'halt',
  rpc_error: 'temporary',
};

export const RESET_AFTER = 5;
const FIRST_DELAY_MS = 250;
/** The longest that the driver waits after a failure. Milliseconds. */
export const MAX_DELAY_MS = 10_000;

export type DriverErrorCode =
  | 'engine_contradicts' // two answers of the engine that cannot both be right
  | 'engine_syncing' // the engine fetches or does not know the parent: wait
  | 'head_not_moved' // VALID, and nothing happened
  | 'engine_cannot_reorg' // L1 implies a branch so far below its head that the engine has no state there
  | 'forkchoice_invalid' // INVALID on a forkchoice update: our picture is wrong
  | 'forkchoice_refused' // the same update, called INVALID too often to be asked again as it is
  | 'foreign_genesis' // the engine holds another chain
  | 'beyond_finalized' // an L1 reorg below what L1 called final
  | 'finalized_conflict' // the engine finalized a block that L1 no longer implies
  | 'other_branch' // L1 shows a commit of another branch than its head's
  | 'l1_behind' // L1 shows less than the engine has finalized, and contradicts none of it
  | 'incomplete_l1' // L1 says a batch is committed and does not show it
  | 'blob_unavailable'; // the blocks are in a blob that nobody offers any more

export const DRIVER_SEVERITY: Readonly<Record<DriverErrorCode, Severity>> = {
  engine_contradicts: 'temporary',
  engine_syncing: 'temporary',
  head_not_moved: 'degraded',
  engine_cannot_reorg: 'degraded',
  forkchoice_invalid: 'reset',
  forkchoice_refused: 'degraded',
  foreign_genesis: 'halt',
  beyond_finalized: 'halt',
  finalized_conflict: 'halt',
  other_branch: 'temporary',
  l1_behind: 'temporary',
  incomplete_l1: 'temporary',
  blob_unavailable: 'degraded',
};

/** Whose fault a code is, as far as it says. */
export type TroubleLayer = 'l1' | 'engine' | 'blobs' | 'driver';

const LAYER: Readonly<Record<L1ErrorCode | DriverErrorCode, TroubleLayer>> = {
  aborted: 'l1',
  timeout: 'l1',
  unreachable: 'l1',
  rate_limited: 'l1',
  bad_answer: 'l1',
  incomplete_logs: 'l1',
  not_canonical: 'l1',
  wrong_chain: 'l1',
  rpc_error: 'l1',
  incomplete_l1: 'l1',
  other_branch: 'l1',
  l1_behind: 'l1',
  beyond_finalized: 'l1',
  blob_unavailable: 'blobs',
  engine_contradicts: 'engine',
  engine_syncing: 'engine',
  head_not_moved: 'engine',
  engine_cannot_reorg: 'engine',
  forkchoice_invalid: 'engine',
  forkchoice_refused: 'engine',
  foreign_genesis: 'engine',
  finalized_conflict: 'engine',
};

/** Codes of the engine's own errors carry its prefix (see `classify`); what nobody foresaw is the driver's. */
const layerOf = (code: string): TroubleLayer =>
  code.startsWith('engine_') ? 'engine' : code in LAYER ? LAYER[code as DriverErrorCode] : 'driver';

export class DriverError extends Error {
  override readonly name = 'DriverError';
  readonly code: DriverErrorCode;
  constructor(code: DriverErrorCode, message: string) {
    super(message);
    this.code = code;
  }
  get severity(): Severity {
    return DRIVER_SEVERITY[this.code];
  }
}

const SEVERITIES: readonly string[] = ['temporary', 'reset', 'degraded', 'halt'];

/**
 * The class of any thrown thing. Errors of other layers are told by their `name` and `code`, because an error
 * may have crossed a worker boundary. What nobody foresaw counts as reset: finding the start again is always
 * safe, and it is never retried in silence.
 */
export function classify(error: unknown): Failure {
  const seen = error as { name?: unknown; code?: unknown; severity?: unknown; message?: unknown };
  const message = typeof seen?.message === 'string' ? seen.message : String(error);
  const code = typeof seen?.code === 'string' ? seen.code : 'unexpected';
  if (typeof seen?.severity === 'string' && SEVERITIES.includes(seen.severity)) {
    return { severity: seen.severity as Severity, code, message };
  }
  if (seen?.name === 'EngineError' && code in ENGINE_SEVERITY) {
    return { severity: ENGINE_SEVERITY[code as EngineErrorCode], code: `engine_${code}`, message };
  }
  return { severity: 'reset', code, message };
}

/** Trouble in a row: what failed, how often without progress between, since when. */
export interface Trouble extends Failure {
  readonly layer: TroubleLayer;
  /** Failures since the safe head last moved, or since the driver was last level with L1. */
  readonly count: number;
  /** How many of them made it find its start again: many of these without progress are a loop, not a catch-up. */
  readonly resets: number;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Milliseconds since 1970, at most `MAX_DELAY_MS` from the failure; null: an operator has to act. */
  readonly nextTryAt: number | null;
}

/**
 * Counts failures in a row, escalates a temporary one that repeats without progress, and schedules the next
 * try: 250 ms doubling to 10 s. A halt has no next try.
 */
export function account(previous: Trouble | null, failure: Failure, now: number): Trouble {
  const sameRow = previous !== null;
  const count = sameRow ? previous.count + 1 : 1;
  const severity =
    failure.severity === 'temporary' && count % RESET_AFTER === 0 ? ('reset' as const) : failure.severity;
  const delay = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(count - 1, 10));
  return {
    ...failure,
    severity,
    layer: layerOf(failure.code),
    count,
    resets: (sameRow ? previous.resets : 0) + (severity === 'reset' ? 1 : 0),
    since: sameRow ? previous.since : now,
    nextTryAt: severity === 'halt' ? null : now + delay,
  };
}
