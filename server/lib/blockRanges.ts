/** Requests that succeed at one span before twice as much is tried: limits on results depend on the blocks. */
const GROW_AFTER = 16;

export interface BlockRangesOptions {
  /** Blocks per request at the most. Left out: any number. */
  readonly most?: number;
  /**
   * How many blocks to try after a request for `blocks` of them failed so; null when asking for less is in vain. A
   * request for one block is never made smaller.
   */
  readonly smaller: (error: unknown, blocks: number) => number | null;
  /** Throws when one read took more requests than it may. Called before each. */
  readonly guard?: (requests: number) => void;
}

type Read<T> = (from: number, to: number) => Promise<readonly T[]>;

/**
 * Reads ranges of blocks from a node that limits them in ways it does not announce: by number of blocks, of results, or
 * by time. A refused span becomes a smaller one, down to one block; what was learned is kept for the next read; after a
 * run of successes it grows again. Rejects with whatever is no matter of the range, and with a refusal of one block.
 */
export class BlockRanges {
  readonly #options: BlockRangesOptions;
  readonly #most: number;
  #span: number;
  #successes = 0;

  constructor(options: BlockRangesOptions) {
    this.#options = options;
    this.#most = options.most ?? Number.POSITIVE_INFINITY;
    this.#span = this.#most;
  }

  /** Ascending: all items of blocks [from, to]. */
  async all<T>(from: number, to: number, read: Read<T>): Promise<readonly T[]> {
    const items: T[] = [];
    let next = from;
    for (let requests = 0; next <= to; requests += 1) {
      this.#options.guard?.(requests);
      const end = Math.min(to, next + this.#span - 1);
      const part = await this.#attempt(next, end, read);
      if (part === null) continue;
      for (const item of part) items.push(item);
      next = end + 1;
    }
    return items;
  }

  /** Descending: the items of the newest span of [from, to] that has any. */
  async newest<T>(from: number, to: number, read: Read<T>): Promise<readonly T[]> {
    let end = to;
    for (let requests = 0; end >= from; requests += 1) {
      this.#options.guard?.(requests);
      const start = Math.max(from, end - this.#span + 1);
      const part = await this.#attempt(start, end, read);
      if (part === null) continue;
      if (part.length > 0) return part;
      end = start - 1;
    }
    return [];
  }

  /** Null when the span was refused and has been made smaller. */
  async #attempt<T>(from: number, to: number, read: Read<T>): Promise<readonly T[] | null> {
    try {
      const part = await read(from, to);
      this.#successes += 1;
      if (this.#successes % GROW_AFTER === 0) this.#span = Math.min(this.#most, this.#span * 2);
      return part;
    } catch (error) {
      const blocks = to - from + 1;
      const smaller = blocks === 1 ? null : this.#options.smaller(error, blocks);
      if (smaller === null) throw error;
      this.#span = smaller;
      this.#successes = 0;
      return null;
    }
  }
}
