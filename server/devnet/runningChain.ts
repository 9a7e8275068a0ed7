import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openEmbeddedEngine } from '../engine/embedded/open.ts';
import type { Clock } from '../lib/clock.ts';
import type { Address } from '../protocol/refs.ts';
import { DEFAULT_LIMITS, type RollupConfig } from '../protocol/rollupConfig.ts';
import type { Anvil } from './anvil.ts';
import type { RollupAddresses } from './deploy.ts';

export interface DevnetOptions {
  /** Folder for the devnet's databases; emptied at each start, because its L1 lives in memory. */
  readonly dir: string;
  /** Seconds between L1 blocks. */
  readonly l1BlockTime: number;
  /** Milliseconds between L2 blocks. */
  readonly l2BlockTimeMs: number;
  /** Milliseconds until a batch that is not full is committed. */
  readonly commitIntervalMs: number;
  /** L1 blocks until `safe`; twice as many until `finalized`. */
  readonly slotsInAnEpoch: number;
  readonly batchesPerSequencer: number;
  /** L2 transactions a second. */
  readonly traffic: number;
  readonly seed: number;
  /** TCP port of the L1; 0 takes any. */
  readonly l1Port: number;
}

/** The chain a devnet's node follows, running. */
export interface RunningChain {
  readonly anvil: Anvil;
  readonly config: RollupConfig;
  /** Geth format. */
  readonly genesis: unknown;
  /** JSON-RPC of the sequencer's engine, for wallets; null when nobody sequences here. */
  readonly l2Url: string | null;
  readonly sequencerAddress: Address | null;
  stop(): Promise<void>;
}

export interface DevnetDeps {
  readonly clock: Clock;
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
}

export const rollupConfig = (facts: {
  readonly name: string;
  readonly l2ChainId: number;
  readonly addresses: RollupAddresses;
  readonly genesisHash: `0x${string}`;
  readonly genesisTimestamp: number;
  readonly batchesPerSequencer: number;
}): RollupConfig => ({
  name: facts.name,
  l1ChainId: facts.addresses.l1ChainId,
  l2ChainId: facts.l2ChainId,
  onChainProposer: facts.addresses.onChainProposer,
  sequencerRegistry: facts.addresses.sequencerRegistry,
  bridge: facts.addresses.bridge,
  l1StartBlock: facts.addresses.deployedAtBlock,
  l2GenesisHash: facts.genesisHash,
  l2GenesisTimestamp: facts.genesisTimestamp,
  batchesPerSequencer: facts.batchesPerSequencer,
  limits: DEFAULT_LIMITS,
});

/** Removes what an earlier devnet left in the folder, and nothing else that lies there. */
export function emptyDir(dir: string): void {
  for (const part of ['node', 'sequencer']) rmSync(join(dir, part), { recursive: true, force: true });
}

/** The genesis block that follows from a genesis file, as the embedded engine makes it. */
export async function genesisBlock(
  genesis: unknown,
): Promise<{ readonly hash: `0x${string}`; readonly stateRoot: `0x${string}`; readonly timestamp: number }> {
  const engine = await openEmbeddedEngine({ genesis, l2Rules: true });
  try {
    const block = (await engine.rpc('eth_getBlockByNumber', ['0x0', false])) as {
      hash: `0x${string}`;
      stateRoot: `0x${string}`;
      timestamp: string;
    };
    return { hash: block.hash, stateRoot: block.stateRoot, timestamp: Number(block.timestamp) };
  } finally {
    await engine.close();
  }
}
