import { isAbort } from '../lib/abort.ts';
import type { BackoffSchedule } from '../lib/backoff.ts';
import type { Pace } from '../lib/loop.ts';
import { SteppableLoop } from '../lib/loop.ts';
import { msLeft } from '../lib/wait.ts';
import type { Hash, L2BlockId, L2BlockRef } from '../protocol/refs.ts';
import type { BatchCommitterOptions } from './batchCommitter.ts';
import { BatchCommitter } from './batchCommitter.ts';
import type { BatchVerifierOptions } from './batchVerifier.ts';
import { BatchVerifier } from './batchVerifier.ts';
import type { BlockProducerOptions } from './blockProducer.ts';
import { BlockProducer } from './blockProducer.ts';
import type { MeasuredBlock } from './blocks.ts';
import { UncommittedBlocks } from './blocks.ts';
import { type ChainView, confirmedHeads, evidenceOf, viewChain } from './chainView.ts';
import { SequencerError } from './errors.ts';
import { FenceError } from './fence/fenceError.ts';
import { fencedLeadership } from './fence/guards.ts';
import type { ProductionFence } from './fence/productionFence.ts';
import { Funds, type FundsView } from './funds.ts';
import type { L1WatcherOptions } from './l1Watcher.ts';
import { L1Watcher } from './l1Watcher.ts';
import { MessageDeadlines, type MessageDeadlinesView } from './messageDeadlines.ts';
import type * as ports from './ports.ts';
import { type Reverting, revertUncommitted } from './revert.ts';
import { messageRoom, messagesStand } from './state/messages.ts';
import { reduce } from './state/reduce.ts';
import type { SequencerAction, SequencerEffect, SequencerState } from './state/state.ts';
import { INITIAL_STATE, modeOf } from './state/state.ts';
import type { Trouble } from './troubles.ts';
import { Troubles } from './troubles.ts';

export interface SequencerOptions {
  readonly producer: BlockProducerOptions;
  readonly watcher: L1WatcherOptions;
  readonly committer: BatchCommitterOptions;
  /** Null leaves verification to somebody else. */
  readonly verifier: BatchVerifierOptions | null;
  /** Milliseconds between two looks at L1, unless woken. */
  readonly l1PollMs: number;
  /** Milliseconds between two steps of the loop: how late a block may be. */
  readonly tickMs: number;
}

export interface SequencerDeps {
  readonly clock: ports.Clock;
  readonly engine: ports.BuildingEngine & ports.EngineChain;
  readonly source: ports.BlockSource;
  readonly outgoing: ports.OutgoingMessages;
  readonly pool: ports.TransactionPool;
  readonly contracts: ports.RollupContracts;
  readonly bridgeLogs: ports.BridgeLogs;
  readonly committerAccount: ports.L1Account;
  /** Not the committer's: each account has one owner of its nonces. */
  readonly verifierAccount: ports.L1Account;
  readonly leadership: ports.Leadership;
  readonly journal: ports.SequencerJournal;
  /** Keeps other processes with the same key from sequencing too. Whoever makes it starts and stops it. */
  readonly fence?: ProductionFence;
  /** Blocks are about to be given up. Must not throw. */
  readonly onReverting?: (reverting: Reverting) => void;
}

export interface SequencerStatus {
  readonly mode: 'Sequencing' | 'Following' | 'Syncing';
  readonly state: SequencerState;
  readonly head: L2BlockId | null;
  readonly lastCommittedBatch: number | null;
  readonly lastVerifiedBatch: number | null;
  readonly uncommittedBlocks: number;
  /** In the bridge's queue and in no committed batch. */
  readonly waitingMessages: number;
  /** Until when the bridge's messages have to be included. */
  readonly deadlines: MessageDeadlinesView;
  /** Of the committing account. */
  readonly funds: FundsView;
  readonly commitInFlight: { readonly batch: number; readonly sentAt: number } | null;
  readonly produced: { readonly blocks: number; readonly transactions: number; readonly messages: number };
  /** What does not work right now, by part; empty when all is well. */
  readonly troubles: readonly Trouble[];
}

/** After an L1 or engine failure the loop must be back within a few block times. */
const BACKOFF: BackoffSchedule = { firstMs: 250, maxMs: 5_000, factor: 2, jitter: 0.2 };

/**
 * The whole sequencer as one unit: look at L1 and the engine, decide the role, run what the decision asks for, and
 * in the Sequencing state include messages, build, commit and verify. Everything it decides from is read anew in
 * each look; what it remembers only saves calls.
 */
