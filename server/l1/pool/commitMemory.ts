import type { BatchCommit } from '../../protocol/batch.ts';
import { type L1BlockId, sameBlock } from '../../protocol/refs.ts';
import { type ContractState, InconsistencyError } from '../l1.ts';

interface Range {
  readonly from: number;
  readonly to: number;
  readonly pinned: L1BlockId;
}

export interface CommitMemoryOptions {
  /** First L1 block that can hold a commit. */
  readonly startBlock: number;
  /** The based contract's numbers rise by one; the other one's can be reverted and come again. */
  readonly numbersRise: boolean;
}

/** The last batch up to the end of a window, by the logs of one provider. */
interface WindowEnd {
  readonly batch: number;
  /** Null where nobody's word is needed: no batch comes before the first block. */
  readonly by: object | null;
}

/** Answers kept of either kind: a step and the window that was read ahead need a few. */
const KEEP = 8;

/**
 * What was learned of the batch counter, so that logs which a provider leaves out show at once and not only to whoever
 * adds them up: numbers rise by one from one window to the next and end at the counter of the pinned block.
 */
export class CommitMemory {
  readonly #options: CommitMemoryOptions;
  #counts: readonly ContractState[] = [];
  #ends: readonly (WindowEnd & { readonly at: number; readonly pinned: L1BlockId })[] = [];

  constructor(options: CommitMemoryOptions) {
    this.#options = options;
  }

  counted(state: ContractState): void {
    this.#counts = [...this.#counts.filter(({ at }) => !sameBlock(at, state.at)), state].slice(-KEEP);
  }

  /** The window was believed: the next one has to go on from its last batch. `by` is the provider that showed it. */
  read(commits: readonly BatchCommit[], { from, to, pinned }: Range, by: object): void {
    const newest = commits.at(-1);
    const end = newest === undefined ? this.#before(from, pinned) : { batch: newest.batchNumber, by };
    if (end !== null) this.#ends = [...this.#ends, { ...end, at: to, pinned }].slice(-KEEP);
  }

  /**
   * Throws `log_hidden` when a log is missing in what `by` showed. One that is missing between its window and another
   * provider's is nobody's fault yet: that end is forgotten, and whoever adds the batches up reads both windows again.
   */
  check(commits: readonly BatchCommit[], { from, to, pinned }: Range, by: object): void {
    if (!this.#options.numbersRise) return;
    const before = this.#before(from, pinned);
    const forgetBefore = (): void => {
      this.#ends = this.#ends.filter(({ at, pinned: then }) => at !== from - 1 || !sameBlock(then, pinned));
    };
    const isIts = before?.by === by || before?.by === null;
    let last = before?.batch ?? null;
    for (const [index, { batchNumber, l1Block }] of commits.entries()) {
      if (last !== null && batchNumber !== last + 1) {
        if (index > 0 || isIts)
          throw hidden(`batch ${batchNumber} in block ${l1Block.number} follows batch ${last}`);
        forgetBefore();
      }
      last = batchNumber;
    }
    const counted = this.#counts.find(({ at }) => at.number === to && sameBlock(at, pinned));
    if (counted === undefined || last === null || last === counted.lastCommittedBatch) return;
    if (commits.length > 0 || isIts) {
      throw hidden(
        `the contract has committed batch ${counted.lastCommittedBatch}, the logs end at batch ${last}`,
      );
    }
    forgetBefore();
  }

  /** Throws `log_hidden` when that batch is committed by the contract's counter. */
  checkNone(batchNumber: number, pinned: L1BlockId): void {
    if (!this.#options.numbersRise) return;
    const counted = this.#counts.find(({ at }) => sameBlock(at, pinned));
    if (counted === undefined || batchNumber < 1 || batchNumber > counted.lastCommittedBatch) return;
    throw hidden(
      `the contract has committed batch ${counted.lastCommittedBatch}, but there is no log of ${batchNumber}`,
    );
  }

  /** The last batch before that block on the branch of `pinned`; null when it is not known. */
  #before(from: number, pinned: L1BlockId): WindowEnd | null {
    if (from <= this.#options.startBlock) return { batch: 0, by: null };
    return this.#ends.findLast(({ at, pinned: then }) => at === from - 1 && sameBlock(then, pinned)) ?? null;
  }
}

const hidden = (what: string): InconsistencyError =>
  new InconsistencyError(
    'log_hidden',
    'eth_getLogs',
    `BatchCommitted logs do not add up: ${what}`,
    'incomplete_logs',
  );
