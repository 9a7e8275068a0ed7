/** The L1 that the devnet's nodes share: anvil, the contracts with short terms, every node's sequencer registered. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RollupConfig } from '../../protocol/rollupConfig.ts';
import { type Anvil, type DevAccount, startAnvil } from '../anvil.ts';
import { deployContracts, type RollupAddresses } from '../deploy.ts';
import { DEVNET_L2_CHAIN_ID, devAccounts, devnetGenesis } from '../genesis.ts';
import { type DevnetDeps, genesisBlock, rollupConfig } from '../runningChain.ts';

export interface FleetL1Options {
  /** Folder that the genesis file is written to. */
  readonly dir: string;
  /** How many sequencers are registered, in this order. */
  readonly nodes: number;
  /** Length of a term; a short one shows many hand-overs. */
  readonly batchesPerSequencer: number;
  /** Seconds between L1 blocks; left out, every transaction is mined at once. */
  readonly l1BlockTime?: number;
  /** L1 blocks until `safe`; twice as many until `finalized`. */
  readonly slotsInAnEpoch?: number;
  /** 0 takes any. */
  readonly l1Port: number;
}

/** The L1 accounts of one node; nobody else sends from them. */
export interface NodeAccounts {
  /** Registered; commits batches. */
  readonly sequencer: DevAccount;
  /** Verifies batches, which anyone may. */
  readonly verifier: DevAccount;
}

export interface FleetL1 {
  readonly anvil: Anvil;
  readonly addresses: RollupAddresses;
  readonly config: RollupConfig;
  /** Geth format, also as a file for the nodes. */
  readonly genesis: unknown;
  readonly genesisFile: string;
  /** In the order of their turns: the first term is the first one's. */
  readonly nodes: readonly NodeAccounts[];
  /** Registers and unregisters others. */
  readonly stranger: DevAccount;
  /** Makes the deposits of the traffic. */
  readonly depositor: DevAccount;
  /** Funded on L2. */
  readonly users: readonly DevAccount[];
  /** The first L1 block that a reorg may replace. */
  readonly firstOpenBlock: number;
  stop(): Promise<void>;
}

/** Accounts of the development mnemonic, by use: each has one owner of its nonces. */
const DEPLOYER = 0;
const STRANGER = 1;
const DEPOSITOR = 3;
const FIRST_USER = 4;
const FIRST_NODE = 10;

/** Starts anvil, deploys and registers. Throws AnvilError, L1WalletError, EmbeddedEngineError. */
export async function startFleetL1(
  options: FleetL1Options,
  { clock, signal }: Pick<DevnetDeps, 'clock' | 'signal'>,
): Promise<FleetL1> {
  const accounts = devAccounts(FIRST_NODE + 2 * options.nodes);
  const nodes = Array.from({ length: options.nodes }, (_, at) => ({
    sequencer: accounts[FIRST_NODE + 2 * at]!,
    verifier: accounts[FIRST_NODE + 2 * at + 1]!,
  }));
  const genesis = devnetGenesis({ timestamp: Math.floor(clock.now() / 1000) - 1 });
  const genesisFile = join(options.dir, 'genesis.json');
  mkdirSync(options.dir, { recursive: true });
  writeFileSync(genesisFile, JSON.stringify(genesis));
  const anvil = await startAnvil({
    port: options.l1Port,
    blockTime: options.l1BlockTime,
    slotsInAnEpoch: options.slotsInAnEpoch,
    accounts: accounts.length,
    signal,
  });
  try {
    const first = await genesisBlock(genesis);
    const addresses = await deployContracts({
      l1Url: anvil.url,
      deployerKey: accounts[DEPLOYER]!.privateKey,
      genesisStateRoot: first.stateRoot,
      l2ChainId: DEVNET_L2_CHAIN_ID,
      batchesPerSequencer: options.batchesPerSequencer,
      validium: true,
      sequencers: nodes.map(({ sequencer }) => sequencer.address),
      signal,
    });
    return {
      anvil,
      addresses,
      genesis,
      genesisFile,
      nodes,
      config: rollupConfig({
        name: 'devnet',
        l2ChainId: DEVNET_L2_CHAIN_ID,
        addresses,
        genesisHash: first.hash,
        genesisTimestamp: first.timestamp,
        batchesPerSequencer: options.batchesPerSequencer,
      }),
      stranger: accounts[STRANGER]!,
      depositor: accounts[DEPOSITOR]!,
      users: accounts.slice(FIRST_USER, FIRST_NODE),
      firstOpenBlock: Number(await anvil.rpc('eth_blockNumber')) + 1,
      stop: () => anvil.stop(),
    };
  } catch (error) {
    await anvil.stop();
    throw error;
  }
}
