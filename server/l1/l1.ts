import type { BatchCommit } from '../protocol/batch.ts';
import type { Address, Hash, L1BlockId, L1BlockRef } from '../protocol/refs.ts';

/** The L1 node's labels. `safe` and `finalized` are null when the node does not offer them (fault R23). */
export interface L1Heads {
  readonly latest: L1BlockRef;
  readonly safe: L1BlockRef | null;
  readonly finalized: L1BlockRef | null;
}

/** What the rollup's contracts say at one pinned L1 block. */
export interface ContractState {
  readonly at: L1BlockId;
  readonly lastCommittedBatch: number;
  readonly lastVerifiedBatch: number;
  /** `SequencerRegistry.leaderSequencer()`; null without a registry, zero address with no sequencer. */
  readonly leader: Address | null;
}

/**
 * What a caller of `batchCommits` knows of the range, so that logs which a provider silently leaves out show.
 * Batch numbers rise by one, so both ends together prove the middle.
 */
export interface ExpectedBatches {
  /** The last batch committed before the range; 0 before the first. */
  readonly previousBatch: number;
  /** `lastCommittedBatch` as read at the range's last block; null when it was not read there. */
  readonly lastBatch: number | null;
}

/**
 * The L1 port. Everything is by hash or checked against one: a pinned hash that the node no longer knows
 * is an `L1Error` of code `not_canonical` (class reset), never retried as it stands.
 */
export interface L1 {
  chainId(signal?: AbortSignal): Promise<number>;
  heads(signal?: AbortSignal): Promise<L1Heads>;
  /** The canonical block of that number, or null beyond the head. */
  blockByNumber(number: number, signal?: AbortSignal): Promise<L1BlockRef | null>;
  blockByHash(hash: Hash, signal?: AbortSignal): Promise<L1BlockRef | null>;
  contractState(at: L1BlockId, signal?: AbortSignal): Promise<ContractState>;
  /**
   * All commits in L1 blocks [from, to] on the branch of `pinned` (to ≤ pinned.number), in chain order.
   * Each log's block hash is checked. Splits the range when the provider limits it. With `expected`, proves
   * that no log was left out, or rejects with `incomplete_logs`. With `most`, ends after the block that holds that many:
   * so many commits or more in the answer mean that it reaches up to the last one's block, and fewer that it is whole.
   */
  batchCommits(
    from: number,
    to: number,
    pinned: L1BlockId,
    signal?: AbortSignal,
    expected?: ExpectedBatches,
    most?: number,
  ): Promise<readonly BatchCommit[]>;
  /** The commit of one batch on the branch of `pinned`, found by its indexed number in O(1) calls. */
  commitOfBatch(batchNumber: number, pinned: L1BlockId, signal?: AbortSignal): Promise<BatchCommit | null>;
  /**
   * The blob of a type-3 transaction in that block: 131,072 bytes whose KZG commitment hashes to
   * `versionedHash` (checked here). Null when the endpoint does not have it (pruned, absent).
   */
  blob(block: L1BlockRef, versionedHash: Hash, signal?: AbortSignal): Promise<Uint8Array | null>;
  /**
   * Call data of the calls to `to` that this transaction made through other contracts and that stand, in order. Null
   * where too few endpoints trace transactions, or they do not agree.
   */
  innerCalls?(transaction: Hash, to: Address, signal?: AbortSignal): Promise<readonly Uint8Array[] | null>;
  /** How the beacon endpoint answers; null, or left out, where none is configured. `version` is null where it says none. */
  beacon?(signal?: AbortSignal): Promise<{ readonly host: string; readonly version: string | null } | null>;
  /** Calls back on each new head until unsubscribed: WebSocket where there is one, a poll behind it. */
  onHead(listener: () => void): () => void;
  /** The endpoints behind this port, in the order of the configuration; absent where there are none to tell of. */
  providers?(): readonly ProviderStatus[];
  close(): Promise<void>;
}

export type L1ErrorCode =
  | 'aborted'
  | 'timeout'
  | 'unreachable'
  | 'rate_limited'
  | 'bad_answer' // an answer that contradicts itself: report it to the RPC operator
  | 'incomplete_logs' // logs do not add up to lastCommittedBatch
  | 'not_canonical' // a pinned hash is gone: the branch changed under us
  | 'wrong_chain'
  | 'blob_unavailable'
  | 'rpc_error';

/** temporary: retry with backoff · reset: find the start again · degraded: go on with less · halt: stop writing. */
export type Severity = 'temporary' | 'reset' | 'degraded' | 'halt';

