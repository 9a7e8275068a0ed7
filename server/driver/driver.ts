import type { DerivationCursor } from '../derivation/derivation.ts';
import type { RollupConfig } from '../protocol/rollupConfig.ts';
import { onPinnedBranch } from './branchCheck.ts';
import { check } from './check.ts';
import { CommitReader } from './commitReader.ts';
import type { Before, Pinned, StepContext } from './context.ts';
import { Finality } from './finality.ts';
import { deriveForward } from './forward.ts';
import { HeadWatch } from './headWatch.ts';
import { withInnerCommits } from './innerCommits.ts';
import { KeptFinal } from './keptFinal.ts';
import { DriverMemory, type MemoryDeps } from './memory.ts';
import type { AnnouncedMove } from './plan/cause.ts';
import { classify, DriverError, type Failure } from './plan/failure.ts';
import { Refusals } from './plan/refusals.ts';
import { headsOf } from './plan/reorgRecord.ts';
import { type Duty, NO_DUTY } from './plan/resync.ts';
import type { Paused, Restored } from './plan/resyncJournal.ts';
import { UnsettledReorgs } from './plan/unsettled.ts';
import type { Derivation, DriverEngine, DriverL1, L1Tracker } from './ports.ts';
import { recordHeadMove } from './recordHeadMove.ts';
import { ReorgBook } from './reorgBook.ts';
import { Resync } from './resync.ts';
import { Sightings } from './sightings.ts';
import type { DriverState, StepOutcome } from './state.ts';
import { watchedEngine } from './watchedEngine.ts';

export interface DriverDeps extends MemoryDeps {
  readonly l1: DriverL1;
  readonly tracker: L1Tracker;
  readonly engine: DriverEngine;
  readonly derivation: Derivation;
  /** For the manual resync: whether this node builds blocks now or soon. Left out, it never does. */
  readonly duty?: () => Duty;
  readonly newId?: () => string;
  /** There is an order for `step`. */
  readonly onWork?: () => void;
  /** Whose an unsafe block is, where its builder's own word is known. Left out: nobody's word is. */
  readonly builderOf?: StepContext['builderOf'];
  /** The next turn of the event loop, for what can be computed while the engine is at work. Left out: at once. */
  readonly nextTurn?: StepContext['nextTurn'];
}

export interface DriverOptions {
  readonly config: RollupConfig;
  readonly genesisCursor: DerivationCursor;
  /** What confirms a resync when typed; the rollup's name by default. */
  readonly nodeName?: string;
  /** Milliseconds between two resyncs. */
  readonly resyncCooldownMs?: number;
}

/** Phases in which there is nothing left to derive. */
const LEVEL: ReadonlySet<DriverState['phase']> = new Set(['following', 'blocked']);

interface Done {
  readonly outcome: StepOutcome;
  /** What went wrong beside the chain itself; null when nothing did. */
  readonly lacking: Failure | null;
}

/**
 * The rollup driver: keeps the engine's chain exactly what L1 implies (seed rollup-driver.md). `step` does one
 * bounded unit of its loop: check against one pinned L1 head (check.ts), derive at most one window forward
 * (forward.ts), advance the finalized label (finality.ts). It holds nothing that L1 and the engine could not give
 * back.
 */
export class Driver {
  readonly #tracker: L1Tracker;
  readonly #context: StepContext;
  readonly #memory: DriverMemory;
  readonly #finality: Finality;
  /** Going back on an operator's order; the way out of `halted`. */
  readonly resync: Resync;
  readonly #refusals = new Refusals();
  readonly #sightings: Sightings;
  #resumed = false;

