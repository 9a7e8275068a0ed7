import type { SequencerEffect, SequencerStateKind } from './state.ts';

/** What an evaluation comes down to. Leadership does not matter until the node is synced. */
export type Finding = 'behind' | 'not_leader' | 'leader';

export interface Transition {
  readonly to: SequencerStateKind;
  readonly effects: readonly SequencerEffect['kind'][];
}

/**
 * Every transition there is, as data. Rows are the state before, columns what was found. Producing
 * needs no effect: it is allowed in `sequencing` and nowhere else, and no evaluation leads there. Reverting is
 * repeated in each evaluation of `entering`: it is idempotent, and repeating it is what heals an engine that
 * failed to answer the first time.
 */
export const TRANSITIONS: Readonly<Record<SequencerStateKind, Readonly<Record<Finding, Transition>>>> = {
  syncing: {
    behind: { to: 'syncing', effects: [] },
    not_leader: { to: 'following', effects: [] },
    leader: { to: 'entering', effects: ['revertUncommitted'] },
  },
  following: {
    behind: { to: 'syncing', effects: [] },
    not_leader: { to: 'following', effects: [] },
    leader: { to: 'entering', effects: ['revertUncommitted'] },
  },
  entering: {
    behind: { to: 'syncing', effects: [] },
    not_leader: { to: 'following', effects: ['revertUncommitted'] },
    leader: { to: 'entering', effects: ['revertUncommitted'] },
  },
  sequencing: {
    behind: { to: 'syncing', effects: ['revertUncommitted'] },
    not_leader: { to: 'following', effects: ['revertUncommitted'] },
    leader: { to: 'sequencing', effects: [] },
  },
};
