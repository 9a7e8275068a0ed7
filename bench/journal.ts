import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import type { JournalStore } from '../server/journal/journal.ts';
import { openPostgresJournal } from '../server/journal/postgres.ts';
import { openJournal } from '../server/journal/sqlite.ts';
import { systemClock } from '../server/lib/clock.ts';
import { Secret } from '../server/telemetry/secret.ts';
import { hasPostgres, postgresSchema } from '../server/testing/postgresForTests.ts';
import type { Bench, BenchRow } from './row.ts';

const EVENTS = 1_000_000;
const FEW = 100_000;
const GROUP = 1_000;
const MAX_PAGE_MS = 100;
const MAX_GROWTH_MIB = 64;
const APPENDS = 3_000;
const ROUNDS = 3;
const TOOL = new URL('../server/journalTool/main.ts', import.meta.url);
const hash = (number: number): string => `0x${number.toString(16).padStart(64, '0')}`;

/** What a year of a node looks like: mostly batches, now and then a reorg, a leader, an operator. */
function eventOf(number: number) {
  const at = 1_700_000_000_000 + number * 1_000;
  if (number % 100 === 1) {
    const id = `L2-${number}`;
    const record = {
      id,
      layer: number % 200 === 1 ? 'L1' : 'L2',
      cause: 'BATCH_MISMATCH',
      depth: 1 + (number % 40),
      detectedAt: at,
    };
    return {
      kind: 'reorg.detected',
      payload: { ...record, oldTip: { number, hash: hash(number) } },
      ref: id,
      at,
    };
  }
  if (number % 100 === 2)
    return {
      kind: 'reorg.recovered',
      payload: { id: `L2-${number - 1}`, recoveredAt: at },
      ref: `L2-${number - 1}`,
      at,
    };
  if (number % 1_000 === 3)
    return { kind: 'leader.changed', payload: { to: `0x${number}`, batch: number }, at };
  if (number % 10_000 === 4)
    return { kind: 'operator.paused', payload: { actor: 'ana', reason: 'bench' }, at };
  const payload = {
    batch: number,
    firstBlock: number * 2,
    lastBlock: { number: number * 2 + 1, hash: hash(number) },
    l1Block: { number, hash: hash(number + 1) },
    txHash: hash(number + 2),
    gasUsed: '21000',
    source: 'blob',
  };
  return { kind: 'batch.applied', payload, at };
}

async function fill(journal: JournalStore, events: number): Promise<void> {
  for (let from = 1; from <= events; from += GROUP) {
    await journal.appendAll(
      Array.from({ length: Math.min(GROUP, events - from + 1) }, (_, index) => eventOf(from + index)),
    );
  }
}

/** Folds all of it into the read models, as a node does while it runs. */
async function foldAll(journal: JournalStore): Promise<void> {
  while ((await journal.models.leaders({ limit: 1 })).upTo < EVENTS) await journal.tend();
}

async function slowest(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    await work();
    times.push(performance.now() - began);
  }
  // The middle one: another program on the machine is not what is measured.
  return times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]!;
}

function questions({
  models,
  list,
}: Pick<JournalStore, 'models' | 'list'>): Readonly<Record<string, () => Promise<unknown>>> {
  const middle = 1_700_000_000_000 + (EVENTS / 2) * 1_000;
  return {
    'newest events': () => list({ limit: 50 }),
    'activity of a rare kind': () => models.activity({ limit: 50, kinds: ['operator'] }),
    'activity by an operator': () => models.activity({ limit: 50, actor: 'ana' }),
    'activity of a day': () => models.activity({ limit: 50, from: middle, to: middle + 86_400_000 }),
    'activity with a text that is nowhere': () => models.activity({ limit: 50, q: 'nowhere' }),
    reorgs: () => models.reorgs({ limit: 50 }),
    'reorgs by layer and depth': () => models.reorgs({ limit: 50, layer: 'L1', minDepth: 39 }),
    'reorg totals': () => models.reorgTotals({ layer: 'L2' }),
    batches: () => models.batches({ limit: 50, status: 'safe' }),
    'a batch by text': () => models.batches({ limit: 50, q: hash(EVENTS).slice(0, 66) }),
    'leader terms': () => models.leaders({ limit: 50 }),
  };
}

async function pageRows(
  store: string,
  journal: JournalStore,
  log: (line: string) => void,
): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  const asked = questions({ models: journal.models, list: (query) => journal.list(query) });
  for (const [name, ask] of Object.entries(asked)) {
    const ms = await slowest(ask);
    log(`${store}, ${name}: ${ms.toFixed(1)} ms`);
    rows.push(msRow(`${store}, 1,000,000 events: ${name}, first page`, ms));
  }
  return rows;
}

const msRow = (name: string, value: number): BenchRow => ({
  name,
  value,
  unit: 'ms',
  ratio: null,
  bound: `< ${MAX_PAGE_MS} ms`,
  ok: value < MAX_PAGE_MS,
});

