import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { JournalError } from './journalError.ts';
import { genesisTip, type Row, rowHash } from './rowHash.ts';

interface Migration {
  readonly sql: string;
  /** What SQL cannot do, with a name for the checksum. Between `sql` and `after`. */
  readonly work?: { readonly name: string; readonly run: (database: DatabaseSync) => void };
  readonly after?: string;
}

/**
 * Schema by version: entry N takes a file of version N to N + 1, each in one transaction. Forward only; never edit
 * an entry that was released: its checksum is in the files it made.
 *
 * The triggers keep the file append-only and `seq` without gaps even against other programs.
 */
const MIGRATIONS: readonly Migration[] = [
  {
    sql: `CREATE TABLE event (
     seq     INTEGER PRIMARY KEY,
     at      INTEGER NOT NULL,
     kind    TEXT NOT NULL,
     ref     TEXT,
     payload TEXT NOT NULL
   ) STRICT;
   CREATE INDEX event_by_kind ON event (kind, seq);
   CREATE TRIGGER event_is_next BEFORE INSERT ON event
     WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM event)
     BEGIN SELECT RAISE(ABORT, 'seq rises by one'); END;
   CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
   CREATE TRIGGER event_no_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;`,
  },
  {
    sql: `CREATE TABLE journal_migration (version INTEGER PRIMARY KEY, checksum TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
   CREATE TABLE journal_id (id TEXT NOT NULL) STRICT;
   CREATE TABLE journal_event (
     seq     INTEGER PRIMARY KEY,
     at      INTEGER NOT NULL,
     kind    TEXT NOT NULL,
     ref     TEXT,
     payload TEXT NOT NULL,
     hash    BLOB NOT NULL CHECK (length(hash) = 32)
   ) STRICT;
   CREATE TABLE journal_checkpoint (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, note TEXT NOT NULL) STRICT;
   CREATE TABLE journal_floor (seq INTEGER NOT NULL, hash BLOB NOT NULL, note TEXT NOT NULL) STRICT;`,
    work: { name: 'chain the rows of version 1', run: chainRows },
    after: `DROP TABLE event;
   CREATE INDEX journal_event_kind ON journal_event (kind, seq);
   CREATE TRIGGER journal_event_is_next BEFORE INSERT ON journal_event
     WHEN NEW.seq <> (SELECT coalesce(max(seq), (SELECT max(seq) FROM journal_floor), 0) + 1 FROM journal_event)
     BEGIN SELECT RAISE(ABORT, 'seq rises by one'); END;
   CREATE TRIGGER journal_event_no_update BEFORE UPDATE ON journal_event
     BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
   CREATE TRIGGER journal_event_no_delete BEFORE DELETE ON journal_event
     WHEN OLD.seq > (SELECT coalesce(max(seq), 0) FROM journal_floor)
     BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
   CREATE TRIGGER journal_checkpoint_no_update BEFORE UPDATE ON journal_checkpoint
     BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
   CREATE TRIGGER journal_checkpoint_no_delete BEFORE DELETE ON journal_checkpoint
     WHEN OLD.seq > (SELECT coalesce(max(seq), 0) FROM journal_floor)
     BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;`,
  },
];

/** What this version writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

const checksumOf = ({ sql, work, after }: Migration): string =>
  createHash('sha256')
    .update(JSON.stringify([sql, work?.name ?? '', after ?? '']))
    .digest('hex');

/** The rows of version 1 become the beginning of the chain. */
function chainRows(database: DatabaseSync): void {
  const id = randomBytes(16).toString('hex');
  database.prepare('INSERT INTO journal_id VALUES (?)').run(id);
  const insert = database.prepare('INSERT INTO journal_event VALUES (?, ?, ?, ?, ?, ?)');
  let { hash } = genesisTip(id);
  for (const stored of database
    .prepare('SELECT seq, at, kind, ref, payload FROM event ORDER BY seq')
    .iterate()) {
    const row = stored as unknown as Omit<Row, 'hash'>;
    hash = rowHash(hash, row);
    insert.run(row.seq, row.at, row.kind, row.ref, row.payload, hash);
  }
}

export interface MigrationReport {
  readonly from: number;
  readonly to: number;
  /** Where the file as it was lies now. */
  readonly backup: string;
}

/**
 * Takes the file from `version` to `SCHEMA_VERSION`. A file with rows is copied first (`VACUUM INTO`). The caller
 * holds the lock. Errors: `JournalError` of code `corrupt` when the file was migrated by other steps than ours.
 */
export function migrate(
  database: DatabaseSync,
  { file, version, now }: { file: string | null; version: number; now: number },
  applicationId: number,
): MigrationReport | null {
  if (version >= 2) checkChecksums(database, file ?? 'in-memory journal');
  if (version === SCHEMA_VERSION) return null;
  const backup = file === null || version === 0 ? null : freeName(`${file}.v${version}-backup`);
  if (backup !== null) database.prepare('VACUUM INTO ?').run(backup);
  for (let at = version; at < SCHEMA_VERSION; at++) step(database, at, now, applicationId);
  return backup === null ? null : { from: version, to: SCHEMA_VERSION, backup };
}

/** A backup that an earlier try left behind is kept: it is as good, and it may be the better one. */
function freeName(name: string): string {
  for (let suffix = 0; ; suffix++) {
    const candidate = suffix === 0 ? name : `${name}-${suffix}`;
    if (!existsSync(candidate)) return candidate;
  }
}

function step(database: DatabaseSync, at: number, now: number, applicationId: number): void {
  const migration = MIGRATIONS[at]!;
  database.exec('BEGIN IMMEDIATE');
  try {
    database.exec(migration.sql);
    migration.work?.run(database);
    if (migration.after !== undefined) database.exec(migration.after);
    if (at >= 1) noteChecksums(database, at, now);
    database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${at + 1}; COMMIT`);
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** Version 2 brought the table, and notes the steps before it as well. */
function noteChecksums(database: DatabaseSync, at: number, now: number): void {
  const insert = database.prepare('INSERT INTO journal_migration VALUES (?, ?, ?)');
  const first = at === 1 ? 0 : at;
  for (let each = first; each <= at; each++) insert.run(each + 1, checksumOf(MIGRATIONS[each]!), now);
}

function checkChecksums(database: DatabaseSync, name: string): void {
  for (const row of database.prepare('SELECT version, checksum FROM journal_migration').all()) {
    const migration = MIGRATIONS[Number(row['version']) - 1];
    if (migration === undefined || checksumOf(migration) === row['checksum']) continue;
    throw new JournalError(
      'corrupt',
      `${name} was brought to schema ${row['version']} by other steps than this version's; run the version that made it, or move it away`,
    );
  }
}
