/**
 * Time as a dependency. `now` is for stamps and ages that people read; `sleep` is for waiting. Nothing below the
 * composition root reads the system's clock itself, so every test runs on a clock that it moves by hand.
 */
export interface Clock {
  /** Milliseconds since 1970. May jump when the system's clock is set: never subtract it to decide on safety. */
  now(): number;
  /** Resolves after `ms`, or rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
