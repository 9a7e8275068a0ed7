import type { BlockHeader, SealedBlock, Withdrawal } from '../protocol/block.ts';
import { sealBlock } from '../protocol/blockCodec.ts';
import { toHex, tryFromHex } from '../protocol/bytes.ts';
import type { PayloadAttributes } from '../protocol/forkchoice.ts';
import type { Hash, Hex } from '../protocol/refs.ts';
import { decodeRlp } from '../protocol/rlp.ts';
import { TRANSACTION_TYPE } from '../protocol/transaction.ts';

/** sha256 of nothing: what EIP-7685 puts in a header when the block has no execution requests. */
export const NO_REQUESTS_HASH: Hash = '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** execution-apis `WithdrawalV1`. */
export interface WithdrawalJson {
  readonly index: Hex;
  readonly validatorIndex: Hex;
  readonly address: Hex;
  readonly amount: Hex;
}

/**
 * execution-apis `ExecutionPayloadV1` to `V3`; the fields of a later version are absent from an earlier one, or null
 * where geth writes it.
 */
export interface ExecutionPayloadJson {
  readonly parentHash: Hash;
  readonly feeRecipient: Hex;
  readonly stateRoot: Hash;
  readonly receiptsRoot: Hash;
  readonly logsBloom: Hex;
  readonly prevRandao: Hash;
  readonly blockNumber: Hex;
  readonly gasLimit: Hex;
  readonly gasUsed: Hex;
  readonly timestamp: Hex;
  readonly extraData: Hex;
  readonly baseFeePerGas: Hex;
  readonly blockHash: Hash;
  readonly transactions: readonly Hex[];
  readonly withdrawals?: readonly WithdrawalJson[] | null;
  readonly blobGasUsed?: Hex | null;
  readonly excessBlobGas?: Hex | null;
}

/** What `engine_newPayload` carries beside the payload because the payload itself lacks it. */
export interface PayloadCompanions {
  readonly expectedBlobVersionedHashes: readonly Hash[];
  readonly parentBeaconBlockRoot: Hash | null;
  /** EIP-7685; null before Prague. */
  readonly executionRequests: readonly Hex[] | null;
}

/** A block that no `ExecutionPayload` can express, so that no engine can be given it. */
export class UnrepresentableBlockError extends Error {
  override readonly name = 'UnrepresentableBlockError';
  readonly code = 'unrepresentable_block';
}

/** JSON that is not what the execution-apis schema says. The message names the field. */
export class MalformedPayloadError extends Error {
  override readonly name = 'MalformedPayloadError';
  readonly code = 'malformed_payload';
}

export const quantity = (value: bigint | number): Hex => `0x${value.toString(16)}`;

export function toExecutionPayload(block: SealedBlock): ExecutionPayloadJson {
  const { header, withdrawals } = block;
  if (header.baseFeePerGas === null) {
    throw new UnrepresentableBlockError(
      `block ${header.number} has no base fee: it is older than the Engine API`,
    );
  }
  return {
    parentHash: header.parentHash,
    feeRecipient: header.beneficiary,
    stateRoot: header.stateRoot,
    receiptsRoot: header.receiptsRoot,
    logsBloom: header.logsBloom,
    prevRandao: header.prevRandao,
    blockNumber: quantity(header.number),
    gasLimit: quantity(header.gasLimit),
    gasUsed: quantity(header.gasUsed),
    timestamp: quantity(header.timestamp),
    extraData: header.extraData,
    baseFeePerGas: quantity(header.baseFeePerGas),
    blockHash: block.hash,
    transactions: block.transactions.map(toHex),
    ...(withdrawals === null ? {} : { withdrawals: withdrawals.map(toWithdrawalJson) }),
    ...(header.blobGasUsed === null ? {} : { blobGasUsed: quantity(header.blobGasUsed) }),
    ...(header.excessBlobGas === null ? {} : { excessBlobGas: quantity(header.excessBlobGas) }),
  };
}

/**
 * What goes beside the payload. A sealed block names its execution requests only by their hash, and blocks of a rollup
 * have none: any other hash cannot be turned back into requests. Throws UnrepresentableBlockError.
 */
