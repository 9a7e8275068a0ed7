/** What can happen to the devnet's L1 and to the registry on it. */
import { encodeFunctionData, parseAbi } from 'viem';
import { sequencerRegistryAbi } from '../../protocol/contractsAbi.ts';
import { type Address, type Hash, type Hex, ZERO_ADDRESS } from '../../protocol/refs.ts';
import type { JsonRpc } from '../../sequencer/ports.ts';
import { MIN_COLLATERAL, registerCall } from '../deploy.ts';
import { openL1Wallet } from '../l1Wallet.ts';
import { ChaosError } from './chaosError.ts';

export interface L1ChaosOptions {
  readonly l1Url: string;
  readonly registry: Address;
  /** First block that a reorg may replace: the contracts are older. */
  readonly firstBlock: number;
  /** An account of nobody's: it registers and unregisters others, which the contract allows anyone. */
  readonly strangerKey: Hex;
}

export interface L1Reorg {
  readonly depth: number;
  /** The deepest replaced block's number, and its hash before and after. */
  readonly from: number;
  readonly was: Hash;
  readonly is: Hash;
  /** How many transactions were in the replaced blocks. */
  readonly transactions: number;
}

/** Nothing is kept for deeper ones: anvil holds 1,100 states (`keepStates`). */
const DEEPEST = 1_000;
const REGISTRY_GAS = 300_000n;
const registryReads = parseAbi([
  'function leaderSequencer() view returns (address)',
  'function isRegistered(address) view returns (bool)',
]);
const quantity = (value: number): Hex => `0x${value.toString(16)}`;

export class L1Chaos {
  readonly #options: L1ChaosOptions;
  readonly #rpc: JsonRpc;

  constructor(options: L1ChaosOptions, deps: { readonly rpc: JsonRpc }) {
    this.#options = options;
    this.#rpc = deps.rpc;
  }

  /** Who may commit the next batch; null when nobody is registered. */
  async leader(): Promise<Address | null> {
    const data = encodeFunctionData({ abi: registryReads, functionName: 'leaderSequencer' });
    const leader = `0x${(await this.#read(data)).slice(26)}` as Address;
    return leader === ZERO_ADDRESS ? null : leader;
  }

  async isRegistered(sequencer: Address): Promise<boolean> {
    const data = encodeFunctionData({
      abi: registryReads,
      functionName: 'isRegistered',
      args: [sequencer],
    });
    return BigInt(await this.#read(data)) === 1n;
  }

  /** Takes the sequencer off the list, by a stranger's transaction. False when it was not on it. */
  async unregister(sequencer: Address): Promise<boolean> {
    if (!(await this.isRegistered(sequencer))) return false;
    const data = encodeFunctionData({
      abi: sequencerRegistryAbi,
      functionName: 'unregister',
      args: [sequencer],
    });
    await this.#asStranger(data, 0n);
    return true;
  }

  /** Puts the sequencer at the end of the list; the stranger pays. False when it was on it. */
  async register(sequencer: Address): Promise<boolean> {
    if (await this.isRegistered(sequencer)) return false;
    await this.#asStranger(registerCall(sequencer), MIN_COLLATERAL);
    return true;
  }

  /**
   * Replaces the last `depth` blocks by as many others: with the same transactions in the same order (`keep`), or
   * with none of them (`drop`), which also forgets them: nobody's pool holds them any more.
   */
  async reorg(depth: number, transactions: 'keep' | 'drop'): Promise<L1Reorg> {
    // A block that came between the look and the act would leave the deepest one as it was.
    const interval = await this.#rpc.request('anvil_getIntervalMining', []);
    if (typeof interval !== 'number') return this.#reorg(depth, transactions);
    await this.#rpc.request('evm_setIntervalMining', [0]);
    try {
      return await this.#reorg(depth, transactions);
    } finally {
      await this.#rpc.request('evm_setIntervalMining', [interval]);
    }
  }

  async #reorg(depth: number, transactions: 'keep' | 'drop'): Promise<L1Reorg> {
    const head = Number(await this.#rpc.request('eth_blockNumber', []));
    const deepest = Math.min(DEEPEST, head - this.#options.firstBlock + 1);
    if (depth > deepest) {
      const allowed = deepest < 1 ? 'none is possible yet' : `at most ${deepest} are possible now`;
      throw new ChaosError('not_now', `L1 cannot replace ${depth} blocks without the contracts: ${allowed}.`);
    }
    const from = head - depth + 1;
    const blocks = await Promise.all(Array.from({ length: depth }, (_, at) => this.#block(from + at)));
    const kept = transactions === 'keep' ? await this.#rawTransactions(blocks) : [];
    await this.#rpc.request('anvil_reorg', [depth, kept]).catch((error: unknown) => {
      throw new ChaosError('failed', `L1 refused the reorg: ${(error as Error).message}.`, error);
    });
    const was = blocks[0]!.hash;
    const is = (await this.#block(from)).hash;
    if (is === was) throw new ChaosError('failed', `L1 still has block ${from} as it was.`);
    return { depth, from, was, is, transactions: blocks.flatMap((block) => block.transactions).length };
  }

  /** anvil's pairs of a transaction and the place of its block among the new ones. */
  #rawTransactions(blocks: readonly L1Block[]): Promise<readonly (readonly [Hex, number])[]> {
    const pairs = blocks.flatMap((block, at) => block.transactions.map((hash) => [hash, at] as const));
    return Promise.all(
      pairs.map(async ([hash, at]) => {
        const raw = await this.#rpc.request('eth_getRawTransactionByHash', [hash]);
        return [raw as Hex, at] as const;
      }),
    );
  }

  async #block(number: number): Promise<L1Block> {
    const block = await this.#rpc.request('eth_getBlockByNumber', [quantity(number), false]);
    if (block === null) throw new ChaosError('failed', `L1 has no block ${number}.`);
    return block as L1Block;
  }

  async #read(data: Hex): Promise<Hex> {
    return (await this.#rpc.request('eth_call', [{ to: this.#options.registry, data }, 'latest'])) as Hex;
  }

  async #asStranger(data: Hex, value: bigint): Promise<void> {
    const { l1Url, strangerKey, registry } = this.#options;
    const wallet = await openL1Wallet(l1Url, strangerKey);
    await wallet.wait(await wallet.send({ to: registry, data, value, gas: REGISTRY_GAS }));
  }
}

interface L1Block {
  readonly hash: Hash;
  readonly transactions: readonly Hash[];
}
