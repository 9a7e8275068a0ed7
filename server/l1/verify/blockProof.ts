/** Proves a header, and the transactions and receipts of a block, by the hashes they must have. No I/O. */
import { keccak256Hex } from '../../protocol/keccak.ts';
import type { Address, Hash, L1BlockRef } from '../../protocol/refs.ts';
import { orderedTrieRoot } from '../../protocol/trieRoot.ts';
import { L1Error } from '../l1.ts';
import { address, badAnswer, blockRef, bytes, hash } from '../wire.ts';
import {
  encodeHeaderJson,
  encodeReceiptJson,
  encodeTransactionJson,
  type Fields,
  fieldsOf,
  listOf,
  unknownHeaderField,
} from './encode.ts';

const BLOCK = 'eth_getBlockByHash';
const RECEIPTS = 'eth_getBlockReceipts';

/** Throws unless the header's fields hash to the hash that the block claims. */
export function requireHeaderHash(block: Fields, claimed: Hash): void {
  const computed = keccak256Hex(encodeHeaderJson(block));
  if (computed === claimed) return;
  const unknown = unknownHeaderField(block);
  if (unknown !== null) {
    throw new L1Error(
      'rpc_error',
      BLOCK,
      `L1 headers have a field ${unknown.slice(0, 40)}, which this version cannot verify: use --l1-trust all with an L1 node of your own, or a newer version`,
    );
  }
  throw badAnswer(BLOCK, `the header of block ${claimed} hashes to ${computed}`, 'header_hash');
}

export interface ProvedLog {
  readonly address: Address;
  readonly topics: readonly Hash[];
  readonly transactionIndex: number;
  /** Within the block. */
  readonly logIndex: number;
}

export interface ProvedBlock {
  readonly ref: L1BlockRef;
  /** Canonical encodings, in order. */
  readonly transactions: readonly Uint8Array[];
  /** As the node answered them; what the encoding holds of them is proved, `from` is not. */
  readonly json: readonly unknown[];
  readonly logs: readonly ProvedLog[];
}

/**
 * A block with its transactions (`eth_getBlockByHash`, full) and receipts, all recomputed to roots in a header that
 * hashes to `wanted`. Costs about 10 µs a transaction and its receipt.
 */
export function proveBlock(wanted: Hash, block: unknown, receipts: unknown): ProvedBlock {
  if (block === null)
    throw badAnswer(BLOCK, `it does not know block ${wanted}, of which it showed a log`, 'unanswered');
  const fields = fieldsOf(block, 'a block');
  requireHeaderHash(fields, wanted);
  const json = listOf(fields['transactions'], 'block.transactions');
  const transactions = json.map((entry) => encodeTransactionJson(fieldsOf(entry, 'a transaction')));
  for (const [index, encoded] of transactions.entries())
    requireTransactionHash(encoded, json[index], index, wanted);
  const root = orderedTrieRoot(transactions);
  if (root !== fields['transactionsRoot']) {
    throw badAnswer(BLOCK, `the transactions of block ${wanted} hash to ${root}`, 'transactions_root');
  }
  const logs = proveReceipts(wanted, receipts, transactions.length, fields['receiptsRoot'] as Hash);
  return { ref: { ...(blockRef(block, BLOCK) as L1BlockRef), hash: wanted }, transactions, json, logs };
}

function requireTransactionHash(encoded: Uint8Array, json: unknown, index: number, block: Hash): void {
  const claimed = hash(fieldsOf(json, 'a transaction')['hash'], BLOCK, 'transaction.hash');
  const computed = keccak256Hex(encoded);
  if (computed === claimed) return;
  const what = `transaction ${index} of block ${block} is ${claimed} by its name and ${computed} by its content`;
  throw badAnswer(BLOCK, what, 'transaction_hash');
}

function proveReceipts(wanted: Hash, answer: unknown, count: number, root: Hash): readonly ProvedLog[] {
  if (answer === null) throw badAnswer(RECEIPTS, `it has block ${wanted} and not its receipts`, 'unanswered');
  const receipts = listOf(answer, 'the receipts', RECEIPTS).map((one) =>
    fieldsOf(one, 'a receipt', RECEIPTS),
  );
  if (receipts.length !== count) {
    const what = `block ${wanted} has ${count} transactions and ${receipts.length} receipts`;
    throw badAnswer(RECEIPTS, what, 'receipt_count');
  }
  const computed = orderedTrieRoot(receipts.map(encodeReceiptJson));
  if (computed !== root) {
    throw badAnswer(RECEIPTS, `the receipts of block ${wanted} hash to ${computed}`, 'receipts_root');
  }
  let logIndex = 0;
  return receipts.flatMap((receipt, transactionIndex) =>
    listOf(receipt['logs'], 'receipt.logs', RECEIPTS).map((entry): ProvedLog => {
      const log = fieldsOf(entry, 'a log', RECEIPTS);
      const topics = listOf(log['topics'], 'log.topics', RECEIPTS);
      return {
        address: address(log['address'], RECEIPTS, 'log.address'),
        topics: topics.map((topic) => hash(topic, RECEIPTS, 'log.topics')),
        transactionIndex,
        logIndex: logIndex++,
      };
    }),
  );
}

/** The bloom of a block whose header was proved. */
export const bloomOf = (block: Fields): Uint8Array => bytes(block['logsBloom'], BLOCK, 'logsBloom');
