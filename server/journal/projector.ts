import type { Kysely, RawBuilder, SqlBool, Transaction } from 'kysely';
import { type Backend, type BatchTable, rowsOf, type Tables } from './backend.ts';
import { emptyWorking, type FoldedBatch, fold, type Needs, needsOf, type Working } from './fold.ts';
import type { JournalEvent } from './journal.ts';
import { MODEL_TABLES, MODEL_VERSION } from './modelTables.ts';
import type { LeaderTermRow, OpenIntent, ReorgRow } from './readModels.ts';

/** Events folded in one transaction. */
export const SLICE = 1_000;
/** Rows of a table in one statement: below the bounds of both databases for values in it. */
const ROWS = 500;

type Db = Kysely<Tables> | Transaction<Tables>;

/**
 * Keeps the tables of the read models at the events: what is new is folded in memory, from the rows that it touches,
 * and written back with the place reached in one transaction. To be called in the journal's turn.
 */
export class Projector {
  readonly #backend: Backend;
  /** Rows of this journal. */
  readonly #mine: RawBuilder<SqlBool>;
  #upTo: number | null = null;

  constructor(backend: Backend) {
    this.#backend = backend;
    this.#mine = rowsOf(backend.node);
  }

  /** The `seq` that the tables take in; null before the first look. */
  get upTo(): number | null {
    return this.#upTo;
  }

