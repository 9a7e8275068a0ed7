import { decodeAbiParameters, decodeFunctionResult, encodeFunctionData, parseAbiParameters } from 'viem';
import {
  commonBridgeAbi,
  onChainProposerAbi,
  PRIVILEGED_TX_SENT_TOPIC,
  sequencerRegistryAbi,
} from '../protocol/contractsAbi.ts';
import type { Address, Hash, Hex, L1BlockId, L1BlockRef } from '../protocol/refs.ts';
import { ZERO_HASH } from '../protocol/refs.ts';
import { SequencerError } from './errors.ts';
import type { BridgeLogs, JsonRpc, L1Message, RollupContracts, RollupSnapshot } from './ports.ts';

export interface L1ContractsOptions {
  readonly proposer: Address;
  readonly bridge: Address;
  /** Null where nobody but the owner decides who leads. */
  readonly registry: Address | null;
}

interface RawBlock {
  readonly number: Hex;
  readonly hash: Hash;
  readonly parentHash: Hash;
  readonly timestamp: Hex;
}

interface RawLog {
  readonly data: Hex;
  readonly blockNumber: Hex;
  readonly blockHash: Hash;
  readonly removed?: boolean;
}

/** Reads the contracts with every call pinned to one L1 block by its hash. */
export class L1Contracts implements RollupContracts, BridgeLogs {
  readonly #opts: L1ContractsOptions;
  readonly #rpc: JsonRpc;
  #last: RollupSnapshot | null = null;
  #finalized: { readonly at: Hash; readonly lastBlockHash: Hash | null } | null = null;

  constructor(opts: L1ContractsOptions, deps: { rpc: JsonRpc }) {
    this.#opts = opts;
    this.#rpc = deps.rpc;
  }

  async snapshot(signal?: AbortSignal): Promise<RollupSnapshot> {
    const at = await this.#block('latest', signal);
    if (at === null) throw new SequencerError('bad_l1_answer', 'the L1 node has no latest block');
    if (this.#last?.at.hash === at.hash) return this.#last;
    const [lastCommittedBatch, lastVerifiedBatch, pendingMessages, leader] = await Promise.all([
      this.#counter('lastCommittedBatch', at, signal),
      this.#counter('lastVerifiedBatch', at, signal),
      this.#pending(at, signal),
      this.#leader(at, signal),
    ]);
    const [lastCommittedBlockHash, unverifiedMessages, finalizedBlockHash] = await Promise.all([
      this.#lastBlockHash(lastCommittedBatch, at, signal),
      this.#messagesIn(lastVerifiedBatch + 1, lastCommittedBatch, at, signal),
      this.#finalizedBlockHash(signal),
    ]);
    this.#last = {
      at,
      lastCommittedBatch,
      lastCommittedBlockHash,
      lastVerifiedBatch,
      unverifiedMessages,
      pendingMessages,
      leader,
      finalizedBlockHash,
    };
    return this.#last;
  }

  async deadlines(
    messages: readonly Hash[],
    at: L1BlockId,
    signal?: AbortSignal,
  ): Promise<readonly number[]> {
    const functionName = 'privilegedTxDeadline';
    const answers = messages.map(async (message) => {
      const data = encodeFunctionData({ abi: commonBridgeAbi, functionName, args: [message] });
      const answer = await this.#call(this.#opts.bridge, data, at, signal);
      return Number(decodeFunctionResult({ abi: commonBridgeAbi, functionName, data: answer }));
    });
    return Promise.all(answers);
  }

  async maxWait(at: L1BlockId, signal?: AbortSignal): Promise<number> {
    const functionName = 'PRIVILEGED_TX_MAX_WAIT_BEFORE_INCLUSION';
    const data = encodeFunctionData({ abi: commonBridgeAbi, functionName });
    const answer = await this.#call(this.#opts.bridge, data, at, signal);
    return Number(decodeFunctionResult({ abi: commonBridgeAbi, functionName, data: answer }));
  }

