import { z } from 'zod';
import type { BlockHeader } from '../../protocol/block.ts';
import { EMPTY_OMMERS_HASH } from '../../protocol/header.ts';
import { type Hex, ZERO_ADDRESS, ZERO_HASH } from '../../protocol/refs.ts';
import { ZERO_BLOOM } from '../../protocol/rlpReader.ts';
import { EMPTY_TRIE_ROOT } from '../../protocol/trieRoot.ts';
import { NO_REQUESTS_HASH } from '../executionPayload.ts';

/** Hardforks the engine has rules for, oldest first. All earlier ones must be active from genesis. */
export const FORKS = ['paris', 'shanghai', 'cancun', 'prague'] as const;
export type Fork = (typeof FORKS)[number];

export const atLeast = (fork: Fork, wanted: Fork): boolean => FORKS.indexOf(fork) >= FORKS.indexOf(wanted);

/** EIP-7840, in blobs a block. */
export interface BlobSchedule {
  readonly target: number;
  readonly max: number;
  readonly baseFeeUpdateFraction: number;
}

export interface GenesisAccount {
  readonly address: Hex;
  readonly balance: bigint;
  readonly nonce: bigint;
  readonly code: Hex;
  readonly storage: readonly (readonly [slot: Hex, value: Hex])[];
}

export interface Genesis {
  readonly chainId: bigint;
  /** Seconds since 1970 at which each fork begins; null when it never does. */
  readonly forkTimes: Readonly<Record<Exclude<Fork, 'paris'>, number | null>>;
  readonly blobSchedules: Readonly<Record<'cancun' | 'prague', BlobSchedule>>;
  readonly depositContract: Hex;
  /** The header but for its state root, which follows from the accounts. */
  readonly header: BlockHeader;
  readonly accounts: readonly GenesisAccount[];
}

/** Says in one sentence which field of a genesis file is wrong. */
export class GenesisError extends Error {
  override readonly name = 'GenesisError';
  readonly code = 'malformed_genesis';
}

/** geth writes numbers as decimal or hex strings, or as JSON numbers. */
const quantity = z.union([z.string(), z.number().int().nonnegative()]).transform((value, context) => {
  try {
    return BigInt(value);
  } catch {
    context.addIssue({ code: 'custom', message: `not a number: ${value}` });
    return z.NEVER;
  }
});

/** Hex with or without 0x, of whole bytes. */
const bytes = z.string().transform((value, context): Hex => {
  const digits = value.replace(/^0x/, '').toLowerCase();
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  if (/^[0-9a-f]*$/.test(even)) return `0x${even}`;
  context.addIssue({ code: 'custom', message: `not hex: ${value.slice(0, 40)}` });
  return z.NEVER;
});

const blobSchedule = z.object({
  target: z.number().int().nonnegative(),
  max: z.number().int().nonnegative(),
  baseFeeUpdateFraction: z.number().int().positive(),
});

const time = z.number().int().nonnegative().nullish();

const genesisFile = z.object({
  config: z.object({
    chainId: quantity,
    londonBlock: z.number().nullish(),
    shanghaiTime: time,
    cancunTime: time,
    pragueTime: time,
    osakaTime: time,
    depositContractAddress: bytes.nullish(),
    blobSchedule: z.object({ cancun: blobSchedule.nullish(), prague: blobSchedule.nullish() }).nullish(),
  }),
  nonce: bytes.default('0x'),
  timestamp: quantity.default(0n),
  extraData: bytes.default('0x'),
  gasLimit: quantity,
  difficulty: quantity.default(0n),
  mixHash: bytes.default(ZERO_HASH),
  coinbase: bytes.default(ZERO_ADDRESS),
  baseFeePerGas: quantity.nullish(),
  blobGasUsed: quantity.nullish(),
  excessBlobGas: quantity.nullish(),
  alloc: z.record(
    z.string(),
    z.object({
      balance: quantity.default(0n),
      nonce: quantity.default(0n),
      code: bytes.default('0x'),
      storage: z.record(z.string(), bytes).default({}),
    }),
  ),
});