export const L1_SEVERITY: Readonly<Record<L1ErrorCode, Severity>> = {
  aborted: 'temporary',
  timeout: 'temporary',
  unreachable: 'temporary',
  rate_limited: 'temporary',
  bad_answer: 'temporary',
  incomplete_logs: 'temporary',
  not_canonical: 'reset',
  wrong_chain: 'halt',
  blob_unavailable: 'degraded',
  rpc_error: 'temporary',
};

export class L1Error extends Error {
  override readonly name = 'L1Error';
  readonly code: L1ErrorCode;
  readonly method: string;
  /** Milliseconds the provider asked us to wait; null when it did not say. */
  readonly retryAfterMs: number | null;
  constructor(
    code: L1ErrorCode,
    method: string,
    message: string,
    cause?: unknown,
    retryAfterMs: number | null = null,
  ) {
    super(message, { cause });
    this.code = code;
    this.method = method;
    this.retryAfterMs = retryAfterMs;
  }
  get severity(): Severity {
    return L1_SEVERITY[this.code];
  }
}

/**
 * In what way answers of one provider contradict each other, or what is proved. `proof`: the answer cannot be right,
 * and whoever gave it has no say any more. `doubt`: a load balancer in front of honest nodes does this too; after
 * several in a row the provider is left alone for a while.
 */
export const INCONSISTENCY_RULES = {
  /** Another chain id (R44), another genesis or block at the start of scans (R45). */
  wrong_chain: 'proof',
  wrong_genesis: 'proof',
  /** A header that does not hash to the block's hash, or to the one asked for. */
  header_hash: 'proof',
  wrong_block: 'proof',
  transactions_root: 'proof',
  transaction_hash: 'proof',
  receipts_root: 'proof',
  /** Some nodes answer with none for blocks they are still writing (R31, R33). */
  receipt_count: 'doubt',
  /** A log that its block's receipts do not hold; one that they hold and the provider left out (R37). */
  log_forged: 'proof',
  log_hidden: 'proof',
  /** Of another contract or event, removed, twice, out of order, outside the range (R38 to R43). */
  log_unasked: 'proof',
  /** A batch counter that a proved commit contradicts. */
  contract_state: 'proof',
  /** A branch that most providers do not have (R27): they may be the late ones. */
  branch_disputed: 'doubt',
  /** Blocks that do not follow each other (R26, R28): two backends, or a reorg between two questions. */
  unlinked: 'doubt',
  /** No new block for long (R18): it stands still while others move on. */
  head_stale: 'doubt',
  labels_order: 'doubt',
  /** Null for what it has just shown (R29, R30, R46). */
  unanswered: 'doubt',
  /** Not JSON, not JSON-RPC, not the id, a field of another type (R11 to R14, R47). */
  malformed: 'doubt',
} as const;

export type InconsistencyRule = keyof typeof INCONSISTENCY_RULES;

/** An answer that cannot be right, and by which rule. To be reported to whoever runs the RPC. */
export class InconsistencyError extends L1Error {
  readonly rule: InconsistencyRule;
  constructor(
    rule: InconsistencyRule,
    method: string,
    message: string,
    code: 'bad_answer' | 'incomplete_logs' | 'wrong_chain' = 'bad_answer',
  ) {
    super(code, method, message);
    this.rule = rule;
  }
}

/**
 * `good`: asked and believed as far as its answers prove themselves · `failing`: gives no answers, or doubtful ones,
 * and is asked again with backoff · `limited`: asked us to wait · `benched`: gave an answer that cannot be right ·
 * `probation`: back from the bench, watched and not yet believed · `wrong_chain`: serves another chain.
 */
export type ProviderState = 'good' | 'failing' | 'limited' | 'benched' | 'probation' | 'wrong_chain';

/** One provider for people. Times are milliseconds since 1970. */
export interface ProviderStatus {
  readonly host: string;
  readonly state: ProviderState;
  /** It served the last step. */
  readonly current: boolean;
  readonly head: L1BlockRef | null;
  /** Blocks that its head is behind the highest head of the pool; null when it is not known. */
  readonly lag: number | null;
  readonly answers: number;
  readonly failures: number;
  /** Share of failures among the last answers, 0 to 1. */
  readonly errorRate: number;
  /** Mean over the last answers. Milliseconds; null before the first. */
  readonly latencyMs: number | null;
  readonly lastAnswerAt: number | null;
  /** It is not asked before. */
  readonly until: number | null;
  /** Why it is not `good`, with what to do; null when it is. */
  readonly reason: string | null;
  /** How often it was caught, by rule. */
  readonly inconsistencies: Readonly<Partial<Record<InconsistencyRule, number>>>;
}
