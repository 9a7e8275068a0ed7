import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JournalStore } from '../journal/journal.ts';
import { openPostgresJournal } from '../journal/postgres.ts';
import { openJournal } from '../journal/sqlite.ts';
import { Secret } from '../telemetry/secret.ts';
import { hasPostgres, postgresSchema } from '../testing/postgresForTests.ts';
import { cell } from './export.ts';

const TOOL = fileURLToPath(new URL('./main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'plumbline-journal-tool-'));
const clock = { now: () => 1_700_000_000_000 };
const file = join(folder, 'journal.db');
const outside = join(folder, 'outside');
let journal: JournalStore;

beforeAll(async () => {
  journal = await openJournal({ file, clock, checkpointFile: outside });
  await journal.append('node.started', { mode: 'drive' });
  for (let number = 1; number <= 250; number++) {
    await journal.append('batch.applied', { batch: number }, `batch:${number}`);
  }
  await journal.append('operator.paused', { actor: 'ana', reason: '=HYPERLINK("x")' });
});
afterAll(async () => {
  await journal.close();
  rmSync(folder, { recursive: true, force: true });
});

function run(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const argv = ['--disable-warning=ExperimentalWarning', TOOL, ...args];
    execFile(process.execPath, argv, { env: { NODE_ENV: 'test' }, maxBuffer: 1 << 26 }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

describe('plumbline journal', () => {
  it('verifies the journal of a running node, given its folder, and says what that is worth', async () => {
    expect(await run('verify', folder)).toEqual({
      code: 0,
      out: 'Rows 1 to 252 are whole and in order; 2 checkpoints hold; none from elsewhere was given: a tail that was cut off would not be seen.\n',
      err: '',
    });
    const { out } = await run('verify', file, '--checkpoints', outside, '--json');
    expect(JSON.parse(out)).toMatchObject({ findings: [], last: 252, outside: 2, provedTo: 200 });
  });

  it('finds in a copy what was done to it, and ends with code 3', async () => {
    const copy = join(folder, 'copy.db');
    new DatabaseSync(file, { readOnly: true }).prepare('VACUUM INTO ?').run(copy);
    const database = new DatabaseSync(copy);
    database.exec('DROP TRIGGER journal_event_no_delete; DELETE FROM journal_event WHERE seq = 100');
    database.close();
    const { code, out } = await run('verify', copy);
    expect(code).toBe(3);
    expect(out).toContain('after row 99 comes row 101');
  });

  it('exports what can be verified, in full or from a row on, and refuses to vouch for an extract', async () => {
    const whole = join(folder, 'whole.jsonl');
    expect((await run('export', file, '--out', whole)).code).toBe(0);
    expect(readFileSync(whole, 'utf8').trimEnd().split('\n')).toHaveLength(1 + 252 + 2);
    const key = `${file}.key.pub`;
    expect((await run('verify', whole, '--key', key, '--checkpoints', outside)).code).toBe(0);
    const part = join(folder, 'part.jsonl');
    await run('export', file, '--from', '150', '--to', '220', '--out', part);
    expect((await run('verify', part, '--key', key)).out).toContain('Rows 150 to 220 are whole');
    const some = join(folder, 'some.jsonl');
    await run('export', file, '--kind', 'operator', '--out', some);
    expect(readFileSync(some, 'utf8')).toContain('"kind":"operator.paused"');
    expect(await run('verify', some)).toMatchObject({ code: 2, err: expect.stringContaining('extract') });
    writeFileSync(whole, readFileSync(whole, 'utf8').replace('"batch":77', '"batch":78'));
    expect((await run('verify', whole)).code).toBe(3);
  });

  it('writes CSV that no spreadsheet takes for formulas, filtered by kind, time and number', async () => {
    const { out } = await run('export', file, '--format', 'csv', '--kind', 'operator,node.started');
    expect(out.trimEnd().split('\n')).toMatchObject([
      'seq,time,kind,ref,payload,hash',
      expect.stringMatching(
        /^1,2023-11-14T22:13:20.000Z,node.started,,"\{""mode"":""drive""\}",[0-9a-f]{64}$/,
      ),
      expect.stringMatching(/^252,/),
    ]);
    expect(['=1', '+1', '-1', '@x', '\tx', 'a,b', 'plain'].map(cell)).toEqual([
      "'=1",
      "'+1",
      "'-1",
      "'@x",
      "'\tx",
      '"a,b"',
      'plain',
    ]);
    const later = await run('export', file, '--format', 'csv', '--since', '2024-01-01T00:00:00Z');
    expect(later.out.trimEnd().split('\n')).toHaveLength(1);
  });

  it('says in one sentence what is wrong with the command line or the place', async () => {
    expect(await run('verify', join(folder, 'absent.db'))).toMatchObject({
      code: 1,
      err: expect.stringContaining('does not exist'),
    });
    expect(await run('verify', outside)).toMatchObject({ code: 3 });
    expect(await run('export', file, '--format', 'xml')).toMatchObject({
      code: 2,
      err: expect.stringContaining('jsonl or csv'),
    });
    expect(await run('destroy', file)).toMatchObject({ code: 2 });
    expect(await run('verify', file, '--key', outside)).toMatchObject({
      code: 1,
      err: expect.stringContaining('no public key'),
    });
  });

  it.runIf(hasPostgres)(
    'reads a journal in PostgreSQL as well',
    async () => {
      const schema = await postgresSchema('journal_tool_test');
      const keyFile = join(folder, 'pg.key');
      const open = (node: string) =>
        openPostgresJournal({
          url: new Secret(schema.url),
          node,
          clock,
          keyFile,
          checkpointFile: join(folder, 'pg-outside'),
        });
      const [a, b] = [await open('a'), await open('b')];
      await a.appendAll(
        Array.from({ length: 1_100 }, (_, number) => ({ kind: 'batch.applied', payload: { number } })),
      );
      await b.append('node.started', {});
      await a.close();
      expect(await run('verify', schema.url)).toMatchObject({
        code: 2,
        err: expect.stringContaining('one of: a, b'),
      });
      const args = ['--node', 'a', '--key', `${keyFile}.pub`, '--checkpoints', join(folder, 'pg-outside')];
      expect(await run('verify', schema.url, ...args)).toMatchObject({
        code: 0,
        out: expect.stringContaining('Rows 1 to 1100 are whole'),
      });
      await b.close();
      await schema.sql(
        'ALTER TABLE journal_event DISABLE TRIGGER ALL; DELETE FROM journal_event WHERE seq > 1000',
      );
      expect((await run('verify', schema.url, ...args)).out).toContain('its tail was cut off');
      await schema.dispose();
    },
    60_000,
  );
});
