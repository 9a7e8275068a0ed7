import type { ActivityRow } from '../../journal/readModels.ts';
import type { HistoryHandle, NodeHandle } from '../../runtime.ts';
import { MIN_INTERVAL_MS, SETTLE_MS } from '../feedTimes.ts';
import { MAX_PAGE_ROWS } from '../historyViews.ts';
import { toActivityRow } from '../queries.ts';
import { Audience, type AudienceDeps, type Member, type Sink } from './audience.ts';

/**
 * The journal as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): one message an
 * event, its `seq` as id, so that a client that comes back goes on where it stopped.
 */
export interface EventQuery {
  /** Begin behind this event; null begins with the next one. */
  readonly after: number | null;
  /** Whole kinds (`batch.applied`) or groups (`batch`). Left out: all. */
  readonly kinds?: readonly string[] | undefined;
}

export interface EventTailDeps extends Pick<AudienceDeps<unknown>, 'now' | 'soon'> {
  readonly node: NodeHandle;
  readonly history: HistoryHandle;
  /** Resolves after `ms`, or at once when aborted; never rejects. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** A comment this often keeps proxies from closing a quiet stream. */
const HEARTBEAT_MS = 15_000;
/** More than this is not made up for: a list or an export is the better question then. */
export const MAX_MISSED = 1_000;
const RETRY_MS = 2_000;

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const RETRY = bytesOf(`retry: ${RETRY_MS}\n\n`);
const STILL_HERE = bytesOf(': still here\n\n');
const missed = (after: number, before: number | null): Uint8Array =>
  bytesOf(`event: missed\ndata: ${JSON.stringify({ after, before })}\n\n`);

interface Told {
  readonly seq: number;
  readonly kind: string;
  readonly bytes: Uint8Array;
}

interface Reader {
  /** It has everything up to this event; null until it is known where the journal ends. */
  cursor: number | null;
  readonly kinds: readonly string[] | undefined;
  /** Its past is being read. */
  filling: boolean;
}

const wants = ({ kinds }: Reader, kind: string): boolean =>
  kinds === undefined || kinds.some((one) => kind === one || kind.startsWith(`${one}.`));

/**
 * The end of the journal, read once for all who follow it. The newest events are kept as they are sent; a client is no
 * more than its place among them. The journal itself is asked for one client alone only where it wants some kinds of
 * events from before what is kept.
 */
export class EventTail {
  readonly #deps: EventTailDeps;
  readonly #audience: Audience<Reader>;
  /** Oldest first, at most MAX_MISSED. */
  #kept: Told[] = [];
  /** Nothing is kept of events up to this one. Null until the journal was read. */
  #floor: number | null = null;
  #rest: (() => void) | null = null;
  /** Pasts are read one after the other. */
  #fills: Promise<void> = Promise.resolve();

  constructor(deps: EventTailDeps) {
    this.#deps = deps;
    this.#audience = new Audience({ now: deps.now, soon: deps.soon, serve: (member) => this.#serve(member) });
  }

