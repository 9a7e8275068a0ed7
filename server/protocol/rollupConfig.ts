import type { Address, Hash } from './refs.ts';

/** Bounds of one batch, reliability.md 2.3. Exceeding one makes the batch invalid with a named reason. */
export interface DerivationLimits {
  readonly maxCalldataBytes: number;
  readonly maxBlocksPerBatch: number;
  readonly maxTransactionsPerBlock: number;
  readonly maxBlockBytes: number;
  readonly maxRlpDepth: number;
}

export const DEFAULT_LIMITS: DerivationLimits = {
  maxCalldataBytes: 4 * 1024 * 1024,
  maxBlocksPerBatch: 4096,
  maxTransactionsPerBlock: 16_384,
  maxBlockBytes: 4 * 1024 * 1024,
  maxRlpDepth: 8,
};

/** What makes a chain this chain: fixed for the life of a node. */
export interface RollupConfig {
  readonly name: string;
  readonly l1ChainId: number;
  readonly l2ChainId: number;
  readonly onChainProposer: Address;
  readonly sequencerRegistry: Address | null;
  readonly bridge: Address | null;
  /** First L1 block that can hold a batch: where every scan begins. */
  readonly l1StartBlock: number;
  readonly l2GenesisHash: Hash;
  /** Seconds since 1970. */
  readonly l2GenesisTimestamp: number;
  /** SequencerRegistry.BATCHES_PER_SEQUENCER: 32 in ethrex's contract, less in a devnet. */
  readonly batchesPerSequencer: number;
  readonly limits: DerivationLimits;
}