  constructor(options: DriverOptions, deps: DriverDeps) {
    this.#tracker = deps.tracker;
    this.#memory = new DriverMemory(deps);
    this.#sightings = new Sightings(deps.clock);
    const watch = new HeadWatch();
    const keptFinal = new KeptFinal();
    this.#finality = new Finality(keptFinal);
    const engine = watchedEngine(deps.engine, watch, this.#refusals, keptFinal);
    const whole = withInnerCommits(deps.l1, options.config);
    const l1 = onPinnedBranch(whole, deps.tracker);
    this.#context = {
      config: options.config,
      genesisCursor: options.genesisCursor,
      l1,
      engine,
      watch,
      journal: deps.journal,
      reorgs: new ReorgBook({ memory: this.#memory, journal: deps.journal, engine }),
      builderOf: deps.builderOf ?? (() => null),
      nextTurn: deps.nextTurn ?? (() => Promise.resolve()),
      derivation: deps.derivation,
      reader: new CommitReader(l1),
      memory: this.#memory,
      unsettled: new UnsettledReorgs(),
    };
    this.resync = new Resync(
      // It looks at L1 as it is now, whichever branch the last step was on.
      { ...this.#context, l1: whole },
      deps.engine,
      { nodeName: options.nodeName ?? options.config.name, cooldownMs: options.resyncCooldownMs },
      {
        tracker: deps.tracker,
        duty: deps.duty ?? (() => NO_DUTY),
        newId: deps.newId ?? (() => `rs-${crypto.randomUUID().slice(0, 13)}`),
        onWork: deps.onWork ?? (() => undefined),
      },
    );
  }

  get state(): DriverState {
    return this.#memory.state;
  }

  /** Keeps the driver from looking and writing until `resume`; journaled by the caller. */
  pause(paused: Paused): void {
    this.#memory.publish({ paused });
  }

  resume(): void {
    this.#memory.publish({ paused: null });
  }

  /** What an earlier life of this node left in the journal: an order cut short, and a pause. */
  restore({ answers, open, paused }: Restored): void {
    this.resync.restore(answers, open);
    if (paused.driver !== null) this.pause(paused.driver);
  }

  /** L1 announced a head. What the next step finds there could first have been known now. */
  announced(): void {
    this.#sightings.announced();
  }

  /** Another part of this node is about to move the engine's head off its branch, or just did. */
  headMoves(move: AnnouncedMove): void {
    this.#context.watch.announce(move);
  }

  /**
   * One unit of the loop: first what an operator ordered, then the driver's own. Never throws: a failure is classified,
   * published and answered as `failed`.
   */
  async step(signal: AbortSignal): Promise<StepOutcome> {
    await this.resync.decide(signal);
    if (this.state.paused !== null) {
      this.#memory.publish({ lastStepAt: this.#memory.now() });
      return 'idle';
    }
    if (this.resync.rewinds) return this.resync.rewind(signal);
    const startedAt = this.#memory.now();
    const before = this.state.position?.cursor.batchNumber ?? null;
    const outcome = await this.#ordinaryStep(signal);
    await this.resync.watch(outcome, startedAt, before, signal);
    return outcome;
  }

  async #ordinaryStep(signal: AbortSignal): Promise<StepOutcome> {
    if (this.state.phase === 'halted') {
      // It does nothing, and is there: a driver that is silent is another thing.
      this.#memory.publish({ lastStepAt: this.#memory.now() });
      return 'halted';
    }
    try {
      const { outcome, lacking } = await this.#tryStep(signal);
      if (lacking === null) this.#memory.clean(outcome === 'idle' && LEVEL.has(this.state.phase));
      else await this.#memory.fail(lacking);
      this.#memory.publish({ lastStepAt: this.#memory.now() });
      return outcome;
    } catch (error) {
      if (signal.aborted) return 'failed';
      const outcome = await this.#memory.fail(classify(error));
      if (this.state.position === null) this.#context.reader.reset();
      return outcome;
    }
  }

  async #tryStep(signal: AbortSignal): Promise<Done> {
    const memory = this.#memory;
    this.#resumed ||= await this.#context.reorgs.resume();
    const before = this.#before();
    this.#sightings.looking();
    const view = await this.#tracker.track(signal);
    const { heads, event, recent } = view;
    memory.publish({ l1At: memory.now() });
    if (event.kind === 'stale') {
      const since = memory.state.stale?.since ?? memory.now();
      memory.publish({ stale: { seen: event.seen, since } });
      return { outcome: 'idle', lacking: null };
    }
    memory.publish({ heads, recentL1: recent, stale: null });
    // A tracker that only begins cannot say whether what came before it is still canonical.
    if (event.kind === 'started') memory.publish({ position: null });
    const evidenceAt = this.#sightings.of(heads.latest);
    this.#refusals.pinned(heads.latest.hash);
    if (event.kind === 'reorg') this.#context.unsettled.see({ event, firstEvidenceAt: evidenceAt, before });
    if (event.kind === 'beyond_finalized') {
      throw new DriverError(
        'beyond_finalized',
        `L1 called block ${event.finalized.number} ${event.finalized.hash} final, and now shows a branch without it (head ${event.seen.number} ${event.seen.hash})`,
      );
    }
    const [contracts, labels] = await Promise.all([
      this.#context.l1.contractState(heads.latest, signal),
      this.#context.engine.labels(signal),
    ]);
    const pinned: Pinned = { view, head: heads.latest, contracts, before, evidenceAt, signal };
    await recordHeadMove(this.#context, pinned, labels);
    memory.publish({ contracts, labels, engineAt: memory.now() });
    const position = await check(this.#context, pinned, labels);
    const { blocked } = memory.state;
    const more = await deriveForward(this.#context, pinned, position);
    // Blocked is level too: L1 offers nothing that could be taken, and what a reorg took back is back as far as it can be.
    if (!more && LEVEL.has(memory.state.phase)) {
      await this.#context.reorgs.closeAll(signal);
      await this.#context.reorgs.followUp(signal);
    }
    // A batch refused in this step may have moved the head along its good blocks (HEAD_STRIDE): the labels are to be
    // read, and compared, before one is set again, or those blocks would go back without a record.
    const refused = memory.state.blocked !== null && memory.state.blocked !== blocked;
    const lacking = refused ? null : await this.#advanceFinalized(pinned);
    return { outcome: more ? 'more' : 'idle', lacking };
  }

  #before(): Before {
    const { contracts, heads, labels } = this.#memory.state;
    return {
      labels,
      leader: contracts?.leader ?? null,
      heads: headsOf(heads?.latest ?? null, labels),
    };
  }

  /** A finalized head that L1 will not tell is something to say, not a reason to stop deriving. */
  async #advanceFinalized(pinned: Pinned): Promise<Failure | null> {
    try {
      await this.#finality.advance(this.#context, pinned);
      return null;
    } catch (error) {
      const failure = classify(error);
      const goesOn = failure.severity === 'temporary' || failure.severity === 'degraded';
      if (pinned.signal.aborted || !goesOn || failure.code.startsWith('engine_')) throw error;
      const message = `the finalized head cannot be told: ${failure.message}`;
      return { severity: 'degraded', code: failure.code, message };
    }
  }
}
