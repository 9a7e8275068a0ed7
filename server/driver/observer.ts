import type { DerivationCursor, DerivedBatch } from '../derivation/derivation.ts';
import { msLeft } from '../lib/wait.ts';
import type { BatchCommit } from '../protocol/batch.ts';
import { type L1BlockRef, type L2BlockId, sameBlock } from '../protocol/refs.ts';
import type { RollupConfig } from '../protocol/rollupConfig.ts';
import { compareWithEngine } from './applyBatch.ts';
import { onPinnedBranch } from './branchCheck.ts';
import { CommitReader } from './commitReader.ts';
import { deriveCommit } from './deriveCommit.ts';
import { NOTHING_DROPPED, readDropped } from './dropped.ts';
import { findStart } from './findStart.ts';
import { withInnerCommits } from './innerCommits.ts';
import { DriverMemory, type MemoryDeps } from './memory.ts';
import { type Position, planCheck } from './plan/check.ts';
import { disagreements } from './plan/disagreements.ts';
import { classify, DriverError } from './plan/failure.ts';
import { headsOf } from './plan/reorgRecord.ts';
import { type SeenReorg, UnsettledReorgs } from './plan/unsettled.ts';
import type {
  ContractState,
  Derivation,
  DriverJournal,
  DriverL1,
  EngineLabels,
  EngineReads,
  L1Tracker,
} from './ports.ts';
import { appliedBatch, recentBatches } from './recent.ts';
import { batchesAbove, l1ReorgRecord } from './reorg.ts';
import { ReorgBook } from './reorgBook.ts';
import type { Divergence, DriverState, EthrexFacts, Observed, StepOutcome } from './state.ts';

/** A node that can be asked and not told: there is nothing here that writes. */
export interface ObservedNodePort extends EngineReads {
  /** Null for a node that is no ethrex. */
  batchNumber(signal?: AbortSignal): Promise<number | null>;
  batch(number: number, signal?: AbortSignal): Promise<EthrexFacts['batch']>;
  health(signal?: AbortSignal): Promise<Observed['health']>;
}

export interface ObserverDeps extends MemoryDeps {
  readonly l1: DriverL1;
  readonly tracker: L1Tracker;
  readonly node: ObservedNodePort;
  readonly derivation: Derivation;
  readonly journal: DriverJournal;
}

export interface ObserverOptions {
  readonly config: RollupConfig;
  readonly genesisCursor: DerivationCursor;
}

interface Look {
  readonly head: L1BlockRef;
  readonly finalized: L1BlockRef | null;
  readonly contracts: ContractState;
  readonly latest: L2BlockId;
  readonly signal: AbortSignal;
}

const NOTHING_OBSERVED: Observed = {
  divergence: null,
  own: { safe: null, finalized: null },
  missing: 0,
  beyond: 0,
  ethrex: null,
  health: null,
  disagreements: [],
};
/** Milliseconds between two looks at what is no block: the node's batches and its health. */
const FACTS_EVERY_MS = 5_000;

/**
 * The driver without hands (driver.md, "Modes", observe): derives what L1 implies by the same functions and compares it
 * with the chain of a node that is only read. Nothing is executed, because committed blocks are whole and their hashes
 * say all; so blocks above what L1 confirms cannot be judged, and are counted as that.
 */
export class Observer {
  readonly #options: ObserverOptions;
  readonly #deps: ObserverDeps;
  readonly #l1: DriverL1;
  readonly #memory: DriverMemory;
  readonly #reorgs: ReorgBook;
  readonly #reader: CommitReader;
  readonly #unsettled = new UnsettledReorgs();
  #factsAt = 0;
  #resumed = false;

  constructor(options: ObserverOptions, deps: ObserverDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#l1 = onPinnedBranch(withInnerCommits(deps.l1, options.config), deps.tracker);
    this.#memory = new DriverMemory(deps);
    this.#reorgs = new ReorgBook({ memory: this.#memory, journal: deps.journal, engine: deps.node });
    this.#reader = new CommitReader(this.#l1);
    this.#memory.publish({ observed: NOTHING_OBSERVED });
  }

  get state(): DriverState {
    return this.#memory.state;
  }

