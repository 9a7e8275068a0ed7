import type { Clock } from '../../lib/clock.ts';
import type { Observation } from './agree.ts';
import type { Member } from './member.ts';

/** One that has not answered for so long has no say any more. */
const VOTE_MS = 20_000;
/** While one that was never caught answered within this, those on probation are not believed alone. */
const GONE_MS = 120_000;
/** A head that stands still for five slots while others move on (R18). */
const STALE_MS = 60_000;
const STALE_BLOCKS = 5;

/** Who of the pool has a say at the moment, and what they show. */
export class Voters {
  readonly #members: readonly Member[];
  readonly #agree: 1 | 2;
  readonly #clock: Clock;

  constructor(members: readonly Member[], agree: 1 | 2, clock: Clock) {
    this.#members = members;
    this.#agree = agree;
    this.#clock = clock;
  }

  /** Those who count towards an agreement: never caught lately, answering lately, and not standing still. */
  #voters(): readonly Member[] {
    const now = this.#clock.now();
    const trusted = this.#members.filter((one) => one.mayVote(now, VOTE_MS) && !this.standsStill(one));
    if (trusted.length > 0) return trusted;
    // Everybody was caught at something or is gone: those who come back from the bench are all there is.
    const hope = this.#members.some((one) => one.mayVote(now, GONE_MS));
    return hope ? [] : this.#members.filter(({ health }) => health.mayAsk(now));
  }

  /** Providers that must show a block now before it is followed. */
  need(): number {
    return Math.min(this.#agree, Math.max(1, this.#voters().length));
  }

  /** What each of them shows, or showed lately. */
  observations(fresh: readonly Member[]): readonly Observation[] {
    const voters = this.#members.length === 1 ? this.#members : this.#voters();
    const now = this.#clock.now();
    // While the voters are silent for a moment nobody else is taken in their place.
    return voters.flatMap((one) =>
      one.observed === null || (!fresh.includes(one) && !one.mayVote(now, VOTE_MS))
        ? []
        : [{ id: one.id, heads: one.observed, fresh: fresh.includes(one) }],
    );
  }

  /** Number of the highest head that anybody showed. */
  highest(): number | null {
    const heads = this.#members.flatMap(({ health }) => (health.head === null ? [] : [health.head.number]));
    return heads.length === 0 ? null : Math.max(...heads);
  }

  /** R18. What a benched provider shows does not make the others look stale. */
  standsStill(one: Member): boolean {
    const { head } = one.health;
    if (head === null || this.#clock.now() - one.movedAt < STALE_MS) return false;
    const now = this.#clock.now();
    const others = this.#members.filter((other) => other !== one && other.mayVote(now, VOTE_MS));
    return others.some((other) => (other.health.head?.number ?? 0) - head.number >= STALE_BLOCKS);
  }
}
