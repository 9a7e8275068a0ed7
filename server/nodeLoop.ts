import type { Control } from './control.ts';
import type { Driver } from './driver/driver.ts';
import { MAX_DELAY_MS } from './driver/plan/failure.ts';
import type { StepOutcome } from './driver/state.ts';
import type { LastingJournal } from './journal/lasting.ts';
import type { Clock } from './lib/clock.ts';
import { type Pace, SteppableLoop } from './lib/loop.ts';
import { msLeft } from './lib/wait.ts';
import type { Sequencing } from './sequencing.ts';

/** When the driver looks at L1 next: on its interval, when a new head hurries it, or when its failure says so. */
export class DriverPace {
  readonly #intervalMs: number;
  readonly #clock: Clock;
  #nextAt = 0;
  #waitsForFailure = false;
  #orders = new AbortController();

  constructor(intervalMs: number, clock: Clock) {
    this.#intervalMs = intervalMs;
    this.#clock = clock;
  }

  get due(): boolean {
    return this.msLeft === 0;
  }

  /** Until the driver is due. */
  get msLeft(): number {
    return msLeft(this.#nextAt, Math.max(this.#intervalMs, MAX_DELAY_MS), this.#clock.now());
  }

  /** Not while it waits after a failure: a new head does not heal an engine. */
  hurry(): void {
    if (!this.#waitsForFailure) this.#nextAt = 0;
  }

  /** An operator ordered something: the driver's next step is due, and a wait after a failure ends. */
  order(): void {
    this.#nextAt = 0;
    this.#orders.abort();
  }

  /** Aborts at the next order. */
  ordered(): AbortSignal {
    if (this.#orders.signal.aborted) this.#orders = new AbortController();
    return this.#orders.signal;
  }

  after(outcome: StepOutcome, nextTryAt: number | null): void {
    const now = this.#clock.now();
    this.#waitsForFailure = outcome === 'failed';
    // The driver classified the failure and set its own time to try again: wait for exactly that.
    if (outcome === 'failed') this.#nextAt = nextTryAt ?? now;
    else this.#nextAt = outcome === 'more' ? 0 : now + this.#intervalMs;
  }
}

export interface LoopParts {
  readonly driver: Driver;
  readonly pace: DriverPace;
  readonly sequencing: Sequencing | null;
  readonly journal: LastingJournal;
  readonly control: Control;
  readonly clock: Clock;
}

export interface LoopHooks {
  /** The driver's own step is over. @param seconds that it took */
  readonly onDriven: (outcome: StepOutcome, seconds: number) => void;
  /** The driver had nothing to do. */
  readonly onLevel: (signal: AbortSignal) => Promise<void>;
  /** After each step of the driver, whatever came of it. */
  readonly onStep: () => void;
  /** What no part of the loop foresaw. */
  readonly onError: (error: unknown) => void;
}

/**
 * The one loop that owns the engine's head: the driver when it is due, then the sequencer. They take turns, so that
 * neither moves the head on what the other has just changed.
 */
export function nodeLoop(
  { driver, pace, sequencing, journal, control, clock }: LoopParts,
  /** Looks at L1 at least this often, milliseconds. */
  pollIntervalMs: number,
  { onDriven, onLevel, onStep, onError }: LoopHooks,
): SteppableLoop {
  const unit = async (signal: AbortSignal): Promise<Pace> => {
    let outcome: StepOutcome = 'idle';
    await journal.tend();
    await control.restore();
    if (pace.due || driver.resync.hasOrders) {
      const began = performance.now();
      outcome = await driver.step(signal);
      onDriven(outcome, (performance.now() - began) / 1000);
      if (outcome === 'idle') await onLevel(signal);
      pace.after(outcome, driver.state.trouble?.nextTryAt ?? null);
      onStep();
    }
    if (sequencing !== null) {
      if (!control.sequencerRests) await sequencing.step(signal);
      return outcome === 'more' ? 'again' : 'idle';
    }
    if (outcome === 'failed' && !driver.resync.hasOrders) {
      // An operator's order is not kept waiting by a failure that it may mend.
      await clock.sleep(pace.msLeft, AbortSignal.any([signal, pace.ordered()])).catch(() => undefined);
    }
    return outcome === 'more' || outcome === 'failed' ? 'again' : 'idle';
  };
  const idleMs = sequencing?.tickMs ?? pollIntervalMs;
  return new SteppableLoop({ name: 'node', idleMs }, { clock, unit, onError });
}
