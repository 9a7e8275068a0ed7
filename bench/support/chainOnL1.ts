import type { Anvil } from '../../server/devnet/anvil.ts';
import type { SealedBlock } from '../../server/protocol/block.ts';
import type { RollupConfig } from '../../server/protocol/rollupConfig.ts';
import { type BatchParent, type L2Facts, openRollupL1 } from '../../server/testing/rollupL1.ts';

export interface ChainOnL1 {
  readonly anvil: Anvil;
  readonly config: RollupConfig;
  readonly batches: number;
}

/** Commits a whole chain to a fresh L1, `perBatch` blocks at a time, as calldata. */
export async function commitChain(
  l2: L2Facts,
  blocks: readonly SealedBlock[],
  perBatch: number,
): Promise<ChainOnL1> {
  const { anvil, config, commit } = await openRollupL1(l2);
  let parent: BatchParent = { number: 0, hash: l2.genesisHash, timestamp: l2.genesisTimestamp };
  let batches = 0;
  for (let from = 0; from < blocks.length; from += perBatch) {
    const chunk = blocks.slice(from, from + perBatch);
    batches += 1;
    await commit(batches, parent, chunk);
    parent = chunk.at(-1)!;
  }
  return { anvil, config, batches };
}
