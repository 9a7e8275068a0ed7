import type { Page } from '@playwright/test';
import { expect, test } from './support/fixtures.ts';

const lanes = (page: Page) => page.getByRole('group', { name: /^Alignment lanes/ });
const selected = (page: Page) => page.locator('.selection-panel');
const ready = (page: Page) => expect(page.getByTestId('live-pill')).toHaveText('Live');

test('the lanes are moved through by keys alone, and tell what is chosen', async ({ page, scripted }) => {
  await scripted.show('recovered');
  await page.goto(`${scripted.url}/chain`);
  await ready(page);
  const picture = lanes(page);
  await expect(picture.locator('[tabindex="0"]')).toHaveCount(1);
  await picture.locator('[tabindex="0"]').focus();
  await page.keyboard.press('ArrowLeft');
  await expect(picture.locator(':focus')).toHaveAttribute(
    'aria-label',
    /^L1 block 21\s304\s117, unsafe, 1\sbatch, /,
  );
  await page.keyboard.press('ArrowDown');
  await expect(picture.locator(':focus')).toHaveAttribute('aria-label', /orphaned/);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await expect(picture.locator(':focus')).toHaveAttribute('aria-label', /^L2 blocks .*, safe, batch 901, /);
  await page.keyboard.press('Enter');
  await expect(selected(page)).toContainText('L2 block');
  await expect(page).toHaveURL(/sel=l2-8412067/);
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowLeft');
  await expect(page).toHaveURL(/at=\d+/);
  await page.reload();
  await expect(selected(page)).toContainText(/L2 block 8\s412\s067/);
});

test('following moves with the head; paused it stays, and comes back', async ({ page, scripted }) => {
  await page.goto(`${scripted.url}/chain`);
  await ready(page);
  const newest = lanes(page).locator('[data-spot^="l1-"]').last();
  const before = await newest.getAttribute('data-spot');
  await scripted.command('advance');
  await expect(newest).not.toHaveAttribute('data-spot', before!);
  await page.getByRole('button', { name: /Following the head/ }).click();
  await expect(page).toHaveURL(/at=\d+/);
  await expect(page.getByRole('button', { name: /Back to live/ })).toBeVisible();
  const held = await newest.getAttribute('data-spot');
  await scripted.command('advance');
  await scripted.command('advance');
  await expect(page.getByRole('button', { name: /Back to live/ })).toBeVisible();
  await expect(newest).toHaveAttribute('data-spot', held!);
  await page.getByRole('button', { name: /Back to live/ }).click();
  await expect(newest).not.toHaveAttribute('data-spot', held!);
});

test('a jump goes back into the log, and a link brings it to somebody else', async ({ page, scripted }) => {
  await page.goto(`${scripted.url}/chain`);
  await ready(page);
  await page.getByRole('textbox', { name: /^Jump to/ }).fill('890');
  await page.getByRole('button', { name: 'Jump' }).click();
  await expect(page).toHaveURL(/sel=batch-890/);
  await expect(page).toHaveURL(/at=890/);
  await expect(selected(page)).toContainText('Batch 890');
  await page.goto(`${scripted.url}/chain?at=640&sel=batch-640&zoom=6`);
  await expect(lanes(page).locator('[data-spot="batch-640"]')).toHaveAttribute('aria-pressed', 'true');
  await page.getByRole('textbox', { name: /^Jump to/ }).fill('999999999999');
  await page.getByRole('button', { name: 'Jump' }).click();
  await expect(page.getByText('This number is ahead of every head.')).toBeVisible();
});

for (const scenario of ['recovered', 'huge', 'catching-up'] as const) {
  test(`the picture has at most 300 nodes and a twin in words: ${scenario}`, async ({ page, scripted }) => {
    await scripted.command('refresh=off');
    await scripted.show(scenario);
    for (const zoom of [6, 12, 24]) {
      await page.goto(`${scripted.url}/chain?zoom=${zoom}`);
      await expect(lanes(page)).toBeVisible();
      expect(await page.locator('svg.chain-lanes *').count(), `zoom ${zoom}`).toBeLessThanOrEqual(300);
    }
    const drawn = await page
      .locator('svg.chain-lanes [data-spot^="l1-"]')
      .evaluateAll((all) => all.map((one) => one.getAttribute('data-spot')!.slice(3)).sort());
    await page.getByRole('button', { name: 'View as table' }).click();
    const told = await page
      .locator('tr[data-l1]')
      .evaluateAll((all) => all.map((one) => one.getAttribute('data-hash')!).sort());
    expect(told).toEqual(drawn);
  });
}

test('on a phone the lanes stand upright, and a tap tells more', async ({ page, scripted }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await scripted.show('recovered');
  await page.goto(`${scripted.url}/chain`);
  const list = page.getByRole('list', { name: /^L1 blocks and what they carry/ });
  await expect(list).toBeVisible();
  await list.getByRole('button').filter({ hasText: 'batch 900' }).click();
  await expect(selected(page)).toContainText('Batch 900');
});
