/** The rollup's contracts on an anvil of their own, what is sent to them, and what they refuse. */
import { encodeFunctionData } from 'viem';
import { type Anvil, startAnvil } from '../devnet/anvil.ts';
import { deployContracts, type RollupAddresses } from '../devnet/deploy.ts';
import { type L1Wallet, openL1Wallet, revertReason } from '../devnet/l1Wallet.ts';
import { commonBridgeAbi, onChainProposerAbi, sequencerRegistryAbi } from '../protocol/contractsAbi.ts';
import { type Address, type Hash, type Hex, ZERO_HASH } from '../protocol/refs.ts';

export const L2_CHAIN_ID = 65536999;
export const GENESIS_ROOT: Hash = `0x${'47'.repeat(32)}`;
export const hash32 = (value: number | bigint): Hash => `0x${value.toString(16).padStart(64, '0')}`;
const BLOB_HASH: Hash = `0x01${'ab'.repeat(31)}`;

export interface Deployed extends RollupAddresses {
  read(name: 'lastCommittedBatch' | 'lastVerifiedBatch'): Promise<number>;
  commitment(batch: number): Promise<readonly unknown[]>;
  pending(): Promise<readonly Hash[]>;
  leader(batch?: number): Promise<string>;
}

async function deployed(
  anvil: Anvil,
  s0: L1Wallet,
  options: Partial<Parameters<typeof deployContracts>[0]>,
): Promise<Deployed> {
  const addresses = await deployContracts({
    l1Url: anvil.url,
    deployerKey: anvil.accounts[0]!.privateKey,
    genesisStateRoot: GENESIS_ROOT,
    l2ChainId: L2_CHAIN_ID,
    validium: true,
    sequencers: [s0.address],
    ...options,
  });
  const proposer = { address: addresses.onChainProposer, abi: onChainProposerAbi } as const;
  const registry = { address: addresses.sequencerRegistry, abi: sequencerRegistryAbi } as const;
  const { client } = s0;
  return {
    ...addresses,
    read: async (functionName) => Number(await client.readContract({ ...proposer, functionName })),
    commitment: (batch) =>
      client.readContract({ ...proposer, functionName: 'batchCommitments', args: [BigInt(batch)] }),
    pending: () =>
      client.readContract({
        address: addresses.bridge,
        abi: commonBridgeAbi,
        functionName: 'getPendingTransactionHashes',
      }),
    leader: async (batch) =>
      (batch === undefined
        ? await client.readContract({ ...registry, functionName: 'leaderSequencer' })
        : await client.readContract({
            ...registry,
            functionName: 'leadSequencerForBatch',
            args: [BigInt(batch)],
          })
      ).toLowerCase(),
  };
}

/** An L1, and the people of it: `s0` and `s1` are sequencers. */
export interface ContractsOnL1 {
  readonly anvil: Anvil;
  readonly s0: L1Wallet;
  readonly s1: L1Wallet;
  readonly stranger: L1Wallet;
  /** The contracts of a rollup of their own: a validium with `s0` as its sequencer, unless told otherwise. */
  deployed(options?: Partial<Parameters<typeof deployContracts>[0]>): Promise<Deployed>;
  stop(): Promise<void>;
}

export async function contractsOnL1(): Promise<ContractsOnL1> {
  const anvil = await startAnvil();
  const wallets = anvil.accounts.slice(1, 4).map((account) => openL1Wallet(anvil.url, account.privateKey));
  const [s0, s1, stranger] = (await Promise.all(wallets)) as [L1Wallet, L1Wallet, L1Wallet];
  return {
    anvil,
    s0,
    s1,
    stranger,
    deployed: (options = {}) => deployed(anvil, s0, options),
    stop: () => anvil.stop(),
  };
}

interface Commit {
  readonly batch: number;
  readonly withdrawals?: Hash;
  readonly rolling?: Hash;
  readonly lastBlockHash?: Hash;
  readonly nonPrivileged?: bigint;
  readonly commitHash?: Hash;
}
export const commitData = ({
  batch,
  withdrawals,
  rolling,
  lastBlockHash,
  nonPrivileged,
  commitHash,
}: Commit): Hex =>
  encodeFunctionData({
    abi: onChainProposerAbi,
    functionName: 'commitBatch',
    args: [
      BigInt(batch),
      hash32(batch + 1000),
      withdrawals ?? ZERO_HASH,
      rolling ?? ZERO_HASH,
      lastBlockHash ?? hash32(batch + 2000),
      nonPrivileged ?? 0n,
      commitHash ?? hash32(1),
      [],
    ],
  });
export const verifyData = (first: number, count: number, others = count): Hex => {
  const proofs = (length: number): Hex[] => new Array<Hex>(length).fill('0x');
  const args = [BigInt(first), proofs(count), proofs(others), proofs(count)] as const;
  return encodeFunctionData({ abi: onChainProposerAbi, functionName: 'verifyBatches', args });
};
export const unregisterData = (sequencer: Address): Hex =>
  encodeFunctionData({ abi: sequencerRegistryAbi, functionName: 'unregister', args: [sequencer] });

export const mined = async (wallet: L1Wallet, to: Address, data: Hex, value = 0n) =>
  wallet.wait(await wallet.send({ to, data, value }));
export const commit = (wallet: L1Wallet, contracts: Deployed, arguments_: Commit) =>
  mined(wallet, contracts.onChainProposer, commitData(arguments_));

/** What a call reverts with: a custom error's name or a string; null when it succeeds. */
export async function refusal(
  from: L1Wallet,
  to: Address,
  data: Hex,
  extra: object = {},
): Promise<string | null> {
  const call = { from: from.address, to, data, gas: '0x2faf080', ...extra };
  try {
    await from.client.request({ method: 'eth_call', params: [call as never, 'latest'] });
    return null;
  } catch (error) {
    return revertReason(error) ?? `no revert data: ${String(error)}`;
  }
}
export const withBlob = {
  type: '0x3',
  blobVersionedHashes: [BLOB_HASH],
  maxFeePerBlobGas: '0xffffff',
  maxFeePerGas: '0x174876e800',
};
