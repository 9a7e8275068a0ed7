/**
 * The registry and the proposer written a second time, plainly and apart from the code under test, and an L1 that
 * holds them and answers JSON-RPC. Its blocks are words: `+A` somebody registers A, `-A` a stranger unregisters A,
 * `!A` A unregisters itself, `c` the leader commits, `.` nothing; `+A+Bcc` is one block with four transactions.
 */
import { decodeFunctionData, encodeAbiParameters, encodeFunctionResult } from 'viem';
import {
  BATCH_COMMITTED_TOPIC,
  onChainProposerAbi,
  SEQUENCER_REGISTERED_TOPIC,
  SEQUENCER_UNREGISTERED_TOPIC,
  sequencerRegistryAbi,
} from '../protocol/contractsAbi.ts';
import type { Address, Hash, Hex, L1BlockRef } from '../protocol/refs.ts';
import { ZERO_ADDRESS, ZERO_HASH } from '../protocol/refs.ts';
import { RpcError } from '../sequencer/httpRpc.ts';
import type { JsonRpc } from '../sequencer/ports.ts';

export const REGISTRY: Address = '0x00000000000000000000000000000000000000a1';
export const PROPOSER: Address = '0x00000000000000000000000000000000000000a2';
export const STRANGER: Address = '0x00000000000000000000000000000000000000ee';
const ETHER = 10n ** 18n;

/** Sequencer A is 0x4141…, B is 0x4242…, and so on. */
export const sequencer = (name: string): Address =>
  `0x${name.codePointAt(0)!.toString(16).padStart(2, '0').repeat(20)}`;

/** The letter of an address of `sequencer`, `-` for nobody. */
export const nameOf = (address: Address | null): string =>
  address === null ? '-' : String.fromCodePoint(Number.parseInt(address.slice(2, 4), 16));

/** `SequencerRegistry.sol` and the proposer's counter, line by line. Methods throw what the contract reverts with. */
export class NaiveRegistry {
  readonly BATCHES_PER_SEQUENCER: number;
  collateral: Record<Address, bigint> = {};
  sequencers: Address[] = [];
  sequencerForBatch: Address[] = [ZERO_ADDRESS];
  lastCommittedBatch = 0;

  constructor(batchesPerSequencer: number) {
    this.BATCHES_PER_SEQUENCER = batchesPerSequencer;
  }

  clone(): NaiveRegistry {
    const copy = new NaiveRegistry(this.BATCHES_PER_SEQUENCER);
    copy.collateral = { ...this.collateral };
    copy.sequencers = [...this.sequencers];
    copy.sequencerForBatch = [...this.sequencerForBatch];
    copy.lastCommittedBatch = this.lastCommittedBatch;
    return copy;
  }

  register(address: Address, value: bigint): void {
    if ((this.collateral[address] ?? 0n) !== 0n) throw new Error('Already registered');
    if (value < ETHER) throw new Error('Insufficient collateral');
    this.collateral[address] = value;
    this.sequencers.push(address);
  }

  unregister(address: Address): void {
    if ((this.collateral[address] ?? 0n) === 0n) throw new Error('Not registered');
    this.collateral[address] = 0n;
    const last = this.sequencers.length - 1;
    for (let i = 0; i <= last; i++) {
      if (this.sequencers[i] !== address) continue;
      this.sequencers[i] = this.sequencers[last]!;
      this.sequencers.pop();
      break;
    }
  }

  commitBatch(number: number, sender: Address): void {
    if (sender !== this.leaderSequencer()) throw new Error('CallerHasNoSequencingRights');
    if (number !== this.lastCommittedBatch + 1) throw new Error('BatchNumberNotSuccessor');
    this.lastCommittedBatch = number;
    this.sequencerForBatch[number] = sender;
  }

  leaderSequencer(): Address {
    return this.leadSequencerForBatch(this.lastCommittedBatch + 1);
  }

  leadSequencerForBatch(number: number): Address {
    if (number < this.lastCommittedBatch + 1) return this.sequencerForBatch[number] ?? ZERO_ADDRESS;
    if (this.sequencers.length === 0) return ZERO_ADDRESS;
    return this.sequencers[Math.floor(number / this.BATCHES_PER_SEQUENCER) % this.sequencers.length]!;
  }
}

interface Log {
  readonly address: Address;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly transactionHash: Hash;
}

interface Block extends L1BlockRef {
  readonly contracts: NaiveRegistry;
  readonly logs: readonly Log[];
}

