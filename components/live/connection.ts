import { HEARTBEAT_MS } from '../../server/api/feedTimes.ts';
import type { FeedItem, StatusAnswer } from '../../server/api/views.ts';

/** A short drop is no news: the pill waits this long. */
export const QUIET_DROP_MS = 3_000;
/** Two missed signs of life. */
export const STALE_AFTER_MS = 2 * HEARTBEAT_MS + 1_000;
const FIRST_RETRY_MS = 400;
const LAST_RETRY_MS = 8_000;

/** The first freshness layer: this page and its server. Times are of the browser's clock. */
export interface Connection {
  /** Whether the stream was open at least once: what the server drew is no proof of it. */
  readonly opened: boolean;
  /** When the stream broke; null while it is open. */
  readonly brokenSince: number | null;
  /** Last word from the server, by stream or poll; null before the first. */
  readonly lastContactAt: number | null;
  /** The server's clock minus the browser's. */
  readonly offset: number;
}

export type Pill =
  /** The page stands as the server drew it; its own stream is not open yet. */
  | { kind: 'connecting' }
  | { kind: 'live' }
  | { kind: 'reconnecting'; lastAgo: number }
  | { kind: 'offline'; lastAgo: number };

/** What the pill says at `now`. */
export const pillOf = (connection: Connection, now: number): Pill => {
  const { opened, brokenSince, lastContactAt } = connection;
  const lastAgo = lastContactAt === null ? 0 : Math.max(0, now - lastContactAt);
  if (lastAgo > STALE_AFTER_MS) return { kind: 'offline', lastAgo };
  if (brokenSince !== null && now - brokenSince >= QUIET_DROP_MS) return { kind: 'reconnecting', lastAgo };
  return { kind: opened ? 'live' : 'connecting' };
};

export interface StreamHandlers {
  readonly onOpen: () => void;
  readonly onItem: (id: string, item: FeedItem) => void;
  /** The stream ended or failed; it is not used again. */
  readonly onBroken: () => void;
}

export interface ConnectionDeps {
  /** Opens the update stream after `lastEventId`; returns how to close it. */
  readonly open: (lastEventId: string | null, handlers: StreamHandlers) => () => void;
  /** Takes a status into the page's cache. */
  readonly apply: (answer: StatusAnswer) => void;
  /** Called with each status at once, also while nothing is drawn (for the window title). */
  readonly onStatus: (answer: StatusAnswer) => void;
  readonly now: () => number;
  readonly isVisible: () => boolean;
  readonly schedule: (run: () => void, ms: number) => () => void;
}

export interface LiveConnection {
  readonly get: () => Connection;
  readonly subscribe: (listener: () => void) => () => void;
  /** A word from the server that came another way (the poll). */
  readonly heard: (serverNow: number) => void;
  readonly visibilityChanged: () => void;
  /** Tries at once, as when the browser says that the network is back. */
  readonly retryNow: () => void;
  readonly start: () => () => void;
}

/**
 * Keeps one update stream open: opens it again with growing pauses, from where it stopped, and remembers when
 * the server was last heard. While the page is hidden the newest status is kept and drawn once on return.
 */
export const createLiveConnection = (initial: StatusAnswer, deps: ConnectionDeps): LiveConnection => {
  let state: Connection = {
    opened: false,
    brokenSince: null,
    lastContactAt: deps.now(),
    offset: initial.now - deps.now(),
  };
  let lastEventId: string | null = null;
  let waiting: StatusAnswer | null = null;
  let close = (): void => {};
  let cancelRetry = (): void => {};
  let failures = 0;
  let attempt = 0;
  let running = false;
  const listeners = new Set<() => void>();

  const set = (next: Partial<Connection>): void => {
    state = { ...state, ...next };
    // A hidden page draws nothing; on return it reads the state afresh.
    if (deps.isVisible()) for (const listener of listeners) listener();
  };
  const heard = (serverNow: number): void =>
    set({ lastContactAt: deps.now(), offset: serverNow - deps.now() });
  const take = (id: string, item: FeedItem): void => {
    lastEventId = id;
    failures = 0;
    heard(item.now);
    if (item.kind === 'unchanged') return;
    deps.onStatus(item);
    if (deps.isVisible()) deps.apply(item);
    else waiting = item;
  };
  const connect = (): void => {
    cancelRetry();
    close();
    const mine = ++attempt;
    const current = (): boolean => running && mine === attempt;
    close = deps.open(lastEventId, {
      onOpen: () => current() && set({ opened: true, brokenSince: null, lastContactAt: deps.now() }),
      onItem: (id, item) => current() && take(id, item),
      onBroken: () => {
        if (!current()) return;
        attempt += 1;
        close();
        set({ brokenSince: state.brokenSince ?? deps.now() });
        const pause = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
        failures += 1;
        cancelRetry = deps.schedule(connect, pause);
      },
    });
  };
  return {
    get: () => state,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    heard,
    visibilityChanged: () => {
      if (!deps.isVisible()) return;
      if (waiting !== null) deps.apply(waiting);
      waiting = null;
      set({});
    },
    retryNow: () => {
      if (running && state.brokenSince !== null) connect();
    },
    start: () => {
      running = true;
      connect();
      return () => {
        running = false;
        cancelRetry();
        close();
      };
    },
  };
};
