import type { DerivedBatch } from '../derivation/derivation.ts';
import { assertNever } from '../lib/assertNever.ts';
import { runSearch, searchLastMatch } from '../lib/search.ts';
import type { SealedBlock } from '../protocol/block.ts';
import { type Hash, type L2BlockId, type L2BlockRef, ZERO_HASH } from '../protocol/refs.ts';
import { DriverError } from './plan/failure.ts';
import type { DriverEngine, EngineLabels } from './ports.ts';

/** During a long batch the unsafe head moves this often, so that people see progress. Blocks. */
export const HEAD_STRIDE = 64;

/** How the engine's chain compares with a derived batch: rollup-driver.md, step 2. */
export interface Comparison {
  /** Blocks of the batch that the engine already holds as canonical. */
  readonly matching: number;
  /** The engine's block where it first differs: an L2 reorg begins here. Null when it merely ends. */
  readonly differsAt: L2BlockRef | null;
}

/**
 * Compares without fetching what is equal: blocks are linked by parent hash, so equality is a prefix and the
 * last common height usually settles it with one question. At the tip the engine holds none and none is asked.
 */
export async function compareWithEngine(
  engine: Pick<DriverEngine, 'blockByNumber'>,
  blocks: readonly SealedBlock[],
  latest: L2BlockId,
  signal: AbortSignal,
): Promise<Comparison> {
  const overlap = blocks.filter((block) => block.number <= latest.number);
  const seen = new Map<number, L2BlockRef | null>();
  const lastEqual = await runSearch(searchLastMatch(0, overlap.length - 1), async (index) => {
    const block = overlap[index]!;
    const held = await engine.blockByNumber(block.number, signal);
    seen.set(index, held);
    return held?.hash === block.hash;
  });
  const matching = lastEqual === null ? 0 : lastEqual + 1;
  return { matching, differsAt: matching < overlap.length ? (seen.get(matching) ?? null) : null };
}

/** The engine refused a block that derivation accepted: the batch is wrong, not the engine (driver.md case 7). */
export interface Refused {
  readonly kind: 'refused';
  readonly block: L2BlockId;
  readonly reason: 'rejected_by_engine' | 'unsupported_transaction';
  readonly detail: string;
}

/** What became of a batch's blocks. `accepted`: the engine holds some that it has not executed. */
export type Inserted = { readonly kind: 'held'; readonly accepted: L2BlockId | null } | Refused;

/**
 * Gives the engine the blocks from `from` on, and moves its head along every `HEAD_STRIDE` blocks; safe and
 * finalized stay. Idempotent: a block the engine knows is not executed again. `onHeard` is called at each answer.
 */
export async function insertBlocks(
  engine: DriverEngine,
  batch: DerivedBatch,
  from: number,
  labels: EngineLabels,
  onHeard: () => void,
  signal: AbortSignal,
): Promise<Inserted> {
  let sinceHead = 0;
  let accepted: L2BlockId | null = null;
  for (let i = from; i < batch.blocks.length; i++) {
    const block = batch.blocks[i]!;
    const inserted: Inserted = await heardLate(accepted, labels.latest, () =>
      insertBlock(engine, block, labels.latest, signal),
    );
    if (inserted.kind === 'refused') return inserted;
    accepted ??= inserted.accepted;
    onHeard();
    sinceHead += 1;
    const last = i === batch.blocks.length - 1;
    if (sinceHead === HEAD_STRIDE && !last) {
      const safe = labels.safe?.hash ?? ZERO_HASH;
      const moved = await heardLate(accepted, labels.latest, () =>
        setForkchoice(engine, block.hash, safe, nameableFinalized(labels), signal),
      );
      if (typeof moved === 'object') return moved;
      sinceHead = 0;
    }
  }
  return { kind: 'held', accepted };
}

/**
 * A call about blocks that the engine may hold without having executed them (it said ACCEPTED to `accepted`). INVALID
 * to a forkchoice update is then its verdict on these blocks, and not a sign that our picture of the engine is wrong;
 * SYNCING means that it took the block for later, because it no longer has the state that the block builds on.
 */
export async function heardLate<T>(
  accepted: L2BlockId | null,
  latest: L2BlockId,
  call: () => Promise<T>,
): Promise<T | Refused> {
  try {
    return await call();
  } catch (error) {
    if (accepted === null || !(error instanceof DriverError)) throw error;
    if (error.code === 'engine_syncing' && accepted.number <= latest.number)
      throw cannotLeave(accepted, latest);
    if (error.code !== 'forkchoice_invalid' && error.code !== 'forkchoice_refused') throw error;
    return { kind: 'refused', block: accepted, reason: 'rejected_by_engine', detail: error.message };
  }
}

