import type { L2BlockId } from '../protocol/refs.ts';
import { setAndConfirm } from './applyBatch.ts';
import type { Pinned, StepContext } from './context.ts';
import { standingOfNext } from './contradiction.ts';
import { type Dropped, NOTHING_DROPPED, readDropped } from './dropped.ts';
import { findStart } from './findStart.ts';
import { recordUnseenReorg } from './offline.ts';
import { type CheckPlan, type Position, planCheck } from './plan/check.ts';
import { DriverError } from './plan/failure.ts';
import type { SeenReorg } from './plan/unsettled.ts';
import type { AppliedBatch, EngineLabels } from './ports.ts';
import { recentBatches } from './recent.ts';
import { batchesAbove, l1ReorgRecord } from './reorg.ts';
import { rewindHead } from './rewind.ts';
import { noteUnwritten } from './unwritten.ts';
import { verifyHeld } from './verifyHeld.ts';

type Why = Extract<CheckPlan, { kind: 'findStart' }>['why'];

/**
 * Step 1 of the loop (rollup-driver.md): is the safe head's L1 origin still canonical, and does the engine still
 * hold it? Answers where to derive on from, after rewinding the engine where L1 took something back.
 */
export async function check(context: StepContext, pinned: Pinned, labels: EngineLabels): Promise<Position> {
  const { memory, unsettled } = context;
  for (let reorg = unsettled.unrecorded; reorg !== null; reorg = unsettled.unrecorded) {
    await recordL1Reorg(reorg, context, pinned, labels);
    unsettled.recorded();
  }
  const event = unsettled.joined ?? pinned.view.event;
  const position = memory.state.position;
  const { lastCommittedBatch } = pinned.contracts;
  const plan = planCheck({ position, labels, event, lastCommittedBatch });
  const next = plan.kind === 'findStart' ? await restartFrom(plan.why, context, pinned, labels) : position!;
  unsettled.settled();
  if (plan.kind !== 'moveCursor') return next;
  const moved = { ...next, scanFrom: plan.to.number + 1, currentL1: plan.to };
  memory.publish({ position: moved });
  return moved;
}

/** Journals the reorg before anything is touched. */
async function recordL1Reorg(
  seen: SeenReorg,
  context: StepContext,
  { head, contracts, signal }: Pinned,
  labels: EngineLabels,
): Promise<void> {
  const { memory, reorgs } = context;
  const { batches } = memory.state;
  const { event } = seen;
  const firstGone = batchesAbove(batches, event.commonAncestor)[0];
  const l2 = firstGone === undefined ? NOTHING_DROPPED : await l2Side(firstGone, context, labels, signal);
  await reorgs.record(l1ReorgRecord(seen, head, batches, l2, contracts.leader, memory.now()));
  memory.dropBranch(event);
  context.reader.reset();
}

/** The L2 blocks from the first batch that went up to the engine's head. */
async function l2Side(
  { firstBlock }: AppliedBatch,
  { engine }: StepContext,
  { latest }: EngineLabels,
  signal: AbortSignal,
): Promise<Dropped> {
  const ancestor = await engine.blockByNumber(firstBlock - 1, signal);
  // An engine that lost even that block holds nothing above it.
  if (ancestor === null || latest.number <= ancestor.number) return NOTHING_DROPPED;
  return readDropped(engine, ancestor, latest, signal);
}

async function restartFrom(
  why: Why,
  context: StepContext,
  pinned: Pinned,
  labels: EngineLabels,
): Promise<Position> {
  const { memory } = context;
  const { head, contracts, signal } = pinned;
  const known = memory.state.position?.cursor;
  // An engine whose safe head is above what we applied was fed by somebody else, or our picture of it was old.
  const isTop = known !== undefined && (labels.safe?.number ?? 0) <= known.lastBlock.number;
  const highest = isTop ? known.batchNumber : Number.POSITIVE_INFINITY;
  const { lastCommittedBatch } = contracts;
  // An engine that lost its safe label with its memory (geth does) still has the finalized one on disk.
  const anchor = labels.safe ?? labels.finalized;
  const found = await findStart(context, head, anchor, lastCommittedBatch, highest, signal);
  const floor = context.unsettled.joined?.commonAncestor.number ?? null;
  const position = await verifyHeld(context, found, floor, head, signal);
  context.reader.reset();
  const { batchNumber, lastBlock } = position.cursor;
  await memory.note('driver.start_found', {
    why,
    batch: batchNumber,
    safe: lastBlock,
    origin: position.origin,
    l1Head: { number: head.number, hash: head.hash },
  });
  const bounded = batchNumber === highest;
  if (await mustRewind(position, bounded, context, pinned, labels))
    await rewindTo(lastBlock, context, pinned, labels);
  const kept = memory.state.batches.filter((batch) => batch.batchNumber <= batchNumber);
  // A batch that a reorg only moved is held and was forgotten: what is remembered must reach up to here.
  const reachesUp = kept.at(-1)?.batchNumber === batchNumber;
  const batches = reachesUp ? kept : await recentBatches(context, position, head, signal);
  if (!reachesUp) await noteUnwritten(context, batches);
  // A batch that blocks further up than this must be met again: the engine lost what lies before it.
  const blocked = memory.state.blocked?.batchNumber === batchNumber + 1 ? memory.state.blocked : null;
  memory.publish({ position, batches, blocked, phase: 'deriving' });
  return position;
}

