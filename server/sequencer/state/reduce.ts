import { assertNever } from '../../lib/assertNever.ts';
import type { L2BlockId } from '../../protocol/refs.ts';
import { sameBlock } from '../../protocol/refs.ts';
import type { Evidence, SequencerAction, SequencerEffect, SequencerState } from './state.ts';
import type { Finding } from './transitions.ts';
import { TRANSITIONS } from './transitions.ts';

/** A node holds all blocks of the last committed batch exactly when it holds its last block. */
export const findingOf = (evidence: Evidence, isLeader: boolean): Finding =>
  evidence.committedHead === null ? 'behind' : isLeader ? 'leader' : 'not_leader';

/**
 * The sequencer's state machine: what an action makes of a state, and what has to be done about it. Pure:
 * whoever calls it runs the effects in order and dispatches their results.
 */
export function reduce(
  state: SequencerState,
  action: SequencerAction,
): readonly [SequencerState, readonly SequencerEffect[]] {
  switch (action.kind) {
    case 'evaluated':
      return evaluated(state, action.evidence, action.isLeader);
    case 'reverted':
      if (state.kind !== 'entering' || !sameBlock(state.committedHead, action.head)) return [state, []];
      return [{ kind: 'sequencing', evidence: { ...state.evidence, localHead: action.head } }, []];
    default:
      return assertNever(action, 'sequencer action');
  }
}

function evaluated(
  state: SequencerState,
  evidence: Evidence,
  isLeader: boolean,
): readonly [SequencerState, readonly SequencerEffect[]] {
  const transition = TRANSITIONS[state.kind][findingOf(evidence, isLeader)];
  // A node that is behind cannot go to a committed head it does not hold: its own last known one has to do.
  const target = evidence.committedHead ?? committedHeadOf(state);
  if (target === null) return [stateOf(transition.to, evidence), []];
  const why = transition.to === 'entering' ? 'entering' : 'leaving';
  const effects = transition.effects.map((kind): SequencerEffect => ({ kind, to: target, why }));
  return [stateOf(transition.to, evidence), effects];
}

const committedHeadOf = (state: SequencerState): L2BlockId | null => state.evidence?.committedHead ?? null;

function stateOf(kind: SequencerState['kind'], evidence: Evidence): SequencerState {
  if (kind !== 'entering') return { kind, evidence };
  // The table leads to `entering` from 'leader' alone, and that finding implies a committed head.
  if (evidence.committedHead === null) return { kind: 'syncing', evidence };
  return { kind, evidence, committedHead: evidence.committedHead };
}
