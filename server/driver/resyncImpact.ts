import type { L2BlockId } from '../protocol/refs.ts';
import type { StepContext } from './context.ts';
import { listBlocks } from './dropped.ts';
import { MAX_LISTED_BLOCKS } from './plan/reorgRecord.ts';
import type { ResyncImpact, ResyncPoint } from './plan/resync.ts';
import type { DriverEngine } from './ports.ts';
import type { Ground } from './resyncGround.ts';

export interface Measures {
  /** Milliseconds that a batch took lately; null before any was applied. */
  readonly msPerBatch: number | null;
}

/** What going back to `point` drops, and what is derived again. */
export async function impactOf(
  context: StepContext,
  point: ResyncPoint,
  { head, contracts, labels, signal }: Ground,
  { msPerBatch }: Measures,
): Promise<ResyncImpact> {
  const above = point.block.number;
  const { latest, safe, finalized } = labels;
  const batches = Math.max(0, contracts.lastCommittedBatch - point.batch);
  const confirmed = Math.max(above, safe?.number ?? 0);
  return {
    dropped: Math.max(0, latest.number - above),
    unsafe: Math.max(0, latest.number - confirmed),
    transactions: await transactionsAbove(context, point, labels, signal),
    blocks: await listBlocks(context.engine, above, latest.number, signal),
    batches,
    l1Blocks: Math.max(0, head.number - (point.origin?.number ?? context.config.l1StartBlock)),
    estimateMs: msPerBatch === null ? null : Math.round(msPerBatch * batches),
    lowersFinalized: finalized !== null && finalized.number > above,
  };
}

/** From the applied batches where they are remembered, from the engine above them. Null when something is missing. */
async function transactionsAbove(
  { engine, memory }: StepContext,
  point: ResyncPoint,
  { latest }: Ground['labels'],
  signal: AbortSignal,
): Promise<number | null> {
  const above = memory.state.batches.filter(
    (batch) => batch.batchNumber > point.batch && batch.lastBlock.number <= latest.number,
  );
  if (above.length > 0 && above[0]!.batchNumber !== point.batch + 1) return null;
  const known = above.at(-1)?.lastBlock.number ?? point.block.number;
  const rest = await countAbove(engine, known, latest, signal);
  return rest === null ? null : above.reduce((sum, batch) => sum + batch.transactionCount, rest);
}

async function countAbove(
  engine: DriverEngine,
  above: number,
  latest: L2BlockId,
  signal: AbortSignal,
): Promise<number | null> {
  if (latest.number <= above) return 0;
  if (engine.transactionsOfBlock === undefined || latest.number - above > MAX_LISTED_BLOCKS) return null;
  const blocks = await listBlocks(engine, above, latest.number, signal);
  const counts = await Promise.all(
    blocks.map(async ({ hash }) => (await engine.transactionsOfBlock!(hash, signal))?.length ?? null),
  ).catch(() => [null]);
  return counts.reduce<number | null>((sum, one) => (sum === null || one === null ? null : sum + one), 0);
}
