import type { BatchCommit } from '../protocol/batch.ts';
import type { BlockHeader, SealedBlock, Withdrawal } from '../protocol/block.ts';
import { encodeBlock, sealBlock } from '../protocol/blockCodec.ts';
import { bigIntToBytes, concatBytes, fromHex } from '../protocol/bytes.ts';
import { type BasedSelector, type CommitBatchInput, encodeCommitBatch } from '../protocol/commitBatch.ts';
import { encodePrivilegedTransaction, privilegedRollingHash } from '../protocol/privileged.ts';
import { type Address, type Hash, ZERO_ADDRESS, ZERO_HASH } from '../protocol/refs.ts';
import { encodeRlp, type RlpItem } from '../protocol/rlp.ts';
import { ZERO_BLOOM } from '../protocol/rlpReader.ts';
import { DEFAULT_LIMITS, type RollupConfig } from '../protocol/rollupConfig.ts';
import { isPrivileged, transactionHash } from '../protocol/transaction.ts';

/** A small based chain made from nothing, for tests of codecs and derivation. Every value is fixed. */

export const SAMPLE_CHAIN_ID = 65_536_999n;
export const PROPOSER: Address = `0x${'0c'.repeat(20)}`;
const BRIDGE: Address = '0x000000000000000000000000000000000000ffff';

/** 32 bytes that repeat one byte: a hash that reads well in a failure. */
export const hashOf = (byte: number): Hash => `0x${byte.toString(16).padStart(2, '0').repeat(32)}`;

export const SAMPLE_CONFIG: RollupConfig = {
  name: 'sample',
  l1ChainId: 1,
  l2ChainId: Number(SAMPLE_CHAIN_ID),
  onChainProposer: PROPOSER,
  sequencerRegistry: null,
  bridge: null,
  l1StartBlock: 0,
  l2GenesisHash: hashOf(0x99),
  l2GenesisTimestamp: 1_700_000_000,
  batchesPerSequencer: 32,
  limits: DEFAULT_LIMITS,
};

/** keccak-free placeholder fields of a Prague header as an L2 producer fills them. */
const HEADER: Omit<BlockHeader, 'transactionsRoot' | 'withdrawalsRoot' | 'ommersHash'> = {
  parentHash: SAMPLE_CONFIG.l2GenesisHash,
  beneficiary: ZERO_ADDRESS,
  stateRoot: hashOf(0x57),
  receiptsRoot: hashOf(0x2e),
  logsBloom: ZERO_BLOOM,
  difficulty: 0n,
  number: 1,
  gasLimit: 30_000_000n,
  gasUsed: 21_000n,
  timestamp: SAMPLE_CONFIG.l2GenesisTimestamp + 5,
  extraData: '0x',
  prevRandao: ZERO_HASH,
  nonce: '0x0000000000000000',
  baseFeePerGas: 7n,
  blobGasUsed: 0n,
  excessBlobGas: 0n,
  parentBeaconBlockRoot: ZERO_HASH,
  requestsHash: '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
};

export const sampleBlock = (
  fields: Partial<typeof HEADER> = {},
  transactions: readonly Uint8Array[] = [],
  withdrawals: readonly Withdrawal[] | null = [],
): SealedBlock => sealBlock({ ...HEADER, ...fields }, transactions, withdrawals);

/** Block 1 to `length`, linked from genesis on, five seconds apart; `transactionsOf` fills each. */
export function sampleChain(
  length: number,
  transactionsOf: (number: number) => readonly Uint8Array[] = () => [],
): readonly SealedBlock[] {
  const blocks: SealedBlock[] = [];
  for (let number = 1; number <= length; number++) {
    const parentHash = blocks.at(-1)?.hash ?? HEADER.parentHash;
    const timestamp = HEADER.timestamp + 5 * (number - 1);
    blocks.push(
      sampleBlock({ number, parentHash, timestamp, stateRoot: hashOf(number % 256) }, transactionsOf(number)),
    );
  }
  return blocks;
}

export const sampleDeposit = (messageId: number): Uint8Array =>
  encodePrivilegedTransaction({
    chainId: SAMPLE_CHAIN_ID,
    from: BRIDGE,
    to: BRIDGE,
    messageId: BigInt(messageId),
    value: 10n ** 18n,
    gasLimit: 105_000n,
    data: fromHex(`0xb0f4d395${'00'.repeat(12)}${'ab'.repeat(20)}`),
    maxFeePerGas: 1_000_000_007n,
    maxPriorityFeePerGas: 1_000_000_000n,
  });

const uint = (value: number | bigint): Uint8Array => bigIntToBytes(BigInt(value));
const bytes20 = new Uint8Array(20).fill(0xaa);
/** Begins with 1, as a versioned hash must (EIP-4844). */
const bytes32 = new Uint8Array(32).fill(0xbb).fill(0x01, 0, 1);
const signature = [uint(1), bytes32, bytes32];
const accessList: RlpItem = [
  [bytes20, [bytes32, bytes32]],
  [bytes20, []],
];
const call = [uint(21_000), bytes20, uint(5), new Uint8Array(3).fill(9)];

