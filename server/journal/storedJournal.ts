import { type Backend, rowsOf } from './backend.ts';
import { canonicalJson } from './canonicalJson.ts';
import type { Checkpointer } from './checkpointer.ts';
import type { CheckpointFacts, JournalEvent, JournalQuery, JournalStore, NewEvent } from './journal.ts';
import { JournalError } from './journalError.ts';
import { pageSize, toEvent } from './pages.ts';
import type { ReadModels } from './readModels.ts';
import { Retention } from './retention.ts';
import { type Row, rowHash, type Tip } from './rowHash.ts';
import { StoredModels } from './storedModels.ts';

/** UTF-16 units of one canonical payload: some hundred times the largest honest record. */
export const MAX_PAYLOAD_LENGTH = 1024 * 1024;

type Draft = Omit<Row, 'seq' | 'hash'> & { readonly key: object | undefined };

/** Rows that were sent and may or may not be there. */
interface Doubt {
  readonly after: Tip;
  readonly rows: readonly Row[];
  readonly keys: readonly (object | undefined)[];
}

/** Told of events when they are written, in their order. Must not throw. */
export type Appended = (events: readonly JournalEvent[]) => void;

/** Wraps a backend that was just opened. */
export async function storedJournal(
  backend: Backend,
  clock: { now(): number },
  checkpointer: Checkpointer,
  keepDays: number,
  onAppended: Appended = () => {},
): Promise<StoredJournal> {
  const tail = await backend.db
    .selectFrom('journal_event')
    .select(['seq', 'at', 'kind', 'ref', 'payload', 'hash'])
    .where(rowsOf(backend.node))
    .orderBy('seq', 'desc')
    .limit(CHECKED_ROWS)
    .execute();
  checkTail(tail, backend.name);
  const newest = tail[0];
  const retention = new Retention(backend, keepDays, clock);
  const previous = newest === undefined ? null : toEvent(newest);
  return new StoredJournal(backend, clock, { checkpointer, retention, onAppended }, previous);
}

/** Rows that are held against each other when a journal is opened; `plumbline journal verify` looks at all. */
const CHECKED_ROWS = 100;

/** Newest first. What goes on from a damaged end would have to be thrown away with it. */
function checkTail(tail: readonly Row[], name: string): void {
  for (const [index, row] of tail.entries()) {
    const before = tail[index + 1];
    if (before === undefined) return;
    if (row.seq === before.seq + 1 && same(row.hash, rowHash(before.hash, row))) continue;
    throw new JournalError(
      'corrupt',
      `${name} is damaged (row ${row.seq} does not follow from the one before); move it away and start again: only history is lost, the chain comes from L1`,
    );
  }
}

/** What every store shares: order, encoding, the hash chain, checkpoints, and pages. */
export class StoredJournal implements JournalStore {
  readonly #backend: Backend;
  readonly #clock: { now(): number };
  readonly #checkpointer: Checkpointer;
  readonly #retention: Retention;
  readonly #onAppended: Appended;
  readonly models: ReadModels;
  readonly previous: JournalEvent | null;
  readonly #models: StoredModels;
  /** Writes go one after the other. */
  #tail: Promise<unknown> = Promise.resolve();
  #tip: Tip | null = null;
  #doubt: Doubt | null = null;
  /** Rows that are too old may be left. */
  #sweeps = false;
  /** Rows that turned out to be there, by the key of their event, for when it is offered again: if ever it is. */
  readonly #found = new WeakMap<object, Row>();
  #closed = false;

  /** `previous`: the newest event of the process before. */
  constructor(
    backend: Backend,
    clock: { now(): number },
    parts: { checkpointer: Checkpointer; retention: Retention; onAppended: Appended },
    previous: JournalEvent | null,
  ) {
    this.previous = previous;
    this.#backend = backend;
    this.#clock = clock;
    this.#checkpointer = parts.checkpointer;
    this.#retention = parts.retention;
    this.#onAppended = parts.onAppended;
    this.#models = new StoredModels(this, backend);
    this.models = this.#models;
  }

  /** The newest `seq` that is known to be written. */
  get newest(): number {
    return this.#tip?.seq ?? 0;
  }

  get checkpoint(): CheckpointFacts {
    return this.#checkpointer.facts;
  }

  async append(kind: string, payload: unknown, ref?: string): Promise<JournalEvent> {
    const [event] = await this.appendAll([{ kind, payload, ref }]);
    return event!;
  }

