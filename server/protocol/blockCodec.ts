import { err, ok, type Result } from '../lib/result.ts';
import type { BlockHeader, SealedBlock, Withdrawal } from './block.ts';
import { fromHex } from './bytes.ts';
import { type DecodeError, refuse } from './decodeError.ts';
import { EMPTY_OMMERS_HASH, encodeHeader, headerHash, readHeader } from './header.ts';
import { keccak256Hex } from './keccak.ts';
import type { Hash } from './refs.ts';
import {
  encodeRlpList,
  encodeRlpString,
  encodeRlpUint,
  type RlpError,
  type RlpHeader,
  readHeader as readRlpHeader,
  scanRlp,
} from './rlp.ts';
import { RlpReader } from './rlpReader.ts';
import { DEFAULT_LIMITS, type DerivationLimits } from './rollupConfig.ts';
import { EMPTY_TRIE_ROOT, orderedTrieRoot } from './trieRoot.ts';

/** The part of the limits that concerns one block. */
export type BlockLimits = Pick<DerivationLimits, 'maxBlockBytes' | 'maxTransactionsPerBlock' | 'maxRlpDepth'>;

/**
 * Decodes one block that fills `bytes` exactly: `[header, transactions, ommers]` as ethrex writes it, or with the
 * withdrawals list as a fourth item (EIP-4895).
 *
 * Checked: canonical RLP, sizes of all header fields, no ommers, each transaction's outer shape, transactions and
 * withdrawals roots. The hash is computed from the header's bytes. Not checked: anything that needs the parent or
 * execution, and the inside of transactions (`decodeTransaction`). Transactions are views of `bytes`.
 */
export function decodeBlock(
  bytes: Uint8Array,
  limits: BlockLimits = DEFAULT_LIMITS,
): Result<SealedBlock, DecodeError> {
  const read = readBlock(bytes, 0, limits);
  if (!read.ok) return read;
  const { block, end } = read.value;
  if (end !== bytes.length) return refuse('malformed_block', `${bytes.length - end} bytes after the block`);
  return ok(block);
}

/**
 * Decodes blocks that follow one another without an outer list, to the end of `bytes`: the form of chain files.
 * At most `limits.maxBlocksPerBatch` of them when the limits have that bound.
 */
export function decodeBlocks(
  bytes: Uint8Array,
  limits: BlockLimits & Partial<Pick<DerivationLimits, 'maxBlocksPerBatch'>> = DEFAULT_LIMITS,
): Result<readonly SealedBlock[], DecodeError> {
  const maxBlocks = limits.maxBlocksPerBatch ?? Number.POSITIVE_INFINITY;
  const blocks: SealedBlock[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (blocks.length >= maxBlocks) return refuse('too_many_blocks', `more than ${maxBlocks} blocks`);
    const read = readBlock(bytes, at, limits);
    if (!read.ok) return atBlock(blocks.length, read.error);
    blocks.push(read.value.block);
    at = read.value.end;
  }
  return ok(blocks);
}

/** Names the block of a sequence that a refusal is about. */
export const atBlock = (index: number, error: DecodeError): Result<never, DecodeError> =>
  refuse(error.reason, `block ${index + 1} of the batch: ${error.detail}`);

/** Decodes the block that begins at `start`, and says where it ends. */
export function readBlock(
  bytes: Uint8Array,
  start: number,
  limits: BlockLimits,
): Result<{ readonly block: SealedBlock; readonly end: number }, DecodeError> {
  const outer: RlpHeader = { list: false, start: 0, end: 0 };
  const fault = readRlpHeader(bytes, start, bytes.length, outer);
  if (fault !== null) return refuseScan(fault);
  const size = outer.end - start;
  if (size > limits.maxBlockBytes)
    return refuse('block_too_large', `${size} bytes, at most ${limits.maxBlockBytes}`);
  const scanned = scanRlp(bytes, start, outer.end, {
    maxDepth: limits.maxRlpDepth,
    maxItems: limits.maxBlockBytes,
  });
  if (!scanned.ok) return refuseScan(scanned.error);
  const block = readBlockFields(bytes, start, outer.end, limits);
  return block.ok ? ok({ block: block.value, end: outer.end }) : block;
}

function refuseScan(fault: RlpError): Result<never, DecodeError> {
  const kept = fault.reason === 'non_canonical_rlp' || fault.reason === 'rlp_too_deep';
  return refuse(kept ? fault.reason : 'malformed_block', fault.detail);
}

function readBlockFields(
  bytes: Uint8Array,
  start: number,
  end: number,
  limits: BlockLimits,
): Result<SealedBlock, DecodeError> {
  const outer = new RlpReader(bytes, start, end, 'block', 'malformed_block');
  const fields = outer.list('block');
  const { encoded, reader } = fields.encodedList('header');
  const header = readHeader(reader);
  const transactions = readTransactions(fields.list('transactions', 'malformed_transaction'), limits);
  if (!fields.list('ommers').atEnd) fields.fail('ommers is not empty');
  const listed = fields.atEnd ? null : readWithdrawals(fields.list('withdrawals'));
  fields.finish();
  if (listed !== null && header.withdrawalsRoot === null)
    fields.fail('withdrawals without a withdrawalsRoot');
  if (outer.fault !== null) return err(outer.fault);
  const withdrawals = header.withdrawalsRoot === null ? null : (listed ?? []);
  return checkRoots({
    number: header.number,
    hash: keccak256Hex(encoded),
    parentHash: header.parentHash,
    timestamp: header.timestamp,
    header,
    transactions,
    withdrawals,
  });
}

