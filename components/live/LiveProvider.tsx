'use client';

import { QueryClient, QueryClientProvider, replaceEqualDeep, useQuery } from '@tanstack/react-query';
import {
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import type { StatusAnswer } from '../../server/api/views.ts';
import { useSettings } from '../settings/SettingsProvider.tsx';
import type { Notify } from '../settings/settings.ts';
import { pageNameOf } from '../shell/places.ts';
import { titleOf } from '../verdict.ts';
import {
  type Connection,
  createLiveConnection,
  type LiveConnection,
  type Pill,
  pillOf,
} from './connection.ts';
import { noticesOf } from './notices.ts';
import { sayNotices } from './sayNotices.ts';
import { createTicker } from './ticker.ts';
import { type ApiClient, createApiClient } from './trpcClient.ts';

/** The backstop behind the stream, and its pace while there is no stream. */
const POLL_MS = 20_000;
const POLL_WITHOUT_STREAM_MS = 2_000;
const STATUS_KEY = ['status'] as const;

/** Server time in milliseconds, moving once a second while the page is seen. */
const NowContext = createContext(0);
export const useNow = (): number => useContext(NowContext);

/** False in the first render, which must equal the server's: nothing of the browser is known yet. */
const MountedContext = createContext(false);
export const useMounted = (): boolean => useContext(MountedContext);

const ApiContext = createContext<ApiClient | null>(null);
export const useApi = (): ApiClient => {
  const api = useContext(ApiContext);
  if (api === null) throw new Error('useApi outside LiveProvider');
  return api;
};

interface Live {
  readonly answer: StatusAnswer;
  readonly connection: Connection;
  readonly pill: Pill;
  /** The server has other pages than this one by now: a reload brings them. */
  readonly outdated: boolean;
  /** The reader asked that nothing moves: the picture stays as it was at that moment, ages included. */
  readonly paused: boolean;
  readonly setPaused: (paused: boolean) => void;
}

const LiveContext = createContext<Live | null>(null);

export const useLive = (): Live => {
  const live = useContext(LiveContext);
  if (live === null) throw new Error('useLive outside LiveProvider');
  return live;
};

/** A poll that was overtaken by the stream must not turn the page back. */
const newest = (before: unknown, after: unknown): unknown => {
  const old = before as StatusAnswer | undefined;
  const next = after as StatusAnswer;
  const overtaken =
    old?.kind === 'status' &&
    next.kind === 'status' &&
    old.status.node.startedAt === next.status.node.startedAt &&
    old.status.version > next.status.version;
  return overtaken ? old : replaceEqualDeep(old, next);
};

const openStream =
  (client: ApiClient): Parameters<typeof createLiveConnection>[1]['open'] =>
  (lastEventId, handlers) => {
    const subscription = client.onUpdate.subscribe(
      { lastEventId },
      {
        onData: ({ id, data }) => handlers.onItem(id, data),
        onConnectionStateChange: (change) => {
          if (change.state === 'pending') handlers.onOpen();
          // An error here is a drop that the browser would mend in its own time; ours is shorter.
          else if (change.state === 'connecting' && change.error !== null) handlers.onBroken();
        },
        onError: handlers.onBroken,
        onComplete: handlers.onBroken,
      },
    );
    return () => subscription.unsubscribe();
  };

interface Wiring {
  readonly client: ApiClient;
  readonly queries: QueryClient;
  readonly live: LiveConnection;
  readonly ticker: ReturnType<typeof createTicker>;
  /** Read at each use, so that a change needs no new wiring. */
  readonly wishes: { paused: boolean; notify: Notify };
}

const isVisible = (): boolean => typeof document === 'undefined' || document.visibilityState === 'visible';

const wire = (initial: StatusAnswer, notify: Notify): Wiring => {
  const client = createApiClient();
  const queries = new QueryClient();
  const wishes = { paused: false, notify };
  const draws = (): boolean => isVisible() && !wishes.paused;
  let last = initial;
  const live = createLiveConnection(initial, {
    open: openStream(client),
    apply: (answer) =>
      queries.setQueryData(
        STATUS_KEY,
        (old: StatusAnswer | undefined) => newest(old, answer) as StatusAnswer,
      ),
    onStatus: (answer) => {
      document.title = titleOf(answer, false, pageNameOf(window.location.pathname));
      sayNotices(noticesOf(last, answer, wishes.notify), wishes.notify);
      last = answer;
    },
    now: () => Date.now(),
    isVisible: draws,
    schedule: (run, ms) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
  });
  return { client, queries, live, ticker: createTicker(draws), wishes };
};

const useWiring = (initial: StatusAnswer): Wiring => {
  const { notify } = useSettings();
  const ref = useRef<Wiring | null>(null);
  ref.current ??= wire(initial, notify);
  const wiring = ref.current;
  useEffect(() => {
    wiring.wishes.notify = notify;
  }, [wiring, notify]);
  useEffect(() => {
    const stop = wiring.live.start();
    const onVisibility = (): void => {
      wiring.live.visibilityChanged();
      wiring.ticker.visibilityChanged();
    };
    const onOnline = (): void => wiring.live.retryNow();
    document.addEventListener('visibilitychange', onVisibility);
    window.addEventListener('online', onOnline);
    return () => {
      stop();
      document.removeEventListener('visibilitychange', onVisibility);
      window.removeEventListener('online', onOnline);
    };
  }, [wiring]);
  return wiring;
};

/** Pausing stops the drawing, not the listening: what came meanwhile is drawn at once on return. */
const usePause = ({ live, ticker, wishes, queries }: Wiring) => {
  const [paused, setPaused] = useState(false);
  const change = (next: boolean): void => {
    wishes.paused = next;
    setPaused(next);
    live.visibilityChanged();
    ticker.visibilityChanged();
    if (!next) void queries.invalidateQueries({ queryKey: STATUS_KEY });
  };
  return [paused, change] as const;
};

/** Whether the server was built anew since it drew this page. A server without pages names no build. */
const isOutdated = (drawn: StatusAnswer, now: StatusAnswer): boolean =>
  drawn.build !== undefined && now.build !== undefined && drawn.build !== now.build;

interface ClockedProps {
  readonly initial: StatusAnswer;
  readonly wiring: Wiring;
  readonly children: ReactNode;
}

const Clocked = ({ initial, wiring, children }: ClockedProps) => {
  const { client, live, ticker } = wiring;
  const [paused, setPaused] = usePause(wiring);
  const tick = useSyncExternalStore(ticker.subscribe, ticker.get, () => 0);
  const [first] = useState(live.get);
  const connection = useSyncExternalStore(live.subscribe, live.get, () => first);
  const pace = connection.brokenSince === null ? POLL_MS : POLL_WITHOUT_STREAM_MS;
  const { data } = useQuery({
    queryKey: STATUS_KEY,
    queryFn: async () => {
      const answer = await client.status.query();
      live.heard(answer.now);
      return answer;
    },
    initialData: initial,
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: paused ? false : pace,
    retry: false,
    networkMode: 'always',
    structuralSharing: newest,
  });
  const mounted = tick !== 0;
  const now = mounted ? tick + connection.offset : initial.now;
  const pill: Pill = useMemo(
    () => (mounted ? pillOf(connection, tick) : { kind: 'connecting' }),
    [mounted, connection, tick],
  );
  const outdated = isOutdated(initial, data);
  const held = { answer: data, connection, pill, outdated, paused, setPaused };
  return (
    <ApiContext value={client}>
      <MountedContext value={mounted}>
        <NowContext value={now}>
          <LiveContext value={held}>{children}</LiveContext>
        </NowContext>
      </MountedContext>
    </ApiContext>
  );
};

/** Gives the page its live status: `initial` at once, then the stream, with a poll behind it. */
export const LiveProvider = ({ initial, children }: { initial: StatusAnswer; children: ReactNode }) => {
  const wiring = useWiring(initial);
  return (
    <QueryClientProvider client={wiring.queries}>
      <Clocked initial={initial} wiring={wiring}>
        {children}
      </Clocked>
    </QueryClientProvider>
  );
};
