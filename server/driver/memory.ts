import type { BatchCommit } from '../protocol/batch.ts';
import type { Hash } from '../protocol/refs.ts';
import type { Position } from './plan/check.ts';
import { account, type Failure, type Trouble } from './plan/failure.ts';
import type { AppliedBatch, DriverJournal, L1Reorg } from './ports.ts';
import { batchesAbove } from './reorg.ts';
import { type BlockedBatch, type DriverState, INITIAL_STATE } from './state.ts';

/** How many applied batches the published state carries. The journal has them all. */
const KEEP_BATCHES = 512;
const KEEP_ORPHANS = 16;

/** When a batch was where on its way. Milliseconds since 1970. */
export interface BatchSteps {
  /** The L1 head that shows it was first heard of. */
  readonly seen: number;
  readonly fetched: number;
  readonly decoded: number;
  readonly applied: number;
}

export interface MemoryDeps {
  readonly journal: DriverJournal;
  readonly clock: { now(): number };
  /** Called with each new picture. Must not throw. */
  readonly onState?: (state: DriverState) => void;
}

/**
 * What the driver remembers between steps, as one immutable picture that is replaced as a whole. None of it is
 * needed to be right: a driver that forgets everything finds it again from L1 and the engine. What changes the
 * picture for good is journaled first.
 */
export class DriverMemory {
  readonly #deps: MemoryDeps;
  #state: DriverState = INITIAL_STATE;
  /** The last trouble, while there has been no progress since. */
  #row: Trouble | null = null;
  readonly #safeInRow = new Set<Hash>();

  constructor(deps: MemoryDeps) {
    this.#deps = deps;
  }

  get state(): DriverState {
    return this.#state;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#deps.clock.now();
  }

  publish(change: Partial<DriverState>): void {
    this.#state = Object.freeze({ ...this.#state, ...change });
    this.#deps.onState?.(this.#state);
  }

  async note(kind: string, payload: unknown): Promise<void> {
    await this.#deps.journal.append(kind, payload);
  }

  /** Writes down what an operator ordered or what came of it; rejects when it cannot be written. */
  async order(kind: string, payload: unknown, ref?: string): Promise<void> {
    await this.#deps.journal.append(kind, payload, ref);
  }

  /** Forgets what the dropped L1 branch had told us, but for what people still want to see of it. */
  dropBranch({ commonAncestor: ancestor, dropped, exact }: L1Reorg): void {
    const { batches, orphanedBatches, orphanedL1, blocked } = this.#state;
    const gone = batchesAbove(batches, ancestor);
    // Without an exact ancestor nobody knows; if the new branch has that batch too, it is met again.
    const keepsBlocked = exact && blocked !== null && blocked.commit.l1Block.number <= ancestor.number;
    this.publish({
      batches: batches.filter((batch) => !gone.includes(batch)),
      orphanedBatches: [...orphanedBatches, ...gone].slice(-KEEP_ORPHANS),
      orphanedL1: [...orphanedL1, ...dropped].slice(-KEEP_ORPHANS),
      blocked: keepsBlocked ? blocked : null,
    });
  }

  /** The engine holds this batch as safe; `held` of its blocks it held already and they were only marked. */
  async applied(batch: AppliedBatch, held: number, steps: BatchSteps, position: Position): Promise<void> {
    await this.noteApplied(batch, held, steps);
    this.#progressed(batch.lastBlock.hash);
    this.publish({
      position,
      progressAt: this.now(),
      blocked: null,
      batches: [...this.#state.batches, batch].slice(-KEEP_BATCHES),
    });
  }

  /** Writes down that the engine holds this batch as safe. Without steps nobody here saw it on its way. */
  async noteApplied(batch: AppliedBatch, held: number, steps?: BatchSteps): Promise<void> {
    await this.note('batch.applied', {
      batch: batch.batchNumber,
      firstBlock: batch.firstBlock,
      lastBlock: batch.lastBlock,
      l1Block: batch.commit.l1Block,
      txHash: batch.commit.transaction.hash,
      poster: batch.commit.transaction.from,
      transactions: batch.transactionCount,
      gasUsed: batch.gasUsed.toString(),
      source: batch.source,
      held,
      ...(steps && { steps }),
    });
  }

  /**
   * A step went well. That ends the trouble that is shown, but its row goes on until there is progress: an engine that
   * fails every second time is no engine that works. `level`: there is nothing left to do.
   */
  clean(level: boolean): void {
    if (level) this.#endRow();
    if (this.#state.trouble !== null) this.publish({ trouble: null });
  }

  #endRow(): void {
    this.#row = null;
    this.#safeInRow.clear();
  }

  /** Deriving the same batch again after each reset is no progress. */
  #progressed(safe: Hash): void {
    if (!this.#safeInRow.has(safe)) this.#row = null;
    this.#safeInRow.add(safe);
    if (this.#safeInRow.size > KEEP_BATCHES) this.#safeInRow.delete(this.#safeInRow.keys().next().value!);
  }

  /** L1 holds a batch that cannot be right: the position stays in front of it. */
  async block(commit: BatchCommit, reason: string, detail: string): Promise<void> {
    const before = this.#state.blocked;
    const now = this.now();
    if (before !== null && before.reason === reason && isSameCommit(before.commit, commit)) {
      this.publish({ blocked: { ...before, detail, askedAt: now }, phase: 'blocked', sync: null });
      return;
    }
    const blocked: BlockedBatch = {
      batchNumber: commit.batchNumber,
      commit,
      reason,
      detail,
      since: now,
      askedAt: now,
    };
    await this.note('batch.invalid', {
      batch: commit.batchNumber,
      reason,
      detail,
      l1Block: commit.l1Block,
      txHash: commit.transaction.hash,
    });
    this.publish({ blocked, phase: 'blocked', sync: null });
  }

  /**
   * Counts and publishes a failure, and journals the first of a row and each that is worse than a retry and other
   * than the one before. Never throws: a journal that cannot be written may be the very failure.
   */
  async fail(failure: Failure): Promise<'failed' | 'halted'> {
    const before = this.#state.trouble ?? this.#row;
    const trouble = account(before, failure, this.now());
    this.#row = trouble;
    const halted = trouble.severity === 'halt';
    this.publish({
      trouble,
      lastStepAt: this.now(),
      phase: halted ? 'halted' : this.#state.phase,
      position: trouble.severity === 'reset' ? null : this.#state.position,
    });
    if (before === null || (trouble.severity !== 'temporary' && isOther(before, trouble))) {
      await this.#noteIfPossible('driver.trouble', trouble);
    }
    return halted ? 'halted' : 'failed';
  }

  async #noteIfPossible(kind: string, payload: unknown): Promise<void> {
    try {
      await this.note(kind, payload);
    } catch {
      // The state says it; there is nowhere else to write to.
    }
  }
}

const isSameCommit = (a: BatchCommit, b: BatchCommit): boolean =>
  a.batchNumber === b.batchNumber &&
  a.l1Block.hash === b.l1Block.hash &&
  a.transaction.hash === b.transaction.hash;

const isOther = (a: Trouble, b: Trouble): boolean => a.severity !== b.severity || a.code !== b.code;
