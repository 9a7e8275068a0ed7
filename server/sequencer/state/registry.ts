import type { Result } from '../../lib/result.ts';
import { err, ok } from '../../lib/result.ts';
import type { Address } from '../../protocol/refs.ts';

/** `SequencerRegistry.MIN_COLLATERAL`, wei. */
export const MIN_COLLATERAL = 10n ** 18n;

/** Committers that a state remembers: more than the two terms that a page shows, and little to copy. */
const REMEMBERED_COMMITTERS = 128;

export interface RegisteredSequencer {
  readonly address: Address;
  /** wei; paid once by `register`, there is no top-up. */
  readonly collateral: bigint;
}

/** `SequencerRegistry` and the proposer's counter at one point of L1. */
export interface RegistryState {
  /** The contract's array: turns go round in this order. */
  readonly sequencers: readonly RegisteredSequencer[];
  /** `BATCHES_PER_SEQUENCER`: 32 in ethrex's contract, at least 1. */
  readonly batchesPerSequencer: number;
  readonly lastCommittedBatch: number;
  /** Who committed the newest batches that this state saw committed; the contract keeps all of them. */
  readonly committers: ReadonlyMap<number, Address>;
}

export const emptyRegistry = (batchesPerSequencer: number): RegistryState => ({
  sequencers: [],
  batchesPerSequencer,
  lastCommittedBatch: 0,
  committers: new Map(),
});

/** What changes who leads. Anybody may register and unregister anybody; only the leader commits. */
export type RegistryOperation =
  | { readonly kind: 'registered'; readonly sequencer: Address; readonly collateral: bigint }
  | { readonly kind: 'unregistered'; readonly sequencer: Address }
  | { readonly kind: 'committed'; readonly batch: number };

/** Why the contracts would have reverted the operation. */
export type RegistryRefusal =
  | 'already_registered'
  | 'insufficient_collateral'
  | 'not_registered'
  | 'nobody_leads'
  | 'not_successor';

/**
 * The state after an operation, as the contracts make it: `register` appends, `unregister` moves the last
 * sequencer into the gap, a commit raises the counter in the leader's name.
 */
export function applyOperation(
  state: RegistryState,
  operation: RegistryOperation,
): Result<RegistryState, RegistryRefusal> {
  switch (operation.kind) {
    case 'registered':
      return registered(state, operation.sequencer, operation.collateral);
    case 'unregistered':
      return unregistered(state, operation.sequencer);
    case 'committed':
      return committed(state, operation.batch);
  }
}

function registered(
  state: RegistryState,
  address: Address,
  collateral: bigint,
): Result<RegistryState, RegistryRefusal> {
  if (indexOf(state, address) !== -1) return err('already_registered');
  if (collateral < MIN_COLLATERAL) return err('insufficient_collateral');
  return ok({ ...state, sequencers: [...state.sequencers, { address, collateral }] });
}

function unregistered(state: RegistryState, address: Address): Result<RegistryState, RegistryRefusal> {
  const gap = indexOf(state, address);
  if (gap === -1) return err('not_registered');
  const last = state.sequencers.at(-1)!;
  const rest = state.sequencers.slice(0, -1);
  return ok({ ...state, sequencers: gap === rest.length ? rest : rest.with(gap, last) });
}

function committed(state: RegistryState, batch: number): Result<RegistryState, RegistryRefusal> {
  const leader = leaderOf(state);
  if (leader === null) return err('nobody_leads');
  if (batch !== state.lastCommittedBatch + 1) return err('not_successor');
  const committers = new Map(state.committers).set(batch, leader);
  committers.delete(batch - REMEMBERED_COMMITTERS);
  return ok({ ...state, lastCommittedBatch: batch, committers });
}

const indexOf = (state: RegistryState, address: Address): number =>
  state.sequencers.findIndex((sequencer) => sequencer.address === address);

