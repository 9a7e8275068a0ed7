import type { Address, Hash, L1BlockId } from '../../protocol/refs.ts';
import type { LeaderChangeReason, RegistryState } from './registry.ts';
import { leaderOf, reasonOfChange, termOf } from './registry.ts';

export interface LeaderChange {
  /** Null when nobody led, or nobody does. */
  readonly from: Address | null;
  readonly to: Address | null;
  /** The L1 block that caused it; after a reorg and after missing logs the one at which it was found. */
  readonly atL1: L1BlockId;
  /** The first batch that `to` may commit. */
  readonly batch: number;
  readonly why: LeaderChangeReason;
  /** True when `from` still had batches of its term to commit. */
  readonly midTerm: boolean;
  /** The L1 transaction that caused it, where there is exactly one. */
  readonly transaction: Hash | null;
}

interface Step {
  readonly at: L1BlockId;
  readonly transaction: Hash;
  readonly before: RegistryState;
  readonly after: RegistryState;
}

interface Mark {
  readonly at: L1BlockId;
  readonly state: RegistryState;
}

/** Every change of the leader along a branch, each at the operation that caused it. */
export const changesAlong = (steps: readonly Step[]): readonly LeaderChange[] =>
  steps.flatMap(({ before, after, at, transaction }) =>
    changeBetween(before, { at, state: after }, reasonOfChange(before, after), transaction),
  );

/**
 * After an L1 reorg. When what it took away had made the leader, the change from the old leader to the present one
 * is the reorg's doing, and none if the new branch makes the same leader; otherwise the new branch's own
 * operations explain everything.
 */
export function changesByReorg(
  before: Mark,
  kept: Mark | null,
  steps: readonly Step[],
  now: Mark,
): readonly LeaderChange[] {
  if (kept !== null && leaderOf(kept.state) === leaderOf(before.state)) return changesAlong(steps);
  return changeBetween(before.state, now, 'l1_reorg', null);
}

/** Between two states of which nobody knows what lies between them. */
export const changeUnseen = (before: Mark, now: Mark): readonly LeaderChange[] =>
  changeBetween(before.state, now, reasonOfChange(before.state, now.state), null);

function changeBetween(
  before: RegistryState,
  { at, state }: Mark,
  why: LeaderChangeReason,
  transaction: Hash | null,
): readonly LeaderChange[] {
  const from = leaderOf(before);
  const to = leaderOf(state);
  if (from === to) return [];
  const batch = state.lastCommittedBatch + 1;
  const sameTerm = termOf(batch, state.batchesPerSequencer).first <= before.lastCommittedBatch + 1;
  const atL1 = { number: at.number, hash: at.hash };
  return [{ from, to, atL1, batch, why, midTerm: from !== null && sameTerm, transaction }];
}
