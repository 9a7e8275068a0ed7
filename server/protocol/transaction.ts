import { err, ok, type Result } from '../lib/result.ts';
import { type DecodeError, refuse } from './decodeError.ts';
import { keccak256Hex } from './keccak.ts';
import { privilegedTransactionHash } from './privileged.ts';
import type { Address, Hash } from './refs.ts';
import { type RlpLimits, scanRlp } from './rlp.ts';
import { RlpReader } from './rlpReader.ts';

/** EIP-2718 type bytes that an L2 block may hold; 0 stands for the untyped legacy list. */
export const TRANSACTION_TYPE = {
  legacy: 0x00,
  /** EIP-2930. */
  accessList: 0x01,
  /** EIP-1559. */
  dynamicFee: 0x02,
  /** EIP-4844. */
  blob: 0x03,
  /** EIP-7702. */
  setCode: 0x04,
  /** ethrex: fees paid in an ERC-20 token. */
  feeToken: 0x7d,
  /** ethrex: an L1 message, unsigned. */
  privileged: 0x7e,
} as const;

export type SignedTransactionType = 0x00 | 0x01 | 0x02 | 0x03 | 0x04 | 0x7d;

interface TransactionFields {
  readonly nonce: bigint;
  readonly gasLimit: bigint;
  /** wei. The gas price of types 0 and 1. */
  readonly maxFeePerGas: bigint;
  /** wei. The gas price of types 0 and 1. */
  readonly maxPriorityFeePerGas: bigint;
  /** Null for a contract creation. */
  readonly to: Address | null;
  /** wei. */
  readonly value: bigint;
  /** A view of the encoding. */
  readonly data: Uint8Array;
}

/** A transaction with a signature, which is checked for its size here and recovered by the engine. */
export interface SignedTransaction extends TransactionFields {
  readonly kind: 'signed';
  readonly type: SignedTransactionType;
  /** Null for a legacy transaction without replay protection (EIP-155). */
  readonly chainId: bigint | null;
}

/** An L1 message included in an L2 block (type 0x7e). It has no signature: the bridge's queue on L1 vouches for it. */
export interface PrivilegedTransaction extends TransactionFields {
  readonly kind: 'privileged';
  readonly type: 0x7e;
  /** The chain whose bridge sent it: the L2 itself, or another L2 behind a shared bridge. */
  readonly chainId: bigint;
  readonly from: Address;
  /** The bridge's `transactionId`, which the encoding carries as the nonce. */
  readonly messageId: bigint;
}

export type L2Transaction = SignedTransaction | PrivilegedTransaction;

/** An access list is the deepest thing in a transaction: transaction, list, entry, keys. */
const SCAN_LIMITS: RlpLimits = { maxDepth: 4, maxItems: 1_000_000 };

const UINT64 = 8;
const UINT256 = 32;

/**
 * Decodes one canonical transaction encoding (`type ‖ payload`, or a legacy list) and checks its structure:
 * field count, sizes, canonical integers, access and authorization lists.
 *
 * Reasons: `malformed_transaction`, `unknown_transaction_type`, `non_canonical_rlp`, `rlp_too_deep`.
 */
export function decodeTransaction(encoded: Uint8Array): Result<L2Transaction, DecodeError> {
  const first = encoded[0];
  if (first === undefined) return refuse('malformed_transaction', 'transaction is empty');
  const payloadStart = first >= 0xc0 ? 0 : 1;
  const type = payloadStart === 0 ? TRANSACTION_TYPE.legacy : first;
  if (payloadStart === 1 && !isTypedTransaction(type)) {
    return refuse(
      'unknown_transaction_type',
      `transaction type 0x${type.toString(16).padStart(2, '0')} is not known`,
    );
  }
  const scanned = scanRlp(encoded, payloadStart, encoded.length, SCAN_LIMITS);
  if (!scanned.ok) {
    const { reason, detail } = scanned.error;
    const kept =
      reason === 'non_canonical_rlp' || reason === 'rlp_too_deep' ? reason : 'malformed_transaction';
    return refuse(kept, `transaction: ${detail}`);
  }
  if (scanned.value.end !== encoded.length) {
    return refuse(
      'malformed_transaction',
      `${encoded.length - scanned.value.end} bytes after the transaction`,
    );
  }
  const outer = new RlpReader(encoded, payloadStart, encoded.length, 'transaction', 'malformed_transaction');
  const fields = outer.list('transaction payload');
  const transaction = readTransaction(type, fields);
  fields.finish();
  return outer.fault === null ? ok(transaction) : err(outer.fault);
}

type KnownType = L2Transaction['type'];

const isTypedTransaction = (type: number): type is Exclude<KnownType, 0> =>
  (type >= 0x01 && type <= 0x04) ||
  type === TRANSACTION_TYPE.feeToken ||
  type === TRANSACTION_TYPE.privileged;

/**
 * The hash a transaction is known by: keccak256 of its encoding, but for an L1 message the hash the bridge queued
 * it under. Total: bytes that are no transaction hash like any others.
 */
export function transactionHash(encoded: Uint8Array): Hash {
  if (encoded[0] === TRANSACTION_TYPE.privileged) {
    const decoded = decodeTransaction(encoded);
    if (decoded.ok && decoded.value.kind === 'privileged') return privilegedTransactionHash(decoded.value);
  }
  return keccak256Hex(encoded);
}

