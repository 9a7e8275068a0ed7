/** The devnet's L2 at its first block. */
import { mnemonicToAccount } from 'viem/accounts';
import { toHex } from '../protocol/bytes.ts';
import type { Address, Hex } from '../protocol/refs.ts';
import type { DevAccount } from './anvil.ts';
import { L2_BRIDGE } from './bridge.ts';
import { contractCode } from './contracts.ts';

/** One below the chain id of ethrex's public L2 genesis, so that wallets keep the two apart. */
export const DEVNET_L2_CHAIN_ID = 65_536_998;

/** The mnemonic that every Ethereum development tool knows. Its keys are public: never for value. */
export const DEV_MNEMONIC = 'test test test test test test test test test test test junk';

/** Contracts for traffic; the addresses are chosen to be recognised. */
export const DEV_TOKEN: Address = '0x00000000000000000000000000000000000d0001';
export const DEV_COUNTER: Address = '0x00000000000000000000000000000000000d0002';

/** Gas ceiling of a block: what the bridge on L1 announces by default (`l2GasLimit`). */
export const L2_GAS_LIMIT = 30_000_000n;

/** 1,000,000 ether. */
const DEV_BALANCE = 1_000_000n * 10n ** 18n;

export interface GenesisOptions {
  readonly chainId?: number;
  /** Seconds since 1970; L2 blocks are younger. */
  readonly timestamp?: number;
  /** How many accounts of the mnemonic are funded. */
  readonly accounts?: number;
}

/** A genesis in geth's format. */
export interface GenesisFile {
  readonly config: Readonly<Record<string, unknown>>;
  readonly nonce: Hex;
  readonly timestamp: Hex;
  readonly extraData: Hex;
  readonly gasLimit: Hex;
  readonly difficulty: Hex;
  readonly mixHash: Hex;
  readonly coinbase: Hex;
  readonly baseFeePerGas: Hex;
  readonly alloc: Readonly<
    Record<string, { readonly balance: Hex; readonly nonce?: Hex; readonly code?: Hex }>
  >;
}

/** The first `count` development accounts, with keys. */
export function devAccounts(count: number): readonly DevAccount[] {
  return Array.from({ length: count }, (_, addressIndex) => {
    const account = mnemonicToAccount(DEV_MNEMONIC, { addressIndex });
    const key = account.getHdKey().privateKey;
    if (key === null) throw new Error(`no private key for account ${addressIndex}`);
    return { address: account.address.toLowerCase() as Address, privateKey: toHex(key) };
  });
}

/**
 * Prague from the first block, with funded accounts, the bridge and the contracts that traffic calls. It has none
 * of Prague's system contracts, as ethrex's L2 has none: their calls are skipped where there is no code.
 * Throws when a contract is not compiled.
 */
export function devnetGenesis(options: GenesisOptions = {}): GenesisFile {
  const { chainId = DEVNET_L2_CHAIN_ID, timestamp = 0, accounts = 10 } = options;
  const contract = (name: Parameters<typeof contractCode>[0]) => ({
    balance: '0x0' as const,
    nonce: '0x1' as const,
    code: contractCode(name).deployedBytecode,
  });
  const funded = devAccounts(accounts).map(
    ({ address }) => [address, { balance: hex(DEV_BALANCE) }] as const,
  );
  return {
    config: chainConfig(chainId),
    nonce: '0x0000000000000000',
    timestamp: hex(BigInt(timestamp)),
    extraData: '0x',
    gasLimit: hex(L2_GAS_LIMIT),
    difficulty: '0x0',
    mixHash: `0x${'00'.repeat(32)}`,
    coinbase: `0x${'00'.repeat(20)}`,
    baseFeePerGas: hex(1_000_000_000n),
    alloc: {
      ...Object.fromEntries(funded),
      [L2_BRIDGE]: contract('l2/L2Bridge'),
      [DEV_TOKEN]: contract('l2/DevToken'),
      [DEV_COUNTER]: contract('l2/Counter'),
    },
  };
}

/** Every hardfork to Prague at genesis. geth asks for each by name. */
function chainConfig(chainId: number): Readonly<Record<string, unknown>> {
  const blocks = [
    'homestead',
    'eip150',
    'eip155',
    'eip158',
    'byzantium',
    'constantinople',
    'petersburg',
    'istanbul',
    'berlin',
    'london',
    'mergeNetsplit',
  ].map((name) => [`${name}Block`, 0] as const);
  return {
    chainId,
    ...Object.fromEntries(blocks),
    terminalTotalDifficulty: 0,
    terminalTotalDifficultyPassed: true,
    shanghaiTime: 0,
    cancunTime: 0,
    pragueTime: 0,
    // EIP-7840. No L2 block holds blobs, but geth does not start without a schedule.
    blobSchedule: {
      cancun: { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477 },
      prague: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 },
    },
  };
}

const hex = (value: bigint): Hex => `0x${value.toString(16)}`;
