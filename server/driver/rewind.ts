import { type L2BlockId, ZERO_HASH } from '../protocol/refs.ts';
import { requireSafe, setAndConfirm, setForkchoice } from './applyBatch.ts';
import { DriverError } from './plan/failure.ts';
import type { DriverEngine, EngineLabels } from './ports.ts';

export interface Rewound {
  readonly labels: EngineLabels;
  /** The head that the engine kept although L1 took its blocks back. */
  readonly keptHead: L2BlockId | null;
}

/**
 * Sets head and safe label back to `target`, as far as the engine allows it (driver.md case 5). An engine that answers
 * VALID and stays, or that calls the reorg too deep (-38006), is made to where the operator enabled `setHead`;
 * otherwise only its safe label goes back, and the replacement of the batch will move the head.
 */
export async function rewindHead(
  engine: DriverEngine,
  target: L2BlockId,
  { latest, finalized }: Pick<EngineLabels, 'latest' | 'finalized'>,
  signal: AbortSignal,
): Promise<Rewound> {
  const back = { head: target, safe: target, finalized };
  let syncs = false;
  try {
    return { labels: await setAndConfirm(engine, back, signal), keptHead: null };
  } catch (error) {
    // To an ancestor of its head: it lost the state there, and some engines say so for ever. Others really sync.
    syncs = error instanceof DriverError && error.code === 'engine_syncing';
    if (!syncs && !keepsItsHead(error)) throw error;
  }
  if (engine.setHead !== undefined && !syncs) {
    await engine.setHead(target.number, signal);
    return { labels: await setAndConfirm(engine, back, signal), keptHead: null };
  }
  await setForkchoice(engine, latest.hash, target.hash, finalized?.hash ?? ZERO_HASH, signal);
  const labels = await engine.labels(signal);
  requireSafe(labels, target);
  return { labels, keptHead: latest };
}

function keepsItsHead(error: unknown): boolean {
  if (error instanceof DriverError) return error.code === 'head_not_moved';
  const seen = error as { name?: unknown; code?: unknown };
  return seen?.name === 'EngineError' && seen.code === 'too_deep_reorg';
}
