import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from '@playwright/test';

/** axe comes with its binding for Playwright, which opens a second page for each scan; in place it is ten times as fast. */
const binding = createRequire(createRequire(import.meta.url).resolve('@axe-core/playwright'));
const SOURCE = readFileSync(binding.resolve('axe-core/axe.min.js'), 'utf8');

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

interface Found {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly unknown[]; readonly html: string }[];
}
interface Axe {
  run(context: object, options: object): Promise<{ readonly violations: readonly Found[] }>;
}

/** Rows of a list are made by one template: of a long one the first are looked at. */
const REST_OF_LISTS = [['tbody tr:nth-child(n + 17)'], ['ol > li.card:nth-child(n + 17)']];

/** What axe finds wrong with the page as it stands: each rule with the elements that break it. */
export const complaintsOfAxe = async (page: Page): Promise<string[]> => {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(SOURCE);
  const violations = await page.evaluate(
    async ([exclude, options]) => {
      const { axe } = window as unknown as { axe: Axe };
      const there = exclude.filter(([selector]) => document.querySelector(selector!) !== null);
      return (await axe.run({ include: [['html']], exclude: there }, options)).violations;
    },
    [REST_OF_LISTS, { runOnly: { type: 'tag', values: TAGS }, resultTypes: ['violations'] }] as const,
  );
  return violations.map(({ id, nodes }) => {
    const where = nodes.map(({ target, html }) => `${target.join(' ')} ${html.slice(0, 120)}`);
    return `${id} at ${where.join(' | ')}`;
  });
};

export const WIDTHS = [1440, 768, 390, 320] as const;
export const THEMES = ['light', 'dark'] as const;
export type Width = (typeof WIDTHS)[number];

export const heightOf = (width: Width): number => (width >= 768 ? 1000 : 844);

/** A transition of this project lasts 0.7 s at most: what is on its way for so much longer never ends. Milliseconds. */
const DRAWN_MS = 10_000;

/**
 * Everything that follows a new width or theme has been drawn: two frames in a row with nothing on its way. One that has
 * ended may stay listed for ever, as no frame takes it away in a closed fold, so it is its state that counts.
 */
const drawn = async (page: Page): Promise<void> => {
  const moving = await page.evaluate(async (deadline) => {
    const started = performance.now();
    for (let still = 0; still < 2; still++) {
      await new Promise(requestAnimationFrame);
      const running = document
        .getAnimations()
        .filter((one) => one instanceof CSSTransition && one.playState === 'running') as CSSTransition[];
      if (running.length === 0) continue;
      if (performance.now() - started > deadline)
        return running.map(({ transitionProperty, effect }) => {
          const { target } = effect as KeyframeEffect;
          return `${transitionProperty} of ${target?.outerHTML.slice(0, 120)}`;
        });
      still = -1;
    }
    return [];
  }, DRAWN_MS);
  if (moving.length > 0)
    throw new Error(`still on its way after ${DRAWN_MS} ms on ${page.url()}: ${moving.join(' | ')}`);
};

/** Turns the page that is open through its widths and themes, without loading it anew. `form` is `390 px, dark`. */
export const everyForm = async (
  page: Page,
  look: (form: string) => Promise<void>,
  widths: readonly Width[] = WIDTHS,
): Promise<void> => {
  for (const width of widths) {
    await page.setViewportSize({ width, height: heightOf(width) });
    for (const theme of THEMES) {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      await drawn(page);
      await look(`${width} px, ${theme}`);
    }
  }
};
