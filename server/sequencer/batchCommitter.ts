import { keccak256 } from 'viem';
import type { Address, L2BlockId } from '../protocol/refs.ts';
import { type Batch, buildBatch, commitCall } from './batchBuilder.ts';
import type { MeasuredBlock } from './blocks.ts';
import { FenceError } from './fence/fenceError.ts';
import type { ProductionFence } from './fence/productionFence.ts';
import type { Clock, L1Call, OutgoingMessages, RollupSnapshot, SequencerJournal } from './ports.ts';
import type { BatchLimits, Group } from './state/grouping.ts';
import { groupBlocks } from './state/grouping.ts';
import type { Look, SubmitterDeps, SubmitterOptions } from './submitter.ts';
import { type InFlight, Submitter } from './submitter.ts';

export interface BatchCommitterOptions extends Omit<SubmitterOptions, 'blobs'> {
  readonly proposer: Address;
  readonly mode: 'validium' | 'rollup';
  /** A batch that is not full waits until its first block is this old. */
  readonly commitIntervalMs: number;
  readonly limits: BatchLimits;
}

export interface BatchCommitterDeps extends SubmitterDeps {
  readonly outgoing: OutgoingMessages;
  readonly journal: SequencerJournal;
  readonly clock: Clock;
  /** Where another process may have the same key. */
  readonly fence?: Pick<ProductionFence, 'claimBatch' | 'supersedeBatch'>;
}

export type CommitOutcome =
  /** Nothing to commit yet: no block, too young, or its messages wait for a verification. */
  | { readonly kind: 'waiting'; readonly why: 'no_blocks' | 'interval' | 'messages' }
  | { readonly kind: 'in_flight'; readonly batch: number; readonly resent: boolean }
  | { readonly kind: 'sent'; readonly batch: Batch; readonly flight: InFlight }
  /** The account's nonce moved or is taken; the next look at L1 decides. */
  | { readonly kind: 'look_again' };

/** What this committer sent, to tell its own batch from another's of the same number. */
interface SentBatch {
  readonly number: number;
  readonly messages: number;
  readonly lastBlock: L2BlockId;
}

/**
 * Commits the chain of uncommitted blocks, batch by batch. What to commit next is read from L1 in every step
 * (`lastCommittedBatch`, and which block ends it), never remembered: a batch lands once on the chain that L1 has
 * now, and one that a reorg dropped is committed again.
 */
export class BatchCommitter {
  readonly #opts: BatchCommitterOptions;
  readonly #deps: BatchCommitterDeps;
  readonly #submitter: Submitter;
  #sent: SentBatch | null = null;
  #landed = 0;
  #quietSince: number;

  constructor(opts: BatchCommitterOptions, deps: BatchCommitterDeps) {
    this.#opts = opts;
    this.#deps = deps;
    this.#submitter = new Submitter({ ...opts, blobs: opts.mode === 'rollup' }, deps);
    this.#quietSince = deps.clock.now();
  }

  get inFlight(): InFlight | null {
    return this.#submitter.inFlight;
  }

  /** Messages in a batch that was sent and has not been seen on L1: as good as committed to who adds messages. */
  get sentMessages(): number {
    return this.#sent?.messages ?? 0;
  }

