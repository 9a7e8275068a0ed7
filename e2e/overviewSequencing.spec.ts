import { expect, test } from './support/fixtures.ts';
import { overview } from './support/overviewPage.ts';

/** Where the page asks for chaos verbs. */
const CHAOS = '/api/v1/devnet/chaos';

test.describe('a node that may lead', () => {
  test('says that it leads, what is not committed yet, and whose terms come', async ({
    page,
    scripted,
    complaints,
  }) => {
    await scripted.show('leading');
    await page.goto(scripted.url);
    const { sequencing, leader } = overview(page);
    await expect(leader).toContainText('★ this node');
    await expect(sequencing).toContainText('Sequencing');
    await expect(sequencing).toContainText(/7\suncommitted blocks/);
    await expect(sequencing).toContainText(/2\swaiting L1 messages/);
    await expect(sequencing).toContainText('none taken, this node builds the blocks');
    const turns = sequencing.getByRole('listitem');
    await expect(turns).toHaveCount(6);
    await expect(turns.first()).toContainText('896–927');
    await expect(turns.first()).toContainText('now');
    await expect(turns.filter({ hasText: '★ us' })).toHaveCount(2);
    expect(complaints).toEqual({ console: [], foreign: [] });
  });

  test('turns from leading to following while the page is open', async ({ page, scripted }) => {
    await scripted.show('leading');
    await page.goto(scripted.url);
    const { sequencing, leader } = overview(page);
    await expect(sequencing.locator('[data-role]')).toHaveAttribute('data-role', 'Sequencing');
    await scripted.show('following-with-feed');
    await expect(sequencing.locator('[data-role]')).toHaveAttribute('data-role', 'Following');
    await expect(sequencing).toContainText(/2\speers, median 84\sms, 7\sblocks ahead of L1/);
    await expect(leader).not.toContainText('★ this node');
    await expect(leader).toContainText('from batch 928');
  });

  test('shows both blocks of a conflict whole, and the troubles of its parts', async ({ page, scripted }) => {
    await scripted.show('feed-conflict');
    await page.goto(scripted.url);
    const { sequencing, trouble } = overview(page);
    const feed = sequencing.locator('[data-feed="conflict"]');
    await expect(feed).toContainText('Fast confirmations stand still: two blocks are shown');
    const hashes = await feed
      .locator('[data-hash]')
      .evaluateAll((all) => all.map((one) => one.getAttribute('title')));
    expect(hashes).toEqual([
      expect.stringMatching(/^0x[0-9a-f]{64}$/),
      expect.stringMatching(/^0x[0-9a-f]{64}$/),
    ]);
    expect(new Set(hashes).size).toBe(2);
    await expect(trouble).toHaveCount(1);
    await expect(trouble).toContainText('peer node-3');
    await expect(trouble).toContainText('14 times in a row');
  });

  test('has no such part in a node that only follows', async ({ page, scripted }) => {
    await page.goto(scripted.url);
    await expect(overview(page).verdict).toContainText('Aligned');
    await expect(overview(page).sequencing).toHaveCount(0);
    await expect(overview(page).switcher).toHaveCount(0);
  });
});

test.describe('the node switcher', () => {
  test('is opened, read and closed by keyboard, and leads to the other dashboards', async ({
    page,
    scripted,
  }) => {
    await scripted.show('following-with-feed');
    await page.goto(scripted.url);
    const { switcher } = overview(page);
    // The table of the fleet links to the same places.
    const other = page.locator('.switcher').getByRole('link', { name: /^node-2/ });
    await expect(other).toBeHidden();
    await switcher.focus();
    await page.keyboard.press('Enter');
    await expect(switcher).toHaveAttribute('aria-expanded', 'true');
    await expect(other).toHaveAttribute('href', 'http://localhost:3001/');
    await expect(other).not.toHaveAttribute('target', /./);
    await expect(page.locator('.switcher [aria-current]')).toContainText('scripted');
    await page.keyboard.press('Tab');
    await expect(other).toBeFocused();
    await page.keyboard.press('Escape');
    await expect(other).toBeHidden();
    await expect(switcher).toBeFocused();
    await page.keyboard.press('Space');
    await expect(other).toBeVisible();
    await page.keyboard.press('Shift+Tab');
    await expect(other).toBeHidden();
  });
});