/** Within one process, as the tool does: from opening the journal to the first lines of an export. */
const FIRST_LINES = `
  const { openSqliteSource } = await import('./sqliteSource.ts');
  const { openPostgresSource } = await import('./postgresSource.ts');
  const { csvLines, EVERYTHING } = await import('./export.ts');
  const [where, count] = process.argv.slice(1);
  const began = performance.now();
  const source = where.startsWith('postgres') ? await openPostgresSource(where, null) : openSqliteSource(where);
  let seen = 0;
  let first = 0;
  for await (const line of csvLines(source, EVERYTHING)) {
    if (++seen === 1_000) first = performance.now() - began;
    if (seen > Number(count)) break;
  }
  console.log(JSON.stringify({ first, seen, rss: process.resourceUsage().maxRSS / 1024 }));
  process.exit();
`;

async function exported(where: string, count: number): Promise<{ first: number; rss: number }> {
  const args = [
    // As the command gives it the launcher's flags.
    ...process.execArgv,
    '--input-type=module',
    '--eval',
    FIRST_LINES,
    where,
    String(count),
  ];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: join(TOOL.pathname, '..') });
  return JSON.parse(stdout) as { first: number; rss: number };
}

async function exportRows(store: string, where: string): Promise<BenchRow[]> {
  // Not fewer: a heap that is not pressed grows for a while, whatever is read.
  const few = await exported(where, FEW);
  const all = await exported(where, EVENTS);
  const growth = all.rss - few.rss;
  return [
    msRow(`${store}, 1,000,000 events: export, first thousand rows`, Math.min(few.first, all.first)),
    {
      name: `${store}: memory of an export of 1,000,000 events, beyond 100,000`,
      value: Math.max(0, growth),
      unit: 'MiB',
      ratio: all.rss / few.rss,
      bound: `< ${MAX_GROWTH_MIB} MiB`,
      ok: growth < MAX_GROWTH_MIB,
    },
  ];
}

/** The least that writes a row durably: one prepared insert, committed by itself. */
function bareInserts(file: string): number {
  const database = new DatabaseSync(file);
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE bare (seq INTEGER PRIMARY KEY, at INTEGER, kind TEXT, ref TEXT, payload TEXT) STRICT',
  );
  const insert = database.prepare('INSERT INTO bare VALUES (?, ?, ?, ?, ?)');
  const began = performance.now();
  for (let number = 1; number <= APPENDS; number++) {
    const { at, kind, payload } = eventOf(number);
    insert.run(number, at, kind, null, JSON.stringify(payload));
  }
  const rate = APPENDS / ((performance.now() - began) / 1000);
  database.close();
  return rate;
}

async function appendRow(folder: string): Promise<BenchRow> {
  const bare = bareInserts(join(folder, 'bare.db'));
  const journal = await openJournal({ file: join(folder, 'rate', 'journal.db'), clock: systemClock });
  const began = performance.now();
  for (let number = 1; number <= APPENDS; number++) {
    const { kind, payload, ref } = eventOf(number);
    await journal.append(kind, payload, ref);
  }
  const rate = APPENDS / ((performance.now() - began) / 1000);
  await journal.close();
  const ratio = rate / bare;
  return {
    name: 'appends, one at a time, with chain and checkpoints ÷ bare inserts',
    value: rate,
    unit: 'events/s',
    ratio,
    bound: '≥ 0.4',
    ok: ratio >= 0.4,
  };
}

async function storeRows(
  store: string,
  where: string,
  journal: JournalStore,
  log: (line: string) => void,
): Promise<BenchRow[]> {
  const began = performance.now();
  await fill(journal, EVENTS);
  const filled = performance.now();
  await foldAll(journal);
  log(
    `${store}: ${EVENTS} events in ${((filled - began) / 1000).toFixed(0)} s, folded in ${((performance.now() - filled) / 1000).toFixed(0)} s`,
  );
  const rows = await pageRows(store, journal, log);
  await journal.close();
  return [...rows, ...(await exportRows(store, where))];
}

/** A journal of a million events on both databases, and what an append costs beside a bare insert. */
export const journalBench: Bench = async (log) => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-bench-journal-'));
  try {
    const rows = [await appendRow(folder)];
    const file = join(folder, 'journal.db');
    rows.push(...(await storeRows('SQLite', file, await openJournal({ file, clock: systemClock }), log)));
    if (!hasPostgres) return rows;
    const schema = await postgresSchema('journal_bench');
    try {
      const journal = await openPostgresJournal({
        url: new Secret(schema.url),
        node: 'bench',
        clock: systemClock,
        keyFile: null,
        timeoutMs: 60_000,
      });
      rows.push(...(await storeRows('PostgreSQL', schema.url, journal, log)));
    } finally {
      await schema.dispose();
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
