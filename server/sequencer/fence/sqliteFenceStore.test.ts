import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, it } from 'vitest';
import type { FenceKey } from './fenceStore.ts';
import { fenceStoreSuite } from './fenceStoreSuite.ts';
import { openSqliteFence } from './sqliteFenceStore.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-fence-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newFile = (): string => join(folder, `${++files}`, 'fence.db');

const KEY: FenceKey = { chainId: 1, sequencer: '0x00000000000000000000000000000000000000c1' };
const HASH = `0x${'ab'.repeat(32)}` as const;

fenceStoreSuite('SQLite', async () => {
  const file = newFile();
  let now = 1_000_000;
  return {
    open: async () => openSqliteFence({ file }, { now: () => now }),
    pass: async (ms) => {
      now += ms;
    },
    shortMs: 300,
  };
});

describe('SQLite fence', () => {
  it('keeps marks and terms over a restart, in a file that only its owner can read', async () => {
    const file = newFile();
    const first = openSqliteFence({ file });
    await first.acquire(KEY, 'a', 60_000);
    await first.claim(KEY, { holder: 'a', term: 1 }, { kind: 'batch', number: 3, hash: HASH });
    await first.close();
    const second = openSqliteFence({ file });
    expect(await second.claimed(KEY, 'batch', 3)).toBe(HASH);
    expect(await second.acquire(KEY, 'b', 60_000)).toMatchObject({ kind: 'taken', holder: 'a' });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await second.close();
  });

  it('a lease from before a restart of the machine is over after one lease time', async () => {
    const file = newFile();
    let now = 9_000_000;
    const store = openSqliteFence({ file }, { now: () => now });
    await store.acquire(KEY, 'a', 10_000);
    now = 50_000;
    expect(await store.acquire(KEY, 'b', 10_000)).toMatchObject({ kind: 'taken', remainingMs: 10_000 });
    now += 10_000;
    expect(await store.acquire(KEY, 'b', 10_000)).toEqual({ kind: 'held', term: 2 });
  });

  it('processes that start together on a new file all open it', async () => {
    const program = `
      const { parentPort, workerData } = require('node:worker_threads');
      import(workerData.module).then(({ openSqliteFence }) => {
        for (const [round, file] of workerData.files.entries()) {
          Atomics.add(workerData.arrived, round, 1);
          while (Atomics.load(workerData.arrived, round) < workerData.openers) {}
          openSqliteFence({ file }).close();
        }
        parentPort.postMessage('opened');
      });`;
    const files = Array.from({ length: 40 }, newFile);
    const arrived = new Int32Array(new SharedArrayBuffer(4 * files.length));
    const module = new URL('./sqliteFenceStore.ts', import.meta.url).href;
    const openers = 2;
    const workerData = { module, files, arrived, openers };
    const workers = Array.from({ length: openers }, () => new Worker(program, { eval: true, workerData }));
    try {
      // A worker that fails to open emits its error, which rejects here.
      expect(await Promise.all(workers.map((worker) => once(worker, 'message')))).toEqual([
        ['opened'],
        ['opened'],
      ]);
    } finally {
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
  });

  it('a writer that holds the file is an answer that does not come, not a wait', async () => {
    const file = newFile();
    const store = openSqliteFence({ file, busyMs: 10 });
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    await expect(store.acquire(KEY, 'a', 1_000)).rejects.toMatchObject({ code: 'unreachable' });
    other.exec('ROLLBACK');
    expect(await store.acquire(KEY, 'a', 1_000)).toEqual({ kind: 'held', term: 1 });
    other.close();
  });

  it('refuses a file of another program, one that is no database, and a newer schema, and leaves them alone', () => {
    const foreign = join(folder, 'foreign.db');
    const made = new DatabaseSync(foreign);
    made.exec('CREATE TABLE t (x)');
    expect(() => openSqliteFence({ file: foreign })).toThrow(expect.objectContaining({ code: 'bad_store' }));
    const text = join(folder, 'text.db');
    writeFileSync(text, 'not a database, but long enough to look at '.repeat(40));
    expect(() => openSqliteFence({ file: text })).toThrow(expect.objectContaining({ code: 'bad_store' }));
    const newer = newFile();
    void openSqliteFence({ file: newer }).close();
    const raised = new DatabaseSync(newer);
    raised.exec('PRAGMA user_version = 99');
    raised.close();
    expect(() => openSqliteFence({ file: newer })).toThrow(/newer version/);
  });
});
