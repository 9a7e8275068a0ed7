import { err, ok, type Result } from '../lib/result.ts';
import type { BatchCommit, CommitBatchArgs, L1BlockData } from '../protocol/batch.ts';
import { decodeBlobPayload } from '../protocol/blob.ts';
import type { SealedBlock } from '../protocol/block.ts';
import { atBlock, decodeBlock } from '../protocol/blockCodec.ts';
import { decodeCommitBatch, decodeCommitWords } from '../protocol/commitBatch.ts';
import type { Hash } from '../protocol/refs.ts';
import type { DerivationLimits, RollupConfig } from '../protocol/rollupConfig.ts';
import { checkClaims, mismatchWithEvent, type Refusal, summarizeBlocks } from './checks.ts';
import type { BatchOutcome, DerivationCursor, DerivedBatch, InvalidBatch, NeedsBlob } from './derivation.ts';

/** Where a chain's derivation begins: at its genesis block, before batch 1. */
export const genesisCursor = (config: RollupConfig): DerivationCursor => ({
  batchNumber: 0,
  lastBlock: { number: 0, hash: config.l2GenesisHash, timestamp: config.l2GenesisTimestamp },
});

/** Where derivation stands once `batch` is derived. */
export function nextCursor(batch: DerivedBatch): DerivationCursor {
  const last = batch.blocks[batch.blocks.length - 1]!;
  return {
    batchNumber: batch.batchNumber,
    lastBlock: { number: last.number, hash: last.hash, timestamp: last.timestamp },
  };
}

/** What is known about a blob besides its bytes. */
export interface BlobProof {
  /** The versioned hash that the caller computed from the blob's KZG commitment. */
  readonly versionedHash: Hash;
}

/**
 * Derives the L2 blocks of one committed batch, checked against everything that can be known without executing
 * them. Total and pure: any bytes at all give one of the three outcomes, and the same bytes always the same one.
 *
 * Where the blocks come from. The call that the contract saw is the transaction's calldata when the transaction
 * calls the proposer. When a contract made the call, top-level calldata is only a hint, which is followed (as the
 * reference client does) if it decodes and agrees with the event. Then:
 *
 * | calldata                                              | blob 0 | source                          |
 * |-------------------------------------------------------|--------|---------------------------------|
 * | a based `commitBatch` with blocks                     | any    | calldata                        |
 * | non-based, or without blocks, or not decodable        | yes    | blob 0                          |
 * | without blocks                                        | no     | invalid: `empty_batch`          |
 * | non-based                                             | no     | invalid: `unreadable_commit`    |
 * | not decodable, sent to the proposer                   | no     | invalid: the decoder's reason   |
 * | not decodable or not this commit, sent elsewhere      | no     | invalid: `unreadable_commit`    |
 * | disagrees with the event, sent to the proposer        | any    | invalid: `event_mismatch`       |
 *
 * The source does not decide what is valid: with `lastBlockHash` known, at most one list of blocks can pass.
 *
 * @param blob   blob 0's 131,072 bytes, once `needsBlob` has asked for them.
 * @param proof  when given, must name the hash that was asked for, else `blob_hash_mismatch`. The commitment itself
 *               is the caller's to compute.
 */
export function deriveBatch(
  config: RollupConfig,
  cursor: DerivationCursor,
  commit: BatchCommit,
  blob?: Uint8Array,
  proof?: BlobProof,
): BatchOutcome {
  const expected = cursor.batchNumber + 1;
  if (commit.batchNumber !== expected) {
    return invalid(commit, {
      reason: 'batch_gap',
      detail: `batch ${commit.batchNumber} follows ${cursor.batchNumber}`,
    });
  }
  const envelope = readEnvelope(config, commit);
  if (!envelope.ok) return invalid(commit, envelope.error);
  const { claims, rlpBlocks, warnings } = envelope.value;
  if (rlpBlocks !== null) {
    const blocks = decodeEach(rlpBlocks, config.limits);
    return blocks.ok
      ? conclude(config, cursor, commit, claims, { blocks: blocks.value, source: 'calldata', warnings })
      : invalid(commit, blocks.error);
  }
  const versionedHash = commit.transaction.blobVersionedHashes[0]!;
  if (blob === undefined) return { kind: 'needsBlob', commit, versionedHash };
  if (proof !== undefined && proof.versionedHash !== versionedHash) {
    const detail = `the transaction names ${versionedHash}, the blob at hand is ${proof.versionedHash}`;
    return invalid(commit, { reason: 'blob_hash_mismatch', detail });
  }
  const payload = decodeBlobPayload(blob, config.limits);
  if (!payload.ok) return invalid(commit, payload.error);
  const { blocks, warnings: blobWarnings } = payload.value;
  return conclude(config, cursor, commit, claims, {
    blocks,
    source: 'blob',
    warnings: [...warnings, ...blobWarnings],
  });
}

interface Envelope {
  /** What the commit claims about its batch; null when only the event speaks. */
  readonly claims: CommitBatchArgs | null;
  /** Null when the blocks are to come from blob 0, which the transaction then has. */
  readonly rlpBlocks: readonly Uint8Array[] | null;
  readonly warnings: readonly string[];
}

