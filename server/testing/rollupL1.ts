/** An L1 (anvil) with the contracts, on which a test or bench commits the batches of an L2 chain of its own. */
import { summarizeBlocks } from '../derivation/checks.ts';
import { type Anvil, type AnvilOptions, startAnvil } from '../devnet/anvil.ts';
import { deployContracts } from '../devnet/deploy.ts';
import { openL1Wallet } from '../devnet/l1Wallet.ts';
import { rollupConfig } from '../devnet/runningChain.ts';
import type { SealedBlock } from '../protocol/block.ts';
import { encodeBlock } from '../protocol/blockCodec.ts';
import { toHex } from '../protocol/bytes.ts';
import { encodeCommitBatch } from '../protocol/commitBatch.ts';
import { type Hash, type L2BlockRef, ZERO_HASH } from '../protocol/refs.ts';
import type { RollupConfig } from '../protocol/rollupConfig.ts';

/** The L2 chain whose blocks are to be committed. */
export interface L2Facts {
  readonly chainId: number;
  readonly genesisHash: Hash;
  readonly genesisTimestamp: number;
  /** The contract keeps it and never reads it back for us: any value will do. */
  readonly genesisStateRoot: Hash;
}

export type BatchParent = Pick<L2BlockRef, 'number' | 'hash' | 'timestamp'>;

export interface RollupL1 {
  readonly anvil: Anvil;
  readonly config: RollupConfig;
  /** The call data that commits them. */
  commitData(batchNumber: number, parent: BatchParent, blocks: readonly SealedBlock[]): `0x${string}`;
  /** Commits the blocks as that batch, in calldata; they follow `parent`. Any commit hash passes without proofs. */
  commit(batchNumber: number, parent: BatchParent, blocks: readonly SealedBlock[]): Promise<void>;
}

/** Deploys the contracts with one sequencer. Blocks need not be valid: L1 does not look at them. */
export async function openRollupL1(l2: L2Facts, options: AnvilOptions = {}): Promise<RollupL1> {
  const anvil = await startAnvil({ slotsInAnEpoch: 10_000, gasLimit: 1_000_000_000, ...options });
  const key = anvil.accounts[0]!.privateKey;
  const addresses = await deployContracts({
    l1Url: anvil.url,
    deployerKey: key,
    genesisStateRoot: l2.genesisStateRoot,
    l2ChainId: l2.chainId,
    validium: true,
    sequencers: [anvil.accounts[0]!.address],
  });
  const config = rollupConfig({
    name: 'test',
    l2ChainId: l2.chainId,
    addresses,
    genesisHash: l2.genesisHash,
    genesisTimestamp: l2.genesisTimestamp,
    batchesPerSequencer: 32,
  });
  return {
    anvil,
    config,
    commitData: (batchNumber, parent, blocks) => commitData(config, batchNumber, parent, blocks),
    commit: async (batchNumber, parent, blocks) => {
      const data = commitData(config, batchNumber, parent, blocks);
      // A wallet counts its own nonces, and L1 may have been taken back since the last one.
      const wallet = await openL1Wallet(anvil.url, key);
      await wallet.wait(await wallet.send({ to: config.onChainProposer, data, gas: 500_000_000n }));
    },
  };
}

function commitData(
  config: RollupConfig,
  batchNumber: number,
  parent: BatchParent,
  blocks: readonly SealedBlock[],
): `0x${string}` {
  const summary = summarizeBlocks(config, { batchNumber: batchNumber - 1, lastBlock: parent }, blocks);
  if (!summary.ok) throw new Error(`${summary.error.reason}: ${summary.error.detail}`);
  const input = encodeCommitBatch({
    batchNumber: BigInt(batchNumber),
    newStateRoot: summary.value.stateRoot,
    withdrawalsLogsMerkleRoot: ZERO_HASH,
    privilegedRollingHash: ZERO_HASH,
    lastBlockHash: blocks.at(-1)!.hash,
    nonPrivilegedTransactions: BigInt(summary.value.nonPrivilegedCount),
    commitHash: `0x${'01'.repeat(32)}`,
    rlpBlocks: blocks.map((block) => encodeBlock(block, { items: 4 })),
  });
  return toHex(input);
}
