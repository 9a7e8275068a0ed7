import { isAbort, withDeadline } from '../../lib/abort.ts';
import { assertNever } from '../../lib/assertNever.ts';
import type { Pace } from '../../lib/loop.ts';
import { SteppableLoop } from '../../lib/loop.ts';
import type { Hash, L2BlockId } from '../../protocol/refs.ts';
import { note } from '../note.ts';
import type { Clock, SequencerJournal } from '../ports.ts';
import { FenceError } from './fenceError.ts';
import type { FenceKey, FenceStore, Mark, MarkKind, SupersedeEvidence, Tenure } from './fenceStore.ts';
import type { ProductionFence } from './productionFence.ts';

export interface FenceOptions extends FenceKey {
  /** Unique to this life of this process, such as the node's name with something random; shown to people. */
  readonly holder: string;
  /** How long the lease lasts without a renewal, by the store's time. Default 10,000 ms. */
  readonly leaseMs?: number;
  /** After a foreign head, how long not to ask for the lease again. Default three leases. */
  readonly standDownMs?: number;
}

export interface FenceDeps {
  readonly store: FenceStore;
  readonly clock: Clock;
  /** Milliseconds that never go back and that setting the wall clock does not move: see `steadyClock`. */
  readonly steady: () => number;
  readonly journal: SequencerJournal;
  /** Told when `mayProduce` may have changed. */
  readonly onChange?: () => void;
  /** [0, 1), for the jitter of its retries. */
  readonly random?: () => number;
}

export interface FenceStatus {
  readonly holder: string;
  /**
   * `held`: may produce. `lapsed`: still its lease for all it knows, but the store gave no answer for too long.
   * `waiting`: for another to end. `standing_down`: after a foreign head.
   */
  readonly state: 'held' | 'lapsed' | 'waiting' | 'standing_down';
  readonly term: number | null;
  /** Milliseconds for which it may still produce without an answer of the store. */
  readonly remainingMs: number;
  /** Whom the store named last, when it was another. */
  readonly other: { readonly holder: string; readonly term: number } | null;
  readonly lastClaimed: Readonly<Record<MarkKind, { readonly number: number; readonly hash: Hash } | null>>;
  /** Claims refused in this life because the number had another hash. */
  readonly refusals: number;
  /** Why the store gave no answer to the last question; null when it did. */
  readonly trouble: string | null;
}

/**
 * The holder stops after this part of the lease without an answer. What is left covers a stop between its last look
 * at the clock and the act, and clocks that do not run alike.
 */
const USABLE = 0.7;
const DEFAULT_LEASE_MS = 10_000;

interface Held extends Tenure {
  /** On the steady clock. Counted from before the question was sent, so that it ends before the store's lease does. */
  readonly until: number;
}

/**
 * Keeps two processes with one key from producing at once: a lease with a rising term, and a mark for each block
 * and batch number that takes one hash. The lease is what keeps them apart in time; the marks keep a number from
 * having two contents even where time fails. Both are checked in the transaction that records the claim.
 */
export class Fence implements ProductionFence {
  readonly #key: FenceKey;
  readonly #opts: Required<Pick<FenceOptions, 'holder' | 'leaseMs' | 'standDownMs'>>;
  readonly #deps: FenceDeps;
  readonly #loop: SteppableLoop;
  #held: Held | null = null;
  #other: FenceStatus['other'] = null;
  #standDownUntil = Number.NEGATIVE_INFINITY;
  #lastClaimed: { block: L2BlockId | null; batch: L2BlockId | null } = { block: null, batch: null };
  #floor = -1;
  #refusals = 0;
  #trouble: string | null = null;
  #ended = false;

