/** Which L1 block the providers agree on. No state; asks through `blockAt`. */
import { runSearch, searchLastMatch } from '../../lib/search.ts';
import type { Hash, L1BlockRef } from '../../protocol/refs.ts';
import type { L1Heads } from '../l1.ts';

/** What one provider showed as its heads. */
export interface Observation {
  /** Which provider: its place in the configuration. */
  readonly id: number;
  readonly heads: L1Heads;
  /** It answered in this look; else it is what it showed last, and it cannot be asked more now. */
  readonly fresh: boolean;
}

export interface Agreement {
  /** `latest` is the highest block that enough providers have; labels are the lowest that its supporters give. */
  readonly heads: L1Heads;
  /** Fresh providers that have it, in the order of the configuration. Never empty. */
  readonly supporters: readonly number[];
  /** Fresh providers that have another block at its height. */
  readonly opponents: readonly number[];
}

/** The block of that number on a provider's branch: null when it has none, undefined when it did not answer. */
export type BlockAt = (id: number, number: number) => Promise<L1BlockRef | null | undefined>;

export interface Question {
  readonly observations: readonly Observation[];
  /** Providers that must have a block: 1, or 2. */
  readonly need: number;
  /** The block agreed on before, on which a provider may stand alone without moving. */
  readonly before: L1BlockRef | null;
}

/**
 * The highest block that `need` providers have on their branch and fewer deny. With `need` 1 that is the highest head
 * there is. Null when they share no block at all. Costs no question while heads are equal or neighbours.
 *
 * Two providers who cannot both be right are followed as far as they agree: a forged branch, or the dead side of a
 * split, costs progress and never a wrong block, until a third has reached the height and outvotes it.
 */
export async function agree(question: Question, blockAt: BlockAt): Promise<Agreement | null> {
  const { observations, need, before } = question;
  const fresh = observations.filter((one) => one.fresh);
  if (need <= 1) {
    const highest = fresh.toSorted((a, b) => b.heads.latest.number - a.heads.latest.number)[0];
    return highest === undefined ? null : agreement(highest.heads.latest, fresh, need, [highest.id], []);
  }
  const branches = new Branches(fresh, blockAt);
  for (const block of candidates(observations)) {
    const { supporters, opponents } = await branches.poll(block);
    const absent = observations.filter(
      (one) =>
        !one.fresh && (one.heads.latest.hash === block.hash || one.heads.latest.parentHash === block.hash),
    );
    const votes = supporters.length + absent.length;
    if (supporters.length > 0 && votes >= need && votes > opponents.length) {
      return agreement(block, fresh, need, supporters, opponents);
    }
  }
  const shared = await branches.newestShared(before?.number ?? 0);
  const fallback = shared ?? before;
  if (fallback === null) return null;
  const { supporters, opponents } = await branches.poll(fallback);
  return supporters.length === 0 ? null : agreement(fallback, fresh, need, supporters, opponents);
}

/** Every head that was shown, highest first, each once. */
function candidates(observations: readonly Observation[]): readonly L1BlockRef[] {
  const unique = new Map(observations.map(({ heads }) => [heads.latest.hash, heads.latest]));
  return [...unique.values()].sort((a, b) => b.number - a.number);
}

function agreement(
  latest: L1BlockRef,
  fresh: readonly Observation[],
  need: number,
  supporters: readonly number[],
  opponents: readonly number[],
): Agreement {
  const theirs = fresh.filter(({ id }) => supporters.includes(id)).map(({ heads }) => heads);
  const label = (name: 'safe' | 'finalized'): L1BlockRef | null => {
    const offered = theirs.map((heads) => heads[name]).filter((block) => block !== null);
    const lowest = offered.toSorted((a, b) => a.number - b.number)[0];
    // One alone could call final what never will be, and the engine cannot take that back.
    if (lowest === undefined || offered.length < need) return null;
    // What is safe above the agreed block makes the agreed block safe: it lies below.
    return lowest.number > latest.number ? latest : lowest;
  };
  return { heads: { latest, safe: label('safe'), finalized: label('finalized') }, supporters, opponents };
}

/** What was learned of the providers' branches in one look, so that nothing is asked twice. */
class Branches {
  readonly #fresh: readonly Observation[];
  readonly #blockAt: BlockAt;
  readonly #known = new Map<string, Promise<L1BlockRef | null | undefined>>();

  constructor(fresh: readonly Observation[], blockAt: BlockAt) {
    this.#fresh = fresh;
    this.#blockAt = blockAt;
  }

  async poll(
    block: L1BlockRef,
  ): Promise<{ readonly supporters: readonly number[]; readonly opponents: readonly number[] }> {
    const theirs = await Promise.all(
      this.#fresh.map(async (one) => ({ id: one.id, hash: await this.#hashAt(one, block.number) })),
    );
    return {
      supporters: theirs.filter(({ hash }) => hash === block.hash).map(({ id }) => id),
      opponents: theirs.filter(({ hash }) => hash !== undefined && hash !== block.hash).map(({ id }) => id),
    };
  }

  /** The highest block that any two of the providers have, looked for from `floor` on. */
  async newestShared(floor: number): Promise<L1BlockRef | null> {
    let best: L1BlockRef | null = null;
    for (const [index, one] of this.#fresh.entries()) {
      for (const other of this.#fresh.slice(index + 1)) {
        const top = Math.min(one.heads.latest.number, other.heads.latest.number);
        const low = best === null ? Math.min(floor, top) : best.number + 1;
        const number = await runSearch(searchLastMatch(low, top), async (at) => {
          const [a, b] = await Promise.all([this.#hashAt(one, at), this.#hashAt(other, at)]);
          return a !== undefined && a === b;
        });
        if (number !== null) best = (await this.#blockOf(one, number)) ?? best;
      }
    }
    return best;
  }

  /** Undefined where the provider's branch does not reach, or it did not answer. */
  async #hashAt(one: Observation, number: number): Promise<Hash | undefined> {
    const { latest } = one.heads;
    if (number === latest.number - 1) return latest.parentHash;
    return (await this.#blockOf(one, number))?.hash;
  }

  #blockOf({ id, heads }: Observation, number: number): Promise<L1BlockRef | null | undefined> {
    const { latest } = heads;
    if (number > latest.number) return Promise.resolve(undefined);
    if (number === latest.number) return Promise.resolve(latest);
    const key = `${id}:${number}`;
    const known = this.#known.get(key) ?? this.#blockAt(id, number);
    this.#known.set(key, known);
    return known;
  }
}
