/**
 * Strict reading of what an L1 node answers (execution-apis, `schemas/base-types.yaml`, `block.yaml`,
 * `receipt.yaml`, `transaction.yaml`): a field that is missing, of another type or out of range is a
 * `bad_answer`, never a default.
 */
import type { Address, Hash, Hex, L1BlockRef } from '../protocol/refs.ts';
import type { RpcOutcome } from './jsonRpc.ts';
import { InconsistencyError, type InconsistencyRule } from './l1.ts';

/** A contradiction in an answer, worded so that it can be sent to whoever runs the RPC. */
export const badAnswer = (
  method: string,
  what: string,
  rule: InconsistencyRule = 'malformed',
): InconsistencyError =>
  new InconsistencyError(rule, method, `L1 RPC contradicts itself: ${what}; report this to its operator`);

/** The result of a call of a batch; throws its error. */
export function resultOf(outcome: RpcOutcome | undefined): unknown {
  if (outcome === undefined) throw badAnswer('batch', 'a call was not answered');
  if (!outcome.ok) throw outcome.error;
  return outcome.result;
}

type Fields = Record<string, unknown>;

function fieldsOf(value: unknown, method: string, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw badAnswer(method, `${what} is not an object`);
}

/** A QUANTITY as a safe integer. Leading zeros and capitals are tolerated; decimal and negative numbers are not. */
export function quantity(value: unknown, method: string, field: string): number {
  if (typeof value === 'string' && /^0x[0-9a-f]{1,14}$/i.test(value)) {
    const parsed = Number.parseInt(value, 16);
    if (Number.isSafeInteger(parsed)) return parsed;
  }
  throw badAnswer(method, `${field} is no number`);
}

function fixedHex(value: unknown, bytes: number, method: string, field: string): Hex {
  if (typeof value === 'string' && value.length === 2 + 2 * bytes && /^0x[0-9a-f]*$/i.test(value)) {
    return value.toLowerCase() as Hex;
  }
  throw badAnswer(method, `${field} is not ${bytes} bytes of hex`);
}

export const hash = (value: unknown, method: string, field: string): Hash =>
  fixedHex(value, 32, method, field);
export const address = (value: unknown, method: string, field: string): Address =>
  fixedHex(value, 20, method, field);

export const quantityHex = (value: number): Hex => `0x${value.toString(16)}`;

/** DATA of any length as bytes. */
export function bytes(value: unknown, method: string, field: string): Uint8Array {
  if (typeof value !== 'string' || value.length % 2 !== 0 || !value.startsWith('0x')) {
    throw badAnswer(method, `${field} is not hex`);
  }
  const length = value.length / 2 - 1;
  const decoded = Buffer.from(value.slice(2), 'hex');
  // Buffer stops at the first character that is not hex.
  if (decoded.length !== length) throw badAnswer(method, `${field} is not hex`);
  return new Uint8Array(decoded.buffer, decoded.byteOffset, decoded.length);
}

/** A block's header fields that we use; null where the node answers null. */
export function blockRef(value: unknown, method: string): L1BlockRef | null {
  if (value === null) return null;
  const block = fieldsOf(value, method, 'a block');
  return {
    number: quantity(block['number'], method, 'block.number'),
    hash: hash(block['hash'], method, 'block.hash'),
    parentHash: hash(block['parentHash'], method, 'block.parentHash'),
    timestamp: quantity(block['timestamp'], method, 'block.timestamp'),
  };
}

export interface WireLog {
  readonly address: Address;
  readonly topics: readonly Hash[];
  readonly blockNumber: number;
  readonly blockHash: Hash;
  readonly transactionHash: Hash;
  readonly transactionIndex: number;
  readonly logIndex: number;
}

/** A log as `eth_getLogs` answers it. One that is pending or was removed is refused. */
export function wireLog(value: unknown): WireLog {
  const method = 'eth_getLogs';
  const log = fieldsOf(value, method, 'a log');
  if (log['removed'] === true)
    throw badAnswer(method, 'a log of the canonical branch is marked removed', 'log_unasked');
  const topics = log['topics'];
  if (!Array.isArray(topics)) throw badAnswer(method, 'log.topics is not a list');
  return {
    address: address(log['address'], method, 'log.address'),
    topics: topics.map((topic) => hash(topic, method, 'log.topics')),
    blockNumber: quantity(log['blockNumber'], method, 'log.blockNumber'),
    blockHash: hash(log['blockHash'], method, 'log.blockHash'),
    transactionHash: hash(log['transactionHash'], method, 'log.transactionHash'),
    transactionIndex: quantity(log['transactionIndex'], method, 'log.transactionIndex'),
    logIndex: quantity(log['logIndex'], method, 'log.logIndex'),
  };
}

export interface WireTransaction {
  readonly hash: Hash;
  readonly blockHash: Hash;
  readonly blockNumber: number;
  readonly transactionIndex: number;
  readonly from: Address;
  readonly to: Address | null;
  readonly input: Uint8Array;
  readonly blobVersionedHashes: readonly Hash[];
}

/** A mined transaction. Null for one that the node calls mined elsewhere is a contradiction (faults R30, R46). */
export function wireTransaction(value: unknown, wanted: Hash): WireTransaction {
  const method = 'eth_getTransactionByHash';
  if (value === null)
    throw badAnswer(method, `transaction ${wanted} has a log but is not known`, 'unanswered');
  const transaction = fieldsOf(value, method, 'a transaction');
  const to = transaction['to'] ?? null;
  const blobs = transaction['blobVersionedHashes'] ?? [];
  if (!Array.isArray(blobs)) throw badAnswer(method, 'blobVersionedHashes is not a list');
  return {
    hash: hash(transaction['hash'], method, 'transaction.hash'),
    blockHash: hash(transaction['blockHash'], method, 'transaction.blockHash'),
    blockNumber: quantity(transaction['blockNumber'], method, 'transaction.blockNumber'),
    transactionIndex: quantity(transaction['transactionIndex'], method, 'transaction.transactionIndex'),
    from: address(transaction['from'], method, 'transaction.from'),
    to: to === null ? null : address(to, method, 'transaction.to'),
    input: bytes(transaction['input'], method, 'transaction.input'),
    blobVersionedHashes: blobs.map((entry) => hash(entry, method, 'blobVersionedHashes')),
  };
}
