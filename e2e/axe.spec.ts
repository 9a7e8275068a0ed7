import type { Page } from '@playwright/test';
import { SCRIPTED_OPERATOR_TOKEN } from '../server/testing/scriptedOperator.ts';
import { SCENARIOS } from '../server/testing/scriptedStatus.ts';
import { complaintsOfAxe, everyForm, type Width } from './support/axe.ts';
import { expect, test } from './support/fixtures.ts';
import { overview } from './support/overviewPage.ts';
import { PAGES } from './support/places.ts';

/** Shown with each result, so that one can see how much was looked at. */
let scans = 0;
test.beforeEach(() => {
  scans = 0;
});
// biome-ignore lint/correctness/noEmptyPattern: the runner reads the fixtures wanted from this pattern.
test.afterEach(({}, info) => {
  info.annotations.push({ type: 'scans', description: String(scans) });
});

/**
 * Each page in each of its states, at each width and in each theme: axe finds nothing, and nothing runs over the side.
 * A page is loaded once a state and turned through its forms in place.
 */
const clean = (page: Page, what: string, widths?: readonly Width[]): Promise<void> =>
  everyForm(
    page,
    async (form) => {
      scans += 1;
      expect.soft(await complaintsOfAxe(page), `${what}, ${form}`).toEqual([]);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect.soft(over, `${what}, ${form}: runs over the side by`).toBeLessThanOrEqual(0);
    },
    widths,
  );

const live = (page: Page) => expect(page.getByTestId('live-pill')).toHaveText('Live');
const opened = async (page: Page, url: string): Promise<void> => {
  await page.setViewportSize({ width: 1440, height: 1000 });
  await page.goto(url);
  await live(page);
};

/** Where a filter finds nothing. */
const FILTERED: Readonly<Record<string, string>> = {
  '/reorgs': '?q=nothing-like-this&minDepth=2',
  '/batches': '?q=nothing-like-this',
  '/activity': '?q=nothing-like-this&kinds=reorg',
  '/leaders': '?who=0x00000000000000000000000000000000000000ff',
  '/chain': '?at=99999',
};
/** Pages that say what is missing before the first L1 block; the overview is looked at in every scene below. */
const BEFORE_DATA = new Set(['/chain', '/leaders', '/health']);
/** Pages whose content is read from the journal, which may be slow or gone. The others come whole with the first byte. */
const OF_THE_PAST = new Set([
  '/chain',
  '/reorgs',
  '/reorgs/r-57',
  '/leaders',
  '/batches',
  '/batches/901',
  '/activity',
]);

test.describe.configure({ mode: 'parallel', timeout: 240_000 });

for (const { path } of PAGES) {
  test(`axe finds nothing on ${path}: live, degraded, empty, filtered, loading, failing`, async ({
    page,
    scripted,
    complaints,
  }) => {
    const at = `${scripted.url}${path}`;
    await scripted.command('operator=on&devnet=on&show=recovered');
    await opened(page, at);
    await clean(page, 'live');
    if (FILTERED[path] !== undefined) {
      await opened(page, `${at}${FILTERED[path]}`);
      // The lanes look back through the whole log for it first.
      if (path === '/chain') await expect(page.getByText(/is not in this log/)).toBeVisible();
      await clean(page, 'filtered to nothing');
    }
    for (const scenario of [
      'engine-down',
      'empty',
      ...(BEFORE_DATA.has(path) ? (['first-start'] as const) : []),
    ] as const) {
      await scripted.show(scenario);
      await opened(page, at);
      await clean(page, scenario);
    }
    expect(complaints).toEqual({ console: [], foreign: [] });
    if (!OF_THE_PAST.has(path)) return;
    await scripted.command('show=recovered&past=broken');
    await opened(page, at);
    await expect(page.getByText('The journal does not answer: the disk is full').first()).toBeVisible();
    await clean(page, 'the journal fails');
    await scripted.command('past=slow');
    await page.goto(at, { waitUntil: 'commit' });
    await live(page);
    await expect(page.locator('[aria-busy="true"]').first()).toBeVisible();
    await clean(page, 'loading');
    await scripted.command('past=well');
    await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
    expect(complaints).toEqual({ console: [], foreign: [] });
  });
}

test('axe finds nothing where the news is old', async ({ page, scripted }) => {
  await scripted.command('show=recovered&refresh=off');
  for (const { path } of PAGES) {
    await page.goto(`${scripted.url}${path}`);
    await expect(page.getByRole('region', { name: 'Verdict' })).toContainText('(last known: Aligned)');
    await clean(page, `old: ${path}`);
  }
});

test('axe finds nothing without a node', async ({ page, emptyServer }) => {
  for (const { path } of PAGES) {
    await opened(page, `${emptyServer.url}${path}`);
    await clean(page, `no node: ${path}`);
  }
});

test('axe finds nothing where there is nothing, and while the connection is lost or paused', async ({
  page,
  scripted,
}) => {
  await scripted.show('recovered');
  for (const path of ['/nothing-here', '/reorgs/r-99999', '/batches/99999']) {
    await page.goto(`${scripted.url}${path}`);
    await clean(page, path);
  }
  const pill = page.getByTestId('live-pill');
  await opened(page, scripted.url);
  await page.keyboard.press('p');
  await expect(pill).toHaveText('Paused');
  await clean(page, 'paused');
  await opened(page, scripted.url);
  await scripted.command('stream=off');
  await expect(pill).toHaveText(/^Reconnecting/);
  await clean(page, 'reconnecting');
  await scripted.command('api=off');
  await expect(pill).toHaveText('Offline');
  await clean(page, 'offline');
});

