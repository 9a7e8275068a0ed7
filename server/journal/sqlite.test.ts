import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { makeVersion1 } from '../testing/oldJournal.ts';
import { canonicalJson } from './canonicalJson.ts';
import { codeOf, journalSuite } from './journalSuite.ts';
import { modelSuite } from './modelSuite.ts';
import { MAX_PAGE_EVENTS } from './pages.ts';
import type { ReadModels } from './readModels.ts';
import { genesisTip, type Row, rowHash } from './rowHash.ts';
import { openJournal } from './sqlite.ts';
import { SCHEMA_VERSION } from './sqliteMigrations.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-journal-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
let file = '';
beforeEach(() => {
  file = join(folder, `${++files}`, 'journal.sqlite');
});
const clock = { now: () => 1_700_000_000_000 };

for (const kind of ['a file', 'memory'] as const) {
  const open = async () => {
    let now = 0;
    const path = kind === 'memory' ? null : join(folder, `${++files}-suite`, 'journal.sqlite');
    const journal = await openJournal({ file: path, clock: { now: () => now } });
    return {
      journal,
      setNow: (ms: number) => {
        now = ms;
      },
      dispose: () => journal.close(),
    };
  };
  journalSuite(`SQLite in ${kind}`, open);
  modelSuite(`SQLite in ${kind}`, open);
}

