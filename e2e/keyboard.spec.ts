import type { Locator, Page } from '@playwright/test';
import { SCRIPTED_OPERATOR_TOKEN } from '../server/testing/scriptedOperator.ts';
import { expect, test } from './support/fixtures.ts';
import { PAGES } from './support/places.ts';

/** A page with a long list has some three hundred stops. */
const MOST_STOPS = 900;

const live = (page: Page) => expect(page.getByTestId('live-pill')).toHaveText('Live');

/** What the focus is on now, and what is wrong with it for somebody who sees the page and has no mouse. */
const stop = (page: Page) =>
  page.evaluate(() => {
    const one = document.activeElement;
    if (!(one instanceof HTMLElement || one instanceof SVGElement) || one === document.body) return null;
    const again = one.hasAttribute('data-reached');
    one.setAttribute('data-reached', '');
    const name = `${one.localName} ${one.getAttribute('aria-label') ?? one.textContent.trim().slice(0, 40)}`;
    const isRinged = (part: Element | null): boolean => {
      if (part === null) return false;
      const { outlineStyle, outlineWidth } = getComputedStyle(part);
      return outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 1;
    };
    const probe = document.body.appendChild(document.createElement('i'));
    probe.style.color = 'var(--focus)';
    const { color } = getComputedStyle(probe);
    probe.remove();
    // A row that is one link has the ring around all of it; in the lanes a block's own edge takes the ring's colour.
    const ringed =
      isRinged(one) ||
      isRinged(one.closest('tr, li, .minimap, label, dialog')) ||
      [...one.children].some((part) => getComputedStyle(part).stroke === color);
    const box = one.getBoundingClientRect();
    const seen =
      box.bottom > 0 && box.top < window.innerHeight && box.right > 0 && box.left < window.innerWidth;
    // Half of it or more behind a bar that stays is as good as hidden (WCAG 2.4.11).
    const masthead = document.querySelector('header.masthead')?.getBoundingClientRect();
    const behind =
      masthead !== undefined && one.closest('header.masthead') === null && box.bottom < masthead.bottom;
    const wrong = [ringed ? '' : 'no ring', seen ? '' : 'out of sight', behind ? 'behind the header' : ''];
    return { name, again, wrong: wrong.filter((text) => text !== '') };
  });

/** What can be used with a mouse and was not reached. Of a group of radio buttons one is a stop. */
const missed = (page: Page) =>
  page.evaluate(() => {
    const all = document.querySelectorAll<HTMLElement>(
      'a[href], button, input, select, textarea, summary, [tabindex="0"], [role="button"]',
    );
    const isMissed = (one: HTMLElement): boolean => {
      if (one.hasAttribute('data-reached') || one.closest('dialog:not([open])') !== null) return false;
      if (!one.checkVisibility({ visibilityProperty: true }) || one.matches(':disabled')) return false;
      if (one instanceof HTMLInputElement && one.type === 'radio')
        return document.querySelector(`input[name="${one.name}"][data-reached]`) === null;
      // The lanes are one stop, and move inside by arrows.
      return one.closest('[role="group"] svg, svg [role="group"], .chain-lanes') === null;
    };
    return [...all].filter(isMissed).map((one) => one.outerHTML.slice(0, 160));
  });

const tabTo = async (page: Page, target: Locator): Promise<void> => {
  for (let i = 0; i < MOST_STOPS; i++) {
    if (await target.evaluate((one) => one === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  await expect(target).toBeFocused();
};

for (const { path } of PAGES) {
  test(`everything on ${path} is reached by Tab, in sight and with a ring`, async ({ page, scripted }) => {
    await scripted.command('devnet=on&operator=on&show=recovered');
    await page.goto(`${scripted.url}${path}`);
    await live(page);
    await page.keyboard.press('Tab');
    const skip = page.getByRole('link', { name: 'Skip to the content' });
    await expect(skip).toBeFocused();
    await expect(skip).toBeInViewport();
    const wrong: string[] = [];
    for (let i = 0; i < MOST_STOPS; i++) {
      const at = await stop(page);
      // Past the last stop the focus is nowhere, or begins anew.
      if (at === null || at.again) break;
      if (at.wrong.length > 0) wrong.push(`${at.name}: ${at.wrong.join(', ')}`);
      await page.keyboard.press('Tab');
    }
    expect(wrong).toEqual([]);
    expect(await missed(page)).toEqual([]);
    await expect(page.locator('[tabindex]:not([tabindex="0"]):not([tabindex="-1"])')).toHaveCount(0);
    await skip.focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('main')).toBeFocused();
  });
}

test('a dialog keeps the focus until Escape, and gives it back to what opened it', async ({
  page,
  scripted,
}) => {
  await scripted.command('operator=on&show=recovered');
  await page.goto(`${scripted.url}/health`);
  await live(page);
  const holds = async (opener: Locator, name: string): Promise<void> => {
    await tabTo(page, opener);
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name });
    await expect(dialog).toBeVisible();
    for (let i = 0; i < 25; i++) {
      await page.keyboard.press(i % 3 === 2 ? 'Shift+Tab' : 'Tab');
      // Past its last element the focus is with the browser's own controls, and never on the page behind.
      const where = await dialog.evaluate((one) => {
        const { activeElement } = document;
        return activeElement === document.body || one.contains(activeElement)
          ? 'inside'
          : activeElement?.outerHTML;
      });
      expect(where).toBe('inside');
    }
    await page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
    await expect(opener).toBeFocused();
  };
  const banner = page.getByRole('banner');
  await holds(banner.getByRole('button', { name: 'Search' }), 'Search and actions');
  await holds(banner.getByRole('button', { name: 'Sign in as operator' }), 'Sign in as operator');
  await page.setViewportSize({ width: 390, height: 844 });
  await holds(page.getByRole('button', { name: 'More', exact: true }), 'More');
});

