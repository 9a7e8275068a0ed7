import type { Page } from '@playwright/test';
import { THEMES, WIDTHS } from './support/axe.ts';
import { expect, STILL_AT, test } from './support/fixtures.ts';
import { boxesOf, expectBoxes, SEEN_PX, screenOf, smallPicture } from './support/looks.ts';
import { PAGES } from './support/places.ts';

test.use({ timezoneId: 'UTC', locale: 'en-GB', deviceScaleFactor: 1, colorScheme: 'light' });

/** The still pages: the ones of every visit, and those scenes of the overview that change most of it. */
const STILLS = [
  ...PAGES.map(({ path }) => ({ path, scene: 'recovered' as const })),
  { path: '/', scene: 'leading' as const },
  { path: '/', scene: 'l1-down' as const },
  { path: '/health', scene: 'catching-up' as const },
];

const nameOf = (path: string, scene: string): string =>
  `${path === '/' ? 'overview' : path.slice(1).replaceAll('/', '-')}-${scene}`;

const settled = async (page: Page): Promise<void> => {
  await page.evaluate(() => document.fonts.ready);
  // A picture is looked at when two readings a frame apart say the same.
  let before = '';
  await expect
    .poll(async () => {
      const earlier = before;
      before = JSON.stringify(await boxesOf(page));
      return earlier === before;
    })
    .toBe(true);
};

for (const { path, scene } of STILLS) {
  const name = nameOf(path, scene);
  test(`looks as it did: ${name}`, async ({ page, context, stillServer }, info) => {
    await stillServer.command(`refresh=off&show=${scene}`);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.clock.setFixedTime(STILL_AT);
    await page.setViewportSize({ width: 1440, height: SEEN_PX });
    await page.goto(`${stillServer.url}${path}`);
    await expect(page.getByTestId('live-pill')).toHaveText('Live');
    const lab = await context.newPage();
    const boxes: Record<string, Awaited<ReturnType<typeof boxesOf>>> = {};
    const screens: Record<string, string[]> = { light: [], dark: [] };
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: SEEN_PX });
      await settled(page);
      boxes[`${width} px`] = await boxesOf(page);
      for (const theme of THEMES) {
        // The widths between have the colours of these two.
        if (theme === 'dark' && width !== 1440 && width !== 390) continue;
        await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
        screens[theme]!.push(await screenOf(page));
      }
    }
    expectBoxes(info, `${name}.json`, boxes);
    for (const theme of THEMES) {
      const picture = await smallPicture(lab, screens[theme]!);
      expect
        .soft(picture)
        .toMatchSnapshot(`${name}-${theme}.png`, { threshold: 0.1, maxDiffPixelRatio: 0.01 });
    }
  });
}
