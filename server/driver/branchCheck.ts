import type { BatchCommit } from '../protocol/batch.ts';
import { DriverError } from './plan/failure.ts';
import type { DriverL1, L1Tracker } from './ports.ts';

/**
 * L1 with one more check: a commit counts only in a block of the branch that the step is pinned to. Behind one
 * endpoint may stand backends on two branches, and then each answer is right by itself and the two together are not.
 */
export function onPinnedBranch(l1: DriverL1, tracker: Pick<L1Tracker, 'onBranch'>): DriverL1 {
  const check = (commit: BatchCommit): void => {
    if (tracker.onBranch(commit.l1Block) !== false) return;
    const { number, hash } = commit.l1Block;
    throw new DriverError(
      'other_branch',
      `L1 shows batch ${commit.batchNumber} in block ${number} ${hash}, which is not on the branch of its own head: two backends answer`,
    );
  };
  return {
    heads: (signal) => l1.heads(signal),
    contractState: (at, signal) => l1.contractState(at, signal),
    blob: (block, versionedHash, signal) => l1.blob(block, versionedHash, signal),
    blockByNumber: (number, signal) => l1.blockByNumber(number, signal),
    batchCommits: async (from, to, pinned, signal, expected, most) => {
      const commits = await l1.batchCommits(from, to, pinned, signal, expected, most);
      commits.forEach(check);
      return commits;
    },
    commitOfBatch: async (batchNumber, pinned, signal) => {
      const commit = await l1.commitOfBatch(batchNumber, pinned, signal);
      if (commit !== null) check(commit);
      return commit;
    },
  };
}
