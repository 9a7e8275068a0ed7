import type { BatchOutcome, DerivationCursor, InvalidReason } from '../../derivation/derivation.ts';
import type { LastBlock } from '../../derivation/lastBlock.ts';
import type { Derivation } from '../../driver/ports.ts';
import type { BatchCommit } from '../../protocol/batch.ts';
import { ZERO_HASH } from '../../protocol/refs.ts';
import { contentIdOf } from './l1World.ts';
import { asSealed, type Content, type L2World } from './l2World.ts';

/**
 * Stands in for the derivation of real bytes, which has its own fuzzers: same outcomes, same order of questions
 * (calldata, then blob), contents looked up by the id in the data. Deriving a real batch of three small blocks costs
 * a hundred times as much (docs/simulation.md), and none of it is what the driver decides.
 */
export function simDerivation(l2: L2World): Derivation {
  const contentOf = (commit: BatchCommit, blob?: Uint8Array): Content | 'needsBlob' => {
    if (commit.transaction.blobVersionedHashes.length === 0)
      return l2.contents[contentIdOf(commit.transaction.input)]!;
    return blob === undefined ? 'needsBlob' : l2.contents[contentIdOf(blob)]!;
  };
  return {
    deriveBatch: (_config, cursor, commit, blob) => {
      const content = contentOf(commit, blob);
      if (content !== 'needsBlob') return outcomeOf(content, cursor, commit);
      return { kind: 'needsBlob', commit, versionedHash: commit.transaction.blobVersionedHashes[0]! };
    },
    lastBlockOf: (_config, commit, blob): LastBlock => {
      const content = contentOf(commit, blob);
      if (content === 'needsBlob')
        return { kind: 'needsBlob', versionedHash: commit.transaction.blobVersionedHashes[0]! };
      const last = content.flaw === 'unreadable' ? undefined : content.blocks.at(-1);
      return last === undefined ? { kind: 'unreadable' } : { kind: 'hash', hash: last.hash };
    },
  };
}

function outcomeOf(content: Content, cursor: DerivationCursor, commit: BatchCommit): BatchOutcome {
  const { batchNumber } = commit;
  const invalid = (reason: InvalidReason): BatchOutcome => ({
    kind: 'invalid',
    commit,
    batchNumber,
    reason,
    detail: `content ${content.id}`,
  });
  if (batchNumber !== cursor.batchNumber + 1) return invalid('batch_gap');
  if (content.flaw === 'unreadable') return invalid('malformed_calldata');
  const [first, last] = [content.blocks[0], content.blocks.at(-1)];
  if (first === undefined || last === undefined) return invalid('empty_batch');
  if (first.parentHash !== cursor.lastBlock.hash) return invalid('wrong_parent');
  return {
    kind: 'derived',
    commit,
    batchNumber,
    blocks: content.blocks.map(asSealed),
    firstBlock: first.number,
    lastBlock: last.number,
    lastBlockHash: last.hash,
    stateRoot: commit.newStateRoot,
    privilegedCount: 0,
    privilegedRollingHash: ZERO_HASH,
    nonPrivilegedCount: content.blocks.length,
    gasUsed: 0n,
    source: content.inBlob ? 'blob' : 'calldata',
    warnings: [],
  };
}
