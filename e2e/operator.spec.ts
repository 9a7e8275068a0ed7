import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { SCRIPTED_OPERATOR_TOKEN, SCRIPTED_VIEWER_TOKEN } from '../server/testing/scriptedOperator.ts';
import { expect, test } from './support/fixtures.ts';

const panel = (page: Page) => page.getByRole('region', { name: 'Operator' });
const resyncButton = (page: Page) => panel(page).getByRole('button', { name: /^Resync from L1/ });
const dialog = (page: Page, name: string | RegExp) => page.getByRole('dialog', { name });
const resync = (page: Page) => dialog(page, 'Resync from L1');

async function signIn(page: Page, token = SCRIPTED_OPERATOR_TOKEN): Promise<void> {
  await page.getByRole('banner').getByRole('button', { name: 'Sign in as operator' }).click();
  const form = dialog(page, 'Sign in as operator');
  await form.getByLabel('Operator token').fill(token);
  await form.getByRole('button', { name: 'Sign in' }).click();
}

async function toConfirm(page: Page): Promise<void> {
  await resyncButton(page).click();
  await resync(page).getByRole('button', { name: 'See what would happen' }).click();
  await resync(page).getByRole('button', { name: 'Continue' }).click();
}

async function fill(page: Page, name = 'scripted', reason = 'stuck after an RPC swap'): Promise<void> {
  await resync(page).getByLabel('Reason, kept in the journal').fill(reason);
  await resync(page).getByLabel('Name of this node').fill(name);
}

test('without a token nothing can be ordered, and the page says how to change that', async ({
  page,
  scripted,
}) => {
  await page.goto(`${scripted.url}/health`);
  await expect(panel(page)).toContainText('--operator-token-file');
  await expect(resyncButton(page)).toHaveCount(0);
  const answer = await page.request.post(`${scripted.url}/api/trpc/operator.execute`, {
    data: {},
    headers: { authorization: `Bearer ${SCRIPTED_OPERATOR_TOKEN}` },
  });
  expect(answer.status()).toBe(404);
});

