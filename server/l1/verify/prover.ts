import { type Hex, recoverTransactionAddress, type TransactionSerialized } from 'viem';
import { toHex } from '../../protocol/bytes.ts';
import { BATCH_COMMITTED_TOPIC } from '../../protocol/contractsAbi.ts';
import { type Address, type Hash, type L1BlockId, type L1BlockRef, sameBlock } from '../../protocol/refs.ts';
import { PLAIN_BATCH_COMMITTED_TOPIC } from '../commitLogs.ts';
import type { JsonRpcClient, RpcCall, RpcOutcome } from '../jsonRpc.ts';
import { InconsistencyError } from '../l1.ts';
import {
  badAnswer,
  blockRef,
  quantityHex,
  resultOf,
  type WireLog,
  type WireTransaction,
  wireTransaction,
} from '../wire.ts';
import { bloomOf, type ProvedBlock, type ProvedLog, proveBlock, requireHeaderHash } from './blockProof.ts';
import { mayHold } from './bloom.ts';
import { fieldsOf, listOf } from './encode.ts';

export interface ProverDeps {
  readonly rpc: Pick<JsonRpcClient, 'batch'>;
  readonly contract: Address;
}

/** A range up to this long is proved from its headers alone: at the tip that is a few. Blocks. */
export const PROVED_RANGE = 16;
/** Receipts in one request where a node has no `eth_getBlockReceipts`. */
const RECEIPTS_PER_REQUEST = 100;
/**
 * After a refusal of `eth_getBlockReceipts` so many blocks are read without it, doubled each time: an endpoint that has
 * no such method is hardly asked, and one that was only busy, or was upgraded, serves in one call again.
 */
const FIRST_BLOCKS_WITHOUT = 4;
const MOST_BLOCKS_WITHOUT = 256;
const EVENTS: readonly Hash[] = [BATCH_COMMITTED_TOPIC, PLAIN_BATCH_COMMITTED_TOPIC];

/** Reads whole blocks of one endpoint and proves what it says of commits by them. */
export class Prover {
  readonly #deps: ProverDeps;
  /** Blocks that are still read one receipt at a time before receipts by block are asked for again. */
  #oneByOne = 0;
  /** Refusals of receipts by block in a row. */
  #refused = 0;

  constructor(deps: ProverDeps) {
    this.#deps = deps;
  }

  /**
   * The transactions of logs that were claimed, from blocks that were proved to hold each of them. Two heavy answers a
   * block (all its transactions, all its receipts), in one request.
   */
  async transactionsOf(
    logs: readonly WireLog[],
    signal?: AbortSignal,
  ): Promise<{
    readonly transactions: ReadonlyMap<Hash, WireTransaction>;
    readonly blocks: readonly ProvedBlock[];
  }> {
    const transactions = new Map<Hash, WireTransaction>();
    const blocks: ProvedBlock[] = [];
    for (const hash of new Set(logs.map((log) => log.blockHash))) {
      const proved = await this.#block(hash, signal);
      blocks.push(proved);
      for (const log of logs.filter(({ blockHash }) => blockHash === hash)) {
        requireLog(log, proved);
        transactions.set(log.transactionHash, await transactionOf(log, proved));
      }
    }
    return { transactions, blocks };
  }

