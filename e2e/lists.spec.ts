import type { Page } from '@playwright/test';
import { expect, test } from './support/fixtures.ts';

const rowsOf = (page: Page) => page.locator('tbody tr[data-reorg]');
const ready = (page: Page) => expect(page.getByTestId('live-pill')).toHaveText('Live');

test.describe('reorgs', () => {
  test('appear by themselves, lead to their own page, and are followed there until they are over', async ({
    page,
    scripted,
  }) => {
    await page.goto(`${scripted.url}/reorgs`);
    await ready(page);
    await expect(page.getByText('No reorg since this log began')).toBeVisible();
    await scripted.show('reorg');
    const banner = page.getByTestId('reorg-banner');
    await expect(banner).toContainText('Reorg after L1');
    await expect(rowsOf(page).first()).toContainText('recovering');
    await rowsOf(page).first().getByRole('link').click();
    await expect(page.getByRole('heading', { level: 1, name: /L1 reorg, depth 2/ })).toBeVisible();
    await expect(page.getByRole('heading', { level: 1 }).locator('xpath=..')).toContainText('recovering');
    await page.reload();
    await expect(page.getByRole('heading', { level: 1 }).locator('xpath=..')).toContainText('recovering');
    await scripted.show('recovered');
    await expect(page.getByRole('heading', { level: 1 }).locator('xpath=..')).toContainText('recovered in');
    await expect(page.getByRole('region', { name: 'Old and new chain', exact: true })).toContainText(
      'common ancestor',
    );
    await expect(
      page.getByRole('region', { name: 'Transactions', exact: true }).getByRole('row'),
    ).not.toHaveCount(0);
  });

  test('of an old branch are nowhere canonical: its hash is gone from every page but the reorg’s', async ({
    page,
    scripted,
  }) => {
    await scripted.show('reorg');
    const status = (await (await page.request.get(`${scripted.url}/api/v1/status`)).json()) as {
      reorgs: { oldTip: { hash: string } }[];
    };
    const old = status.reorgs[0]!.oldTip.hash;
    await scripted.show('aligned');
    for (const path of ['/', '/chain', '/batches', '/leaders']) {
      await page.goto(`${scripted.url}${path}`);
      await ready(page);
      await expect(page.locator(`[data-hash="${old}"]`)).toHaveCount(0);
    }
  });

  test('are filtered by the address, which the back button undoes', async ({ page, scripted }) => {
    await scripted.show('recovered');
    await page.goto(`${scripted.url}/reorgs?cause=LEADER_HANDOVER`);
    await ready(page);
    await expect(page.getByRole('combobox', { name: 'Cause' })).toHaveValue('LEADER_HANDOVER');
    await expect(rowsOf(page).first()).toContainText('LEADER_HANDOVER');
    await page.getByRole('combobox', { name: 'Depth' }).selectOption('5');
    await expect(page).toHaveURL(/cause=LEADER_HANDOVER&minDepth=5$/);
    await expect(page.getByText(/^\d+\sreorgs?$/).first()).toBeVisible();
    await expect(rowsOf(page).filter({ hasText: 'L1_REORG' })).toHaveCount(0);
    await page.getByRole('searchbox', { name: 'Find' }).fill('no such thing');
    await expect(page.getByText(/^No reorg matches 3\sfilters\.$/)).toBeVisible();
    await page.getByRole('button', { name: 'Clear' }).click();
    await expect(page).toHaveURL(`${scripted.url}/reorgs`);
    await expect(rowsOf(page)).toHaveCount(50);
    await page.goBack();
    await expect(page).toHaveURL(/minDepth=5/);
    await expect(page.getByRole('combobox', { name: 'Depth' })).toHaveValue('5');
  });

  test('are exported as the filter has them', async ({ page, scripted }) => {
    await scripted.show('recovered');
    await page.goto(`${scripted.url}/reorgs?cause=L1_REORG`);
    await ready(page);
    const href = (await page.getByRole('link', { name: 'CSV' }).getAttribute('href'))!;
    const csv = await (await page.request.get(`${scripted.url}${href}`)).text();
    const lines = csv.trim().split('\r\n');
    await expect(rowsOf(page)).toHaveCount(lines.length - 1);
    for (const line of lines.slice(1)) expect(line).toContain('L1_REORG');
    const asJson = (await page.getByRole('link', { name: 'JSON' }).getAttribute('href'))!;
    const rows = (await (await page.request.get(`${scripted.url}${asJson}`)).json()) as {
      seq: number;
      cause: string;
    }[];
    expect(rows.map(({ seq }) => String(seq))).toEqual(lines.slice(1).map((line) => line.split(',')[0]));
    expect(new Set(rows.map(({ cause }) => cause))).toEqual(new Set(['L1_REORG']));
  });

  test('say honestly what is not known, and show where nobody watched', async ({ page, scripted }) => {
    await scripted.show('recovered');
    await page.goto(`${scripted.url}/reorgs?cause=UNKNOWN`);
    await ready(page);
    await expect(rowsOf(page).first()).toContainText('not known');
    await page.goto(`${scripted.url}/reorgs`);
    await expect(page.locator('.gap-row').first()).toContainText('not watching from');
    await page.goto(`${scripted.url}/reorgs/r-52`);
    await expect(page.getByRole('region', { name: 'Cause' })).toContainText('none is claimed');
    await expect(page.getByRole('region', { name: 'Transactions', exact: true })).toContainText(
      'Not known: old block bodies were not kept.',
    );
    await page.goto(`${scripted.url}/reorgs/r-99999`);
    await expect(page.getByRole('region', { name: 'No such reorg' })).toContainText('this log began');
  });

  for (const width of [1440, 1280, 390]) {
    test(`show each fact without a sideways scroll at ${width} px`, async ({ page, scripted }) => {
      await scripted.show('recovered');
      await page.setViewportSize({ width, height: 900 });
      const hidden = (): Promise<string[]> =>
        page.evaluate(() =>
          [...document.querySelectorAll<HTMLElement>('main *')]
            .filter((one) => ['auto', 'scroll'].includes(getComputedStyle(one).overflowX))
            .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
            .map((one) => one.getAttribute('aria-label') ?? one.className),
        );
      await page.goto(`${scripted.url}/reorgs`);
      await expect(page.locator('[data-reorg^="L1-"]:visible')).toBeVisible();
      await expect.poll(hidden).toEqual([]);
      await page.goto(`${scripted.url}/reorgs/r-54`);
      await expect(page.locator('[data-fate="re_included"]:visible').first()).toContainText('re-included');
      await expect.poll(hidden).toEqual([]);
    });
  }

  test('of L2 lead to the L1 reorg that caused them, and back', async ({ page, scripted }) => {
    await scripted.show('recovered');
    await page.goto(`${scripted.url}/reorgs?cause=L1_REORG`);
    await expect(page.getByText(/counted once$/)).toBeVisible();
    await page
      .getByRole('row')
      .filter({ hasText: 'by L1 reorg r-47' })
      .getByRole('link', { name: 'r-47' })
      .click();
    const context = page.getByRole('region', { name: 'L1 context' });
    await context.getByRole('link', { name: 'r-48' }).click();
    await expect(context).toContainText('Caused by L1 reorg r-47');
  });

  test('of a resync whose blocks all came back say so in every figure', async ({ page, scripted }) => {
    await scripted.show('recovered');
    await page.goto(`${scripted.url}/reorgs/r-31`);
    const main = page.getByRole('main');
    await expect(main).toContainText(/none: all 140\sL2 blocks came back as they were/);
    await expect(main).toContainText('all back in their blocks');
    await expect(page.getByRole('region', { name: 'L1 context' })).toContainText('Batches derived again:');
    await expect(main).not.toContainText('Batches dropped');
  });

  test('of a long branch show both ends and count what is between', async ({ page, scripted }) => {
    await scripted.show('recovered');
    await page.goto(`${scripted.url}/reorgs?minDepth=50`);
    await rowsOf(page).first().getByRole('link').click();
    await expect(page.getByRole('region', { name: 'Old and new chain', exact: true })).toContainText(
      /blocks hidden/,
    );
  });
});