test.describe('with a token', () => {
  test.beforeEach(async ({ scripted, page }) => {
    await scripted.command('operator=on');
    await page.goto(`${scripted.url}/health`);
  });

  test('signed out: the way in is shown, and no order can be given', async ({ page }) => {
    await expect(panel(page)).toContainText('Sign in as operator first.');
    await expect(resyncButton(page)).toHaveAttribute('aria-disabled', 'true');
    await resyncButton(page).click({ force: true });
    await expect(resync(page)).toHaveCount(0);
  });

  test('W7, W8: a wrong token gets nowhere; the right one opens a session that no script can read', async ({
    page,
    context,
    scripted,
  }) => {
    await signIn(page, 'f'.repeat(64));
    await expect(dialog(page, 'Sign in as operator').getByRole('alert')).toHaveText(
      'This is not a token of this node.',
    );
    await dialog(page, 'Sign in as operator').getByRole('button', { name: 'Cancel' }).click();
    await signIn(page);
    await expect(page.getByRole('button', { name: 'Sign out ana' })).toBeVisible();
    const [cookie] = (await context.cookies(scripted.url)).filter(({ name }) => name.startsWith('__Host-'));
    expect(cookie).toMatchObject({
      name: '__Host-plumbline-scripted',
      httpOnly: true,
      secure: true,
      sameSite: 'Strict',
      path: '/',
    });
    expect(cookie!.expires - Date.now() / 1000).toBeGreaterThan(11.9 * 3600);
    expect(await page.evaluate(() => document.cookie)).not.toContain('__Host-');
    await page.reload();
    await page.getByRole('button', { name: 'Sign out ana' }).click();
    await expect(page.getByRole('button', { name: 'Sign in as operator' })).toBeVisible();
  });

  test('W8: also on the name localhost over plain HTTP, as Chromium takes it', async ({ page, scripted }) => {
    await page.goto(scripted.url.replace('127.0.0.1', 'localhost'));
    await signIn(page);
    await expect(page.getByRole('button', { name: 'Sign out ana' })).toBeVisible();
  });

  test('W9: a viewer may look, not order', async ({ page }) => {
    await signIn(page, SCRIPTED_VIEWER_TOKEN);
    await expect(panel(page)).toContainText('bob may look, not order.');
    await expect(resyncButton(page)).toHaveAttribute('aria-disabled', 'true');
  });

  test('a resync: target, impact, confirm, and its progress over a reload', async ({
    page,
    scripted,
    complaints,
  }) => {
    await signIn(page);
    await resyncButton(page).click();
    await expect(resync(page).getByRole('button', { name: 'Cancel' })).toBeFocused();
    await resync(page).getByRole('button', { name: 'See what would happen' }).click();
    await expect(resync(page).getByRole('region', { name: 'Impact' })).toContainText('12 L2 blocks');
    await expect(resync(page).getByRole('region', { name: 'Impact' })).toContainText('41 transactions');
    await resync(page).getByRole('button', { name: 'Continue' }).click();
    const execute = resync(page).getByRole('button', { name: 'Resync 12 blocks' });
    await expect(execute).toHaveAttribute('aria-disabled', 'true');
    await fill(page, 'mainnet');
    await execute.click({ force: true });
    await expect(resync(page).getByRole('alert')).toContainText('Type the name of this node');
    await fill(page);
    await execute.dblclick();
    await expect(resync(page)).toContainText('Going back');
    const orders = await page.request.get(
      `${scripted.url}/api/v1/activity?kinds=operator.resync_accepted&q=stuck`,
    );
    expect(
      ((await orders.json()) as { rows: unknown[] }).rows,
      'one click too many is no order',
    ).toHaveLength(1);
    await scripted.command('resync=rederiving');
    await page.reload();
    await expect(panel(page)).toContainText('deriving batch 1 of 2');
    await expect(panel(page)).toContainText('stuck after an RPC swap');
    await expect(resyncButton(page)).toHaveAttribute('aria-disabled', 'true');
    await scripted.command('resync=verifying');
    await expect(panel(page)).toContainText('1 of 2 looks agree');
    await scripted.command('resync=done');
    await expect(panel(page)).toContainText('in plumb with L1 again');
    expect(complaints.console).toEqual([]);
    expect(complaints.foreign).toEqual([]);
  });

  test('a resync that fails says why', async ({ page, scripted }) => {
    await signIn(page);
    await toConfirm(page);
    await fill(page);
    await resync(page).getByRole('button', { name: 'Resync 12 blocks' }).click();
    await expect(resync(page)).toContainText('Going back');
    await scripted.command('resync=failed');
    await expect(resync(page)).toContainText('failed: the engine keeps its head');
  });

  for (const code of ['heads_moved', 'expired'] as const) {
    test(`refused with ${code}: said, and can be tried again`, async ({ page, scripted }) => {
      await signIn(page);
      await scripted.command(`refuse=${code}`);
      await toConfirm(page);
      await fill(page);
      await resync(page).getByRole('button', { name: 'Resync 12 blocks' }).click();
      await expect(resync(page).getByRole('alert')).toHaveText(`Refused: ${code}.`);
      await resync(page).getByRole('button', { name: 'Resync 12 blocks' }).click();
      await expect(resync(page)).toContainText('Going back');
    });
  }

  test('W8: with a session of six minutes a resync asks for the token again, and goes on with it', async ({
    page,
    scripted,
  }) => {
    await signIn(page);
    await toConfirm(page);
    await fill(page);
    await scripted.command('age=360000');
    await resync(page).getByRole('button', { name: 'Resync 12 blocks' }).click();
    await expect(resync(page)).toContainText('needs the token again');
    await resync(page).getByLabel('Operator token').fill(SCRIPTED_OPERATOR_TOKEN);
    await resync(page).getByRole('button', { name: 'Go on' }).click();
    await expect(resync(page)).toContainText('Going back');
  });

  test('while the node is about to lead it takes an override', async ({ page, scripted }) => {
    await signIn(page);
    await scripted.command('duty=2');
    await toConfirm(page);
    await fill(page);
    const execute = resync(page).getByRole('button', { name: 'Resync 12 blocks' });
    await execute.click({ force: true });
    await expect(resync(page).getByRole('alert')).toContainText('override');
    await resync(page)
      .getByRole('checkbox', { name: /Override/ })
      .check();
    await execute.click();
    await expect(resync(page)).toContainText('Going back');
  });

  test('Escape closes the dialog without an order, and gives the focus back', async ({ page }) => {
    await signIn(page);
    await toConfirm(page);
    await page.keyboard.press('Escape');
    await expect(resync(page)).toHaveCount(0);
    await expect(resyncButton(page)).toBeFocused();
  });

  test('a press beside the dialog, or one Escape, does not throw away a typed reason', async ({ page }) => {
    await signIn(page);
    await toConfirm(page);
    await fill(page);
    const reason = resync(page).getByLabel('Reason, kept in the journal');
    await page.mouse.click(4, 4);
    await expect(resync(page).getByText('What you typed is kept.')).toBeVisible();
    await expect(reason).toHaveValue('stuck after an RPC swap');
    await page.keyboard.press('Escape');
    await expect(resync(page)).toHaveCount(0);
    await toConfirm(page);
    await page.mouse.click(4, 4);
    await expect(resync(page)).toHaveCount(0);
  });

  test('between the order and the node’s next word no older resync is shown as this one', async ({
    page,
    scripted,
  }) => {
    await signIn(page);
    await toConfirm(page);
    await fill(page);
    await resync(page).getByRole('button', { name: 'Resync 12 blocks' }).click();
    await expect(resync(page)).toContainText('Going back');
    await scripted.command('resync=done');
    await expect(resync(page)).toContainText('in plumb with L1 again');
    await resync(page).getByRole('button', { name: 'Close' }).last().click();
    await toConfirm(page);
    await fill(page);
    // The page hears nothing more of the node, but its orders arrive.
    await page.route('**/api/trpc/status*', (route) => route.abort());
    await scripted.command('stream=off');
    await resync(page).getByRole('button', { name: 'Resync 12 blocks' }).click();
    await expect(resync(page)).toContainText('Accepted as');
    await expect(resync(page)).not.toContainText('in plumb with L1 again');
    await scripted.command('stream=on');
    await expect(resync(page)).toContainText('Going back');
  });

  test('pause and resume of driver and sequencer', async ({ page }) => {
    await signIn(page);
    for (const part of ['driver', 'sequencer']) {
      for (const what of ['Pause', 'Resume']) {
        await panel(page)
          .getByRole('button', { name: `${what} the ${part}` })
          .click();
        const form = dialog(page, `${what} the ${part}`);
        await expect(form.getByRole('button', { name: 'Cancel' })).toBeFocused();
        await form.getByLabel('Reason, kept in the journal').fill('disk is swapped');
        await form.getByLabel('Name of this node').fill('scripted');
        await form.getByRole('button', { name: `${what} the ${part}` }).click();
        if (what === 'Pause') await expect(panel(page)).toContainText('paused by ana: “disk is swapped”');
        else await expect(panel(page)).not.toContainText('paused by ana');
      }
    }
  });

  test('W3: another page’s form and fetch reach nothing, even with the session', async ({
    page,
    scripted,
    context,
  }) => {
    await signIn(page);
    await expect(page.getByRole('button', { name: 'Sign out ana' })).toBeVisible();
    const [cookie] = (await context.cookies(scripted.url)).filter(({ name }) => name.startsWith('__Host-'));
    const order = { part: 'driver', reason: 'evil', confirm: 'scripted', idempotencyKey: 'evil-0001' };
    const dresses: readonly Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      {},
    ];
    for (const headers of dresses) {
      const answer = await page.request.post(`${scripted.url}/api/trpc/operator.pause`, {
        headers: {
          ...headers,
          cookie: `${cookie!.name}=${cookie!.value}`,
          'content-type': 'application/json',
        },
        data: JSON.stringify(order),
      });
      expect([401, 403], JSON.stringify(headers)).toContain(answer.status());
    }
    await expect(panel(page)).not.toContainText('evil');
  });

  // Each theme once and each width once: what axe looks at differs in colours and in what is there.
  for (const [theme, width] of [
    ['light', 1440],
    ['dark', 390],
  ] as const) {
    test(`axe finds nothing: ${theme}, ${width} px, each step of the dialog`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width, height: 900 });
      await signIn(page);
      await expect(page.getByRole('button', { name: 'Sign out ana' })).toBeVisible();
      const clean = async (name: string): Promise<void> => {
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(
          violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]),
          name,
        ).toEqual([]);
      };
      await resyncButton(page).click();
      await clean('target');
      await resync(page).getByRole('button', { name: 'See what would happen' }).click();
      await clean('impact');
      await resync(page).getByRole('button', { name: 'Continue' }).click();
      await clean('confirm');
      await fill(page);
      await resync(page).getByRole('button', { name: 'Resync 12 blocks' }).click();
      await clean('progress');
    });
  }
});
