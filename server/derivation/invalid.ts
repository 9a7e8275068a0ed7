import type { InvalidReason } from './derivation.ts';

/** One sentence a reason, for an operator who has to understand why the node refuses what L1 says. */
const SENTENCES: Readonly<Record<InvalidReason, string>> = {
  unreadable_commit:
    'The commit was made through another contract and no blob carries its blocks, so nobody can read them from L1.',
  unknown_selector:
    'The commit calls a function that this version does not know; the contract may be newer than the node.',
  malformed_calldata:
    "The commit's calldata is damaged: an offset, a length or a count leads nowhere or to bytes already used.",
  calldata_too_large: "The commit's calldata is larger than this node accepts.",
  number_out_of_range: 'A block number or time in the batch is too large to be real.',
  event_mismatch: 'The calldata and the event of the same commit name different batches or state roots.',
  batch_gap: 'The batch does not follow the last one derived; commits in between were missed or never made.',
  malformed_blob: "The batch's blob does not hold blocks in the layout that this chain uses.",
  blob_hash_mismatch: 'The blob at hand is not the one that the commit transaction names.',
  empty_batch: 'The batch carries no block at all.',
  too_many_blocks: 'The batch carries more blocks than this node accepts.',
  block_too_large: 'A block of the batch is larger than this node accepts.',
  malformed_block:
    'A block of the batch is not a well-formed block: a field is missing, left over or of the wrong size.',
  non_canonical_rlp:
    'A block or transaction is encoded in a way that its format forbids, so nodes could read it differently.',
  rlp_too_deep: 'A block or transaction nests lists deeper than any real one does.',
  malformed_transaction: 'A transaction of the batch is not well formed.',
  unknown_transaction_type: 'The batch holds a transaction of a type that this version does not know.',
  too_many_transactions: 'A block of the batch has more transactions than this node accepts.',
  wrong_parent: 'A block of the batch does not follow the block before it: the chain of hashes is broken.',
  wrong_number: 'The block numbers of the batch do not rise by one.',
  wrong_timestamp: 'A block of the batch is not later than the block before it.',
  wrong_transactions_root: "A block's transactions are not those that its header commits to.",
  wrong_withdrawals_root: "A block's withdrawals are not those that its header commits to.",
  wrong_last_block_hash: 'The batch ends in another block than the one the commit names.',
  wrong_state_root: 'The last block has another state root than the one the commit put on L1.',
  wrong_privileged_hash: 'The L1 messages in the batch are not those that the commit took from the bridge.',
  wrong_non_privileged_count: "The commit counts the users' transactions of the batch wrongly.",
};

/** Why a batch of this reason cannot be followed, in one sentence without values; `InvalidBatch.detail` has those. */
export const invalidSentence = (reason: InvalidReason): string => SENTENCES[reason];

/** All reasons, for views and tests that list them. */
export const INVALID_REASONS = Object.keys(SENTENCES) as readonly InvalidReason[];
