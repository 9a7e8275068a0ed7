import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openCheckpointKey, passingKey, signCheckpoint } from '../journal/checkpoint.ts';
import { openJournal } from '../journal/sqlite.ts';
import { seeded } from '../testing/seeded.ts';
import { genesisHash, rowHash } from './chain.ts';
import { EVERYTHING, jsonLines } from './export.ts';
import { headLine, noteLine, parseLine, rowLine } from './lines.ts';
import { linesSource } from './linesSource.ts';
import { parseVerifierKey, type VerifierKey } from './note.ts';
import { type Source, type StoredRow, ToolError } from './source.ts';
import { openSqliteSource } from './sqliteSource.ts';
import { verify } from './verify.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-mutations-'));
const file = join(folder, 'journal.db');
const outsideFile = join(folder, 'outside');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Few, because each mutation is a whole journal to read. */
const ROWS = 20;
const MUTATIONS = 10_000;
let key: VerifierKey;
let outside: readonly string[];
/** The journal as exported lines. */
let lines: readonly string[];
let head: Extract<ReturnType<typeof parseLine>, { kind: 'head' }>['head'];
let rows: readonly StoredRow[];
let notes: readonly string[];

beforeAll(async () => {
  let now = 1_700_000_000_000;
  const journal = await openJournal({ file, clock: { now: () => now }, checkpointFile: outsideFile });
  for (let number = 1; number <= ROWS; number++) {
    now += 7_000;
    const payload = { number, text: ['é\u2028', '"=1+1"', 'plain', ''][number % 4], deep: [{ a: null }] };
    await journal.append(
      ['batch.applied', 'leader.seen', 'node.started'][number % 3]!,
      payload,
      number % 5 === 0 ? `r:${number}` : undefined,
    );
    if (number % 10 === 0) {
      now += 60_000;
      await journal.tend();
    }
  }
  await journal.close();
  key = parseVerifierKey(readFileSync(`${file}.key.pub`, 'utf8'));
  outside = readFileSync(outsideFile, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as string);
  const source = openSqliteSource(file);
  lines = await collect(jsonLines(source, EVERYTHING));
  await source.close();
  const parsed = lines.map((line) => parseLine(line)!);
  head = parsed.flatMap((line) => (line.kind === 'head' ? [line.head] : []))[0]!;
  rows = parsed.flatMap((line) => (line.kind === 'row' ? [line.row] : []));
  notes = parsed.flatMap((line) => (line.kind === 'note' ? [line.note] : []));
});

async function collect(all: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const one of all) found.push(one);
  return found;
}

/** What is found in these lines; an empty list means: nothing. */
async function findingsIn(text: string, known: readonly string[]): Promise<readonly string[]> {
  const split = text.split('\n');
  const body = split.at(-1) === '' ? split.slice(0, -1) : split;
  try {
    const source = await linesSource('mutant', async function* () {
      yield* body;
    });
    return (await verify(source, { key, outside: known })).findings;
  } catch (error) {
    if (error instanceof ToolError) return [error.message];
    throw error;
  }
}

const textOf = (all: readonly string[]): string => all.map((line) => `${line}\n`).join('');
const assemble = (changed: readonly StoredRow[], kept: readonly string[] = notes): string =>
  textOf([headLine(head), ...changed.map(rowLine), ...kept.map(noteLine)]);

/** The rows with new numbers and hashes, as somebody would make them who hides what he did. */
function rechain(changed: readonly StoredRow[]): StoredRow[] {
  let hash = genesisHash(head.id);
  return changed.map((row, index) => {
    const next = { ...row, seq: index + 1 };
    hash = rowHash(hash, next);
    return { ...next, hash };
  });
}

type Random = () => number;
const pick = (random: Random, below: number): number => Math.floor(random() * below);

