import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { type Devnet, expect, type Status, test } from './support/devnet.ts';
import { overview } from './support/overviewPage.ts';

/**
 * The pages over a real devnet. One after the other on one devnet: its start is the dearest part. How long a hand-over
 * or a recovery takes hangs on the machine, so everything waits for what is to be seen.
 */
test.describe.configure({ mode: 'default', timeout: 180_000 });
const SOON = { timeout: 60_000 };

const numberOf = async (page: Page, head: 'L2 safe head' | 'L2 finalized head'): Promise<number> =>
  Number((await overview(page).head(head).getAttribute('data-number')) ?? -1);

/** The page must repaint by itself: a mark on the document is gone after a reload. */
const mark = (page: Page) =>
  page.evaluate(() => {
    document.body.dataset['sameDocument'] = 'yes';
  });
const notReloaded = (page: Page) => expect(page.locator('body')).toHaveAttribute('data-same-document', 'yes');
const live = (page: Page) => expect(page.getByTestId('live-pill')).toHaveText('Live');
const aligned = (page: Page) =>
  expect(page.getByRole('region', { name: 'Verdict' })).toContainText('Aligned', SOON);
const operatorPanel = (page: Page) => page.getByRole('region', { name: 'Operator' });

/** The newest reorg of L1 that dropped a batch and is over; one is caused where there is none yet. */
const l1Reorg = async (devnet: Devnet): Promise<Status['reorgs'][number]> => {
  const find = async () =>
    (await devnet.status()).reorgs.find(
      ({ layer, droppedBatches, recoveredAt }) =>
        layer === 'L1' && droppedBatches.length > 0 && recoveredAt !== null,
    );
  if ((await find()) === undefined) {
    await expect.poll(async () => (await devnet.status()).batches[0]?.number ?? 0, SOON).toBeGreaterThan(3);
    await devnet.chaos('reorg', '6', 'drop');
  }
  await expect.poll(find, SOON).toBeDefined();
  return (await find())!;
};

test('a devnet comes alive on the page: aligned, with a safe head that rises and a finalized one behind it', async ({
  page,
  devnet,
}) => {
  await page.goto(devnet.url);
  await mark(page);
  await aligned(page);
  const before = await numberOf(page, 'L2 safe head');
  await expect.poll(() => numberOf(page, 'L2 safe head'), SOON).toBeGreaterThan(Math.max(0, before));
  await expect.poll(() => numberOf(page, 'L2 finalized head'), SOON).toBeGreaterThan(0);
  expect(await numberOf(page, 'L2 finalized head')).toBeLessThanOrEqual(await numberOf(page, 'L2 safe head'));
  await notReloaded(page);
});

test('an L1 reorg by a verb of the page drops a batch, is followed, and shown without a reload', async ({
  page,
  devnet,
}) => {
  await page.goto(devnet.url);
  await live(page);
  await mark(page);
  await aligned(page);
  const tile = overview(page).head('L1 head');
  const before = new Set((await devnet.status()).reorgs.map(({ id }) => id));
  const panel = overview(page).devnet;
  // Six blocks back, at one batch every second or two: some batch is in them. No transaction survives.
  await panel.getByRole('textbox', { name: /^depth for reorg/ }).fill('6');
  await panel.getByRole('combobox', { name: 'transactions for reorg' }).selectOption('drop');
  await panel.getByRole('button', { name: 'reorg', exact: true }).click();
  const found = async () =>
    (await devnet.status()).reorgs.find(({ id, layer }) => layer === 'L1' && !before.has(id));
  await expect.poll(async () => (await found()) !== undefined, SOON).toBe(true);
  const reorg = (await found())!;
  expect(reorg).toMatchObject({ layer: 'L1', cause: 'L1_REORG' });
  // The node may not have seen the newest of the six when they went.
  expect(reorg.depth).toBeGreaterThanOrEqual(3);
  expect(reorg.droppedBatches.length).toBeGreaterThan(0);
  await expect(page.getByText(`depth ${reorg.depth}`).first()).toBeVisible(SOON);
  // The sequencer commits the batch again on the new branch, and everybody is level again.
  await aligned(page);
  await expect.poll(() => tile.getAttribute('data-hash')).not.toBe(reorg.oldTip.hash);
  await expect
    .poll(
      async () => (await devnet.status()).batches.find(({ progress }) => progress === 'safe')?.number ?? 0,
      SOON,
    )
    .toBeGreaterThanOrEqual(Math.max(...reorg.droppedBatches));
  await notReloaded(page);
});

