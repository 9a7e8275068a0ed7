import type { DriverState } from './driver/state.ts';
import type { Engine } from './engine/engine.ts';
import type { Journal } from './journal/journal.ts';
import type { OpenIntent, ReadModels } from './journal/readModels.ts';
import type { L2BlockId } from './protocol/refs.ts';

export interface IntentDeps {
  readonly journal: Pick<Journal, 'append'>;
  readonly models: Pick<ReadModels, 'openIntents'>;
  readonly engine: Pick<Engine, 'blockByNumber'>;
  readonly clock: { now(): number };
  /** The newest event of the process before: what this one announces is its own to close. */
  readonly upTo: number;
}

type Fields = Readonly<Record<string, unknown>>;
interface Outcome {
  readonly kind: string;
  readonly payload: Fields;
}

/**
 * Closes what the process before had announced and did not come to record: looks at L1 and the engine for what became
 * of it, and guesses nothing. Resyncs are not among it: the driver takes those up and closes them itself. So it does with
 * reorgs, but for those that lie too far back in the journal; with the driver level again they are over too.
 * To be called once, when the driver is level with L1 and before the sequencer acts.
 */
export async function closeOpenIntents(
  { contracts, labels, reorgs }: Pick<DriverState, 'contracts' | 'labels' | 'reorgs'>,
  deps: IntentDeps,
  signal: AbortSignal,
): Promise<void> {
  if (contracts === null || labels === null) return;
  for await (const intent of openAtStart(deps, signal)) {
    // Still the driver's.
    if (reorgs.some(({ id, recoveredAt }) => id === intent.ref && recoveredAt === null)) continue;
    const outcome = await outcomeOf(intent, contracts.lastCommittedBatch, deps, signal);
    if (outcome === null) continue;
    await deps.journal.append(outcome.kind, { ...outcome.payload, found: 'at_start' }, intent.ref);
  }
}

/** A page in memory at a time. */
async function* openAtStart({ models, upTo }: IntentDeps, signal: AbortSignal): AsyncGenerator<OpenIntent> {
  let page = await models.openIntents();
  // What is not folded yet may hold the outcome of what is: each question folds more.
  while (page.upTo < upTo) {
    signal.throwIfAborted();
    page = await models.openIntents();
  }
  for (let last = page.rows.at(-1); last !== undefined; last = page.rows.at(-1)) {
    for (const intent of page.rows) {
      if (intent.seq > upTo) return;
      signal.throwIfAborted();
      yield intent;
    }
    page = await models.openIntents(last.seq);
  }
}

function outcomeOf(
  { kind, ref, payload }: OpenIntent,
  lastCommittedBatch: number,
  { engine, clock }: IntentDeps,
  signal: AbortSignal,
): Promise<Outcome | null> | null {
  const fields = (payload ?? {}) as Fields;
  switch (kind) {
    case 'commit.intent':
      return commitOutcome(fields, lastCommittedBatch, engine, signal);
    case 'revert.intent':
      return revertOutcome(fields, engine, signal);
    case 'reorg.detected':
      return Promise.resolve({ kind: 'reorg.recovered', payload: { id: ref, recoveredAt: clock.now() } });
    default:
      return null;
  }
}

/** The batch on L1 is ours when the chain that L1 implies holds the block that ours ended with. */
async function commitOutcome(
  { batch, lastBlock }: Fields,
  lastCommittedBatch: number,
  engine: IntentDeps['engine'],
  signal: AbortSignal,
): Promise<Outcome | null> {
  if (typeof batch !== 'number') return null;
  if (batch > lastCommittedBatch) return { kind: 'commit.unknown', payload: { batch } };
  const holds = await isCanonical(lastBlock, engine, signal);
  if (holds === null) return { kind: 'commit.unknown', payload: { batch } };
  return { kind: holds ? 'commit.landed' : 'commit.superseded', payload: { batch, lastBlock } };
}

async function revertOutcome(
  { from, to }: Fields,
  engine: IntentDeps['engine'],
  signal: AbortSignal,
): Promise<Outcome | null> {
  const still = await isCanonical(from, engine, signal);
  if (still === null) return null;
  return { kind: still ? 'revert.not_done' : 'revert.done', payload: { to } };
}

/** Null when the payload names no block. */
async function isCanonical(
  block: unknown,
  engine: IntentDeps['engine'],
  signal: AbortSignal,
): Promise<boolean | null> {
  const { number, hash } = (block ?? {}) as Partial<L2BlockId>;
  if (typeof number !== 'number' || typeof hash !== 'string') return null;
  return (await engine.blockByNumber(number, signal))?.hash === hash;
}
