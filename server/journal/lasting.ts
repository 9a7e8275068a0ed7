import { msLeft } from '../lib/wait.ts';
import type { CheckpointFacts, Journal, JournalEvent, JournalQuery, JournalStore } from './journal.ts';
import { JournalError } from './journalError.ts';
import { INTENTS, ORDERS } from './kinds.ts';
import type { ReadModels } from './readModels.ts';
import { encode, MAX_PAYLOAD_LENGTH } from './storedJournal.ts';

/** Why events are not written at present. The node goes on: class degraded. */
export interface JournalTrouble {
  readonly code: string;
  readonly message: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Tries in a row that failed. */
  readonly count: number;
  readonly nextTryAt: number;
  /** Events in memory that wait to be written. */
  readonly waiting: number;
  /** Events that found no room in memory: a `journal.gap` event will say how many. */
  readonly lost: number;
}

export interface LastingJournal extends Journal {
  /** Null while the store takes what it is given. */
  readonly trouble: JournalTrouble | null;
  readonly checkpoint: CheckpointFacts;
  readonly models: ReadModels;
  /** To be called now and then: checkpoints, and another try when the time for it has come. Never rejects. */
  tend(): Promise<void>;
  /** Newest first, at most `RECENT_EVENTS`: what this process and the ones before it appended. Reads no store. */
  recent(): readonly JournalEvent[];
}

export interface LastingDeps {
  readonly clock: { now(): number };
  /** After each change of `trouble` or `recent()`. Must not throw. */
  readonly onChange?: () => void;
  /** Told of events that are lost for good: a bug of the caller, or more of them than memory may hold. */
  readonly onLoss?: (error: JournalError) => void;
}

/** Events kept in memory while the store cannot be written: at some 500 bytes each, 5 MB. */
export const MAX_WAITING = 10_000;
export const RECENT_EVENTS = 30;
/** Events written in one go. */
const GROUP = 256;
const MAX_ASIDE_LENGTH = MAX_PAYLOAD_LENGTH - 4_096;
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 15_000;

interface Waiting {
  readonly kind: string;
  readonly payload: unknown;
  readonly ref: string | undefined;
  readonly at: number;
  /** Null once it was answered: it was told that it waits. */
  answer: { resolve(event: JournalEvent): void; reject(error: unknown): void } | null;
  /** The event that this one stands for, since the store will not have it. */
  readonly standsFor?: Waiting;
}

/**
 * The journal as a node uses it: a store that fails (disk full, database gone) does not stop the chain. What cannot
 * be written is kept in memory, with its time, and written in its order when the store takes events again. Only an
 * operator's order is refused meanwhile. A caller never waits for a store that is known to be down. An event that the
 * store refuses for good does not hold up the others: a `journal.refused` event takes its place, with all of it.
 */
export function lastingJournal(store: JournalStore, deps: LastingDeps): LastingJournal {
  return new Lasting(store, deps);
}

class Lasting implements LastingJournal {
  readonly #store: JournalStore;
  readonly #deps: LastingDeps;
  /** Oldest first. Those in front are being written, or were offered and refused. */
  readonly #queue: Waiting[] = [];
  #pumping: Promise<void> | null = null;
  #trouble: Omit<JournalTrouble, 'waiting' | 'lost'> | null = null;
  #lost: { count: number; first: number; last: number } | null = null;
  #recent: readonly JournalEvent[] = [];
  /** Counts what was kept in memory, so that each has a number of its own meanwhile. */
  #kept = 0;
  #closed = false;

  constructor(store: JournalStore, deps: LastingDeps) {
    this.#store = store;
    this.#deps = deps;
    void this.#readRecent();
  }