test.describe('activity', () => {
  test('does not jump while it is read: new rows wait, and say how many they are', async ({
    page,
    scripted,
  }) => {
    await page.goto(`${scripted.url}/activity`);
    await ready(page);
    const rows = page.locator('tbody tr[data-seq]');
    await expect(rows).toHaveCount(50);
    const row = rows.nth(30);
    await row.scrollIntoViewIfNeeded();
    // At once, where a wheel would still be rolling when the place is read.
    await page.evaluate(() => window.scrollBy({ top: 400, behavior: 'instant' }));
    const seq = (await row.getAttribute('data-seq'))!;
    const place = () =>
      page.locator(`tr[data-seq="${seq}"]`).evaluate((one) => one.getBoundingClientRect().top);
    await expect.poll(() => page.evaluate(() => window.scrollY)).toBeGreaterThan(300);
    let before = await place();
    // The rows near by are drawn when they come near, which may still move this one.
    await expect
      .poll(async () => {
        const earlier = before;
        before = await place();
        return before - earlier;
      })
      .toBe(0);
    await scripted.command('advance');
    await scripted.command('advance');
    const waiting = page.getByRole('button', { name: /^↑ 2\snew events/ });
    await expect(waiting).toBeVisible();
    expect(Math.abs((await place()) - before)).toBeLessThan(2);
    await waiting.click();
    await expect(rows).toHaveCount(52);
  });

  test('goes back as far as the log, and tells who did what', async ({ page, scripted }) => {
    await page.goto(`${scripted.url}/activity?actor=ana`);
    await ready(page);
    const first = page.locator('tbody tr[data-seq]').first();
    await expect(first).toContainText('operator.resync_accepted');
    await first.getByRole('button', { name: /^Details of event/ }).click();
    await expect(page.getByText('"reason": "=HYPERLINK(').first()).toBeVisible();
    await page.getByRole('button', { name: 'batch', exact: true }).click();
    await expect(page).toHaveURL(/kinds=batch/);
    await expect(page.getByText(/^No event matches 2\sfilters\.$/)).toBeVisible();
  });

  test('is exported without formulas', async ({ page, scripted }) => {
    const csv = await (await page.request.get(`${scripted.url}/api/v1/activity.csv?actor=ana`)).text();
    const cells = csv.split(/[\r\n,]+/);
    expect(csv).toContain('HYPERLINK');
    expect(cells.filter((cell) => /^"?[=+@]/.test(cell))).toEqual([]);
  });

  test('of 100,000 rows draws what is near alone', async ({ page, scripted }) => {
    await scripted.show('huge');
    await page.goto(`${scripted.url}/activity`);
    await ready(page);
    await page.getByRole('button', { name: 'Load older' }).click();
    const count = () => page.locator('tbody tr[data-seq]').count();
    await expect.poll(count).toBeGreaterThan(60);
    const held = async () => Number(await page.locator('[data-rows]').getAttribute('data-rows'));
    while ((await held()) < 2_500) {
      const before = await held();
      await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
      await expect.poll(held).toBeGreaterThan(before);
    }
    await expect.poll(count).toBeLessThan(350);
    // Fifty chunks of 50 rows, of which the second twenty are far from both ends: one element is there for all of them.
    const table = page.locator('[data-rows]');
    const parts = () => table.locator('> tbody').count();
    await expect.poll(parts).toBeLessThan(40);
    // A jump to their middle finds rows there, and from wherever one comes the list is as long.
    const height = () => table.evaluate((one) => one.getBoundingClientRect().height);
    const jump = (to: number) => page.evaluate((y) => window.scrollTo(0, y), to);
    const middle = (await height()) * 0.6;
    const inSight = () =>
      page.evaluate(
        () => document.elementFromPoint(innerWidth / 2, innerHeight / 2)?.closest('[data-seq]') !== null,
      );
    await jump(middle);
    await expect.poll(inSight).toBe(true);
    const before = { rows: await held(), height: await height() };
    // Not to the top, where a list that nobody reads lets go of its oldest rows.
    await jump(5_000);
    await expect.poll(parts).toBeLessThan(30);
    await jump(middle);
    await expect.poll(inSight).toBe(true);
    expect(await held()).toBe(before.rows);
    // Less than a row: what is told of the time may take a line more, and heights are rounded.
    expect(Math.abs((await height()) - before.height)).toBeLessThan(40);
  });
});

test.describe('batches', () => {
  test('stand by place and content: an orphaned commit and its successor', async ({ page, scripted }) => {
    await scripted.show('recovered');
    await page.goto(`${scripted.url}/batches`);
    await ready(page);
    await expect(page.locator('tr[data-batch="901"]')).toHaveCount(2);
    await expect(page.locator('tr[data-batch="901"][data-progress="orphaned"]')).toHaveCount(1);
    await page.locator('tr[data-batch="901"]').first().getByRole('link', { name: '901' }).click();
    await expect(page.getByText('committed 2 times')).toBeVisible();
    const steps = page.getByRole('list', { name: 'Progress of the batch' }).first();
    await expect(steps.getByRole('listitem').filter({ hasText: 'applied' })).toHaveAttribute(
      'data-reached',
      'true',
    );
    await expect(page.getByRole('link', { name: /^See reorg/ })).toBeVisible();
    await page.getByRole('link', { name: 'Batch before, 900' }).click();
    await expect(page.getByRole('heading', { level: 1, name: /^Batch 900/ })).toBeVisible();
    await page.goto(`${scripted.url}/batches`);
    await ready(page);
    // Anywhere in its row.
    await page.locator('tr[data-batch="900"] > td').nth(4).click();
    await expect(page).toHaveURL(/\/batches\/900$/);
    await page.goto(`${scripted.url}/batches/99999`);
    await expect(page.getByRole('region', { name: 'No such batch' })).toContainText(
      'ahead of the newest one',
    );
  });

  test('refused on L1 say why', async ({ page, scripted }) => {
    await scripted.show('invalid-batch');
    await page.goto(`${scripted.url}/batches?status=dropped`);
    await expect(page.getByText(/LAST_BLOCK_HASH_MISMATCH/).first()).toBeVisible();
  });
});

test.describe('filters', () => {
  const PHONE = { width: 390, height: 844 };

  test('are behind one line on a phone, which a key unfolds, and in sight where there is room', async ({
    page,
    scripted,
  }) => {
    await scripted.show('recovered');
    await page.setViewportSize(PHONE);
    await page.goto(`${scripted.url}/reorgs?minDepth=2`);
    const fold = page.getByRole('button', { name: 'Filters (1 set)' });
    const search = page.getByRole('search', { name: 'Filter reorgs' });
    const first = search.locator('input, select').first();
    await expect(first).toBeHidden();
    await fold.press('Enter');
    await expect(fold).toHaveAttribute('aria-expanded', 'true');
    await page.keyboard.press('Tab');
    await expect(first).toBeFocused();
    await fold.press(' ');
    await expect(first).toBeHidden();
    await page.setViewportSize({ width: 1440, height: 900 });
    await expect(first).toBeVisible();
    await expect(fold).toBeHidden();
  });
});
