/** A sequencer on anvil's contracts, on a clock that stands still between its steps. For tests. */
import type { Anvil } from '../devnet/anvil.ts';
import { deployContracts, type RollupAddresses } from '../devnet/deploy.ts';
import { DEVNET_L2_CHAIN_ID, devAccounts } from '../devnet/genesis.ts';
import { bridgeDepositor, type Depositor } from '../devnet/traffic.ts';
import { ManualClock } from '../lib/clock.ts';
import type { Address, Hash } from '../protocol/refs.ts';
import { httpRpc } from '../sequencer/httpRpc.ts';
import { RpcL1Account } from '../sequencer/l1Account.ts';
import { L1Contracts } from '../sequencer/l1Contracts.ts';
import { type BlobCommitter, LocalSigner } from '../sequencer/localSigner.ts';
import type { JsonRpc } from '../sequencer/ports.ts';
import {
  alwaysLeading,
  createSequencer,
  type Sequencer,
  type SequencerDeps,
  type SequencerOptions,
} from '../sequencer/sequencer.ts';
import { DEFAULT_BATCH_LIMITS } from '../sequencer/state/grouping.ts';

export const WORLD_START = 1_700_000_000_000;

const GWEI = 10n ** 9n;
/** Accounts of the development mnemonic, by use; the rest is free. */
const [deployer, committer, verifier, depositor] = devAccounts(4);

export interface WorldOptions {
  readonly anvil: Anvil;
  readonly genesisStateRoot: Hash;
  /** Default: the devnet's. */
  readonly l2ChainId?: number;
  readonly engine: Pick<SequencerDeps, 'engine' | 'source' | 'pool' | 'outgoing'>;
  /** Null commits in calldata alone (validium). */
  readonly kzg: (() => Promise<BlobCommitter>) | null;
  /** How the sequencer reaches L1; by default anvil alone. */
  readonly l1?: JsonRpc;
}

export interface SequencerOnAnvil {
  readonly clock: ManualClock;
  readonly addresses: RollupAddresses;
  readonly contracts: L1Contracts;
  readonly sequencer: Sequencer;
  readonly bridge: Depositor;
  /** One step of the sequencer a second, and one L1 block after it. */
  run(seconds: number): Promise<void>;
  /** Runs until that many batches are committed, at most a minute of its clock. */
  until(batches: number): Promise<void>;
}

/** A block a second, a commit every three, a verification one batch later. */
function sequencerOptions(
  proposer: Address,
  mode: 'validium' | 'rollup',
  l2ChainId: number,
): SequencerOptions {
  const limits = DEFAULT_BATCH_LIMITS;
  const fees = { maxFeePerGas: 500n * GWEI, maxFeePerBlobGas: 500n * GWEI };
  const submitter = { ...fees, resubmitAfterMs: 20_000, proposer };
  return {
    producer: { blockTimeMs: 1_000, feeRecipient: deployer!.address, gasLimit: 30_000_000n, limits },
    watcher: { l2ChainId, startBlock: 0, confirmations: 0, maxRange: 100 },
    committer: { ...submitter, mode, commitIntervalMs: 3_000, limits },
    verifier: { ...submitter, lagBatches: 1, maxBatches: 4 },
    l1PollMs: 1_000,
    tickMs: 100,
  };
}

/** Deploys the contracts, which needs an anvil that mines at once, and takes its mining over. */
export async function sequencerOnAnvil(options: WorldOptions): Promise<SequencerOnAnvil> {
  const { anvil, kzg, l2ChainId = DEVNET_L2_CHAIN_ID } = options;
  const clock = new ManualClock(WORLD_START);
  await anvil.rpc('evm_setAutomine', [true]);
  const addresses = await deployContracts({
    l1Url: anvil.url,
    deployerKey: deployer!.privateKey,
    genesisStateRoot: options.genesisStateRoot,
    l2ChainId,
    validium: kzg === null,
    sequencers: [committer!.address],
  });
  await anvil.rpc('evm_setAutomine', [false]);
  const { l1ChainId: chainId, bridge, onChainProposer: proposer, sequencerRegistry: registry } = addresses;
  const rpc = options.l1 ?? httpRpc(anvil.url, { timeoutMs: 10_000 });
  const account = ({ privateKey }: { privateKey: Hash }) =>
    new RpcL1Account({ chainId }, { rpc, signer: new LocalSigner({ privateKey }, { kzg }) });
  const contracts = new L1Contracts({ proposer, bridge, registry }, { rpc });
  const sequencer = createSequencer(
    sequencerOptions(proposer, kzg === null ? 'validium' : 'rollup', l2ChainId),
    {
      ...options.engine,
      clock,
      contracts,
      bridgeLogs: contracts,
      committerAccount: account(committer!),
      verifierAccount: account(verifier!),
      leadership: alwaysLeading,
      journal: { append: async (kind, payload) => ({ seq: 1, at: 0, kind, ref: null, payload }) },
    },
  );
  const run = async (seconds: number): Promise<void> => {
    for (let left = seconds; left > 0; left--) {
      await clock.advance(1_000);
      await sequencer.step();
      await anvil.rpc('evm_mine');
    }
  };
  return {
    clock,
    addresses,
    contracts,
    sequencer,
    bridge: bridgeDepositor({ bridge, chainId, privateKey: depositor!.privateKey }, { l1: rpc }),
    run,
    async until(batches) {
      for (let second = 0; second < 60; second++) {
        if ((await contracts.snapshot()).lastCommittedBatch >= batches) return;
        await run(1);
      }
      throw new Error(`not ${batches} batches: ${JSON.stringify(sequencer.status().troubles)}`);
    },
  };
}