/** Decides where the blocks come from: the table of `deriveBatch`. */
function readEnvelope(config: RollupConfig, commit: BatchCommit): Result<Envelope, Refusal> {
  const { input, to, blobVersionedHashes } = commit.transaction;
  const direct = to === config.onChainProposer;
  const hasBlob = blobVersionedHashes.length > 0;
  const decoded = decodeCommitBatch(input, config.limits);
  if (!decoded.ok) {
    const { detail } = decoded.error;
    if (!hasBlob) return direct ? decoded : unreadable(`the call came from another contract, and ${detail}`);
    // The contract took the words before the blocks from this very calldata, so they still bind the batch.
    const words = direct ? decodeCommitWords(input, config.limits) : null;
    const claims = words?.ok ? words.value : null;
    const mismatch = claims === null ? null : mismatchWithEvent(claims, commit);
    if (mismatch !== null) return err(mismatch);
    return ok({ claims, rlpBlocks: null, warnings: [`blob_used: ${detail}`] });
  }
  const { warnings, ...claims } = decoded.value;
  const mismatch = mismatchWithEvent(claims, commit);
  if (mismatch !== null && direct) return err(mismatch);
  if (mismatch !== null) {
    if (!hasBlob) return unreadable(`the call came from another contract, and ${mismatch.detail}`);
    return ok({ claims: null, rlpBlocks: null, warnings: [`blob_used: ${mismatch.detail}`] });
  }
  const seen = direct
    ? warnings
    : [...warnings, 'indirect_commit: read from calldata that was not sent to the proposer'];
  if (claims.rlpBlocks !== null && claims.rlpBlocks.length > 0)
    return ok({ claims, rlpBlocks: claims.rlpBlocks, warnings: seen });
  if (hasBlob) return ok({ claims, rlpBlocks: null, warnings: seen });
  return claims.rlpBlocks === null
    ? unreadable(`${claims.selector} carries its blocks in a blob, and the transaction has none`)
    : err({ reason: 'empty_batch', detail: 'neither calldata nor a blob carries a block' });
}

const unreadable = (detail: string): Result<never, Refusal> => err({ reason: 'unreadable_commit', detail });

function decodeEach(
  rlpBlocks: readonly Uint8Array[],
  limits: DerivationLimits,
): Result<readonly SealedBlock[], Refusal> {
  const blocks: SealedBlock[] = [];
  for (const rlp of rlpBlocks) {
    const block = decodeBlock(rlp, limits);
    if (!block.ok) return atBlock(blocks.length, block.error);
    blocks.push(block.value);
  }
  return ok(blocks);
}

interface Content {
  readonly blocks: readonly SealedBlock[];
  readonly source: DerivedBatch['source'];
  readonly warnings: readonly string[];
}

function conclude(
  config: RollupConfig,
  cursor: DerivationCursor,
  commit: BatchCommit,
  claims: CommitBatchArgs | null,
  { blocks, source, warnings }: Content,
): DerivedBatch | InvalidBatch {
  const summary = summarizeBlocks(config, cursor, blocks);
  if (!summary.ok) return invalid(commit, summary.error);
  const refusal = checkClaims(commit, claims, summary.value);
  if (refusal !== null) return invalid(commit, refusal);
  return {
    kind: 'derived',
    commit,
    batchNumber: commit.batchNumber,
    blocks,
    ...summary.value,
    source,
    warnings,
  };
}

const invalid = (commit: BatchCommit, { reason, detail }: Refusal): InvalidBatch => ({
  kind: 'invalid',
  commit,
  batchNumber: commit.batchNumber,
  reason,
  detail,
});

export interface DerivedL1Block {
  /** In chain order. */
  readonly derived: readonly DerivedBatch[];
  /** What the derivation of this L1 block stopped at, or null when all its commits are derived. */
  readonly stoppedBy: InvalidBatch | NeedsBlob | null;
  /** After the last derived batch. */
  readonly cursor: DerivationCursor;
}

/**
 * Derives all batches committed in one L1 block, in log order, up to the first that is invalid or needs a blob which
 * `blobs` does not have. Commits at or before the cursor are passed over, so that deriving a block again, with more
 * blobs or after a restart, goes on where it stopped.
 *
 * @param blobs answers a versioned hash with the blob whose commitment has that hash, if it is at hand.
 */
export function deriveL1Block(
  config: RollupConfig,
  cursor: DerivationCursor,
  data: L1BlockData,
  blobs: (versionedHash: Hash) => Uint8Array | undefined,
): DerivedL1Block {
  const derived: DerivedBatch[] = [];
  let reached = cursor;
  for (const commit of data.commits.toSorted((a, b) => a.logIndex - b.logIndex)) {
    if (commit.batchNumber <= reached.batchNumber) continue;
    const first = deriveBatch(config, reached, commit);
    const blob = first.kind === 'needsBlob' ? blobs(first.versionedHash) : undefined;
    const outcome = blob === undefined ? first : deriveBatch(config, reached, commit, blob);
    if (outcome.kind !== 'derived') return { derived, stoppedBy: outcome, cursor: reached };
    derived.push(outcome);
    reached = nextCursor(outcome);
  }
  return { derived, stoppedBy: null, cursor: reached };
}