/** The payload fields of one transaction of each type, by the type's name. Signatures are of no key. */
export const TRANSACTION_PAYLOADS = {
  legacy: [uint(3), uint(7), ...call, uint(2n * SAMPLE_CHAIN_ID + 35n), bytes32, bytes32],
  accessList: [uint(SAMPLE_CHAIN_ID), uint(3), uint(7), ...call, accessList, ...signature],
  dynamicFee: [uint(SAMPLE_CHAIN_ID), uint(3), uint(1), uint(7), ...call, accessList, ...signature],
  blob: [
    uint(SAMPLE_CHAIN_ID),
    uint(3),
    uint(1),
    uint(7),
    ...call,
    accessList,
    uint(9),
    [bytes32],
    ...signature,
  ],
  setCode: [
    ...[uint(SAMPLE_CHAIN_ID), uint(3), uint(1), uint(7), ...call, accessList],
    [[uint(SAMPLE_CHAIN_ID), bytes20, uint(4), ...signature]],
    ...signature,
  ],
  feeToken: [uint(SAMPLE_CHAIN_ID), uint(3), uint(1), uint(7), ...call, accessList, bytes20, ...signature],
  privileged: [uint(SAMPLE_CHAIN_ID), uint(3), uint(1), uint(7), ...call, accessList, bytes20],
} as const satisfies Record<string, readonly RlpItem[]>;

export const typedTransaction = (type: number, payload: readonly RlpItem[]): Uint8Array =>
  type === 0 ? encodeRlp(payload) : concatBytes(Uint8Array.of(type), encodeRlp(payload));

/** One transaction of each type that a block may hold. */
export const SAMPLE_TRANSACTIONS: readonly Uint8Array[] = [
  typedTransaction(0x00, TRANSACTION_PAYLOADS.legacy),
  typedTransaction(0x01, TRANSACTION_PAYLOADS.accessList),
  typedTransaction(0x02, TRANSACTION_PAYLOADS.dynamicFee),
  typedTransaction(0x03, TRANSACTION_PAYLOADS.blob),
  typedTransaction(0x04, TRANSACTION_PAYLOADS.setCode),
  typedTransaction(0x7d, TRANSACTION_PAYLOADS.feeToken),
  typedTransaction(0x7e, TRANSACTION_PAYLOADS.privileged),
];

/** What an honest committer would say about these blocks. */
export function commitInputFor(
  blocks: readonly SealedBlock[],
  overrides: Partial<CommitBatchInput> = {},
): CommitBatchInput {
  const transactions = blocks.flatMap((block) => block.transactions);
  const privileged = transactions.filter(isPrivileged);
  return {
    batchNumber: 1n,
    newStateRoot: blocks.at(-1)?.header.stateRoot ?? ZERO_HASH,
    withdrawalsLogsMerkleRoot: ZERO_HASH,
    privilegedRollingHash: privilegedRollingHash(privileged.map(transactionHash)),
    lastBlockHash: blocks.at(-1)?.hash ?? ZERO_HASH,
    nonPrivilegedTransactions: BigInt(transactions.length - privileged.length),
    commitHash: hashOf(0xcc),
    rlpBlocks: blocks.map((block) => encodeBlock(block, { items: block.withdrawals?.length ? 4 : 3 })),
    ...overrides,
  };
}

export interface SampleCommitOptions {
  /** What differs from the honest commit. */
  readonly claims?: Partial<CommitBatchInput>;
  readonly shape?: BasedSelector;
  /** Replaces the calldata altogether. */
  readonly input?: Uint8Array;
  readonly to?: Address | null;
  readonly blobVersionedHashes?: readonly Hash[];
  /** The event's own number and state root, when they differ from what the blocks say. */
  readonly event?: { readonly batchNumber?: number; readonly newStateRoot?: Hash };
  readonly logIndex?: number;
}

/** A commit of these blocks as the L1 reader would report it. */
export function sampleCommit(blocks: readonly SealedBlock[], options: SampleCommitOptions = {}): BatchCommit {
  const claims = commitInputFor(blocks, options.claims);
  return {
    batchNumber: options.event?.batchNumber ?? Number(claims.batchNumber),
    newStateRoot: options.event?.newStateRoot ?? blocks.at(-1)?.header.stateRoot ?? ZERO_HASH,
    l1Block: { number: 100, hash: hashOf(0x11), parentHash: hashOf(0x10), timestamp: 1_700_001_000 },
    logIndex: options.logIndex ?? 0,
    transaction: {
      hash: hashOf(0x77),
      from: `0x${'5e'.repeat(20)}`,
      to: options.to === undefined ? PROPOSER : options.to,
      input: options.input ?? encodeCommitBatch(claims, options.shape),
      blobVersionedHashes: options.blobVersionedHashes ?? [],
    },
  };
}