test('that reorg is in the list, on a page of its own with its cause, and exported with its evidence', async ({
  page,
  devnet,
}) => {
  const { id, depth } = await l1Reorg(devnet);
  await page.goto(`${devnet.url}reorgs?layer=L1`);
  const row = page.locator(`tr[data-reorg="${id}"]`);
  await expect(row).toContainText('L1_REORG');
  const csv = await (
    await devnet.get((await page.getByRole('link', { name: 'CSV' }).getAttribute('href'))!)
  ).text();
  expect(csv.split('\r\n').filter((line) => line.includes(id) && line.includes('L1_REORG'))).toHaveLength(1);
  await row.getByRole('link').first().click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(`L1 reorg, depth ${depth}`);
  await expect(page.getByRole('region', { name: 'Old and new chain', exact: true })).toContainText(
    'common ancestor',
  );
  await expect(page.getByRole('region', { name: 'Cause' })).toContainText('L1_REORG');
  const evidence = page.getByRole('region', { name: 'Cause' }).getByRole('listitem');
  await expect(evidence).not.toHaveCount(0);
  const json = (await (await devnet.get(`/api/v1/reorgs/${id}`)).json()) as {
    reorg: { evidence: string[] };
  };
  expect(json.reorg.evidence).toHaveLength(await evidence.count());
});

test('the old branch is on no page as if it were the chain, and hangs from the lanes as what it is', async ({
  page,
  devnet,
}) => {
  const { oldTip, droppedBatches } = await l1Reorg(devnet);
  for (const path of ['', 'chain', 'batches', 'leaders', 'health']) {
    await page.goto(`${devnet.url}${path}`);
    await live(page);
    await expect(page.locator(`.tile [data-hash="${oldTip.hash}"]`)).toHaveCount(0);
  }
  const number = droppedBatches[0]!;
  await page.goto(`${devnet.url}batches?status=orphaned`);
  const orphan = page.locator(`tr[data-batch="${number}"][data-progress="orphaned"]`).first();
  await expect(orphan).toBeVisible();
  await page.goto(`${devnet.url}batches/${number}`);
  await expect(page.getByText(/^committed \d+ times/)).toBeVisible();
  await page
    .getByRole('link', { name: /^See reorg/ })
    .first()
    .click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('L1 reorg');
});

test('the chain goes on in the lanes while it is followed, and stands still while it is not', async ({
  page,
  devnet,
}) => {
  await page.goto(`${devnet.url}chain`);
  await live(page);
  // An orphaned branch, which an earlier test may have left, is drawn after the blocks that count.
  const blocks = page
    .getByRole('group', { name: /^Alignment lanes/ })
    .locator('[data-spot^="l1-"]:not(.lane-orphaned)');
  const first = (await blocks.last().getAttribute('data-spot'))!;
  await expect(blocks.last()).not.toHaveAttribute('data-spot', first, SOON);
  await page.getByRole('button', { name: /Following the head/ }).click();
  await expect(page).toHaveURL(/at=\d+/);
  const held = page.url();
  // L1 goes on, and the picture does not go with it.
  const behind = async (): Promise<number> => {
    const shown = /^L1 block (\d+)/.exec((await blocks.last().getAttribute('aria-label')) ?? '');
    return (await devnet.status()).heads.l1!.number - Number(shown?.[1]);
  };
  await expect.poll(behind, SOON).toBeGreaterThan(4);
  expect(page.url()).toBe(held);
  const newest = (await blocks.last().getAttribute('data-spot'))!;
  await page.getByRole('button', { name: /Back to live/ }).click();
  await expect(blocks.last()).not.toHaveAttribute('data-spot', newest, SOON);
});

test('batches come by themselves and get on, and leaders hand over', async ({ page, devnet }) => {
  await page.goto(`${devnet.url}batches`);
  await live(page);
  const top = page.locator('tr[data-batch]').first();
  const number = Number(await top.getAttribute('data-batch'));
  await expect.poll(async () => Number(await top.getAttribute('data-batch')), SOON).toBeGreaterThan(number);
  await expect(page.locator(`tr[data-batch="${number}"]`).first()).toHaveAttribute(
    'data-progress',
    /^(safe|finalized)$/,
    SOON,
  );
  await page.goto(`${devnet.url}leaders`);
  await live(page);
  const leader = page.getByRole('region', { name: 'Now', exact: true }).locator('[data-hash]').first();
  const before = (await leader.getAttribute('data-hash'))!;
  const terms = await page.locator('tbody tr[data-term]').count();
  await expect(leader).not.toHaveAttribute('data-hash', before, SOON);
  await expect.poll(() => page.locator('tbody tr[data-term]').count(), SOON).toBeGreaterThan(terms);
});

test('a node that is cut off from L1 says so on its health page, and when it is healed', async ({
  page,
  devnet,
}) => {
  const { name } = (await devnet.status()).node;
  await page.goto(`${devnet.url}health`);
  await live(page);
  const answers = page.locator('[data-check="l1_answers"]');
  await expect(answers).toHaveAttribute('data-state', 'pass', SOON);
  await devnet.chaos('partition', name);
  await expect(answers).toHaveAttribute('data-state', 'fail', SOON);
  await expect(page.getByRole('region', { name: 'Verdict' })).not.toContainText('Aligned', SOON);
  await expect.poll(async () => (await devnet.get('/readyz')).status, SOON).toBe(503);
  await devnet.chaos('heal', name);
  await expect(answers).toHaveAttribute('data-state', 'pass', SOON);
  await aligned(page);
});

