import type { DerivationCursor, DerivedBatch } from '../derivation/derivation.ts';
import type { BatchCommit } from '../protocol/batch.ts';
import type { RollupConfig } from '../protocol/rollupConfig.ts';
import { blobUnavailable } from './findStart.ts';
import type { Derivation, DriverL1 } from './ports.ts';

/** A batch that cannot be right: why, as a code and a sentence. */
export interface Underivable {
  readonly kind: 'invalid';
  readonly reason: string;
  readonly detail: string;
}

export interface DeriveDeps {
  readonly config: RollupConfig;
  readonly derivation: Pick<Derivation, 'deriveBatch'>;
  readonly l1: Pick<DriverL1, 'blob'>;
}

/**
 * The batch of a commit, with the blob fetched where the calldata does not carry the blocks. Throws `blob_unavailable`
 * when nobody offers that blob, and what L1 throws.
 */
export async function deriveCommit(
  { config, derivation, l1 }: DeriveDeps,
  cursor: DerivationCursor,
  commit: BatchCommit,
  signal: AbortSignal,
): Promise<DerivedBatch | Underivable> {
  let outcome = derivation.deriveBatch(config, cursor, commit);
  if (outcome.kind === 'needsBlob') {
    const blob = await l1.blob(commit.l1Block, outcome.versionedHash, signal);
    if (blob === null) throw blobUnavailable(commit, outcome.versionedHash);
    outcome = derivation.deriveBatch(config, cursor, commit, blob);
  }
  if (outcome.kind !== 'needsBlob') return outcome;
  return { kind: 'invalid', reason: 'unreadable_commit', detail: 'the blob does not carry the blocks' };
}

/** Where derivation stands once this batch is applied. */
export const cursorAfter = ({ batchNumber, blocks }: DerivedBatch): DerivationCursor => {
  const { number, hash, timestamp } = blocks.at(-1)!;
  return { batchNumber, lastBlock: { number, hash, timestamp } };
};
