import { type BackoffSchedule, backoffMs, DEFAULT_BACKOFF } from './backoff.ts';
import type { Clock } from './clock.ts';

/**
 * What one unit of work says about the next: `again` at once · `idle`: after the idle wait or a `wake` · `failed`:
 * after the backoff, which a wake does not shorten · `stop`: never.
 */
export type Pace = 'again' | 'idle' | 'failed' | 'stop';

export interface LoopOptions {
  /** For error messages. */
  readonly name: string;
  /** Wait after an `idle` unit, in milliseconds. */
  readonly idleMs: number;
  readonly backoff?: BackoffSchedule;
}

export interface LoopDeps {
  readonly clock: Clock;
  /** One bounded unit of work. Should abort soon after the signal does. */
  readonly unit: (signal: AbortSignal) => Promise<Pace>;
  /** A unit that throws has a bug or an unclassified failure: it counts as `failed` and is reported here. */
  readonly onError: (error: unknown) => void;
  /** [0, 1), for the backoff's jitter. */
  readonly random?: () => number;
}

/**
 * A loop that is only "step until stopped". Tests call `step`; a process calls `start` and, to end, awaits `stop`,
 * which lets the unit in flight finish. Units never overlap, whoever asks for them.
 */
export class SteppableLoop {
  readonly #options: LoopOptions;
  readonly #deps: LoopDeps;
  readonly #ending = new AbortController();
  #unit: Promise<Pace> | null = null;
  #running: Promise<void> | null = null;
  #failures = 0;
  /** Set by a wake that found nobody waiting: the next idle wait is skipped, so no wake is lost. */
  #woken = false;
  #waiting: { readonly until: AbortController; readonly wakeable: boolean } | null = null;

  constructor(options: LoopOptions, deps: LoopDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  get running(): boolean {
    return this.#running !== null;
  }

  /** Failed units in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** Does one unit, or joins the one in flight. Never rejects. After `stop` it answers `stop` without work. */
  step(): Promise<Pace> {
    if (this.#unit !== null) return this.#unit;
    if (this.#ending.signal.aborted) return Promise.resolve('stop');
    this.#unit = this.#runUnit().finally(() => {
      this.#unit = null;
    });
    return this.#unit;
  }

  /** Steps until stopped. Calling it twice changes nothing. */
  start(): void {
    if (this.#ending.signal.aborted)
      throw new Error(`the ${this.#options.name} loop was stopped and cannot start again`);
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
  }

  /** Ends an idle wait early, or skips the next one. */
  wake(): void {
    this.#woken = true;
    if (this.#waiting?.wakeable) this.#waiting.until.abort();
  }

  /** Aborts the signal of the unit in flight and resolves when that unit has ended. */
  async stop(): Promise<void> {
    this.#ending.abort(new Error(`the ${this.#options.name} loop is stopping`));
    this.#waiting?.until.abort();
    await this.#unit;
    await this.#running;
  }

  async #runUnit(): Promise<Pace> {
    let pace: Pace;
    try {
      pace = await this.#deps.unit(this.#ending.signal);
    } catch (error) {
      if (!this.#ending.signal.aborted) this.#deps.onError(error);
      pace = 'failed';
    }
    this.#failures = pace === 'failed' ? this.#failures + 1 : 0;
    return pace;
  }

  async #run(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      const pace = await this.step();
      if (pace === 'stop') return;
      if (pace === 'idle') await this.#waitIdle();
      if (pace === 'failed') await this.#wait(this.#backoff(), false);
    }
  }

  #backoff(): number {
    return backoffMs(this.#options.backoff ?? DEFAULT_BACKOFF, this.#failures, this.#deps.random);
  }

  async #waitIdle(): Promise<void> {
    if (!this.#woken) await this.#wait(this.#options.idleMs, true);
    this.#woken = false;
  }

  /** A wait that ends early is as good as one that ends: the loop looks at its state again either way. */
  async #wait(ms: number, wakeable: boolean): Promise<void> {
    if (this.#ending.signal.aborted) return;
    const until = new AbortController();
    this.#waiting = { until, wakeable };
    await this.#deps.clock.sleep(ms, until.signal).catch(() => undefined);
    this.#waiting = null;
  }
}
