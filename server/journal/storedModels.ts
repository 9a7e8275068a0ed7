import { type RawBuilder, type SqlBool, sql } from 'kysely';
import { type Backend, rowsOf, type Tables } from './backend.ts';
import {
  actedBy,
  batchConditions,
  endedWhy,
  missed,
  reorgConditions,
  textCondition,
  timeConditions,
} from './conditions.ts';
import type { JournalEvent } from './journal.ts';
import { EVENT_KINDS, groupOf, severityOf } from './kinds.ts';
import { MAX_PAGE_EVENTS, pageSize, toEvent } from './pages.ts';
import { foldedBatch, intentRow, leaderRow, Projector, reorgRow } from './projector.ts';
import {
  type ActivityQuery,
  type ActivityRow,
  type BatchQuery,
  type BatchRow,
  type LeaderQuery,
  type LeaderTermEnd,
  MAX_COMMITS,
  type Page,
  type ReadModels,
  type ReorgQuery,
  type ReorgRow,
  type ReorgTotals,
} from './readModels.ts';
import type { Row } from './rowHash.ts';

/** So many new events are folded without a question, so that none has to wait for a long row of them. */
const TEND_FROM = 200;
/** Slices of events that a question folds before it is answered from what there is. */
const SLICES_A_QUESTION = 5;
/** Events, or rows of a list, in which one page looks for a text. The next page goes on from there. */
export const SEARCHED_ROWS = 5_000;

/** The journal whose events are folded. */
export interface FoldedJournal {
  /** Number of the newest event; 0 before the first. */
  readonly newest: number;
  since(after: number, limit: number): Promise<readonly JournalEvent[]>;
  /** Reads do not wait for writes: what is durable is there. */
  read<T>(work: () => Promise<T>): Promise<T>;
  /** Runs `work` when everything asked for before has ended. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
}

/** The read models of a stored journal. What is new is folded in before a question is answered. */
export class StoredModels implements ReadModels {
  readonly #journal: FoldedJournal;
  readonly #backend: Backend;
  readonly #projector: Projector;
  readonly #mine: RawBuilder<SqlBool>;

  constructor(journal: FoldedJournal, backend: Backend) {
    this.#journal = journal;
    this.#backend = backend;
    this.#projector = new Projector(backend);
    this.#mine = rowsOf(backend.node);
  }

  /** The events up to this `seq` are folded. */
  get upTo(): number {
    return this.#projector.upTo ?? 0;
  }

  async reorgs(query: ReorgQuery): Promise<Page<ReorgRow>> {
    const limit = pageSize(query.limit);
    return this.#ask(async (upTo) => {
      let select = this.#backend.db.selectFrom('journal_reorg').selectAll().where(this.#mine);
      for (const condition of reorgConditions(query, this.#backend.node)) select = select.where(condition);
      const window = query.q === undefined ? null : await this.#window('journal_reorg', query.before);
      if (window !== null) select = select.where('seq', '>=', window);
      if (query.before !== undefined) select = select.where('seq', '<', query.before);
      const rows = await select
        .orderBy('seq', 'desc')
        .limit(limit + 1)
        .execute();
      return pageOf(rows.map(reorgRow), limit, upTo, window);
    });
  }

  reorgTotals(query: Omit<ReorgQuery, 'before' | 'limit'>): Promise<ReorgTotals> {
    return this.#ask(async () => {
      let select = this.#backend.db
        .selectFrom('journal_reorg')
        .select([
          sql<number>`count(*)`.as('count'),
          sql<number>`coalesce(sum(CASE WHEN recovered_at IS NULL THEN 1 ELSE 0 END), 0)`.as('open'),
          sql<number>`coalesce(max(depth), 0)`.as('max_depth'),
        ])
        .where(this.#mine);
      for (const condition of reorgConditions(query, this.#backend.node)) select = select.where(condition);
      const { count, open, max_depth } = await select.executeTakeFirstOrThrow();
      return { count: Number(count), open: Number(open), maxDepth: Number(max_depth) };
    });
  }

  reorg(id: string | number): Promise<ReorgRow | null> {
    return this.#ask(async () => {
      const all = this.#backend.db.selectFrom('journal_reorg').selectAll().where(this.#mine);
      const one = typeof id === 'number' ? all.where('seq', '=', id) : all.where('id', '=', id);
      const row = await one.executeTakeFirst();
      return row === undefined ? null : reorgRow(row);
    });
  }

  async batches(query: BatchQuery): Promise<Page<BatchRow>> {
    const limit = pageSize(query.limit);
    return this.#ask(async (upTo) => {
      let select = this.#backend.db.selectFrom('journal_batch').selectAll().where(this.#mine);
      for (const condition of batchConditions(query, this.#backend.node)) select = select.where(condition);
      const window = query.q !== undefined ? await this.#window('journal_batch', query.before) : null;
      if (window !== null) select = select.where('seq', '>=', window);
      if (query.before !== undefined) select = select.where('seq', '<', query.before);
      const rows = await select
        .orderBy('seq', 'desc')
        .limit(limit + 1)
        .execute();
      return pageOf(rows.map(batchRow), limit, upTo, window);
    });
  }

