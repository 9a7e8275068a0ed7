/** What the sequencer needs of the rest of the node, in the sequencer's own words. Types only. */
import type { Engine } from '../engine/engine.ts';
import type { Journal } from '../journal/journal.ts';
import type { Clock } from '../lib/time.ts';
import type { SealedBlock } from '../protocol/block.ts';
import type { Address, Hash, Hex, L1BlockId, L1BlockRef, L2BlockId } from '../protocol/refs.ts';

export type { Clock };

/** What building blocks takes. */
export type BuildingEngine = Pick<
  Engine,
  'labels' | 'newPayload' | 'forkchoiceUpdated' | 'getPayload' | 'abilities' | 'setHead'
>;
/** What finding a block's place on the engine's canonical branch takes. */
export type EngineChain = Pick<Engine, 'labels' | 'blockByNumber' | 'blockByHash'>;
export type SequencerJournal = Pick<Journal, 'append'>;

/** Whole blocks of the engine's canonical branch. */
export interface BlockSource {
  /** Null when the engine has no such block. */
  sealedBlock(number: number, signal?: AbortSignal): Promise<SealedBlock | null>;
}

/** One `L1Message(address,bytes32,uint256)` log of the messenger at 0x…fffe, in block order. */
export interface OutgoingMessage {
  readonly from: Address;
  readonly dataHash: Hash;
  readonly messageId: bigint;
}

export interface OutgoingMessages {
  /** Messages of L2 blocks [from, to] on the canonical branch. */
  outgoing(from: number, to: number, signal?: AbortSignal): Promise<readonly OutgoingMessage[]>;
}

export interface TransactionPool {
  /** Offers one canonical encoding. A transaction the pool knows already is no error. */
  offer(transaction: Uint8Array, signal?: AbortSignal): Promise<void>;
}

/** What the contracts say, all of it read at one L1 block's hash. */
export interface RollupSnapshot {
  readonly at: L1BlockRef;
  readonly lastCommittedBatch: number;
  /** `lastBlockHash` of that batch; null for batch 0, which is the L2 genesis. */
  readonly lastCommittedBlockHash: Hash | null;
  readonly lastVerifiedBatch: number;
  /** Messages in batches that are committed and not yet verified. */
  readonly unverifiedMessages: number;
  /** `getPendingTransactionHashes()`: all messages of unverified batches and of none, in queue order. */
  readonly pendingMessages: readonly Hash[];
  readonly leader: Address | null;
  /** Last block of the last batch that L1's finalized block holds; null for genesis or without the label. */
  readonly finalizedBlockHash: Hash | null;
}

/** One `PrivilegedTxSent` log of the bridge. */
export interface L1Message {
  readonly transactionId: bigint;
  readonly from: Address;
  readonly to: Address;
  readonly value: bigint;
  readonly gasLimit: bigint;
  readonly data: Hex;
  readonly l1Block: L1BlockId;
}

/** Until when the bridge lets its messages wait. */
export interface BridgeDeadlines {
  /** `privilegedTxDeadline` of each, seconds since 1970, in the order asked. */
  deadlines(messages: readonly Hash[], at: L1BlockId, signal?: AbortSignal): Promise<readonly number[]>;
  /** `PRIVILEGED_TX_MAX_WAIT_BEFORE_INCLUSION`, seconds. */
  maxWait(at: L1BlockId, signal?: AbortSignal): Promise<number>;
}

export interface RollupContracts extends BridgeDeadlines {
  /** At the L1 node's latest block. Throws when that block vanishes between two reads: look again. */
  snapshot(signal?: AbortSignal): Promise<RollupSnapshot>;
}

export interface BridgeLogs {
  /** Messages sent in L1 blocks [from, to] on the canonical branch, in log order. */
  messages(from: number, to: number, signal?: AbortSignal): Promise<readonly L1Message[]>;
  /** Hash of the canonical L1 block of that number; null beyond the head. */
  blockHash(number: number, signal?: AbortSignal): Promise<Hash | null>;
}

/** Wei per gas. `maxFeePerBlobGas` is null for a transaction without blobs. */
export interface Fees {
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
  readonly maxFeePerBlobGas: bigint | null;
}

export interface L1Call {
  readonly to: Address;
  readonly data: Hex;
  /** wei. */
  readonly value: bigint;
  /** 131,072-byte blobs; empty for a type-2 transaction. */
  readonly blobs: readonly Uint8Array[];
}

export type SubmitOutcome =
  | { readonly kind: 'accepted'; readonly hash: Hash }
  /** The pool holds another transaction of that nonce and wants higher fees for this one. */
  | { readonly kind: 'underpriced' }
  /** That nonce is mined already. */
  | { readonly kind: 'nonce_too_low' }
  | { readonly kind: 'refused'; readonly detail: string };

export type GasQuote =
  | { readonly kind: 'ok'; readonly gas: bigint; readonly fees: Fees }
  /** The call would revert: nothing was sent. `error` is the contract's error name where it is known. */
  | { readonly kind: 'reverts'; readonly error: string };

/** One account's way to L1. It owns the account's nonces: nobody else signs for it. */
export interface L1Account {
  readonly address: Address;
  /** Transactions mined from this account in the branch of `at`. */
  minedNonce(at: L1BlockId, signal?: AbortSignal): Promise<number>;
  /** As `minedNonce`, at the head and with those that the node's pool holds. */
  pendingNonce(signal?: AbortSignal): Promise<number>;
  /** Wei in the branch of `at`. */
  balance(at: L1BlockId, signal?: AbortSignal): Promise<bigint>;
  quote(call: L1Call, signal?: AbortSignal): Promise<GasQuote>;
  submit(
    call: L1Call,
    terms: { nonce: number; gas: bigint; fees: Fees },
    signal?: AbortSignal,
  ): Promise<SubmitOutcome>;
}

/** Who may sequence. The devnet's answer is always yes; a node asks the registry. */
export interface Leadership {
  isLeader(snapshot: Pick<RollupSnapshot, 'at' | 'leader' | 'lastCommittedBatch'>): boolean;
  /** Batches after the last committed one that we may commit in a row; left out where turns never end. */
  batchesLeft?(snapshot: Pick<RollupSnapshot, 'lastCommittedBatch'>): number;
}

/** The blocks that the engine's safe and finalized labels should name. */
export interface ConfirmedHeads {
  readonly safe: L2BlockId;
  readonly finalizedHash: Hash;
}

/** A JSON-RPC endpoint. Rejects with the endpoint's error, which has a numeric `code` and maybe `data`. */
export interface JsonRpc {
  request(method: string, params: readonly unknown[], signal?: AbortSignal): Promise<unknown>;
}

/** Signs for one account; viem's local accounts are such, and so is a wrapper of a remote signer. */
export interface TransactionSigner {
  readonly address: Address;
  /** The signed, serialized transaction as pools take it (a type-3 one with its sidecar). */
  sign(transaction: UnsignedTransaction): Promise<Hex>;
}

export interface UnsignedTransaction {
  readonly chainId: number;
  readonly nonce: number;
  readonly gas: bigint;
  readonly fees: Fees;
  readonly to: Address;
  readonly data: Hex;
  /** wei. */
  readonly value: bigint;
  readonly blobs: readonly Uint8Array[];
}
