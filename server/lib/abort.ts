/**
 * Deadlines and aborts. Two ends that must not be confused: an abort means somebody no longer wants the answer and
 * is never retried; a deadline means the other side did not answer in time and may be asked again.
 */

/** The work did not end within its deadline. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
  readonly code = 'timeout';
  /** Milliseconds. */
  readonly afterMs: number;
  constructor(what: string, afterMs: number) {
    super(`${what} did not answer within ${afterMs} ms`);
    this.afterMs = afterMs;
  }
}

export const isDeadline = (error: unknown): error is DeadlineError => error instanceof DeadlineError;

/** True when `error` is only the echo of `signal`'s abort (or a platform's AbortError), not a failure of its own. */
export function isAbort(error: unknown, signal?: AbortSignal): boolean {
  if (signal?.aborted && error === signal.reason) return true;
  return error instanceof Error && error.name === 'AbortError';
}

/**
 * A signal that aborts when `parent` does, or with a `DeadlineError` after `ms`. For calls that honour signals and
 * end by themselves; its timer keeps no process alive. Where the work might ignore signals use `withDeadline`.
 */
export function deadline(parent: AbortSignal | undefined, ms: number, what = 'the call'): AbortSignal {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new DeadlineError(what, ms)), ms);
  timer.unref?.();
  return parent === undefined ? late.signal : AbortSignal.any([parent, late.signal]);
}

/**
 * Runs `work` under a signal that aborts with `parent` or after `ms`, and settles no later than that signal even if
 * the work never does: rejects with the parent's reason, or with a `DeadlineError`. The timer is gone afterwards.
 */
export async function withDeadline<T>(
  options: { readonly signal?: AbortSignal | undefined; readonly ms: number; readonly what: string },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal: parent, ms, what } = options;
  if (parent?.aborted) throw parent.reason;
  const own = new AbortController();
  const onParentAbort = () => own.abort(parent?.reason);
  parent?.addEventListener('abort', onParentAbort, { once: true });
  const timer = setTimeout(() => own.abort(new DeadlineError(what, ms)), ms);
  const cut = new Promise<never>((_, reject) => {
    own.signal.addEventListener('abort', () => reject(own.signal.reason), { once: true });
  });
  try {
    return await Promise.race([work(own.signal), cut]);
  } finally {
    clearTimeout(timer);
    parent?.removeEventListener('abort', onParentAbort);
  }
}
