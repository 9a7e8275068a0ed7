import { RangeLimitError } from './jsonRpc.ts';
import { badAnswer } from './wire.ts';

/** Requests for one block range before giving up on a provider that answers nothing but refusals. */
const MAX_REQUESTS = 20_000;
/** Requests that succeed at one span before trying twice as much. */
const GROW_AFTER = 16;

/**
 * Reads block ranges from a provider that limits them in ways it does not announce: by number of blocks, of
 * results, or by time. A refused span becomes what the provider says it takes, or half, down to one block; what was learned is
 * kept for the next read; after a run of successes it grows again, because limits on results depend on the blocks.
 */
export class RangeReader {
  /** Blocks per request; Infinity until a provider refuses. */
  #span = Number.POSITIVE_INFINITY;
  #successes = 0;

  get span(): number {
    return this.#span;
  }

  /** Ascending: all items of [from, to]. */
  async all<T>(
    from: number,
    to: number,
    read: (from: number, to: number) => Promise<readonly T[]>,
  ): Promise<T[]> {
    const items: T[] = [];
    let next = from;
    for (let requests = 0; next <= to; requests += 1) {
      this.#guard(requests);
      const end = Math.min(to, next + this.#span - 1);
      const part = await this.#attempt(next, end, read);
      if (part === null) continue;
      items.push(...part);
      next = end + 1;
    }
    return items;
  }

  /** Descending: the items of the newest span of [from, to] that has any. */
  async newest<T>(
    from: number,
    to: number,
    read: (from: number, to: number) => Promise<readonly T[]>,
  ): Promise<readonly T[]> {
    let end = to;
    for (let requests = 0; end >= from; requests += 1) {
      this.#guard(requests);
      const start = Math.max(from, end - this.#span + 1);
      const part = await this.#attempt(start, end, read);
      if (part === null) continue;
      if (part.length > 0) return part;
      end = start - 1;
    }
    return [];
  }

  /** Null when the span was refused and has been made smaller. */
  async #attempt<T>(
    from: number,
    to: number,
    read: (from: number, to: number) => Promise<readonly T[]>,
  ): Promise<readonly T[] | null> {
    try {
      const part = await read(from, to);
      this.#successes += 1;
      if (this.#successes % GROW_AFTER === 0) this.#span *= 2;
      return part;
    } catch (error) {
      if (!(error instanceof RangeLimitError) || from === to) throw error;
      const blocks = to - from + 1;
      // What a provider says it takes counts when it is less than what it has just refused.
      const said = error.blocks !== null && error.blocks < blocks ? error.blocks : Math.floor(blocks / 2);
      this.#span = Math.max(1, said);
      this.#successes = 0;
      return null;
    }
  }

  #guard(requests: number): void {
    if (requests >= MAX_REQUESTS) throw badAnswer('eth_getLogs', `${requests} ranges were refused or empty`);
  }
}
