import type { Address, Hash, Hex, L1BlockRef } from './refs.ts';

/**
 * One `BatchCommitted` log with the transaction that emitted it: all that derivation may look at.
 * The log proves only number and state root; the contract reads neither blocks nor `newStateRoot`.
 */
export interface BatchCommit {
  readonly batchNumber: number;
  /** From the log's second topic. */
  readonly newStateRoot: Hash;
  readonly l1Block: L1BlockRef;
  readonly logIndex: number;
  readonly transaction: {
    readonly hash: Hash;
    readonly from: Address;
    /** Null for a contract creation. Not the proposer when the leader is a contract (driver.md case 8). */
    readonly to: Address | null;
    readonly input: Uint8Array;
    /** EIP-4844 versioned hashes in order; empty unless a type-3 transaction. */
    readonly blobVersionedHashes: readonly Hash[];
  };
}

/** One L1 block's data: the block and the commits in it, in log order. Input of derivation. */
export interface L1BlockData {
  readonly block: L1BlockRef;
  readonly commits: readonly BatchCommit[];
}

/** The arguments of any `commitBatch` shape we read. Null where the selected shape has no such argument. */
export interface CommitBatchArgs {
  readonly selector: Hex;
  readonly batchNumber: bigint;
  readonly newStateRoot: Hash;
  readonly withdrawalsLogsMerkleRoot: Hash;
  readonly privilegedRollingHash: Hash;
  readonly lastBlockHash: Hash | null;
  readonly nonPrivilegedTransactions: bigint | null;
  readonly commitHash: Hash | null;
  /** RLP blocks as slices of the calldata; null for the non-based shape, which carries them in its blob. */
  readonly rlpBlocks: readonly Uint8Array[] | null;
}
