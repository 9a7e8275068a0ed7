/**
 * How much is left of a wait of `ms` that ends at `at`, by a clock that the machine may set (`Clock.now`). A clock that
 * was set back leaves more than the whole wait: then it is over, since an early look costs little and one that comes an
 * hour late costs the hour. Milliseconds, 0 to `ms`.
 */
export function msLeft(at: number, ms: number, now: number): number {
  const left = at - now;
  return left > ms ? 0 : Math.max(0, left);
}