  constructor(opts: FenceOptions, deps: FenceDeps) {
    const leaseMs = opts.leaseMs ?? DEFAULT_LEASE_MS;
    this.#key = { chainId: opts.chainId, sequencer: opts.sequencer };
    this.#opts = { holder: opts.holder, leaseMs, standDownMs: opts.standDownMs ?? 3 * leaseMs };
    this.#deps = deps;
    this.#loop = new SteppableLoop(
      {
        name: 'fence',
        idleMs: leaseMs / 5,
        backoff: { firstMs: leaseMs / 20, maxMs: leaseMs / 5, factor: 2, jitter: 0.2 },
      },
      {
        clock: deps.clock,
        unit: (signal) => this.#unit(signal),
        onError: (error) => this.#note(error),
        random: deps.random,
      },
    );
  }

  /** Asks for the lease, or renews it, once. Never rejects: `failed` when the store gave no answer. */
  step(): Promise<Pace> {
    return this.#loop.step();
  }

  start(): void {
    this.#loop.start();
  }

  /** Stops producing at once, then lets the next process in. */
  async stop(): Promise<void> {
    this.#ended = true;
    await this.#loop.stop();
    await this.#letGo('stopped').catch(() => {});
  }

  mayProduce(): boolean {
    return !this.#ended && this.#held !== null && this.#deps.steady() < this.#held.until;
  }

  assertMayAct(): void {
    this.#tenure();
  }

  async confirm(signal?: AbortSignal): Promise<void> {
    const held = this.#tenure();
    await this.#renew(held, signal);
    this.#tenure(held.term);
  }

  claimBlock(block: L2BlockId, signal?: AbortSignal): Promise<void> {
    return this.#claim({ kind: 'block', number: block.number, hash: block.hash }, signal);
  }

  claimBatch(number: number, hash: Hash, signal?: AbortSignal): Promise<void> {
    return this.#claim({ kind: 'batch', number, hash }, signal);
  }

  supersedeBlocksAbove(number: number, evidence: SupersedeEvidence, signal?: AbortSignal): Promise<void> {
    const range = { kind: 'block', from: number + 1, to: Number.MAX_SAFE_INTEGER } as const;
    return this.#supersede(range, evidence, signal);
  }

  supersedeBatch(number: number, evidence: SupersedeEvidence, signal?: AbortSignal): Promise<void> {
    return this.#supersede({ kind: 'batch', from: number, to: number }, evidence, signal);
  }

  async checkHead(head: L2BlockId, committed: L2BlockId, signal?: AbortSignal): Promise<void> {
    if (head.number <= committed.number || head.hash === this.#lastClaimed.block?.hash) return;
    const ours = await this.#ask(
      (cut) => this.#deps.store.claimed(this.#key, 'block', head.number, cut),
      signal,
    );
    if (ours === head.hash) return;
    const claimed = ours === null ? 'no block was claimed' : `block ${ours} was claimed`;
    await this.#deps.journal.append('fence.foreign_head', { head, committed, claimed: ours, ...this.#who() });
    this.#standDownUntil = this.#deps.steady() + this.#opts.standDownMs;
    await this.#letGo('foreign_head').catch(() => {});
    throw new FenceError(
      'foreign_head',
      `the engine's head is block ${head.number} ${head.hash}, where ${claimed} with this key: ` +
        'another program drives this engine',
    );
  }

  async finalized(block: number, signal?: AbortSignal): Promise<void> {
    if (block <= this.#floor) return;
    await this.#ask((cut) => this.#deps.store.forget(this.#key, 'block', block, cut), signal);
    this.#floor = block;
  }

  status(): FenceStatus {
    const { block, batch } = this.#lastClaimed;
    const now = this.#deps.steady();
    const may = this.mayProduce();
    return {
      holder: this.#opts.holder,
      state: may
        ? 'held'
        : this.#held !== null
          ? 'lapsed'
          : now < this.#standDownUntil
            ? 'standing_down'
            : 'waiting',
      term: this.#held?.term ?? null,
      remainingMs: may && this.#held !== null ? Math.floor(this.#held.until - now) : 0,
      other: this.#other,
      lastClaimed: { block, batch },
      refusals: this.#refusals,
      trouble: this.#trouble,
    };
  }

  async #unit(signal: AbortSignal): Promise<Pace> {
    if (this.#deps.steady() < this.#standDownUntil) return 'idle';
    try {
      if (this.#held === null) await this.#acquire(signal);
      else await this.#renew(this.#held, signal);
      return 'idle';
    } catch (error) {
      if (isAbort(error, signal)) throw error;
      // Lost to another: ask again with the next idle wait. No answer: sooner.
      return error instanceof FenceError && error.code === 'not_holder' ? 'idle' : 'failed';
    }
  }

  async #acquire(signal?: AbortSignal): Promise<void> {
    const { holder, leaseMs } = this.#opts;
    const sentAt = this.#deps.steady();
    const outcome = await this.#ask(
      (cut) => this.#deps.store.acquire(this.#key, holder, leaseMs, cut),
      signal,
    );
    if (outcome.kind === 'taken') {
      this.#other = { holder: outcome.holder, term: outcome.term };
      return;
    }
    this.#other = null;
    this.#held = { holder, term: outcome.term, until: sentAt + USABLE * leaseMs };
    note(this.#deps.journal, 'fence.held', { ...this.#who(), term: outcome.term });
    this.#deps.onChange?.();
  }

  /** A renewal whose answer came late does not revive the lease: it counts from when it was asked for. */
  async #renew(held: Held, signal?: AbortSignal): Promise<void> {
    const { leaseMs } = this.#opts;
    const sentAt = this.#deps.steady();
    const kept = await this.#ask((cut) => this.#deps.store.renew(this.#key, held, leaseMs, cut), signal);
    if (!kept) throw this.#lost(held.term, 'taken');
    const until = sentAt + USABLE * leaseMs;
    // Meanwhile another call may have lost the lease, or renewed it later.
    if (this.#held?.term === held.term && until > this.#held.until) {
      const before = this.#held.until <= this.#deps.steady();
      this.#held = { ...held, until };
      if (before) this.#deps.onChange?.();
    }
  }

  async #claim(mark: Mark, signal?: AbortSignal): Promise<void> {
    const { term } = this.#tenure();
    const tenure = { holder: this.#opts.holder, term };
    const outcome = await this.#ask((cut) => this.#deps.store.claim(this.#key, tenure, mark, cut), signal);
    switch (outcome.kind) {
      case 'claimed':
      case 'again':
        this.#tenure(term);
        this.#lastClaimed = { ...this.#lastClaimed, [mark.kind]: { number: mark.number, hash: mark.hash } };
        return;
      case 'not_holder':
        throw this.#lost(term, 'taken');
      case 'refused':
      case 'final':
        throw this.#refused(mark, outcome.kind === 'refused' ? outcome.hash : null);
      default:
        return assertNever(outcome, 'claim outcome');
    }
  }

  #refused(mark: Mark, claimed: Hash | null): FenceError {
    this.#refusals++;
    note(
      this.#deps.journal,
      'fence.refused',
      { ...mark, claimed, ...this.#who() },
      `${mark.kind}:${mark.number}`,
    );
    return new FenceError(
      'claimed_otherwise',
      `${mark.kind} ${mark.number} is ${claimed ?? 'final'} for this key: ${mark.hash} would be a second one`,
    );
  }

  async #supersede(
    range: { readonly kind: MarkKind; readonly from: number; readonly to: number },
    evidence: SupersedeEvidence,
    signal?: AbortSignal,
  ): Promise<void> {
    const { kind, from } = range;
    if (evidence.l1Has >= from) {
      throw new FenceError(
        'on_l1',
        `${kind} ${from} is on L1, which has ${kind} ${evidence.l1Has}: it stays claimed`,
      );
    }
    const { term } = this.#tenure();
    const tenure = { holder: this.#opts.holder, term };
    const outcome = await this.#ask(
      (cut) => this.#deps.store.supersede(this.#key, tenure, range, evidence, cut),
      signal,
    );
    if (outcome.kind === 'not_holder') throw this.#lost(term, 'taken');
    this.#lastClaimed = { ...this.#lastClaimed, [kind]: null };
    if (outcome.superseded.length === 0) return;
    const { superseded } = outcome;
    note(this.#deps.journal, 'fence.superseded', { ...evidence, term, superseded }, `${kind}:${from}`);
  }

  /** The tenure that this process may act in now. `term`: and it must still be that one. */
  #tenure(term?: number): Held {
    const held = this.#held;
    if (
      !this.#ended &&
      held !== null &&
      this.#deps.steady() < held.until &&
      (term ?? held.term) === held.term
    ) {
      return held;
    }
    const why =
      held === null
        ? 'this process does not hold the lease'
        : 'the fence database gave no answer for too long';
    throw new FenceError('not_holder', `not producing: ${why}`);
  }

  #lost(term: number, why: string): FenceError {
    if (this.#held?.term === term) {
      this.#held = null;
      note(this.#deps.journal, 'fence.lost', { ...this.#who(), term, why });
      this.#deps.onChange?.();
    }
    return new FenceError('not_holder', 'not producing: the lease of this key is no longer this process’s');
  }

  async #letGo(why: string): Promise<void> {
    const held = this.#held;
    if (held === null) return;
    this.#lost(held.term, why);
    await this.#ask((cut) => this.#deps.store.release(this.#key, held, cut), undefined);
  }

  #who(): { readonly sequencer: string; readonly holder: string } {
    return { sequencer: this.#key.sequencer, holder: this.#opts.holder };
  }

  /** A store that does not answer within a quarter of the lease is asked again rather than waited for. */
  async #ask<T>(question: (signal: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const ms = this.#opts.leaseMs / 4;
    try {
      const answer = await withDeadline({ signal, ms, what: 'the fence database' }, question);
      this.#trouble = null;
      return answer;
    } catch (error) {
      if (isAbort(error, signal)) throw error;
      this.#note(error);
      if (error instanceof FenceError) throw error;
      throw new FenceError('unreachable', `the fence database gave no answer within ${ms} ms`);
    }
  }

  #note(error: unknown): void {
    this.#trouble = error instanceof Error ? error.message : String(error);
  }
}
