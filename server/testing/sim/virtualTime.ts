interface Sleeper {
  readonly who: string;
  readonly at: number;
  readonly wake: () => void;
}

/** Time that only the scheduler moves. Milliseconds since 1970. */
export class VirtualTime {
  now = 1_700_000_000_000;
  #sleepers: Sleeper[] = [];

  sleep(ms: number, who: string): Promise<void> {
    return new Promise((wake) => {
      this.#sleepers.push({ who, at: this.now + ms, wake });
    });
  }

  /** When the next sleeper is due; null when nobody sleeps. */
  get nextDue(): number | null {
    return this.#sleepers.length === 0 ? null : Math.min(...this.#sleepers.map(({ at }) => at));
  }

  /** Moves on by `ms` and wakes who is due. */
  pass(ms: number): void {
    this.now += ms;
    for (const sleeper of this.#sleepers.filter(({ at }) => at <= this.now)) this.#wake(sleeper);
  }

  /** Ends the sleep of that one early. */
  wake(who: string): void {
    for (const sleeper of this.#sleepers.filter((one) => one.who === who)) this.#wake(sleeper);
  }

  /** That one never wakes. */
  cancel(who: string): void {
    this.#sleepers = this.#sleepers.filter((one) => one.who !== who);
  }

  #wake(sleeper: Sleeper): void {
    this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
    sleeper.wake();
  }
}
