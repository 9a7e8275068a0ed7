import type { SealedBlock } from '../protocol/block.ts';
import type { ForkchoiceState, PayloadAttributes, PayloadStatus } from '../protocol/forkchoice.ts';
import type { Address, Hash, Hex, L2BlockId, L2BlockRef } from '../protocol/refs.ts';
import type { EngineCondition } from './condition.ts';

/**
 * The engine port. An engine answers with a union; only failing to get an answer at all (transport, timeout,
 * 401) or an Engine API error code is an `EngineError`. Every call takes a signal and has a deadline.
 */
export interface EngineLabels {
  readonly latest: L2BlockRef;
  /** Null when the engine has no such label yet, or answers genesis for it. */
  readonly safe: L2BlockRef | null;
  readonly finalized: L2BlockRef | null;
}

export interface ForkchoiceAnswer {
  readonly payloadStatus: PayloadStatus;
  readonly payloadId: Hex | null;
}

export interface BuiltPayload {
  readonly block: SealedBlock;
  /** wei the fee recipient earns. */
  readonly blockValue: bigint;
}

/** A transaction as the engine names it. `nonce` is null where it has none to use up: an L1 message. */
export interface TransactionRef {
  readonly hash: Hash;
  readonly from: Address | null;
  readonly nonce: number | null;
}

/** Where a transaction is now. `nonceUsed`: its sender's next nonce is above its own; null when not known. */
export type TransactionPlace =
  | { readonly kind: 'included'; readonly block: L2BlockId }
  | { readonly kind: 'pending' }
  | { readonly kind: 'nowhere'; readonly nonceUsed: boolean | null };

/** What an engine can do beyond execution-apis, as a rollup's sequencer may want it. */
export interface EngineAbilities {
  /** Payload attributes may name the transactions that come first. Without it the engine's own pool is all. */
  readonly forcedTransactions: boolean;
  /** It executes privileged (0x7e) transactions, which carry L1 messages. */
  readonly privilegedTransactions: boolean;
}

export interface Engine {
  /** What the engine calls itself, for people. */
  readonly name: string;
  exchangeCapabilities(signal?: AbortSignal): Promise<readonly string[]>;
  chainId(signal?: AbortSignal): Promise<number>;
  /** Program and version as the engine says them, for people; null where it does not say. */
  version?(signal?: AbortSignal): Promise<string | null>;
  labels(signal?: AbortSignal): Promise<EngineLabels>;
  blockByNumber(number: number | 'latest' | 'earliest', signal?: AbortSignal): Promise<L2BlockRef | null>;
  blockByHash(hash: Hash, signal?: AbortSignal): Promise<L2BlockRef | null>;
  /** Of a block by its hash, canonical or not, in order; null when the engine does not have it. For people. */
  transactionsOfBlock?(hash: Hash, signal?: AbortSignal): Promise<readonly TransactionRef[] | null>;
  /** For people. Rejects where the engine serves no such question. */
  placeOfTransaction?(transaction: TransactionRef, signal?: AbortSignal): Promise<TransactionPlace>;
  /** Executes and stores a block without moving any label. Idempotent by hash. */
  newPayload(block: SealedBlock, signal?: AbortSignal): Promise<PayloadStatus>;
  /** Moves the labels. A VALID answer does not prove that the head moved: read `labels` again. */
  forkchoiceUpdated(
    state: ForkchoiceState,
    attributes: PayloadAttributes | null,
    signal?: AbortSignal,
  ): Promise<ForkchoiceAnswer>;
  getPayload(payloadId: Hex, signal?: AbortSignal): Promise<BuiltPayload>;
  /**
   * Forces the head back to its ancestor of that number, past what forkchoice updates may do (`debug_setHead`). There
   * only where the operator allowed it. Believe the labels, not the answer.
   */
  readonly setHead?: (number: number, signal?: AbortSignal) => Promise<void>;
  close(): Promise<void>;
  /** Known once the capabilities were exchanged; left out where the engine can do everything. */
  abilities?(): EngineAbilities;
  /** How the engine is; left out where nobody keeps track. */
  condition?(): EngineCondition;
  /** This machine's clock minus the engine's, milliseconds; null, or left out, where the engine does not tell. */
  clockSkewMs?(): number | null;
  /** Calls back at each change of the condition, also of one that passes within a call. Returns the unsubscribe. */
  onCondition?(listener: (condition: EngineCondition) => void): () => void;
}

/** Why there is no answer. `code` is stable and drives the error class; `message` is for people. */
export type EngineErrorCode =
  | 'aborted'
  | 'timeout'
  | 'unreachable'
  | 'auth_failed'
  | 'wrong_chain' // it runs another chain: nothing was sent
  | 'bad_answer'
  | 'invalid_forkchoice_state' // -38002
  | 'invalid_payload_attributes' // -38003
  | 'unsupported_fork' // -38005
  | 'too_deep_reorg' // -38006
  | 'unknown_payload' // -38001
  | 'unsupported_transaction' // the engine cannot run a transaction type of this block
  | 'method_not_found' // -32601
  | 'rpc_error';

export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: EngineErrorCode;
  readonly method: string;
  /** JSON-RPC error code, when the engine gave one. */
  readonly rpcCode: number | null;
  constructor(
    code: EngineErrorCode,
    method: string,
    message: string,
    rpcCode: number | null = null,
    cause?: unknown,
  ) {
    super(message, { cause });
    this.code = code;
    this.method = method;
    this.rpcCode = rpcCode;
  }
}
