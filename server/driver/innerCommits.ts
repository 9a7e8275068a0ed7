import { fromInnerCalls, needsTrace } from '../derivation/innerCommit.ts';
import type { BatchCommit } from '../protocol/batch.ts';
import type { RollupConfig } from '../protocol/rollupConfig.ts';
import { overCommits } from './overCommits.ts';
import type { DriverL1 } from './ports.ts';

/** Commits whose trace is remembered: a batch is looked at again after each reset. */
const KEEP = 64;

/**
 * L1 with one more way to read a commit: where a contract made the call and neither calldata nor a blob tells the
 * blocks, the call data is taken from a trace of the transaction. Where L1 offers none, the commit stays as it is, and
 * derivation calls it unreadable. The blocks are checked against the event and executed like any others.
 */
export function withInnerCommits(l1: DriverL1, config: RollupConfig): DriverL1 {
  const known = new Map<string, BatchCommit>();
  return overCommits(l1, async (commit, signal) => {
    if (l1.innerCalls === undefined || !needsTrace(config, commit)) return commit;
    const key = `${commit.l1Block.hash} ${commit.logIndex}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const inputs = await l1.innerCalls(commit.transaction.hash, config.onChainProposer, signal);
    const found = inputs && fromInnerCalls(config, commit, inputs);
    if (found === null) return commit;
    known.set(key, found);
    if (known.size > KEEP) known.delete(known.keys().next().value!);
    return found;
  });
}
