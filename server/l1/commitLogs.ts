/** What BatchCommitted logs must look like, and the proof that none was left out. No I/O. */
import type { BatchCommit } from '../protocol/batch.ts';
import { BATCH_COMMITTED_TOPIC } from '../protocol/contractsAbi.ts';
import type { Address, Hash } from '../protocol/refs.ts';
import { type ExpectedBatches, InconsistencyError, type L1Error } from './l1.ts';
import { badAnswer, type WireLog, type WireTransaction } from './wire.ts';

/** `BatchCommitted(bytes32 indexed newStateRoot)` of the OnChainProposer that is not based: no batch number. */
export const PLAIN_BATCH_COMMITTED_TOPIC: Hash =
  '0x7ebe42360bcb182fe0a88148b081e4557c89d09aa6af8307635ac2f83e2aaa65';

export const numberTopic = (value: number): Hash => `0x${value.toString(16).padStart(64, '0')}`;

/**
 * Refuses logs that cannot be an answer to our query: of another address or event (R43), with the wrong number
 * of topics (R42), outside the range, unsorted (R41) or twice (R38). Returns null or the contradiction.
 */
export function findBadLog(
  logs: readonly WireLog[],
  query: { readonly address: Address; readonly from: number; readonly to: number },
): L1Error | null {
  let previous = { block: -1, index: -1 };
  for (const log of logs) {
    const where = `log ${log.logIndex} of block ${log.blockNumber}`;
    const bad = (what: string): L1Error => badAnswer('eth_getLogs', `${where} ${what}`, 'log_unasked');
    if (log.address !== query.address) return bad(`is of ${log.address}, not of ${query.address}`);
    if (log.topics.length !== topicCount(log.topics[0])) return bad('is no BatchCommitted event');
    if (log.blockNumber < query.from || log.blockNumber > query.to)
      return bad('is outside the range asked for');
    const after =
      log.blockNumber > previous.block ||
      (log.blockNumber === previous.block && log.logIndex > previous.index);
    if (!after) return bad('comes twice or out of order');
    previous = { block: log.blockNumber, index: log.logIndex };
  }
  return null;
}

const topicCount = (topic0: Hash | undefined): number => {
  if (topic0 === BATCH_COMMITTED_TOPIC) return 3;
  return topic0 === PLAIN_BATCH_COMMITTED_TOPIC ? 2 : -1;
};

/** A log and its transaction must name the same place. */
export function findBadTransaction(log: WireLog, transaction: WireTransaction): L1Error | null {
  const same =
    transaction.hash === log.transactionHash &&
    transaction.blockHash === log.blockHash &&
    transaction.blockNumber === log.blockNumber &&
    transaction.transactionIndex === log.transactionIndex;
  if (same) return null;
  return badAnswer(
    'eth_getTransactionByHash',
    `transaction ${log.transactionHash} is at index ${log.transactionIndex} of block ${log.blockHash} by its log, at ${transaction.transactionIndex} of ${transaction.blockHash} by itself`,
    'log_forged',
  );
}

/** Batch number and state root of a log. The event that has no number leaves it to the calldata's first argument. */
export function committedBatch(
  log: WireLog,
  input: Uint8Array,
): { readonly batchNumber: number; readonly newStateRoot: Hash } {
  const [topic0, first, second] = log.topics;
  const based = topic0 === BATCH_COMMITTED_TOPIC;
  const word = based ? BigInt(first as Hash) : firstArgument(input);
  if (word === null || word > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw badAnswer(
      'eth_getLogs',
      `log ${log.logIndex} of block ${log.blockNumber} commits no batch number we can read`,
    );
  }
  return { batchNumber: Number(word), newStateRoot: (based ? second : first) as Hash };
}

function firstArgument(input: Uint8Array): bigint | null {
  if (input.length < 36) return null;
  return BigInt(`0x${Buffer.from(input.subarray(4, 36)).toString('hex')}`);
}

/**
 * Whether the commits of a range are all there are: batch numbers rise by one from the batch before the range
 * to the last one the contract names at the range's end. A log that a provider leaves out (R37) shows as a gap
 * in between or as a missing end. Returns null or an `incomplete_logs` error that names the missing batch.
 */
export function checkCompleteness(
  commits: readonly BatchCommit[],
  expected: ExpectedBatches,
): L1Error | null {
  let last = expected.previousBatch;
  for (const { batchNumber, l1Block } of commits) {
    if (batchNumber !== last + 1) {
      return incomplete(`batch ${batchNumber} in block ${l1Block.number} follows batch ${last}`);
    }
    last = batchNumber;
  }
  if (expected.lastBatch === null || expected.lastBatch === last) return null;
  return incomplete(`the contract has committed batch ${expected.lastBatch}, the logs end at batch ${last}`);
}

const incomplete = (what: string): L1Error =>
  new InconsistencyError(
    'log_hidden',
    'eth_getLogs',
    `BatchCommitted logs do not add up: ${what}`,
    'incomplete_logs',
  );