export const isPrivileged = (encoded: Uint8Array): boolean => encoded[0] === TRANSACTION_TYPE.privileged;

function readTransaction(type: number, fields: RlpReader): L2Transaction {
  if (type === TRANSACTION_TYPE.privileged) return readPrivileged(fields);
  if (type === TRANSACTION_TYPE.legacy) return readLegacy(fields);
  return readTyped(type as Exclude<SignedTransactionType, 0>, fields);
}

function readLegacy(fields: RlpReader): SignedTransaction {
  const nonce = fields.uint('nonce', UINT64);
  const gasPrice = fields.uint('gasPrice', UINT256);
  const common = readCall(fields);
  const v = fields.uint('v', UINT256);
  readRS(fields);
  // EIP-155: v = chainId × 2 + 35 + parity; 27 and 28 are signatures without a chain id.
  if (v !== 27n && v !== 28n && v < 35n) fields.fail(`v is ${v}`);
  const chainId = v >= 35n ? (v - 35n) / 2n : null;
  const fees = { maxFeePerGas: gasPrice, maxPriorityFeePerGas: gasPrice };
  return { kind: 'signed', type: TRANSACTION_TYPE.legacy, chainId, nonce, ...fees, ...common };
}

function readTyped(type: Exclude<SignedTransactionType, 0>, fields: RlpReader): SignedTransaction {
  const chainId = fields.uint('chainId', UINT256);
  const nonce = fields.uint('nonce', UINT64);
  const maxPriorityFeePerGas = fields.uint('maxPriorityFeePerGas', UINT256);
  const maxFeePerGas =
    type === TRANSACTION_TYPE.accessList ? maxPriorityFeePerGas : fields.uint('maxFeePerGas', UINT256);
  const common = readCall(fields);
  const mustCall = type === TRANSACTION_TYPE.blob || type === TRANSACTION_TYPE.setCode;
  if (mustCall && common.to === null) fields.fail(`to is empty in a transaction of type ${type}`);
  checkAccessList(fields);
  if (type === TRANSACTION_TYPE.blob) checkBlobFields(fields);
  if (type === TRANSACTION_TYPE.setCode) checkAuthorizations(fields);
  if (type === TRANSACTION_TYPE.feeToken) fields.string('feeToken', 20, 20);
  checkParity(fields);
  readRS(fields);
  return { kind: 'signed', type, chainId, nonce, maxFeePerGas, maxPriorityFeePerGas, ...common };
}

/** `RLP[chainId, transactionId, maxPriorityFee, maxFee, gasLimit, to, value, data, accessList, from]`. */
function readPrivileged(fields: RlpReader): PrivilegedTransaction {
  const chainId = fields.uint('chainId', UINT256);
  const messageId = fields.uint('nonce', UINT64);
  const maxPriorityFeePerGas = fields.uint('maxPriorityFeePerGas', UINT256);
  const maxFeePerGas = fields.uint('maxFeePerGas', UINT256);
  const common = readCall(fields);
  checkAccessList(fields);
  const from = fields.address('from');
  const fees = { maxFeePerGas, maxPriorityFeePerGas };
  return { kind: 'privileged', type: 0x7e, chainId, nonce: messageId, messageId, from, ...fees, ...common };
}

function readCall(fields: RlpReader): Pick<TransactionFields, 'gasLimit' | 'to' | 'value' | 'data'> {
  return {
    gasLimit: fields.uint('gasLimit', UINT64),
    to: fields.addressOrNull('to'),
    value: fields.uint('value', UINT256),
    data: fields.string('data', 0, Number.MAX_SAFE_INTEGER),
  };
}

function readRS(fields: RlpReader): void {
  fields.uint('r', UINT256);
  fields.uint('s', UINT256);
}

function checkParity(fields: RlpReader): void {
  const yParity = fields.uint('yParity', 1);
  if (yParity > 1n) fields.fail(`yParity is ${yParity}`);
}

/** EIP-2930: `[[address, [storageKey, …]], …]`. */
function checkAccessList(fields: RlpReader): void {
  const list = fields.list('accessList');
  while (!list.atEnd) {
    const entry = list.list('accessList entry');
    entry.string('address', 20, 20);
    const keys = entry.list('storageKeys');
    while (!keys.atEnd) keys.string('storageKey', 32, 32);
    entry.finish();
  }
}

/** EIP-4844: the fee a blob gas may cost and the versioned hashes. */
function checkBlobFields(fields: RlpReader): void {
  fields.uint('maxFeePerBlobGas', UINT256);
  const hashes = fields.list('blobVersionedHashes');
  while (!hashes.atEnd) hashes.string('blobVersionedHash', 32, 32);
}

/** EIP-7702: `[[chainId, address, nonce, yParity, r, s], …]`; yParity may be any uint8 there. */
function checkAuthorizations(fields: RlpReader): void {
  const list = fields.list('authorizationList');
  while (!list.atEnd) {
    const entry = list.list('authorization');
    entry.uint('chainId', UINT256);
    entry.string('address', 20, 20);
    entry.uint('nonce', UINT64);
    entry.uint('yParity', 1);
    readRS(entry);
    entry.finish();
  }
}