  /** Throws `log_hidden` when one of these blocks holds a commit that is not among the logs. */
  requireWhole(logs: readonly WireLog[], blocks: readonly ProvedBlock[]): void {
    for (const { ref, logs: all } of blocks) {
      const commits = all.filter((log) => this.#isCommit(log));
      const claimed = logs.filter(({ blockHash }) => blockHash === ref.hash);
      const left = commits.find((log) => !claimed.some(({ logIndex }) => logIndex === log.logIndex));
      if (left !== undefined) throw hidden(ref, left.logIndex);
    }
  }

  /**
   * Proves that no commit of a short range was left out: every header links to the next and the last to `pinned`, and
   * where a bloom allows a commit that nobody showed, the block's receipts are read. One request for the headers.
   */
  async requireNoOthers(
    { from, to, pinned }: { readonly from: number; readonly to: number; readonly pinned: L1BlockId },
    logs: readonly WireLog[],
    signal?: AbortSignal,
  ): Promise<void> {
    const count = to - from + 1;
    if (count < 1 || count > PROVED_RANGE) return;
    const method = 'eth_getBlockByNumber';
    const calls = Array.from({ length: count }, (_, i) => ({
      method,
      params: [quantityHex(from + i), false],
    }));
    const outcomes = await this.#deps.rpc.batch(calls, signal);
    let child: L1BlockRef | null = null;
    for (let index = count - 1; index >= 0; index--) {
      const json = resultOf(outcomes[index]);
      const ref = blockRef(json, method);
      if (ref === null)
        throw badAnswer(method, `it has block ${pinned.number} and no ${from + index}`, 'unanswered');
      const block = fieldsOf(json, 'a block', method);
      requireHeaderHash(block, ref.hash);
      const linked =
        child === null ? to < pinned.number || sameBlock(ref, pinned) : child.parentHash === ref.hash;
      if (!linked)
        throw badAnswer(method, `block ${ref.number} is not on the branch of ${pinned.hash}`, 'unlinked');
      child = ref;
      const shown = logs.some(({ blockHash }) => blockHash === ref.hash);
      if (shown || !mayHold(bloomOf(block), this.#deps.contract, EVENTS)) continue;
      this.requireWhole(logs, [await this.#block(ref.hash, signal)]);
    }
  }

  #isCommit = ({ address, topics }: ProvedLog): boolean =>
    address === this.#deps.contract && EVENTS.includes(topics[0] as Hash);

  async #block(hash: Hash, signal?: AbortSignal): Promise<ProvedBlock> {
    const block: RpcCall = { method: 'eth_getBlockByHash', params: [hash, true] };
    const receipts: RpcCall = { method: 'eth_getBlockReceipts', params: [hash] };
    const without = this.#oneByOne > 0;
    const outcomes = await this.#deps.rpc.batch(without ? [block] : [block, receipts], signal);
    const json = resultOf(outcomes[0]);
    const whole = outcomes[1];
    if (whole?.ok === true) {
      this.#refused = 0;
      return proveBlock(hash, json, whole.result);
    }
    const proved = proveBlock(hash, json, await this.#receiptsOneByOne(json, whole, signal));
    if (without) this.#oneByOne -= 1;
    else
      this.#oneByOne = Math.min(
        MOST_BLOCKS_WITHOUT,
        FIRST_BLOCKS_WITHOUT * 2 ** Math.min(this.#refused++, 10),
      );
    return proved;
  }

  /** For nodes without `eth_getBlockReceipts`. When this fails too, the first refusal is what there is to say. */
  async #receiptsOneByOne(
    block: unknown,
    refusal: RpcOutcome | undefined,
    signal?: AbortSignal,
  ): Promise<readonly unknown[]> {
    if (block === null) return [];
    const transactions = listOf(fieldsOf(block, 'a block')['transactions'], 'block.transactions');
    const hashes = transactions.map((entry) => fieldsOf(entry, 'a transaction')['hash']);
    const receipts: unknown[] = [];
    for (let start = 0; start < hashes.length; start += RECEIPTS_PER_REQUEST) {
      const calls = hashes
        .slice(start, start + RECEIPTS_PER_REQUEST)
        .map((wanted): RpcCall => ({ method: 'eth_getTransactionReceipt', params: [wanted] }));
      for (const outcome of await this.#deps.rpc.batch(calls, signal)) {
        if (!outcome.ok) throw refusal?.ok === false ? refusal.error : outcome.error;
        receipts.push(outcome.result);
      }
    }
    return receipts;
  }
}

function requireLog(log: WireLog, { ref, logs }: ProvedBlock): void {
  const real = logs[log.logIndex];
  const same =
    real !== undefined &&
    ref.number === log.blockNumber &&
    real.address === log.address &&
    real.transactionIndex === log.transactionIndex &&
    real.topics.join() === log.topics.join();
  if (same) return;
  const what = `the receipts of block ${ref.hash} hold no such log ${log.logIndex} as it showed`;
  throw badAnswer('eth_getLogs', what, 'log_forged');
}

/** The log's transaction at its place; its sender comes from the signature, which the encoding holds. */
async function transactionOf(log: WireLog, { json, transactions }: ProvedBlock): Promise<WireTransaction> {
  const encoded = transactions[log.transactionIndex]!;
  const transaction = wireTransaction(json[log.transactionIndex], log.transactionHash);
  const serializedTransaction = toHex(encoded) as TransactionSerialized;
  const sender: Hex = await recoverTransactionAddress({ serializedTransaction }).catch(() => '0x');
  if (transaction.hash === log.transactionHash && sender.toLowerCase() === transaction.from)
    return transaction;
  const what = `transaction ${transaction.hash} of ${transaction.from} is of ${sender.toLowerCase()}, or is not ${log.transactionHash}`;
  throw badAnswer('eth_getBlockByHash', what, 'transaction_hash');
}

const hidden = (ref: L1BlockRef, logIndex: number): InconsistencyError =>
  new InconsistencyError(
    'log_hidden',
    'eth_getLogs',
    `block ${ref.number} ${ref.hash} holds a commit as log ${logIndex}, which eth_getLogs does not show`,
    'incomplete_logs',
  );
