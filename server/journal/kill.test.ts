import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { parseVerifierKey } from '../journalTool/note.ts';
import { openSqliteSource } from '../journalTool/sqliteSource.ts';
import { verify } from '../journalTool/verify.ts';
import { makeVersion1 } from '../testing/oldJournal.ts';
import { seeded } from '../testing/seeded.ts';
import type { JournalEvent } from './journal.ts';
import { MAX_PAGE_EVENTS } from './pages.ts';
import { openJournal } from './sqlite.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-kill-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const clock = { now: () => 1_700_000_000_000 };
const VICTIM = fileURLToPath(new URL('../testing/journalVictim.ts', import.meta.url));
const RANDOM_KILLS = 200;
/** Processes at once: one for each core that CI has. */
const LANES = 2;

interface Said {
  readonly seq?: number;
  readonly kind?: string;
  readonly killedAt?: string;
  readonly done?: boolean;
  readonly hooks?: number;
  readonly heads?: string;
}

/** Runs a process to its end, however that comes. Its compiled modules are kept between runs. */
function live(args: readonly string[], killAfterLines = Number.POSITIVE_INFINITY): Promise<readonly Said[]> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') },
  });
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (chunk: string) => {
      text += chunk;
      if (text.split('\n').length > killAfterLines) child.kill('SIGKILL');
    });
    child.on('error', reject);
    // The last line may be cut; a line that is whole was acknowledged.
    child.on('close', () =>
      resolve(
        text
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line) as Said),
      ),
    );
  });
}

/** All events of a journal whose process is gone, after the tool has found nothing wrong with it. */
async function eventsOf(file: string): Promise<{ events: readonly JournalEvent[]; open: number }> {
  const journal = await openJournal({ file, clock });
  const events: JournalEvent[] = [];
  for (
    let page = await journal.since(0, MAX_PAGE_EVENTS);
    page.length > 0;
    page = await journal.since(events.length, MAX_PAGE_EVENTS)
  ) {
    events.push(...page);
  }
  const open = (await journal.models.openIntents()).rows.length;
  await journal.close();
  const source = openSqliteSource(file);
  const key = parseVerifierKey(readFileSync(`${file}.key.pub`, 'utf8'));
  expect((await verify(source, { key, outside: [] })).findings).toEqual([]);
  await source.close();
  return { events, open };
}

/** `work` for each item, some at a time. */
async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const lane = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

describe('a node that is killed', () => {
  it('at any point of a reorg loses no acknowledged event, and the next life leaves no intent open', async () => {
    const [whole] = (await live([VICTIM, join(folder, 'whole'), 'first', '0'])).slice(-1);
    expect(whole).toMatchObject({ done: true });
    const points = Array.from({ length: whole!.hooks! }, (_, index) => index + 1);
    const names = new Set<string>();
    await inLanes(points, async (point) => {
      const home = join(folder, `point-${point}`);
      const first = await live([VICTIM, home, 'first', String(point)]);
      const name = first.at(-1)?.killedAt ?? 'not killed';
      names.add(name);
      const next = await live([VICTIM, home, 'next', '0']);
      expect(next.at(-1), `killed ${name}`).toMatchObject({ done: true, heads: whole!.heads });
      const { events, open } = await eventsOf(join(home, 'journal.db'));
      const acknowledged = [...first, ...next].filter(({ seq }) => seq !== undefined);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
      for (const { seq, kind } of acknowledged) expect(events[seq! - 1]?.kind, `killed ${name}`).toBe(kind);
      // One event may be written whose acknowledgement was cut off by the kill.
      expect(events.length - acknowledged.length, `killed ${name}`).toBeLessThanOrEqual(1);
      expect(open, `killed ${name}`).toBe(0);
      const detected = events.filter(({ kind }) => kind === 'reorg.detected').map(({ ref }) => ref);
      expect(new Set(detected).size, `killed ${name}`).toBe(detected.length);
    });
    for (const kind of [
      'reorg.detected',
      'forkchoiceUpdated',
      'newPayload',
      'reorg.recovered',
      'batch.applied',
      'open',
      'close',
      'node.started',
      'node.stopped',
    ]) {
      for (const when of ['before', 'after']) expect([...names]).toContain(`${when} ${kind}`);
    }
  }, 300_000);
});

const APPENDER = `
  import { writeSync } from 'node:fs';
  const [source, file, run] = process.argv.slice(1);
  const { openJournal } = await import(source);
  const journal = await openJournal({ file, clock: { now: () => 0 } });
  for (let number = 0; ; number++) {
    const group = Array.from({ length: 1 + (number % 3) }, (_, at) => ({ kind: 'event', payload: { run, number, at } }));
    for (const { seq, payload } of await journal.appendAll(group)) {
      writeSync(1, JSON.stringify({ seq, kind: payload.run + ':' + payload.number + ':' + payload.at }) + '\\n');
    }
  }
`;

