import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseVerifierKey } from '../journalTool/note.ts';
import { openPostgresSource } from '../journalTool/postgresSource.ts';
import type { Source } from '../journalTool/source.ts';
import { openSqliteSource } from '../journalTool/sqliteSource.ts';
import { verify } from '../journalTool/verify.ts';
import { Secret } from '../telemetry/secret.ts';
import { hasPostgres, type PostgresSchema, postgresSchema } from '../testing/postgresForTests.ts';
import { openPostgresJournal } from './postgres.ts';
import { retentionSuite } from './retentionSuite.ts';
import { openJournal } from './sqlite.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-retention-'));
let files = 0;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The verdict of the tool, with the checkpoints that lie elsewhere. */
async function judge(source: Source, keyFile: string, checkpointFile: string) {
  const key = parseVerifierKey(readFileSync(`${keyFile}.pub`, 'utf8'));
  const outside = readFileSync(checkpointFile, 'utf8').trimEnd().split('\n');
  const verdict = await verify(source, { key, outside: outside.map((line) => JSON.parse(line) as string) });
  await source.close();
  return verdict;
}

retentionSuite('SQLite', async (clock, keepDays) => {
  const file = join(folder, `${++files}.db`);
  const checkpointFile = `${file}.outside`;
  const journal = await openJournal({ file, clock, keepDays, checkpointFile });
  return { journal, look: () => judge(openSqliteSource(file), `${file}.key`, checkpointFile) };
});

it('years that are too old at once go a slice at a time: nobody who tends the journal waits for all of them', async () => {
  let now = 1_700_000_000_000;
  const journal = await openJournal({ file: null, clock: { now: () => now }, keepDays: 1 });
  const events = Array.from({ length: 1_000 }, (_, number) => ({
    kind: 'node.started',
    payload: { number },
  }));
  for (let group = 0; group < 11; group++) await journal.appendAll(events);
  // Folded: what is not is kept.
  for (let question = 0; question < 3; question++) await journal.models.openIntents();
  now += 2 * 86_400_000;
  await journal.append('node.started', {});
  const firsts: number[] = [];
  for (let tend = 0; tend < 3; tend++) {
    await journal.tend();
    firsts.push((await journal.since(0, 1))[0]!.seq);
  }
  expect(firsts).toEqual([5_001, 10_001, 11_001]);
  await journal.close();
});

describe.runIf(hasPostgres)('with a PostgreSQL server', () => {
  let schema: PostgresSchema;
  beforeAll(async () => {
    schema = await postgresSchema('journal_retention');
  }, 60_000);
  afterAll(() => schema.dispose(), 30_000);

  retentionSuite('PostgreSQL', async (clock, keepDays) => {
    const node = `node-${++files}`;
    const keyFile = join(folder, `${node}.key`);
    const checkpointFile = join(folder, `${node}.outside`);
    const url = new Secret(schema.url);
    const journal = await openPostgresJournal({ url, node, clock, keepDays, keyFile, checkpointFile });
    return {
      journal,
      look: async () => judge(await openPostgresSource(schema.url, node), keyFile, checkpointFile),
    };
  });
});