  /** One look, and at most one window of L1 blocks compared. Never throws. */
  async step(signal: AbortSignal): Promise<Exclude<StepOutcome, 'halted'>> {
    const memory = this.#memory;
    try {
      if (!this.#resumed) await this.#reorgs.resume();
      this.#resumed = true;
      // There is nothing to stop writing: a halt is told, and looked at again.
      if (this.state.phase === 'halted') {
        this.#deps.tracker.forget?.();
        this.#unsettled.forget();
      }
      const more = await this.#look(signal);
      memory.clean(!more);
      memory.publish({ lastStepAt: memory.now() });
      return more ? 'more' : 'idle';
    } catch (error) {
      if (signal.aborted) return 'failed';
      await memory.fail(classify(error));
      if (this.state.position === null) this.#reader.reset();
      return 'failed';
    }
  }

  async #look(signal: AbortSignal): Promise<boolean> {
    const memory = this.#memory;
    const { heads, event, recent } = await this.#deps.tracker.track(signal);
    memory.publish({ l1At: memory.now() });
    if (event.kind === 'stale') {
      memory.publish({ stale: { seen: event.seen, since: this.state.stale?.since ?? memory.now() } });
      return false;
    }
    // A tracker that only begins cannot say whether what came before it is still canonical.
    if (event.kind === 'started') memory.publish({ position: null });
    if (event.kind === 'reorg') {
      const before = {
        leader: this.state.contracts?.leader ?? null,
        heads: headsOf(this.state.heads?.latest ?? null, this.state.labels),
      };
      this.#unsettled.see({ event, firstEvidenceAt: memory.now(), before });
    }
    if (event.kind === 'beyond_finalized') {
      throw new DriverError(
        'beyond_finalized',
        `L1 called block ${event.finalized.number} ${event.finalized.hash} final, and now shows a branch without it (head ${event.seen.number} ${event.seen.hash})`,
      );
    }
    const [contracts, own] = await Promise.all([
      this.#l1.contractState(heads.latest, signal),
      this.#deps.node.labels(signal),
    ]);
    for (let seen = this.#unsettled.unrecorded; seen !== null; seen = this.#unsettled.unrecorded) {
      await this.#recordReorg(seen, heads.latest, contracts, own, signal);
      this.#unsettled.recorded();
    }
    const { latest, finalized } = heads;
    memory.publish({ heads, recentL1: recent, stale: null, contracts, engineAt: memory.now() });
    const look: Look = { head: latest, finalized, contracts, latest: own.latest, signal };
    const position = await this.#position(look, own);
    const more = await this.#compareForward(look, position);
    await this.#publishLabels(own, look);
    await this.#readFacts(look);
    if (!more && this.state.observed?.divergence === null) await this.#reorgs.closeAll(signal);
    return more;
  }

