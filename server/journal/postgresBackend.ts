import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { Kysely, PostgresDialect } from 'kysely';
import { Client, Pool, type PoolClient, types } from 'pg';
import type { Secret } from '../telemetry/secret.ts';
import type { Backend, Tables } from './backend.ts';
import { JournalError } from './journalError.ts';
import { modelTables, POSTGRES_MODELS } from './modelTables.ts';
import { asPostgresError, isAlreadyThere } from './postgresErrors.ts';
import { genesisTip, type Row, type Tip } from './rowHash.ts';

export interface PostgresOptions {
  /** `postgres://user:password@host/database`. */
  readonly url: Secret<string>;
  /** Whose rows: several nodes may share one database, each with one writer. */
  readonly node: string;
  readonly clock: { now(): number };
  /** Milliseconds for one statement, and for a connection to be made. Default 5,000. */
  readonly timeoutMs?: number;
}

/**
 * Schema by version: entry N takes a database of version N to N + 1, all in one transaction. Versions are those of the
 * SQLite journal, whose first one PostgreSQL never had. Forward only; never edit an entry that was released.
 */
const MIGRATIONS: readonly (readonly string[])[] = [
  [],
  [
    `CREATE TABLE journal_node (node TEXT NOT NULL PRIMARY KEY, id TEXT NOT NULL, holder TEXT NOT NULL, seq BIGINT NOT NULL, hash BYTEA NOT NULL)`,
    `CREATE TABLE journal_event (node TEXT NOT NULL, seq BIGINT NOT NULL, at BIGINT NOT NULL, kind TEXT NOT NULL, ref TEXT, payload TEXT NOT NULL, hash BYTEA NOT NULL CHECK (length(hash) = 32), PRIMARY KEY (node, seq))`,
    `CREATE INDEX journal_event_kind ON journal_event (node, kind, seq)`,
    `CREATE TABLE journal_checkpoint (node TEXT NOT NULL, seq BIGINT NOT NULL, at BIGINT NOT NULL, note TEXT NOT NULL, PRIMARY KEY (node, seq))`,
    `CREATE TABLE journal_floor (node TEXT NOT NULL PRIMARY KEY, seq BIGINT NOT NULL, hash BYTEA NOT NULL, note TEXT NOT NULL)`,
    `CREATE FUNCTION journal_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN
       IF TG_OP = 'DELETE' THEN
         IF OLD.seq <= (SELECT coalesce(max(seq), 0) FROM journal_floor WHERE node = OLD.node) THEN RETURN OLD; END IF;
       END IF;
       RAISE EXCEPTION 'the journal is append-only';
     END $$`,
    `CREATE FUNCTION journal_is_next() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN
       IF NEW.seq <> 1 AND NOT EXISTS (SELECT 1 FROM journal_event WHERE node = NEW.node AND seq = NEW.seq - 1)
          AND NOT EXISTS (SELECT 1 FROM journal_floor WHERE node = NEW.node AND seq = NEW.seq - 1) THEN
         RAISE EXCEPTION 'seq rises by one';
       END IF;
       RETURN NEW;
     END $$`,
    `CREATE TRIGGER journal_event_is_next BEFORE INSERT ON journal_event FOR EACH ROW EXECUTE FUNCTION journal_is_next()`,
    `CREATE TRIGGER journal_event_append_only BEFORE UPDATE OR DELETE ON journal_event FOR EACH ROW EXECUTE FUNCTION journal_append_only()`,
    `CREATE TRIGGER journal_event_no_truncate BEFORE TRUNCATE ON journal_event FOR EACH STATEMENT EXECUTE FUNCTION journal_append_only()`,
    `CREATE TRIGGER journal_checkpoint_append_only BEFORE UPDATE OR DELETE ON journal_checkpoint FOR EACH ROW EXECUTE FUNCTION journal_append_only()`,
  ],
];

const checksumOf = (steps: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(steps)).digest('hex');

/** BIGINT comes as text; all of ours are below 2^53. */
const INT8 = 20;
const typeParsers = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === INT8 ? Number : types.getTypeParser(oid, format as 'text'),
};

/**
 * Opens a node's journal in PostgreSQL, creating what is missing. One writer a node: a second process is refused
 * while the first lives (an advisory lock), and where that lock does not hold, as behind some poolers, the newest
 * opener wins: each write proves in its own transaction that its process still holds the journal. Every answer waits
 * for the server's disk. Errors: `JournalError`.
 */
