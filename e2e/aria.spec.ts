import type { Page } from '@playwright/test';
import { SCRIPTED_OPERATOR_TOKEN } from '../server/testing/scriptedOperator.ts';
import { expect, test } from './support/fixtures.ts';

/** What assistive technology hears of the frame and of the dialogs does not change by accident. */

const live = (page: Page) => expect(page.getByTestId('live-pill')).toHaveText('Live');

test('the header and the verdict', async ({ page, scripted }) => {
  await page.goto(`${scripted.url}/settings`);
  await live(page);
  await expect(page.getByRole('banner')).toMatchAriaSnapshot(`
    - banner:
      - link "Skip to the content"
      - link "Plumbline, overview"
      - navigation "Pages":
        - list:
          - listitem:
            - link "Overview"
          - listitem:
            - link "Chain"
          - listitem:
            - link "Reorgs"
          - listitem:
            - link "Leaders"
          - listitem:
            - link "Batches"
          - listitem:
            - link "Health"
          - listitem:
            - link "Activity"
  `);
  await expect(page.getByRole('region', { name: 'Verdict' })).toMatchAriaSnapshot(`
    - region "Verdict":
      - paragraph:
        - strong: Aligned
      - list "Freshness":
        - listitem: /Page Live/
        - listitem: /Driver/
        - listitem: /L1 RPC/
        - listitem: /L2 engine/
        - listitem: /Blobs/
  `);
});

test('the palette and the keys', async ({ page, scripted }) => {
  await page.goto(`${scripted.url}/settings`);
  await live(page);
  await page.keyboard.press('/');
  await expect(page.getByRole('dialog')).toMatchAriaSnapshot(`
    - dialog "Search and actions":
      - heading "Search and actions" [level=2]
      - combobox "Search, or choose an action" [expanded]
      - status
      - listbox "Found":
        - option /Overview/ [selected]
        - option /Chain/
  `);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toMatchAriaSnapshot(`
    - dialog "Keys":
      - heading "Keys" [level=2]
      - button "Close"
      - region "Everywhere":
        - heading "Everywhere" [level=3]
        - term: /./
        - definition: /./
      - region "In the alignment lanes":
        - heading "In the alignment lanes" [level=3]
  `);
});

test('the sign-in, and the steps of a resync', async ({ page, scripted }) => {
  await scripted.command('operator=on');
  await page.goto(`${scripted.url}/health`);
  await live(page);
  await page.getByRole('banner').getByRole('button', { name: 'Sign in as operator' }).click();
  const signIn = page.getByRole('dialog', { name: 'Sign in as operator' });
  await expect(signIn).toMatchAriaSnapshot(`
    - dialog "Sign in as operator":
      - heading "Sign in as operator" [level=2]
      - button "Close"
      - textbox "Operator token"
      - alert
      - button "Cancel"
      - button "Sign in"
  `);
  await signIn.getByLabel('Operator token').fill(SCRIPTED_OPERATOR_TOKEN);
  await signIn.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: /^Resync from L1/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Resync from L1' });
  await expect(dialog).toMatchAriaSnapshot(`
    - dialog "Resync from L1":
      - heading "Resync from L1" [level=2]
      - button "Close"
      - list "Steps":
        - listitem: 1 Target
        - listitem: 2 Impact
        - listitem: 3 Confirm
      - group:
        - radio /last safe/ [checked]
        - radio /finalized/
      - alert
      - button "Cancel"
      - button "See what would happen"
  `);
  await dialog.getByRole('button', { name: 'See what would happen' }).click();
  await expect(dialog).toMatchAriaSnapshot(`
    - dialog "Resync from L1":
      - list "Steps"
      - region "Impact"
      - alert
      - button "Back"
      - button "Cancel"
      - button "Continue"
  `);
  await dialog.getByRole('button', { name: 'Continue' }).click();
  await expect(dialog).toMatchAriaSnapshot(`
    - dialog "Resync from L1":
      - list "Steps"
      - textbox "Reason, kept in the journal"
      - textbox /Name of this node/
      - alert
      - button "Back"
      - button "Cancel"
      - button /Resync 12 blocks/
  `);
});
