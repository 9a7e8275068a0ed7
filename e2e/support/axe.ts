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

/** Contrast is the one rule that looks at colours; the others look at what is there and where. */
export type Looks = 'all' | 'colours' | 'structure' | 'none';

/** What axe finds wrong with the page as it stands: each rule with the elements that break it. */
export const complaintsOfAxe = async (page: Page, looks: Looks = 'all'): Promise<string[]> => {
  if (looks === 'none') return [];
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(SOURCE);
  const runOnly =
    looks === 'colours' ? { type: 'rule', values: ['color-contrast'] } : { type: 'tag', values: TAGS };
  const rules = looks === 'structure' ? { 'color-contrast': { enabled: false } } : {};
  const violations = await page.evaluate(
    async ([exclude, options]) => {
      const { axe } = window as unknown as { axe: Axe };
      const there = exclude.filter(([selector]) => document.querySelector(selector!) !== null);
      return (await axe.run({ include: [['html']], exclude: there }, options)).violations;
    },
    [REST_OF_LISTS, { runOnly, rules, resultTypes: ['violations'] }] as const,
  );
  return violations.map(({ id, nodes }) => {
    const where = nodes.map(({ target, html }) => `${target.join(' ')} ${html.slice(0, 120)}`);
    return `${id} at ${where.join(' | ')}`;
  });
};

export const WIDTHS = [1440, 768, 390, 320] as const;
export const THEMES = ['light', 'dark'] as const;
export type Width = (typeof WIDTHS)[number];
export type Theme = (typeof THEMES)[number];

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

export interface Form {
  readonly width: Width;
  readonly theme: Theme;
  readonly looks: Looks;
  readonly name: string;
}

/** PLUMBLINE_AXE=all has axe look at everything in all eight forms of every state, which takes four times as long. */
const ALL = process.env['PLUMBLINE_AXE'] === 'all';

/**
 * A wide page and a phone's show all that there is in the way of colours: tables and cards, the row of pages and the bar.
 * So contrast is measured in both of them in both themes, and everything else, which no theme changes, at every width.
 * A page that was looked at like this once is, in a further state, looked at in one form of each layout and each theme.
 */
const looksAt = (width: Width, theme: Theme, further: boolean): Looks => {
  if (ALL) return 'all';
  const both = width === 1440 || width === 390;
  if (further)
    return (width === 1440 && theme === 'light') || (width === 390 && theme === 'dark') ? 'all' : 'none';
  if (theme === 'dark') return both ? 'colours' : 'none';
  return both ? 'all' : 'structure';
};

/** Turns the page that is open through its widths and themes, without loading it anew. */
export const everyForm = async (
  page: Page,
  look: (form: Form) => Promise<void>,
  {
    widths = WIDTHS,
    further = true,
  }: { readonly widths?: readonly Width[]; readonly further?: boolean } = {},
): Promise<void> => {
  for (const width of widths) {
    await page.setViewportSize({ width, height: heightOf(width) });
    for (const theme of THEMES) {
      const looks = looksAt(width, theme, further);
      // What no theme changes has been seen in the light one.
      if (looks === 'none' && theme === 'dark') continue;
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      await drawn(page);
      await look({ width, theme, looks, name: `${width} px, ${theme}` });
    }
  }
};
