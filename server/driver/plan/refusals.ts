import type { ForkchoiceState } from '../../protocol/forkchoice.ts';
import type { Hash } from '../../protocol/refs.ts';

/** How often the same forkchoice update is asked again after INVALID while nothing has changed. */
export const MAX_UNCHANGED = 3;

interface Refusal {
  readonly count: number;
  /** The L1 head that the step was pinned to. */
  readonly l1Head: Hash | null;
}

/**
 * Forkchoice updates that the engine called INVALID. The same answer to the same question is no news, and asking for
 * ever hides it (a safe head stood still for hours on a mainnet by that). After three times one is asked again only
 * when something is another: a new L1 head, an engine that was away, or another update that it took.
 */
export class Refusals {
  readonly #refused = new Map<string, Refusal>();
  #l1Head: Hash | null = null;

  /** The head that this step is pinned to. */
  pinned(l1Head: Hash): void {
    this.#l1Head = l1Head;
  }

  /** Times this update was refused, when it is not to be asked again now; 0 when it may be. */
  refusedTooOften(state: ForkchoiceState): number {
    const refusal = this.#refused.get(keyOf(state));
    if (refusal === undefined || refusal.count < MAX_UNCHANGED) return 0;
    return refusal.l1Head === this.#l1Head ? refusal.count : 0;
  }

  refused(state: ForkchoiceState): void {
    const count = (this.#refused.get(keyOf(state))?.count ?? 0) + 1;
    this.#refused.set(keyOf(state), { count, l1Head: this.#l1Head });
  }

  /** The engine took an update, or was away: it may think otherwise now. */
  forget(): void {
    this.#refused.clear();
  }
}

const keyOf = ({ headBlockHash, safeBlockHash, finalizedBlockHash }: ForkchoiceState): string =>
  `${headBlockHash}${safeBlockHash}${finalizedBlockHash}`;