export async function openPostgresBackend(options: PostgresOptions): Promise<Backend> {
  const { url, node, timeoutMs = 5_000 } = options;
  const settings = {
    connectionString: durable(url.reveal()),
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    statement_timeout: timeoutMs,
    application_name: 'plumbline-journal',
    keepAlive: true,
    types: typeParsers,
  };
  const pool = new Pool({ ...settings, max: 3, idle_in_transaction_session_timeout: timeoutMs });
  // A connection that breaks while idle is replaced with the next call; without a listener it would end the process.
  pool.on('error', () => {});
  // And one that breaks while it is at work tells both its query and its listeners.
  pool.on('connect', (client) => client.on('error', () => {}));
  const lock = new NodeLock(node, () => new Client(settings));
  try {
    const client = await lock.take();
    await prepare(client, options.clock.now());
    const holder = randomUUID();
    const id = await takeOver(client, node, holder);
    return new PostgresBackend(pool, lock, node, holder, id);
  } catch (error) {
    await Promise.allSettled([pool.end(), lock.close()]);
    throw asPostgresError(error, nameOf(node));
  }
}

/** Whatever the database or its user set: an answer waits for the disk. */
function durable(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null) return url;
  const options = parsed.searchParams.get('options');
  parsed.searchParams.set('options', `${options ?? ''} -c synchronous_commit=on`.trim());
  return parsed.href;
}

const nameOf = (node: string): string => `the journal of ${node} in PostgreSQL`;

async function prepare(client: Client, now: number): Promise<void> {
  const fsync = await client.query<{ fsync: string }>('SHOW fsync');
  if (fsync.rows[0]?.fsync !== 'on') {
    throw new JournalError(
      'bad_store',
      'the PostgreSQL server runs with fsync=off: it can forget what it answered; switch it on for a journal',
    );
  }
  // Two processes that start together both see no tables; the slower one is refused, and then sees them.
  for (let attempt = 0; ; attempt++) {
    try {
      await client.query('BEGIN');
      await migrate(client, now);
      for (const statement of modelTables(POSTGRES_MODELS)) await client.query(statement);
      await client.query('COMMIT');
      return;
    } catch (error) {
      await client.query('ROLLBACK');
      if (attempt > 3 || !isAlreadyThere(error)) throw error;
    }
  }
}

async function migrate(client: Client, now: number): Promise<void> {
  await client.query(
    'CREATE TABLE IF NOT EXISTS journal_migration (version BIGINT NOT NULL PRIMARY KEY, checksum TEXT NOT NULL, at BIGINT NOT NULL)',
  );
  await client.query('LOCK TABLE journal_migration IN EXCLUSIVE MODE');
  const { rows } = await client.query<{ version: number; checksum: string }>(
    'SELECT version, checksum FROM journal_migration ORDER BY version',
  );
  const version = rows.at(-1)?.version ?? 0;
  if (version > MIGRATIONS.length) {
    throw new JournalError(
      'newer_schema',
      `the journal in PostgreSQL was written by a newer version (schema ${version}, this one knows ${MIGRATIONS.length}); run that version, or give another database`,
    );
  }
  for (const row of rows) {
    if (checksumOf(MIGRATIONS[row.version - 1]!) === row.checksum) continue;
    throw new JournalError(
      'corrupt',
      `the journal in PostgreSQL was brought to schema ${row.version} by other steps than this version's; run the version that made it`,
    );
  }
  for (const [index, steps] of MIGRATIONS.entries()) {
    if (index < version) continue;
    for (const statement of steps) await client.query(statement);
    await client.query('INSERT INTO journal_migration VALUES ($1, $2, $3)', [
      index + 1,
      checksumOf(steps),
      Math.trunc(now),
    ]);
  }
}

/** Keeps a second process out as long as this one's connection lives, however it ends. */
class NodeLock {
  readonly #node: string;
  readonly #connect: () => Client;
  #client: Client | null = null;

  constructor(node: string, connect: () => Client) {
    this.#node = node;
    this.#connect = connect;
  }