export interface RegistryFaults {
  /** A request for more blocks is refused. */
  maxRange: number;
  /** Logs of these blocks are left out of the next so many answers. */
  omits: { readonly blocks: (number: number) => boolean; times: number } | null;
  /** Every log twice, the last first. */
  shuffles: boolean;
  /** Every log a second time, as another contract's. */
  foreign: boolean;
  /** `latest` is so many blocks behind. */
  lag: number;
  /** Every request fails as that of a node which is not there. */
  down: boolean;
  /** Runs once, after the next answer to `eth_getLogs`. */
  afterLogs: (() => void) | null;
}

export class FakeRegistryL1 implements JsonRpc {
  readonly faults: RegistryFaults = {
    maxRange: Number.POSITIVE_INFINITY,
    omits: null,
    shuffles: false,
    foreign: false,
    lag: 0,
    down: false,
    afterLogs: null,
  };
  /** Every request: the method, and for logs the range. */
  readonly asked: string[] = [];
  readonly #senders = new Map<Hash, Address>();
  #chain: Block[];
  #salt = 0;

  constructor(batchesPerSequencer: number) {
    this.#chain = [this.#block(null, new NaiveRegistry(batchesPerSequencer), [])];
  }

  get head(): L1BlockRef {
    return this.#chain.at(-1)!;
  }

  /** The contracts at the head. Read only: the next block begins with a copy. */
  get contracts(): NaiveRegistry {
    return this.#chain.at(-1)!.contracts;
  }

  /** One block for each word. A call that the contracts refuse is mined and changes nothing. */
  mine(words: string): L1BlockRef {
    for (const word of words.split(' ')) {
      const parent = this.#chain.at(-1)!;
      const contracts = parent.contracts.clone();
      const logs = (word.match(/[+\-!][A-Z]|c/g) ?? []).flatMap((call) => this.#execute(call, contracts));
      this.#chain.push(this.#block(parent, contracts, logs));
    }
    return this.head;
  }

  /** Drops the last `depth` blocks and mines others. */
  reorg(depth: number, words: string): L1BlockRef {
    if (depth > 0) this.#chain.splice(-depth);
    return this.mine(words);
  }

  async request(method: string, params: readonly unknown[], signal?: AbortSignal): Promise<unknown> {
    signal?.throwIfAborted();
    this.asked.push(method);
    if (this.faults.down) throw new TypeError('fetch failed');
    switch (method) {
      case 'eth_getBlockByNumber':
        return this.#rawBlock(params[0] as Hex | 'latest');
      case 'eth_getLogs':
        return this.#getLogs(params[0] as LogFilter);
      case 'eth_call':
        return this.#call(params[0] as { to: Address; data: Hex }, params[1] as Pin);
      case 'eth_getTransactionByHash': {
        const from = this.#senders.get(params[0] as Hash);
        return from === undefined ? null : { from };
      }
      default:
        throw new RpcError(method, -32601, 'the method does not exist');
    }
  }

  #execute(call: string, contracts: NaiveRegistry): readonly Log[] {
    const [verb] = call;
    const who = call === 'c' ? contracts.leaderSequencer() : sequencer(call[1]!);
    const transactionHash: Hash = `0x${(++this.#salt).toString(16).padStart(64, 'f')}`;
    this.#senders.set(transactionHash, verb === '-' || verb === '+' ? STRANGER : who);
    const indexed: Hex = `0x${who.slice(2).padStart(64, '0')}`;
    try {
      if (verb === '+') {
        contracts.register(who, 2n * ETHER);
        const data = encodeAbiParameters([{ type: 'uint256' }], [2n * ETHER]);
        return [{ address: REGISTRY, topics: [SEQUENCER_REGISTERED_TOPIC, indexed], data, transactionHash }];
      }
      if (verb !== 'c') {
        contracts.unregister(who);
        return [
          { address: REGISTRY, topics: [SEQUENCER_UNREGISTERED_TOPIC, indexed], data: '0x', transactionHash },
        ];
      }
      if (who === ZERO_ADDRESS) return [];
      const number = contracts.lastCommittedBatch + 1;
      contracts.commitBatch(number, who);
      const topics: readonly Hex[] = [
        BATCH_COMMITTED_TOPIC,
        `0x${number.toString(16).padStart(64, '0')}`,
        ZERO_HASH,
      ];
      return [{ address: PROPOSER, topics, data: '0x', transactionHash }];
    } catch {
      return [];
    }
  }

