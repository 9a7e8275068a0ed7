import { expect, test } from './support/fixtures.ts';
import { overview } from './support/overviewPage.ts';

const VERDICTS = [
  ['aligned', 'Aligned', 'The L2 chain is what L1 implies'],
  ['catching-up', 'Catching up', '4120 L1 blocks behind'],
  ['reorg', 'Reorg in progress', 'L1 dropped 2 blocks'],
  ['recovered', 'Aligned', 'The L2 chain is what L1 implies'],
  ['invalid-batch', 'Stalled', 'is invalid'],
  ['l1-down', 'Stalled', 'L1 RPC unreachable'],
  ['engine-down', 'Degraded', 'The execution engine does not answer'],
  ['first-start', 'Unknown', 'Waiting for the first L1 block from 127.0.0.1:8545'],
  ['empty', 'Aligned', 'Only genesis so far'],
  ['huge', 'Aligned', 'The L2 chain is what L1 implies'],
  ['diverged', 'Diverged', 'Our L2 is not what L1 implies'],
  ['halted', 'Halted', 'refused to cross it'],
] as const;

const HEADS = ['L1 head', 'L2 unsafe head', 'L2 safe head', 'L2 finalized head'] as const;

test.describe('the overview', () => {
  for (const [scenario, word, sentence] of VERDICTS) {
    test(`says its verdict and shows four heads: ${scenario}`, async ({ page, scripted, complaints }) => {
      await scripted.show(scenario);
      await page.goto(scripted.url);
      const at = overview(page);
      await expect(at.verdict).toContainText(word);
      await expect(at.verdict).toContainText(sentence);
      await expect(page).toHaveTitle(new RegExp(`${word} · scripted$`));
      for (const head of HEADS) await expect(at.head(head)).toBeVisible();
      await expect(at.pill).toHaveText('Live');
      expect(complaints).toEqual({ console: [], foreign: [] });
    });
  }

  test('gives every head its full hash', async ({ page, scripted }) => {
    await page.goto(scripted.url);
    const at = overview(page);
    for (const head of HEADS) {
      const tile = at.head(head);
      const hash = await tile.getAttribute('data-hash');
      expect(hash).toMatch(/^0x[0-9a-f]{64}$/);
      await expect(tile.getByTitle(hash!)).toBeVisible();
      await expect(tile).toContainText(hash!);
    }
  });

  test('repaints by itself when L1 grows, without a reload', async ({ page, scripted }) => {
    await page.goto(scripted.url);
    const safe = overview(page).head('L2 safe head');
    const before = await safe.getAttribute('data-number');
    await page.evaluate(() => {
      document.body.dataset['sameDocument'] = 'yes';
    });
    await scripted.command('advance');
    await scripted.command('advance');
    await expect(safe).not.toHaveAttribute('data-number', before!);
    await expect(page.locator('body')).toHaveAttribute('data-same-document', 'yes');
  });

  test('announces a reorg, and its recovery', async ({ page, scripted }) => {
    await page.goto(scripted.url);
    const at = overview(page);
    await expect(at.reorgBanner).toBeHidden();
    await scripted.show('reorg');
    await expect(at.reorgBanner).toHaveRole('alert');
    await expect(at.reorgBanner).toContainText('Reorg after L1');
    await expect(at.batches.getByRole('row').filter({ hasText: 'orphaned' }).first()).toBeVisible();
    await expect(at.reorgs).toContainText('L1_REORG');
    await at.reorgBanner.getByRole('button', { name: 'Dismiss' }).click();
    await expect(at.reorgBanner).toBeHidden();
    await scripted.show('recovered');
    await expect(at.verdict).toContainText('Aligned');
    await expect(at.reorgs).toContainText('recovered in');
  });

  test('shows an invalid batch with its reason', async ({ page, scripted }) => {
    await scripted.show('invalid-batch');
    await page.goto(scripted.url);
    const at = overview(page);
    await expect(at.batches.getByRole('row').filter({ hasText: 'LAST_BLOCK_HASH_MISMATCH' })).toBeVisible();
    await expect(at.trouble).toContainText('INVALID_BATCH');
    await expect(at.trouble).toContainText('no further try');
  });

  test('shows a catch-up with the reason why there is no estimate, then the estimate', async ({
    page,
    scripted,
  }) => {
    await scripted.show('catching-up');
    await page.goto(scripted.url);
    const { sync } = overview(page);
    await expect(sync).toContainText('no estimate: the speed was measured for only 8 s');
    await scripted.command('advance');
    await expect(sync).toContainText('about 6 m 10 s left');
    await expect(sync.getByRole('progressbar')).toHaveAttribute('max', '14118');
  });

  test('keeps the layers of freshness apart', async ({ page, scripted }) => {
    await scripted.show('l1-down');
    await page.goto(scripted.url);
    const layers = overview(page).freshness.getByRole('listitem');
    await expect(layers).toHaveCount(5);
    await expect(layers.filter({ hasText: 'Page' })).toContainText('Live');
    await expect(layers.filter({ hasText: 'L1 RPC' })).toContainText('connection refused');
    await expect(layers.filter({ hasText: 'L2 engine' })).not.toContainText('refused');
  });

  test('tells that no node runs, and fills by nothing it made up', async ({ page, emptyServer }) => {
    await page.goto(emptyServer.url);
    await expect(page.getByRole('region', { name: 'Verdict' })).toContainText(
      'No node is running in this process.',
    );
    await expect(page.getByRole('region', { name: 'L1 head' })).toHaveCount(0);
    const status = await page.request.get(`${emptyServer.url}/api/v1/status`);
    expect(status.status()).toBe(503);
    expect(await status.json()).toEqual({ code: 'NO_NODE', message: 'No node is running in this process.' });
  });

  test('has a page for what does not exist', async ({ page, scripted }) => {
    const answer = await page.goto(`${scripted.url}/nothing-here`);
    expect(answer?.status()).toBe(404);
    await expect(page.getByRole('heading', { name: 'There is no such page' })).toBeVisible();
    await expect(page.getByRole('link', { name: 'Go to the overview' })).toHaveAttribute('href', '/');
  });
});

