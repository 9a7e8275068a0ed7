import type { DerivedBatch } from '../derivation/derivation.ts';
import { msLeft } from '../lib/wait.ts';
import type { BatchCommit } from '../protocol/batch.ts';
import type { L1BlockRef, L2BlockRef } from '../protocol/refs.ts';
import { compareWithEngine, heardLate, insertBlocks, type Refused, setAndConfirm } from './applyBatch.ts';
import type { Pinned, StepContext } from './context.ts';
import { cursorAfter, deriveCommit } from './deriveCommit.ts';
import { readDropped } from './dropped.ts';
import { movedGround } from './movedGround.ts';
import { explainBatch, onMovedGround } from './plan/cause.ts';
import type { Position } from './plan/check.ts';
import { DriverError } from './plan/failure.ts';
import { headsOf } from './plan/reorgRecord.ts';
import type { EngineLabels } from './ports.ts';
import { appliedBatch } from './recent.ts';
import { l2ReorgRecord } from './reorg.ts';
import type { BlockedBatch } from './state.ts';

/** Behind by this many L1 blocks counts as catching up; progress is shown until the driver is level. */
const CATCHING_UP_BLOCKS = 3;

/**
 * Step 2 of the loop (rollup-driver.md): derives at most one window of L1 blocks and makes the engine hold the
 * result as safe. Answers whether there is more to do before waiting.
 */
export async function deriveForward(
  context: StepContext,
  pinned: Pinned,
  position: Position,
): Promise<boolean> {
  const { memory, reader } = context;
  const { head, contracts, signal } = pinned;
  const { blocked } = memory.state;
  const stands = blocked !== null && contracts.lastCommittedBatch >= blocked.batchNumber;
  if (stands && !asksAgain(blocked, memory.now())) {
    memory.publish({ phase: 'blocked', sync: null });
    return false;
  }
  if (blocked !== null && !stands) memory.publish({ blocked: null });
  if (contracts.lastCommittedBatch === position.cursor.batchNumber) return arrivedAt(context, head);
  showSync(context, position.scanFrom, head.number);
  const window = await reader.read(position.scanFrom, head, signal);
  const fetched = memory.now();
  memory.publish({ l1At: fetched });
  const commits = window?.commits ?? [];
  let ahead: Ahead | null = null;
  for (const [index, commit] of commits.entries()) {
    const { cursor } = memory.state.position!;
    if (commit.batchNumber <= cursor.batchNumber) continue;
    // The contract numbers batches without a gap, so one in the logs is L1's answer that is wrong, not the batch.
    if (commit.batchNumber !== cursor.batchNumber + 1) throw logsMissing(context, pinned);
    const outcome = await (ahead?.commit === commit
      ? ahead.outcome
      : deriveCommit(context, cursor, commit, signal));
    // Derivation is total: a batch that cannot be right blocks the position, it does not throw.
    if (outcome.kind === 'invalid') {
      await memory.block(commit, outcome.reason, outcome.detail);
      return false;
    }
    ahead = deriveAhead(context, outcome, commits[index + 1], signal);
    if (!(await apply(context, outcome, fetched, pinned))) return false;
  }
  const scanned = window?.to ?? head.number;
  if (scanned >= head.number) return finishScan(context, pinned);
  memory.publish({ position: { ...memory.state.position!, scanFrom: scanned + 1 } });
  showSync(context, scanned + 1, head.number);
  return true;
}

/** A batch that the engine refused is given to it again after so long, milliseconds. */
export const ASK_AGAIN_MS = 30_000;

/**
 * What derivation says of a batch stays said. What an engine says may have been its own trouble: a cache of invalid
 * blocks that a restart empties, a full disk, a hardfork it did not know yet.
 */
const asksAgain = ({ reason, askedAt }: BlockedBatch, now: number): boolean =>
  (reason === 'rejected_by_engine' || reason === 'unsupported_transaction') &&
  msLeft(askedAt + ASK_AGAIN_MS, ASK_AGAIN_MS, now) === 0;

/** Everything up to the pinned head was read: the logs must add up to what the contract says at that hash. */
function finishScan(context: StepContext, { head, contracts }: Pinned): boolean {
  const { memory } = context;
  if (memory.state.position!.cursor.batchNumber === contracts.lastCommittedBatch)
    return arrivedAt(context, head);
  throw logsMissing(context, { head, contracts });
}

/** Goes back to where the logs were last known to be whole, so that the next step reads them again. */
function logsMissing(
  { memory, config, reader }: StepContext,
  { head, contracts }: Pick<Pinned, 'head' | 'contracts'>,
): DriverError {
  const { cursor, origin } = memory.state.position!;
  const from = origin?.number ?? config.l1StartBlock;
  reader.reset();
  memory.publish({ position: { ...memory.state.position!, scanFrom: from } });
  return new DriverError(
    'incomplete_l1',
    `at L1 block ${head.number} the contract says ${contracts.lastCommittedBatch} batches are committed, but the logs lack batch ${cursor.batchNumber + 1}: reading them again from block ${from}`,
  );
}

function arrivedAt({ memory }: StepContext, head: L1BlockRef): false {
  const currentL1 = { number: head.number, hash: head.hash };
  memory.publish({
    phase: 'following',
    sync: null,
    position: { ...memory.state.position!, scanFrom: head.number + 1, currentL1 },
  });
  return false;
}

