/**
 * An engine that links blocks and executes nothing: real headers and hashes, a state root that stands for the
 * transactions so far. For tests of what drives an engine.
 */
import type { Engine, EngineLabels, ForkchoiceAnswer } from '../engine/engine.ts';
import type { SealedBlock } from '../protocol/block.ts';
import { sealBlock } from '../protocol/blockCodec.ts';
import { concatBytes, fromHex, toHex } from '../protocol/bytes.ts';
import type { ForkchoiceState, PayloadAttributes, PayloadStatus } from '../protocol/forkchoice.ts';
import { keccak256Hex } from '../protocol/keccak.ts';
import type { Hash, Hex, L2BlockRef } from '../protocol/refs.ts';
import { ZERO_ADDRESS, ZERO_HASH } from '../protocol/refs.ts';
import { ZERO_BLOOM } from '../protocol/rlpReader.ts';

/** What the engine does wrong, changed by tests at any time. */
export interface EngineFaults {
  /** VALID to a forkchoice update to an ancestor of the head, which then stays. */
  ignoresRewinds: boolean;
  /** No payload for attributes: what an engine answers that is still syncing. */
  refusesToBuild: boolean;
  /** Leaves the last forced transaction out of payloads. */
  dropsForced: boolean;
  /** VALID to everything, and the head stays. */
  headStuck: boolean;
}

export class FakeEngine implements Engine {
  readonly name = 'fake';
  readonly faults: EngineFaults = {
    ignoresRewinds: false,
    refusesToBuild: false,
    dropsForced: false,
    headStuck: false,
  };
  /** Transactions for the next blocks, in order. Blocks that reach the head take theirs out. */
  readonly pool: Uint8Array[] = [];
  readonly genesis: SealedBlock;
  /** Every forkchoice state asked for, oldest first. */
  readonly updates: ForkchoiceState[] = [];
  readonly #blocks = new Map<Hash, SealedBlock>();
  readonly #payloads = new Map<Hex, SealedBlock>();
  #head: SealedBlock;
  #chain: readonly SealedBlock[] = [];
  #safe: SealedBlock | null = null;
  #finalized: SealedBlock | null = null;

  constructor(opts: { readonly genesisTimestamp?: number } = {}) {
    this.genesis = makeBlock(null, opts.genesisTimestamp ?? 0, []);
    this.#blocks.set(this.genesis.hash, this.genesis);
    this.#head = this.genesis;
  }

  get head(): SealedBlock {
    return this.#head;
  }

  /** The canonical chain, genesis first. */
  get chain(): readonly SealedBlock[] {
    if (this.#chain.at(-1) === this.#head) return this.#chain;
    const chain = [this.#head];
    while (chain.at(-1)!.number > 0) chain.push(this.#blocks.get(chain.at(-1)!.parentHash)!);
    this.#chain = chain.reverse();
    return this.#chain;
  }

  async exchangeCapabilities(): Promise<readonly string[]> {
    return [];
  }

  async chainId(): Promise<number> {
    return 1;
  }

  async labels(): Promise<EngineLabels> {
    return { latest: this.#head, safe: this.#safe, finalized: this.#finalized };
  }

  async blockByNumber(number: number | 'latest' | 'earliest'): Promise<L2BlockRef | null> {
    if (number === 'latest') return this.#head;
    return this.chain[number === 'earliest' ? 0 : number] ?? null;
  }

  async blockByHash(hash: Hash): Promise<L2BlockRef | null> {
    return this.#blocks.get(hash) ?? null;
  }

  async sealedBlock(number: number): Promise<SealedBlock | null> {
    return this.chain[number] ?? null;
  }

  async offer(transaction: Uint8Array): Promise<void> {
    this.pool.push(transaction);
  }

  async newPayload(block: SealedBlock): Promise<PayloadStatus> {
    if (!this.#blocks.has(block.parentHash)) return { status: 'SYNCING' };
    this.#blocks.set(block.hash, block);
    return { status: 'VALID', latestValidHash: block.hash };
  }

  async forkchoiceUpdated(
    state: ForkchoiceState,
    attributes: PayloadAttributes | null,
  ): Promise<ForkchoiceAnswer> {
    this.updates.push(state);
    const head = this.#blocks.get(state.headBlockHash);
    if (head === undefined) return { payloadStatus: { status: 'SYNCING' }, payloadId: null };
    const ignored = this.faults.headStuck || (this.faults.ignoresRewinds && this.chain.includes(head));
    if (!ignored) this.#setHead(head);
    this.#safe = this.#blocks.get(state.safeBlockHash) ?? null;
    this.#finalized = this.#blocks.get(state.finalizedBlockHash) ?? null;
    const payloadStatus: PayloadStatus = { status: 'VALID', latestValidHash: head.hash };
    if (attributes === null || this.faults.refusesToBuild) return { payloadStatus, payloadId: null };
    const payloadId: Hex = `0x${(this.#payloads.size + 1).toString(16).padStart(16, '0')}`;
    this.#payloads.set(payloadId, this.#build(head, attributes));
    return { payloadStatus, payloadId };
  }

  async getPayload(payloadId: Hex): Promise<{ block: SealedBlock; blockValue: bigint }> {
    return { block: this.#payloads.get(payloadId)!, blockValue: 0n };
  }

  async close(): Promise<void> {}

  #setHead(head: SealedBlock): void {
    this.#head = head;
    const taken = new Set(head.transactions.map(toHex));
    const left = this.pool.filter((transaction) => !taken.has(toHex(transaction)));
    this.pool.splice(0, this.pool.length, ...left);
  }

  #build(parent: SealedBlock, attributes: PayloadAttributes): SealedBlock {
    const forced = (attributes.transactions ?? []).map(fromHex);
    if (this.faults.dropsForced) forced.pop();
    const free = attributes.noTxPool === true ? [] : this.pool;
    return makeBlock(parent, attributes.timestamp, [...forced, ...free]);
  }
}

/** A block on `parent`, or a genesis. Its state root is a hash over the parent's and the transactions. */
export function makeBlock(
  parent: SealedBlock | null,
  timestamp: number,
  transactions: readonly Uint8Array[],
): SealedBlock {
  const parentRoot = parent?.header.stateRoot ?? ZERO_HASH;
  return sealBlock(
    {
      parentHash: parent?.hash ?? ZERO_HASH,
      beneficiary: ZERO_ADDRESS,
      stateRoot: keccak256Hex(concatBytes(fromHex(parentRoot), ...transactions)),
      receiptsRoot: ZERO_HASH,
      logsBloom: ZERO_BLOOM,
      difficulty: 0n,
      number: parent === null ? 0 : parent.number + 1,
      gasLimit: 30_000_000n,
      gasUsed: 21_000n * BigInt(transactions.length),
      timestamp,
      extraData: '0x',
      prevRandao: ZERO_HASH,
      nonce: '0x0000000000000000',
      baseFeePerGas: 1_000_000_000n,
      blobGasUsed: 0n,
      excessBlobGas: 0n,
      parentBeaconBlockRoot: ZERO_HASH,
      requestsHash: ZERO_HASH,
    },
    transactions,
    [],
  );
}
