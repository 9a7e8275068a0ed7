import { type L2BlockId, type L2BlockRef, sameBlock } from '../protocol/refs.ts';
import type { Pinned, StepContext } from './context.ts';
import { droppedOf } from './dropped.ts';
import { movedGround } from './movedGround.ts';
import { type AnnouncedMove, explainMove, onMovedGround } from './plan/cause.ts';
import { bothEnds } from './plan/reorgRecord.ts';
import type { DriverEngine, EngineLabels } from './ports.ts';
import { l2ReorgRecord } from './reorg.ts';

/** Blocks walked down by parent hash from a head that the engine left, to find where. */
const WALK_BLOCKS = 256;

/** The branch that the engine left. */
interface Left {
  /** Null when it could not be found. */
  readonly ancestor: L2BlockId | null;
  /** Oldest first, as far as the engine still tells. */
  readonly blocks: readonly L2BlockRef[];
  readonly stillHeld: boolean;
}

/**
 * Compares the head with the one of the last look. That it grew is nothing to record; that it left its branch is,
 * unless the driver asked for it: the record then is of that. Whoever moved it, the loop goes on from the labels.
 */
export async function recordHeadMove(
  { engine, genesisCursor, memory, reorgs, unsettled, watch }: StepContext,
  { evidenceAt, before, contracts, signal }: Pinned,
  labels: EngineLabels,
): Promise<void> {
  const to = labels.latest;
  const from = await headBefore(engine, watch.announced, before.labels?.latest ?? null, signal);
  if (from === null || sameBlock(from, to)) return watch.looked(to, true);
  const refused = watch.refusalTo(to);
  const explained = watch.announced.length > 0 || refused !== null;
  if (!explained && watch.isOurs(to)) return watch.looked(to, false);
  const there = to.number < from.number ? null : await engine.blockByNumber(from.number, signal);
  if (there?.hash === from.hash) return watch.looked(to, true);
  const { announced } = watch;
  const left = await branchLeft(engine, from, to, watch.wasHead(to), signal);
  const bound = left.ancestor ?? (to.number < from.number ? to : genesisCursor.lastBlock);
  const listed = bothEnds(left.blocks.map(({ number, hash }) => ({ number, hash })));
  const count = from.number - bound.number;
  await reorgs.record(
    l2ReorgRecord({
      ...onMovedGround(
        explainMove({ from, to, ...left, announced, refused }),
        movedGround({ memory, unsettled }, left.blocks[0]),
      ),
      commonAncestor: bound,
      exact: left.ancestor !== null,
      oldTip: from,
      newTip: to,
      dropped: await droppedOf(engine, bound, listed, count, signal),
      droppedBatches: memory.state.batches
        .filter((batch) => batch.lastBlock.number > bound.number)
        .map((batch) => batch.batchNumber),
      leader: { before: before.leader, after: contracts.leader },
      before: before.heads,
      firstEvidenceAt: announced[0]?.at ?? evidenceAt,
      now: memory.now(),
    }),
  );
  watch.looked(to, false);
}

/** A part of this node may have made blocks and given them up since we last looked: its word names their head. */
async function headBefore(
  engine: DriverEngine,
  [first]: readonly AnnouncedMove[],
  known: L2BlockRef | null,
  signal: AbortSignal,
): Promise<L2BlockRef | null> {
  if (first === undefined || first.from.hash === known?.hash) return known;
  return (await engine.blockByHash(first.from.hash, signal)) ?? known;
}

async function branchLeft(
  engine: DriverEngine,
  from: L2BlockRef,
  to: L2BlockRef,
  onBranch: boolean,
  signal: AbortSignal,
): Promise<Left> {
  const stillHeld = (await engine.blockByHash(from.hash, signal)) !== null;
  const blocks: L2BlockRef[] = [];
  let at: L2BlockRef | null = from;
  for (let walked = 0; at !== null && walked < WALK_BLOCKS; walked++) {
    const canonical = at.number > to.number ? null : await engine.blockByNumber(at.number, signal);
    if (canonical?.hash === at.hash) return { ancestor: at, blocks: blocks.reverse(), stillHeld };
    blocks.push(at);
    if (at.number === 0) break;
    at = await engine.blockByHash(at.parentHash, signal);
  }
  return { ancestor: onBranch ? to : null, blocks: blocks.reverse(), stillHeld };
}
