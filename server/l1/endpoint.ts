/**
 * The reads of the L1 port from one endpoint. viem encodes and decodes, `jsonRpc.ts` carries, `wire.ts` reads
 * strictly, and everything that is returned was checked against a block hash.
 */
import type { BatchCommit } from '../protocol/batch.ts';
import type { Address, Hash, L1BlockId, L1BlockRef } from '../protocol/refs.ts';
import type { RollupConfig } from '../protocol/rollupConfig.ts';
import { CallCoalescer } from './coalesce.ts';
import { CommitSource } from './commitSource.ts';
import { contractStateCalls, contractStateOf } from './contractViews.ts';
import { callsTo } from './innerCalls.ts';
import { JsonRpcClient, type RpcCall, type RpcOutcome } from './jsonRpc.ts';
import { type ContractState, type ExpectedBatches, InconsistencyError, L1Error, type L1Heads } from './l1.ts';
import { pinnedTo } from './pinned.ts';
import type { ProviderReads } from './pool/member.ts';
import { requireHeaderHash } from './verify/blockProof.ts';
import type { Fields } from './verify/encode.ts';
import { Prover } from './verify/prover.ts';
import { badAnswer, blockRef, quantity, quantityHex, resultOf } from './wire.ts';

export type RollupOnL1 = Pick<
  RollupConfig,
  'l1ChainId' | 'onChainProposer' | 'sequencerRegistry' | 'l1StartBlock'
>;

export interface EndpointOptions {
  readonly url: string;
  readonly config: RollupOnL1;
  /** Milliseconds for one HTTP exchange. */
  readonly timeoutMs: number;
  /** Bytes of one answer. */
  readonly maxResponseBytes: number;
  /**
   * `all`: answers are compared with each other, which finds accidents. `none`: headers, transactions and receipts are
   * recomputed to the hashes they must have, which finds lies.
   */
  readonly trust: L1Trust;
}

export type L1Trust = 'all' | 'none';

/** Headers in one request. */
const HEADERS_PER_REQUEST = 100;

/** It sends nothing until it is used; `close` ends every request. */
export class L1Endpoint implements ProviderReads {
  readonly #config: RollupOnL1;
  readonly #rpc: JsonRpcClient;
  readonly #headers: CallCoalescer;
  readonly #commits: CommitSource;
  readonly #trust: L1Trust;

  constructor({ url, config, timeoutMs, maxResponseBytes, trust }: EndpointOptions) {
    this.#config = config;
    this.#trust = trust;
    this.#rpc = new JsonRpcClient({ url, timeoutMs, maxResponseBytes });
    this.#headers = new CallCoalescer(this.#rpc, HEADERS_PER_REQUEST);
    this.#commits = new CommitSource({
      rpc: this.#rpc,
      blockByNumber: (number, signal) => this.blockByNumber(number, signal),
      contract: config.onChainProposer,
      startBlock: config.l1StartBlock,
      prover: trust === 'all' ? null : new Prover({ rpc: this.#rpc, contract: config.onChainProposer }),
      // Only a deployment without a registry can be one whose event has no batch number.
      mayBePlain: config.sequencerRegistry === null,
    });
  }

  /** HTTP requests sent so far. */
  get requests(): number {
    return this.#rpc.requests;
  }

  get host(): string {
    return this.#rpc.host;
  }

  requestOf(method: string): string | null {
    return this.#rpc.requestOf(method);
  }

  async chainId(signal?: AbortSignal): Promise<number> {
    return quantity(await this.#rpc.call('eth_chainId', [], signal), 'eth_chainId', 'chain id');
  }

  /**
   * One request. The chain id is asked each time, because a provider may fail over to another chain (R44).
   * Labels out of order (R22) are a bad answer: two backends answered.
   */
  async heads(signal?: AbortSignal): Promise<L1Heads> {
    const method = 'eth_getBlockByNumber';
    const byLabel = (label: string): RpcCall => ({ method, params: [label, false] });
    const outcomes = await this.#rpc.batch(
      [{ method: 'eth_chainId', params: [] }, byLabel('latest'), byLabel('safe'), byLabel('finalized')],
      signal,
    );
    this.#requireChain(quantity(resultOf(outcomes[0]), 'eth_chainId', 'chain id'));
    const latest = this.#header(resultOf(outcomes[1]), method);
    if (latest === null) throw badAnswer(method, 'it has no latest block');
    const safe = this.#label(outcomes[2], method);
    const finalized = this.#label(outcomes[3], method);
    const ceiling = safe ?? latest;
    if (ceiling.number > latest.number || (finalized !== null && finalized.number > ceiling.number)) {
      const shown = `finalized ${finalized?.number ?? 'none'}, safe ${safe?.number ?? 'none'}, latest ${latest.number}`;
      throw badAnswer(method, `its labels are out of order (${shown})`, 'labels_order');
    }
    return { latest, safe, finalized };
  }

