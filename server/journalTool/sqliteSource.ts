import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { type Source, type StoredRow, ToolError } from './source.ts';

/** `application_id` of a Plumbline journal in the SQLite header: "PLMB". */
const APPLICATION_ID = 0x504c4d42;
const SCHEMA = 2;
const ROWS_A_TURN = 1_000;

/** Opens a journal's file to read it, also while its node runs. */
export function openSqliteSource(file: string): Source {
  if (!existsSync(file)) throw new ToolError('unreadable', `${file} does not exist: check the path`);
  let database: DatabaseSync;
  try {
    database = new DatabaseSync(file, { readOnly: true });
    database.exec('PRAGMA busy_timeout = 5000; PRAGMA trusted_schema = OFF');
    const { application_id: application } = database.prepare('PRAGMA application_id').get() ?? {};
    const { user_version: version } = database.prepare('PRAGMA user_version').get() ?? {};
    if (application !== APPLICATION_ID) throw new ToolError('unreadable', `${file} is no journal`);
    if (Number(version) !== SCHEMA) {
      throw new ToolError(
        'unreadable',
        `${file} has schema ${version}, and this program reads ${SCHEMA}: ${Number(version) < SCHEMA ? 'start its node once, which chains its rows' : 'use the version that wrote it'}`,
      );
    }
    return sourceOf(database, file);
  } catch (error) {
    throw error instanceof ToolError ? error : unreadable(file, error);
  }
}

const unreadable = (file: string, error: unknown): ToolError =>
  new ToolError(
    'wrong_data',
    `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
  );

function sourceOf(database: DatabaseSync, name: string): Source {
  const id = database.prepare('SELECT id FROM journal_id').get()?.['id'];
  if (typeof id !== 'string') throw new ToolError('wrong_data', `${name} has lost its id`);
  const floor = database.prepare('SELECT seq, hash, note FROM journal_floor ORDER BY seq DESC LIMIT 1').get();
  return {
    name,
    id,
    floor:
      floor === undefined
        ? null
        : { seq: Number(floor['seq']), hash: bytes(floor['hash']), note: String(floor['note']) },
    before: null,
    tip: null,
    rows: (after) => rowsOf(database, name, after),
    notes: () => notesOf(database, name),
    close: async () => database.close(),
  };
}

const bytes = (value: unknown): Buffer => Buffer.from(value instanceof Uint8Array ? value : []);

async function* rowsOf(database: DatabaseSync, name: string, after: number): AsyncGenerator<StoredRow> {
  try {
    // By the table, not by an index: an index may say something else.
    const rows = database.prepare(
      'SELECT seq, at, kind, ref, payload, hash FROM journal_event NOT INDEXED WHERE seq > ? ORDER BY seq',
    );
    let read = 0;
    for (const row of rows.iterate(after)) {
      yield { ...(row as unknown as StoredRow), hash: bytes(row['hash']) };
      // What rows leave behind is collected between turns of the event loop, and so are requests to end.
      if (++read % ROWS_A_TURN === 0) await setImmediate();
    }
  } catch (error) {
    throw unreadable(name, error);
  }
}

async function* notesOf(database: DatabaseSync, name: string): AsyncGenerator<string> {
  try {
    for (const row of database.prepare('SELECT note FROM journal_checkpoint ORDER BY seq').iterate())
      yield String(row['note']);
  } catch (error) {
    throw unreadable(name, error);
  }
}
