import { z } from 'zod';
import { type FeedDeps, statusFeed, type TrackedItem } from '../feed.ts';
import { PING_MS, REOPEN_AFTER_MS } from '../feedTimes.ts';
import type { FeedItem } from '../views.ts';
import { Audience, type AudienceDeps, type Sink } from './audience.ts';

/** What a client of `onUpdate` says: the last state that it has. */
export const updatesInput = z.object({ lastEventId: z.string().max(64).nullish() }).optional();

/**
 * The state that a client has already, as tRPC's client says it: in the input, or (a browser that connects again by
 * itself) in a header, which is the newer. Null when the request is not one of a subscription to this.
 */
export function lastUpdateOf(
  search: URLSearchParams,
  header: string | readonly string[] | undefined,
): { readonly id: string | null } | null {
  if (search.has('batch')) return null;
  const text = search.get('input');
  let given: unknown;
  try {
    given = text === null || text === '' ? undefined : JSON.parse(text);
  } catch {
    return null;
  }
  const id = header ?? search.get('lastEventId');
  const read = updatesInput.safeParse(typeof id === 'string' && id !== '' ? { lastEventId: id } : given);
  return read.success ? { id: read.data?.lastEventId ?? null } : null;
}

export interface UpdatesDeps extends FeedDeps, Pick<AudienceDeps<unknown>, 'soon'> {
  /** Calls again and again until cancelled. */
  readonly every: (ms: number, run: () => void) => () => void;
}

interface Follower {
  /** The last state that it was sent. */
  seen: string | null;
}

/** As tRPC's server writes server-sent events (trpc.io, `httpSubscriptionLink`): its client reads them. */
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const CONNECTED = bytesOf(
  `event: connected\ndata: ${JSON.stringify({ reconnectAfterInactivityMs: REOPEN_AFTER_MS })}\n\n\n`,
);
const PING = bytesOf('event: ping\ndata: \n\n\n');
const messageOf = (id: string, item: FeedItem): Uint8Array =>
  bytesOf(`data: ${JSON.stringify(item)}\nid: ${id}\n\n\n`);

/**
 * `onUpdate` for any number of clients: one feed, whose states are written down once. Each client has the newest state
 * or is on the way to it; one that is slow misses what came between, never the last. The feed rests while nobody follows.
 */
export class Updates {
  readonly #deps: UpdatesDeps;
  readonly #audience: Audience<Follower>;
  #newest: { readonly id: string; readonly bytes: Uint8Array } | null = null;
  #saidAt = 0;
  #rest: (() => void) | null = null;

  constructor(deps: UpdatesDeps) {
    this.#deps = deps;
    this.#audience = new Audience({
      now: deps.now,
      soon: deps.soon,
      serve: (member) => {
        const { state } = member;
        if (this.#newest === null || state.seen === this.#newest.id) return;
        state.seen = this.#newest.id;
        this.#audience.send(member, this.#newest.bytes);
      },
    });
  }

  /** @param lastEventId the state that the client has already; null for none. Returns how to leave. */
  join(sink: Sink, lastEventId: string | null): () => void {
    sink.write(CONNECTED);
    // Told that nothing changed, a client that comes back knows the time, and that it is heard.
    if (this.#newest !== null && lastEventId === this.#newest.id)
      sink.write(messageOf(lastEventId, { kind: 'unchanged', now: this.#deps.now() }));
    const member = this.#audience.join(sink, { seen: lastEventId });
    if (this.#rest === null) this.#begin();
    return () => {
      this.#audience.leave(member);
      if (this.#audience.size > 0) return;
      this.#rest?.();
      this.#rest = null;
      this.#newest = null;
    };
  }

  #begin(): void {
    const ending = new AbortController();
    const stop = this.#deps.every(PING_MS, () => {
      this.#audience.tend();
      if (this.#deps.now() - this.#saidAt >= PING_MS) this.#audience.say(PING);
    });
    this.#rest = () => {
      stop();
      ending.abort();
    };
    void this.#follow(ending.signal);
  }

  /** The feed never throws: it ends when nobody follows any more. */
  async #follow(signal: AbortSignal): Promise<void> {
    for await (const { id, item } of statusFeed(null, signal, this.#deps)) {
      if (signal.aborted) return;
      this.#tell({ id, item });
    }
  }

  #tell({ id, item }: TrackedItem): void {
    this.#saidAt = this.#deps.now();
    const bytes = messageOf(id, item);
    if (item.kind === 'unchanged') this.#audience.say(bytes);
    else {
      this.#newest = { id, bytes };
      this.#audience.round();
    }
  }
}
