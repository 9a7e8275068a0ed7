import type { BatchCommit } from '../protocol/batch.ts';
import { decodeBlobPayload } from '../protocol/blob.ts';
import { decodeCommitBatch, decodeCommitWords } from '../protocol/commitBatch.ts';
import type { Hash } from '../protocol/refs.ts';
import type { RollupConfig } from '../protocol/rollupConfig.ts';
import { mismatchWithEvent } from './checks.ts';

/** Which L2 block ends a batch, or what is missing to say so. */
export type LastBlock =
  | { readonly kind: 'hash'; readonly hash: Hash }
  | { readonly kind: 'needsBlob'; readonly versionedHash: Hash }
  /** Derivation never went past such a batch, so nothing after it can be held. */
  | { readonly kind: 'unreadable' };

/**
 * The last block of a committed batch by the cheapest reading: the calldata's own `lastBlockHash`, else the last
 * block in the blob. No block is decoded where the calldata answers, so a search over many batches stays cheap.
 * It is a claim, not a check: what it names counts only if the engine holds it as safe.
 */
export function lastBlockOf(config: RollupConfig, commit: BatchCommit, blob?: Uint8Array): LastBlock {
  const { input, to, blobVersionedHashes } = commit.transaction;
  // What another contract was told counts as far as derivation would follow it.
  const direct = to === config.onChainProposer;
  const words = direct ? decodeCommitWords(input, config.limits) : decodeCommitBatch(input, config.limits);
  if (
    words.ok &&
    words.value.lastBlockHash !== null &&
    (direct || mismatchWithEvent(words.value, commit) === null)
  ) {
    return { kind: 'hash', hash: words.value.lastBlockHash };
  }
  const versionedHash = blobVersionedHashes[0];
  if (versionedHash === undefined) return { kind: 'unreadable' };
  if (blob === undefined) return { kind: 'needsBlob', versionedHash };
  const payload = decodeBlobPayload(blob, config.limits);
  const last = payload.ok ? payload.value.blocks.at(-1) : undefined;
  return last === undefined ? { kind: 'unreadable' } : { kind: 'hash', hash: last.hash };
}
