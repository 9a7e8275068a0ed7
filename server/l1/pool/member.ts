import { isAbort } from '../../lib/abort.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Hash, L1BlockRef } from '../../protocol/refs.ts';
import { type InconsistencyRule, type L1, L1Error, type L1Heads } from '../l1.ts';
import { ProviderHealth } from './health.ts';

/** What the pool needs of one provider: the reads of the L1 port, all from one endpoint. */
export interface ProviderReads
  extends Pick<
    L1,
    'chainId' | 'heads' | 'blockByNumber' | 'blockByHash' | 'contractState' | 'batchCommits' | 'commitOfBatch'
  > {
  /** Fit for people: no path, no credentials. */
  readonly host: string;
  /** The last request of that RPC method, for a report to the operator; null when there was none. */
  requestOf?(method: string): string | null;
}

/** One provider of a pool, and what the pool knows of it. */
export class Member {
  readonly id: number;
  readonly reads: ProviderReads;
  readonly health: ProviderHealth;
  readonly #clock: Clock;
  /** What it showed last. */
  observed: L1Heads | null = null;
  /** When it last showed its heads; when it was made before the first time. */
  lookedAt: number;
  /** When its head last changed. */
  movedAt: number;
  /** Since when it is on another branch than the agreed one. */
  disputedSince: number | null = null;
  /** Hash of its block 0; asked again when it was away. Undefined: not asked; null: it does not show it. */
  genesis: Hash | null | undefined;

  constructor(id: number, reads: ProviderReads, clock: Clock) {
    this.id = id;
    this.reads = reads;
    this.#clock = clock;
    this.lookedAt = clock.now();
    this.movedAt = this.lookedAt;
    this.health = new ProviderHealth(reads.host);
  }

  /** Asks it, and books how it answered. */
  async attempt<T>(
    what: string,
    signal: AbortSignal | undefined,
    read: (reads: ProviderReads) => Promise<T>,
  ): Promise<T> {
    const begun = this.#clock.now();
    try {
      const value = await read(this.reads);
      const now = this.#clock.now();
      this.health.answered(now, now - begun);
      return value;
    } catch (error) {
      if (signal?.aborted || isAbort(error)) throw new L1Error('aborted', what, `${what} was aborted`);
      if (error instanceof L1Error && error.code !== 'aborted') {
        this.health.failed(this.#clock.now(), error, this.#requestOf(error.method));
        if (!this.health.mayAsk(this.#clock.now())) this.genesis = undefined;
      }
      throw error;
    }
  }

  /** Looks at its heads, and at its first block when it comes or comes back and `withGenesis`. */
  async observe(
    signal: AbortSignal | undefined,
    { withGenesis }: { readonly withGenesis: boolean },
  ): Promise<void> {
    if (withGenesis && this.genesis === undefined) {
      const first = await this.attempt('blockByNumber', signal, (reads) => reads.blockByNumber(0, signal));
      this.genesis = first?.hash ?? null;
    }
    const heads = await this.attempt('heads', signal, (reads) => reads.heads(signal));
    this.lookedAt = this.#clock.now();
    if (heads.latest.hash !== this.observed?.latest.hash) this.movedAt = this.lookedAt;
    this.observed = heads;
    this.health.head = heads.latest;
  }

  /** Null when it has no such block; undefined when it did not answer. */
  blockAt(number: number, signal: AbortSignal | undefined): Promise<L1BlockRef | null | undefined> {
    return this.attempt('blockByNumber', signal, (reads) => reads.blockByNumber(number, signal)).catch(
      () => undefined,
    );
  }

  caught(rule: InconsistencyRule, what: string, method: string): void {
    this.health.caught(this.#clock.now(), rule, `${this.reads.host}: ${what}`, this.#requestOf(method));
    if (!this.health.mayAsk(this.#clock.now())) this.genesis = undefined;
  }

  /** Not caught lately, and showed its heads within the last `withinMs`. */
  mayVote(now: number, withinMs: number): boolean {
    const state = this.health.state(now);
    const known = state === 'good' || state === 'failing' || state === 'limited';
    return known && now - this.lookedAt <= withinMs;
  }

  #requestOf(method: string): string | null {
    return this.reads.requestOf?.(method) ?? null;
  }
}
