import type { Address, L1BlockId, L2BlockId } from '../../protocol/refs.ts';

/**
 * The one global state that every sequencer component reads before it acts. `Sequencing` and `Following` are
 * the modes of the based sequencer; each is split once, so that a component never has to ask a second
 * question: `syncing` is Following without all blocks of the last committed batch, and `entering` is
 * Sequencing while the engine has not yet shown the committed head, when nothing may be produced.
 */
export const SEQUENCER_STATES = ['syncing', 'following', 'entering', 'sequencing'] as const;
export type SequencerStateKind = (typeof SEQUENCER_STATES)[number];

/** What an evaluation was decided from, all of it read at one L1 block. */
export interface Evidence {
  readonly at: L1BlockId;
  readonly leader: Address | null;
  readonly lastCommittedBatch: number;
  /** Last block of that batch; null while the engine does not hold it on its canonical branch. */
  readonly committedHead: L2BlockId | null;
  readonly localHead: L2BlockId;
}

export type SequencerState =
  | { readonly kind: 'syncing'; readonly evidence: Evidence | null }
  | { readonly kind: 'following'; readonly evidence: Evidence }
  /** `committedHead` is where the engine's head has to be before the first block is built. */
  | { readonly kind: 'entering'; readonly evidence: Evidence; readonly committedHead: L2BlockId }
  | { readonly kind: 'sequencing'; readonly evidence: Evidence };

export const INITIAL_STATE: SequencerState = { kind: 'syncing', evidence: null };

export type SequencerAction =
  /** The State Updater looked: on each new L1 head and on an interval. */
  | { readonly kind: 'evaluated'; readonly evidence: Evidence; readonly isLeader: boolean }
  /** The engine's own labels show this block as its head after a revert. */
  | { readonly kind: 'reverted'; readonly head: L2BlockId };

/** Puts the engine's head back to `to` and offers the dropped blocks' transactions to the pool again. */
export interface SequencerEffect {
  readonly kind: 'revertUncommitted';
  readonly to: L2BlockId;
  readonly why: 'entering' | 'leaving' | 'messages_gone';
}

/** The name people read. */
export const modeOf = (state: SequencerState): 'Sequencing' | 'Following' | 'Syncing' =>
  state.kind === 'syncing' ? 'Syncing' : state.kind === 'following' ? 'Following' : 'Sequencing';
