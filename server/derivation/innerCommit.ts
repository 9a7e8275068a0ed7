import type { BatchCommit } from '../protocol/batch.ts';
import { decodeCommitBatch } from '../protocol/commitBatch.ts';
import type { RollupConfig } from '../protocol/rollupConfig.ts';
import { mismatchWithEvent } from './checks.ts';

/**
 * A leader may be a contract, and then the call that the proposer saw is not the transaction's calldata. Whether that
 * calldata says nothing of this commit and no blob does: only a trace of the transaction could tell the blocks.
 */
export function needsTrace(config: RollupConfig, commit: BatchCommit): boolean {
  const { to, input, blobVersionedHashes } = commit.transaction;
  return (
    to !== config.onChainProposer && blobVersionedHashes.length === 0 && !isCommitOf(config, commit, input)
  );
}

/**
 * The commit with the call data that the proposer was called with, out of the inner calls of its transaction; null when
 * none of them is it. The contract takes a batch number once, so the last one that fits the event is the one.
 */
export function fromInnerCalls(
  config: RollupConfig,
  commit: BatchCommit,
  inputs: readonly Uint8Array[],
): BatchCommit | null {
  const input = inputs.findLast((data) => isCommitOf(config, commit, data));
  if (input === undefined) return null;
  return { ...commit, transaction: { ...commit.transaction, to: config.onChainProposer, input } };
}

function isCommitOf(config: RollupConfig, commit: BatchCommit, input: Uint8Array): boolean {
  const decoded = decodeCommitBatch(input, config.limits);
  return decoded.ok && mismatchWithEvent(decoded.value, commit) === null;
}
