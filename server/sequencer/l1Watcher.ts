import { fromHex } from '../protocol/bytes.ts';
import type { L1Message } from '../protocol/privileged.ts';
import { privilegedTransactionHash } from '../protocol/privileged.ts';
import type { Hash } from '../protocol/refs.ts';
import { SequencerError } from './errors.ts';
import type { BridgeLogs, RollupSnapshot } from './ports.ts';

/** A message of the bridge's queue with its content. */
export interface PendingMessage extends L1Message {
  /** The hash the bridge queues it under. */
  readonly hash: Hash;
  /** The L1 block that holds its log. */
  readonly l1Block: number;
}

export interface L1WatcherOptions {
  readonly l2ChainId: number;
  /** First L1 block that can hold a message. */
  readonly startBlock: number;
  /** L1 blocks that must stand on a message's block before it is included; 0 takes it at once. */
  readonly confirmations: number;
  /** L1 blocks asked for at a time. */
  readonly maxRange: number;
}

/**
 * Knows the content of the bridge's pending messages. The queue itself (`getPendingTransactionHashes`, in the
 * snapshot) says which messages there are and in what order; logs only supply their content, which the hash
 * proves. So a lost, repeated or reorged log can delay a message and never forge, reorder or repeat one.
 */
export class L1Watcher {
  readonly #opts: L1WatcherOptions;
  readonly #logs: BridgeLogs;
  readonly #known = new Map<Hash, PendingMessage>();
  #cursor: { readonly number: number; readonly hash: Hash } | null = null;

  constructor(opts: L1WatcherOptions, deps: { logs: BridgeLogs }) {
    this.#opts = opts;
    this.#logs = deps.logs;
  }

  /**
   * The pending messages from position `skip` of the queue on that are confirmed deep enough, in queue order.
   * `skip` counts those in committed batches and in uncommitted blocks.
   */
  async step(
    snapshot: RollupSnapshot,
    skip: number,
    signal?: AbortSignal,
  ): Promise<readonly PendingMessage[]> {
    await this.#follow(snapshot, signal);
    this.#forgetAllBut(snapshot.pendingMessages);
    const wanted = snapshot.pendingMessages.slice(skip);
    if (wanted.some((hash) => !this.#known.has(hash))) await this.#rescan(snapshot, signal);
    const deepest = snapshot.at.number - this.#opts.confirmations;
    const messages: PendingMessage[] = [];
    for (const hash of wanted) {
      const message = this.#known.get(hash);
      if (message === undefined) throw missing(hash, snapshot);
      if (message.l1Block > deepest) break;
      messages.push(message);
    }
    return messages;
  }

  /** Reads the logs between the cursor and the snapshot. A cursor that L1 dropped starts over. */
  async #follow(snapshot: RollupSnapshot, signal?: AbortSignal): Promise<void> {
    const cursor = this.#cursor;
    if (cursor?.hash === snapshot.at.hash) return;
    const standing = cursor !== null && (await this.#logs.blockHash(cursor.number, signal)) === cursor.hash;
    await this.#scan(standing ? cursor.number + 1 : this.#opts.startBlock, snapshot, signal);
  }

  async #rescan(snapshot: RollupSnapshot, signal?: AbortSignal): Promise<void> {
    this.#cursor = null;
    await this.#scan(this.#opts.startBlock, snapshot, signal);
  }

  async #scan(first: number, snapshot: RollupSnapshot, signal?: AbortSignal): Promise<void> {
    for (let from = first; from <= snapshot.at.number; from += this.#opts.maxRange) {
      const to = Math.min(from + this.#opts.maxRange - 1, snapshot.at.number);
      for (const log of await this.#logs.messages(from, to, signal)) {
        const message: L1Message = {
          chainId: BigInt(this.#opts.l2ChainId),
          from: log.from,
          to: log.to,
          messageId: log.transactionId,
          value: log.value,
          gasLimit: log.gasLimit,
          data: fromHex(log.data),
        };
        const hash = privilegedTransactionHash(message);
        this.#known.set(hash, { ...message, hash, l1Block: log.l1Block.number });
      }
    }
    // Only now: a failed read leaves the cursor where it was, and its range is read again.
    this.#cursor = { number: snapshot.at.number, hash: snapshot.at.hash };
  }

  /** Messages leave the queue when they are verified. One that a reorg brings back is found by a rescan. */
  #forgetAllBut(pending: readonly Hash[]): void {
    if (this.#known.size <= 2 * pending.length + 1024) return;
    const keep = new Set(pending);
    for (const hash of this.#known.keys()) if (!keep.has(hash)) this.#known.delete(hash);
  }
}

const missing = (hash: Hash, snapshot: RollupSnapshot): SequencerError =>
  new SequencerError(
    'bad_l1_answer',
    `message ${hash} is pending at L1 block ${snapshot.at.number} but no log up to there has it`,
  );
