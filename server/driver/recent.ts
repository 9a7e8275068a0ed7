import type { DerivationCursor, DerivedBatch } from '../derivation/derivation.ts';
import type { BatchCommit } from '../protocol/batch.ts';
import type { L1BlockId } from '../protocol/refs.ts';
import type { StepContext } from './context.ts';
import { deriveCommit } from './deriveCommit.ts';
import { lastBlockHashOf } from './findStart.ts';
import type { Position } from './plan/check.ts';
import { DriverError } from './plan/failure.ts';
import type { AppliedBatch, EngineReads } from './ports.ts';

/** Batches read back after a start, so that a page does not begin empty and a reorg right then has a past. */
export const RECENT_BATCHES = 8;

/** What it takes to read batches back; the engine is only read. */
type RecentContext = Pick<StepContext, 'config' | 'derivation' | 'genesisCursor' | 'l1' | 'memory'> & {
  readonly engine: EngineReads;
};

/**
 * The newest batches up to `position`, derived once more from L1 without touching the engine, oldest first and without
 * a gap: one that cannot be read (the chain does not depend on it) takes those before it along.
 */
export async function recentBatches(
  context: RecentContext,
  position: Position,
  pinned: L1BlockId,
  signal: AbortSignal,
): Promise<readonly AppliedBatch[]> {
  const { engine, genesisCursor, l1, memory } = context;
  const newest = position.cursor.batchNumber;
  const before = Math.max(0, newest - RECENT_BATCHES);
  const endOf = async (commit: BatchCommit | null): Promise<DerivationCursor | null> => {
    const hash = commit && (await lastBlockHashOf(context, commit, signal).catch(ifUnavailable));
    const lastBlock = hash && (await engine.blockByHash(hash, signal));
    return lastBlock ? { batchNumber: commit!.batchNumber, lastBlock } : null;
  };
  let cursor = before === 0 ? genesisCursor : await endOf(await l1.commitOfBatch(before, pinned, signal));
  let found: readonly AppliedBatch[] = [];
  for (let number = before + 1; number <= newest; number++) {
    const commit = await l1.commitOfBatch(number, pinned, signal);
    const outcome =
      cursor && commit && (await deriveCommit(context, cursor, commit, signal).catch(ifUnavailable));
    if (outcome?.kind === 'derived') {
      const batch = appliedBatch(outcome, memory.now());
      found = [...found, batch];
      cursor = { batchNumber: number, lastBlock: batch.lastBlock };
    } else {
      found = [];
      cursor = await endOf(commit);
    }
  }
  return found;
}

function ifUnavailable(error: unknown): null {
  if (error instanceof DriverError && error.code === 'blob_unavailable') return null;
  throw error;
}

/** What is kept of a derived batch once the engine holds it. `appliedAt` is in milliseconds since 1970. */
export function appliedBatch(batch: DerivedBatch, appliedAt: number): AppliedBatch {
  const { number, hash, timestamp } = batch.blocks.at(-1)!;
  const { l1Block, logIndex, transaction } = batch.commit;
  return {
    batchNumber: batch.batchNumber,
    commit: {
      l1Block,
      newStateRoot: batch.stateRoot,
      logIndex,
      transaction: { hash: transaction.hash, from: transaction.from },
    },
    firstBlock: batch.firstBlock,
    lastBlock: { number, hash, timestamp },
    privilegedCount: batch.privilegedCount,
    transactionCount: batch.privilegedCount + batch.nonPrivilegedCount,
    gasUsed: batch.gasUsed,
    source: batch.source,
    appliedAt,
  };
}
