import type { Common } from '@ethereumjs/common';
import { createTxFromRLP } from '@ethereumjs/tx';
import { createAddressFromString, generateAddress } from '@ethereumjs/util';
import type { SealedBlock } from '../../protocol/block.ts';
import { encodeBlock } from '../../protocol/blockCodec.ts';
import { bigIntToBytes, toHex } from '../../protocol/bytes.ts';
import type { Hash, Hex } from '../../protocol/refs.ts';
import { decodeTransaction, TRANSACTION_TYPE, transactionHash } from '../../protocol/transaction.ts';
import { quantity } from '../executionPayload.ts';
import type { Log, Receipt } from './receipts.ts';

/** JSON forms of execution-apis `src/eth`. */

export function blockJson(block: SealedBlock, common: Common, full: boolean): Record<string, unknown> {
  const { header, withdrawals } = block;
  const transactions = full
    ? block.transactions.map((_, index) => transactionJson(block, index, common))
    : block.transactions.map(transactionHash);
  return {
    number: quantity(header.number),
    hash: block.hash,
    parentHash: header.parentHash,
    sha3Uncles: header.ommersHash,
    miner: header.beneficiary,
    stateRoot: header.stateRoot,
    transactionsRoot: header.transactionsRoot,
    receiptsRoot: header.receiptsRoot,
    logsBloom: header.logsBloom,
    difficulty: quantity(header.difficulty),
    gasLimit: quantity(header.gasLimit),
    gasUsed: quantity(header.gasUsed),
    timestamp: quantity(header.timestamp),
    extraData: header.extraData,
    mixHash: header.prevRandao,
    nonce: header.nonce,
    ...optional('baseFeePerGas', header.baseFeePerGas),
    ...optional('withdrawalsRoot', header.withdrawalsRoot),
    ...optional('blobGasUsed', header.blobGasUsed),
    ...optional('excessBlobGas', header.excessBlobGas),
    ...optional('parentBeaconBlockRoot', header.parentBeaconBlockRoot),
    ...optional('requestsHash', header.requestsHash),
    size: quantity(rawBlock(block).length),
    uncles: [],
    transactions,
    ...(withdrawals === null ? {} : { withdrawals: withdrawals.map(withdrawalJson) }),
  };
}

/** RLP as `debug_getRawBlock` gives it. */
export const rawBlock = (block: SealedBlock): Uint8Array =>
  encodeBlock(block, { items: block.withdrawals === null ? 3 : 4 });

const optional = (name: string, value: bigint | Hash | null): Record<string, unknown> => {
  if (value === null) return {};
  return { [name]: typeof value === 'bigint' ? quantity(value) : value };
};

const withdrawalJson = (withdrawal: NonNullable<SealedBlock['withdrawals']>[number]) => ({
  index: quantity(withdrawal.index),
  validatorIndex: quantity(withdrawal.validatorIndex),
  address: withdrawal.address,
  amount: quantity(withdrawal.amount),
});

/** Where a transaction stands. All null while it is only in the pool. */
interface Place {
  readonly block: SealedBlock | null;
  readonly index: number;
}

export const transactionJson = (block: SealedBlock, index: number, common: Common): Record<string, unknown> =>
  describeTransaction(block.transactions[index]!, { block, index }, common);

export function describeTransaction(
  encoded: Uint8Array,
  place: Place,
  common: Common,
): Record<string, unknown> {
  const where = {
    hash: transactionHash(encoded),
    blockHash: place.block?.hash ?? null,
    blockNumber: place.block === null ? null : quantity(place.block.number),
    transactionIndex: place.block === null ? null : quantity(place.index),
    type: quantity(encoded[0]! >= 0xc0 ? 0 : encoded[0]!),
  };
  const baseFee = place.block?.header.baseFeePerGas ?? null;
  if (encoded[0] === TRANSACTION_TYPE.privileged) return { ...where, ...privilegedJson(encoded, baseFee) };
  const tx = createTxFromRLP(encoded, { common });
  const { data: input, gasLimit, ...rest } = tx.toJSON() as Record<string, unknown>;
  const sender = tx.getSenderAddress().toString();
  const v = rest['v'] as Hex | undefined;
  return {
    ...where,
    ...rest,
    from: sender,
    to: tx.to === undefined ? null : tx.to.toString(),
    gas: gasLimit,
    input,
    gasPrice: quantity(effectiveGasPrice(encoded, baseFee)),
    ...(tx.type === 0 ? {} : { yParity: v }),
  };
}