export function companionsOf(block: SealedBlock): PayloadCompanions {
  const { requestsHash, parentBeaconBlockRoot, number } = block.header;
  if (requestsHash !== null && requestsHash !== NO_REQUESTS_HASH) {
    throw new UnrepresentableBlockError(
      `block ${number} has execution requests (requestsHash ${requestsHash}), which the batch does not carry`,
    );
  }
  return {
    expectedBlobVersionedHashes: block.transactions.flatMap(blobVersionedHashes),
    parentBeaconBlockRoot,
    executionRequests: requestsHash === null ? null : [],
  };
}

/** Versioned hashes a transaction commits to (EIP-4844), empty for other types and for bytes that do not decode. */
export function blobVersionedHashes(encoded: Uint8Array): readonly Hash[] {
  if (encoded[0] !== TRANSACTION_TYPE.blob) return [];
  const fields = decodeRlp(encoded.subarray(1));
  if (!fields.ok || fields.value instanceof Uint8Array) return [];
  const hashes = fields.value[10];
  if (hashes === undefined || hashes instanceof Uint8Array) return [];
  return hashes.map((hash) => (hash instanceof Uint8Array ? toHex(hash) : '0x'));
}

/**
 * The block a payload describes, with its hash computed from the contents; the payload's own `blockHash` is only a
 * claim. `requestsHash` is null before Prague. Throws MalformedPayloadError.
 */
export function fromExecutionPayload(
  payload: ExecutionPayloadJson,
  parentBeaconBlockRoot: Hash | null,
  requestsHash: Hash | null,
): SealedBlock {
  const header: Omit<BlockHeader, 'transactionsRoot' | 'withdrawalsRoot' | 'ommersHash'> = {
    parentHash: fixed(payload.parentHash, 'parentHash', 32),
    beneficiary: fixed(payload.feeRecipient, 'feeRecipient', 20),
    stateRoot: fixed(payload.stateRoot, 'stateRoot', 32),
    receiptsRoot: fixed(payload.receiptsRoot, 'receiptsRoot', 32),
    logsBloom: fixed(payload.logsBloom, 'logsBloom', 256),
    difficulty: 0n,
    number: safeNumber(payload.blockNumber, 'blockNumber'),
    gasLimit: uint(payload.gasLimit, 'gasLimit', 64),
    gasUsed: uint(payload.gasUsed, 'gasUsed', 64),
    timestamp: safeNumber(payload.timestamp, 'timestamp'),
    extraData: data(payload.extraData, 'extraData', 32),
    prevRandao: fixed(payload.prevRandao, 'prevRandao', 32),
    nonce: '0x0000000000000000',
    baseFeePerGas: uint(payload.baseFeePerGas, 'baseFeePerGas', 256),
    blobGasUsed: payload.blobGasUsed == null ? null : uint(payload.blobGasUsed, 'blobGasUsed', 64),
    excessBlobGas: payload.excessBlobGas == null ? null : uint(payload.excessBlobGas, 'excessBlobGas', 64),
    parentBeaconBlockRoot,
    requestsHash,
  };
  const withdrawals = payload.withdrawals == null ? null : payload.withdrawals.map(readWithdrawal);
  return sealBlock(header, array(payload.transactions, 'transactions').map(transactionBytes), withdrawals);
}

/** execution-apis `PayloadAttributesV1` to `V3` with the extension fields of `PayloadAttributes`. */
export interface PayloadAttributesJson {
  readonly timestamp: Hex;
  readonly prevRandao: Hash;
  readonly suggestedFeeRecipient: Hex;
  readonly withdrawals?: readonly WithdrawalJson[];
  readonly parentBeaconBlockRoot?: Hash;
  readonly transactions?: readonly Hex[];
  readonly noTxPool?: boolean;
  readonly gasLimit?: Hex;
}

