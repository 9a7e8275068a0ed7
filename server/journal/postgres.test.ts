import { connect as connectTo, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../telemetry/secret.ts';
import { hasPostgres, type PostgresSchema, postgresSchema } from '../testing/postgresForTests.ts';
import type { JournalStore } from './journal.ts';
import { codeOf, journalSuite } from './journalSuite.ts';
import { lastingJournal } from './lasting.ts';
import { modelSuite } from './modelSuite.ts';
import { openPostgresJournal } from './postgres.ts';
import { asPostgresError } from './postgresErrors.ts';

const clock = { now: () => 1_700_000_000_000 };

describe.runIf(hasPostgres)('journal in PostgreSQL', () => {
  let schema: PostgresSchema;
  let nodes = 0;
  const stores: JournalStore[] = [];
  const open = async (
    node: string,
    options: { url?: string; now?: () => number; timeoutMs?: number } = {},
  ) => {
    const store = await openPostgresJournal({
      url: new Secret(options.url ?? schema.url),
      node,
      clock: { now: options.now ?? clock.now },
      keyFile: null,
      timeoutMs: options.timeoutMs ?? 20_000,
    });
    stores.push(store);
    return store;
  };
  const newNode = (): string => `node-${++nodes}`;

  beforeAll(async () => {
    schema = await postgresSchema('journal_test');
  }, 60_000);
  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await schema.dispose();
  }, 30_000);

  const openSuite = async () => {
    let now = 0;
    const journal = await open(newNode(), { now: () => now });
    return {
      journal,
      setNow: (ms: number) => {
        now = ms;
      },
      dispose: () => journal.close(),
    };
  };
  journalSuite('PostgreSQL', openSuite);
  modelSuite('PostgreSQL', openSuite);

  it('nodes that share a database have each their own numbers', async () => {
    const [a, b] = [await open(newNode()), await open(newNode())];
    await Promise.all([a.append('of a', 1), b.append('of b', 1), a.append('of a', 2)]);
    expect((await a.since(0, 10)).map(({ seq, kind }) => [seq, kind])).toEqual([
      [1, 'of a'],
      [2, 'of a'],
    ]);
    expect((await b.append('of b', 2)).seq).toBe(2);
  });

  it('goes on counting where the last process stopped, and refuses a second one meanwhile', async () => {
    const node = newNode();
    const first = await open(node);
    await first.append('event', 1);
    expect(await codeOf(open(node))).toBe('locked');
    await expect(open(node)).rejects.toThrow(/in use by another process; stop that one/);
    await first.append('event', 2);
    await first.close();
    const second = await open(node);
    expect((await second.append('event', 3)).seq).toBe(3);
  });

  it('does not keep itself out with a lock of which it never heard', async () => {
    const proxy = await cutting(schema.url);
    const node = newNode();
    proxy.cut = 'lock';
    // Refused after its wait; what the server gave to that connection goes with it.
    expect(await codeOf(open(node, { url: proxy.url, timeoutMs: 300 }))).toBe('io');
    await expect.poll(() => codeOf(open(node))).toBeUndefined();
    proxy.stop();
  });

  it('where the lock does not hold, the newest opener wins and the older one cannot write', async () => {
    const node = newNode();
    const first = await open(node);
    await first.append('event', 1);
    await schema.sql(
      "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    );
    let second: JournalStore | null = null;
    await expect
      .poll(async () => {
        second = await open(node).catch(() => null);
        return second !== null;
      })
      .toBe(true);
    expect(await codeOf(first.append('event', 'late'))).toBe('locked');
    await second!.append('event', 2);
    expect(await codeOf(first.append('event', 'later'))).toBe('locked');
    expect((await second!.since(0, 10)).map((event) => event.payload)).toEqual([1, 2]);
  });

  it('cannot be changed, shortened or given a gap by another program either', async () => {
    const node = newNode();
    const journal = await open(node);
    await journal.append('event', 1);
    await expect(schema.sql("UPDATE journal_event SET kind = 'other'")).rejects.toThrow('append-only');
    await expect(schema.sql('DELETE FROM journal_event')).rejects.toThrow('append-only');
    await expect(schema.sql('TRUNCATE journal_event')).rejects.toThrow('append-only');
    await expect(
      schema.sql(`INSERT INTO journal_event VALUES ('${node}', 3, 0, 'k', NULL, '{}', sha256('x'::bytea))`),
    ).rejects.toThrow('seq rises by one');
  });

  it('tells a row that it will never have from an outage, so that the others are written', async () => {
    const node = newNode();
    const store = await open(node);
    await schema.sql("ALTER TABLE journal_event ADD CONSTRAINT taboo CHECK (kind <> 'cursed')");
    try {
      expect(await codeOf(store.append('cursed', 1))).toBe('refused');
      await expect(store.append('cursed', 1)).rejects.toThrow(/will not have .*SQLSTATE 23514/);
      const journal = lastingJournal(store, { clock });
      await Promise.all(['event', 'cursed', 'event'].map((kind) => journal.append(kind, 1)));
      expect(journal.trouble).toBeNull();
      expect((await store.since(0, 10)).map(({ kind }) => kind)).toEqual([
        'event',
        'journal.refused',
        'event',
      ]);
    } finally {
      await schema.sql('ALTER TABLE journal_event DROP CONSTRAINT taboo');
    }
  });

  it.each([
    ['the answer of a table that is gone', '42P01', 'refused'],
    ['a right that is missing', '42501', 'unwritable'],
    ['a standby that may not write yet', '25006', 'io'],
    ['a server that shuts down', '57P01', 'io'],
    ['a disk without space', '53100', 'disk_full'],
  ])('%s is sorted', (_, code, kind) => {
    expect(asPostgresError(Object.assign(new Error('of the driver'), { code }), 'it').code).toBe(kind);
  });

  it('refuses a schema of a newer version, and one that other steps made', async () => {
    await (await open(newNode())).close();
    await schema.sql("INSERT INTO journal_migration VALUES (99, 'later', 0)");
    expect(await codeOf(open(newNode()))).toBe('newer_schema');
    await schema.sql('DELETE FROM journal_migration WHERE version = 99');
    await schema.sql("UPDATE journal_migration SET checksum = 'x' || checksum WHERE version = 2");
    expect(await codeOf(open(newNode()))).toBe('corrupt');
    await schema.sql('UPDATE journal_migration SET checksum = substr(checksum, 2) WHERE version = 2');
    await (await open(newNode())).close();
  });

  it('goes on when the server ended every connection, with each event once', async () => {
    let now = 1_700_000_000_000;
    const journal = lastingJournal(await open(newNode()), { clock: { now: () => now } });
    for (let number = 0; number < 6; number++) {
      await journal.append('event', number);
      if (number % 2 === 0) {
        await schema.sql(
          "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'plumbline-journal'",
        );
      }
      now += 60_000;
      await journal.tend();
    }
    now += 60_000;
    await journal.tend();
    expect(journal.trouble).toBeNull();
    expect((await journal.since(0, 10)).map(({ seq, payload }) => [seq, payload])).toEqual(
      [0, 1, 2, 3, 4, 5].map((number) => [number + 1, number]),
    );
    await journal.close();
  });

  it('refuses a server that may forget what it answered', async ({ skip }) => {
    // Only a server that this test started may be set up badly.
    if (schema.server === null) return skip();
    const reload = async (value: 'off' | 'on'): Promise<void> => {
      await schema.sql(`ALTER SYSTEM SET fsync = ${value}`);
      await schema.sql('SELECT pg_reload_conf()');
      await expect.poll(async () => (await schema.sql('SHOW fsync'))[0]?.['fsync']).toBe(value);
    };
    await reload('off');
    expect(await codeOf(open(newNode()))).toBe('bad_store');
    await reload('on');
    await (await open(newNode())).close();
  });

  it('an answer that never came is asked for: the event is written once, whatever became of the write', async () => {
    const proxy = await cutting(schema.url);
    const node = newNode();
    const store = await open(node, { url: proxy.url });
    const journal = lastingJournal(store, { clock: { now: () => now } });
    let now = 1_700_000_000_000;
    for (const [index, cut] of (
      ['none', 'request', 'answer', 'none', 'answer', 'request', 'answer'] as const
    ).entries()) {
      proxy.cut = cut;
      const event = await journal.append('event', index);
      expect(event.seq < 1, `${index} ${cut}`).toBe(cut !== 'none');
      proxy.cut = 'none';
      now += 60_000;
      await journal.tend();
      expect(journal.trouble).toBeNull();
    }
    expect((await journal.since(0, 20)).map(({ seq, payload }) => [seq, payload])).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((number) => [number + 1, number]),
    );
    await journal.close();
    proxy.stop();
  }, 60_000);
});

