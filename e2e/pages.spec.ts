import { expect, takenOver, test } from './support/fixtures.ts';
import { PAGES } from './support/places.ts';

const heading = (name: string | RegExp) => ({ level: 1, name }) as const;

test.describe('every page', () => {
  test('has its heading, its verdict and its place in the navigation, and complains of nothing', async ({
    page,
    scripted,
    complaints,
  }) => {
    await scripted.show('recovered');
    for (const { path, heading: name } of PAGES) {
      await page.goto(`${scripted.url}${path}`);
      await expect(page.getByRole('heading', heading(name))).toBeAttached();
      await expect(page.getByRole('region', { name: 'Verdict' })).toContainText('Aligned');
      await expect(page.getByTestId('live-pill')).toHaveText('Live');
      await expect(
        page.getByRole('navigation', { name: 'Pages' }).locator('[aria-current="page"]'),
      ).toHaveCount(1);
    }
    expect(complaints).toEqual({ console: [], foreign: [] });
  });

  test('is there without a node, and says so', async ({ page, emptyServer }) => {
    for (const { path } of PAGES) {
      await page.goto(`${emptyServer.url}${path}`);
      await expect(page.getByRole('region', { name: 'Verdict' })).toContainText('No node is running');
    }
  });

  test('is reached by keys, and the stream is opened once for all of them', async ({ page, scripted }) => {
    const streams: string[] = [];
    page.on('request', (request) => {
      if (request.url().includes('/api/trpc/onUpdate')) streams.push(request.url());
    });
    await page.goto(scripted.url);
    await expect(page.getByTestId('live-pill')).toHaveText('Live');
    for (const [key, name] of [
      ['c', 'Chain'],
      ['r', 'Reorgs'],
      ['l', 'Leaders'],
      ['b', 'Batches'],
      ['h', 'Health'],
      ['a', 'Activity'],
      ['s', 'Settings'],
      ['o', 'Overview'],
    ] as const) {
      // The two keys belong together for 1.5 s: on a machine that is slower than that they are pressed again.
      await expect(async () => {
        await page.keyboard.press('g');
        await page.keyboard.press(key);
        await expect(page.getByRole('heading', heading(name))).toBeAttached({ timeout: 5_000 });
      }).toPass();
      await expect(page).toHaveTitle(
        name === 'Overview' ? '● Aligned · scripted' : `● Aligned · ${name} · scripted`,
      );
    }
    expect(streams).toHaveLength(1);
  });

  test('dims and says Unknown when its news is old', async ({ page, scripted }) => {
    await page.goto(`${scripted.url}/reorgs`);
    await expect(page.getByTestId('live-pill')).toHaveText('Live');
    await scripted.command('refresh=off');
    await expect(page.locator('[data-stale]')).toHaveAttribute('data-stale', 'true', { timeout: 20_000 });
    await expect(page.getByRole('region', { name: 'Verdict' })).toContainText('(last known: Aligned)');
    await expect(page).toHaveTitle('◌ Unknown · Reorgs · scripted');
  });
});