  get trouble(): JournalTrouble | null {
    if (this.#trouble === null) return null;
    return { ...this.#trouble, waiting: this.#queue.length, lost: this.#lost?.count ?? 0 };
  }

  get checkpoint(): CheckpointFacts {
    return this.#store.checkpoint;
  }

  get models(): ReadModels {
    return this.#store.models;
  }

  recent(): readonly JournalEvent[] {
    return this.#recent;
  }

  append(kind: string, payload: unknown, ref?: string): Promise<JournalEvent> {
    if (this.#closed) return Promise.reject(new JournalError('closed', 'the journal is closed'));
    let kept: unknown;
    try {
      // As it is now: the caller may change its object before it is written.
      kept = JSON.parse(encode(kind, payload));
    } catch (error) {
      this.#deps.onLoss?.(error as JournalError);
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      const at = Math.trunc(this.#deps.clock.now());
      this.#queue.push({ kind, payload: kept, ref, at, answer: { resolve, reject } });
      if (this.#isDown()) this.#answerWaiting();
      else void this.#pump();
    });
  }

  list(query: JournalQuery): Promise<readonly JournalEvent[]> {
    return this.#store.list(query);
  }

  since(after: number, limit: number): Promise<readonly JournalEvent[]> {
    return this.#store.since(after, limit);
  }

  async tend(): Promise<void> {
    if (!this.#isDown()) await this.#pump();
    if (this.#trouble === null) await this.#store.tend();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#pumping;
    await this.#pump();
    if (this.#queue.length > 0) this.#deps.onLoss?.(this.#lossOf(this.#queue.length));
    await this.#store.close();
  }

  /** Not while a try is under way: what is being written must stay in the queue until its outcome is known. */
  #isDown(): boolean {
    if (this.#trouble === null || this.#pumping !== null) return false;
    return msLeft(this.#trouble.nextTryAt, MAX_RETRY_MS, this.#deps.clock.now()) > 0;
  }

  /** Writes what waits, oldest first, until nothing does or the store refuses. One at a time. Never rejects. */
  #pump(): Promise<void> {
    this.#pumping ??= this.#writeAll();
    return this.#pumping;
  }

  async #writeAll(): Promise<void> {
    // Whoever appends in the same breath goes into the same write.
    await null;
    await this.#writeGroups(() => {
      this.#pumping = null;
    });
  }

  /** Calls `ended` in the same breath as the last look at the queue: an event that comes later starts a new pump. */
  async #writeGroups(ended: () => void): Promise<void> {
    let size = GROUP;
    while (this.#queue.length > 0 || this.#lost !== null) {
      const group = this.#queue.slice(0, size);
      try {
        const events = await this.#write(group);
        this.#queue.splice(0, group.length);
        size = Math.min(GROUP, size * 2);
        this.#show(events);
        for (const [index, { answer }] of group.entries()) answer?.resolve(events[index]!);
      } catch (error) {
        if (isRefusal(error) && group.length > 1) {
          // One of them: which, is found by halves.
          size = Math.ceil(group.length / 2);
          continue;
        }
        if (isRefusal(error) && this.#putAside(error)) continue;
        if (isOutage(error)) {
          ended();
          return this.#failed(error);
        }
        this.#giveUp(group, error);
      }
    }
    ended();
    if (this.#trouble === null) return;
    this.#trouble = null;
    void this.#readRecent();
  }

  async #write(group: readonly Waiting[]): Promise<readonly JournalEvent[]> {
    if (group.length > 0) {
      return this.#store.appendAll(
        group.map((event) => ({
          kind: event.kind,
          payload: event.payload,
          ref: event.ref,
          at: event.at,
          key: event,
        })),
      );
    }
    const { count, first, last } = this.#lost!;
    const gap = await this.#store.append('journal.gap', { count, first, last });
    this.#lost = null;
    return [gap];
  }

  /** What the store refuses is offered once more in a form that it can have no rule about. False: it refused that too. */
  #putAside(error: JournalError): boolean {
    const event = this.#queue[0];
    if (event === undefined) return false;
    if (event.standsFor !== undefined) {
      // It is the store, and no single event: all wait as they are until somebody mended it. But an order was refused.
      if (!ORDERS.has(event.standsFor.kind)) this.#queue[0] = { ...event.standsFor, answer: event.answer };
      return false;
    }
    const { kind, ref, payload, at, answer } = event;
    const base64 = Buffer.from(JSON.stringify({ kind, ref: ref ?? null, payload })).toString('base64');
    // Larger than an event may be. No honest one comes near it, and none is thrown away.
    if (base64.length > MAX_ASIDE_LENGTH) return false;
    const aside = {
      kind: 'journal.refused',
      payload: { kind, why: error.message, base64 },
      ref: undefined,
      at,
    };
    // An order is done only when it is written as what it is.
    if (ORDERS.has(kind)) answer?.reject(error);
    this.#queue[0] = { ...aside, answer: ORDERS.has(kind) ? null : answer, standsFor: event };
    return true;
  }

  /** The store refuses the events themselves: they are nobody's to keep. */
  #giveUp(group: readonly Waiting[], error: unknown): void {
    this.#queue.splice(0, group.length);
    for (const { answer } of group) answer?.reject(error);
    if (error instanceof JournalError) this.#deps.onLoss?.(error);
    if (group.length === 0) this.#lost = null;
  }

  #failed(error: unknown): void {
    const now = this.#deps.clock.now();
    const count = (this.#trouble?.count ?? 0) + 1;
    this.#trouble = {
      code: error instanceof JournalError ? error.code : 'io',
      message: error instanceof Error ? error.message : String(error),
      since: this.#trouble?.since ?? now,
      count,
      nextTryAt: now + Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(count - 1, 10)),
    };
    this.#answerWaiting();
    this.#deps.onChange?.();
  }

  /** Nobody waits for a store that is down: orders of operators are refused, everything else stays in the queue. */
  #answerWaiting(): void {
    for (let index = 0; index < this.#queue.length; index++) {
      const event = this.#queue[index]!;
      const { answer, at, kind, payload, ref } = event;
      if (answer === null) continue;
      event.answer = null;
      if (ORDERS.has(kind)) {
        this.#queue.splice(index--, 1);
        answer.reject(this.#refusal());
        this.#takeBack(event);
        continue;
      }
      if (index >= MAX_WAITING) {
        this.#queue.splice(index--, 1);
        this.#lose(at);
      }
      const kept: JournalEvent = { seq: -++this.#kept, at, kind, ref: ref ?? null, payload };
      this.#show([kept]);
      answer.resolve(kept);
    }
  }

  /**
   * Whoever ordered it is told that it was refused; yet the store may have written it and only its answer was lost.
   * Then the next process would find it open, and do it. So it is closed, whether or not it is there.
   */
  #takeBack({ kind, ref, at }: Waiting): void {
    const closers = INTENTS.get(kind);
    if (closers === undefined || ref === undefined) return;
    const payload = { id: ref, note: 'refused: it could not be written down first' };
    this.#queue.push({ kind: closers.at(-1)!, payload, ref, at, answer: null });
  }

  #show(events: readonly JournalEvent[]): void {
    const shown = new Set(this.#recent.map(({ seq }) => seq));
    const newest = events
      .filter(({ seq }) => !shown.has(seq))
      .slice(-RECENT_EVENTS)
      .reverse();
    this.#recent = [...newest, ...this.#recent].slice(0, RECENT_EVENTS);
    this.#deps.onChange?.();
  }

  async #readRecent(): Promise<void> {
    const stored = await this.#store.list({ limit: RECENT_EVENTS }).catch(() => []);
    const seen = new Set(stored.map(({ seq }) => seq));
    const newer = this.#recent.filter(({ seq }) => seq > 0 && !seen.has(seq) && seq > (stored[0]?.seq ?? 0));
    this.#recent = [...newer, ...stored].slice(0, RECENT_EVENTS);
    this.#deps.onChange?.();
  }

  /** The oldest are kept: what began the trouble tells more than its hundredth repetition. */
  #lose(at: number): void {
    if (this.#lost === null) this.#deps.onLoss?.(this.#lossOf(1));
    this.#lost = { count: (this.#lost?.count ?? 0) + 1, first: this.#lost?.first ?? at, last: at };
  }

  #lossOf(count: number): JournalError {
    const why = this.#trouble?.message ?? 'no reason was kept';
    return new JournalError(
      'unwritten',
      `${count} or more events could not be journaled and are lost: ${why}`,
    );
  }

  #refusal(): JournalError {
    const why = this.#trouble?.message ?? 'no reason was kept';
    return new JournalError('unwritten', `refused, because it cannot be written down first: ${why}`);
  }
}

/** Whether the store is well, and will not have this. */
const isRefusal = (error: unknown): error is JournalError =>
  error instanceof JournalError && error.code === 'refused';

/** Whether the store failed, rather than the caller. */
const isOutage = (error: unknown): boolean =>
  !(error instanceof JournalError) || (error.code !== 'bad_payload' && error.code !== 'closed');