  async blockHash(number: number, signal?: AbortSignal): Promise<Hash | null> {
    return (await this.#block(quantity(number), signal))?.hash ?? null;
  }

  async messages(from: number, to: number, signal?: AbortSignal): Promise<readonly L1Message[]> {
    const filter = {
      address: this.#opts.bridge,
      topics: [PRIVILEGED_TX_SENT_TOPIC],
      fromBlock: quantity(from),
      toBlock: quantity(to),
    };
    const logs = (await this.#rpc.request('eth_getLogs', [filter], signal)) as readonly RawLog[];
    return logs.filter((log) => log.removed !== true).map(messageOf);
  }

  async #block(tag: Hex | 'latest' | 'finalized', signal?: AbortSignal): Promise<L1BlockRef | null> {
    const block = (await this.#rpc.request('eth_getBlockByNumber', [tag, false], signal)) as RawBlock | null;
    if (block === null) return null;
    const { hash, parentHash } = block;
    return { number: Number(block.number), hash, parentHash, timestamp: Number(block.timestamp) };
  }

  async #call(to: Address, data: Hex, at: L1BlockId, signal?: AbortSignal): Promise<Hex> {
    const pinned = { blockHash: at.hash, requireCanonical: true };
    return (await this.#rpc.request('eth_call', [{ to, data }, pinned], signal)) as Hex;
  }

  async #counter(
    functionName: 'lastCommittedBatch' | 'lastVerifiedBatch',
    at: L1BlockId,
    signal?: AbortSignal,
  ): Promise<number> {
    const data = encodeFunctionData({ abi: onChainProposerAbi, functionName });
    const answer = await this.#call(this.#opts.proposer, data, at, signal);
    return Number(decodeFunctionResult({ abi: onChainProposerAbi, functionName, data: answer }));
  }

  async #pending(at: L1BlockId, signal?: AbortSignal): Promise<readonly Hash[]> {
    const functionName = 'getPendingTransactionHashes';
    const data = encodeFunctionData({ abi: commonBridgeAbi, functionName });
    const answer = await this.#call(this.#opts.bridge, data, at, signal);
    return decodeFunctionResult({ abi: commonBridgeAbi, functionName, data: answer });
  }

  async #leader(at: L1BlockId, signal?: AbortSignal): Promise<Address | null> {
    if (this.#opts.registry === null) return null;
    const functionName = 'leaderSequencer';
    const data = encodeFunctionData({ abi: sequencerRegistryAbi, functionName });
    const answer = await this.#call(this.#opts.registry, data, at, signal);
    const leader = decodeFunctionResult({ abi: sequencerRegistryAbi, functionName, data: answer });
    return leader.toLowerCase() as Address;
  }

  async #commitment(batch: number, at: L1BlockId, signal?: AbortSignal) {
    const functionName = 'batchCommitments';
    const data = encodeFunctionData({ abi: onChainProposerAbi, functionName, args: [BigInt(batch)] });
    const answer = await this.#call(this.#opts.proposer, data, at, signal);
    return decodeFunctionResult({ abi: onChainProposerAbi, functionName, data: answer });
  }

  /** The contract keeps the commitments from `lastVerifiedBatch` on, and the last committed one is among them. */
  async #lastBlockHash(batch: number, at: L1BlockId, signal?: AbortSignal): Promise<Hash | null> {
    if (batch === 0) return null;
    const [, , , , lastBlockHash] = await this.#commitment(batch, at, signal);
    if (lastBlockHash !== ZERO_HASH) return lastBlockHash;
    throw new SequencerError('bad_l1_answer', `batch ${batch} is committed and has no last block hash`);
  }

  /** The first two bytes of a privileged rolling hash are the number of messages. */
  async #messagesIn(first: number, last: number, at: L1BlockId, signal?: AbortSignal): Promise<number> {
    const numbers = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
    const commitments = await Promise.all(numbers.map((number) => this.#commitment(number, at, signal)));
    return commitments.reduce((sum, [, , rolling]) => sum + Number.parseInt(rolling.slice(2, 6), 16), 0);
  }

  /**
   * A label for the engine and no more: when the node has no finalized block, or no state for it, the last known
   * answer stands.
   */
  async #finalizedBlockHash(signal?: AbortSignal): Promise<Hash | null> {
    try {
      const at = await this.#block('finalized', signal);
      if (at === null || this.#finalized?.at === at.hash) return this.#finalized?.lastBlockHash ?? null;
      const batch = await this.#counter('lastCommittedBatch', at, signal);
      this.#finalized = { at: at.hash, lastBlockHash: await this.#lastBlockHash(batch, at, signal) };
    } catch (error) {
      if (signal?.aborted) throw error;
    }
    return this.#finalized?.lastBlockHash ?? null;
  }
}

const quantity = (value: number): Hex => `0x${value.toString(16)}`;

/** Everything of `PrivilegedTxSent` but its one indexed argument. */
const MESSAGE_FIELDS = parseAbiParameters('address, address, uint256, uint256, uint256, bytes');

function messageOf(log: RawLog): L1Message {
  const [from, to, transactionId, value, gasLimit, data] = decodeAbiParameters(MESSAGE_FIELDS, log.data);
  return {
    transactionId,
    from: from.toLowerCase() as Address,
    to: to.toLowerCase() as Address,
    value,
    gasLimit,
    data,
    l1Block: { number: Number(log.blockNumber), hash: log.blockHash },
  };
}
