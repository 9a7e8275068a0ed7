import { decodeFunctionResult, encodeFunctionData } from 'viem';
import { onChainProposerAbi, sequencerRegistryAbi } from '../../protocol/contractsAbi.ts';
import type { Address, Hash, Hex, L1BlockId, L1BlockRef } from '../../protocol/refs.ts';
import { ZERO_ADDRESS } from '../../protocol/refs.ts';
import { SequencerError } from '../errors.ts';
import type { JsonRpc } from '../ports.ts';

/** Calls in flight at a time when a long list is read element by element. */
const CHUNK = 32;

/** The registry's and the proposer's views, each pinned to one L1 block by its hash. */
export class RegistryViews {
  readonly #registry: Address;
  readonly #proposer: Address;
  readonly #rpc: JsonRpc;

  constructor(opts: { registry: Address; proposer: Address }, deps: { rpc: JsonRpc }) {
    this.#registry = opts.registry;
    this.#proposer = opts.proposer;
    this.#rpc = deps.rpc;
  }

  /** The L1 block of that number or label on the canonical branch; null when there is none. */
  async block(tag: number | 'latest', signal?: AbortSignal): Promise<L1BlockRef | null> {
    const param = tag === 'latest' ? tag : quantity(tag);
    const raw = (await this.#rpc.request('eth_getBlockByNumber', [param, false], signal)) as {
      readonly number: Hex;
      readonly hash: Hex;
      readonly parentHash: Hex;
      readonly timestamp: Hex;
    } | null;
    if (raw === null) return null;
    const { hash, parentHash } = raw;
    return { number: Number(raw.number), hash, parentHash, timestamp: Number(raw.timestamp) };
  }

  async leader(at: L1BlockId, signal?: AbortSignal): Promise<Address | null> {
    return someone(await this.#registryCall('leaderSequencer', [], at, signal));
  }

  async batchesPerSequencer(at: L1BlockId, signal?: AbortSignal): Promise<number> {
    const term = Number(await this.#registryCall('BATCHES_PER_SEQUENCER', [], at, signal));
    if (Number.isSafeInteger(term) && term >= 1) return term;
    throw new SequencerError('bad_l1_answer', `the registry's terms have ${term} batches`);
  }

  /** wei; 0 for who is not registered. */
  async collateral(address: Address, at: L1BlockId, signal?: AbortSignal): Promise<bigint> {
    return (await this.#registryCall('collateral', [address], at, signal)) as bigint;
  }

  async isRegistered(address: Address, at: L1BlockId, signal?: AbortSignal): Promise<boolean> {
    return (await this.#registryCall('isRegistered', [address], at, signal)) as boolean;
  }

  /** Who committed the batch; null for one that is not committed. */
  async sequencerForBatch(batch: number, at: L1BlockId, signal?: AbortSignal): Promise<Address | null> {
    return someone(await this.#registryCall('sequencerForBatch', [BigInt(batch)], at, signal));
  }

  async lastCommittedBatch(at: L1BlockId, signal?: AbortSignal): Promise<number> {
    const functionName = 'lastCommittedBatch';
    const data = encodeFunctionData({ abi: onChainProposerAbi, functionName });
    const answer = await this.#call(this.#proposer, data, at, signal);
    return Number(decodeFunctionResult({ abi: onChainProposerAbi, functionName, data: answer }));
  }

  /** The array's element; null beyond its end, where the getter reverts. */
  async sequencerAt(index: number, at: L1BlockId, signal?: AbortSignal): Promise<Address | null> {
    try {
      const answer = await this.#registryCall('sequencers', [BigInt(index)], at, signal);
      return (answer as Address).toLowerCase() as Address;
    } catch (error) {
      if (isRevert(error)) return null;
      throw error;
    }
  }

  /** True when the array is exactly this list. */
  async listIs(list: readonly Address[], at: L1BlockId, signal?: AbortSignal): Promise<boolean> {
    for (let from = 0; from <= list.length; from += CHUNK) {
      const indexes = Array.from({ length: Math.min(CHUNK, list.length + 1 - from) }, (_, i) => from + i);
      const there = await Promise.all(indexes.map((index) => this.sequencerAt(index, at, signal)));
      if (there.some((address, i) => address !== (list[from + i] ?? null))) return false;
    }
    return true;
  }

  /** True when the array has that length, ends with the same sequencer and has the same one at `index`. */
  async looksLike(
    list: readonly Address[],
    index: number,
    at: L1BlockId,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const indexes = new Set([index, list.length - 1, list.length]);
    const checks = [...indexes].map(async (each) => {
      const there = each < 0 ? null : await this.sequencerAt(each, at, signal);
      return there === (list[each] ?? null);
    });
    return (await Promise.all(checks)).every(Boolean);
  }

  /** Who signed a transaction; null when the node does not have it any more. */
  async senderOf(transaction: Hash, signal?: AbortSignal): Promise<Address | null> {
    const found = (await this.#rpc.request('eth_getTransactionByHash', [transaction], signal)) as {
      readonly from: Address;
    } | null;
    return (found?.from.toLowerCase() as Address | undefined) ?? null;
  }

  async #registryCall(
    functionName:
      | 'leaderSequencer'
      | 'BATCHES_PER_SEQUENCER'
      | 'collateral'
      | 'isRegistered'
      | 'sequencerForBatch'
      | 'sequencers',
    args: readonly [] | readonly [bigint] | readonly [Address],
    at: L1BlockId,
    signal?: AbortSignal,
  ): Promise<unknown> {
    const call = { abi: sequencerRegistryAbi, functionName, args } as Parameters<
      typeof encodeFunctionData<typeof sequencerRegistryAbi>
    >[0];
    const data = await this.#call(this.#registry, encodeFunctionData(call), at, signal);
    return decodeFunctionResult({ abi: sequencerRegistryAbi, functionName, data });
  }

  async #call(to: Address, data: Hex, at: L1BlockId, signal?: AbortSignal): Promise<Hex> {
    const pinned = { blockHash: at.hash, requireCanonical: true };
    return (await this.#rpc.request('eth_call', [{ to, data }, pinned], signal)) as Hex;
  }
}

export const quantity = (value: number): Hex => `0x${value.toString(16)}`;

const someone = (answer: unknown): Address | null => {
  const address = (answer as Address).toLowerCase() as Address;
  return address === ZERO_ADDRESS ? null : address;
};

/** Code 3 in geth, reth and anvil, -32015 in Nethermind; the rest say it in words. */
function isRevert(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return error.code === 3 || error.code === -32015 || /revert/i.test(error.message);
}