  /** Blocks asked for in the same tick share a request, 100 at most. */
  async blockByNumber(number: number, signal?: AbortSignal): Promise<L1BlockRef | null> {
    const method = 'eth_getBlockByNumber';
    const block = this.#header(
      await this.#headers.call(method, [quantityHex(number), false], signal),
      method,
    );
    if (block !== null && block.number !== number)
      throw badAnswer(method, `asked ${number}, got ${block.number}`, 'wrong_block');
    return block;
  }

  async blockByHash(wanted: Hash, signal?: AbortSignal): Promise<L1BlockRef | null> {
    const method = 'eth_getBlockByHash';
    const block = this.#header(await this.#headers.call(method, [wanted, false], signal), method);
    if (block !== null && block.hash !== wanted)
      throw badAnswer(method, `asked ${wanted}, got ${block.hash}`, 'wrong_block');
    return block;
  }

  /** One request of three calls (two without a registry), each at the block's hash (EIP-1898). */
  contractState(at: L1BlockId, signal?: AbortSignal): Promise<ContractState> {
    return pinnedTo(this, at, signal, async () => {
      const outcomes = await this.#rpc.batch(contractStateCalls(this.#config, at), signal);
      return contractStateOf(outcomes, this.#config, at);
    });
  }

  /** Null where it does not trace transactions. */
  async innerCalls(
    transaction: Hash,
    to: Address,
    signal?: AbortSignal,
  ): Promise<readonly Uint8Array[] | null> {
    try {
      const tracer = { tracer: 'callTracer' };
      return callsTo(to, await this.#rpc.call('debug_traceTransaction', [transaction, tracer], signal));
    } catch (error) {
      if (error instanceof L1Error && error.code === 'rpc_error') return null;
      throw error;
    }
  }

  /**
   * Requests: one for the logs (more when the provider limits ranges), one for every 100 blocks that hold a
   * commit, one for every 8 commits, and one at the end that looks whether `pinned` is still canonical.
   */
  async batchCommits(
    from: number,
    to: number,
    pinned: L1BlockId,
    signal?: AbortSignal,
    expected?: ExpectedBatches,
    most?: number,
  ): Promise<readonly BatchCommit[]> {
    return pinnedTo(this, pinned, signal, () =>
      this.#commits.ofRange({ from, to, pinned, expected, most }, signal),
    );
  }

  /** Four requests, whatever the length of the chain, unless the provider limits ranges; two when there is none. */
  commitOfBatch(batchNumber: number, pinned: L1BlockId, signal?: AbortSignal): Promise<BatchCommit | null> {
    return pinnedTo(this, pinned, signal, () => this.#commits.ofBatch(batchNumber, pinned, signal));
  }

  /** The hash of the latest block. */
  async latestHash(signal?: AbortSignal): Promise<Hash> {
    const method = 'eth_getBlockByNumber';
    const block = blockRef(await this.#rpc.call(method, ['latest', false], signal), method);
    if (block === null) throw badAnswer(method, 'it has no latest block', 'unanswered');
    return block.hash;
  }

  close(): void {
    this.#rpc.close();
  }

  #requireChain(chainId: number): void {
    const wanted = this.#config.l1ChainId;
    if (chainId === wanted) return;
    throw new InconsistencyError(
      'wrong_chain',
      'eth_chainId',
      `${this.host} is on chain ${chainId}, this rollup is on ${wanted}`,
      'wrong_chain',
    );
  }

  /** A node without such a label answers null or an error of its own wording (R23): both mean "not offered". */
  #label(outcome: RpcOutcome | undefined, method: string): L1BlockRef | null {
    if (outcome?.ok === false && outcome.error.code === 'rpc_error') return null;
    return this.#header(resultOf(outcome), method);
  }

  #header(answer: unknown, method: string): L1BlockRef | null {
    const block = blockRef(answer, method);
    if (block !== null && this.#trust === 'none') requireHeaderHash(answer as Fields, block.hash);
    return block;
  }
}