describe('SQLite journal file', () => {
  it('goes on counting where the last run stopped', async () => {
    const first = await openJournal({ file, clock });
    await first.append('a', 1);
    await first.append('a', 2);
    await first.close();
    const second = await openJournal({ file, clock });
    expect((await second.append('a', 3)).seq).toBe(3);
    expect((await second.since(0, 10)).map((event) => event.payload)).toEqual([1, 2, 3]);
    await second.close();
  });

  it('begins a new one when the file was deleted, even with its write-ahead log left behind', async () => {
    const first = await openJournal({ file, clock });
    await first.append('a', 1);
    const wal = readFileSync(`${file}-wal`);
    await first.close();
    rmSync(file);
    writeFileSync(`${file}-wal`, wal);
    const second = await openJournal({ file, clock });
    expect(await second.since(0, 10)).toEqual([]);
    expect((await second.append('a', 2)).seq).toBe(1);
    await second.close();
  });

  it('refuses a second opener at once, in one sentence', async () => {
    const first = await openJournal({ file, clock });
    expect(await codeOf(openJournal({ file, clock }))).toBe('locked');
    await expect(openJournal({ file, clock })).rejects.toThrow(/in use by another process; stop that one/);
    await first.append('still', 'works');
    await first.close();
    await (await openJournal({ file, clock })).close();
  });

  it('is open to readers while it is written, and only to them', async () => {
    const journal = await openJournal({ file, clock });
    await journal.append('event', 1);
    const reader = new DatabaseSync(file, { readOnly: true });
    const count = reader.prepare('SELECT count(*) AS n FROM journal_event');
    expect(count.get()?.['n']).toBe(1);
    await journal.append('event', 2);
    expect(count.get()?.['n']).toBe(2);
    reader.close();
    await journal.close();
  });

  it('makes a key that only its owner reads, and keeps it', async () => {
    const journal = await openJournal({ file, clock });
    await journal.append('event', 1);
    await journal.close();
    expect(statSync(`${file}.key`).mode & 0o777).toBe(0o600);
    const made = readFileSync(`${file}.key.pub`, 'utf8');
    expect(made).toMatch(/^plumbline-journal\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{44}\n$/);
    await (await openJournal({ file, clock })).close();
    expect(readFileSync(`${file}.key.pub`, 'utf8')).toBe(made);
    writeFileSync(`${file}.key`, 'not a key');
    expect(await codeOf(openJournal({ file, clock }))).toBe('bad_key');
  });

  it('takes a journal of version 1 along, with its rows chained and a copy of the file as it was', async () => {
    makeVersion1(file, 250);
    const journal = await openJournal({ file, clock });
    const events = await journal.since(0, 1_000);
    expect(events).toHaveLength(251);
    expect(events[0]).toEqual({ seq: 1, at: 1, kind: 'old', ref: 'r1', payload: { number: 1, text: 'é' } });
    expect(events[250]).toMatchObject({ kind: 'journal.migrated', payload: { from: 1, to: SCHEMA_VERSION } });
    await journal.close();
    const backup = new DatabaseSync(`${file}.v1-backup`, { readOnly: true });
    expect(backup.prepare('SELECT count(*) AS n FROM event').get()?.['n']).toBe(250);
    backup.close();
    const database = new DatabaseSync(file, { readOnly: true });
    let { hash } = genesisTip(String(database.prepare('SELECT id FROM journal_id').get()?.['id']));
    for (const stored of database.prepare('SELECT * FROM journal_event ORDER BY seq').iterate()) {
      const row = stored as unknown as Row;
      hash = rowHash(hash, row);
      expect(Buffer.from(row.hash).equals(hash)).toBe(true);
    }
    database.close();
    expect((await (await openJournal({ file, clock })).since(251, 10)).length).toBe(0);
  });

  it('builds the read models again when they are missing or of another version', async () => {
    const journal = await openJournal({ file, clock });
    await journal.append('reorg.detected', { id: 'r', depth: 2, detectedAt: 1 }, 'r');
    for (let number = 0; number < 2_500; number++) await journal.append('batch.applied', { batch: number });
    await journal.append('reorg.recovered', { id: 'r', recoveredAt: 9 }, 'r');
    const answers = async (models: ReadModels) => [
      await models.reorgs({ limit: 10 }),
      await models.batches({ limit: 1_000 }),
      await models.openIntents(),
    ];
    const before = await answers(journal.models);
    await journal.close();
    for (const damage of ['UPDATE journal_model SET version = 0', 'DELETE FROM journal_model']) {
      const database = new DatabaseSync(file);
      database.exec(
        `${damage}; UPDATE journal_reorg SET depth = 99; DELETE FROM journal_batch WHERE batch > 7`,
      );
      database.close();
      const again = await openJournal({ file, clock });
      expect(await answers(again.models)).toEqual(before);
      await again.close();
    }
  });

  it('refuses to go on from an end that was changed', async () => {
    const journal = await openJournal({ file, clock });
    for (let number = 1; number <= 20; number++) await journal.append('event', { number });
    await journal.close();
    const database = new DatabaseSync(file);
    database.exec(
      'DROP TRIGGER journal_event_no_update; UPDATE journal_event SET payload = \'{"number":99}\' WHERE seq = 15',
    );
    database.close();
    expect(await codeOf(openJournal({ file, clock }))).toBe('corrupt');
    await expect(openJournal({ file, clock })).rejects.toThrow('row 15 does not follow');
  });

  it('refuses a file that other steps brought to its schema', async () => {
    await (await openJournal({ file, clock })).close();
    const database = new DatabaseSync(file);
    database.exec("UPDATE journal_migration SET checksum = 'x' WHERE version = 2");
    database.close();
    expect(await codeOf(openJournal({ file, clock }))).toBe('corrupt');
  });

  it('leaves a foreign file as it is', async () => {
    const path = join(folder, 'letter.txt');
    writeFileSync(path, 'Dear reader, this is not a database. '.repeat(100));
    expect(await codeOf(openJournal({ file: path, clock }))).toBe('not_a_journal');
    expect(readFileSync(path, 'utf8')).toBe('Dear reader, this is not a database. '.repeat(100));
  });

  it('leaves a database of another program as it is', async () => {
    const path = join(folder, 'other.sqlite');
    const other = new DatabaseSync(path);
    other.exec('CREATE TABLE contact (name TEXT)');
    other.close();
    const before = readFileSync(path);
    expect(await codeOf(openJournal({ file: path, clock }))).toBe('not_a_journal');
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('refuses a journal of a newer schema', async () => {
    await (await openJournal({ file, clock })).close();
    const database = new DatabaseSync(file);
    database.exec('PRAGMA user_version = 99');
    database.close();
    expect(await codeOf(openJournal({ file, clock }))).toBe('newer_schema');
    await expect(openJournal({ file, clock })).rejects.toThrow('schema 99');
  });

  it('says that a damaged file is damaged', async () => {
    const journal = await openJournal({ file, clock });
    for (let number = 0; number < 400; number++)
      await journal.append('event', { number, text: 'x'.repeat(200) });
    await journal.close();
    const bytes = readFileSync(file);
    bytes.fill(0xa5, 4096, bytes.length - 4096);
    writeFileSync(file, bytes);
    expect(await codeOf(openJournal({ file, clock }))).toBe('corrupt');
  });

  it('says so when the folder cannot be made', async () => {
    writeFileSync(join(folder, 'occupied'), '');
    const path = join(folder, 'occupied', 'journal.sqlite');
    expect(await codeOf(openJournal({ file: path, clock }))).toBe('unwritable');
  });

  it('cannot be changed, shortened or given a gap by another program either', async () => {
    const journal = await openJournal({ file, clock });
    await journal.append('event', 1);
    await journal.close();
    const database = new DatabaseSync(file);
    expect(() => database.exec("UPDATE journal_event SET kind = 'other'")).toThrow('append-only');
    expect(() => database.exec('DELETE FROM journal_event')).toThrow('append-only');
    expect(() =>
      database.exec("INSERT INTO journal_event VALUES (3, 0, 'k', NULL, '{}', zeroblob(32))"),
    ).toThrow('seq rises by one');
    database.close();
  });

  it('never gives more than a page, and reads by index', async () => {
    const journal = await openJournal({ file: null, clock });
    for (let number = 0; number <= MAX_PAGE_EVENTS; number++) await journal.append('event', number);
    expect(await journal.list({ limit: 1_000_000 })).toHaveLength(MAX_PAGE_EVENTS);
    expect(await journal.since(0, 1_000_000)).toHaveLength(MAX_PAGE_EVENTS);
    await journal.close();

    await (await openJournal({ file, clock })).close();
    const database = new DatabaseSync(file);
    const plan = database
      .prepare(
        "EXPLAIN QUERY PLAN SELECT * FROM journal_event WHERE kind = 'a' AND seq < 9 ORDER BY seq DESC LIMIT 5",
      )
      .all()
      .map((row) => row['detail']);
    database.close();
    expect(plan).toEqual(['SEARCH journal_event USING INDEX journal_event_kind (kind=? AND seq<?)']);
  });
});

describe('canonicalJson', () => {
  it('spells equal values equally, whatever the order of their members, and loses nothing', async () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        expect(canonicalJson(reversed(value))).toBe(text);
      }),
    );
  });
});

/** The same value with the members of every object inserted the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}