  appendAll(events: readonly NewEvent[]): Promise<readonly JournalEvent[]> {
    let drafts: readonly Draft[];
    try {
      // Now, not in its turn: a bad payload is found before anything waits, and a good one is as it was when given.
      drafts = events.map((event) => this.#draft(event));
    } catch (error) {
      return Promise.reject(error);
    }
    return this.inTurn(async () => {
      const written = (await this.#write(drafts)).map(toEvent);
      this.#onAppended(written);
      return written;
    });
  }

  tryWrite(): Promise<void> {
    return this.inTurn(() => this.#backend.tryWrite());
  }

  async list(query: JournalQuery): Promise<readonly JournalEvent[]> {
    const limit = pageSize(query.limit);
    const before = query.before ?? Number.MAX_SAFE_INTEGER;
    return this.read(async () => {
      const newest = (kind: string | null) => {
        let select = this.#events().where('seq', '<', before).orderBy('seq', 'desc').limit(limit);
        if (kind !== null) select = select.where('kind', '=', kind);
        return select.execute();
      };
      if (query.kinds === undefined) return (await newest(null)).map(toEvent);
      // One indexed read per kind, then a merge: the database would sort every row of those kinds instead.
      const lists = [];
      for (const kind of new Set(query.kinds)) lists.push(...(await newest(kind)));
      return lists
        .sort((a, b) => b.seq - a.seq)
        .slice(0, limit)
        .map(toEvent);
    });
  }

  async since(after: number, limit: number): Promise<readonly JournalEvent[]> {
    const size = pageSize(limit);
    return this.read(async () =>
      (await this.#events().where('seq', '>', after).orderBy('seq').limit(size).execute()).map(toEvent),
    );
  }

  /** Never rejects. */
  async tend(): Promise<void> {
    if (this.#closed) return;
    await this.inTurn(async () => {
      const tip = await this.#settledTip();
      await this.#checkpointer.tend(tip, 'due');
    }).catch(() => undefined);
    await this.#models.tend();
    if (this.#retention.isDue) await this.#prune().catch(() => undefined);
    // A slice at a time: whoever tends the journal has a chain to follow, and years may be too old at once.
    if (this.#sweeps) this.#sweeps = await this.inTurn(() => this.#retention.sweep()).catch(() => false);
  }

  /** The read models have to know what is removed. */
  async #prune(): Promise<void> {
    // Also where a killed process had begun.
    this.#sweeps = true;
    // Folds what is new.
    await this.models.openIntents();
    const pruned = await this.inTurn(() => this.#retention.raiseFloor(this.#models.upTo));
    if (pruned !== null) await this.append('journal.pruned', pruned);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#tail;
    if (this.#tip !== null && this.#doubt === null) await this.#checkpointer.tend(this.#tip, 'now');
    await this.#backend.close();
  }

  /** Runs `work` when everything asked for before has ended. Errors come out as `JournalError`. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(closedError(this.#backend.name));
    const turn = this.#tail.then(work).catch((error: unknown) => {
      throw error instanceof RangeError ? error : this.#backend.asError(error);
    });
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  #events() {
    const { db, node } = this.#backend;
    const columns = ['seq', 'at', 'kind', 'ref', 'payload'] as const;
    return db.selectFrom('journal_event').select(columns).where(rowsOf(node));
  }

  /** Reads do not wait for writes: what is durable is there. Errors come out as `JournalError`. */
  async read<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw closedError(this.#backend.name);
    try {
      return await work();
    } catch (error) {
      throw this.#backend.asError(error);
    }
  }

  #draft({ kind, payload, ref, at, key }: NewEvent): Draft {
    return {
      at: Math.trunc(at ?? this.#clock.now()),
      kind,
      ref: ref ?? null,
      payload: encode(kind, payload),
      key,
    };
  }

  async #write(drafts: readonly Draft[]): Promise<readonly Row[]> {
    const after = await this.#settledTip();
    let tip = after;
    const fresh: Row[] = [];
    const all = drafts.map(({ key, ...draft }) => {
      const found = key && this.#found.get(key);
      if (found !== undefined) return found;
      const row = { ...draft, seq: tip.seq + 1 };
      const whole: Row = { ...row, hash: rowHash(tip.hash, row) };
      tip = whole;
      fresh.push(whole);
      return whole;
    });
    if (fresh.length > 0) await this.#insert(after, fresh, drafts);
    for (const { key } of drafts) if (key !== undefined) this.#found.delete(key);
    this.#tip = { seq: tip.seq, hash: tip.hash };
    await this.#checkpointer.tend(this.#tip, 'due');
    return all;
  }

  async #insert(after: Tip, rows: readonly Row[], drafts: readonly Draft[]): Promise<void> {
    try {
      await this.#backend.insert(after, rows);
    } catch (error) {
      const keys = drafts
        .filter(({ key }) => key === undefined || !this.#found.has(key))
        .map(({ key }) => key);
      this.#doubt = { after, rows, keys };
      this.#tip = null;
      throw error;
    }
  }

  /** The newest row. After a write of unknown outcome it tells whether its rows are there. */
  async #settledTip(): Promise<Tip> {
    if (this.#tip !== null) return this.#tip;
    const tip = await this.#backend.tip();
    const doubt = this.#doubt;
    const last = doubt?.rows.at(-1);
    if (doubt !== null && last !== undefined && tip.seq === last.seq && same(tip.hash, last.hash)) {
      for (const [index, key] of doubt.keys.entries()) {
        if (key !== undefined) this.#found.set(key, doubt.rows[index]!);
      }
    }
    this.#doubt = null;
    this.#tip = tip;
    return tip;
  }
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

const closedError = (name: string): JournalError => new JournalError('closed', `${name} is closed`);

/** The payload as it is stored. Throws `JournalError` of code `bad_payload`. */
export function encode(kind: string, payload: unknown): string {
  let text: string;
  try {
    text = canonicalJson(payload);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new JournalError('bad_payload', `the journal cannot record this ${kind} event: ${reason}`, error);
  }
  if (text.length <= MAX_PAYLOAD_LENGTH) return text;
  throw new JournalError(
    'bad_payload',
    `the journal cannot record this ${kind} event: ${text.length} characters, above the bound of ${MAX_PAYLOAD_LENGTH}`,
  );
}
