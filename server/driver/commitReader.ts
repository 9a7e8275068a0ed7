import type { BatchCommit } from '../protocol/batch.ts';
import type { L1BlockId } from '../protocol/refs.ts';
import {
  adaptWindow,
  FIRST_WINDOW,
  nextRange,
  WINDOW_COMMITS,
  type WindowRange,
  windowEnd,
} from './plan/window.ts';
import type { DriverL1 } from './ports.ts';

export interface CommitWindow extends WindowRange {
  readonly commits: readonly BatchCommit[];
}

interface Ahead {
  readonly from: number;
  readonly to: number;
  readonly window: Promise<CommitWindow>;
}

/**
 * Reads commits window by window and one window ahead, so that L1 is read while the engine executes. What was
 * read ahead was checked against an older pinned head; it stays good while that head stays on our branch, so
 * the driver calls `reset` on every reorg.
 */
export class CommitReader {
  readonly #l1: Pick<DriverL1, 'batchCommits'>;
  #size = FIRST_WINDOW;
  #ahead: Ahead | null = null;

  constructor(l1: Pick<DriverL1, 'batchCommits'>) {
    this.#l1 = l1;
  }

  /** Forgets what was read ahead. */
  reset(): void {
    this.#ahead = null;
  }

  /** The next window from `from` on the branch of `pinned`; null when `from` is beyond it. */
  async read(from: number, pinned: L1BlockId, signal: AbortSignal): Promise<CommitWindow | null> {
    const range = nextRange(from, pinned.number, this.#size);
    if (range === null) return null;
    const ahead = this.#ahead;
    this.#ahead = null;
    const isIt = ahead !== null && ahead.from === from && ahead.to <= pinned.number;
    const window = await (isIt ? ahead.window : this.#window(range, pinned, signal));
    this.#size = adaptWindow(
      this.#size,
      window.commits.reduce((sum, commit) => sum + commit.transaction.input.length, 0),
    );
    this.#readAhead(window.to + 1, pinned, signal);
    return window;
  }

  async #window({ from, to }: WindowRange, pinned: L1BlockId, signal: AbortSignal): Promise<CommitWindow> {
    const commits = await this.#l1.batchCommits(from, to, pinned, signal, undefined, WINDOW_COMMITS);
    const end = windowEnd(
      to,
      commits.map(({ l1Block }) => l1Block.number),
    );
    return { from, to: end, commits };
  }

  #readAhead(from: number, pinned: L1BlockId, signal: AbortSignal): void {
    const range = nextRange(from, pinned.number, this.#size);
    if (range === null) return;
    const window = this.#window(range, pinned, signal);
    // Whoever reads this window meets the error; until then nobody awaits it.
    window.catch(() => {});
    this.#ahead = { ...range, window };
  }
}