test.describe('chaos', () => {
  test('is not offered and not answered outside a devnet', async ({ page, scripted }) => {
    await page.goto(scripted.url);
    await expect(overview(page).verdict).toContainText('Aligned');
    await expect(overview(page).devnet).toHaveCount(0);
    expect((await page.request.get(`${scripted.url}${CHAOS}`)).status()).toBe(404);
    const forced = await page.request.post(`${scripted.url}${CHAOS}`, {
      headers: { origin: scripted.url },
      data: { verb: 'stop' },
    });
    expect(forced.status()).toBe(404);
  });

  test('runs a verb by its own button, and says what became of it', async ({ page, scripted }) => {
    await scripted.command('devnet=on&show=following-with-feed');
    await page.goto(scripted.url);
    const { devnet } = overview(page);
    const said = devnet.getByRole('status');
    await devnet.getByRole('button', { name: 'stop' }).click();
    await expect(said).toHaveText('Asked for stop leader.');
    await devnet.getByRole('combobox', { name: 'node for kill' }).selectOption('node-3');
    await devnet.getByRole('button', { name: 'kill' }).focus();
    await page.keyboard.press('Enter');
    await expect(said).toHaveText('Asked for kill node-3.');
    await devnet.getByRole('button', { name: 'equivocate' }).click();
    await expect(said).toHaveText('Nobody leads: no sequencer is registered.');
  });

  test('is not set off by Enter in a field, and refuses what is no depth', async ({ page, scripted }) => {
    await scripted.command('devnet=on');
    await page.goto(scripted.url);
    const { devnet } = overview(page);
    const said = devnet.getByRole('status');
    const asked: string[] = [];
    page.on('request', (request) => {
      if (request.method() === 'POST') asked.push(request.url());
    });
    const depth = devnet.getByRole('textbox', { name: /^depth for reorg/ });
    await depth.fill('0');
    await depth.press('Enter');
    await expect(said).toHaveText('Nothing was disturbed from here yet.');
    await devnet.getByRole('button', { name: 'reorg' }).click();
    await expect(said).toHaveText(/^reorg: depth is a whole number from 1 to 1\s000\.$/);
    expect(asked).toEqual([]);
    await depth.fill('7');
    await devnet.getByRole('combobox', { name: 'transactions for reorg' }).selectOption('drop');
    await devnet.getByRole('button', { name: 'reorg' }).click();
    await expect(said).toHaveText('Asked for reorg 7 drop.');
    expect(asked).toHaveLength(1);
  });

  test('is for the page of this server alone', async ({ page, scripted }) => {
    await scripted.command('devnet=on');
    const ask = (headers: Record<string, string>, data: string | object = { verb: 'stop' }) =>
      page.request.post(`${scripted.url}${CHAOS}`, { headers, data });
    const origin = scripted.url;
    expect((await ask({})).status()).toBe(403);
    expect((await ask({ origin: 'http://elsewhere.example' })).status()).toBe(403);
    expect((await ask({ origin, 'sec-fetch-site': 'cross-site' })).status()).toBe(403);
    expect((await ask({ origin, 'content-type': 'text/plain' }, '{"verb":"stop"}')).status()).toBe(415);
    expect((await ask({ origin }, { verb: 'x'.repeat(5_000) })).status()).toBe(413);
    expect((await ask({ origin }, { verb: 'stop' })).status()).toBe(200);
    expect((await page.request.get(`${scripted.url}${CHAOS}`)).status()).toBe(200);
  });
});