function readTransactions(list: RlpReader, limits: BlockLimits): readonly Uint8Array[] {
  const count = list.count();
  if (count > limits.maxTransactionsPerBlock) {
    list.fail(`${count} of them, at most ${limits.maxTransactionsPerBlock}`, 'too_many_transactions');
    return [];
  }
  const transactions: Uint8Array[] = [];
  while (!list.atEnd) {
    const item = list.item('transaction');
    // A typed transaction is a byte string; its first byte must not look like the start of a legacy list.
    const first = item.bytes[0];
    if (!item.list && (first === undefined || first >= 0xc0)) {
      list.fail(
        `transaction ${transactions.length} is ${first === undefined ? 'empty' : 'a list inside a string'}`,
      );
    }
    transactions.push(item.bytes);
  }
  return transactions;
}

/** EIP-4895: `[index, validatorIndex, address, amount]`. */
function readWithdrawals(list: RlpReader): readonly Withdrawal[] {
  const withdrawals: Withdrawal[] = [];
  while (!list.atEnd) {
    const fields = list.list('withdrawal');
    withdrawals.push({
      index: fields.uint('index', 8),
      validatorIndex: fields.uint('validatorIndex', 8),
      address: fields.address('address'),
      amount: fields.uint('amount', 8),
    });
    fields.finish();
  }
  return withdrawals;
}

function checkRoots(block: SealedBlock): Result<SealedBlock, DecodeError> {
  const { header, transactions, withdrawals } = block;
  const found = orderedTrieRoot(transactions);
  if (found !== header.transactionsRoot) {
    return refuse(
      'wrong_transactions_root',
      `block ${block.number} says ${header.transactionsRoot}, its list gives ${found}`,
    );
  }
  const paid = withdrawals === null ? null : withdrawalsRoot(withdrawals);
  if (paid !== header.withdrawalsRoot) {
    return refuse(
      'wrong_withdrawals_root',
      `block ${block.number} says ${header.withdrawalsRoot}, its list gives ${paid}`,
    );
  }
  return ok(block);
}

export const transactionsRoot = (transactions: readonly Uint8Array[]): Hash => orderedTrieRoot(transactions);

export const withdrawalsRoot = (withdrawals: readonly Withdrawal[]): Hash =>
  withdrawals.length === 0 ? EMPTY_TRIE_ROOT : orderedTrieRoot(withdrawals.map(encodeWithdrawal));

/**
 * RLP of a block, as 3 items (ethrex: no withdrawals list even when the header has a withdrawals root) or 4.
 * Throws RangeError when `items` cannot carry the block's withdrawals.
 */
export function encodeBlock(block: SealedBlock, { items }: { readonly items: 3 | 4 }): Uint8Array {
  if (items === 4 && block.withdrawals === null)
    throw new RangeError('a 4-item block needs a withdrawals list');
  if (items === 3 && (block.withdrawals?.length ?? 0) > 0)
    throw new RangeError('3 items have no room for withdrawals');
  const parts = [
    encodeHeader(block.header),
    encodeRlpList(block.transactions.map(encodeTransactionItem)),
    encodeRlpList([]),
  ];
  if (items === 4) parts.push(encodeRlpList((block.withdrawals ?? []).map(encodeWithdrawal)));
  return encodeRlpList(parts);
}

/** A legacy transaction stands in the list as the list it is, a typed one as a string. */
const encodeTransactionItem = (encoded: Uint8Array): Uint8Array =>
  encoded[0]! >= 0xc0 ? encoded : encodeRlpString(encoded);

const encodeWithdrawal = ({ index, validatorIndex, address, amount }: Withdrawal): Uint8Array =>
  encodeRlpList([
    encodeRlpUint(index),
    encodeRlpUint(validatorIndex),
    encodeRlpString(fromHex(address)),
    encodeRlpUint(amount),
  ]);

/**
 * A block made of its parts, with its hash and with the roots of its lists computed: for block builders and for
 * payloads, whose header arrives without them.
 */
export function sealBlock(
  header: Omit<BlockHeader, 'transactionsRoot' | 'withdrawalsRoot' | 'ommersHash'>,
  transactions: readonly Uint8Array[],
  withdrawals: readonly Withdrawal[] | null,
): SealedBlock {
  const sealed: BlockHeader = {
    ...header,
    ommersHash: EMPTY_OMMERS_HASH,
    transactionsRoot: transactionsRoot(transactions),
    withdrawalsRoot: withdrawals === null ? null : withdrawalsRoot(withdrawals),
  };
  const { number, parentHash, timestamp } = sealed;
  return {
    number,
    hash: headerHash(sealed),
    parentHash,
    timestamp,
    header: sealed,
    transactions,
    withdrawals,
  };
}
