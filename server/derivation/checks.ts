import { err, ok, type Result } from '../lib/result.ts';
import type { BatchCommit, CommitBatchArgs } from '../protocol/batch.ts';
import type { SealedBlock } from '../protocol/block.ts';
import {
  MAX_ROLLING_MESSAGES,
  privilegedRollingHash,
  privilegedTransactionHash,
} from '../protocol/privileged.ts';
import type { Hash, L2BlockId } from '../protocol/refs.ts';
import type { RollupConfig } from '../protocol/rollupConfig.ts';
import { decodeTransaction } from '../protocol/transaction.ts';
import type { DerivationCursor, DerivedBatch, InvalidReason } from './derivation.ts';

export interface Refusal {
  readonly reason: InvalidReason;
  readonly detail: string;
}

/** What a batch's blocks add up to. */
export type BatchSummary = Pick<
  DerivedBatch,
  | 'firstBlock'
  | 'lastBlock'
  | 'lastBlockHash'
  | 'stateRoot'
  | 'privilegedCount'
  | 'privilegedRollingHash'
  | 'nonPrivilegedCount'
  | 'gasUsed'
>;

/**
 * Checks that the blocks follow one another from the cursor on and that their transactions are well formed, and
 * sums them up. `blocks` is not empty.
 */
export function summarizeBlocks(
  config: Pick<RollupConfig, 'l2ChainId'>,
  cursor: DerivationCursor,
  blocks: readonly SealedBlock[],
): Result<BatchSummary, Refusal> {
  const chainId = BigInt(config.l2ChainId);
  const messages: Hash[] = [];
  let nonPrivilegedCount = 0;
  let gasUsed = 0n;
  let parent: L2BlockId & { readonly timestamp: number } = cursor.lastBlock;
  for (const block of blocks) {
    const broken = checkLink(parent, block);
    if (broken !== null) return err(broken);
    for (const [index, encoded] of block.transactions.entries()) {
      const transaction = decodeTransaction(encoded);
      if (!transaction.ok) {
        const { reason, detail } = transaction.error;
        return err({ reason, detail: `block ${block.number}, transaction ${index}: ${detail}` });
      }
      if (transaction.value.kind !== 'privileged') nonPrivilegedCount++;
      // Messages of other L2s behind a shared bridge have another chain id and are not in this bridge's queue.
      else if (transaction.value.chainId === chainId)
        messages.push(privilegedTransactionHash(transaction.value));
    }
    gasUsed += block.header.gasUsed;
    parent = block;
  }
  if (messages.length > MAX_ROLLING_MESSAGES) {
    const detail = `${messages.length} L1 messages, and the bridge counts at most ${MAX_ROLLING_MESSAGES}`;
    return err({ reason: 'wrong_privileged_hash', detail });
  }
  return ok({
    firstBlock: blocks[0]!.number,
    lastBlock: parent.number,
    lastBlockHash: parent.hash,
    stateRoot: blocks[blocks.length - 1]!.header.stateRoot,
    privilegedCount: messages.length,
    privilegedRollingHash: privilegedRollingHash(messages),
    nonPrivilegedCount,
    gasUsed,
  });
}

function checkLink(parent: L2BlockId & { readonly timestamp: number }, block: SealedBlock): Refusal | null {
  if (block.parentHash !== parent.hash) {
    const detail = `block ${block.number} names parent ${block.parentHash}, but block ${parent.number} is ${parent.hash}`;
    return { reason: 'wrong_parent', detail };
  }
  if (block.number !== parent.number + 1) {
    return { reason: 'wrong_number', detail: `block ${block.number} stands after block ${parent.number}` };
  }
  if (block.timestamp <= parent.timestamp) {
    const detail = `block ${block.number} has time ${block.timestamp}, its parent ${parent.timestamp}`;
    return { reason: 'wrong_timestamp', detail };
  }
  return null;
}

/** Whether calldata speaks of the batch that the event announced; the log's topics are what the contract accepted. */
export function mismatchWithEvent(claims: CommitBatchArgs, commit: BatchCommit): Refusal | null {
  if (claims.batchNumber !== BigInt(commit.batchNumber)) {
    return {
      reason: 'event_mismatch',
      detail: `calldata commits batch ${claims.batchNumber}, the event batch ${commit.batchNumber}`,
    };
  }
  if (claims.newStateRoot === commit.newStateRoot) return null;
  return {
    reason: 'event_mismatch',
    detail: `calldata commits state root ${claims.newStateRoot}, the event ${commit.newStateRoot}`,
  };
}

/** Holds what the blocks add up to against the event and against what the call claims (null: nothing is known of it). */
export function checkClaims(
  commit: BatchCommit,
  claims: CommitBatchArgs | null,
  summary: BatchSummary,
): Refusal | null {
  if (claims?.lastBlockHash != null && claims.lastBlockHash !== summary.lastBlockHash) {
    const detail = `the batch ends in ${summary.lastBlockHash}, the commit says ${claims.lastBlockHash}`;
    return { reason: 'wrong_last_block_hash', detail };
  }
  if (summary.stateRoot !== commit.newStateRoot) {
    const detail = `block ${summary.lastBlock} has state root ${summary.stateRoot}, the event says ${commit.newStateRoot}`;
    return { reason: 'wrong_state_root', detail };
  }
  if (claims === null) return null;
  if (claims.privilegedRollingHash !== summary.privilegedRollingHash) {
    const detail = `${summary.privilegedCount} L1 messages give ${summary.privilegedRollingHash}, the commit says ${claims.privilegedRollingHash}`;
    return { reason: 'wrong_privileged_hash', detail };
  }
  const counted = BigInt(summary.nonPrivilegedCount);
  if (claims.nonPrivilegedTransactions !== null && claims.nonPrivilegedTransactions !== counted) {
    const detail = `the blocks hold ${counted} transactions of users, the commit says ${claims.nonPrivilegedTransactions}`;
    return { reason: 'wrong_non_privileged_count', detail };
  }
  return null;
}