test('the journal is read as it is written, and a chaos verb of the command line shows in it', async ({
  page,
  devnet,
}) => {
  await page.goto(`${devnet.url}activity?kinds=reorg`);
  await live(page);
  const rows = page.locator('tbody tr[data-seq]');
  const newest = async (): Promise<number> =>
    (await rows.count()) === 0 ? 0 : Number(await rows.first().getAttribute('data-seq'));
  const before = await newest();
  await devnet.chaos('reorg', '5', 'drop');
  await expect.poll(newest, SOON).toBeGreaterThan(before);
  await expect(rows.first()).toHaveAttribute('data-kind', /^reorg\./);
  const { rows: told } = (await (await devnet.get('/api/v1/activity?kinds=reorg&limit=5')).json()) as {
    rows: { seq: number; kind: string }[];
  };
  expect(told.every(({ kind }) => kind.startsWith('reorg.'))).toBe(true);
  await aligned(page);
});

test('the command line pauses and resumes the same node with the token file, and is refused under a wrong name', async ({
  devnet,
}) => {
  const { name } = (await devnet.status()).node;
  const plumbline = (...args: readonly string[]) =>
    devnet.plumbline(...args, '--url', devnet.url, '--token-file', devnet.operatorTokenFile);
  const order = ['--reason', 'by the command line', '--confirm'];
  expect(await plumbline('pause', 'driver', ...order, 'another')).toMatchObject({
    code: 5,
    said: expect.stringContaining(name),
  });
  expect(await plumbline('pause', 'driver', ...order, name)).toMatchObject({ code: 0 });
  expect(await (await devnet.get('/readyz')).text()).toContain('Paused by operator');
  expect(await plumbline('resume', 'driver', ...order, name)).toMatchObject({ code: 0 });
  const preview = await plumbline('resync', 'preview', '--target', 'safe', '--json');
  expect(JSON.parse(preview.said)).toMatchObject({ target: { kind: 'safe' }, confirm: name });
});

test('an operator signs in with the printed token, has the node derive again from genesis, and finds it in the journal', async ({
  page,
  devnet,
}) => {
  await expect.poll(async () => (await devnet.status()).heads.safe?.number ?? 0, SOON).toBeGreaterThan(3);
  await page.goto(`${devnet.url}health`);
  await page.getByRole('banner').getByRole('button', { name: 'Sign in as operator' }).click();
  const signIn = page.getByRole('dialog', { name: 'Sign in as operator' });
  await signIn.getByLabel('Operator token').fill(readFileSync(devnet.operatorTokenFile, 'utf8').trim());
  await signIn.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('button', { name: 'Sign out operator' })).toBeVisible();
  await operatorPanel(page)
    .getByRole('button', { name: /^Resync from L1/ })
    .click();
  const dialog = page.getByRole('dialog', { name: 'Resync from L1' });
  await dialog.getByRole('radio', { name: /genesis/ }).check();
  await dialog.getByRole('button', { name: 'See what would happen' }).click();
  await expect(dialog.getByRole('region', { name: 'Impact' })).toContainText('genesis');
  await dialog.getByRole('button', { name: 'Continue' }).click();
  await dialog.getByLabel('Reason, kept in the journal').fill('tried as a new user would');
  await dialog.getByLabel('Name of this node').fill((await devnet.status()).node.name);
  const override = dialog.getByRole('checkbox', { name: /Override/ });
  // Whether the node leads, and how many blocks go, changes from second to second here.
  const ordered = async (): Promise<boolean> => {
    if ((await devnet.status()).operator.resync !== null) return true;
    // It may go away meanwhile: with a newer preview, or because the order before was taken after all.
    if ((await override.count()) > 0) await override.check({ timeout: 2_000 }).catch(() => undefined);
    await dialog
      .getByRole('button', { name: /^Resync [\d\s]+ blocks?$/ })
      .click({ force: true, timeout: 2_000 })
      .catch(() => undefined);
    return (await devnet.status()).operator.resync !== null;
  };
  await expect.poll(ordered, { ...SOON, intervals: [1_000] }).toBe(true);
  await page.reload();
  await expect(operatorPanel(page)).toContainText('tried as a new user would');
  await expect.poll(async () => (await devnet.status()).operator.resync?.phase, SOON).toBe('done');
  await expect(operatorPanel(page)).toContainText('in plumb with L1 again');
  await page.goto(`${devnet.url}activity`);
  await expect(page.getByText(/operator ordered a resync to block 0/).first()).toBeVisible(SOON);
});
