import { request } from 'node:http';
import type { Browser, Page } from '@playwright/test';
import { type PageServer, takenOver } from './pageServer.ts';

/** Bytes of one asset as it travels. Node's fetch opens what is compressed; this asks for the bytes themselves. */
const travelling = (url: URL): Promise<number> =>
  new Promise((resolve, reject) => {
    request(url, { headers: { 'accept-encoding': 'gzip' } }, (answer) => {
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      answer.on('end', () => resolve(bytes));
      answer.on('error', reject);
    })
      .on('error', reject)
      .end();
  });

/** Scripts that the first byte of the page names, as they travel: compressed. What is loaded later is not counted. */
export async function firstLoadBytes(url: string): Promise<number> {
  const html = await (await fetch(url)).text();
  // `noModule` scripts are for browsers that know no modules; the others do not fetch them.
  const tags = [...html.matchAll(/<script[^>]+src="([^"]+)"[^>]*>/g)].filter(
    ([tag]) => !/nomodule/i.test(tag),
  );
  const sources = [...new Set(tags.map((found) => found[1]!))];
  const sizes = await Promise.all(sources.map((source) => travelling(new URL(source, url))));
  return sizes.reduce((sum, size) => sum + size, 0);
}

export interface Visit {
  /** When the largest thing of the page was painted, milliseconds after navigation. */
  readonly lcpMs: number;
  /** Press of a control to the next paint, the slowest of all that were pressed (as INP has it). Milliseconds. */
  readonly interactionMs: number;
  /** Sum of all layout shifts that no input caused, from the first byte over `updates` live updates. */
  readonly layoutShift: number;
  /** What moved, as a selector, and how much. */
  readonly shifted: readonly string[];
  /** Requests to anybody but the page's own server. */
  readonly foreign: readonly string[];
}

interface Watched {
  lcp: number;
  shift: number;
  shifted: string[];
  slowest: number;
}

/** https://wicg.github.io/layout-instability: what TypeScript's own types do not have yet. */
interface Shift {
  readonly value: number;
  readonly hadRecentInput: boolean;
  readonly sources: readonly { readonly node: Node | null }[];
}

/** Runs in the page before anything else does. An event that is painted within 16 ms is not told, and counts as 16. */
const watch = (): void => {
  const seen: Watched = { lcp: 0, shift: 0, shifted: [], slowest: 16 };
  (window as unknown as { seen: Watched }).seen = seen;
  new PerformanceObserver((list) => {
    seen.lcp = list.getEntries().at(-1)!.startTime;
  }).observe({ type: 'largest-contentful-paint', buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as unknown as Shift[]) {
      if (entry.hadRecentInput) continue;
      seen.shift += entry.value;
      for (const { node } of entry.sources) {
        const element = node instanceof Element ? node : node?.parentElement;
        seen.shifted.push(`${element?.tagName}.${element?.getAttribute('class')} ${entry.value.toFixed(5)}`);
      }
    }
  }).observe({ type: 'layout-shift', buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as unknown as { duration: number; interactionId: number }[])
      if (entry.interactionId > 0) seen.slowest = Math.max(seen.slowest, entry.duration);
  }).observe({ type: 'event', buffered: true, durationThreshold: 16 } as PerformanceObserverInit);
};

const frames = (page: Page): Promise<void> =>
  page.evaluate(
    () => new Promise<void>((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve()))),
  );

/** Real input, so that the browser itself times it: presses of the controls of the overview, by mouse and by key. */
async function pressControls(page: Page): Promise<void> {
  for (let round = 0; round < 3; round++) {
    for (const name of ['Table', 'Picture', 'Change between light and dark theme']) {
      await page.getByRole('button', { name, exact: true }).click();
      await frames(page);
    }
    await page.keyboard.press('/');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
  }
}

/** One visit of the overview: loads it, lets it live for so many updates, and presses its controls. */
export async function visitOverview(browser: Browser, server: PageServer, updates: number): Promise<Visit> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const foreign: string[] = [];
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(server.url) && !url.startsWith('data:')) foreign.push(url);
  });
  await page.addInitScript(watch);
  await page.goto(server.url);
  await takenOver(page);
  const read = (): Promise<Watched> => page.evaluate(() => (window as unknown as { seen: Watched }).seen);
  await frames(page);
  // The first press ends the search for the largest paint, so it is read before.
  const { lcp } = await read();
  for (let i = 0; i < updates; i++) {
    await server.command('advance');
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)));
  }
  await pressControls(page);
  await frames(page);
  const { shift, shifted, slowest } = await read();
  await page.close();
  return { lcpMs: lcp, interactionMs: slowest, layoutShift: shift, shifted, foreign };
}