async function insertBlock(
  engine: DriverEngine,
  block: SealedBlock,
  latest: L2BlockId,
  signal: AbortSignal,
): Promise<Inserted> {
  const id = { number: block.number, hash: block.hash };
  try {
    const status = await engine.newPayload(block, signal);
    switch (status.status) {
      case 'VALID':
        return { kind: 'held', accepted: null };
      case 'INVALID':
        return {
          kind: 'refused',
          block: id,
          reason: 'rejected_by_engine',
          detail: `block ${block.number} ${block.hash}: ${status.validationError ?? 'the engine gives no reason'}`,
        };
      case 'SYNCING':
      case 'ACCEPTED':
        if (await lacksState(engine, block, latest, signal)) {
          if (engine.setHead !== undefined) {
            await engine.setHead(block.number - 1, signal);
            // The parent is the head now, so that this cannot come here again.
            const parent = { number: block.number - 1, hash: block.parentHash };
            return insertBlock(engine, block, parent, signal);
          }
          if (status.status === 'SYNCING') throw cannotLeave(block, latest);
        }
        // Held beside its chain and not executed: some engines execute such a block when it becomes the head.
        if (status.status === 'ACCEPTED') return { kind: 'held', accepted: id };
        throw new DriverError(
          'engine_syncing',
          `the engine answers SYNCING for block ${block.number}: it does not hold the parent or is still syncing`,
        );
      default:
        return assertNever(status, 'payload status');
    }
  } catch (error) {
    const seen = error as { name?: unknown; code?: unknown; message?: unknown };
    if (seen?.name === 'EngineError' && seen.code === 'unsupported_transaction') {
      return { kind: 'refused', block: id, reason: 'unsupported_transaction', detail: String(seen.message) };
    }
    throw error;
  }
}

/** The engine has the parent and nothing can be missing, unless it no longer has the state that its branch left there. */
const lacksState = async (
  engine: Pick<DriverEngine, 'blockByHash'>,
  block: SealedBlock,
  latest: L2BlockId,
  signal: AbortSignal,
): Promise<boolean> =>
  block.number <= latest.number && (await engine.blockByHash(block.parentHash, signal)) !== null;

const cannotLeave = (block: L2BlockId, latest: L2BlockId): DriverError =>
  new DriverError(
    'engine_cannot_reorg',
    `L1 implies another block ${block.number}, ${latest.number - block.number + 1} blocks below the engine's head, and the engine no longer has the state before it: name its debug endpoint in PLUMBLINE_ENGINE_REWIND_URL, or start it from its genesis again`,
  );

/** One forkchoice update. INVALID means that our picture of the engine is wrong: reset, never retried as is. */
export async function setForkchoice(
  engine: Pick<DriverEngine, 'forkchoiceUpdated'>,
  headBlockHash: Hash,
  safeBlockHash: Hash,
  finalizedBlockHash: Hash,
  signal: AbortSignal,
): Promise<void> {
  const answer = await engine.forkchoiceUpdated(
    { headBlockHash, safeBlockHash, finalizedBlockHash },
    null,
    signal,
  );
  switch (answer.payloadStatus.status) {
    case 'VALID':
      return;
    case 'INVALID':
      throw new DriverError(
        'forkchoice_invalid',
        `the engine calls head ${headBlockHash} INVALID: ${answer.payloadStatus.validationError ?? 'no reason given'}`,
      );
    case 'SYNCING':
    case 'ACCEPTED':
      throw new DriverError(
        'engine_syncing',
        `the engine answers ${answer.payloadStatus.status} to head ${headBlockHash}`,
      );
    default:
      return assertNever(answer.payloadStatus, 'payload status');
  }
}

/**
 * The finalized block as an update may name it: only at or below the safe block. An engine that was sent elsewhere can
 * hold a finalized block above that, on no branch of its head, and refuses every update that names it (-38002); unnamed
 * it stays where it is, and derivation comes back to it.
 */
export const nameableFinalized = ({
  safe,
  finalized,
}: {
  readonly safe: L2BlockId | null;
  readonly finalized: L2BlockId | null;
}): Hash =>
  finalized === null || (safe !== null && finalized.number > safe.number) ? ZERO_HASH : finalized.hash;

/**
 * Sets the labels and reads them back, because VALID does not prove that the head moved (driver.md case 5).
 * Throws `head_not_moved` when the engine kept another head.
 */
export async function setAndConfirm(
  engine: DriverEngine,
  want: { readonly head: L2BlockId; readonly safe: L2BlockId | null; readonly finalized: L2BlockId | null },
  signal: AbortSignal,
): Promise<EngineLabels> {
  await setForkchoice(engine, want.head.hash, want.safe?.hash ?? ZERO_HASH, nameableFinalized(want), signal);
  const labels = await engine.labels(signal);
  if (labels.latest.hash !== want.head.hash) {
    throw new DriverError(
      'head_not_moved',
      `the engine answered VALID and kept its head at ${labels.latest.number} ${labels.latest.hash} instead of ${want.head.number} ${want.head.hash}`,
    );
  }
  requireSafe(labels, want.safe);
  return labels;
}

/** The engine shows the safe label that it was given. One that shows another was asked through something that lags. */
export function requireSafe({ safe }: EngineLabels, wanted: L2BlockId | null): void {
  if (wanted === null || (safe?.hash ?? ZERO_HASH) === wanted.hash || (safe === null && wanted.number === 0))
    return;
  throw new DriverError(
    'engine_contradicts',
    `the engine answered VALID to safe block ${wanted.number} ${wanted.hash} and shows ${safe === null ? 'none' : `${safe.number} ${safe.hash}`}`,
  );
}