/** Each makes another text of the whole journal. */
const MUTATORS: Readonly<Record<string, (random: Random) => string>> = {
  'a byte of the file': (random) => {
    const bytes = Buffer.from(textOf(lines));
    const at = pick(random, bytes.length - 1);
    bytes[at] = bytes[at]! ^ (1 + pick(random, 255));
    return bytes.toString('latin1') === Buffer.from(textOf(lines)).toString('latin1')
      ? ''
      : bytes.toString('utf8');
  },
  'a row dropped': (random) => assemble(rows.toSpliced(pick(random, ROWS), 1)),
  'a row dropped, the chain made anew': (random) => assemble(rechain(rows.toSpliced(pick(random, ROWS), 1))),
  'two rows swapped': (random) => {
    const [a, b] = [pick(random, ROWS), pick(random, ROWS - 1)];
    const other = b >= a ? b + 1 : b;
    const changed = [...rows];
    [changed[a], changed[other]] = [rows[other]!, rows[a]!];
    return assemble(changed);
  },
  'two rows swapped, the chain made anew': (random) => {
    const a = pick(random, ROWS - 1);
    const changed = [...rows];
    [changed[a], changed[a + 1]] = [rows[a + 1]!, rows[a]!];
    return assemble(rechain(changed));
  },
  'a row twice': (random) => {
    const at = pick(random, ROWS);
    return assemble(rows.toSpliced(at, 0, rows[at]!));
  },
  'a row put in, the chain made anew': (random) => {
    const at = pick(random, ROWS);
    return assemble(rechain(rows.toSpliced(at, 0, { ...rows[at]!, payload: '{"forged":true}' })));
  },
  'a field changed': (random) => assemble(changeField(random)),
  'a field changed, the chain made anew': (random) => assemble(rechain(changeField(random))),
  'the tail cut off, with its checkpoints': (random) => {
    const length = pick(random, ROWS);
    return assemble(
      rows.slice(0, length),
      notes.filter((note) => Number(note.split('\n')[1]) <= length),
    );
  },
  'the beginning cut off': (random) => assemble(rows.slice(1 + pick(random, ROWS - 1))),
  'written anew and signed with another key': (random) => {
    const forged = rechain(changeField(random));
    const thief = passingKey();
    const signed = notes.map((note) => {
      const size = Number(note.split('\n')[1]);
      return signCheckpoint(head.id, forged[size - 1]!, 1, thief);
    });
    return assemble(forged, signed);
  },
  'written anew and signed with the stolen key': (random) => {
    const forged = rechain(changeField(random));
    const stolen = openCheckpointKey(`${file}.key`);
    const signed = notes.map((note) => {
      const size = Number(note.split('\n')[1]);
      return signCheckpoint(head.id, forged[size - 1]!, 1, stolen);
    });
    return assemble(forged, signed);
  },
  'another journal in its place': () => {
    const id = createHash('sha256').update('other').digest('hex').slice(0, 32);
    let hash = genesisHash(id);
    const stolen = openCheckpointKey(`${file}.key`);
    const others = rows.map((row) => {
      hash = rowHash(hash, row);
      return { ...row, hash };
    });
    const before = { seq: 0, hash: genesisHash(id) };
    const signed = notes.map((note) =>
      signCheckpoint(id, others[Number(note.split('\n')[1]) - 1]!, 1, stolen),
    );
    return textOf([headLine({ ...head, id, before }), ...others.map(rowLine), ...signed.map(noteLine)]);
  },
};

function changeField(random: Random): StoredRow[] {
  const at = pick(random, ROWS);
  const row = rows[at]!;
  const changes: readonly StoredRow[] = [
    { ...row, at: row.at + 1 },
    { ...row, kind: `${row.kind}x` },
    { ...row, ref: row.ref === null ? '' : null },
    { ...row, payload: row.payload.replace('{', '{ ') },
    { ...row, payload: row.payload.replace(/\d/, (digit) => String((Number(digit) + 1) % 10)) },
    { ...row, hash: createHash('sha256').update(row.hash).digest() },
  ];
  const kept = changes.slice(0, -1)[pick(random, changes.length - 1)]!;
  return rows.with(at, kept);
}

it('a journal that nobody touched has no findings, in each form', async () => {
  expect(await findingsIn(textOf(lines), outside)).toEqual([]);
  const source = openSqliteSource(file);
  const verdict = await verify(source, { key, outside });
  await source.close();
  expect(verdict).toMatchObject({ findings: [], first: 1, last: ROWS, provedTo: ROWS });
  expect(verdict.outside).toBe(outside.length);
});

it(`${MUTATIONS} mutations are all found`, async () => {
  const seed = Date.now() % 1_000_000;
  const random = seeded(seed);
  const names = Object.keys(MUTATORS);
  for (let run = 0; run < MUTATIONS; run++) {
    const name = names[run % names.length]!;
    const text = MUTATORS[name]!(random);
    const findings = await findingsIn(text, outside);
    if (findings.length === 0) expect.fail(`seed ${seed}, run ${run}: ${name} was not found`);
  }
}, 120_000);

it('what only a checkpoint from outside shows is not seen without one: that is what they are for', async () => {
  const random = seeded(1);
  for (const name of [
    'the tail cut off, with its checkpoints',
    'written anew and signed with the stolen key',
  ]) {
    expect(await findingsIn(MUTATORS[name]!(random), [])).toEqual([]);
  }
});

it('a byte changed anywhere in the database is found, or leaves every row as it was', async () => {
  const seed = Date.now() % 1_000_000;
  const random = seeded(seed);
  const database = new DatabaseSync(file);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
  const whole = readFileSync(file);
  const copy = join(folder, 'copy.db');
  let [found, harmless] = [0, 0];
  for (let run = 0; run < 150; run++) {
    const bytes = Buffer.from(whole);
    const at = pick(random, bytes.length);
    bytes[at] = bytes[at]! ^ (1 + pick(random, 255));
    for (const suffix of ['-wal', '-shm']) rmSync(`${copy}${suffix}`, { force: true });
    writeFileSync(copy, bytes);
    const outcome = await look(copy);
    if (outcome === null) found += 1;
    else {
      harmless += 1;
      expect(outcome, `seed ${seed}, run ${run}, byte ${at}`).toEqual(textOf(lines));
    }
  }
  expect(found).toBeGreaterThan(0);
  expect(found + harmless).toBe(150);
  copyFileSync(file, copy);
}, 60_000);

/** Null: something was found. Otherwise the rows, as text. */
async function look(path: string): Promise<string | null> {
  let source: Source | null = null;
  try {
    source = openSqliteSource(path);
    const { findings } = await verify(source, { key, outside });
    return findings.length > 0 ? null : textOf(await collect(jsonLines(source, EVERYTHING)));
  } catch (error) {
    if (error instanceof ToolError) return null;
    throw error;
  } finally {
    await source?.close();
  }
}
