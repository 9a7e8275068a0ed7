import { expect, test } from './support/fixtures.ts';
import { overview } from './support/overviewPage.ts';

const isStream = (url: string): boolean => url.includes('/api/trpc/onUpdate');

/** What happens on the page when the way to the server, or the driver behind it, goes quiet. */
test.describe('the live connection', () => {
  test('a drop of under three seconds shows nothing and loses nothing', async ({ page, scripted }) => {
    // The page's clock is moved by hand: how long this machine takes to connect again is no part of the three seconds.
    await page.clock.install();
    await page.goto(scripted.url);
    const at = overview(page);
    await expect(at.pill).toHaveText('Live');
    await page.clock.pauseAt(Date.now() + 1_000);
    await at.pill.evaluate((pill) => {
      const seen: (string | null)[] = [];
      new MutationObserver(() => seen.push(pill.textContent)).observe(pill, {
        subtree: true,
        childList: true,
        characterData: true,
      });
      Object.assign(window, { seenOnPill: seen });
    });
    let asked = 0;
    page.on('request', (request) => {
      if (isStream(request.url())) asked += 1;
    });
    const dropped = page.waitForEvent('requestfailed', (request) => isStream(request.url()));
    await scripted.command('stream=off');
    await dropped;
    await scripted.command('stream=on');
    // The page tries again 0.4 s after it noticed.
    for (let i = 0; i < 60 && asked === 0; i++) await page.clock.runFor(100);
    expect(asked).toBe(1);
    await page.clock.runFor(2_000);
    await scripted.show('halted');
    await expect(at.verdict).toContainText('Halted');
    await page.clock.runFor(3_500);
    await expect(at.pill).toHaveText('Live');
    expect(await page.evaluate(() => (window as unknown as { seenOnPill: string[] }).seenOnPill)).toEqual([]);
  });

  test('a longer drop shows the pill, the poll goes on, and the stream resumes', async ({
    page,
    scripted,
  }) => {
    await page.goto(scripted.url);
    const at = overview(page);
    await expect(at.pill).toHaveText('Live');
    await scripted.command('stream=off');
    await expect(at.pill).toHaveText(/^Reconnecting… \(last .* ago\)$/);
    await scripted.show('engine-down');
    await expect(at.verdict).toContainText('Degraded');
    await scripted.command('stream=on');
    await expect(at.pill).toHaveText('Live');
  });

  test('a page that cannot reach its server says Unknown with the last known, dims, and recovers', async ({
    page,
    scripted,
  }) => {
    await page.goto(scripted.url);
    const at = overview(page);
    await expect(at.pill).toHaveText('Live');
    await scripted.command('api=off');
    await expect(at.pill).toHaveText('Offline', { timeout: 25_000 });
    await expect(at.verdict).toContainText('Unknown');
    await expect(at.verdict).toContainText('(last known: Aligned)');
    await expect(page).toHaveTitle('◌ Unknown · scripted');
    await expect(page.locator('[data-stale]')).toHaveAttribute('data-stale', 'true');
    await expect(at.alignment).toContainText(/updated \d+ s ago/);
    await scripted.command('api=on');
    await expect(at.pill).toHaveText('Live', { timeout: 20_000 });
    await expect(at.verdict).toContainText('Aligned');
    await expect(page.locator('[data-stale]')).toHaveAttribute('data-stale', 'false');
    await expect(at.alignment).not.toContainText('updated');
  });

  test('a driver that goes quiet makes the verdict Unknown while the page stays live', async ({
    page,
    scripted,
  }) => {
    await page.goto(scripted.url);
    const at = overview(page);
    await expect(at.verdict).toContainText('Aligned');
    await scripted.command('refresh=off');
    await expect(at.verdict).toContainText('The driver has gone quiet.', { timeout: 20_000 });
    await expect(at.verdict).toContainText('(last known: Aligned)');
    await expect(at.pill).toHaveText('Live');
    await scripted.command('refresh=on');
    await expect(at.verdict).not.toContainText('Unknown');
  });

  test('the server’s own picture claims no stream; the page does once it has one', async ({
    page,
    scripted,
  }) => {
    const html = await (await page.request.get(scripted.url)).text();
    expect(html).toMatch(/data-state="connecting"[^>]*>.*?Connecting/s);
    expect(html).not.toContain('data-state="live"');
    await scripted.command('stream=off');
    await page.goto(scripted.url);
    await expect(overview(page).pill).toHaveText(/^(Connecting|Reconnecting…)/);
    await scripted.command('stream=on');
    await expect(overview(page).pill).toHaveAttribute('data-state', 'live');
  });

  test('a server with newer pages is said, and a reload brings them', async ({ page, scripted }) => {
    await page.goto(scripted.url);
    await expect(overview(page).pill).toHaveText('Live');
    await scripted.command('build=newer');
    const reload = page.getByRole('button', { name: 'New version, reload this page' });
    await expect(reload).toBeVisible();
    await reload.click();
    await expect(overview(page).pill).toHaveText('Live');
  });

  test('what happened while the stream was gone is in the list once, and nothing twice', async ({
    page,
    scripted,
  }) => {
    await page.goto(`${scripted.url}/activity`);
    const at = overview(page);
    await expect(at.pill).toHaveText('Live');
    const told = () =>
      page
        .locator('tbody tr[data-seq]')
        .evaluateAll((all) => all.map((one) => Number(one.getAttribute('data-seq'))));
    const newest = (await told())[0]!;
    await scripted.command('stream=off');
    await expect(at.pill).toHaveText(/^Reconnecting/);
    for (let i = 0; i < 3; i++) await scripted.command('advance');
    await scripted.command('stream=on');
    await expect(at.pill).toHaveText('Live');
    await scripted.command('advance');
    await expect.poll(async () => (await told())[0]).toBe(newest + 4);
    const seqs = await told();
    expect(seqs).toEqual(seqs.map((_, i) => newest + 4 - i));
  });

  test('the page works without the stream', async ({ page, scripted }) => {
    await scripted.command('stream=off');
    await page.goto(scripted.url);
    await expect(overview(page).verdict).toContainText('Aligned');
    await scripted.show('halted');
    await expect(overview(page).verdict).toContainText('Halted');
  });
});
