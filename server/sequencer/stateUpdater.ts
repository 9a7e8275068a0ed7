import type { BackoffSchedule } from '../lib/backoff.ts';
import type { Pace } from '../lib/loop.ts';
import { SteppableLoop } from '../lib/loop.ts';
import type { Address, Hash, L1BlockId } from '../protocol/refs.ts';
import { SequencerError } from './errors.ts';
import type { Clock, Leadership, RollupSnapshot, SequencerJournal } from './ports.ts';
import type { RegistryReading } from './registry/registryReader.ts';
import type { LeaderChange } from './state/leaderChanges.ts';
import { changesAlong, changesByReorg, changeUnseen } from './state/leaderChanges.ts';
import type { RegisteredSequencer, Term, UpcomingTerm } from './state/registry.ts';
import {
  batchesLeftFor,
  leaderOf,
  leadSequencerForBatch,
  termOf,
  upcomingLeaders,
} from './state/registry.ts';
import type { Trouble } from './troubles.ts';
import { Troubles } from './troubles.ts';

export interface StateUpdaterOptions {
  /** The address whose turn is ours; null for a node without a key, which only watches. */
  readonly us: Address | null;
  /** Milliseconds between two looks at L1, unless woken. */
  readonly intervalMs: number;
  /** Terms that the view looks ahead, the present one included. */
  readonly upcomingTerms: number;
}

/** Reads the registry; `RegistryReader` does. */
export interface RegistrySource {
  read(signal?: AbortSignal): Promise<RegistryReading>;
  readonly views: {
    senderOf(transaction: Hash, signal?: AbortSignal): Promise<Address | null>;
    sequencerForBatch(batch: number, at: L1BlockId, signal?: AbortSignal): Promise<Address | null>;
  };
}

export interface StateUpdaterDeps {
  readonly clock: Clock;
  readonly registry: RegistrySource;
  readonly journal: SequencerJournal;
  /** Called after the journal has it: whoever acts on the leader looks again. */
  readonly onLeaderChanged?: (change: LeaderChange) => void;
}

/** Who leads, as L1 had it at one block. */
export interface LeadershipView {
  readonly at: L1BlockId;
  /** Null while nobody is registered: the chain stands still. */
  readonly leader: Address | null;
  /** The batch that the leader may commit. */
  readonly nextBatch: number;
  readonly term: Term;
  /** Batches until another leads; null when nobody else is registered, 0 without a leader. */
  readonly batchesLeft: number | null;
  /** Beginning with the present term, by today's list: any registration may change all of it. */
  readonly upcoming: readonly UpcomingTerm[];
  /** In the order of their turns. */
  readonly sequencers: readonly RegisteredSequencer[];
  readonly us: Address | null;
  readonly registered: boolean;
  readonly leading: boolean;
  /** Since this process began to look. */
  readonly lastChange: RecordedChange | null;
}

/** A change as the journal has it, kind `leader.changed`. */
export interface RecordedChange extends LeaderChange {
  /** Who sent the transaction that unregistered the leader: a stranger, if not the leader. Null when not known. */
  readonly by: Address | null;
}

export interface StateUpdaterStatus {
  /** Null before the first look that succeeded. */
  readonly view: LeadershipView | null;
  readonly troubles: readonly Trouble[];
}

const BACKOFF: BackoffSchedule = { firstMs: 250, maxMs: 5_000, factor: 2, jitter: 0.2 };
/** A branch that moves during a look is looked at again at once this often. */
const ATTEMPTS = 3;

/**
 * Knows who leads, until when and who is next. Looks at the registry on an interval and whenever a new L1 head wakes
 * it, and records every change of the leader with what caused it. It answers the sequencer's question from the
 * sequencer's own look at L1; its view can only make a later block's "no" come sooner.
 */
export class StateUpdater implements Leadership {
  readonly #opts: StateUpdaterOptions;
  readonly #deps: StateUpdaterDeps;
  readonly #loop: SteppableLoop;
  readonly #troubles: Troubles;
  #reading: RegistryReading | null = null;
  #lastChange: RecordedChange | null = null;

