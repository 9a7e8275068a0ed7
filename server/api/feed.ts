import type { NodeHandle } from '../runtime.ts';
import { answerStatus } from './answers.ts';
import { HEARTBEAT_MS, MIN_INTERVAL_MS, SETTLE_MS } from './feedTimes.ts';
import type { FeedItem, StatusAnswer } from './views.ts';

/** How often the feed looks whether a node was published, or another one took its place. */
const LOOK_MS = 1_000;

export interface FeedDeps {
  readonly node: () => NodeHandle | null;
  readonly now: () => number;
  /** Resolves after `ms`, or at once when aborted; never rejects. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface TrackedItem {
  readonly id: string;
  readonly item: FeedItem;
}

/**
 * Identifies what a client has seen. A version starts over when the process does, so the start of the node
 * is part of it: a client that reconnects after a restart is never told that nothing changed.
 */
const idOf = (answer: StatusAnswer): string =>
  answer.kind === 'no_node' ? 'no_node' : `${answer.status.node.startedAt}.${answer.status.version}`;

/** Remembers that something happened until somebody waits for it. */
const createBell = () => {
  let rung = false;
  let wake: (() => void) | null = null;
  return {
    ring: () => {
      rung = true;
      wake?.();
    },
    /**
     * Resolves at once if it rang since the last time, else at the next ring, which it lets settle, or when the sleep
     * ends.
     */
    heard: async (sleep: () => Promise<void>, settle: () => Promise<void>): Promise<void> => {
      if (!rung) {
        await Promise.race([
          sleep(),
          new Promise<void>((resolve) => {
            wake = resolve;
          }),
        ]);
        if (rung) await settle();
      }
      wake = null;
      rung = false;
    },
  };
};

/**
 * The stream behind `onUpdate`: subscribes first, then back-fills what the client has not seen (all of it
 * unless `lastEventId` names the present state), then follows. Ends when `signal` aborts; never throws.
 */
export async function* statusFeed(
  lastEventId: string | null,
  signal: AbortSignal,
  deps: FeedDeps,
): AsyncGenerator<TrackedItem, void, void> {
  const bell = createBell();
  let handle: NodeHandle | null = null;
  let unsubscribe = (): void => {};
  const attach = (): void => {
    const current = deps.node();
    if (current === handle) return;
    unsubscribe();
    handle = current;
    unsubscribe = current === null ? () => {} : current.onChange(bell.ring);
  };
  let seen = lastEventId;
  let saidAt = Number.NEGATIVE_INFINITY;
  try {
    while (!signal.aborted) {
      attach();
      const now = deps.now();
      const answer = answerStatus(handle, now);
      const id = idOf(answer);
      if (id !== seen || now - saidAt >= HEARTBEAT_MS) {
        yield { id, item: id === seen ? { kind: 'unchanged', now } : answer };
        seen = id;
        saidAt = now;
        await deps.sleep(MIN_INTERVAL_MS, signal);
      }
      if (signal.aborted) return;
      await bell.heard(
        () => deps.sleep(LOOK_MS, signal),
        () => deps.sleep(SETTLE_MS, signal),
      );
    }
  } finally {
    unsubscribe();
  }
}