  /** One slice. True while there is more. */
  async step(events: (after: number, limit: number) => Promise<readonly JournalEvent[]>): Promise<boolean> {
    if (this.#upTo === null) this.#upTo = await this.#readPlace();
    const slice = await events(this.#upTo, SLICE);
    const last = slice.at(-1);
    if (last === undefined) return false;
    const { db } = this.#backend;
    await db.transaction().execute(async (transaction) => {
      const working = await this.#load(transaction, needsOf(slice));
      for (const event of slice) fold(working, event);
      await this.#store(transaction, working);
      await this.#writePlace(transaction, last.seq);
    });
    this.#upTo = last.seq;
    return slice.length === SLICE;
  }

  /** Missing, or of another version: all of it is thrown away. */
  async #readPlace(): Promise<number> {
    const { db } = this.#backend;
    const place = await db
      .selectFrom('journal_model')
      .select(['version', 'up_to'])
      .where('name', '=', 'all')
      .where(this.#mine)
      .executeTakeFirst();
    if (place?.version === MODEL_VERSION) return place.up_to;
    await db.transaction().execute(async (transaction) => {
      for (const table of MODEL_TABLES) {
        await transaction.deleteFrom(table).where(this.#mine).execute();
      }
      await this.#writePlace(transaction, 0);
    });
    return 0;
  }

  async #writePlace(db: Db, upTo: number): Promise<void> {
    await db.deleteFrom('journal_model').where('name', '=', 'all').where(this.#mine).execute();
    await db
      .insertInto('journal_model')
      .values(this.#own({ name: 'all', version: MODEL_VERSION, up_to: upTo }))
      .execute();
  }

  /** `node` is a column of PostgreSQL alone. */
  #own<Row>(row: Row): Row & { node: string } {
    const { node } = this.#backend;
    return (node === null ? row : { ...row, node }) as Row & { node: string };
  }

  async #load(db: Db, needs: Needs): Promise<Working> {
    const working = emptyWorking();
    await this.#loadReorgs(db, needs, working);
    await this.#loadBatches(db, needs, working);
    if (needs.leaders) {
      const newest = await db
        .selectFrom('journal_leader')
        .selectAll()
        .where(this.#mine)
        .orderBy('seq', 'desc')
        .limit(1)
        .execute();
      working.leaders.push(...newest.map(leaderRow));
    }
    for (const refs of chunks([...needs.refs])) {
      const rows = await db
        .selectFrom('journal_intent')
        .selectAll()
        .where(this.#mine)
        .where('ref', 'in', refs)
        .orderBy('seq')
        .execute();
      for (const row of rows) working.intents.set(row.seq, intentRow(row));
    }
    return working;
  }

  async #loadReorgs(db: Db, needs: Needs, working: Working): Promise<void> {
    for (const ids of chunks([...needs.reorgs])) {
      const rows = await db
        .selectFrom('journal_reorg')
        .selectAll()
        .where(this.#mine)
        .where('id', 'in', ids)
        .execute();
      for (const row of rows) working.reorgs.set(row.id, reorgRow(row));
    }
  }

  async #loadBatches(db: Db, needs: Needs, working: Working): Promise<void> {
    const keep = (rows: readonly BatchTable[]): void => {
      for (const row of rows) {
        const known = working.batches.get(row.batch) ?? [];
        if (!known.some(({ seq }) => seq === row.seq)) known.push(foldedBatch(row));
        working.batches.set(row.batch, known);
      }
    };
    for (const numbers of chunks([...needs.batches])) {
      keep(
        await db
          .selectFrom('journal_batch')
          .selectAll()
          .where(this.#mine)
          .where('batch', 'in', numbers)
          .orderBy('seq')
          .execute(),
      );
    }
    for (const [from, to] of needs.ranges) {
      const open = db
        .selectFrom('journal_batch')
        .selectAll()
        .where(this.#mine)
        .where('batch', '>=', from)
        .where('batch', '<=', to)
        .where('status', '!=', 'finalized');
      keep(await open.orderBy('seq').execute());
    }
    for (const rows of working.batches.values()) rows.sort((a, b) => a.seq - b.seq);
  }

  async #store(db: Db, working: Working): Promise<void> {
    const { changed } = working;
    const reorgs = [...changed.reorgs].map((id) => working.reorgs.get(id)!);
    await this.#replace(db, 'journal_reorg', reorgs, reorgTable);
    const batches = [...changed.batches].flatMap((batch) => working.batches.get(batch)!);
    await this.#replace(db, 'journal_batch', batches, batchTable);
    const leaders = working.leaders.filter(({ seq }) => changed.leaders.has(seq));
    await this.#replace(db, 'journal_leader', leaders, leaderTable);
    for (const closed of chunks([...working.closedIntents])) await this.#remove(db, 'journal_intent', closed);
    await this.#replace(db, 'journal_intent', [...working.intents.values()], intentTable);
  }

  async #replace<Row extends { readonly seq: number }>(
    db: Db,
    table: (typeof MODEL_TABLES)[number],
    rows: readonly Row[],
    asTable: (row: Row) => object,
  ): Promise<void> {
    for (const some of chunks(rows)) {
      await this.#remove(
        db,
        table,
        some.map(({ seq }) => seq),
      );
      // Each of the four functions below makes the row of its table; the compiler cannot see that from the name.
      const values = some.map((row) => this.#own(asTable(row))) as never;
      await db.insertInto(table).values(values).execute();
    }
  }

  async #remove(db: Db, table: (typeof MODEL_TABLES)[number], seqs: readonly number[]): Promise<void> {
    await db.deleteFrom(table).where('seq', 'in', seqs).where(this.#mine).execute();
  }
}

function* chunks<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += ROWS) yield items.slice(at, at + ROWS);
}

export const reorgRow = (row: Tables['journal_reorg']): ReorgRow => ({
  seq: row.seq,
  id: row.id,
  layer: row.layer === 'L1' ? 'L1' : 'L2',
  cause: row.cause,
  depth: row.depth,
  detectedAt: row.detected_at,
  recoveredAt: row.recovered_at,
  record: JSON.parse(row.record) as ReorgRow['record'],
});
const reorgTable = (row: ReorgRow) => ({
  seq: row.seq,
  id: row.id,
  layer: row.layer,
  cause: row.cause,
  depth: row.depth,
  detected_at: row.detectedAt,
  recovered_at: row.recoveredAt,
  record: JSON.stringify(row.record),
});

export const foldedBatch = (row: BatchTable): FoldedBatch => ({
  ...(JSON.parse(row.row) as FoldedBatch),
  seq: row.seq,
  batch: row.batch,
  beganAt: row.began_at,
});
const batchTable = ({ seq, batch, beganAt, ...row }: FoldedBatch) => ({
  seq,
  batch,
  l1_hash: row.l1Block?.hash ?? '',
  status: row.status,
  began_at: beganAt,
  row: JSON.stringify(row),
});

export const leaderRow = (row: Tables['journal_leader']): LeaderTermRow => ({
  seq: row.seq,
  leader: row.leader,
  since: row.since,
  until: row.until,
  firstBatch: row.first_batch,
  lastBatch: row.last_batch,
  why: row.why,
  by: row.by,
});
const leaderTable = (row: LeaderTermRow) => ({
  seq: row.seq,
  leader: row.leader,
  since: row.since,
  until: row.until,
  first_batch: row.firstBatch,
  last_batch: row.lastBatch,
  why: row.why,
  by: row.by,
});

export const intentRow = (row: Tables['journal_intent']): OpenIntent => ({
  seq: row.seq,
  at: row.at,
  kind: row.kind,
  ref: row.ref,
  payload: JSON.parse(row.payload) as unknown,
});
const intentTable = (row: OpenIntent) => ({
  seq: row.seq,
  at: row.at,
  kind: row.kind,
  ref: row.ref,
  payload: JSON.stringify(row.payload),
});