function privilegedJson(encoded: Uint8Array, baseFee: bigint | null): Record<string, unknown> {
  const decoded = decodeTransaction(encoded);
  if (!decoded.ok || decoded.value.kind !== 'privileged') return {};
  const tx = decoded.value;
  return {
    chainId: quantity(tx.chainId),
    nonce: quantity(tx.nonce),
    from: tx.from,
    to: tx.to,
    value: quantity(tx.value),
    gas: quantity(tx.gasLimit),
    gasPrice: quantity(effectiveGasPrice(encoded, baseFee)),
    maxFeePerGas: quantity(tx.maxFeePerGas),
    maxPriorityFeePerGas: quantity(tx.maxPriorityFeePerGas),
    input: toHex(tx.data),
    accessList: [],
    // Wallet libraries expect a signature in every transaction; an L1 message has none.
    v: '0x0',
    r: '0x0',
    s: '0x0',
    yParity: '0x0',
  };
}

/** wei per gas: what is paid in the block, or the most that may be paid while there is none. */
export function effectiveGasPrice(encoded: Uint8Array, baseFee: bigint | null): bigint {
  const decoded = decodeTransaction(encoded);
  if (!decoded.ok) return 0n;
  const { maxFeePerGas, maxPriorityFeePerGas, type } = decoded.value;
  if (baseFee === null || type === TRANSACTION_TYPE.legacy || type === TRANSACTION_TYPE.accessList) {
    return maxFeePerGas;
  }
  const offered = baseFee + maxPriorityFeePerGas;
  return offered < maxFeePerGas ? offered : maxFeePerGas;
}

/** Sender, recipient and nonce: what a receipt needs of its transaction. */
function partiesOf(encoded: Uint8Array, common: Common): { from: Hex; to: Hex | null; nonce: bigint } {
  const decoded = decodeTransaction(encoded);
  if (!decoded.ok) throw new Error(`a stored transaction does not decode: ${decoded.error.detail}`);
  if (decoded.value.kind === 'privileged') {
    const { from, to, nonce } = decoded.value;
    return { from, to, nonce };
  }
  const { to, nonce } = decoded.value;
  return { from: createTxFromRLP(encoded, { common }).getSenderAddress().toString(), to, nonce };
}

export function receiptJson(
  block: SealedBlock,
  receipts: readonly Receipt[],
  index: number,
  common: Common,
  blobGasPrice: bigint,
): Record<string, unknown> {
  const encoded = block.transactions[index]!;
  const receipt = receipts[index]!;
  const { from, to, nonce } = partiesOf(encoded, common);
  const firstLog = receipts.slice(0, index).reduce((count, { logs }) => count + logs.length, 0);
  const created =
    to === null ? toHex(generateAddress(createAddressFromString(from).bytes, bigIntToBytes(nonce))) : null;
  const privileged = receipt.type === TRANSACTION_TYPE.privileged;
  const blobs = encoded[0] === TRANSACTION_TYPE.blob;
  return {
    transactionHash: transactionHash(encoded),
    transactionIndex: quantity(index),
    blockHash: block.hash,
    blockNumber: quantity(block.number),
    from,
    to,
    contractAddress: created,
    cumulativeGasUsed: quantity(receipt.cumulativeGasUsed),
    gasUsed: quantity(receipt.gasUsed),
    // An L1 message costs its sender nothing, whatever its fee fields say.
    effectiveGasPrice: quantity(privileged ? 0n : effectiveGasPrice(encoded, block.header.baseFeePerGas)),
    logs: receipt.logs.map((log, at) => logJson(log, block, index, firstLog + at)),
    logsBloom: toHex(receipt.bloom),
    status: receipt.succeeded ? '0x1' : '0x0',
    type: quantity(receipt.type),
    ...(blobs
      ? { blobGasUsed: quantity(blobGasOf(encoded, common)), blobGasPrice: quantity(blobGasPrice) }
      : {}),
  };
}

function blobGasOf(encoded: Uint8Array, common: Common): bigint {
  const tx = createTxFromRLP(encoded, { common });
  return 'blobVersionedHashes' in tx ? 131_072n * BigInt(tx.blobVersionedHashes.length) : 0n;
}

export const logJson = (
  [address, topics, data]: Log,
  block: SealedBlock,
  transactionIndex: number,
  logIndex: number,
): Record<string, unknown> => ({
  address: toHex(address),
  topics: topics.map((topic) => toHex(topic)),
  data: toHex(data),
  blockNumber: quantity(block.number),
  blockHash: block.hash,
  blockTimestamp: quantity(block.timestamp),
  transactionHash: transactionHash(block.transactions[transactionIndex]!),
  transactionIndex: quantity(transactionIndex),
  logIndex: quantity(logIndex),
  removed: false,
});
