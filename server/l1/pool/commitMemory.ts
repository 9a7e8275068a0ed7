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

/** Answers kept of either kind: a step and the window that was read ahead need a few. */
const KEEP = 8;

/**
 * What was learned of the batch counter, so that logs which a provider leaves out show at once and not only to whoever
 * adds them up: numbers rise by one from one window to the next and end at the counter of the pinned block.
 */
export class CommitMemory {
  readonly #options: CommitMemoryOptions;
  #counts: readonly ContractState[] = [];
  #ends: readonly { readonly at: number; readonly batch: number; readonly pinned: L1BlockId }[] = [];

  constructor(options: CommitMemoryOptions) {
    this.#options = options;
  }

  counted(state: ContractState): void {
    this.#counts = [...this.#counts.filter(({ at }) => !sameBlock(at, state.at)), state].slice(-KEEP);
  }

  /** The window was believed: the next one has to go on from its last batch. */
  read(commits: readonly BatchCommit[], { from, to, pinned }: Range): void {
    const batch = commits.at(-1)?.batchNumber ?? this.#before(from, pinned);
    if (batch !== null) this.#ends = [...this.#ends, { at: to, batch, pinned }].slice(-KEEP);
  }

  /** Throws `log_hidden` when a log is missing. */
  check(commits: readonly BatchCommit[], range: Range): void {
    if (!this.#options.numbersRise) return;
    let last = this.#before(range.from, range.pinned);
    for (const { batchNumber, l1Block } of commits) {
      if (last !== null && batchNumber !== last + 1) {
        throw hidden(`batch ${batchNumber} in block ${l1Block.number} follows batch ${last}`);
      }
      last = batchNumber;
    }
    const counted = this.#counts.find(({ at }) => at.number === range.to && sameBlock(at, range.pinned));
    if (counted === undefined || last === null || last === counted.lastCommittedBatch) return;
    throw hidden(
      `the contract has committed batch ${counted.lastCommittedBatch}, the logs end at batch ${last}`,
    );
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
  #before(from: number, pinned: L1BlockId): number | null {
    if (from <= this.#options.startBlock) return 0;
    const end = this.#ends.findLast(({ at, pinned: then }) => at === from - 1 && sameBlock(then, pinned));
    return end?.batch ?? null;
  }
}

const hidden = (what: string): InconsistencyError =>
  new InconsistencyError(
    'log_hidden',
    'eth_getLogs',
    `BatchCommitted logs do not add up: ${what}`,
    'incomplete_logs',
  );