export function toAttributesJson(attributes: PayloadAttributes): PayloadAttributesJson {
  const { transactions, noTxPool, gasLimit } = attributes;
  return {
    timestamp: quantity(attributes.timestamp),
    prevRandao: attributes.prevRandao,
    suggestedFeeRecipient: attributes.suggestedFeeRecipient,
    withdrawals: attributes.withdrawals.map(toWithdrawalJson),
    parentBeaconBlockRoot: attributes.parentBeaconBlockRoot,
    ...(transactions === undefined ? {} : { transactions }),
    ...(noTxPool === undefined ? {} : { noTxPool }),
    ...(gasLimit === undefined ? {} : { gasLimit: quantity(gasLimit) }),
  };
}

/** Throws MalformedPayloadError. */
export function fromAttributesJson(json: PayloadAttributesJson): PayloadAttributes {
  return {
    timestamp: safeNumber(json.timestamp, 'timestamp'),
    prevRandao: fixed(json.prevRandao, 'prevRandao', 32),
    suggestedFeeRecipient: fixed(json.suggestedFeeRecipient, 'suggestedFeeRecipient', 20),
    withdrawals: array(json.withdrawals ?? [], 'withdrawals').map(readWithdrawal),
    parentBeaconBlockRoot: fixed(
      json.parentBeaconBlockRoot ?? `0x${'00'.repeat(32)}`,
      'parentBeaconBlockRoot',
      32,
    ),
    ...(json.transactions === undefined
      ? {}
      : {
          transactions: array(json.transactions, 'transactions').map((hex) => toHex(transactionBytes(hex))),
        }),
    ...(json.noTxPool === undefined ? {} : { noTxPool: json.noTxPool === true }),
    ...(json.gasLimit === undefined ? {} : { gasLimit: uint(json.gasLimit, 'gasLimit', 64) }),
  };
}

const toWithdrawalJson = ({ index, validatorIndex, address, amount }: Withdrawal): WithdrawalJson => ({
  index: quantity(index),
  validatorIndex: quantity(validatorIndex),
  address,
  amount: quantity(amount),
});

function readWithdrawal(json: WithdrawalJson): Withdrawal {
  if (typeof json !== 'object' || json === null)
    throw new MalformedPayloadError('withdrawal is not an object');
  return {
    index: uint(json.index, 'withdrawal index', 64),
    validatorIndex: uint(json.validatorIndex, 'withdrawal validatorIndex', 64),
    address: fixed(json.address, 'withdrawal address', 20),
    amount: uint(json.amount, 'withdrawal amount', 64),
  };
}

function transactionBytes(hex: Hex): Uint8Array {
  const bytes = typeof hex === 'string' ? tryFromHex(hex) : null;
  if (bytes === null || bytes.length === 0) throw new MalformedPayloadError('transaction is not hex');
  return bytes;
}

function array<T>(value: readonly T[], name: string): readonly T[] {
  if (!Array.isArray(value)) throw new MalformedPayloadError(`${name} is not an array`);
  return value;
}

function data(value: unknown, name: string, maxBytes: number): Hex {
  if (typeof value !== 'string' || !/^0x([0-9a-fA-F]{2})*$/.test(value) || value.length > 2 + 2 * maxBytes) {
    throw new MalformedPayloadError(`${name} is not hex of at most ${maxBytes} bytes`);
  }
  return value.toLowerCase() as Hex;
}

function fixed(value: unknown, name: string, size: number): Hex {
  const hex = data(value, name, size);
  if (hex.length !== 2 + 2 * size) throw new MalformedPayloadError(`${name} is not ${size} bytes`);
  return hex;
}

function uint(value: unknown, name: string, bits: number): bigint {
  if (
    typeof value !== 'string' ||
    !/^0x(0|[1-9a-fA-F][0-9a-fA-F]*)$/.test(value) ||
    value.length > 2 + bits / 4
  ) {
    throw new MalformedPayloadError(`${name} is not a quantity of at most ${bits} bits`);
  }
  return BigInt(value);
}

function safeNumber(value: unknown, name: string): number {
  const number = uint(value, name, 64);
  if (number > BigInt(Number.MAX_SAFE_INTEGER)) throw new MalformedPayloadError(`${name} is above 2^53 - 1`);
  return Number(number);
}