/**
 * Whether the engine calls more safe than L1 implies. Not when the safe head is already there: blocks above it are
 * unsafe and may still turn out right. What the engine has finalized is given up by nobody (`rewindTo` halts), and
 * the halt takes L1's word as well: a batch that contradicts it in a block that L1 calls final. An L1 that shows less,
 * or a branch of which nothing is final, is behind or a backend on a dead branch. `bounded`: nobody looked above the
 * position, so the next batch may well be held: an update of ours that timed out was applied.
 */
async function mustRewind(
  { cursor }: Position,
  bounded: boolean,
  context: StepContext,
  { head, contracts, view, signal }: Pinned,
  { safe, finalized }: EngineLabels,
): Promise<boolean> {
  const anchor = safe ?? finalized;
  const target = cursor.lastBlock;
  if (anchor === null) return false;
  if (anchor.number <= target.number) return safe === null;
  const conflict = finalized !== null && finalized.number > target.number;
  if (cursor.batchNumber >= contracts.lastCommittedBatch) {
    if (conflict) throw l1Behind(`shows batches only up to block ${target.number}`, finalized);
    return true;
  }
  const standing = await standingOfNext(context, cursor, anchor, head, signal);
  if (standing.kind === 'held') {
    if (bounded) return false;
    throw new DriverError(
      'engine_contradicts',
      `the engine holds the blocks of batch ${cursor.batchNumber + 1} by their numbers and not by their hashes`,
    );
  }
  if (!conflict) return true;
  // The same blocks in another partition: what is final is not taken back for that.
  if (standing.kind === 'extends') return false;
  if (standing.l1Block.number > (view.heads.finalized?.number ?? -1))
    throw l1Behind(`shows another batch ${cursor.batchNumber + 1} that is not final`, finalized);
  return true;
}

const l1Behind = (what: string, { number, hash }: L2BlockId): DriverError =>
  new DriverError(
    'l1_behind',
    `L1 ${what}, and the engine has finalized block ${number} ${hash}: nothing is taken back before L1 has finalized as much`,
  );

/**
 * Sets the engine's head and safe label back to `target`. An engine that does not go back (it says VALID and keeps its
 * head, calls the reorg too deep, or lost the state there and says SYNCING) gets only its safe label lowered; the
 * replacement batch will move the head.
 */
async function rewindTo(
  target: L2BlockId,
  context: StepContext,
  pinned: Pinned,
  labels: EngineLabels,
): Promise<void> {
  const { engine, memory, unsettled, genesisCursor } = context;
  const { signal } = pinned;
  const { safe, finalized, latest } = labels;
  if (finalized !== null && finalized.number > target.number) {
    const there = await engine.blockByNumber(finalized.number, signal);
    if (there?.hash !== finalized.hash) throw await backToFinal(target, finalized, context, pinned, labels);
    throw new DriverError(
      'finalized_conflict',
      `L1 implies the chain only up to block ${target.number}, but the engine has finalized block ${finalized.number} ${finalized.hash}; an engine that starts from its genesis again would follow L1`,
    );
  }
  if (safe === null) {
    if (target.number === genesisCursor.lastBlock.number) return;
    memory.publish({
      labels: await setAndConfirm(engine, { head: latest, safe: target, finalized }, signal),
    });
    return;
  }
  if (unsettled.joined === null) await recordUnseenReorg(target, context, pinned, labels);
  memory.publish(await rewindHead(engine, target, { latest, finalized }, signal));
}

/**
 * The engine's chain lacks the block that it calls final. Either somebody moved it since its labels were read, or it is
 * on a branch that its own finality excludes (an update that it refused and followed all the same): then its head goes
 * back to that block, on record. Answers what to throw: the next step looks anew.
 */
async function backToFinal(
  target: L2BlockId,
  finalized: L2BlockId,
  context: StepContext,
  pinned: Pinned,
  labels: EngineLabels,
): Promise<DriverError> {
  const { engine, memory } = context;
  const { signal } = pinned;
  const lacks = `the engine's finalized block ${finalized.number} ${finalized.hash} is not on its own chain`;
  const now = await engine.labels(signal);
  const stays = now.latest.hash === labels.latest.hash && now.finalized?.hash === finalized.hash;
  if (!stays) return new DriverError('engine_contradicts', lacks);
  await recordUnseenReorg(target, context, pinned, labels);
  const want = { head: finalized, safe: null, finalized };
  memory.publish({ labels: await setAndConfirm(engine, want, signal) });
  return new DriverError('engine_contradicts', `${lacks}: its head was set back to it`);
}
