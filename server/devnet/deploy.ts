/** Puts the based rollup's contracts on the devnet's L1. */
import { encodeDeployData, encodeFunctionData, getContractAddress } from 'viem';
import { sequencerRegistryAbi } from '../protocol/contractsAbi.ts';
import type { Address, Hash, Hex } from '../protocol/refs.ts';
import { contractCode } from './contracts.ts';
import { type L1Wallet, openL1Wallet } from './l1Wallet.ts';

export interface DeployOptions {
  readonly l1Url: string;
  /** Pays for everything; may be a sequencer's key too, but nothing else may send from it meanwhile. */
  readonly deployerKey: Hex;
  readonly genesisStateRoot: Hash;
  readonly l2ChainId: number;
  /** Length of a sequencer's term in batches. Default 32, as ethrex deploys. */
  readonly batchesPerSequencer?: number;
  /** True: blocks in calldata alone. False (the default): every commit must carry a blob too. */
  readonly validium?: boolean;
  /** Seconds an L1 message may wait. Default 3000, as ethrex's deployer. */
  readonly inclusionMaxWait?: number;
  /** Default 30,000,000. */
  readonly l2GasLimit?: bigint;
  /** Registered in this order with the least collateral. Default none. */
  readonly sequencers?: readonly Address[];
  readonly signal?: AbortSignal;
}

export interface RollupAddresses {
  readonly l1ChainId: number;
  readonly onChainProposer: Address;
  readonly sequencerRegistry: Address;
  readonly bridge: Address;
  /** The first L1 block that holds one of the contracts: nothing of the rollup is before it. */
  readonly deployedAtBlock: number;
}

/** Estimates would fail: each constructor names contracts that are not there yet. */
const DEPLOY_GAS = 3_000_000n;
const REGISTER_GAS = 200_000n;
export const MIN_COLLATERAL = 10n ** 18n;

/**
 * Deploys registry, bridge and proposer and registers the sequencers. All transactions are sent before the first
 * receipt is awaited, so an L1 with a block time takes one block for them. Throws L1WalletError.
 */
export async function deployContracts(options: DeployOptions): Promise<RollupAddresses> {
  const wallet = await openL1Wallet(options.l1Url, options.deployerKey);
  const addresses = await nextAddresses(wallet);
  const { onChainProposer, sequencerRegistry, bridge } = addresses;
  const calls = [
    ...creations(options, addresses).map((data) => ({ data, gas: DEPLOY_GAS })),
    ...(options.sequencers ?? []).map((sequencer) => ({
      to: sequencerRegistry,
      data: registerCall(sequencer),
      value: MIN_COLLATERAL,
      gas: REGISTER_GAS,
    })),
  ];
  const hashes = await Promise.all(calls.map((call) => wallet.send(call)));
  const receipts = await Promise.all(hashes.map((hash) => wallet.wait(hash, options.signal)));
  return {
    l1ChainId: await wallet.client.getChainId(),
    onChainProposer,
    sequencerRegistry,
    bridge,
    deployedAtBlock: Math.min(...receipts.map((receipt) => receipt.l1Block.number)),
  };
}

export const registerCall = (sequencer: Address): Hex =>
  encodeFunctionData({ abi: sequencerRegistryAbi, functionName: 'register', args: [sequencer] });

type Addresses = Pick<RollupAddresses, 'onChainProposer' | 'sequencerRegistry' | 'bridge'>;

/** The contracts name each other, so their addresses are computed from the deployer's nonces beforehand. */
async function nextAddresses(wallet: L1Wallet): Promise<Addresses> {
  const nonce = await wallet.client.getTransactionCount({ address: wallet.address, blockTag: 'pending' });
  const at = (offset: number): Address =>
    getContractAddress({ from: wallet.address, nonce: BigInt(nonce + offset) }).toLowerCase() as Address;
  return { sequencerRegistry: at(0), bridge: at(1), onChainProposer: at(2) };
}

/** Creation code in the order of `nextAddresses`. */
function creations(options: DeployOptions, { onChainProposer, sequencerRegistry, bridge }: Addresses): Hex[] {
  const chainId = BigInt(options.l2ChainId);
  const creation = (name: Parameters<typeof contractCode>[0], args: readonly unknown[]): Hex => {
    const { abi, bytecode } = contractCode(name);
    return encodeDeployData({ abi, bytecode, args });
  };
  const { batchesPerSequencer = 32, inclusionMaxWait = 3000, l2GasLimit = 30_000_000n } = options;
  return [
    creation('SequencerRegistry', [onChainProposer, BigInt(batchesPerSequencer)]),
    creation('CommonBridge', [onChainProposer, BigInt(inclusionMaxWait), chainId, l2GasLimit]),
    creation('OnChainProposer', [
      options.validium ?? false,
      bridge,
      sequencerRegistry,
      options.genesisStateRoot,
      chainId,
    ]),
  ];
}
