import type { BatchCommit } from '../protocol/batch.ts';
import { BATCH_COMMITTED_TOPIC } from '../protocol/contractsAbi.ts';
import type { Address, Hash, L1BlockId, L1BlockRef } from '../protocol/refs.ts';
import {
  checkCompleteness,
  committedBatch,
  findBadLog,
  findBadTransaction,
  numberTopic,
  PLAIN_BATCH_COMMITTED_TOPIC,
} from './commitLogs.ts';
import type { JsonRpcClient, RpcCall, RpcOutcome } from './jsonRpc.ts';
import type { ExpectedBatches, L1 } from './l1.ts';
import { RangeReader } from './logRange.ts';
import { requireCanonical } from './pinned.ts';
import type { Prover } from './verify/prover.ts';
import {
  badAnswer,
  quantityHex,
  resultOf,
  type WireLog,
  type WireTransaction,
  wireLog,
  wireTransaction,
} from './wire.ts';

/** Commit transactions in one request: 2 MB as hex at the 128 KiB that geth's pool admits, 12 MB at a full block. */
const TRANSACTIONS_PER_REQUEST = 8;
const REQUESTS_AT_ONCE = 2;

export interface CommitSourceDeps {
  readonly rpc: Pick<JsonRpcClient, 'call' | 'batch'>;
  readonly blockByNumber: L1['blockByNumber'];
  readonly contract: Address;
  /** First L1 block that can hold a commit. */
  readonly startBlock: number;
  /** Proves what is read, or null where the endpoint is trusted. */
  readonly prover: Prover | null;
  /** Whether the contract may be the one whose event carries no batch number. */
  readonly mayBePlain: boolean;
}

export interface CommitRange {
  readonly from: number;
  readonly to: number;
  readonly pinned: L1BlockId;
  readonly expected: ExpectedBatches | undefined;
  /** Calldata is what weighs, and logs tell how many there are before any of it is fetched. */
  readonly most: number | undefined;
}

/**
 * Finds commits by their logs. A log is only an index: its block must be canonical, its transaction must be at
 * the place it names, and at the end the pinned block must still be canonical.
 */
export class CommitSource {
  readonly #deps: CommitSourceDeps;
  readonly #ranges = new RangeReader();

  constructor(deps: CommitSourceDeps) {
    this.#deps = deps;
  }

  /** All commits of a range, in chain order. See `L1.batchCommits`. */
  async ofRange(
    { from, to, pinned, expected, most = Number.POSITIVE_INFINITY }: CommitRange,
    signal?: AbortSignal,
  ): Promise<readonly BatchCommit[]> {
    // A node answers a range beyond its head with an empty list and no error (R36).
    if (to > pinned.number)
      throw new RangeError(`range ends at ${to}, above the pinned block ${pinned.number}`);
    const topics = [[BATCH_COMMITTED_TOPIC, PLAIN_BATCH_COMMITTED_TOPIC]];
    const logs = await this.#ranges.all(Math.max(0, from), to, (first, last) =>
      this.#logs({ first, last, topics, pinned }, signal),
    );
    const last = logs[most - 1]?.blockNumber ?? Number.POSITIVE_INFINITY;
    const wanted = logs.filter((log) => log.blockNumber <= last);
    const commits = await this.#commitsOf(wanted, signal, 'all');
    if (last === Number.POSITIVE_INFINITY) {
      await this.#deps.prover?.requireNoOthers({ from, to, pinned }, logs, signal);
    }
    await requireCanonical(this.#deps, pinned, signal);
    const incomplete = expected === undefined ? null : checkCompleteness(commits, expected);
    if (incomplete !== null) throw incomplete;
    return commits;
  }

  /** The commit of one batch at or below `pinned`. See `L1.commitOfBatch`. */
  async ofBatch(batchNumber: number, pinned: L1BlockId, signal?: AbortSignal): Promise<BatchCommit | null> {
    const range = { first: Math.min(this.#deps.startBlock, pinned.number), last: pinned.number, pinned };
    const topics = [[BATCH_COMMITTED_TOPIC], [numberTopic(batchNumber)]];
    const logs = await this.#ranges.newest(range.first, range.last, (first, last) =>
      this.#logs({ first, last, topics, pinned }, signal),
    );
    const commits =
      logs.length === 0 && this.#deps.mayBePlain
        ? await this.#plainCommitOf(batchNumber, range, signal)
        : await this.#commitsOf(logs.slice(-1), signal);
    await requireCanonical(this.#deps, pinned, signal);
    return commits.findLast((commit) => commit.batchNumber === batchNumber) ?? null;
  }

  /** Logs of a range, checked one by one. A range that is just the pinned block is asked for by its hash. */
  async #logs(query: LogQuery, signal?: AbortSignal): Promise<readonly WireLog[]> {
    const { first, last, topics, pinned } = query;
    const where =
      first === last && last === pinned.number
        ? { blockHash: pinned.hash }
        : { fromBlock: quantityHex(first), toBlock: quantityHex(last) };
    const contract = this.#deps.contract;
    const answer = await this.#deps.rpc.call(
      'eth_getLogs',
      [{ address: contract, topics, ...where }],
      signal,
    );
    if (!Array.isArray(answer)) throw badAnswer('eth_getLogs', 'the logs are not a list');
    const logs = answer.map(wireLog);
    const bad = findBadLog(logs, { address: contract, from: first, to: last });
    if (bad !== null) throw bad;
    return logs;
  }