for (const part of [0, 1, 2]) {
  const scenes = SCENARIOS.filter((_, i) => i % 3 === part);
  test(`axe finds nothing on the overview: ${scenes.join(', ')}`, async ({ page, scripted, complaints }) => {
    for (const scene of scenes) {
      await scripted.show(scene);
      await opened(page, scripted.url);
      const { switcher } = overview(page);
      if ((await switcher.count()) > 0) await switcher.click();
      await clean(page, scene);
    }
    expect(complaints).toEqual({ console: [], foreign: [] });
  });
}

test('axe finds nothing in the tables behind the pictures, and in what unfolds', async ({
  page,
  scripted,
}) => {
  await scripted.command('operator=on&show=recovered');
  for (const path of ['/', '/chain', '/reorgs', '/reorgs/r-57', '/batches', '/health']) {
    await opened(page, `${scripted.url}${path}`);
    const alignment = page.locator('main').getByRole('button', { name: 'Table', exact: true });
    if ((await alignment.count()) > 0) await alignment.click();
    // Each turns into the way back, so that the first of those left is always the next.
    const charts = page.locator('main').getByRole('button', { name: 'View as table' });
    for (let left = await charts.count(); left > 0; left--) await charts.first().click();
    for (const fold of await page.locator('details:not([open]) > summary').all()) await fold.click();
    await clean(page, `tables: ${path}`);
  }
  await opened(page, `${scripted.url}/activity`);
  await page
    .getByRole('button', { name: /^Details of event/ })
    .first()
    .click();
  await clean(page, 'details of an event');
  await opened(page, `${scripted.url}/api-docs`);
  const heads = page.locator('[data-route="heads"]');
  await heads.getByRole('button', { name: 'Try' }).click();
  await expect(heads.getByRole('region')).toContainText('HTTP 200');
  await clean(page, 'an answer of the API');
});

test('axe finds nothing in the palette, the keys and the sheet', async ({ page, scripted }) => {
  await scripted.show('recovered');
  await opened(page, `${scripted.url}/reorgs`);
  await page.keyboard.press('/');
  const dialog = page.getByRole('dialog');
  await expect(dialog).toBeVisible();
  await clean(page, 'palette');
  const box = page.getByRole('combobox', { name: 'Search, or choose an action' });
  await box.fill('901');
  await expect(dialog.getByRole('option').filter({ hasText: 'Batch 901' }).first()).toBeVisible();
  await clean(page, 'palette with hits');
  await box.fill('999999999999');
  await expect(dialog.getByRole('status')).toHaveText('This number is ahead of every head.');
  await clean(page, 'palette without hits');
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keys' })).toBeVisible();
  await clean(page, 'keys');
  await page.keyboard.press('Escape');
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole('button', { name: 'More', exact: true }).click();
  await expect(page.getByRole('dialog', { name: 'More' })).toBeVisible();
  await clean(page, 'more', [390, 320]);
});

test('axe finds nothing in the dialogs of an operator, step by step', async ({ page, scripted }) => {
  await scripted.command('operator=on&show=recovered');
  await opened(page, `${scripted.url}/health`);
  const panel = page.getByRole('region', { name: 'Operator' });
  await page.getByRole('banner').getByRole('button', { name: 'Sign in as operator' }).click();
  const form = page.getByRole('dialog', { name: 'Sign in as operator' });
  await form.getByLabel('Operator token').fill('f'.repeat(64));
  await form.getByRole('button', { name: 'Sign in' }).click();
  await expect(form.getByRole('alert')).toHaveText('This is not a token of this node.');
  await clean(page, 'sign-in, refused');
  await form.getByLabel('Operator token').fill(SCRIPTED_OPERATOR_TOKEN);
  await form.getByRole('button', { name: 'Sign in' }).click();
  await expect(form).toHaveCount(0);

  await panel.getByRole('button', { name: 'Pause the driver' }).click();
  await clean(page, 'pause');
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();

  await panel.getByRole('button', { name: /^Resync from L1/ }).click();
  const resync = page.getByRole('dialog', { name: 'Resync from L1' });
  const execute = resync.getByRole('button', { name: 'Resync 12 blocks' });
  await clean(page, 'resync: target');
  await resync.getByRole('button', { name: 'See what would happen' }).click();
  await expect(resync.getByRole('region', { name: 'Impact' })).toBeVisible();
  await clean(page, 'resync: impact');
  await resync.getByRole('button', { name: 'Continue' }).click();
  // `click` waits until what is aria-disabled is so no more; a key presses it as it stands.
  await execute.press('Enter');
  await expect(resync.getByRole('alert')).not.toBeEmpty();
  await clean(page, 'resync: confirm, something lacks');
  await resync.getByLabel('Reason, kept in the journal').fill('stuck after an RPC swap');
  await resync.getByLabel('Name of this node').fill('scripted');
  await execute.click();
  await expect(resync).toContainText('Going back');
  await clean(page, 'resync: going on');
  await scripted.command('resync=failed');
  await expect(resync).toContainText('failed: the engine keeps its head');
  await clean(page, 'resync: failed');
  await scripted.command('resync=done');
  await expect(resync).toContainText('in plumb with L1 again');
  await clean(page, 'resync: done');
});
