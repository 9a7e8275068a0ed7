import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Kysely, SqliteDialect } from 'kysely';
import type { Backend, Tables } from './backend.ts';
import { JournalError } from './journalError.ts';
import { modelTables, SQLITE_MODELS } from './modelTables.ts';
import { genesisTip, type Row, type Tip } from './rowHash.ts';
import { sqliteAdapter } from './sqliteAdapter.ts';
import { asSqliteError, corruptSentence } from './sqliteErrors.ts';
import { type MigrationReport, migrate, SCHEMA_VERSION } from './sqliteMigrations.ts';

/** `application_id` of a Plumbline journal in the SQLite header: "PLMB". Tells a foreign database from ours. */
const APPLICATION_ID = 0x504c4d42;

export interface SqliteOptions {
  /** Where the file is or will be; its folder is created. Null keeps the journal in memory. */
  readonly file: string | null;
  readonly clock: { now(): number };
}

/**
 * Opens the journal's file, creating it where there is none. One writer: a lock on a small file beside it, which the
 * operating system lets go of when the process dies. The journal itself stays open to readers (WAL), so that
 * `plumbline journal` can look at it while the node runs. Throws `JournalError` with one sentence for people.
 */
export function openSqliteBackend({ file, clock }: SqliteOptions): {
  readonly backend: Backend;
  readonly migrated: MigrationReport | null;
} {
  const name = file ?? 'in-memory journal';
  let lock: DatabaseSync | null = null;
  let database: DatabaseSync | null = null;
  try {
    if (file !== null) mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    database = new DatabaseSync(file ?? ':memory:');
    database.exec('PRAGMA busy_timeout = 5000; PRAGMA trusted_schema = OFF;');
    const version = checkIsOurs(database, name);
    lock = file === null ? null : takeLock(`${file}.lock`);
    const migrated = prepare(database, name, { file, version, now: clock.now() });
    return { backend: new SqliteBackend(database, lock, name), migrated };
  } catch (error) {
    database?.close();
    lock?.close();
    throw asSqliteError(error, name);
  }
}

/** Nothing is written before this has passed: a foreign file stays as it is. Answers the schema's version. */
function checkIsOurs(database: DatabaseSync, name: string): number {
  const isNew = pragma(database, 'schema_version') === 0;
  const version = pragma(database, 'user_version');
  if (!isNew && pragma(database, 'application_id') !== APPLICATION_ID) {
    throw new JournalError(
      'not_a_journal',
      `${name} is a database of another program; give another path for the journal`,
    );
  }
  if (version > SCHEMA_VERSION) {
    throw new JournalError(
      'newer_schema',
      `${name} was written by a newer version (schema ${version}, this one knows ${SCHEMA_VERSION}); run that version, or move the file away to begin a new journal`,
    );
  }
  return version;
}

/** A database of its own, because SQLite's locks are the file locks that Node offers on every platform. */
function takeLock(path: string): DatabaseSync {
  const lock = new DatabaseSync(path);
  try {
    // No waiting: its holder is a running node, which will not let go soon.
    lock.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    throw error;
  }
}

function prepare(
  database: DatabaseSync,
  name: string,
  at: { file: string | null; version: number; now: number },
): MigrationReport | null {
  // fullfsync matters on macOS, where fsync alone does not reach the disk; elsewhere it changes nothing.
  database.exec(
    `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;
     PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 1000;`,
  );
  const migrated = migrate(database, at, APPLICATION_ID);
  const check = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (check !== 'ok') throw new JournalError('corrupt', corruptSentence(name, String(check)));
  for (const statement of modelTables(SQLITE_MODELS)) database.exec(statement);
  return migrated;
}

const pragma = (database: DatabaseSync, key: string): number =>
  Number(database.prepare(`PRAGMA ${key}`).get()?.[key] ?? 0);

class SqliteBackend implements Backend {
  readonly name: string;
  readonly id: string;
  readonly db: Kysely<Tables>;
  readonly node = null;
  readonly #database: DatabaseSync;
  readonly #lock: DatabaseSync | null;
  readonly #insert: StatementSync;
  readonly #tip: StatementSync;
  readonly #floor: StatementSync;

  constructor(database: DatabaseSync, lock: DatabaseSync | null, name: string) {
    this.name = name;
    this.#database = database;
    this.#lock = lock;
    this.db = new Kysely<Tables>({ dialect: new SqliteDialect({ database: sqliteAdapter(database) }) });
    const id = database.prepare('SELECT id FROM journal_id').get()?.['id'];
    if (typeof id !== 'string') throw new JournalError('corrupt', corruptSentence(name, 'it has no id'));
    this.id = id;
    this.#insert = database.prepare('INSERT INTO journal_event VALUES (?, ?, ?, ?, ?, ?)');
    this.#tip = database.prepare('SELECT seq, hash FROM journal_event ORDER BY seq DESC LIMIT 1');
    this.#floor = database.prepare('SELECT seq, hash FROM journal_floor ORDER BY seq DESC LIMIT 1');
  }

  async tip(): Promise<Tip> {
    const row = this.#tip.get() ?? this.#floor.get();
    if (row === undefined) return genesisTip(this.id);
    return { seq: Number(row['seq']), hash: row['hash'] as Uint8Array };
  }

  /** The trigger refuses a `seq` that is not the next one, so `after` needs no look of its own. */
  async insert(_after: Tip, rows: readonly Row[]): Promise<void> {
    const one = rows.length === 1;
    if (!one) this.#database.exec('BEGIN IMMEDIATE');
    try {
      for (const { seq, at, kind, ref, payload, hash } of rows) {
        this.#insert.run(seq, at, kind, ref, payload, hash);
      }
      if (!one) this.#database.exec('COMMIT');
    } catch (error) {
      if (!one && this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  async tryWrite(): Promise<void> {
    this.#database.exec('UPDATE journal_id SET id = id');
  }

  asError(error: unknown): JournalError {
    return asSqliteError(error, this.name);
  }

  async close(): Promise<void> {
    await this.db.destroy();
    // `destroy` closes the database only if a query of Kysely's ever opened its driver.
    if (this.#database.isOpen) this.#database.close();
    this.#lock?.close();
  }
}