  /** Takes it, or takes it again after the connection broke. Errors: `JournalError` of code `locked`. */
  async take(): Promise<Client> {
    if (this.#client !== null) return this.#client;
    const client = this.#connect();
    const gone = (): void => {
      if (this.#client === client) this.#client = null;
    };
    client.on('error', gone);
    client.on('end', gone);
    try {
      await client.connect();
      await this.#lock(client);
    } catch (error) {
      // A connection that gave no answer in time may hold the lock all the same: left open, it would keep us out.
      await client.end().catch(() => undefined);
      throw error;
    }
    this.#client = client;
    return client;
  }

  async #lock(client: Client): Promise<void> {
    const key = createHash('sha256').update(`plumbline journal ${this.#node}`).digest().readBigInt64BE();
    const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [
      key.toString(),
    ]);
    if (rows[0]?.locked === true) return;
    throw new JournalError(
      'locked',
      `${nameOf(this.#node)} is in use by another process; stop that one, or give this node another name`,
    );
  }

  async close(): Promise<void> {
    await this.#client?.end();
  }
}

/** From now on only `holder` can write. Answers the journal's id. */
async function takeOver(client: Client, node: string, holder: string): Promise<string> {
  const id = randomBytes(16).toString('hex');
  const { seq, hash } = genesisTip(id);
  const { rows } = await client.query<{ id: string }>(
    `INSERT INTO journal_node (node, id, holder, seq, hash) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (node) DO UPDATE SET holder = excluded.holder RETURNING id`,
    [node, id, holder, seq, hash],
  );
  return rows[0]!.id;
}

/** The fence, the new tip and the rows, in one statement and so in one transaction. */
const INSERT = `WITH held AS (
    UPDATE journal_node SET seq = $3, hash = $4 WHERE node = $1 AND holder = $2 AND seq = $5 RETURNING node
  )
  INSERT INTO journal_event (node, seq, at, kind, ref, payload, hash)
  SELECT held.node, event.* FROM held, unnest($6::bigint[], $7::bigint[], $8::text[], $9::text[], $10::text[], $11::bytea[])
    AS event (seq, at, kind, ref, payload, hash)
  ORDER BY event.seq`;

class PostgresBackend implements Backend {
  readonly name: string;
  readonly id: string;
  readonly node: string;
  readonly db: Kysely<Tables>;
  readonly #pool: Pool;
  readonly #lock: NodeLock;
  readonly #holder: string;

  constructor(pool: Pool, lock: NodeLock, node: string, holder: string, id: string) {
    this.name = nameOf(node);
    this.id = id;
    this.node = node;
    this.#pool = pool;
    this.#lock = lock;
    this.#holder = holder;
    this.db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  }

  /** Asked at first and after each failure: then the lock's connection may be gone as well. */
  async tip(): Promise<Tip> {
    await this.#lock.take();
    const { rows } = await this.#pool.query<{ seq: number; hash: Buffer; holder: string }>(
      'SELECT seq, hash, holder FROM journal_node WHERE node = $1',
      [this.node],
    );
    const row = rows[0];
    if (row === undefined || row.holder !== this.#holder) throw this.#lostHold();
    return { seq: row.seq, hash: row.hash };
  }

  async insert(after: Tip, rows: readonly Row[]): Promise<void> {
    const last = rows.at(-1)!;
    const client = await this.#pool.connect();
    let whole = false;
    try {
      await this.#send(client, after, last, rows);
      whole = true;
    } finally {
      // A connection that may still be at work is closed, so that nothing of it lands later than we think.
      client.release(!whole);
    }
  }

  async #send(client: PoolClient, after: Tip, last: Row, rows: readonly Row[]): Promise<void> {
    const { rowCount } = await client.query({
      name: 'journal-insert',
      text: INSERT,
      values: [
        this.node,
        this.#holder,
        last.seq,
        last.hash,
        after.seq,
        rows.map((row) => row.seq),
        rows.map((row) => row.at),
        rows.map((row) => row.kind),
        rows.map((row) => row.ref),
        rows.map((row) => row.payload),
        rows.map((row) => Buffer.from(row.hash)),
      ],
    });
    if (rowCount !== rows.length) throw this.#lostHold();
  }

  #lostHold(): JournalError {
    return new JournalError(
      'locked',
      `${this.name} was taken over by another process with this node's name; stop that one, or give one of them another name`,
    );
  }

  async tryWrite(): Promise<void> {
    const { rowCount } = await this.#pool.query(
      'UPDATE journal_node SET holder = holder WHERE node = $1 AND holder = $2',
      [this.node, this.#holder],
    );
    if (rowCount !== 1) throw this.#lostHold();
  }

  asError(error: unknown): JournalError {
    return asPostgresError(error, this.name);
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.db.destroy(), this.#lock.close()]);
  }
}