  constructor(opts: StateUpdaterOptions, deps: StateUpdaterDeps) {
    this.#opts = opts;
    this.#deps = deps;
    this.#troubles = new Troubles(deps);
    this.#loop = new SteppableLoop(
      { name: 'state updater', idleMs: opts.intervalMs, backoff: BACKOFF },
      {
        clock: deps.clock,
        unit: (signal) => this.#unit(signal),
        onError: (error) => this.#troubles.add('registry', error),
      },
    );
  }

  /** One look at L1. Never rejects: `failed` leaves the view as it was and says why in the status. */
  step(): Promise<Pace> {
    return this.#loop.step();
  }

  start(): void {
    this.#loop.start();
  }

  /** Resolves when the look in flight has ended. */
  stop(): Promise<void> {
    return this.#loop.stop();
  }

  /** A new L1 head is known: look now. */
  wake(): void {
    this.#loop.wake();
  }

  isLeader(snapshot: Pick<RollupSnapshot, 'at' | 'leader'>): boolean {
    const { us } = this.#opts;
    if (us === null || snapshot.leader !== us) return false;
    const reading = this.#reading;
    return reading === null || reading.at.number <= snapshot.at.number || leaderOf(reading.state) === us;
  }

  /**
   * Batches after the last committed one that we may commit in a row: 0 when we do not lead or do not know,
   * Infinity when nobody else is registered. When all of them are in flight, a further block has no batch of ours
   * to go into.
   */
  batchesLeft(snapshot: Pick<RollupSnapshot, 'lastCommittedBatch'>): number {
    const { us } = this.#opts;
    if (us === null || this.#reading === null) return 0;
    return batchesLeftFor(this.#reading.state, us, snapshot.lastCommittedBatch);
  }

  /** Who committed a batch; null for one that is not committed at the view's L1 block, and before the first look. */
  async committerOf(batch: number, signal?: AbortSignal): Promise<Address | null> {
    if (this.#reading === null || batch > this.#reading.state.lastCommittedBatch) return null;
    const { at, state } = this.#reading;
    const remembered = leadSequencerForBatch(state, batch);
    return remembered ?? this.#deps.registry.views.sequencerForBatch(batch, at, signal);
  }

  status(): StateUpdaterStatus {
    return { view: this.#view(), troubles: this.#troubles.list() };
  }

  #view(): LeadershipView | null {
    if (this.#reading === null) return null;
    const { at, state } = this.#reading;
    const { us } = this.#opts;
    const leader = leaderOf(state);
    const nextBatch = state.lastCommittedBatch + 1;
    const left = leader === null ? 0 : batchesLeftFor(state, leader, state.lastCommittedBatch);
    return {
      at: { number: at.number, hash: at.hash },
      leader,
      nextBatch,
      term: termOf(nextBatch, state.batchesPerSequencer),
      batchesLeft: Number.isFinite(left) ? left : null,
      upcoming: upcomingLeaders(state, nextBatch, this.#opts.upcomingTerms),
      sequencers: state.sequencers,
      us,
      registered: state.sequencers.some((sequencer) => sequencer.address === us),
      leading: us !== null && leader === us,
      lastChange: this.#lastChange,
    };
  }

  async #unit(signal: AbortSignal): Promise<Pace> {
    const reading = await this.#read(signal);
    this.#reading = reading;
    this.#troubles.clear('registry');
    if (reading.since.kind === 'start') await this.#noteStart(reading);
    for (const change of changesOf(reading)) await this.#record(change, signal);
    return 'idle';
  }

  async #read(signal: AbortSignal): Promise<RegistryReading> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#deps.registry.read(signal);
      } catch (error) {
        const moved = error instanceof SequencerError && error.code === 'bad_l1_answer';
        if (!moved || attempt === ATTEMPTS || signal.aborted) throw error;
      }
    }
  }

  /** Without it a history would not tell who led before the first change. */
  async #noteStart({ at, state }: RegistryReading): Promise<void> {
    const { sequencers, lastCommittedBatch } = state;
    await this.#deps.journal.append('leader.seen', {
      leader: leaderOf(state),
      atL1: { number: at.number, hash: at.hash },
      batch: lastCommittedBatch + 1,
      sequencers: sequencers.map((sequencer) => sequencer.address),
    });
  }

  async #record(change: LeaderChange, signal: AbortSignal): Promise<void> {
    const asks = change.why === 'unregistered' && change.transaction !== null;
    // The record must not be lost for want of this detail: the reading it belongs to is not made twice.
    const by = asks
      ? await this.#deps.registry.views.senderOf(change.transaction!, signal).catch(() => null)
      : null;
    this.#lastChange = { ...change, by };
    await this.#deps.journal.append('leader.changed', this.#lastChange, `batch:${change.batch}`);
    this.#deps.onLeaderChanged?.(this.#lastChange);
  }
}

function changesOf({ at, state, since }: RegistryReading): readonly LeaderChange[] {
  switch (since.kind) {
    case 'start':
    case 'same':
      return [];
    case 'extended':
      return changesAlong(since.steps);
    case 'reorg':
      return changesByReorg(since.before, since.kept, since.steps, { at, state });
    case 'reread':
      return changeUnseen(since.before, { at, state });
  }
}
