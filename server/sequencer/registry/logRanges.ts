/** Reads that succeed at one span before twice as much is tried: limits on results depend on the blocks. */
const GROW_AFTER = 16;

/**
 * Reads a range of blocks from a node that limits ranges in ways it does not announce: a refused span is halved
 * down to one block, and what was learned is kept for the next read.
 */
export class LogRanges {
  readonly #most: number;
  #span: number;
  #successes = 0;

  constructor(opts: { readonly maxRange: number }) {
    this.#most = opts.maxRange;
    this.#span = opts.maxRange;
  }

  /** Ascending: all items of blocks [from, to]. Rejects with the node's refusal of a single block. */
  async all<T>(
    from: number,
    to: number,
    read: (from: number, to: number) => Promise<readonly T[]>,
  ): Promise<readonly T[]> {
    const items: T[] = [];
    for (let next = from; next <= to; ) {
      const end = Math.min(to, next + this.#span - 1);
      const part = await this.#attempt(next, end, read);
      if (part === null) continue;
      for (const item of part) items.push(item);
      next = end + 1;
    }
    return items;
  }

  async #attempt<T>(
    from: number,
    to: number,
    read: (from: number, to: number) => Promise<readonly T[]>,
  ): Promise<readonly T[] | null> {
    try {
      const part = await read(from, to);
      if (++this.#successes % GROW_AFTER === 0) this.#span = Math.min(this.#most, this.#span * 2);
      return part;
    } catch (error) {
      if (from === to || !mayBeTooMuch(error)) throw error;
      this.#span = Math.floor((to - from + 1) / 2);
      this.#successes = 0;
      return null;
    }
  }
}

/**
 * Nodes word their limits in dozens of ways, as errors, HTTP statuses and silence, so every refusal counts as one
 * but that of a node which cannot be reached: asking that for less is in vain.
 */
function mayBeTooMuch(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (typeof code === 'number') return true;
  return code === 'timeout' || (typeof code === 'string' && code.startsWith('http_'));
}