test.describe('search and keys', () => {
  test('lead from an orphaned hash to the reorg that orphaned it', async ({ page, scripted }) => {
    await scripted.show('recovered');
    const status = (await (await page.request.get(`${scripted.url}/api/v1/status`)).json()) as {
      reorgs: { id: string; droppedL2: { hash: string }[] }[];
    };
    const reorg = status.reorgs[0]!;
    await page.goto(`${scripted.url}/settings`);
    await expect(page.getByTestId('live-pill')).toHaveText('Live');
    await page.keyboard.press('/');
    const box = page.getByRole('combobox', { name: 'Search, or choose an action' });
    await expect(box).toBeFocused();
    await box.fill(reorg.droppedL2[0]!.hash);
    const hit = page.getByRole('dialog').getByRole('option').first();
    await expect(hit).toContainText('was orphaned by this reorg');
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(`${scripted.url}/reorgs/${reorg.id}`);
    await expect(page.getByRole('dialog')).toBeHidden();
  });

  test('lead from a batch that was committed twice to the part of the commit that was chosen', async ({
    page,
    scripted,
  }) => {
    await scripted.show('recovered');
    const status = (await (await page.request.get(`${scripted.url}/api/v1/status`)).json()) as {
      batches: { number: number; progress: string; l1Block: { hash: string } }[];
    };
    const batch = status.batches.find(({ progress }) => progress === 'orphaned')!;
    await page.goto(`${scripted.url}/settings`);
    await expect(page.getByTestId('live-pill')).toHaveText('Live');
    await page.keyboard.press('/');
    await page.getByRole('combobox', { name: 'Search, or choose an action' }).fill(String(batch.number));
    await page
      .getByRole('option')
      .filter({ hasText: `Batch ${batch.number}` })
      .filter({ hasText: 'orphaned' })
      .click();
    const part = page.locator(`#commit-${batch.l1Block.hash}`);
    await expect(part).toContainText('orphaned');
    await expect(part).toBeInViewport();
  });

  test('say why nothing was found, and close with Escape, giving the focus back', async ({
    page,
    scripted,
  }) => {
    await page.goto(scripted.url);
    const button = page.getByRole('button', { name: 'Search' });
    await expect(page.getByTestId('live-pill')).toHaveText('Live');
    await button.focus();
    await page.keyboard.press('Control+k');
    const box = page.getByRole('combobox', { name: 'Search, or choose an action' });
    await box.fill('999999999999');
    await expect(page.getByRole('dialog').getByRole('status')).toHaveText(
      'This number is ahead of every head.',
    );
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toBeHidden();
    await expect(button).toBeFocused();
  });

  test('list all keys, and are silent when they are switched off', async ({ page, scripted }) => {
    await page.goto(`${scripted.url}/settings`);
    await expect(page.getByTestId('live-pill')).toHaveText('Live');
    await page.keyboard.press('?');
    await expect(page.getByRole('dialog', { name: 'Keys' })).toContainText('Go to Reorgs');
    await page.keyboard.press('Escape');
    await page.getByRole('checkbox', { name: /^Single keys/ }).uncheck();
    await page.getByRole('heading', heading('Settings')).click();
    await page.keyboard.press('?');
    await page.keyboard.press('g');
    await page.keyboard.press('r');
    await expect(page.getByRole('dialog')).toHaveCount(0);
    await expect(page.getByRole('heading', heading('Settings'))).toBeVisible();
  });

  test('pause the picture and give it back', async ({ page, scripted }) => {
    await page.goto(scripted.url);
    await expect(page.getByTestId('live-pill')).toHaveText('Live');
    const head = page.getByRole('region', { name: 'L2 safe head', exact: true });
    const before = await head.getAttribute('data-number');
    await page.keyboard.press('p');
    await expect(page.getByTestId('live-pill')).toHaveText('Paused');
    await scripted.command('advance');
    await scripted.command('advance');
    await scripted.command('show=halted');
    // The title goes on: it is how a tab tells of what it does not draw.
    await expect(page).toHaveTitle(/Halted/);
    await expect(head).toHaveAttribute('data-number', before!);
    await page.getByRole('button', { name: 'Resume', exact: true }).click();
    await expect(page.getByRole('region', { name: 'Verdict' })).toContainText('Halted');
  });
});

test.describe('the settings', () => {
  test('are kept, right from the first byte, and known to every page', async ({ page, scripted }) => {
    await page.goto(`${scripted.url}/settings`);
    await expect(page.getByTestId('live-pill')).toHaveText('Live');
    await page.getByRole('radio', { name: 'compact' }).check();
    await page.getByRole('radio', { name: 'dark' }).check();
    await page.getByRole('radio', { name: /^absolute/ }).check();
    await page
      .getByRole('textbox', { name: 'L1 transaction' })
      .fill('https://explorer.example/tx/{id}?a=1&b=2');
    const html = await (await page.request.get(`${scripted.url}/batches`)).text();
    expect(html).toContain('data-density="compact"');
    expect(html).toContain('data-theme="dark"');
    await page.goto(`${scripted.url}/batches`);
    const link = page.getByRole('link', { name: /^Open commit transaction of batch/ }).first();
    await expect(link).toHaveAttribute('href', /^https:\/\/explorer\.example\/tx\/0x[0-9a-f]{64}\?a=1&b=2$/);
    await expect(link).toHaveAttribute('rel', 'noreferrer noopener');
    await expect(page.locator('tr[data-batch]').first()).not.toContainText('ago');
  });

  test('show times in the reader’s zone', async ({ browser, scripted }) => {
    await scripted.show('recovered');
    const context = await browser.newContext({ timezoneId: 'Asia/Kolkata' });
    const page = await context.newPage();
    await page.goto(`${scripted.url}/settings`);
    await takenOver(page);
    await page.getByRole('radio', { name: 'local' }).check();
    await page.goto(`${scripted.url}/reorgs/r-56`);
    const detected = page.getByRole('region', { name: 'What happened' }).locator('time').first();
    await expect(detected).toContainText('+05:30');
    await expect(detected).toHaveAttribute('title', / UTC · .*\+05:30 here$/);
    await context.close();
  });

  test('refuse an explorer that is no web address, in words', async ({ page, scripted }) => {
    await page.goto(`${scripted.url}/settings`);
    const field = page.getByRole('textbox', { name: 'L2 block' });
    await field.fill('javascript:alert(1)//{id}');
    await expect(field).toHaveAttribute('aria-invalid', 'true');
    await expect(page.getByText('Only http and https addresses are linked.')).toBeVisible();
  });
});
