import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { requiredFixture } from '../server/testing/fixtures.ts';
import { type Running, startCommand } from '../server/testing/process.ts';
import { overview } from './support/overviewPage.ts';

interface Expected {
  readonly lastBlock: number;
  readonly lastBlockHash: string;
  readonly privilegedCount: number;
}

const SET = '2026-02-04';
let devnet: Running<{ readonly dashboard: string }>;
let dir: string;

test.beforeAll(async () => {
  test.setTimeout(120_000);
  dir = mkdtempSync(join(tmpdir(), 'plumbline-recorded-'));
  devnet = await startCommand(
    [
      'devnet',
      '--replay',
      join(requiredFixture('ethrex'), SET),
      '--port',
      '0',
      '--l1-port',
      '0',
      '--data-dir',
      dir,
    ].concat(['--l1-block-time', '1']),
    { quiet: true },
  );
});

test.afterAll(async () => {
  await devnet?.stop();
  rmSync(dir, { recursive: true, force: true });
});

test('the batches of a real rollup are followed to its recorded head, with all its deposits', async ({
  page,
}) => {
  test.setTimeout(180_000);
  const expected = JSON.parse(
    readFileSync(join(requiredFixture('ethrex'), 'expected.json'), 'utf8'),
  ) as Record<string, Expected[]>;
  const batches = expected[SET]!;
  const last = batches.at(-1)!;
  await page.goto(devnet.ready.dashboard);
  const safe = overview(page).head('L2 safe head');
  await expect(safe).toHaveAttribute('data-number', String(last.lastBlock), { timeout: 150_000 });
  await expect(safe).toHaveAttribute('data-hash', last.lastBlockHash);
  await expect(overview(page).verdict).toContainText('Aligned');
  const status = (await (await fetch(`${devnet.ready.dashboard}/api/v1/status`)).json()) as {
    batches: { number: number; lastBlockHash: string; privilegedCount: number }[];
  };
  const followed = status.batches.toReversed();
  expect(followed.map((batch) => batch.lastBlockHash)).toEqual(batches.map((batch) => batch.lastBlockHash));
  const deposits = followed.reduce((sum, batch) => sum + batch.privilegedCount, 0);
  expect(deposits).toBe(192);
});
