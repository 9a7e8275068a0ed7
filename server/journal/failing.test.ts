import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { sql } from 'kysely';
import { afterAll, describe, expect, it } from 'vitest';
import { ManualClock } from '../lib/clock.ts';
import type { Backend } from './backend.ts';
import { passingKey } from './checkpoint.ts';
import { Checkpointer } from './checkpointer.ts';
import { lastingJournal } from './lasting.ts';
import { openSqliteBackend } from './sqliteBackend.ts';
import { storedJournal } from './storedJournal.ts';

/** Collects what nobody holds any more, at once. */
function collect(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

const folder = mkdtempSync(join(tmpdir(), 'plumbline-failing-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const EVENTS = 40;

async function journalOn(backend: Backend, clock: ManualClock) {
  const store = await storedJournal(backend, clock, new Checkpointer(backend, passingKey(), null, clock), 0);
  return lastingJournal(store, { clock });
}

/** Appends one by one as a node does, time passing between them. Answers how many had to wait in memory. */
async function live(journal: Awaited<ReturnType<typeof journalOn>>, clock: ManualClock): Promise<number> {
  let waited = 0;
  for (let number = 0; number < EVENTS; number++) {
    const event = await journal.append('event', { number, text: 'x'.repeat(600) });
    if (event.seq < 1) waited += 1;
    await clock.advance(400);
    await journal.tend();
  }
  return waited;
}

async function expectAllOnce(journal: Awaited<ReturnType<typeof journalOn>>, why: string): Promise<void> {
  const events = await journal.since(0, 1_000);
  expect(
    events.map(({ payload }) => (payload as { number: number }).number),
    why,
  ).toEqual(Array.from({ length: EVENTS }, (_, number) => number));
  expect(
    events.map(({ seq }) => seq),
    why,
  ).toEqual(Array.from({ length: EVENTS }, (_, index) => index + 1));
}

describe('a store that fails at its n-th write', () => {
  // `before`: the write is not done. `after`: it is done, and its answer is lost, as with an error of the last fsync.
  for (const when of ['before', 'after'] as const) {
    it(`(${when} it is done): each event is written once and in order, for every n`, async () => {
      for (let n = 1; n <= EVENTS; n++) {
        const clock = new ManualClock(1_700_000_000_000);
        const { backend } = openSqliteBackend({ file: null, clock });
        let writes = 0;
        const insert = backend.insert.bind(backend);
        backend.insert = async (after, rows) => {
          writes += 1;
          if (writes !== n) return insert(after, rows);
          if (when === 'after') await insert(after, rows);
          throw Object.assign(new Error('disk I/O error'), { errcode: 10 });
        };
        const journal = await journalOn(backend, clock);
        expect(await live(journal, clock), `write ${n}`).toBeGreaterThanOrEqual(1);
        await clock.advance(60_000);
        await journal.tend();
        expect(journal.trouble, `write ${n}`).toBeNull();
        await expectAllOnce(journal, `write ${n}`);
        await journal.close();
      }
    });
  }

  it('keeps nothing for an event that was written, was told to have failed, and is never offered again', async () => {
    const clock = new ManualClock(1_700_000_000_000);
    const { backend } = openSqliteBackend({ file: null, clock });
    const insert = backend.insert.bind(backend);
    let fails = true;
    backend.insert = async (after, rows) => {
      await insert(after, rows);
      if (fails) throw Object.assign(new Error('disk I/O error'), { errcode: 10 });
    };
    const store = await storedJournal(
      backend,
      clock,
      new Checkpointer(backend, passingKey(), null, clock),
      0,
    );
    const offer = async (): Promise<WeakRef<object>> => {
      const key = {};
      await store.appendAll([{ kind: 'event', payload: 1, key }]).catch(() => undefined);
      return new WeakRef(key);
    };
    const offered = await offer();
    fails = false;
    // Finds the row that nobody asks for any more.
    await store.append('event', 2);
    expect((await store.since(0, 10)).map(({ payload }) => payload)).toEqual([1, 2]);
    // A task of its own: what a WeakRef was asked for lives to the end of the present one.
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    expect(offered.deref()).toBeUndefined();
    await store.close();
  });

  it('because the disk is full: it goes on in memory, says so, and writes all of it when there is space', async () => {
    for (const room of [0, 1, 2, 5]) {
      const clock = new ManualClock(1_700_000_000_000);
      const { backend } = openSqliteBackend({ file: join(folder, `${room}`, 'journal.db'), clock });
      const pages = await sql<{ page_count: number }>`PRAGMA page_count`.execute(backend.db);
      const most = pages.rows[0]!.page_count + room;
      // SQLite's own bound: what is beyond it is SQLITE_FULL, as on a disk without space.
      await sql`PRAGMA max_page_count = ${sql.lit(most)}`.execute(backend.db);
      const journal = await journalOn(backend, clock);
      expect(await live(journal, clock)).toBeGreaterThan(1);
      expect(journal.trouble).toMatchObject({ code: 'disk_full' });
      expect(journal.trouble?.message).toMatch(/no space left .* make room to go on/);
      await sql`PRAGMA max_page_count = 100000`.execute(backend.db);
      await clock.advance(60_000);
      await journal.tend();
      expect(journal.trouble).toBeNull();
      await expectAllOnce(journal, `room for ${room} pages`);
      await journal.close();
    }
  });
});
