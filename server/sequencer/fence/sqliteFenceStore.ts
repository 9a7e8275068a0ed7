import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { FenceError } from './fenceError.ts';
import type { FenceStore } from './fenceStore.ts';
import * as scripts from './scripts.ts';
import { type Dialect, migrations, type Row, type Script, type Step } from './scripts.ts';

/** `application_id` of a fence in the SQLite header: "PLFN". */
const APPLICATION_ID = 0x504c464e;
const DIALECT: Dialect = { integer: 'INTEGER', lock: '' };

/** Milliseconds that the opening of the file waits for others who open it. */
const OPEN_BUSY_MS = 5_000;
const OPEN_AGAIN_MS = 10;

export interface SqliteFenceOptions {
  /** The one file of every process with the key, on a local disk; null keeps it in memory. */
  readonly file: string | null;
  /** Milliseconds to wait for another writer. The thread stands still meanwhile, so keep it short. Default 250. */
  readonly busyMs?: number;
}

/**
 * Milliseconds on the machine's monotonic clock. All users of a SQLite file are processes of one machine and see
 * one such clock, which nobody can set; a restart of the machine begins it anew, which `acquire` allows for.
 */
const machineTime = (): number => Number(process.hrtime.bigint() / 1_000_000n);

/**
 * Opens a fence in a SQLite file, creating it where there is none. WAL with synchronous=FULL: what was answered
 * stays, also after a power loss. Throws `FenceError` of code `bad_store`.
 *
 * A transaction is synchronous, so a process that is stopped within one (SIGSTOP) holds the file's write lock until
 * it goes on or dies: the others then cannot produce either. PostgreSQL ends such a transaction by a timeout.
 */
export function openSqliteFence(
  options: SqliteFenceOptions,
  deps: { readonly now?: () => number } = {},
): FenceStore {
  const database = open(options);
  return storeOn(database, options.file ?? 'the fence in memory', deps.now ?? machineTime);
}

function open({ file, busyMs = 250 }: SqliteFenceOptions): DatabaseSync {
  let database: DatabaseSync | null = null;
  try {
    if (file !== null) mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    database = new DatabaseSync(file ?? ':memory:');
    if (file !== null) chmodSync(file, 0o600);
    // Processes that start together all want the schema's lock: give this, once, more time than later calls.
    database.exec(`PRAGMA busy_timeout = ${OPEN_BUSY_MS}; PRAGMA trusted_schema = OFF;`);
    switchToWal(database);
    database.exec('PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;');
    migrate(database, file ?? 'the fence in memory');
    database.exec(`PRAGMA busy_timeout = ${Math.trunc(busyMs)}`);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof FenceError) throw error;
    throw new FenceError('bad_store', `the fence ${file} cannot be opened (${reason(error)})`);
  }
}

/**
 * On a new file the switch needs the file for itself, and SQLite refuses it at once, without the busy timeout, when two
 * connections stand in each other's way: one of them has to step back and ask again.
 */
function switchToWal(database: DatabaseSync): void {
  const until = performance.now() + OPEN_BUSY_MS;
  for (;;) {
    try {
      database.exec('PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() > until) throw error;
      Atomics.wait(PAUSE, 0, 0, 1 + Math.random() * OPEN_AGAIN_MS);
    }
  }
}

/** SQLITE_BUSY; extended result codes carry the primary one in their low byte. */
const isBusy = (error: unknown): boolean => ((error as { errcode?: number }).errcode ?? 0) % 256 === 5;

/** Nobody ever wakes who waits here. */
const PAUSE = new Int32Array(new SharedArrayBuffer(4));

function migrate(database: DatabaseSync, name: string): void {
  database.exec('BEGIN IMMEDIATE');
  const version = pragma(database, 'user_version');
  const isNew = Number(database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n']) === 0;
  if (!isNew && pragma(database, 'application_id') !== APPLICATION_ID) {
    throw new FenceError('bad_store', `${name} is a database of another program; give another path`);
  }
  const steps = migrations(DIALECT);
  if (version > steps.length) {
    throw new FenceError('bad_store', `${name} was written by a newer version; run that version`);
  }
  for (const statement of steps.slice(version).flat()) database.exec(`${statement} STRICT`);
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${steps.length}; COMMIT`);
}

const pragma = (database: DatabaseSync, key: string): number =>
  Number(database.prepare(`PRAGMA ${key}`).get()?.[key] ?? 0);

function storeOn(database: DatabaseSync, name: string, now: () => number): FenceStore {
  const statements = new Map<string, StatementSync>();
  const answer = (step: Step): readonly Row[] => {
    if (step === 'now') return [{ now: Math.floor(now()) }];
    let statement = statements.get(step.sql);
    if (statement === undefined) {
      statement = database.prepare(step.sql.replace(/\$(\d+)/g, '?$1'));
      statements.set(step.sql, statement);
    }
    return statement.all(...step.args) as Row[];
  };
  // Async although nothing waits: the caller must not depend on which database it is.
  const run = async <T>(script: Script<T>, signal?: AbortSignal): Promise<T> => {
    signal?.throwIfAborted();
    try {
      database.exec('BEGIN IMMEDIATE');
      const result = drive(script, answer);
      database.exec('COMMIT');
      return result;
    } catch (error) {
      if (database.isOpen && database.isTransaction) database.exec('ROLLBACK');
      throw new FenceError('unreachable', `${name} gave no answer (${reason(error)})`);
    }
  };
  return {
    acquire: (key, holder, leaseMs, signal) => run(scripts.acquire(key, holder, leaseMs, DIALECT), signal),
    renew: (key, tenure, leaseMs, signal) => run(scripts.renew(key, tenure, leaseMs, DIALECT), signal),
    release: (key, tenure, signal) => run(scripts.release(key, tenure, DIALECT), signal),
    claim: (key, tenure, mark, signal) => run(scripts.claim(key, tenure, mark, DIALECT), signal),
    supersede: (key, tenure, range, evidence, signal) =>
      run(scripts.supersede(key, tenure, range, evidence, DIALECT), signal),
    claimed: (key, kind, number, signal) => run(scripts.claimed(key, kind, number), signal),
    forget: (key, kind, upTo, signal) => run(scripts.forget(key, kind, upTo, DIALECT), signal),
    close: async () => {
      if (database.isOpen) database.close();
    },
  };
}

function drive<T>(script: Script<T>, answer: (step: Step) => readonly Row[]): T {
  let next = script.next();
  while (!next.done) next = script.next(answer(next.value));
  return next.value;
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
