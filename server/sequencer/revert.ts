import type { L2BlockId } from '../protocol/refs.ts';
import { sameBlock } from '../protocol/refs.ts';
import { isPrivileged } from '../protocol/transaction.ts';
import { forkchoice } from './blockProducer.ts';
import type { UncommittedBlocks } from './blocks.ts';
import { SequencerError } from './errors.ts';
import type { BuildingEngine, ConfirmedHeads, SequencerJournal, TransactionPool } from './ports.ts';
import type { SequencerEffect } from './state/state.ts';

/** Uncommitted blocks are about to be given up. */
export interface Reverting {
  readonly why: SequencerEffect['why'];
  /** The head before and after. */
  readonly from: L2BlockId;
  readonly to: L2BlockId;
  /** Whether this node leads by the L1 block that was looked at. */
  readonly leads: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface RevertDeps {
  readonly engine: BuildingEngine;
  readonly blocks: UncommittedBlocks;
  readonly pool: TransactionPool;
  readonly journal: SequencerJournal;
  /** Called when the intent is journaled and before the engine is told. Must not throw. */
  readonly onReverting?: (from: L2BlockId) => void;
}

export interface RevertReport {
  readonly dropped: readonly L2BlockId[];
  /** Users' transactions of dropped blocks that the pool took back. */
  readonly offered: number;
  /** Those that it refused. */
  readonly refused: number;
}

/**
 * Puts the engine's head back to `to`, an ancestor, and offers the transactions of the dropped blocks to the pool
 * again. L1 messages need no such care: they are still in the bridge's queue. Does nothing when the head is there.
 * Errors: `engine_will_not_rewind` when the engine answers VALID and keeps its head, `block_unavailable`.
 */
export async function revertUncommitted(
  to: L2BlockId,
  why: string,
  confirmed: ConfirmedHeads,
  deps: RevertDeps,
  signal?: AbortSignal,
): Promise<RevertReport> {
  const { latest } = await deps.engine.labels(signal);
  if (sameBlock(latest, to)) return { dropped: [], offered: 0, refused: 0 };
  const dropped = await deps.blocks.between(to, latest, signal);
  const ids = dropped.map(({ block }) => ({ number: block.number, hash: block.hash }));
  const ref = `revert:${latest.hash}`;
  await deps.journal.append('revert.intent', { why, from: ids.at(-1), to, dropped: ids }, ref);
  deps.onReverting?.({ number: latest.number, hash: latest.hash });
  await goBack(to, confirmed, deps.engine, signal);
  const after = await deps.engine.labels(signal);
  if (!sameBlock(after.latest, to)) {
    throw new SequencerError(
      'engine_will_not_rewind',
      `engine keeps its head at block ${after.latest.number}, not ${to.number}: rewind it by hand`,
    );
  }
  const transactions = dropped.flatMap(({ block }) => block.transactions.filter((tx) => !isPrivileged(tx)));
  const outcome = await offerAgain(transactions, deps.pool, signal);
  await deps.journal.append('revert.done', { to, ...outcome }, ref);
  return { dropped: ids, ...outcome };
}

/** An engine that goes back only so far (-38006) is made to where the operator allows it. */
async function goBack(
  to: L2BlockId,
  confirmed: ConfirmedHeads,
  engine: BuildingEngine,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await engine.forkchoiceUpdated(forkchoice(to, confirmed), null, signal);
  } catch (error) {
    const { name, code } = error as { name?: unknown; code?: unknown };
    if (name !== 'EngineError' || code !== 'too_deep_reorg') throw error;
    if (engine.setHead === undefined) {
      throw new SequencerError(
        'engine_will_not_rewind',
        `the engine does not go back as far as block ${to.number}: name its debug endpoint in PLUMBLINE_ENGINE_REWIND_URL, or rewind it by hand`,
        error,
      );
    }
    await engine.setHead(to.number, signal);
    await engine.forkchoiceUpdated(forkchoice(to, confirmed), null, signal);
  }
}

/** One refused transaction must not keep the others out. */
async function offerAgain(
  transactions: readonly Uint8Array[],
  pool: TransactionPool,
  signal?: AbortSignal,
): Promise<{ offered: number; refused: number }> {
  let offered = 0;
  for (const transaction of transactions) {
    try {
      await pool.offer(transaction, signal);
      offered++;
    } catch (error) {
      if (signal?.aborted) throw error;
    }
  }
  return { offered, refused: transactions.length - offered };
}
