import type { DerivationCursor } from '../derivation/derivation.ts';
import { runSearch, searchLastMatch } from '../lib/search.ts';
import type { BatchCommit } from '../protocol/batch.ts';
import type { Hash, L1BlockId, L2BlockRef } from '../protocol/refs.ts';
import type { RollupConfig } from '../protocol/rollupConfig.ts';
import type { Position } from './plan/check.ts';
import { DriverError } from './plan/failure.ts';
import type { Derivation, DriverL1, EngineReads } from './ports.ts';

export interface FindStartDeps {
  readonly config: RollupConfig;
  readonly genesisCursor: DerivationCursor;
  readonly l1: DriverL1;
  readonly engine: EngineReads;
  readonly derivation: Derivation;
}

interface Held {
  readonly commit: BatchCommit;
  readonly lastBlock: L2BlockRef;
}

/**
 * Finds where to go on from L1 and the engine alone: the newest batch on the branch of `pinned` whose last
 * block the engine holds as canonical and safe. The same search serves a first start, a restart, a lost
 * journal and an L1 reorg of any depth; it costs O(log n) questions in the number of batches.
 *
 * A block beyond the engine's safe label does not count: it may be held, but it was never confirmed. It is
 * derived again and, being equal, only marked. `highest` bounds the search: the newest batch we know we applied,
 * or Infinity after a start. Throws `foreign_genesis` for an engine of another chain, and `blob_unavailable` where
 * only a blob could say which block ends a batch: to count such a batch as not held would take the engine back.
 */
export async function findStart(
  deps: FindStartDeps,
  pinned: L1BlockId,
  safe: L2BlockRef | null,
  lastCommittedBatch: number,
  highest: number,
  signal: AbortSignal,
): Promise<Position> {
  const atGenesis: Position = {
    cursor: deps.genesisCursor,
    origin: null,
    scanFrom: deps.config.l1StartBlock,
    currentL1: null,
  };
  await requireGenesis(deps, signal);
  if (safe === null || safe.number === deps.genesisCursor.lastBlock.number || lastCommittedBatch === 0) {
    return atGenesis;
  }
  const held = new Map<number, Held>();
  const newest = await runSearch(
    searchLastMatch(1, Math.min(highest, lastCommittedBatch)),
    async (batchNumber) => {
      const answer = await heldBatch(deps, batchNumber, pinned, safe, signal);
      if (answer !== null) held.set(batchNumber, answer);
      return answer !== null;
    },
  );
  const found = newest === null ? undefined : held.get(newest);
  if (found === undefined) return atGenesis;
  const { hash, number, timestamp } = found.lastBlock;
  return {
    cursor: { batchNumber: found.commit.batchNumber, lastBlock: { number, hash, timestamp } },
    origin: found.commit.l1Block,
    scanFrom: found.commit.l1Block.number,
    currentL1: null,
  };
}

async function requireGenesis({ engine, genesisCursor }: FindStartDeps, signal: AbortSignal): Promise<void> {
  const { number, hash } = genesisCursor.lastBlock;
  const held = await engine.blockByNumber(number, signal);
  if (held === null || held.hash === hash) return;
  throw new DriverError(
    'foreign_genesis',
    `the execution engine's genesis is ${held.hash}, but this rollup's is ${hash}: it runs another chain`,
  );
}

async function heldBatch(
  deps: FindStartDeps,
  batchNumber: number,
  pinned: L1BlockId,
  safe: L2BlockRef,
  signal: AbortSignal,
): Promise<Held | null> {
  const commit = await deps.l1.commitOfBatch(batchNumber, pinned, signal);
  if (commit === null) {
    throw new DriverError(
      'incomplete_l1',
      `L1 says batch ${batchNumber} is committed at block ${pinned.number}, but shows no BatchCommitted log for it`,
    );
  }
  const lastBlockHash = await lastBlockHashOf(deps, commit, signal);
  if (lastBlockHash === null) return null;
  const block = await deps.engine.blockByHash(lastBlockHash, signal);
  if (block === null || block.number > safe.number) return null;
  const canonical = await deps.engine.blockByNumber(block.number, signal);
  return canonical?.hash === lastBlockHash ? { commit, lastBlock: block } : null;
}

/**
 * The last block of a batch as its commit claims it, with the blob fetched where the calldata does not say. Null when
 * the commit is unreadable; throws `blob_unavailable` when it needs a blob that nobody offers.
 */
export async function lastBlockHashOf(
  { config, l1, derivation }: Pick<FindStartDeps, 'config' | 'l1' | 'derivation'>,
  commit: BatchCommit,
  signal: AbortSignal,
): Promise<Hash | null> {
  const first = derivation.lastBlockOf(config, commit);
  if (first.kind !== 'needsBlob') return first.kind === 'hash' ? first.hash : null;
  const blob = await l1.blob(commit.l1Block, first.versionedHash, signal);
  if (blob === null) throw blobUnavailable(commit, first.versionedHash);
  const second = derivation.lastBlockOf(config, commit, blob);
  return second.kind === 'hash' ? second.hash : null;
}

export const blobUnavailable = ({ batchNumber, l1Block }: BatchCommit, versionedHash: Hash): DriverError =>
  new DriverError(
    'blob_unavailable',
    `batch ${batchNumber} carries its blocks in blob ${versionedHash} of L1 block ${l1Block.number}, and no blob endpoint offers it`,
  );
