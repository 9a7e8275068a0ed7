import type { Clock } from './time.ts';

export type { Clock } from './time.ts';

/** The longest delay that a timer of the platform can hold (2^31 − 1 ms, 24.8 days); longer ones fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise<void>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(
        () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
        Math.min(Math.max(0, ms), LONGEST_TIMER_MS),
      );
      signal?.addEventListener('abort', onAbort, { once: true });
    }),
};

interface Sleeper {
  readonly wakeAt: number;
  readonly wake: () => void;
}

/**
 * A clock that stands still until a test moves it. Sleepers wake in the order of their times, and those of the
 * same time in the order in which they fell asleep.
 */
export class ManualClock implements Clock {
  #now: number;
  /** How far the wall clock was set from where it would be. */
  #set = 0;
  #sleepers: Sleeper[] = [];

  constructor(startAt = 1_700_000_000_000) {
    this.#now = startAt;
  }

  now(): number {
    return this.#now + this.#set;
  }

  /** Somebody sets the machine's clock forward, or back where `ms` is negative: sleepers do not notice. */
  set(ms: number): void {
    this.#set += ms;
  }

  /** How many are asleep: what a test waits for before it moves the clock. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal?.reason);
      };
      const wake = () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      const sleeper: Sleeper = { wakeAt: this.#now + Math.max(0, ms), wake };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#sleepers.push(sleeper);
    });
  }

  /**
   * Moves time forward by `ms` and wakes who is due, one at a time: what a woken sleeper starts, and its next
   * sleep, happens before the next one wakes.
   */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settle();
    for (;;) {
      const next = this.#nextDue(until);
      if (next === null) break;
      this.#now = Math.max(this.#now, next.wakeAt);
      this.#sleepers = this.#sleepers.filter((other) => other !== next);
      next.wake();
      await settle();
    }
    this.#now = until;
  }

  #nextDue(until: number): Sleeper | null {
    let next: Sleeper | null = null;
    for (const sleeper of this.#sleepers) {
      if (sleeper.wakeAt <= until && (next === null || sleeper.wakeAt < next.wakeAt)) next = sleeper;
    }
    return next;
  }
}

/** Lets every promise that is ready run to its next wait: one turn of the event loop drains all microtasks. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