  async commitsOf(numbers: readonly number[]): Promise<readonly BatchRow[]> {
    if (numbers.length === 0) return [];
    return this.#ask(async () => {
      const all = this.#backend.db.selectFrom('journal_batch').selectAll().where(this.#mine);
      const rows = await all.where('batch', 'in', numbers).orderBy('seq').limit(MAX_COMMITS).execute();
      return rows.map(batchRow);
    });
  }

  batch(number: number): Promise<readonly BatchRow[]> {
    return this.#ask(async () => {
      const all = this.#backend.db.selectFrom('journal_batch').selectAll().where(this.#mine);
      const rows = await all.where('batch', '=', number).orderBy('seq', 'desc').limit(100).execute();
      return rows.map(batchRow);
    });
  }

  async leaders(query: LeaderQuery): Promise<Page<LeaderTermEnd>> {
    const limit = pageSize(query.limit);
    return this.#ask(async (upTo) => {
      let select = this.#backend.db
        .selectFrom('journal_leader')
        .selectAll()
        .select(endedWhy(this.#mine).as('ended_why'))
        .where(this.#mine);
      for (const condition of timeConditions(query, 'since')) select = select.where(condition);
      if (query.leader !== undefined) select = select.where('leader', '=', query.leader);
      if (query.missed === true) select = select.where(missed(this.#mine));
      if (query.before !== undefined) select = select.where('seq', '<', query.before);
      const rows = await select
        .orderBy('seq', 'desc')
        .limit(limit + 1)
        .execute();
      const terms = rows.map((row) => ({ ...leaderRow(row), endedWhy: row.ended_why }));
      return pageOf(terms, limit, upTo, null);
    });
  }

  /** Straight from the events: they are the activity. */
  async activity(query: ActivityQuery): Promise<Page<ActivityRow>> {
    const limit = pageSize(query.limit);
    return this.#journal.read(async () => {
      const ends = await this.#ends();
      const top = Math.min(query.before ?? ends.last + 1, await this.#seqAfter(query.to, ends));
      const bottom = await this.#seqFrom(query.from, ends);
      const text = textCondition('payload', query.q, this.#backend.node);
      const window = query.q === undefined ? null : Math.max(bottom, top - SEARCHED_ROWS);
      const conditions = [
        sql<SqlBool>`seq < ${top}`,
        sql<SqlBool>`seq >= ${window ?? bottom}`,
        ...timeConditions(query, 'at'),
        ...(text === null ? [] : [text]),
        ...(query.actor === undefined ? [] : [actedBy(query.actor, this.#backend.node)]),
      ];
      const kinds = kindsOf(query);
      const rows =
        kinds === null
          ? await this.#newestEvents(conditions, limit + 1)
          : await this.#newestOf(kinds, conditions, limit + 1);
      return pageOf(
        rows.map(activityRow),
        limit,
        ends.last,
        window !== null && window > bottom ? window : null,
      );
    });
  }

  openIntents(after = 0): ReturnType<ReadModels['openIntents']> {
    return this.#ask(async (upTo) => {
      const above = this.#backend.db
        .selectFrom('journal_intent')
        .selectAll()
        .where(this.#mine)
        .where('seq', '>', after);
      const rows = await above.orderBy('seq').limit(MAX_PAGE_EVENTS).execute();
      return { rows: rows.map(intentRow), upTo };
    });
  }

  /** Folds what is new, some of it at least. Never rejects; to be called now and then. */
  async tend(): Promise<void> {
    const { upTo } = this.#projector;
    if (upTo !== null && this.#journal.newest - upTo < TEND_FROM) return;
    await this.#catchUp(1).catch(() => undefined);
  }

  async #ask<T>(work: (upTo: number) => Promise<T>): Promise<T> {
    await this.#catchUp(SLICES_A_QUESTION);
    return this.#journal.read(() => work(this.#projector.upTo ?? 0));
  }

  async #catchUp(slices: number): Promise<void> {
    for (let slice = 0; slice < slices; slice++) {
      const more = await this.#journal.inTurn(() =>
        this.#projector.step((after, limit) => this.#journal.since(after, limit)),
      );
      if (!more) return;
    }
  }

  /** The lowest `seq` among the newest `SEARCHED_ROWS` rows below `before`; null when that is all of them. */
  async #window(
    table: 'journal_reorg' | 'journal_batch',
    before: number | undefined,
  ): Promise<number | null> {
    const { db } = this.#backend;
    const below = before ?? Number.MAX_SAFE_INTEGER;
    const seqs = table === 'journal_reorg' ? db.selectFrom('journal_reorg') : db.selectFrom('journal_batch');
    const row = await (seqs as ReturnType<typeof db.selectFrom<'journal_reorg'>>)
      .select('seq')
      .where(this.#mine)
      .where('seq', '<', below)
      .orderBy('seq', 'desc')
      .offset(SEARCHED_ROWS - 1)
      .limit(1)
      .executeTakeFirst();
    return row?.seq ?? null;
  }

  #newestEvents(conditions: readonly RawBuilder<SqlBool>[], limit: number): Promise<EventRow[]> {
    let select = this.#backend.db
      .selectFrom('journal_event')
      .select(['seq', 'at', 'kind', 'ref', 'payload'])
      .where(this.#mine);
    for (const condition of conditions) select = select.where(condition);
    return select.orderBy('seq', 'desc').limit(limit).execute();
  }

  /** One indexed read per kind in one statement: the database would sort every row of those kinds instead. */
  async #newestOf(
    kinds: readonly string[],
    conditions: readonly RawBuilder<SqlBool>[],
    limit: number,
  ): Promise<EventRow[]> {
    if (kinds.length === 0) return [];
    const where = sql.join([this.#mine, ...conditions], sql` AND `);
    const each = kinds.map(
      (kind) =>
        sql`SELECT * FROM (SELECT seq, at, kind, ref, payload FROM journal_event WHERE kind = ${kind} AND ${where} ORDER BY seq DESC LIMIT ${limit}) AS newest`,
    );
    const union = sql.join(each, sql` UNION ALL `);
    const query = sql<EventRow>`SELECT * FROM (${union}) AS newest ORDER BY seq DESC LIMIT ${limit}`;
    return (await query.execute(this.#backend.db)).rows;
  }

  async #ends(): Promise<Ends> {
    const end = (order: 'asc' | 'desc') =>
      this.#backend.db
        .selectFrom('journal_event')
        .select('seq')
        .where(this.#mine)
        .orderBy('seq', order)
        .limit(1)
        .executeTakeFirst();
    return { first: (await end('asc'))?.seq ?? 1, last: (await end('desc'))?.seq ?? 0 };
  }

  /** The first `seq` whose time is at or after `from`. Times rise with `seq`, but for what waited to be written. */
  async #seqFrom(from: number | undefined, { first, last }: Ends): Promise<number> {
    return from === undefined
      ? first
      : this.#search(first, last + 1, async (seq) => (await this.#at(seq)) >= from);
  }

  async #seqAfter(to: number | undefined, { first, last }: Ends): Promise<number> {
    return to === undefined
      ? last + 1
      : this.#search(first, last + 1, async (seq) => (await this.#at(seq)) > to);
  }

  /** The lowest number of [low, high) for which `is` holds, `high` when for none; `is` holds from some number on. */
  async #search(low: number, high: number, is: (seq: number) => Promise<boolean>): Promise<number> {
    let [from, to] = [low, high];
    while (from < to) {
      const middle = Math.floor((from + to) / 2);
      if (await is(middle)) to = middle;
      else from = middle + 1;
    }
    return from;
  }

  async #at(seq: number): Promise<number> {
    const row = await this.#backend.db
      .selectFrom('journal_event')
      .select('at')
      .where(this.#mine)
      .where('seq', '=', seq)
      .executeTakeFirst();
    return row?.at ?? 0;
  }
}

type EventRow = Omit<Row, 'hash'>;

interface Ends {
  readonly first: number;
  readonly last: number;
}

/** `limit` rows and perhaps one more, which shows that there is a next page. `window`: where the search stopped. */
function pageOf<T extends { readonly seq: number }>(
  rows: readonly T[],
  limit: number,
  upTo: number,
  window: number | null,
): Page<T> {
  if (rows.length > limit) return { rows: rows.slice(0, limit), next: rows[limit - 1]!.seq, upTo };
  return { rows, next: window, upTo };
}

const batchRow = (row: Tables['journal_batch']): BatchRow => {
  const { beganAt: _, ...rest } = foldedBatch(row);
  return rest;
};

/** Null: all kinds. A group stands for its kinds in the table. */
function kindsOf({ kinds, actor }: ActivityQuery): readonly string[] | null {
  const acted =
    actor === undefined ? null : Object.keys(EVENT_KINDS).filter((kind) => ACTED.has(groupOf(kind)));
  if (kinds === undefined) return acted;
  const named = kinds.flatMap((kind) =>
    kind.includes('.') ? [kind] : Object.keys(EVENT_KINDS).filter((known) => groupOf(known) === kind),
  );
  const wanted = [...new Set(named)];
  return acted === null ? wanted : wanted.filter((kind) => acted.includes(kind));
}

/** Groups whose events have an actor. */
const ACTED: ReadonlySet<string> = new Set(['operator', 'chaos']);

function activityRow(row: EventRow): ActivityRow {
  const event: JournalEvent = toEvent(row);
  const actor = (event.payload as { readonly actor?: unknown } | null)?.actor;
  return { ...event, severity: severityOf(event.kind), actor: typeof actor === 'string' ? actor : null };
}