type GenesisFile = z.infer<typeof genesisFile>;

/** Reads a genesis in geth's format. Throws GenesisError with the field's path. */
export function parseGenesis(json: unknown): Genesis {
  const parsed = genesisFile.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new GenesisError(`genesis: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is malformed'}`);
  }
  const file = parsed.data;
  const { config } = file;
  checkForks(config);
  const forkTimes = {
    shanghai: config.shanghaiTime ?? null,
    cancun: config.cancunTime ?? null,
    prague: config.pragueTime ?? null,
  };
  return {
    chainId: config.chainId,
    forkTimes,
    blobSchedules: {
      cancun: config.blobSchedule?.cancun ?? { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477 },
      prague: config.blobSchedule?.prague ?? { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 },
    },
    depositContract: config.depositContractAddress ?? ZERO_ADDRESS,
    header: genesisHeader(file, forkAt({ forkTimes }, Number(file.timestamp))),
    accounts: Object.entries(file.alloc).map(([address, account]) => ({
      address: paddedHex(address, 20),
      ...account,
      storage: Object.entries(account.storage).map(([slot, value]) => [paddedHex(slot, 32), value] as const),
    })),
  };
}

function checkForks(config: GenesisFile['config']): void {
  if (config.londonBlock !== undefined && config.londonBlock !== 0) {
    throw new GenesisError('genesis: this engine starts at the merge, so config.londonBlock must be 0');
  }
  if (config.osakaTime !== undefined && config.osakaTime !== null) {
    throw new GenesisError('genesis: config.osakaTime is set, and this engine knows hardforks up to Prague');
  }
}

/** The rules for a block of that timestamp. */
export function forkAt({ forkTimes }: Pick<Genesis, 'forkTimes'>, timestamp: number): Fork {
  const active = (fork: keyof typeof forkTimes) => {
    const start = forkTimes[fork];
    return start !== null && timestamp >= start;
  };
  if (active('prague')) return 'prague';
  if (active('cancun')) return 'cancun';
  return active('shanghai') ? 'shanghai' : 'paris';
}

function genesisHeader(file: GenesisFile, fork: Fork): BlockHeader {
  const cancun = atLeast(fork, 'cancun');
  return {
    parentHash: ZERO_HASH,
    ommersHash: EMPTY_OMMERS_HASH,
    beneficiary: paddedHex(file.coinbase, 20),
    stateRoot: ZERO_HASH,
    transactionsRoot: EMPTY_TRIE_ROOT,
    receiptsRoot: EMPTY_TRIE_ROOT,
    logsBloom: ZERO_BLOOM,
    difficulty: file.difficulty,
    number: 0,
    gasLimit: file.gasLimit,
    gasUsed: 0n,
    timestamp: Number(file.timestamp),
    extraData: file.extraData,
    prevRandao: paddedHex(file.mixHash, 32),
    nonce: paddedHex(file.nonce, 8),
    baseFeePerGas: file.baseFeePerGas ?? 1_000_000_000n,
    withdrawalsRoot: atLeast(fork, 'shanghai') ? EMPTY_TRIE_ROOT : null,
    blobGasUsed: cancun ? (file.blobGasUsed ?? 0n) : null,
    excessBlobGas: cancun ? (file.excessBlobGas ?? 0n) : null,
    parentBeaconBlockRoot: cancun ? ZERO_HASH : null,
    requestsHash: atLeast(fork, 'prague') ? NO_REQUESTS_HASH : null,
  };
}

function paddedHex(value: string, size: number): Hex {
  const digits = value.replace(/^0x/, '').toLowerCase();
  if (digits.length > 2 * size || !/^[0-9a-f]*$/.test(digits)) {
    throw new GenesisError(`genesis: ${value.slice(0, 80)} is not a hex string of up to ${size} bytes`);
  }
  return `0x${digits.padStart(2 * size, '0')}`;
}
