import type { DerivationCursor } from '../derivation/derivation.ts';
import { runSearch, searchLastMatch } from '../lib/search.ts';
import type { BatchCommit } from '../protocol/batch.ts';
import type { L1BlockId, L1BlockRef } from '../protocol/refs.ts';
import type { StepContext } from './context.ts';
import { cursorAfter, deriveCommit } from './deriveCommit.ts';
import { lastBlockHashOf } from './findStart.ts';
import type { Position } from './plan/check.ts';
import { DriverError } from './plan/failure.ts';

/** L1 blocks below a found start whose batches are derived again: what the engine finalized lies at most so far below. */
const BEHIND_BLOCKS = 96;
/** Read at once. */
const WINDOW_BLOCKS = 1_000;

interface Reached {
  readonly cursor: DerivationCursor;
  readonly origin: L1BlockRef | null;
}

/**
 * The search for the start asks which batches end in a block that the engine holds as safe, and takes from one that
 * all before it are held. That is so on the branch from which the engine was fed. On another branch a batch that cannot
 * be right may stand before one that repeats what the engine holds, and derivation never passes it. So the batches
 * above `floor` (the common ancestor, where one is known) are derived again, without the engine: they must lead to
 * the block that was found. Answers the newest position before the first that does not, of those whose block the engine
 * holds: what it holds above may be another branch's.
 */
export async function verifyHeld(
  context: StepContext,
  found: Position,
  floor: number | null,
  pinned: L1BlockId,
  signal: AbortSignal,
): Promise<Position> {
  const { config, genesisCursor, l1 } = context;
  if (found.origin === null) return found;
  const low = Math.min(
    floor === null ? Number.POSITIVE_INFINITY : floor + 1,
    found.origin.number - BEHIND_BLOCKS,
  );
  const first = Math.max(config.l1StartBlock, low);
  const genesis: Reached = { cursor: genesisCursor, origin: null };
  const path: Reached[] = first === config.l1StartBlock ? [genesis] : [];
  for (let from = first; from <= found.origin.number; from += WINDOW_BLOCKS) {
    const to = Math.min(found.origin.number, from + WINDOW_BLOCKS - 1);
    for (const commit of await l1.batchCommits(from, to, pinned, signal)) {
      if (commit.batchNumber > found.cursor.batchNumber) break;
      const reached = path.at(-1);
      const next: Reached | null =
        reached === undefined
          ? await claimed(context, commit, signal)
          : await derived(context, reached, commit, signal);
      if (next !== null) path.push(next);
      else if (reached !== undefined)
        return positionAt((await newestHeld(context, path, signal)) ?? genesis, config.l1StartBlock);
    }
  }
  const last = path.at(-1);
  if (last === undefined || last.cursor.batchNumber === found.cursor.batchNumber) return found;
  throw new DriverError(
    'incomplete_l1',
    `L1 shows batch ${found.cursor.batchNumber}, but not all batches before it from block ${first} on`,
  );
}

/** Blocks follow one another, so what the engine holds of the path is its beginning. */
async function newestHeld(
  { engine }: StepContext,
  path: readonly Reached[],
  signal: AbortSignal,
): Promise<Reached | null> {
  const index = await runSearch(searchLastMatch(0, path.length - 1), async (at) => {
    const { number, hash } = path[at]!.cursor.lastBlock;
    return (await engine.blockByNumber(number, signal))?.hash === hash;
  });
  return index === null ? null : path[index]!;
}

const positionAt = ({ cursor, origin }: Reached, l1StartBlock: number): Position => ({
  cursor,
  origin,
  scanFrom: origin?.number ?? l1StartBlock,
  currentL1: null,
});

/** The lowest batch looked at: what it claims is taken, because what lies below is final or was applied here. */
async function claimed(
  context: StepContext,
  commit: BatchCommit,
  signal: AbortSignal,
): Promise<Reached | null> {
  const hash = await lastBlockHashOf(context, commit, signal);
  const lastBlock = hash === null ? null : await context.engine.blockByHash(hash, signal);
  return lastBlock === null
    ? null
    : { cursor: { batchNumber: commit.batchNumber, lastBlock }, origin: commit.l1Block };
}

async function derived(
  context: StepContext,
  { cursor }: Reached,
  commit: BatchCommit,
  signal: AbortSignal,
): Promise<Reached | null> {
  if (commit.batchNumber !== cursor.batchNumber + 1) {
    throw new DriverError(
      'incomplete_l1',
      `L1 shows batch ${commit.batchNumber} after batch ${cursor.batchNumber}`,
    );
  }
  const outcome = await deriveCommit(context, cursor, commit, signal);
  if (outcome.kind !== 'derived') return null;
  return { cursor: cursorAfter(outcome), origin: commit.l1Block };
}