test('a key that follows at once on the end of the palette opens the keys, and they stay', async ({
  page,
  scripted,
}) => {
  await page.goto(`${scripted.url}/settings`);
  await live(page);
  await page.keyboard.press('/');
  await expect(page.getByRole('dialog', { name: 'Search and actions' })).toBeVisible();
  // In one task, as the browser tells of the closed dialog in a later one.
  await page.evaluate(async () => {
    const palette = document.querySelector<HTMLDialogElement>('dialog[open]')!;
    const told = new Promise((resolve) => palette.addEventListener('close', resolve));
    palette.close();
    // Its field keeps the focus until the browser draws again.
    const key = new KeyboardEvent('keydown', { key: '?', bubbles: true, cancelable: true });
    palette.querySelector('input')!.dispatchEvent(key);
    await told;
    for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
  });
  await expect(page.getByRole('dialog', { name: 'Keys' })).toBeVisible();
});

test('an operator signs in, pauses, resumes and resyncs by keys alone', async ({ page, scripted }) => {
  await scripted.command('operator=on');
  await page.goto(`${scripted.url}/health`);
  await live(page);
  const panel = page.getByRole('region', { name: 'Operator' });
  await tabTo(page, page.getByRole('banner').getByRole('button', { name: 'Sign in as operator' }));
  await page.keyboard.press('Enter');
  const signIn = page.getByRole('dialog', { name: 'Sign in as operator' });
  await tabTo(page, signIn.getByLabel('Operator token'));
  await page.keyboard.insertText(SCRIPTED_OPERATOR_TOKEN);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Sign out ana' })).toBeVisible();
  for (const what of ['Pause', 'Resume']) {
    await tabTo(page, panel.getByRole('button', { name: `${what} the driver` }));
    await page.keyboard.press('Enter');
    const form = page.getByRole('dialog', { name: `${what} the driver` });
    await tabTo(page, form.getByLabel('Reason, kept in the journal'));
    await page.keyboard.insertText('by keys');
    await tabTo(page, form.getByLabel('Name of this node'));
    await page.keyboard.insertText('scripted');
    await tabTo(page, form.getByRole('button', { name: `${what} the driver` }));
    await page.keyboard.press('Enter');
    await expect(form).toBeHidden();
  }
  const toResync = panel.getByRole('button', { name: /^Resync from L1/ });
  // The dialog closes with the answer; that the driver is at work again comes with the next status.
  await expect(toResync).toHaveAttribute('aria-disabled', 'false');
  await tabTo(page, toResync);
  await page.keyboard.press('Enter');
  const resync = page.getByRole('dialog', { name: 'Resync from L1' });
  await expect(resync.getByRole('button', { name: 'Cancel' })).toBeFocused();
  await tabTo(page, resync.getByRole('radio', { checked: true }));
  await page.keyboard.press('ArrowDown');
  await expect(resync.getByRole('radio', { name: /finalized/ })).toBeChecked();
  await tabTo(page, resync.getByRole('button', { name: 'See what would happen' }));
  await page.keyboard.press('Enter');
  await tabTo(page, resync.getByRole('button', { name: 'Continue' }));
  await page.keyboard.press('Enter');
  await tabTo(page, resync.getByLabel('Reason, kept in the journal'));
  await page.keyboard.insertText('by keys');
  await tabTo(page, resync.getByLabel('Name of this node'));
  await page.keyboard.insertText('scripted');
  await tabTo(page, resync.getByRole('button', { name: /^Resync 12\sblocks/ }));
  await page.keyboard.press('Enter');
  await expect(resync).toContainText('Going back');
});

test('a filter is set, an event opened and a theme chosen by keys alone', async ({ page, scripted }) => {
  await scripted.show('recovered');
  await page.goto(`${scripted.url}/reorgs`);
  await live(page);
  await tabTo(page, page.getByRole('combobox', { name: 'Cause' }));
  await page.keyboard.type('LEADER_H');
  await expect(page).toHaveURL(/cause=LEADER_HANDOVER/);
  await tabTo(page, page.locator('tbody tr[data-reorg]').first().getByRole('link'));
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/reorgs\/r-/);
  await page.goto(`${scripted.url}/activity`);
  await live(page);
  const details = page.getByRole('button', { name: /details of event/i }).first();
  await tabTo(page, details);
  await page.keyboard.press('Enter');
  await expect(details).toHaveAttribute('aria-expanded', 'true');
  await page.goto(`${scripted.url}/settings`);
  await live(page);
  await tabTo(page, page.getByRole('group', { name: 'Theme' }).getByRole('radio', { checked: true }));
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});