  #rawBlock(tag: Hex | 'latest'): object | null {
    const latest = this.#chain.length - 1 - this.faults.lag;
    const number = tag === 'latest' ? latest : Number(tag);
    const block = number > latest ? undefined : this.#chain[number];
    if (block === undefined) return null;
    const { hash, parentHash, timestamp } = block;
    return { number: quantity(number), hash, parentHash, timestamp: quantity(timestamp) };
  }

  #getLogs(filter: LogFilter): readonly object[] {
    const [from, to] = [Number(filter.fromBlock), Number(filter.toBlock)];
    this.asked.push(`${from}-${to}`);
    if (to - from + 1 > this.faults.maxRange) throw new RpcError('eth_getLogs', -32005, 'range too large');
    const { omits } = this.faults;
    const omitting = omits !== null && omits.times > 0;
    if (omitting) omits.times--;
    const addresses = [filter.address].flat();
    const blocks = this.#chain
      .slice(from, to + 1)
      .filter((block) => !omitting || !omits.blocks(block.number));
    const logs = blocks.flatMap((block) =>
      block.logs.map((log, index) => ({
        ...log,
        blockNumber: quantity(block.number),
        blockHash: block.hash,
        logIndex: quantity(index),
      })),
    );
    const wanted = logs.filter(
      (log) => addresses.includes(log.address) && filter.topics[0]!.includes(log.topics[0]!),
    );
    if (this.faults.foreign) {
      wanted.push(...wanted.map((log) => ({ ...log, address: STRANGER, logIndex: quantity(1_000) })));
    }
    const { afterLogs } = this.faults;
    this.faults.afterLogs = null;
    afterLogs?.();
    return this.faults.shuffles ? [...wanted, ...wanted].reverse() : wanted;
  }

  #call({ to, data }: { to: Address; data: Hex }, pin: Pin): Hex {
    if (!pin.requireCanonical) throw new RpcError('eth_call', -32602, 'a call must not leave the branch');
    const block = this.#chain.find((each) => each.hash === pin.blockHash);
    if (block === undefined) throw new RpcError('eth_call', -32000, 'hash is not currently canonical');
    const { contracts } = block;
    if (to === PROPOSER) {
      const { functionName } = decodeFunctionData({ abi: onChainProposerAbi, data });
      if (functionName !== 'lastCommittedBatch') throw new RpcError('eth_call', 3, 'execution reverted');
      const result = BigInt(contracts.lastCommittedBatch);
      return encodeFunctionResult({ abi: onChainProposerAbi, functionName, result });
    }
    const call = decodeFunctionData({ abi: sequencerRegistryAbi, data });
    const answer = (result: unknown): Hex =>
      encodeFunctionResult({ abi: sequencerRegistryAbi, functionName: call.functionName, result } as never);
    switch (call.functionName) {
      case 'leaderSequencer':
        return answer(contracts.leaderSequencer());
      case 'BATCHES_PER_SEQUENCER':
        return answer(BigInt(contracts.BATCHES_PER_SEQUENCER));
      case 'collateral':
        return answer(contracts.collateral[call.args[0].toLowerCase() as Address] ?? 0n);
      case 'isRegistered':
        return answer((contracts.collateral[call.args[0].toLowerCase() as Address] ?? 0n) >= ETHER);
      case 'sequencerForBatch':
        return answer(contracts.sequencerForBatch[Number(call.args[0])] ?? ZERO_ADDRESS);
      case 'sequencers': {
        const found = contracts.sequencers[Number(call.args[0])];
        if (found === undefined) throw new RpcError('eth_call', 3, 'execution reverted');
        return answer(found);
      }
      default:
        throw new RpcError('eth_call', 3, 'execution reverted');
    }
  }

  #block(parent: Block | null, contracts: NaiveRegistry, logs: readonly Log[]): Block {
    const number = parent === null ? 0 : parent.number + 1;
    const hash: Hash = `0x${number.toString(16).padStart(8, '0')}${(++this.#salt).toString(16).padStart(56, '0')}`;
    return { number, hash, parentHash: parent?.hash ?? ZERO_HASH, timestamp: 12 * number, contracts, logs };
  }
}

interface Pin {
  readonly blockHash: Hash;
  readonly requireCanonical: boolean;
}

interface LogFilter {
  readonly address: Address | readonly Address[];
  readonly topics: readonly [readonly Hex[]];
  readonly fromBlock: Hex;
  readonly toBlock: Hex;
}

const quantity = (value: number): Hex => `0x${value.toString(16)}`;
