import type { Config } from '../config.ts';
import { genesisBlock } from '../devnet/runningChain.ts';
import { parseGenesis } from '../engine/embedded/genesis.ts';
import type { Engine } from '../engine/engine.ts';
import type { L1 } from '../l1/l1.ts';
import { createL1 } from '../l1/viemL1.ts';
import type { RollupConfig } from '../protocol/rollupConfig.ts';
import type { GenesisFacts } from '../rollupFacts.ts';
import { readGenesis } from './reconstruct.ts';

/**
 * What the genesis file says the chain is. An engine elsewhere is not asked: it need not answer yet, and its own first
 * block would agree with itself whatever it was started with.
 */
export async function genesisFacts(config: Config, embedded: Engine | null = null): Promise<GenesisFacts> {
  const genesis = await readGenesis(config.genesisFile);
  const first = (await embedded?.blockByNumber(0)) ?? (await genesisBlock(genesis));
  return { chainId: Number(parseGenesis(genesis).chainId), hash: first.hash, timestamp: first.timestamp };
}

/** The reader of L1 that the configuration asks for. */
export const l1Of = (config: Config, rollup: RollupConfig): L1 => {
  const { rpcUrls, agree, trust, genesisHash, wsUrl, beaconUrl } = config.l1;
  return createL1({
    rpcUrls: rpcUrls.map((url) => url.reveal()),
    wsUrl: wsUrl?.reveal() ?? null,
    beaconUrl: beaconUrl?.reveal() ?? null,
    agree,
    trust,
    genesisHash,
    config: rollup,
    pollIntervalMs: config.pollMs,
  });
};
