import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { seeded } from '../../testing/seeded.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'testing', 'fenceProcess.ts');
const SCHEDULES = 10;
const EVENTS = 6;
const LEASE_MS = 300;
/** Acts that are waited for after each event: a machine that is busy takes longer for them, and the test with it. */
const ACTS_AFTER_EVENT = 2;
/** So long may nobody lead: a hundred leases. In seconds, each waited for: a machine that slept used one of them. */
const NOBODY_LEADS_S = 30;

interface Act {
  readonly kind: 'act';
  readonly at: number;
  readonly term: number;
  readonly number: number;
  readonly hash: string;
}

// Processes end here, never the machine: memory keeps what they wrote, and no slow disk outlasts their short leases.
const MEMORY = '/dev/shm';
const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'plumbline-fence-processes-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Whatever becomes of the test, no process of it stays: one that is stopped would never end by itself. */
const alive = new Set<ChildProcess>();
afterEach(() => {
  for (const child of alive) child.kill('SIGKILL');
});

class Run {
  readonly acts: Act[] = [];
  readonly #file: string;
  readonly #random: () => number;
  readonly #children: ChildProcess[] = [];
  #started = 0;
  #onAct = (): void => {};

  constructor(file: string, random: () => number) {
    this.#file = file;
    this.#random = random;
  }

  async start(index: number): Promise<void> {
    const holder = `p${++this.#started}`;
    const seed = String(Math.floor(this.#random() * 2 ** 31));
    const args = [
      '--disable-warning=ExperimentalWarning',
      PROGRAM,
      this.#file,
      holder,
      String(LEASE_MS),
      seed,
    ];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#children[index] = child;
    alive.add(child);
    child.on('exit', () => alive.delete(child));
    const lines = createInterface({ input: child.stdout! });
    const ended = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`${holder} ended before it was ready: ${signal ?? `exit code ${code}`}`);
    });
    await Promise.race([once(lines, 'line'), ended]);
    ended.catch(() => {});
    lines.on('line', (line) => {
      this.acts.push(JSON.parse(line) as Act);
      this.#onAct();
    });
  }

  async end(index: number): Promise<void> {
    const child = this.#children[index]!;
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
  }

  async event(): Promise<void> {
    const index = this.#random() < 0.5 ? 0 : 1;
    const child = this.#children[index]!;
    const what = this.#random();
    if (what < 0.6) {
      child.kill('SIGSTOP');
      await sleep(this.#random() * 2.5 * LEASE_MS);
      child.kill('SIGCONT');
    } else if (what < 0.8) {
      child.kill('SIGUSR2');
    } else {
      await this.end(index);
      await this.start(index);
    }
    await Promise.all([this.#acted(ACTS_AFTER_EVENT), sleep(this.#random() * LEASE_MS)]);
  }

  /** Somebody leads again, and shows it. */
  async #acted(count: number): Promise<void> {
    const until = this.acts.length + count;
    const waiting = new AbortController();
    const acted = new Promise<void>((resolve) => {
      this.#onAct = () => {
        if (this.acts.length >= until) resolve();
      };
    });
    try {
      await Promise.race([acted, this.#nobodyLeads(waiting.signal)]);
    } finally {
      waiting.abort();
    }
  }

  async #nobodyLeads(signal: AbortSignal): Promise<void> {
    for (let second = 0; second < NOBODY_LEADS_S; second++) {
      await sleep(1_000, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
    }
    const processes = this.#children.map(({ pid, exitCode }) => `${pid} (${exitCode ?? 'runs'})`);
    throw new Error(`nobody led for ${NOBODY_LEADS_S} s; processes ${processes.join(', ')}`);
  }
}

/** What contradicts the promise in what the processes wrote. */
function contradictions(acts: readonly Act[], superseded: ReadonlyMap<string, number>): readonly string[] {
  const found: string[] = [];
  let highest = 0;
  const current = new Map<number, Act>();
  for (const act of acts.toSorted((a, b) => a.at - b.at)) {
    if (act.term < highest) found.push(`an act of term ${act.term} after one of term ${highest}`);
    highest = Math.max(highest, act.term);
    const before = current.get(act.number);
    if (before !== undefined && before.hash !== act.hash && !superseded.has(before.hash)) {
      found.push(`block ${act.number} is ${before.hash} and ${act.hash}`);
    }
    if (act.term > (superseded.get(act.hash) ?? Number.POSITIVE_INFINITY)) {
      found.push(`${act.hash} was made after it was superseded`);
    }
    current.set(act.number, act);
  }
  return found;
}

/** Hash of each superseded claim, and the term that voided it. */
function supersededIn(file: string): ReadonlyMap<string, number> {
  const database = new DatabaseSync(file);
  const rows = database.prepare('SELECT hash, by_term FROM fence_superseded').all();
  database.close();
  return new Map(rows.map((row) => [String(row['hash']), Number(row['by_term'])]));
}

describe('two real processes with one key on one file', () => {
  it(`never produce at once and never give one number two contents: ${SCHEDULES} schedules of SIGSTOP, SIGKILL and clock jump`, async () => {
    const first = Number(process.env['PLUMBLINE_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
    console.log(`seeds ${first} to ${first + SCHEDULES - 1}`);
    let [acts, terms] = [0, 0];
    for (let seed = first; seed < first + SCHEDULES; seed++) {
      const file = join(folder, `${seed}.db`);
      const run = new Run(file, seeded(seed));
      await Promise.all([run.start(0), run.start(1)]);
      for (let event = 0; event < EVENTS; event++) await run.event();
      await Promise.all([run.end(0), run.end(1)]);
      expect({ seed, found: contradictions(run.acts, supersededIn(file)) }).toEqual({ seed, found: [] });
      acts += run.acts.length;
      terms += Math.max(...run.acts.map((act) => act.term));
    }
    expect(acts).toBeGreaterThan(SCHEDULES * 10);
    expect(terms).toBeGreaterThan(SCHEDULES);
    console.log(`${acts} acts in ${terms} terms`);
  }, 3_600_000);

  it('what the check looks for, it finds', () => {
    const act = (at: number, term: number, number: number, hash: string): Act => ({
      kind: 'act',
      at,
      term,
      number,
      hash,
    });
    expect(contradictions([act(1, 1, 1, 'a'), act(2, 2, 2, 'b'), act(3, 1, 3, 'c')], new Map())).toHaveLength(
      1,
    );
    expect(contradictions([act(1, 1, 1, 'a'), act(2, 2, 1, 'b')], new Map())).toHaveLength(1);
    expect(contradictions([act(1, 1, 1, 'a'), act(2, 2, 1, 'b')], new Map([['a', 2]]))).toEqual([]);
    expect(contradictions([act(1, 3, 1, 'a')], new Map([['a', 2]]))).toHaveLength(1);
  });
});
