import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { ChaosError } from './chaosError.ts';
import { CONTROL_FILE, startChaosControl } from './control.ts';
import { chaosHandle } from './handle.ts';
import type { ChaosAnswer, ChaosCommand } from './verbTable.ts';
import { VERBS } from './verbTable.ts';

const dir = mkdtempSync(join(tmpdir(), 'plumbline-handle-'));
const handle = chaosHandle(join(dir, CONTROL_FILE));
let asked: ChaosCommand[] = [];
let answer: () => Promise<ChaosAnswer>;

beforeEach(() => {
  asked = [];
  answer = async () => ({ changed: true, sentence: 'Done.' });
});
afterAll(() => rmSync(dir, { recursive: true }));

const control = () =>
  startChaosControl(
    { dir, dashboards: [] },
    {
      run: (command) => {
        asked.push(command);
        return answer();
      },
    },
  );

test('every verb is offered with defaults that the verb itself takes', () => {
  const offered = handle.verbs();
  expect(offered.map(({ name }) => name)).toEqual(Object.keys(VERBS));
  for (const { name, args } of offered) {
    const defaults = Object.fromEntries(args.map((one) => [one.name, one.default]));
    expect(VERBS[name].args.parse({})).toEqual(VERBS[name].args.parse(defaults));
  }
});

test('a verb goes to the devnet that wrote the file, from the moment it did', async () => {
  expect(await handle.run('stop', {})).toEqual({
    ok: false,
    sentence: 'The devnet has not started yet, or has ended.',
  });
  const first = await control();
  expect(await handle.run('reorg', { depth: 5 })).toEqual({ ok: true, sentence: 'Done.' });
  expect(asked).toEqual([{ verb: 'reorg', args: { depth: 5, transactions: 'keep' } }]);
  await first.close();
  const second = await control();
  expect(await handle.run('status', {})).toEqual({ ok: true, sentence: 'Done.' });
  await second.close();
});

test('what the devnet cannot do is said in its own words', async () => {
  const { close } = await control();
  answer = () => Promise.reject(new ChaosError('not_now', 'Nobody leads.'));
  expect(await handle.run('stop', { node: 'leader' })).toEqual({ ok: false, sentence: 'Nobody leads.' });
  expect(await handle.run('reorg', { depth: 0 })).toMatchObject({
    ok: false,
    sentence: expect.stringContaining('depth'),
  });
  expect(await handle.run('__proto__', {})).toMatchObject({ ok: false });
  await close();
});
