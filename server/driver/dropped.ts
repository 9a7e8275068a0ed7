import type { L2BlockId } from '../protocol/refs.ts';
import {
  blockId,
  type DroppedTransaction,
  MAX_LISTED_BLOCKS,
  MAX_TRANSACTIONS,
  type ReorgRecord,
} from './plan/reorgRecord.ts';
import type { EngineReads } from './ports.ts';

/** The L2 side of a reorg record: what goes, and who was in it. */
export type Dropped = Pick<
  ReorgRecord,
  'l2Ancestor' | 'droppedL2' | 'droppedL2Count' | 'transactions' | 'transactionCount' | 'transactionsNote'
>;

export const NOTHING_DROPPED: Dropped = {
  l2Ancestor: null,
  droppedL2: [],
  droppedL2Count: 0,
  transactions: [],
  transactionCount: 0,
  transactionsNote: null,
};

/**
 * The engine's canonical blocks above `ancestor` up to `tip`, with their transactions, to be read before they go.
 * Bounded by `MAX_LISTED_BLOCKS` (both ends) and `MAX_TRANSACTIONS`; what is left out is said.
 */
export async function readDropped(
  engine: EngineReads,
  ancestor: L2BlockId,
  tip: L2BlockId,
  signal: AbortSignal,
): Promise<Dropped> {
  const count = Math.max(0, tip.number - ancestor.number);
  const droppedL2 = await listBlocks(engine, ancestor.number, tip.number, signal);
  return droppedOf(engine, ancestor, droppedL2, count, signal);
}

/** As `readDropped`, of blocks that are known already. `count` is how many there are with those not listed. */
export async function droppedOf(
  engine: EngineReads,
  ancestor: L2BlockId,
  droppedL2: readonly L2BlockId[],
  count: number,
  signal: AbortSignal,
): Promise<Dropped> {
  const told = await transactionsOf(engine, droppedL2, signal);
  const all = told.note === null && droppedL2.length === count;
  return {
    l2Ancestor: blockId(ancestor),
    droppedL2,
    droppedL2Count: count,
    transactions: told.transactions,
    transactionCount: all ? told.count : null,
    transactionsNote:
      told.note ?? (all ? null : `only the ${droppedL2.length} listed blocks of ${count} were read`),
  };
}

/** The engine's canonical blocks (above, to], oldest first: both ends of a longer row. */
export async function listBlocks(
  engine: Pick<EngineReads, 'blockByNumber'>,
  above: number,
  to: number,
  signal: AbortSignal,
): Promise<readonly L2BlockId[]> {
  const count = Math.max(0, to - above);
  const half = MAX_LISTED_BLOCKS >> 1;
  const numbers =
    count <= MAX_LISTED_BLOCKS
      ? Array.from({ length: count }, (_, i) => above + 1 + i)
      : [
          ...Array.from({ length: half }, (_, i) => above + 1 + i),
          ...Array.from({ length: half }, (_, i) => to - half + 1 + i),
        ];
  const refs = await Promise.all(numbers.map((number) => engine.blockByNumber(number, signal)));
  return refs.flatMap((ref) => (ref === null ? [] : [blockId(ref)]));
}

interface Told {
  readonly transactions: readonly DroppedTransaction[];
  readonly count: number;
  readonly note: string | null;
}

/** A record is for people: an engine that cannot tell the transactions costs that part of it and nothing else. */
async function transactionsOf(
  engine: EngineReads,
  blocks: readonly L2BlockId[],
  signal: AbortSignal,
): Promise<Told> {
  const nothing = (note: string): Told => ({ transactions: [], count: 0, note });
  if (engine.transactionsOfBlock === undefined) return nothing('this engine is not asked for transactions');
  const transactions: DroppedTransaction[] = [];
  let count = 0;
  let missing = 0;
  for (const block of blocks) {
    try {
      const of = await engine.transactionsOfBlock(block.hash, signal);
      if (of === null) missing += 1;
      count += of?.length ?? 0;
      for (const transaction of of ?? []) {
        if (transactions.length >= MAX_TRANSACTIONS) break;
        transactions.push({ ...transaction, oldBlock: block, newBlock: null, fate: 'not_known' });
      }
    } catch (error) {
      if (signal.aborted) throw error;
      return { transactions, count, note: `the engine did not tell: ${messageOf(error)}` };
    }
  }
  if (missing > 0) return { transactions, count, note: `the engine does not have ${missing} of the blocks` };
  return { transactions, count, note: null };
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