  async #plainCommitOf(
    batchNumber: number,
    range: Omit<LogQuery, 'topics'>,
    signal?: AbortSignal,
  ): Promise<readonly BatchCommit[]> {
    const topics = [[PLAIN_BATCH_COMMITTED_TOPIC]];
    const logs = await this.#ranges.all(range.first, range.last, (first, last) =>
      this.#logs({ ...range, first, last, topics }, signal),
    );
    // Each log is one batch and numbers rise by one from 1, unless a batch was reverted: look near its place first.
    const near = logs.slice(Math.max(0, batchNumber - 1), batchNumber);
    const commits = await this.#commitsOf(near, signal);
    return commits.some((commit) => commit.batchNumber === batchNumber)
      ? commits
      : this.#commitsOf(logs, signal);
  }

  /** Headers and transactions of checked logs, joined in log order. `all`: the logs are all commits of their blocks. */
  async #commitsOf(
    logs: readonly WireLog[],
    signal?: AbortSignal,
    ofTheirBlocks: 'all' | 'some' = 'some',
  ): Promise<readonly BatchCommit[]> {
    if (logs.length === 0) return [];
    const blocks = await this.#headersOf(logs, signal);
    const transactions = await this.#transactionsOf(logs, ofTheirBlocks, signal);
    return logs.map((log) => {
      const transaction = transactions.get(log.transactionHash) as WireTransaction;
      const bad = findBadTransaction(log, transaction);
      if (bad !== null) throw bad;
      const { from, to, input, blobVersionedHashes } = transaction;
      return {
        ...committedBatch(log, input),
        l1Block: blocks.get(log.blockNumber) as L1BlockRef,
        logIndex: log.logIndex,
        transaction: { hash: transaction.hash, from, to, input, blobVersionedHashes },
      };
    });
  }

  async #transactionsOf(
    logs: readonly WireLog[],
    ofTheirBlocks: 'all' | 'some',
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<Hash, WireTransaction>> {
    const { prover } = this.#deps;
    if (prover !== null) {
      const { transactions, blocks } = await prover.transactionsOf(logs, signal);
      if (ofTheirBlocks === 'all') prover.requireWhole(logs, blocks);
      return transactions;
    }
    const transactionHashes = [...new Set(logs.map((log) => log.transactionHash))];
    const method = 'eth_getTransactionByHash';
    const outcomes = await this.#inParts(
      transactionHashes.map((wanted) => ({ method, params: [wanted] })),
      TRANSACTIONS_PER_REQUEST,
      signal,
    );
    return new Map(
      transactionHashes.map((wanted, index) => [wanted, wireTransaction(resultOf(outcomes[index]), wanted)]),
    );
  }

  /** The canonical header of each log's block number, which must have the hash that the log names. */
  async #headersOf(logs: readonly WireLog[], signal?: AbortSignal): Promise<ReadonlyMap<number, L1BlockRef>> {
    const numbers = [...new Set(logs.map((log) => log.blockNumber))];
    const found = await Promise.all(numbers.map((number) => this.#deps.blockByNumber(number, signal)));
    const blocks = new Map<number, L1BlockRef>();
    for (const block of found) if (block !== null) blocks.set(block.number, block);
    for (const log of logs) {
      const block = blocks.get(log.blockNumber);
      if (block?.hash !== log.blockHash) {
        throw badAnswer(
          'eth_getLogs',
          `a log is of block ${log.blockHash}, but block ${log.blockNumber} is ${block?.hash ?? 'none'}`,
          block === undefined ? 'unanswered' : 'log_forged',
        );
      }
    }
    return blocks;
  }

  /** Many calls as requests of at most `size`, a few at once, outcomes in the order of the calls. */
  async #inParts(
    calls: readonly RpcCall[],
    size: number,
    signal?: AbortSignal,
  ): Promise<readonly RpcOutcome[]> {
    const parts: RpcCall[][] = [];
    for (let start = 0; start < calls.length; start += size) parts.push(calls.slice(start, start + size));
    const outcomes: (readonly RpcOutcome[])[] = [];
    for (let start = 0; start < parts.length; start += REQUESTS_AT_ONCE) {
      const together = parts.slice(start, start + REQUESTS_AT_ONCE);
      outcomes.push(...(await Promise.all(together.map((part) => this.#deps.rpc.batch(part, signal)))));
    }
    return outcomes.flat();
  }
}

type Topics = readonly (readonly Hash[])[];
interface LogQuery {
  readonly first: number;
  readonly last: number;
  readonly topics: Topics;
  readonly pinned: L1BlockId;
}
