import { expect, takenOver, test } from './support/fixtures.ts';
import { overview } from './support/overviewPage.ts';
import { PAGES } from './support/places.ts';

test.describe('health', () => {
  test('judges each criterion with value and limit, worst first, and says what to do', async ({
    page,
    scripted,
  }) => {
    await scripted.show('l1-down');
    await page.goto(`${scripted.url}/health`);
    const checks = page.locator('[data-check]');
    await expect(checks.first()).toHaveAttribute('data-state', 'fail');
    await expect(page.locator('[data-check="l1_answers"]')).toContainText('connection refused');
    await expect(page.locator('[data-check="l1_answers"]')).toContainText(
      'warn > 24 s, twice the poll interval',
    );
    const skipped = page.locator('[data-state="skip"]');
    await expect(skipped.first()).toContainText(/devnet|follows/);
  });

  test('shows the estimate, or why there is none, with two bars', async ({ page, scripted }) => {
    await scripted.show('catching-up');
    await page.goto(`${scripted.url}/health`);
    const sync = page.getByRole('region', { name: 'Sync' });
    await expect(sync).toContainText('no estimate: the speed was measured for only 8 s');
    await expect(sync.getByRole('progressbar')).toHaveCount(2);
    await expect(sync).toContainText(/replay 2\.7 L1 blocks\/s − head growth 0\.00 = catch-up 2\.7/);
    await scripted.command('advance');
    await expect(sync).toContainText('about 6 m 10 s left');
    await scripted.command('advance');
    await expect(sync).toContainText(/not gaining: replay 0\.10 ≤ growth 0\.10 L1 blocks\/s/);
    await expect(sync).not.toContainText('left');
    await scripted.show('aligned');
    await expect(sync).toContainText('Level with L1');
  });

  test('gives a report to be pasted', async ({ browser, scripted }) => {
    const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
    const page = await context.newPage();
    await page.goto(`${scripted.url}/health`);
    await takenOver(page);
    await page.getByRole('button', { name: 'Copy report' }).click();
    const copied = () => page.evaluate(() => navigator.clipboard.readText().catch(() => ''));
    await expect.poll(copied).toContain('Verdict: aligned');
    expect(await copied()).toMatch(/L2 safe: 8412072 0x[0-9a-f]{64}/);
    await context.close();
  });
});