describe('a journal whose process is killed at random', () => {
  it(`${RANDOM_KILLS} times has every acknowledged event once, in order, and no half of a group`, async () => {
    const seed = Date.now() % 1_000_000;
    const random = seeded(seed);
    const source = new URL('./sqlite.ts', import.meta.url).href;
    await inLanes(
      Array.from({ length: LANES }, (_, lane) => lane),
      async (lane) => {
        const file = join(folder, `random-${lane}`, 'journal.db');
        const acknowledged = new Map<number, string>();
        for (let run = 0; run < RANDOM_KILLS / LANES; run++) {
          const after = 1 + Math.floor(random() * 120);
          const args = ['--input-type=module', '--eval', APPENDER, source, file, String(run)];
          for (const { seq, kind } of await live(args, after)) acknowledged.set(seq!, kind!);
        }
        const { events } = await eventsOf(file);
        expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
        const names = events.map(({ payload }) => {
          const { run, number, at } = payload as { run: string; number: number; at: number };
          return `${run}:${number}:${at}`;
        });
        for (const [seq, name] of acknowledged) expect(names[seq - 1], `seed ${seed}, seq ${seq}`).toBe(name);
        expect(new Set(names).size, `seed ${seed}`).toBe(names.length);
        // Each run may have written one group more than it could acknowledge, of at most three.
        expect(names.length - acknowledged.size).toBeLessThanOrEqual(3 * (RANDOM_KILLS / LANES));
        expect(groupsAreWhole(names), `seed ${seed}`).toBe(true);
      },
    );
  }, 300_000);
});

/** Events of one number come as 0, 1, … as many as the appender put into that group. */
function groupsAreWhole(names: readonly string[]): boolean {
  const sizes = new Map<string, number>();
  for (const name of names) {
    const group = name.slice(0, name.lastIndexOf(':'));
    sizes.set(group, (sizes.get(group) ?? 0) + 1);
  }
  return [...sizes].every(([group, size]) => size === 1 + (Number(group.split(':')[1]) % 3));
}

/** Kills itself at its n-th call of SQLite that is no reading of rows. */
const MIGRATOR = `
  import { DatabaseSync, StatementSync } from 'node:sqlite';
  const [source, file, at] = process.argv.slice(1);
  let calls = 0;
  const hook = () => {
    calls += 1;
    if (calls === Number(at)) process.kill(process.pid, 'SIGKILL');
  };
  for (const [owner, name] of [[DatabaseSync.prototype, 'exec'], [StatementSync.prototype, 'run']]) {
    const real = owner[name];
    owner[name] = function (...args) {
      hook();
      const result = real.apply(this, args);
      hook();
      return result;
    };
  }
  const { openJournal } = await import(source);
  await (await openJournal({ file, clock: { now: () => 0 } })).close();
  console.log(JSON.stringify({ done: true, hooks: calls }));
`;

describe('a migration that is killed', () => {
  it('at any step leaves the journal as it was or as it is to be, and the next start finishes it', async () => {
    const source = new URL('./sqlite.ts', import.meta.url).href;
    const migrate = (file: string, at: number) =>
      live(['--input-type=module', '--eval', MIGRATOR, source, file, String(at)]);
    const rows = 20;
    const whole = join(folder, 'migrate-whole', 'journal.db');
    makeVersion1(whole, rows);
    const hooks = (await migrate(whole, 0)).at(-1)!.hooks!;
    expect(hooks).toBeGreaterThan(2 * rows);
    // Each step around the rows, and some among them.
    const points = Array.from({ length: hooks }, (_, index) => index + 1);
    const among = points.filter((point) => point <= 24 || point > hooks - 40 || point % 10 === 0);
    await inLanes(among, async (point) => {
      const file = join(folder, `migrate-${point}`, 'journal.db');
      makeVersion1(file, rows);
      expect((await migrate(file, point)).at(-1)?.done, `call ${point} of ${hooks}`).toBeUndefined();
      const { events } = await eventsOf(file);
      expect(events.slice(0, rows).map(({ payload }) => (payload as { number: number }).number)).toEqual(
        Array.from({ length: rows }, (_, index) => index + 1),
      );
      expect(events.length, `call ${point}`).toBeLessThanOrEqual(rows + 1);
    });
  }, 300_000);
});