  /** Returns how to leave. */
  join(sink: Sink, { after, kinds }: EventQuery): () => void {
    sink.write(RETRY);
    const member = this.#audience.join(sink, { cursor: after ?? this.#newest, kinds, filling: false });
    if (this.#rest === null) this.#begin();
    return () => {
      this.#audience.leave(member);
      if (this.#audience.size > 0) return;
      this.#rest?.();
      this.#rest = null;
      this.#kept = [];
      this.#floor = null;
    };
  }

  /** Null until the journal was read. */
  get #newest(): number | null {
    return this.#kept.at(-1)?.seq ?? this.#floor;
  }

  #serve(member: Member<Reader>): void {
    const { state } = member;
    if (this.#floor === null || state.filling) return;
    state.cursor ??= this.#newest ?? 0;
    if (state.cursor < this.#floor) {
      if (state.kinds !== undefined) {
        this.#fill(member);
        return;
      }
      const said = missed(state.cursor, this.#kept[0]?.seq ?? null);
      state.cursor = this.#floor;
      if (!this.#audience.send(member, said)) return;
    }
    for (let i = this.#after(state.cursor); i < this.#kept.length; i++) {
      const { seq, kind, bytes } = this.#kept[i]!;
      state.cursor = seq;
      if (wants(state, kind) && !this.#audience.send(member, bytes)) return;
    }
  }

  /** Index of the first event above `seq`. Most clients have all but the newest, so it looks from the end. */
  #after(seq: number): number {
    let index = this.#kept.length;
    while (index > 0 && this.#kept[index - 1]!.seq > seq) index -= 1;
    return index;
  }

  #fill(member: Member<Reader>): void {
    const { state } = member;
    state.filling = true;
    this.#fills = this.#fills.then(async () => {
      const upTo = this.#newest ?? 0;
      try {
        const after = state.cursor ?? 0;
        const { rows, whole } = await since(this.#deps.history, after, state.kinds);
        const parts = whole ? [] : [missed(after, rows[0]?.seq ?? null)];
        state.cursor = Math.max(upTo, rows.at(-1)?.seq ?? 0);
        state.filling = false;
        const bytes = Buffer.concat([...parts, ...rows.map((row) => this.#told(row).bytes)]);
        if (bytes.length === 0 || this.#audience.send(member, bytes)) this.#serve(member);
      } catch {
        // The journal does not answer: the client comes back, and asks again.
        member.sink.cut();
      }
    });
  }

  #told(row: ActivityRow): Told {
    const { seq, kind } = row;
    const shown = toActivityRow(row, this.#deps.history.sentenceOf);
    return { seq, kind, bytes: bytesOf(`id: ${seq}\nevent: ${kind}\ndata: ${JSON.stringify(shown)}\n\n`) };
  }

  #begin(): void {
    const ending = new AbortController();
    this.#rest = () => ending.abort();
    void this.#follow(ending.signal);
  }

  /** Reads on at each change, at most four times a second, until nobody follows. Never rejects. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { node, sleep, now } = this.#deps;
    let ring = (): void => {};
    let rung = true;
    const unsubscribe = node.onChange(() => {
      rung = true;
      ring();
    });
    const end = (): void => {
      unsubscribe();
      ring();
    };
    signal.addEventListener('abort', end, { once: true });
    let saidAt = now();
    while (!signal.aborted) {
      if (rung) {
        rung = false;
        if (await this.#readOn(signal)) saidAt = now();
      }
      await sleep(MIN_INTERVAL_MS, signal);
      if (rung || signal.aborted) continue;
      const waiting = new AbortController();
      ring = () => waiting.abort();
      await sleep(Math.max(0, HEARTBEAT_MS - (now() - saidAt)), waiting.signal);
      if (rung) await sleep(SETTLE_MS, signal);
      this.#audience.tend();
      if (signal.aborted || now() - saidAt < HEARTBEAT_MS) continue;
      this.#audience.say(STILL_HERE);
      saidAt = now();
    }
  }

  /** True when there was something new. A journal that does not answer is asked again at the next change. */
  async #readOn(signal: AbortSignal): Promise<boolean> {
    const before = this.#newest;
    const read = await since(this.#deps.history, before ?? 0, undefined).catch(() => null);
    if (read === null || signal.aborted) return false;
    const { rows, whole } = read;
    if (before !== null && rows.length === 0) return false;
    const kept = [...(whole ? this.#kept : []), ...rows.map((row) => this.#told(row))];
    const gone = kept.slice(0, Math.max(0, kept.length - MAX_MISSED));
    this.#kept = kept.slice(gone.length);
    this.#floor = gone.at(-1)?.seq ?? (whole ? (this.#floor ?? 0) : rows[0]!.seq - 1);
    this.#audience.round();
    return true;
  }
}

/** Events above `after`, oldest first. Lists run backwards, so it reads until it meets what was seen. */
async function since({ models }: HistoryHandle, after: number, kinds: EventQuery['kinds']) {
  const rows = [];
  let before: number | null = null;
  do {
    const page: Awaited<ReturnType<typeof models.activity>> = await models.activity({
      limit: MAX_PAGE_ROWS,
      ...(before === null ? {} : { before }),
      ...(kinds === undefined ? {} : { kinds }),
    });
    for (const row of page.rows) {
      if (row.seq <= after) return { rows: rows.reverse(), whole: true };
      rows.push(row);
    }
    before = page.next !== null && page.next > after ? page.next : null;
  } while (before !== null && rows.length < MAX_MISSED);
  return { rows: rows.reverse(), whole: before === null };
}