function showSync({ memory }: StepContext, next: number, target: number): void {
  const { sync } = memory.state;
  if (sync === null && target - next < CATCHING_UP_BLOCKS) {
    memory.publish({ phase: 'deriving' });
    return;
  }
  const started = sync ?? { from: next, startedAt: memory.now() };
  memory.publish({
    phase: 'deriving',
    sync: { from: started.from, startedAt: started.startedAt, current: next - 1, target },
  });
}

/** The outcome for a commit, on the assumption that the batch before it is applied. */
interface Ahead {
  readonly commit: BatchCommit;
  readonly outcome: ReturnType<typeof deriveCommit>;
}

/**
 * Derives the batch after `batch` while the engine executes `batch`: what is decoded and fetched (a blob) meanwhile
 * costs no time. Null where the next commit is not that batch.
 */
function deriveAhead(
  context: StepContext,
  batch: DerivedBatch,
  next: BatchCommit | undefined,
  signal: AbortSignal,
): Ahead | null {
  if (next?.batchNumber !== batch.batchNumber + 1) return null;
  const outcome = context.nextTurn().then(() => deriveCommit(context, cursorAfter(batch), next, signal));
  // Whoever comes to this commit meets the error; until then nobody awaits it.
  outcome.catch(() => {});
  return { commit: next, outcome };
}

/** Makes the engine hold the batch as safe. Answers false when the engine proves the batch wrong. */
async function apply(
  context: StepContext,
  batch: DerivedBatch,
  fetched: number,
  pinned: Pinned,
): Promise<boolean> {
  const { signal } = pinned;
  const { engine, memory } = context;
  const decoded = memory.now();
  const labels = memory.state.labels!;
  const { matching, differsAt } = await compareWithEngine(engine, batch.blocks, labels.latest, signal);
  if (differsAt !== null) await recordL2Reorg(context, batch, differsAt, labels, pinned);
  const inserted = await insertBlocks(engine, batch, matching, labels, () => heard(context), signal);
  if (inserted.kind === 'refused') return refuse(context, batch, inserted);
  const applied = appliedBatch(batch, memory.now());
  const last = applied.lastBlock;
  const keepsUnsafe = differsAt === null && labels.latest.number > last.number;
  const head = keepsUnsafe ? labels.latest : last;
  const want = { head, safe: last, finalized: labels.finalized };
  const confirmed = await heardLate(inserted.accepted, labels.latest, () =>
    setAndConfirm(engine, want, signal),
  );
  if ('kind' in confirmed) return refuse(context, batch, confirmed);
  memory.publish({ labels: confirmed, engineAt: memory.now() });
  const steps = { seen: pinned.evidenceAt, fetched, decoded, applied: memory.now() };
  await memory.applied(applied, matching, steps, {
    cursor: { batchNumber: batch.batchNumber, lastBlock: last },
    origin: batch.commit.l1Block,
    // More batches of the same L1 block may follow.
    scanFrom: batch.commit.l1Block.number,
    currentL1: memory.state.position!.currentL1,
  });
  return true;
}

/** The engine proves the batch wrong. */
async function refuse(
  { memory }: StepContext,
  batch: DerivedBatch,
  { reason, detail }: Refused,
): Promise<false> {
  await memory.block(batch.commit, reason, detail);
  return false;
}

/** Published at most this often while a batch is executed, milliseconds: people see that the engine is at work. */
const HEARD_EVERY_MS = 1_000;

function heard({ memory }: StepContext): void {
  const { engineAt } = memory.state;
  if (engineAt === null || memory.now() - engineAt >= HEARD_EVERY_MS)
    memory.publish({ engineAt: memory.now() });
}

async function recordL2Reorg(
  context: StepContext,
  batch: DerivedBatch,
  differsAt: L2BlockRef,
  labels: EngineLabels,
  { before, contracts, evidenceAt, signal, view }: Pinned,
): Promise<void> {
  const { builderOf, engine, memory, reorgs } = context;
  const derived = batch.blocks.find((block) => block.number === differsAt.number)!;
  const ancestor = { number: derived.number - 1, hash: derived.parentHash };
  if (reorgs.knows('L2', labels.latest, ancestor)) return;
  const builder = builderOf(differsAt.hash);
  const { hash: transaction, from: poster } = batch.commit.transaction;
  const explained = explainBatch({
    batchNumber: batch.batchNumber,
    poster,
    transaction,
    derived,
    held: differsAt,
    builder,
    takenBackByL1: memory.state.keptHead?.hash === labels.latest.hash,
  });
  const { cause, evidence } = onMovedGround(explained, movedGround(context, differsAt));
  await reorgs.record(
    l2ReorgRecord({
      cause,
      evidence,
      commonAncestor: ancestor,
      oldTip: labels.latest,
      newTip: { number: batch.lastBlock, hash: batch.lastBlockHash },
      dropped: await readDropped(engine, ancestor, labels.latest, signal),
      droppedBatches: [],
      leader: {
        before: builder?.address ?? before.leader,
        after: cause === 'LEADER_HANDOVER' ? poster : contracts.leader,
      },
      before: headsOf(view.heads.latest, labels),
      firstEvidenceAt: evidenceAt,
      now: memory.now(),
    }),
  );
}