interface CuttingProxy {
  readonly url: string;
  /**
   * Breaks the connection at the next insert: before the server has it, or before its answer comes back. `lock`: keeps
   * the answer to a lock for itself, and the connection open.
   */
  cut: 'none' | 'request' | 'answer' | 'lock';
  stop(): void;
}

/** Between the journal and the server, to lose what a network loses. */
async function cutting(url: string): Promise<CuttingProxy> {
  const target = new URL(url);
  const { hostname, port } = target;
  const sockets = new Set<Socket>();
  const self = { url: '', cut: 'none' as CuttingProxy['cut'], stop: () => {} };
  const server = createServer((client) => {
    const upstream = connectTo(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
    }
    let swallow = false;
    let silent = false;
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    client.on('data', (chunk) => {
      const insert = chunk.includes('journal-insert');
      if (insert && self.cut === 'request') return end();
      if (insert && self.cut === 'answer') swallow = true;
      if (self.cut === 'lock' && chunk.includes('pg_try_advisory_lock')) silent = true;
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (swallow) end();
      else if (!silent) client.write(chunk);
    });
    client.on('close', end);
    upstream.on('close', end);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  target.port = String((server.address() as { port: number }).port);
  self.url = target.href;
  self.stop = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return self;
}

describe('without a PostgreSQL server', () => {
  it('the error says so and keeps the password', async () => {
    const url = new Secret('postgres://someone:canary-password@127.0.0.1:1/canary-database');
    const failure = await openPostgresJournal({
      url,
      node: 'n',
      clock,
      keyFile: null,
      timeoutMs: 1_000,
    }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'io', message: expect.stringContaining('ECONNREFUSED') });
    const { inspect } = await import('node:util');
    expect(inspect(failure, { depth: 9 })).not.toContain('canary');
  });
});