  /** What a look at L1 says of the batch sent last. Null when nothing is in flight any more. */
  async settle(snapshot: RollupSnapshot, signal?: AbortSignal): Promise<CommitOutcome | null> {
    const counter = snapshot.lastCommittedBatch;
    if (counter < this.#landed) {
      await this.#note('commit.dropped', this.#landed, {
        from: counter + 1,
        to: this.#landed,
        l1: snapshot.at,
      });
      this.#landed = counter;
    }
    const settled = await this.#submitter.settle(lookAt(snapshot), signal);
    await this.#noteLanded(snapshot);
    if (settled.kind === 'in_flight') {
      if (settled.resent) await this.#note('commit.resent', settled.flight.key, hashesOf(settled.flight));
      return { kind: 'in_flight', batch: settled.flight.key, resent: settled.resent };
    }
    if (settled.kind === 'lost' || settled.kind === 'stale') {
      await this.#note(`commit.${settled.kind}`, settled.flight.key, {
        ...hashesOf(settled.flight),
        l1: snapshot.at,
      });
    }
    return null;
  }

  /**
   * Makes sure that no batch sent so far can land any more: what has to be so before blocks are reverted. False
   * until it is; ask again with the next look.
   */
  clear(snapshot: RollupSnapshot, signal?: AbortSignal): Promise<boolean> {
    this.#sent = null;
    return this.#submitter.clear(lookAt(snapshot), signal);
  }

  /** Independent of the transaction in flight: one whose sending timed out lands as well. */
  async #noteLanded(snapshot: RollupSnapshot): Promise<void> {
    const sent = this.#sent;
    if (sent === null || snapshot.lastCommittedBatch < sent.number) return;
    const another =
      snapshot.lastCommittedBatch === sent.number && snapshot.lastCommittedBlockHash !== sent.lastBlock.hash;
    await this.#note(another ? 'commit.superseded' : 'commit.landed', sent.number, {
      lastBlock: sent.lastBlock,
      lastBlockHash: snapshot.lastCommittedBlockHash,
      l1: snapshot.at,
    });
    this.#sent = null;
    this.#landed = snapshot.lastCommittedBatch;
    this.#quietSince = this.#deps.clock.now();
  }

  /**
   * Sends the next batch when it is due. `blocks` are the canonical blocks after the last committed one, as of
   * the same snapshot. Errors: as `Submitter.send`, and those of reading the batch's outgoing messages.
   */
  async step(
    snapshot: RollupSnapshot,
    blocks: readonly MeasuredBlock[],
    signal?: AbortSignal,
  ): Promise<CommitOutcome> {
    const open = await this.settle(snapshot, signal);
    if (open !== null) return open;
    const group = groupBlocks(blocks, this.#opts.limits, snapshot.unverifiedMessages === 0);
    const wait = this.#reasonToWait(group, blocks);
    if (wait !== null) return { kind: 'waiting', why: wait };
    const chosen = blocks.slice(0, group.count);
    const first = chosen[0]!.block.number;
    const outgoing = await this.#deps.outgoing.outgoing(first, first + group.count - 1, signal);
    return this.#send(buildBatch(snapshot.lastCommittedBatch + 1, chosen, outgoing), snapshot, signal);
  }

  #reasonToWait(
    group: Group,
    blocks: readonly MeasuredBlock[],
  ): 'no_blocks' | 'interval' | 'messages' | null {
    const first = blocks[0];
    if (first === undefined) return 'no_blocks';
    if (group.count === 0) return 'messages';
    // Waiting for a verification ends a group without filling it: it may go out early, so that the queue moves.
    if (group.endedBy !== 'end') return null;
    const now = this.#deps.clock.now();
    const born = first.block.timestamp * 1000;
    // Timestamps can run ahead of the clock, when blocks come faster than one a second.
    const since = born <= now ? born : this.#quietSince;
    return now - since >= this.#opts.commitIntervalMs ? null : 'interval';
  }

  async #send(batch: Batch, snapshot: RollupSnapshot, signal?: AbortSignal): Promise<CommitOutcome> {
    const call = commitCall(batch, this.#opts.proposer, this.#opts.mode);
    if (!(await this.#claim(batch.number, call, snapshot, signal))) return { kind: 'look_again' };
    await this.#note('commit.intent', batch.number, {
      firstBlock: batch.firstBlock,
      lastBlock: batch.lastBlock,
      messages: batch.messages,
      transactions: batch.nonPrivilegedTransactions,
      l1: snapshot.at,
    });
    // Remembered before sending: an answer that never comes may hide a transaction that arrived.
    this.#sent = { number: batch.number, messages: batch.messages, lastBlock: batch.lastBlock };
    this.#quietSince = this.#deps.clock.now();
    const flight = await this.#submitter.send(batch.number, call, lookAt(snapshot), signal);
    if (flight === null) return { kind: 'look_again' };
    await this.#note('commit.sent', batch.number, hashesOf(flight));
    return { kind: 'sent', batch, flight };
  }

  /**
   * Takes the batch's number for this content. False when it has another, made before a reorg, a restart or by
   * another process with this key, that may still land: only when it cannot any more is the number free.
   */
  async #claim(
    number: number,
    call: L1Call,
    snapshot: RollupSnapshot,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const { fence } = this.#deps;
    if (fence === undefined) return true;
    const hash = keccak256(call.data);
    try {
      await fence.claimBatch(number, hash, signal);
    } catch (error) {
      if (!(error instanceof FenceError && error.code === 'claimed_otherwise')) throw error;
      if (!(await this.#submitter.clear(lookAt(snapshot), signal))) return false;
      const becauseL1Block = { number: snapshot.at.number, hash: snapshot.at.hash };
      const evidence = { becauseL1Block, l1Has: snapshot.lastCommittedBatch, why: 'cannot_land' };
      await fence.supersedeBatch(number, evidence, signal);
      await fence.claimBatch(number, hash, signal);
    }
    return true;
  }

  async #note(kind: string, batch: number, payload: object): Promise<void> {
    await this.#deps.journal.append(kind, { batch, ...payload }, `batch:${batch}`);
  }
}

const lookAt = (snapshot: RollupSnapshot): Look => ({
  at: snapshot.at,
  counter: snapshot.lastCommittedBatch,
  base: snapshot.lastCommittedBlockHash,
});

const hashesOf = (flight: InFlight) => ({ nonce: flight.nonce, transactions: flight.hashes });