  async #recordReorg(
    seen: SeenReorg,
    newTip: L1BlockRef,
    contracts: ContractState,
    { latest }: EngineLabels,
    signal: AbortSignal,
  ): Promise<void> {
    const memory = this.#memory;
    const { batches } = this.state;
    const { event } = seen;
    const gone = batchesAbove(batches, event.commonAncestor)[0];
    const ancestor = gone && (await this.#deps.node.blockByNumber(gone.firstBlock - 1, signal));
    const holds = ancestor != null && latest.number > ancestor.number;
    const l2 = holds ? await readDropped(this.#deps.node, ancestor, latest, signal) : NOTHING_DROPPED;
    await this.#reorgs.record(l1ReorgRecord(seen, newTip, batches, l2, contracts.leader, memory.now()));
    memory.dropBranch(event);
    this.#reader.reset();
  }

  /** Where comparison stands: kept while L1 and the node still hold it, else found again from both. */
  async #position({ head, contracts, latest, signal }: Look, own: EngineLabels): Promise<Position> {
    const memory = this.#memory;
    const { position } = this.state;
    const cursor = position?.cursor ?? null;
    const held =
      cursor === null || cursor.lastBlock.number > latest.number
        ? null
        : await this.#deps.node.blockByNumber(cursor.lastBlock.number, signal);
    const labels = { ...own, safe: held };
    const { lastCommittedBatch } = contracts;
    const event = this.#unsettled.joined ?? { kind: 'same' as const };
    const plan = planCheck({ position, labels, event, lastCommittedBatch });
    if (plan.kind !== 'findStart') this.#unsettled.settled();
    if (plan.kind === 'keep') return position!;
    if (plan.kind === 'moveCursor') {
      const moved = { ...position!, scanFrom: plan.to.number + 1, currentL1: plan.to };
      memory.publish({ position: moved });
      return moved;
    }
    const { config, genesisCursor } = this.#options;
    const { node, derivation } = this.#deps;
    const deps = { config, genesisCursor, l1: this.#l1, engine: node, derivation };
    const found = await findStart(
      deps,
      head,
      own.latest,
      lastCommittedBatch,
      Number.POSITIVE_INFINITY,
      signal,
    );
    this.#reader.reset();
    const { batchNumber, lastBlock } = found.cursor;
    const facts = { why: plan.why, batch: batchNumber, safe: lastBlock, origin: found.origin };
    await memory.note('driver.start_found', { ...facts, l1Head: { number: head.number, hash: head.hash } });
    const kept = this.state.batches.filter((batch) => batch.batchNumber <= batchNumber);
    const batches =
      kept.at(-1)?.batchNumber === batchNumber
        ? kept
        : await recentBatches({ ...deps, memory }, found, head, signal);
    memory.publish({ position: found, batches, blocked: null, phase: 'deriving' });
    this.#unsettled.settled();
    return found;
  }

  async #compareForward(look: Look, position: Position): Promise<boolean> {
    const memory = this.#memory;
    const { head, contracts, signal } = look;
    const { lastCommittedBatch } = contracts;
    if (lastCommittedBatch === position.cursor.batchNumber) {
      this.#observe({ divergence: null, missing: 0 });
      return this.#arrived(head);
    }
    const window = await this.#reader.read(position.scanFrom, head, signal);
    memory.publish({ l1At: memory.now(), phase: 'deriving' });
    for (const commit of window?.commits ?? []) {
      const done = this.state.position!.cursor.batchNumber;
      if (commit.batchNumber <= done) continue;
      if (commit.batchNumber !== done + 1) throw this.#logsMissing(head, lastCommittedBatch);
      if (!(await this.#compare(commit, look))) return false;
    }
    const scanned = window?.to ?? head.number;
    if (scanned < head.number) {
      memory.publish({ position: { ...this.state.position!, scanFrom: scanned + 1 } });
      return true;
    }
    if (this.state.position!.cursor.batchNumber !== lastCommittedBatch)
      throw this.#logsMissing(head, lastCommittedBatch);
    this.#observe({ divergence: null, missing: 0 });
    return this.#arrived(head);
  }

  #arrived({ number, hash }: L1BlockRef): false {
    const position = { ...this.state.position!, scanFrom: number + 1, currentL1: { number, hash } };
    this.#memory.publish({ phase: 'following', blocked: null, position });
    return false;
  }

  #logsMissing(head: L1BlockRef, lastCommittedBatch: number): DriverError {
    const position = this.state.position!;
    const from = position.origin?.number ?? this.#options.config.l1StartBlock;
    this.#reader.reset();
    this.#memory.publish({ position: { ...position, scanFrom: from } });
    return new DriverError(
      'incomplete_l1',
      `at L1 block ${head.number} the contract says ${lastCommittedBatch} batches are committed, but the logs lack batch ${position.cursor.batchNumber + 1}: reading them again from block ${from}`,
    );
  }

  /** Whether the node holds the batch. Where it does not, the comparison stays in front of it and says why. */
  async #compare(commit: BatchCommit, { latest, signal }: Look): Promise<boolean> {
    const memory = this.#memory;
    const fetched = memory.now();
    const batch = await this.#derive(commit, signal);
    if (batch === null) return false;
    const { matching, differsAt } = await compareWithEngine(this.#deps.node, batch.blocks, latest, signal);
    const missing = batch.blocks.filter((block) => block.number > latest.number).length;
    const first = batch.blocks[matching];
    // A node that has later blocks and not this one has no chain through it.
    const differs = differsAt !== null || (first !== undefined && first.number <= latest.number);
    if (differs && first !== undefined) {
      await this.#diverged(batch, first, differsAt?.hash ?? null);
      return false;
    }
    if (missing > 0) {
      this.#stopAt(batch, { divergence: null, missing });
      return false;
    }
    const applied = appliedBatch(batch, memory.now());
    const steps = { seen: fetched, fetched, decoded: memory.now(), applied: memory.now() };
    await memory.applied(applied, batch.blocks.length, steps, {
      cursor: { batchNumber: batch.batchNumber, lastBlock: applied.lastBlock },
      origin: commit.l1Block,
      scanFrom: commit.l1Block.number,
      currentL1: this.state.position!.currentL1,
    });
    return true;
  }

  async #derive(commit: BatchCommit, signal: AbortSignal): Promise<DerivedBatch | null> {
    const deps = { config: this.#options.config, derivation: this.#deps.derivation, l1: this.#l1 };
    const outcome = await deriveCommit(deps, this.state.position!.cursor, commit, signal);
    if (outcome.kind === 'derived') return outcome;
    await this.#memory.block(commit, outcome.reason, outcome.detail);
    return null;
  }

  async #diverged(batch: DerivedBatch, first: L2BlockId, held: Divergence['held']): Promise<void> {
    const before = this.state.observed?.divergence ?? null;
    const same = before !== null && before.block === first.number && before.held === held;
    const divergence: Divergence = {
      batchNumber: batch.batchNumber,
      block: first.number,
      derived: first.hash,
      held,
      commit: batch.commit.transaction.hash,
      since: same ? before.since : this.#memory.now(),
    };
    if (!same || before.derived !== first.hash) await this.#memory.note('node.diverged', divergence);
    this.#stopAt(batch, { divergence, missing: 0 });
  }

  /** The next look begins with this batch again. */
  #stopAt(batch: DerivedBatch, change: Pick<Observed, 'divergence' | 'missing'>): void {
    const position = { ...this.state.position!, scanFrom: batch.commit.l1Block.number };
    this.#reader.reset();
    this.#memory.publish({ position, blocked: null });
    this.#observe(change);
  }

  #observe(change: Partial<Observed>): void {
    this.#memory.publish({ observed: { ...(this.state.observed ?? NOTHING_OBSERVED), ...change } });
  }

  /** Safe and finalized by L1's word, not the node's: its own are shown beside. */
  async #publishLabels({ latest, safe, finalized }: EngineLabels, look: Look): Promise<void> {
    const { batches, position } = this.state;
    const { node } = this.#deps;
    const refOf = async (id: L2BlockId | null) => {
      if (id === null) return null;
      const ref = await node.blockByNumber(id.number, look.signal);
      return sameBlock(ref, id) ? ref : null;
    };
    const cursor = position?.cursor ?? null;
    const confirmed = cursor === null || cursor.batchNumber === 0 ? null : cursor.lastBlock;
    const l1Final = look.finalized;
    const final = l1Final && batches.findLast((batch) => batch.commit.l1Block.number <= l1Final.number);
    this.#memory.publish({
      labels: { latest, safe: await refOf(confirmed), finalized: await refOf(final?.lastBlock ?? null) },
      finalizedOrigin: final?.commit.l1Block ?? this.state.finalizedOrigin,
    });
    const beyond = Math.max(0, latest.number - (cursor?.lastBlock.number ?? 0));
    this.#observe({ own: { safe, finalized }, beyond });
  }

  async #readFacts({ signal }: Look): Promise<void> {
    const now = this.#memory.now();
    if (msLeft(this.#factsAt + FACTS_EVERY_MS, FACTS_EVERY_MS, now) > 0) return;
    this.#factsAt = now;
    const { node } = this.#deps;
    const health = await node.health(signal);
    const batchNumber = await node.batchNumber(signal);
    const confirmed = this.state.batches.at(-1) ?? null;
    const batch =
      batchNumber === null || confirmed === null ? null : await node.batch(confirmed.batchNumber, signal);
    const ethrex = batchNumber === null ? null : { batchNumber, batch };
    const { observed, contracts } = this.state;
    const own = observed?.own ?? NOTHING_OBSERVED.own;
    const facts = { own, labels: this.state.labels, ethrex, confirmed, contracts };
    this.#observe({ health, ethrex, disagreements: disagreements(facts) });
  }
}
