import type { L1BlockId } from '../protocol/refs.ts';
import type { StepContext } from './context.ts';
import { DriverError } from './plan/failure.ts';
import type { ContractState, EngineLabels, L1Tracker } from './ports.ts';

/** What a target is resolved against: one L1 head, what the contract says there, what the engine holds. */
export interface Ground {
  readonly head: L1BlockId;
  readonly contracts: ContractState;
  readonly labels: EngineLabels;
  readonly signal: AbortSignal;
}

/**
 * The head that the loop sees: a look of our own would move what a step in flight is pinned to. Only a driver that
 * rests is not disturbed by one, and needs it: it saw L1 long ago.
 */
export async function groundBeside(
  { l1, engine, memory }: StepContext,
  rewinds: boolean,
  signal: AbortSignal,
): Promise<Ground> {
  const { heads, phase, paused } = memory.state;
  const rests = (phase === 'halted' && !rewinds) || paused !== null;
  const head = rests ? (await l1.heads(signal)).latest : heads?.latest;
  if (head === undefined) {
    throw new DriverError('incomplete_l1', 'this node just began and has not seen the head of L1 yet');
  }
  const [contracts, labels] = await Promise.all([l1.contractState(head, signal), engine.labels(signal)]);
  return { head, contracts, labels, signal };
}

/** L1's head now, between two steps of the loop. */
export async function groundNow({ l1, engine, memory }: StepContext, signal: AbortSignal): Promise<Ground> {
  const [{ latest }, labels] = await Promise.all([l1.heads(signal), engine.labels(signal)]);
  const known = memory.state.heads?.latest.number ?? 0;
  // The driver waits for L1 to be level with itself again; a target must not be taken from what lags.
  if (latest.number < known && memory.state.phase !== 'halted') {
    throw new DriverError(
      'incomplete_l1',
      `L1 shows block ${latest.number} as its head, after it had shown block ${known}`,
    );
  }
  return { head: latest, contracts: await l1.contractState(latest, signal), labels, signal };
}

/**
 * The tracker refuses a branch without what L1 had called final. Only an operator's order makes it forget; the
 * branch that it starts on is the one that the target is resolved against.
 */
export async function freshGround(
  { l1, engine, memory, unsettled }: StepContext,
  tracker: L1Tracker,
  signal: AbortSignal,
): Promise<Ground> {
  tracker.forget?.();
  unsettled.forget();
  memory.publish({ position: null });
  const { heads, recent } = await tracker.track(signal);
  memory.publish({ heads, recentL1: recent });
  const [contracts, labels] = await Promise.all([
    l1.contractState(heads.latest, signal),
    engine.labels(signal),
  ]);
  return { head: heads.latest, contracts, labels, signal };
}
