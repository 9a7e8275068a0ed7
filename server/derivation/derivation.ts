import type { BatchCommit } from '../protocol/batch.ts';
import type { SealedBlock } from '../protocol/block.ts';
import type { DecodeReason } from '../protocol/decodeError.ts';
import type { Hash, L2BlockId } from '../protocol/refs.ts';

/** Where derivation stands: everything up to and including this batch's last block is derived. */
export interface DerivationCursor {
  /** 0 before the first batch. */
  readonly batchNumber: number;
  readonly lastBlock: L2BlockId & { readonly timestamp: number };
}

/** Stable reason codes, one sentence each in `invalidSentence`. driver.md case 7 and 8, reliability.md 2.3. */
export type InvalidReason =
  | DecodeReason
  | 'unreadable_commit' // calldata is not a commitBatch and no blob carries the blocks
  | 'event_mismatch' // calldata and BatchCommitted log disagree on number or state root
  | 'batch_gap'
  | 'blob_hash_mismatch'
  | 'wrong_parent'
  | 'wrong_number'
  | 'wrong_timestamp'
  | 'wrong_last_block_hash'
  | 'wrong_state_root'
  | 'wrong_privileged_hash'
  | 'wrong_non_privileged_count';

/** A batch that derivation accepts: everything checkable without executing has been checked. */
export interface DerivedBatch {
  readonly kind: 'derived';
  readonly commit: BatchCommit;
  readonly batchNumber: number;
  readonly blocks: readonly SealedBlock[];
  readonly firstBlock: number;
  readonly lastBlock: number;
  readonly lastBlockHash: Hash;
  readonly stateRoot: Hash;
  readonly privilegedCount: number;
  readonly privilegedRollingHash: Hash;
  readonly nonPrivilegedCount: number;
  readonly gasUsed: bigint;
  readonly source: 'calldata' | 'blob';
  /** Accepted, but not in the one canonical layout; reliability.md 2.3 "bounded first, canonical second". */
  readonly warnings: readonly string[];
}

export interface InvalidBatch {
  readonly kind: 'invalid';
  readonly commit: BatchCommit;
  readonly batchNumber: number;
  readonly reason: InvalidReason;
  /** One sentence with the values that disagree. */
  readonly detail: string;
}

/** The blocks are not in the calldata; derivation needs the bytes of this blob and is called again with them. */
export interface NeedsBlob {
  readonly kind: 'needsBlob';
  readonly commit: BatchCommit;
  readonly versionedHash: Hash;
}

export type BatchOutcome = DerivedBatch | InvalidBatch | NeedsBlob;
