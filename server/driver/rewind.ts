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

/**
 * As an operator ordered: head, safe and, where it lies above, the finalized label to `target`. An engine that keeps
 * its head (driver.md case 5) gets its safe label lowered; what lies above is then compared in place. Answers
 * whether the head was kept.
 */
export async function rewindAllLabels(
  engine: DriverEngine,
  target: L2BlockId,
  { latest, finalized }: EngineLabels,
  signal: AbortSignal,
): Promise<boolean> {
  const final = finalized !== null && finalized.number > target.number ? target : finalized;
  try {
    await setAndConfirm(engine, { head: target, safe: target, finalized: final }, signal);
    return false;
  } catch (error) {
    if (!(error instanceof DriverError) || error.code !== 'head_not_moved') throw error;
  }
  await setForkchoice(engine, latest.hash, target.hash, final?.hash ?? ZERO_HASH, signal);
  const { safe } = await engine.labels(signal);
  if ((safe?.number ?? 0) <= target.number) return true;
  throw new DriverError(
    'head_not_moved',
    `the engine keeps its head at ${latest.number} and its safe label at ${safe?.number}: it does not go back, so this resync needs an engine that does, or one that starts from its genesis again`,
  );
}

function keepsItsHead(error: unknown): boolean {
  if (error instanceof DriverError) return error.code === 'head_not_moved';
  const seen = error as { name?: unknown; code?: unknown };
  return seen?.name === 'EngineError' && seen.code === 'too_deep_reorg';
}