test.describe('leaders', () => {
  test('count down in batches, with the time as an estimate, across a hand-over', async ({
    page,
    scripted,
  }) => {
    await scripted.show('following-with-feed');
    await page.goto(`${scripted.url}/leaders`);
    await expect(page.getByText(/^26\sbatches left$/)).toBeVisible();
    await expect(page.getByText(/≈ .*, if batches go on coming every 1\d s/)).toBeVisible();
    await expect(page.locator('[data-state="next"]')).toContainText(/in 26\sbatches, ≈ \d\d:\d\d:\d\d UTC/);
    await scripted.command('advance');
    await expect(page.getByText(/^25\sbatches left$/)).toBeVisible();
    await scripted.show('leading');
    await expect(page.getByText('★ this node')).toBeVisible();
  });

  test('count the time down while no batch comes', async ({ page, scripted }) => {
    await scripted.command('refresh=off&show=following-with-feed');
    await page.goto(`${scripted.url}/leaders`);
    const left = async (): Promise<number> => {
      const words = await page.getByText(/≈ .*, if batches go on coming every/).textContent();
      const [, hours = 0, minutes = 0, seconds = 0] = (
        /≈ (?:(\d+)\sh\s?)?(?:(\d+)\sm\s?)?(?:(\d+)\ss)?/.exec(words!) ?? []
      ).map((part) => Number(part ?? 0));
      return hours * 3_600 + minutes * 60 + seconds;
    };
    const before = await left();
    expect(before).toBeGreaterThan(120);
    // The server's clock and the browser's go on by a minute, which nobody has to wait for.
    await scripted.command('ahead=60000');
    await page.clock.setSystemTime(Date.now() + 60_000);
    await expect.poll(left).toBeLessThanOrEqual(before - 60);
    expect(await left()).toBeGreaterThan(before - 100);
    await expect(page.getByText(/This computer's clock is/)).toBeHidden();
  });

  test('show missed terms and our own, by the address', async ({ page, scripted }) => {
    await scripted.show('following-with-feed');
    await page.goto(`${scripted.url}/leaders?missed=1`);
    const rows = page.locator('tbody tr[data-term]');
    await expect(rows).toHaveCount(1);
    await expect(rows).toContainText('missed');
    const href = (await page.getByRole('link', { name: 'CSV' }).getAttribute('href'))!;
    const csv = await (await page.request.get(`${scripted.url}${href}`)).text();
    expect(csv.trim().split('\r\n')).toHaveLength(2);
    // Clicked, not checked: they follow the address, which may be a moment after the click.
    const missed = page.getByRole('checkbox', { name: 'missed only' });
    await missed.click();
    await expect(missed).not.toBeChecked();
    await page.getByRole('checkbox', { name: 'mine' }).click();
    await expect(page).toHaveURL(/who=0x/);
    await expect(rows.first()).toContainText('★ us');
    await missed.click();
    await expect(page.getByText(/^No term matches 2\sfilters\.$/)).toBeVisible();
    await page.getByRole('button', { name: 'Clear' }).click();
    await expect(page).toHaveURL(`${scripted.url}/leaders`);
  });

  test('say when the schedule is not known', async ({ page, scripted }) => {
    await scripted.show('first-start');
    await page.goto(`${scripted.url}/leaders`);
    await expect(page.getByText('The schedule is not known')).toBeVisible();
    await expect(page.getByText('No schedule: the registry was not read yet.')).toBeVisible();
  });
});

test.describe('the fleet', () => {
  test('stands side by side, and says who disagrees and where', async ({ page, scripted }) => {
    await scripted.show('following-with-feed');
    await page.goto(scripted.url);
    const fleet = page.getByRole('region', { name: 'Fleet', exact: true });
    await expect(fleet.locator('tr[data-node]')).toHaveCount(3);
    await expect(fleet).toContainText('All that can be compared agrees, up to batch 901; node-2 leads.');
    await expect(fleet.locator('tr[data-node="node-3"]')).toContainText('−7');
    await scripted.show('feed-conflict');
    await expect(fleet.getByRole('alert')).toContainText(/Disagreement at L2 unsafe block 8\s412\s079/);
    await expect(fleet).toContainText('it did not answer within 1.5 s; its heads are those of 2 m');
  });
});

test('a fleet that could not be asked says so, and comes by itself', async ({ page, scripted }) => {
  await scripted.show('following-with-feed');
  await page.route('**/api/trpc/fleet*', (route) => route.abort());
  await page.goto(scripted.url);
  const fleet = page.getByRole('region', { name: 'Fleet', exact: true });
  await expect(fleet.getByRole('alert')).toContainText('could not be compared');
  await page.unroute('**/api/trpc/fleet*');
  await expect(fleet.locator('tr[data-node]')).toHaveCount(3);
});

test('the checks are run when asked, and each says what came back', async ({ page, scripted }) => {
  await page.goto(`${scripted.url}/health`);
  await page.getByRole('button', { name: 'Run checks' }).click();
  const run = page.getByRole('region', { name: 'Run of the checks', exact: true });
  await expect(run.locator('[data-ran="journal_write"]')).toContainText('nothing was changed');
  await expect(run.getByRole('status')).toContainText('took 61 ms');
  await scripted.show('l1-down');
  await page.getByRole('button', { name: 'Run checks' }).click();
  await expect(run.locator('[data-ran="l1_head"][data-state="fail"]')).toContainText('did not answer');
});

test('the API page is made from what the server answers', async ({ page, scripted }) => {
  await page.goto(`${scripted.url}/api-docs`);
  await expect(page.getByTestId('live-pill')).toHaveText('Live');
  const heads = page.locator('[data-route="heads"]');
  await heads.getByRole('button', { name: 'Try' }).click();
  await expect(heads.getByRole('region')).toContainText('HTTP 200');
  for (const path of ['/healthz', '/readyz', '/api/v1/openapi.json']) {
    expect((await page.request.get(`${scripted.url}${path}`)).status(), path).toBe(200);
  }
});

test('a hash is copied whole, and the copy is said', async ({ browser, scripted }) => {
  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await context.newPage();
  await page.goto(scripted.url);
  await takenOver(page);
  const safe = overview(page).head('L2 safe head');
  await safe.getByRole('button', { name: 'Copy hash of L2 safe head' }).click();
  await expect(safe.getByRole('status').filter({ hasText: 'Copied' })).toBeAttached();
  const copied = () => page.evaluate(() => navigator.clipboard.readText().catch(() => ''));
  await expect.poll(copied).toBe((await safe.getAttribute('data-hash'))!);
  await context.close();
});

test('a clock that is wrong is said on every page, and ages are the server’s', async ({ page, scripted }) => {
  await page.clock.setSystemTime(Date.now() - 120_000);
  await page.goto(`${scripted.url}/batches`);
  await expect(page.getByText(/This computer's clock is .* behind the server's/)).toBeVisible();
  await expect(page.getByRole('region', { name: 'Verdict' })).toContainText('Aligned');
});

test('asked for less motion, nothing moves on any page', async ({ page, scripted }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await scripted.show('reorg');
  for (const { path } of PAGES) {
    await page.goto(`${scripted.url}${path}`);
    const moving = await page.evaluate(() =>
      [...document.querySelectorAll('*')]
        .filter((one) => {
          const { transitionDuration, animationDuration } = getComputedStyle(one);
          return (
            Math.max(Number.parseFloat(transitionDuration), Number.parseFloat(animationDuration)) > 0.001
          );
        })
        .map((one) => one.outerHTML.slice(0, 120)),
    );
    expect(moving, path).toEqual([]);
    // A new theme is there in the frame that follows it, not one generation of elements after the other.
    await page.emulateMedia({ colorScheme: 'dark' });
    const onTheirWay = await page.evaluate(async () => {
      await new Promise(requestAnimationFrame);
      return document.getAnimations().length;
    });
    expect(onTheirWay, path).toBe(0);
    await page.emulateMedia({ colorScheme: 'light' });
  }
});
