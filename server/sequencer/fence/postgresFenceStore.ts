import { Pool, type PoolClient } from 'pg';
import { isAbort, withDeadline } from '../../lib/abort.ts';
import type { Secret } from '../../telemetry/secret.ts';
import { FenceError } from './fenceError.ts';
import type { FenceStore } from './fenceStore.ts';
import * as scripts from './scripts.ts';
import { type Dialect, migrations, type Row, type Script, type Step } from './scripts.ts';

const DIALECT: Dialect = { integer: 'BIGINT', lock: ' FOR UPDATE' };

/** Whole milliseconds; `now()` would be the transaction's begin, from before its wait for the lock. */
const NOW = 'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now';

/** What PostgreSQL answers to the one that comes second: unique_violation, duplicate_table, duplicate_object. */
const ALREADY_THERE = new Set(['23505', '42P07', '42710']);

export interface PostgresFenceOptions {
  /** `postgres://user:password@host/database`. */
  readonly url: Secret<string>;
  /**
   * Milliseconds for one transaction. The server itself ends one that idles longer, so that a process which is
   * stopped in the middle does not keep the lease's row locked. Default 2,000.
   */
  readonly timeoutMs?: number;
}

/**
 * Opens a fence in PostgreSQL, creating its tables where there are none. Uses row locks alone: no advisory locks, no
 * notifications, so that a pooler or a compatible database will do. Every answer waits for the server's disk
 * (`synchronous_commit`); replicas that may be promoted have to be synchronous, or a promotion forgets marks.
 * Errors: `FenceError` of code `bad_store` or `unreachable`.
 */
export async function openPostgresFence(
  options: PostgresFenceOptions,
  signal?: AbortSignal,
): Promise<FenceStore> {
  const timeoutMs = options.timeoutMs ?? 2_000;
  const pool = new Pool({
    connectionString: options.url.reveal(),
    max: 2,
    connectionTimeoutMillis: timeoutMs,
    statement_timeout: timeoutMs,
    lock_timeout: timeoutMs,
    idle_in_transaction_session_timeout: timeoutMs,
    application_name: 'plumbline-fence',
  });
  // A connection that breaks while idle is replaced with the next call; without a listener it would end the process.
  pool.on('error', () => {});
  // And one that breaks while it is at work tells both its query and its listeners.
  pool.on('connect', (client) => client.on('error', () => {}));
  const store = new PostgresFence(pool, timeoutMs);
  try {
    await store.prepare(signal);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

class PostgresFence implements FenceStore {
  readonly #pool: Pool;
  readonly #timeoutMs: number;
  #closed: Promise<void> | null = null;

  constructor(pool: Pool, timeoutMs: number) {
    this.#pool = pool;
    this.#timeoutMs = timeoutMs;
  }

  acquire: FenceStore['acquire'] = (key, holder, leaseMs, signal) =>
    this.#run(scripts.acquire(key, holder, leaseMs, DIALECT), signal);
  renew: FenceStore['renew'] = (key, tenure, leaseMs, signal) =>
    this.#run(scripts.renew(key, tenure, leaseMs, DIALECT), signal);
  release: FenceStore['release'] = (key, tenure, signal) =>
    this.#run(scripts.release(key, tenure, DIALECT), signal);
  claim: FenceStore['claim'] = (key, tenure, mark, signal) =>
    this.#run(scripts.claim(key, tenure, mark, DIALECT), signal);
  supersede: FenceStore['supersede'] = (key, tenure, range, evidence, signal) =>
    this.#run(scripts.supersede(key, tenure, range, evidence, DIALECT), signal);
  claimed: FenceStore['claimed'] = (key, kind, number, signal) =>
    this.#run(scripts.claimed(key, kind, number), signal);
  forget: FenceStore['forget'] = (key, kind, upTo, signal) =>
    this.#run(scripts.forget(key, kind, upTo, DIALECT), signal);

  close(): Promise<void> {
    this.#closed ??= this.#pool.end();
    return this.#closed;
  }

  async prepare(signal?: AbortSignal): Promise<void> {
    const [durable] = await this.#run(settings(), signal);
    if (durable?.['fsync'] !== 'on') {
      throw new FenceError(
        'bad_store',
        'the PostgreSQL server runs with fsync=off: it can forget what it answered',
      );
    }
    // Two processes that start together both see no tables; the slower one is refused, and then sees them.
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#transaction((client) => migrate(client), signal);
        return;
      } catch (error) {
        if (attempt > 0 || !ALREADY_THERE.has(codeOf(error))) throw asFenceError(error, signal);
      }
    }
  }

  async #run<T>(script: Script<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await this.#transaction(async (client) => {
        let next = script.next();
        while (!next.done) next = script.next(await answer(client, next.value));
        return next.value;
      }, signal);
    } catch (error) {
      throw asFenceError(error, signal);
    }
  }

  #transaction<T>(work: (client: PoolClient) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return withDeadline({ signal, ms: this.#timeoutMs, what: 'the fence database' }, async (cut) => {
      const client = await this.#pool.connect();
      const destroy = () => client.release(true);
      // Given up: the connection is closed, so that nobody later finds a transaction half done on it.
      if (cut.aborted) {
        destroy();
        throw cut.reason;
      }
      cut.addEventListener('abort', destroy, { once: true });
      let whole = false;
      try {
        await client.query('BEGIN; SET LOCAL synchronous_commit = on');
        const result = await work(client);
        await client.query('COMMIT');
        whole = true;
        return result;
      } finally {
        cut.removeEventListener('abort', destroy);
        if (!cut.aborted) client.release(!whole);
      }
    });
  }
}

async function answer(client: PoolClient, step: Step): Promise<readonly Row[]> {
  const query = step === 'now' ? { text: NOW } : { text: step.sql, values: [...step.args] };
  return (await client.query<Row>(query)).rows;
}

function* settings(): Script<readonly Row[]> {
  return yield { sql: 'SHOW fsync', args: [] };
}

async function migrate(client: PoolClient): Promise<void> {
  await client.query('CREATE TABLE IF NOT EXISTS fence_schema (version BIGINT NOT NULL PRIMARY KEY)');
  const { rows } = await client.query<Row>('SELECT coalesce(max(version), 0) AS version FROM fence_schema');
  const version = Number(rows[0]?.['version']);
  const steps = migrations(DIALECT);
  if (version > steps.length) {
    throw new FenceError('bad_store', 'the fence database was written by a newer version; run that version');
  }
  if (version === steps.length) return;
  for (const statement of steps.slice(version).flat()) await client.query(statement);
  await client.query('INSERT INTO fence_schema (version) VALUES ($1)', [steps.length]);
}

const codeOf = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' ? code : 'unknown';
};

/** The driver's messages name hosts and users: only their code goes on. An abort stays what it is. */
function asFenceError(error: unknown, signal?: AbortSignal): unknown {
  if (error instanceof FenceError || isAbort(error, signal)) return error;
  return new FenceError('unreachable', `the fence database gave no answer (${codeOf(error)})`);
}