export class Sequencer {
  readonly #opts: SequencerOptions;
  readonly #deps: SequencerDeps;
  readonly #blocks: UncommittedBlocks;
  readonly #watcher: L1Watcher;
  readonly #deadlines: MessageDeadlines;
  readonly #funds: Funds;
  readonly #producer: BlockProducer;
  readonly #committer: BatchCommitter;
  readonly #verifier: BatchVerifier | null;
  readonly #loop: SteppableLoop;
  readonly #troubles: Troubles;
  readonly #leadership: ports.Leadership;
  #state: SequencerState = INITIAL_STATE;
  #snapshot: ports.RollupSnapshot | null = null;
  #lookAgainAt = 0;
  #view: ChainView | null = null;
  #uncommitted: readonly MeasuredBlock[] = [];
  /** L1 block at which the messages of uncommitted blocks were first found not to be the bridge's. */
  #suspectSince: number | null = null;
  #produced = { blocks: 0, transactions: 0, messages: 0 };

  constructor(opts: SequencerOptions, deps: SequencerDeps) {
    this.#opts = opts;
    this.#deps = deps;
    this.#blocks = new UncommittedBlocks({ keep: opts.committer.limits.maxBlocks }, deps);
    this.#watcher = new L1Watcher(opts.watcher, { logs: deps.bridgeLogs });
    this.#deadlines = new MessageDeadlines({ contracts: deps.contracts });
    this.#funds = new Funds({ account: deps.committerAccount });
    this.#producer = new BlockProducer(opts.producer, deps);
    this.#committer = new BatchCommitter(opts.committer, { ...deps, account: deps.committerAccount });
    this.#verifier =
      opts.verifier && new BatchVerifier(opts.verifier, { ...deps, account: deps.verifierAccount });
    this.#troubles = new Troubles(deps);
    this.#leadership = deps.fence ? fencedLeadership(deps.leadership, deps.fence) : deps.leadership;
    this.#loop = new SteppableLoop(
      { name: 'sequencer', idleMs: opts.tickMs, backoff: BACKOFF },
      {
        clock: deps.clock,
        unit: (signal) => this.#unit(signal),
        onError: (error) => this.#troubles.add('look', error),
      },
    );
  }

  /** One unit: at most one look, one block, one commit and one verification. Never rejects. */
  step(): Promise<Pace> {
    return this.#loop.step();
  }

  start(): void {
    this.#loop.start();
  }

  /** Resolves when the unit in flight has ended. */
  stop(): Promise<void> {
    return this.#loop.stop();
  }

  /** A new L1 head is known: the next step looks at L1 at once. */
  wake(): void {
    this.#lookAgainAt = 0;
    this.#loop.wake();
  }

  /** Whether the bridge had this message in its queue at the last look at L1. */
  knowsMessage(message: Hash): boolean {
    return this.#snapshot?.pendingMessages.includes(message) ?? false;
  }

  status(): SequencerStatus {
    const snapshot = this.#snapshot;
    const head = this.#uncommitted.at(-1)?.block ?? this.#view?.head ?? null;
    const flight = this.#committer.inFlight;
    return {
      mode: modeOf(this.#state),
      state: this.#state,
      head: head && { number: head.number, hash: head.hash },
      lastCommittedBatch: snapshot?.lastCommittedBatch ?? null,
      lastVerifiedBatch: snapshot?.lastVerifiedBatch ?? null,
      uncommittedBlocks: this.#uncommitted.length,
      waitingMessages: snapshot === null ? 0 : snapshot.pendingMessages.length - snapshot.unverifiedMessages,
      deadlines: this.#deadlines.view(),
      funds: this.#funds.view(),
      commitInFlight: flight && { batch: flight.key, sentAt: flight.sentAt },
      produced: { ...this.#produced },
      troubles: this.#troubles.list(),
    };
  }

  async #unit(signal: AbortSignal): Promise<Pace> {
    const now = this.#deps.clock.now();
    const look = msLeft(this.#lookAgainAt, this.#opts.l1PollMs, now) === 0;
    if (!look && !this.#producer.isDue) return 'idle';
    const view = await this.#look(look, signal);
    this.#troubles.clear('look');
    await this.#dispatch(
      {
        kind: 'evaluated',
        evidence: evidenceOf(view),
        isLeader: this.#leadership.isLeader(view.snapshot),
      },
      view,
      signal,
    );
    if (this.#state.kind !== 'sequencing' || view.committed === null) return 'idle';
    return this.#sequence(view, view.committed, look, signal);
  }

  async #look(fresh: boolean, signal: AbortSignal): Promise<ChainView> {
    if (fresh || this.#snapshot === null) {
      this.#snapshot = await this.#deps.contracts.snapshot(signal);
      this.#lookAgainAt = this.#deps.clock.now() + this.#opts.l1PollMs;
      const snapshot = this.#snapshot;
      await this.#part('deadlines', () => this.#deadlines.step(snapshot, signal), signal);
      const flight = this.#committer.inFlight;
      await this.#part('funds', () => this.#funds.step(snapshot.at, flight, signal), signal);
    }
    this.#view = await viewChain(this.#snapshot, this.#deps.engine, signal);
    return this.#view;
  }

  async #sequence(
    view: ChainView,
    committed: L2BlockRef,
    looked: boolean,
    signal: AbortSignal,
  ): Promise<Pace> {
    const { fence } = this.#deps;
    const head = await this.#head(signal);
    await fence?.checkHead(head, committed, signal);
    this.#uncommitted = await this.#blocks.between(committed, head, signal);
    if (!(await this.#messagesStand(view, committed, signal))) return 'idle';
    const produced = await this.#part('produce', () => this.#produce(view, committed, signal), signal);
    // Sending is decided on a fresh look only: an old one can only repeat what the last step did with it.
    if (looked) {
      await this.#part(
        'commit',
        () => this.#committer.step(view.snapshot, this.#uncommitted, signal),
        signal,
      );
      await this.#part('verify', async () => this.#verifier?.step(view.snapshot, signal), signal);
      const final = view.finalized?.number ?? 0;
      await this.#part('fence', async () => fence?.finalized(final, signal), signal);
    }
    return produced ? 'idle' : 'failed';
  }

  async #head(signal: AbortSignal): Promise<L2BlockId> {
    return (await this.#deps.engine.labels(signal)).latest;
  }

  async #produce(view: ChainView, committed: L2BlockRef, signal: AbortSignal): Promise<void> {
    if (!this.#producer.isDue || this.#turnIsSpent(view)) return;
    const { snapshot } = view;
    const included = this.#uncommitted.reduce((sum, block) => sum + block.messages, 0);
    const { maxMessages } = this.#opts.committer.limits;
    const room = messageRoom(included, this.#committer.sentMessages, snapshot, maxMessages);
    const skip = snapshot.unverifiedMessages + included;
    // Following the logs has to go on even without room: their content is needed as soon as there is some.
    const pending = await this.#watcher.step(snapshot, skip, signal);
    const parent = this.#uncommitted.at(-1)?.block ?? committed;
    const messages = pending.slice(0, room);
    this.#sayWhatIsLeftOut(pending.length);
    const input = { parent, messages, confirmed: confirmedHeads(view, committed) };
    const outcome = await this.#producer.step(input, signal).catch(async (error: unknown) => {
      // A block that was claimed and did not become the head: nobody has it, so another may have its number.
      if (error instanceof FenceError && error.code === 'claimed_otherwise') {
        await this.#supersede(parent.number, committed.number, 'never_adopted', view, signal);
      }
      throw error;
    });
    if (outcome.kind === 'not_due') return;
    this.#blocks.add(outcome.block);
    this.#uncommitted = await this.#blocks.between(committed, outcome.block, signal);
    this.#produced = {
      blocks: this.#produced.blocks + 1,
      transactions: this.#produced.transactions + outcome.block.transactions.length - outcome.messages,
      messages: this.#produced.messages + outcome.messages,
    };
  }

  /** An engine without rules for L1 messages builds all the same; who waits for a message has to hear why. */
  #sayWhatIsLeftOut(waiting: number): void {
    const abilities = this.#deps.engine.abilities?.();
    const able =
      abilities === undefined || (abilities.forcedTransactions && abilities.privilegedTransactions);
    if (able || waiting === 0) {
      this.#troubles.clear('messages');
      return;
    }
    const many = waiting === 1 ? 'An L1 message waits' : `${waiting} L1 messages wait`;
    const message = `${many}, and the execution engine has no rules for L1 messages (transaction type 0x7e): blocks are built without; lead with the embedded engine to include them`;
    this.#troubles.add('messages', new SequencerError('messages_left_out', message));
  }

  /**
   * Every batch that is left of our turn is on its way: a further block would have no batch of ours to go into, and
   * would be reverted at the hand-over with its users' transactions.
   */
  #turnIsSpent({ snapshot }: ChainView): boolean {
    const left = this.#deps.leadership.batchesLeft?.(snapshot) ?? Number.POSITIVE_INFINITY;
    return left <= (this.#committer.inFlight === null ? 0 : 1);
  }

  /**
   * Reverts the uncommitted blocks when their messages are not the bridge's any more. Believed only when a second,
   * higher L1 block says so too: a lagging L1 node shows a shorter queue for a while.
   */
  async #messagesStand(view: ChainView, committed: L2BlockId, signal: AbortSignal): Promise<boolean> {
    const included = this.#uncommitted.flatMap((block) => block.messageHashes);
    if (messagesStand(included, view.snapshot)) {
      this.#suspectSince = null;
      return true;
    }
    this.#suspectSince ??= view.snapshot.at.number;
    if (view.snapshot.at.number <= this.#suspectSince) return false;
    const effect = { kind: 'revertUncommitted', to: committed, why: 'messages_gone' } as const;
    if (await this.#revert(effect, view, signal)) this.#suspectSince = null;
    return false;
  }

  /** Effects first, state after: a revert that fails, or has to wait, leaves the state as it was, and the next step tries again. */
  async #dispatch(action: SequencerAction, view: ChainView, signal: AbortSignal): Promise<void> {
    const before = this.#state;
    const [next, effects] = reduce(before, action);
    const results: SequencerAction[] = [];
    for (const effect of effects) {
      if (!(await this.#revert(effect, view, signal))) return;
      results.push({ kind: 'reverted', head: effect.to });
    }
    this.#state = next;
    if (next.kind !== before.kind) {
      const isLeader = action.kind === 'evaluated' ? action.isLeader : true;
      const decided = { from: before.kind, to: next.kind, action: action.kind, isLeader, ...next.evidence };
      await this.#deps.journal.append('sequencer.state', decided);
    }
    for (const result of results) await this.#dispatch(result, view, signal);
  }

  /**
   * False when it has to wait: blocks of a batch that may still land are not reverted. Leaving does not wait,
   * because the contract takes no batch from who is not the leader.
   */
  async #revert(effect: SequencerEffect, view: ChainView, signal: AbortSignal): Promise<boolean> {
    if (effect.why !== 'leaving' && !(await this.#committer.clear(view.snapshot, signal))) return false;
    const confirmed = confirmedHeads(view, effect.to);
    const deps = {
      ...this.#deps,
      blocks: this.#blocks,
      onReverting: (from: L2BlockId) =>
        this.#deps.onReverting?.({
          why: effect.why,
          from,
          to: effect.to,
          leads: this.#leadership.isLeader(view.snapshot),
          at: this.#deps.clock.now(),
        }),
    };
    await revertUncommitted(effect.to, effect.why, confirmed, deps, signal);
    this.#uncommitted = [];
    // Who leaves makes no blocks, and may not have the lease any more.
    if (effect.why !== 'leaving') {
      await this.#supersede(effect.to.number, effect.to.number, effect.why, view, signal);
    }
    return true;
  }

  /** Frees the numbers of blocks above `above`, of which L1 has none: its last one is `l1Has`. */
  async #supersede(
    above: number,
    l1Has: number,
    why: string,
    view: ChainView,
    signal: AbortSignal,
  ): Promise<void> {
    const { number, hash } = view.snapshot.at;
    const evidence = { becauseL1Block: { number, hash }, l1Has, why };
    await this.#deps.fence?.supersedeBlocksAbove(above, evidence, signal);
  }

  /** Runs one part so that its failure does not keep the others from working. */
  async #part(name: string, work: () => Promise<unknown>, signal: AbortSignal): Promise<boolean> {
    try {
      await work();
      this.#troubles.clear(name);
      return true;
    } catch (error) {
      if (isAbort(error, signal)) throw error;
      this.#troubles.add(name, error);
      return false;
    }
  }
}

/** Composes a sequencer. It does nothing until `step` or `start`. */
export const createSequencer = (opts: SequencerOptions, deps: SequencerDeps): Sequencer =>
  new Sequencer(opts, deps);

/** The devnet's policy for its only sequencer: this node leads, whatever the registry says. */
export const alwaysLeading: ports.Leadership = { isLeader: () => true };
