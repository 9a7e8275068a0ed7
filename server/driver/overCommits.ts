import type { BatchCommit } from '../protocol/batch.ts';
import type { DriverL1 } from './ports.ts';

/** L1 of which every commit passes through `look`, in order, before anybody else sees it. It may throw. */
export function overCommits(
  l1: DriverL1,
  look: (commit: BatchCommit, signal: AbortSignal | undefined) => BatchCommit | Promise<BatchCommit>,
): DriverL1 {
  return {
    heads: (signal) => l1.heads(signal),
    contractState: (at, signal) => l1.contractState(at, signal),
    blob: (block, versionedHash, signal) => l1.blob(block, versionedHash, signal),
    blockByNumber: (number, signal) => l1.blockByNumber(number, signal),
    batchCommits: async (from, to, pinned, signal, expected, most) => {
      const commits: BatchCommit[] = [];
      for (const commit of await l1.batchCommits(from, to, pinned, signal, expected, most))
        commits.push(await look(commit, signal));
      return commits;
    },
    commitOfBatch: async (batchNumber, pinned, signal) => {
      const commit = await l1.commitOfBatch(batchNumber, pinned, signal);
      return commit && look(commit, signal);
    },
  };
}
