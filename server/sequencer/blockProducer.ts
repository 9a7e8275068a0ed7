import { msLeft } from '../lib/wait.ts';
import type { SealedBlock } from '../protocol/block.ts';
import { toHex } from '../protocol/bytes.ts';
import type { PayloadAttributes } from '../protocol/forkchoice.ts';
import { encodePrivilegedTransaction } from '../protocol/privileged.ts';
import type { Address, Hex, L2BlockRef } from '../protocol/refs.ts';
import { sameBlock, ZERO_HASH } from '../protocol/refs.ts';
import { measureBlock } from './blocks.ts';
import { SequencerError } from './errors.ts';
import type { ProductionFence } from './fence/productionFence.ts';
import type { PendingMessage } from './l1Watcher.ts';
import type { BlockSource, BuildingEngine, Clock, ConfirmedHeads } from './ports.ts';
import type { BatchLimits } from './state/grouping.ts';
import { fitsAlone } from './state/grouping.ts';

export interface BlockProducerOptions {
  /** Between two blocks. Timestamps are whole seconds and rise, so below 1,000 they run ahead of the clock. */
  readonly blockTimeMs: number;
  readonly feeRecipient: Address;
  /** Gas ceiling of a block; the engine moves towards it by 1/1024 a block. */
  readonly gasLimit: bigint;
  readonly limits: BatchLimits;
}

export interface BlockProducerDeps {
  readonly engine: BuildingEngine;
  readonly source: BlockSource;
  readonly clock: Clock;
  /** Where another process may have the same key. */
  readonly fence?: Pick<ProductionFence, 'claimBlock' | 'assertMayAct'>;
}

export interface ProduceInput {
  /** The block to build on: what this sequencer takes for the engine's head. */
  readonly parent: L2BlockRef;
  /** Messages that may be included now, in queue order. */
  readonly messages: readonly PendingMessage[];
  readonly confirmed: ConfirmedHeads;
}

export type ProduceOutcome =
  | { readonly kind: 'not_due'; readonly nextAt: number }
  | { readonly kind: 'produced'; readonly block: SealedBlock; readonly messages: number };

/**
 * Builds blocks on the engine: pending messages first, in the bridge's order, then what the engine's pool offers.
 * One `step` builds at most one block. The new block is unsafe: nothing but this engine knows it.
 */
export class BlockProducer {
  readonly #opts: BlockProducerOptions;
  readonly #deps: BlockProducerDeps;
  #nextAt = 0;

  constructor(opts: BlockProducerOptions, deps: BlockProducerDeps) {
    this.#opts = opts;
    this.#deps = deps;
  }

  /** Whether the time for a block has come. */
  get isDue(): boolean {
    return msLeft(this.#nextAt, this.#opts.blockTimeMs, this.#deps.clock.now()) === 0;
  }

  /** Errors: `SequencerError` (build_refused, payload_mismatch, …), `FenceError` and the engine's own. */
  async step(input: ProduceInput, signal?: AbortSignal): Promise<ProduceOutcome> {
    const now = this.#deps.clock.now();
    if (!this.isDue) return { kind: 'not_due', nextAt: this.#nextAt };
    // Whether or not this attempt succeeds, the next one is a block time away; a late one does not pile up.
    this.#nextAt = Math.max(
      Math.min(this.#nextAt, now) + this.#opts.blockTimeMs,
      now + this.#opts.blockTimeMs / 2,
    );
    const messages = this.#includesMessages() ? this.#affordable(input.messages) : [];
    const forced = await this.#encode(messages, input.parent, signal);
    const block = await this.#build(input, forced, now, signal);
    await this.#deps.fence?.claimBlock(block, signal);
    await this.#adopt(block, input.confirmed, signal);
    return { kind: 'produced', block, messages: messages.length };
  }

  /** Whether the engine executes L1 messages, and can be told to put them first. */
  #includesMessages(): boolean {
    const abilities = this.#deps.engine.abilities?.();
    return abilities === undefined || (abilities.forcedTransactions && abilities.privilegedTransactions);
  }

  /** The first messages whose number and gas fit one block. */
  #affordable(messages: readonly PendingMessage[]): readonly PendingMessage[] {
    let gas = 0n;
    const end = messages.findIndex((message, index) => {
      gas += message.gasLimit;
      return index >= this.#opts.limits.maxMessages || gas > this.#opts.gasLimit;
    });
    return end === -1 ? messages : messages.slice(0, end);
  }