test.describe('the alignment', () => {
  for (const scenario of ['aligned', 'reorg', 'huge', 'catching-up'] as const) {
    test(`is the same in picture and table: ${scenario}`, async ({ page, scripted }) => {
      await scripted.command('refresh=off');
      await scripted.show(scenario);
      await page.goto(scripted.url);
      const { alignment } = overview(page);
      await expect(alignment.getByRole('img')).toBeVisible();
      const blocksOf = (selector: string) =>
        alignment
          .locator(selector)
          .evaluateAll((all) =>
            all.map((one) => `${one.getAttribute('data-l1')} ${one.getAttribute('data-hash')}`).sort(),
          );
      const drawn = await blocksOf('svg [data-l1]');
      expect(await alignment.locator('svg.lanes *').count()).toBeLessThanOrEqual(300);
      await alignment.getByRole('button', { name: 'Table' }).click();
      await expect(alignment.getByRole('table')).toBeVisible();
      expect(await blocksOf('tr[data-l1]')).toEqual(drawn);
      expect(drawn.length).toBeGreaterThanOrEqual(12);
    });
  }

  test('is reached and turned by keyboard alone', async ({ page, scripted }) => {
    await page.goto(scripted.url);
    // A key pressed while the page is still being taken over by its script may reach nobody.
    await expect(overview(page).pill).toHaveText('Live');
    await page.bringToFront();
    await page.keyboard.press('Tab');
    await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused();
    const table = page.getByRole('button', { name: 'Table' });
    for (let i = 0; i < 60 && !(await table.evaluate((one) => one === document.activeElement)); i++)
      await page.keyboard.press('Tab');
    await expect(table).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('table', { name: /L1 blocks with the batches/ })).toBeVisible();
    await page.keyboard.press('Tab');
    await expect(page.getByRole('region', { name: 'Alignment table' })).toBeFocused();
  });
});

test.describe('the theme', () => {
  test('is turned by a button, kept over a reload, and right from the first byte', async ({
    page,
    scripted,
  }) => {
    await page.emulateMedia({ colorScheme: 'light' });
    await page.goto(scripted.url);
    await page.getByRole('button', { name: 'Change between light and dark theme' }).click();
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
    const html = await (await page.request.get(scripted.url)).text();
    expect(html).toContain('data-theme="dark"');
    await page.reload();
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  });
});