/**
 * Who committed a batch, or who would by today's order. Null when nobody is registered, for batch 0, and for a
 * batch committed before this state began to look: `sequencerForBatch` knows those.
 */
export function leadSequencerForBatch(
  state: RegistryState,
  batch: number,
  lastCommitted: number = state.lastCommittedBatch,
): Address | null {
  if (batch <= lastCommitted) return state.committers.get(batch) ?? null;
  const count = state.sequencers.length;
  if (count === 0) return null;
  return state.sequencers[slotOf(batch, state.batchesPerSequencer) % count]!.address;
}

/** Who may commit the next batch. */
export const leaderOf = (state: RegistryState): Address | null =>
  leadSequencerForBatch(state, state.lastCommittedBatch + 1);

/** Turns are counted from batch 0, which is the genesis: nobody commits it, so slot 0 has one batch less. */
const slotOf = (batch: number, batchesPerSequencer: number): number =>
  Math.floor(batch / batchesPerSequencer);

export interface Term {
  /** First and last batch of the term. */
  readonly first: number;
  readonly last: number;
  /** Batches of it not before `batch`, itself included: never 0. */
  readonly left: number;
}

/** The term that holds a batch, `batch` ≥ 1. With terms of one batch the first term is batch 1. */
export function termOf(batch: number, batchesPerSequencer: number): Term {
  const slot = slotOf(batch, batchesPerSequencer);
  const last = (slot + 1) * batchesPerSequencer - 1;
  return { first: Math.max(1, slot * batchesPerSequencer), last, left: last - batch + 1 };
}

export interface UpcomingTerm {
  readonly first: number;
  readonly last: number;
  /** By today's order; null while nobody is registered. */
  readonly leader: Address | null;
}

/** The next `count` terms, beginning with the one that holds `nextBatch`. Any registration may change them all. */
export function upcomingLeaders(
  state: RegistryState,
  nextBatch: number,
  count: number,
): readonly UpcomingTerm[] {
  const terms: UpcomingTerm[] = [];
  for (let batch = nextBatch; terms.length < count; batch = terms.at(-1)!.last + 1) {
    const { first, last } = termOf(batch, state.batchesPerSequencer);
    terms.push({ first, last, leader: leadSequencerForBatch(state, batch) });
  }
  return terms;
}

/**
 * Batches from `lastCommitted` + 1 on that `sequencer` may commit in a row: 0 when it does not lead, Infinity when
 * nobody else is registered. A leader stops building when all of them are in flight, since no batch of its own is
 * left to take another block.
 */
export function batchesLeftFor(state: RegistryState, sequencer: Address, lastCommitted: number): number {
  const next = lastCommitted + 1;
  if (leadSequencerForBatch(state, next, lastCommitted) !== sequencer) return 0;
  if (state.sequencers.length === 1) return Number.POSITIVE_INFINITY;
  return termOf(next, state.batchesPerSequencer).left;
}

/** Why the leader is another one. */
export type LeaderChangeReason =
  /** The last batch of the term was committed. */
  | 'term_over'
  /** The leader itself was unregistered, which anybody may do, in the middle of a term. */
  | 'unregistered'
  /** Another sequencer came or went, and turns are counted over the whole list. */
  | 'list_changed'
  /** L1 replaced the blocks that had made the former leader one. */
  | 'l1_reorg';

/** Names what made the leader of `before` give way to the leader of `after`, from the two states alone. */
export function reasonOfChange(
  before: RegistryState,
  after: RegistryState,
): Exclude<LeaderChangeReason, 'l1_reorg'> {
  const leader = leaderOf(before);
  if (leader !== null && indexOf(after, leader) === -1) return 'unregistered';
  return sameList(before, after) ? 'term_over' : 'list_changed';
}

export const sameList = (a: RegistryState, b: RegistryState): boolean =>
  a.sequencers.length === b.sequencers.length &&
  a.sequencers.every((sequencer, index) => sequencer.address === b.sequencers[index]!.address);
