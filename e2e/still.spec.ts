import type { Page } from '@playwright/test';
import { expect, test } from './support/fixtures.ts';

interface Shift extends PerformanceEntry {
  readonly value: number;
  readonly hadRecentInput: boolean;
  readonly sources: readonly {
    readonly node: Node | null;
    readonly previousRect: DOMRectReadOnly;
    readonly currentRect: DOMRectReadOnly;
  }[];
}
/** What the browser saw move without an input, from `watchShifts` on. */
interface Watching {
  readonly observer: PerformanceObserver;
  readonly moved: string[];
  readonly take: (entries: PerformanceEntryList) => void;
}

/** Runs in the page. */
const watchShifts = (): void => {
  const moved: string[] = [];
  const where = ({ x, y, width, height }: DOMRectReadOnly): string =>
    [x, y, width, height].map(Math.round).join(' ');
  const take = (entries: PerformanceEntryList): void => {
    for (const { value, hadRecentInput, sources } of entries as unknown as readonly Shift[]) {
      if (hadRecentInput) continue;
      for (const { node, previousRect, currentRect } of sources) {
        const element = node instanceof Element ? node : node?.parentElement;
        const name = `${element?.tagName}.${element?.getAttribute('class')}`;
        moved.push(`${name}: ${where(previousRect)} → ${where(currentRect)}, ${value}`);
      }
    }
  };
  const observer = new PerformanceObserver((list) => take(list.getEntries()));
  observer.observe({ type: 'layout-shift' });
  Object.assign(window, { shifts: { observer, moved, take } satisfies Watching });
};

/** What was there before has been drawn, and each shift of it recorded. */
const frames = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
  });

/** Each shift of the picture that was expected before, also where it was not yet told. */
const shiftsOf = async (page: Page): Promise<string[]> => {
  await frames(page);
  return page.evaluate(() => {
    const { observer, moved, take } = (window as unknown as { shifts: Watching }).shifts;
    take(observer.takeRecords());
    return moved;
  });
};

/** As many as the scene has steps: they bring a batch to the table, and a digit more or less to many a place. */
const UPDATES = 6;

for (const width of [1440, 768, 390]) {
  test(`nothing on the overview moves while it lives, ${width} px`, async ({ page, scripted }) => {
    await page.setViewportSize({ width, height: 900 });
    await page.goto(scripted.url);
    await expect(page.getByTestId('live-pill')).toHaveText('Live');
    await page.evaluate(() => document.fonts.ready);
    await page.evaluate(watchShifts);
    const unsafe = page.locator('[data-head="unsafe"]');
    for (let i = 0; i < UPDATES; i++) {
      const before = await unsafe.getAttribute('data-number');
      await scripted.command('advance');
      await expect(unsafe).not.toHaveAttribute('data-number', before!);
    }
    expect(await shiftsOf(page)).toEqual([]);
  });
}

/** The page's own fonts are there, wanted already or not; what stands in for them is the machine's. */
const fontsOf = async (page: Page): Promise<void> => {
  await page.waitForFunction(() => document.fonts.size > 0);
  await page.evaluate(async () => {
    const own = [...document.fonts].filter(({ family }) => !family.endsWith('Fallback'));
    await Promise.all(own.map((face) => face.load()));
  });
};

for (const width of [1440, 390]) {
  for (const path of ['/', '/reorgs', '/batches', '/activity']) {
    test(`nothing on ${path} moves when its script takes over what the server drew, ${width} px`, async ({
      page,
      scripted,
    }) => {
      await scripted.show('recovered');
      await page.setViewportSize({ width, height: 900 });
      // The fonts race with the first picture, so the script waits for them, and the watch begins in between.
      let watches = (): void => {};
      const watched = new Promise<void>((resolve) => {
        watches = resolve;
      });
      await page.route(/\.js$/, async (route) => {
        await watched;
        await route.continue();
      });
      const arrived = page.goto(`${scripted.url}${path}`);
      await fontsOf(page);
      await frames(page);
      await page.evaluate(watchShifts);
      watches();
      await arrived;
      await expect(page.getByTestId('live-pill')).toHaveText('Live');
      expect(await shiftsOf(page)).toEqual([]);
    });
  }
}