  /** Messages carry the fee their builder saw; nobody pays it, but it must cover the block's base fee. */
  async #encode(
    messages: readonly PendingMessage[],
    parent: L2BlockRef,
    signal?: AbortSignal,
  ): Promise<readonly Hex[]> {
    if (messages.length === 0) return [];
    const block = await this.#deps.source.sealedBlock(parent.number, signal);
    const baseFee = block?.header.baseFeePerGas ?? 0n;
    // EIP-1559 raises the base fee by at most an eighth a block.
    const fee = baseFee + baseFee / 8n + 1n;
    return messages.map((message) =>
      toHex(encodePrivilegedTransaction({ ...message, maxFeePerGas: fee, maxPriorityFeePerGas: fee })),
    );
  }

  async #build(
    input: ProduceInput,
    forced: readonly Hex[],
    now: number,
    signal?: AbortSignal,
  ): Promise<SealedBlock> {
    const timestamp = Math.max(Math.floor(now / 1000), input.parent.timestamp + 1);
    const block = await this.#payload(input, { timestamp, transactions: forced, noTxPool: false }, signal);
    if (this.#fits(block)) return block;
    if (this.#deps.engine.abilities?.().forcedTransactions === false) {
      throw new SequencerError(
        'block_too_large',
        `block ${block.number} does not fit a batch, and the engine builds from its own pool alone: lower its gas limit (geth: --miner.gaslimit)`,
      );
    }
    const transactions = shorten(block, this.#opts.limits.maxPayloadBytes).map(toHex);
    const smaller = await this.#payload(input, { timestamp, transactions, noTxPool: true }, signal);
    if (this.#fits(smaller) && transactions.length >= forced.length) return smaller;
    throw new SequencerError('block_too_large', `block ${block.number} does not fit a batch`);
  }

  #fits(block: SealedBlock): boolean {
    return fitsAlone(measureBlock(block), this.#opts.limits);
  }

  async #payload(
    input: ProduceInput,
    wanted: Required<Pick<PayloadAttributes, 'timestamp' | 'transactions' | 'noTxPool'>>,
    signal?: AbortSignal,
  ): Promise<SealedBlock> {
    const { engine } = this.#deps;
    const attributes: PayloadAttributes = {
      ...wanted,
      prevRandao: ZERO_HASH,
      suggestedFeeRecipient: this.#opts.feeRecipient,
      withdrawals: [],
      parentBeaconBlockRoot: ZERO_HASH,
      gasLimit: this.#opts.gasLimit,
    };
    const answer = await engine.forkchoiceUpdated(
      forkchoice(input.parent, input.confirmed),
      attributes,
      signal,
    );
    if (answer.payloadStatus.status !== 'VALID' || answer.payloadId === null) {
      const status = answer.payloadStatus.status;
      throw new SequencerError(
        'build_refused',
        `engine answers ${status} to building on block ${input.parent.number}`,
      );
    }
    const { block } = await engine.getPayload(answer.payloadId, signal);
    checkPayload(block, input.parent, wanted);
    return block;
  }

  /** Makes the block the engine's head, and believes it only when the labels show it. */
  async #adopt(block: SealedBlock, confirmed: ConfirmedHeads, signal?: AbortSignal): Promise<void> {
    const { engine } = this.#deps;
    const status = await engine.newPayload(block, signal);
    if (status.status !== 'VALID') {
      throw new SequencerError(
        'block_rejected',
        `engine answers ${status.status} to its own block ${block.number}`,
      );
    }
    this.#deps.fence?.assertMayAct();
    await engine.forkchoiceUpdated(forkchoice(block, confirmed), null, signal);
    const { latest } = await engine.labels(signal);
    if (!sameBlock(latest, block)) {
      throw new SequencerError(
        'head_not_applied',
        `engine's head is ${latest.number} ${latest.hash} after block ${block.number} ${block.hash}`,
      );
    }
  }
}

export const forkchoice = (head: { readonly hash: Hex }, confirmed: ConfirmedHeads) => ({
  headBlockHash: head.hash,
  safeBlockHash: confirmed.safe.hash,
  finalizedBlockHash: confirmed.finalizedHash,
});

function checkPayload(
  block: SealedBlock,
  parent: L2BlockRef,
  wanted: { readonly timestamp: number; readonly transactions: readonly Hex[]; readonly noTxPool: boolean },
): void {
  const mismatch = (what: string): never => {
    throw new SequencerError('payload_mismatch', `payload for block ${parent.number + 1}: ${what}`);
  };
  if (block.parentHash !== parent.hash || block.number !== parent.number + 1) {
    mismatch(`builds on ${block.parentHash}, not ${parent.hash}`);
  }
  if (block.timestamp !== wanted.timestamp) mismatch(`timestamp ${block.timestamp}, not ${wanted.timestamp}`);
  for (const [index, expected] of wanted.transactions.entries()) {
    const included = block.transactions[index];
    if (included === undefined || toHex(included) !== expected)
      mismatch(`transaction ${index} is not the forced one`);
  }
}

/** The block's first transactions that leave room for its header, in the same order. */
function shorten(block: SealedBlock, maxBytes: number): readonly Uint8Array[] {
  const HEADER_AND_FRAMING_BYTES = 1024;
  const PER_TRANSACTION_FRAMING_BYTES = 4;
  let bytes = HEADER_AND_FRAMING_BYTES;
  const end = block.transactions.findIndex((transaction) => {
    bytes += transaction.length + PER_TRANSACTION_FRAMING_BYTES;
    return bytes > maxBytes;
  });
  return end === -1 ? block.transactions : block.transactions.slice(0, end);
}
