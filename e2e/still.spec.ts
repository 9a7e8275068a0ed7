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

const watchShifts = (page: Page): Promise<void> =>
  page.evaluate(() => {
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
  });

/** After two frames each shift of the picture that was expected before has been recorded, if not yet told. */
const shiftsOf = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
    const { observer, moved, take } = (window as unknown as { shifts: Watching }).shifts;
    take(observer.takeRecords());
    return moved;
  });

/** As many as the scene has steps: they bring a batch to the table, and a digit more or less to many a place. */
const UPDATES = 6;

for (const width of [1440, 768, 390]) {
  test(`nothing on the overview moves while it lives, ${width} px`, async ({ page, scripted }) => {
    await page.setViewportSize({ width, height: 900 });
    await page.goto(scripted.url);
    await expect(page.getByTestId('live-pill')).toHaveText('Live');
    await page.evaluate(() => document.fonts.ready);
    await watchShifts(page);
    const unsafe = page.locator('[data-head="unsafe"]');
    for (let i = 0; i < UPDATES; i++) {
      const before = await unsafe.getAttribute('data-number');
      await scripted.command('advance');
      await expect(unsafe).not.toHaveAttribute('data-number', before!);
    }
    expect(await shiftsOf(page)).toEqual([]);
  });
}
