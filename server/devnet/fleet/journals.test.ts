import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, expect, it } from 'vitest';
import { openJournal } from '../../journal/sqlite.ts';
import { judgeJournals } from './journals.ts';

const dir = mkdtempSync(join(tmpdir(), 'plumbline-journals-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it('the journals of a fleet are counted together, and one that is not whole is named', async () => {
  for (const name of ['node-1', 'node-2']) {
    const file = join(dir, 'nodes', name, 'journal.db');
    const journal = await openJournal({ file, clock: { now: () => 1_700_000_000_000 } });
    for (let number = 0; number < 3; number++) await journal.append('batch.applied', { number });
    await journal.append('node.stopped', {});
    await journal.close();
  }
  const names = ['node-1', 'node-2', 'never-started'];
  expect(await judgeJournals(dir, names)).toEqual({
    counts: { 'batch.applied': 6, 'node.stopped': 2 },
    violations: [],
  });
  const database = new DatabaseSync(join(dir, 'nodes', 'node-2', 'journal.db'));
  database.exec("DROP TRIGGER journal_event_no_update; UPDATE journal_event SET kind = 'x' WHERE seq = 2");
  database.close();
  expect((await judgeJournals(dir, names)).violations).toMatchObject([
    { rule: 'journals_whole', detail: expect.stringMatching(/^node-2: row 2 does not follow/) },
  ]);
});
