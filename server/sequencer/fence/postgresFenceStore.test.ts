import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../telemetry/secret.ts';
import { postgresBinaries, startPostgres, type TestPostgres } from '../../testing/postgres.ts';
import type { FenceKey, FenceStore } from './fenceStore.ts';
import { fenceStoreSuite } from './fenceStoreSuite.ts';
import { openPostgresFence } from './postgresFenceStore.ts';

const binaries = postgresBinaries();
const given = process.env['DATABASE_URL'];
/** A machine of a user may lack a server; CI installs one, and fails rather than skips without it. */
const required = process.env['CI'] !== undefined;
const KEY: FenceKey = { chainId: 9, sequencer: '0x00000000000000000000000000000000000000d1' };

describe.runIf(given !== undefined || binaries !== null || required)('with a PostgreSQL server', () => {
  let server: TestPostgres | null = null;
  let url = given ?? '';
  const stores: FenceStore[] = [];
  const open = async (timeoutMs = 5_000): Promise<FenceStore> => {
    const store = await openPostgresFence({ url: new Secret(url), timeoutMs });
    stores.push(store);
    return store;
  };

  // A schema of its own, so that a database which is given keeps what it has.
  const schema = `fence_test_${process.pid}`;
  const sql = async (text: string): Promise<void> => {
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query(text);
    await client.end();
  };

  beforeAll(async () => {
    if (given === undefined) {
      if (binaries === null) throw new Error('no PostgreSQL server: install one or set DATABASE_URL');
      server = await startPostgres(binaries);
      url = server.url;
    }
    await sql(`CREATE SCHEMA ${schema}`);
    url = `${url}${url.includes('?') ? '&' : '?'}options=${encodeURIComponent(`-c search_path=${schema}`)}`;
  }, 60_000);
  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await sql(`DROP SCHEMA ${schema} CASCADE`);
    await server?.stop();
  }, 30_000);

  // The server's time cannot be moved by hand, so the leases that have to run out are short, but not so short that
  // one runs out between two calls on a busy machine.
  fenceStoreSuite('PostgreSQL', async () => ({ open, pass: (ms) => sleep(ms), shortMs: 1_000 }));

  it('processes that start together make the tables once', async () => {
    await sql('DROP TABLE fence_schema, fence_lease, fence_mark, fence_superseded');
    await Promise.all([open(), open(), open(), open()]);
  });

  it('a transaction that somebody leaves open does not keep the others out for ever', async () => {
    const store = await open(1_000);
    await store.acquire(KEY, 'a', 60_000);
    const stuck = new Client({ connectionString: url });
    stuck.on('error', () => {});
    await stuck.connect();
    await stuck.query('SET idle_in_transaction_session_timeout = 3000; BEGIN');
    await stuck.query('SELECT * FROM fence_lease WHERE chain = 9 FOR UPDATE');
    await expect(store.renew(KEY, { holder: 'a', term: 1 }, 60_000)).rejects.toMatchObject({
      code: 'unreachable',
    });
    await expect
      .poll(() => store.renew(KEY, { holder: 'a', term: 1 }, 60_000).catch(() => false), { timeout: 20_000 })
      .toBe(true);
    await stuck.end().catch(() => {});
  });
});

describe('without a PostgreSQL server', () => {
  it('the error says so and keeps the password', async () => {
    const url = new Secret('postgres://someone:canary-password@127.0.0.1:1/canary-database');
    const failure = await openPostgresFence({ url, timeoutMs: 1_000 }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'unreachable', message: expect.stringContaining('ECONNREFUSED') });
    const { inspect } = await import('node:util');
    expect(inspect(failure, { depth: 9 })).not.toContain('canary');
  });
});
