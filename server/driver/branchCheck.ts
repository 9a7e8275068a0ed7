import { overCommits } from './overCommits.ts';
import { DriverError } from './plan/failure.ts';
import type { DriverL1, L1Tracker } from './ports.ts';

/**
 * L1 with one more check: a commit counts only in a block of the branch that the step is pinned to. Behind one
 * endpoint may stand backends on two branches, and then each answer is right by itself and the two together are not.
 */
export function onPinnedBranch(l1: DriverL1, tracker: Pick<L1Tracker, 'onBranch'>): DriverL1 {
  return overCommits(l1, (commit) => {
    if (tracker.onBranch(commit.l1Block) !== false) return commit;
    const { number, hash } = commit.l1Block;
    throw new DriverError(
      'other_branch',
      `L1 shows batch ${commit.batchNumber} in block ${number} ${hash}, which is not on the branch of its own head: two backends answer`,
    );
  });
}
