import type { Browser, CDPSession, Page } from '@playwright/test';
import { type PageServer, takenOver } from './pageServer.ts';

/** How a page scrolled. */
export interface Scrolled {
  readonly frames: number;
  /** From one frame to the next, milliseconds. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** Share of frames that came a whole frame late or more. */
  readonly dropped: number;
  /** CPU time of the page's main thread for each frame, milliseconds: other programs on the machine are not in it. */
  readonly cpuMs: number;
}

/** How a list scrolled, and beside it as many of its rows as HTML without a program: what this machine can show. */
export interface ScrolledList {
  /** Rows that the list held. */
  readonly held: number;
  readonly list: Scrolled;
  readonly plain: Scrolled;
}

const FRAME_MS = 1_000 / 60;
const WIDE = { width: 1440, height: 900 };
/** Loading all rows may take so long, and no row may keep the reader waiting longer. Milliseconds. */
const LOAD_MS = 400_000;
const STUCK_MS = 10_000;
/** As plain HTML at most so many rows stand there: more of them cost a browser its memory, and are no faster to show. */
const PLAIN_ROWS = 10_000;

const rowsHeld = (page: Page): Promise<number> =>
  page.evaluate(() => Number(document.querySelector('[data-rows]')?.getAttribute('data-rows') ?? 0));

/** Presses "Load older" once, then stays at the end until all is loaded, or so many rows are. */
async function loadAll(page: Page, rows: number, log: (line: string) => void): Promise<void> {
  const older = page.getByRole('button', { name: /^(Load older|Loading)/ });
  if ((await older.count()) === 0) return;
  await older.click();
  const began = Date.now();
  let toldAt = began;
  let grew = { at: began, held: 0 };
  for (;;) {
    const held = await rowsHeld(page);
    if (held >= rows || (await older.count()) === 0) {
      log(`${held} rows loaded in ${((Date.now() - began) / 1_000).toFixed(0)} s`);
      return;
    }
    if (held > grew.held) grew = { at: Date.now(), held };
    if (Date.now() - began > LOAD_MS || Date.now() - grew.at > STUCK_MS)
      throw new Error(
        `only ${held} rows were loaded in ${((Date.now() - began) / 1_000).toFixed(0)} s; the button says "${await older.textContent()}"`,
      );
    if (Date.now() - toldAt > 10_000) {
      log(`${held} rows loaded …`);
      toldAt = Date.now();
    }
    await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 50)));
  }
}

/**
 * Scrolls from the end towards the top by `stride` pixels a frame, for `frames` at most, and times the frames. Rejects
 * where the browser draws none for five seconds, as a headless one may: the page is not what stands still then.
 */
const walkUp = (page: Page, stride: number, frames: number): Promise<number[]> =>
  page.evaluate(
    ([stride, frames]) =>
      new Promise<number[]>((resolve, reject) => {
        window.scrollTo(0, document.documentElement.scrollHeight);
        const times: number[] = [];
        let [last, seen] = [0, -1];
        const watchdog = setInterval(() => {
          if (seen === times.length) reject(new Error(`no frame for 5 s after ${seen}`));
          seen = times.length;
        }, 5_000);
        const step = (now: number): void => {
          if (last > 0) times.push(now - last);
          last = now;
          if (window.scrollY <= 0 || times.length >= frames) {
            clearInterval(watchdog);
            resolve(times);
          } else {
            window.scrollBy(0, -stride);
            requestAnimationFrame(step);
          }
        };
        // Two frames for the jump to the end itself.
        requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(step)));
      }),
    [stride, frames] as const,
  );

const threadSeconds = async (session: CDPSession): Promise<number> => {
  const { metrics } = await session.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0;
};

interface Walk {
  /** Pixels a frame. */
  readonly stride: number;
  /** At most. */
  readonly frames: number;
}

/** Scrolls the page up from its end and says how that went. */
async function timed(page: Page, { stride, frames }: Walk, log: (line: string) => void): Promise<Scrolled> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const before = await threadSeconds(session);
  const times = await walkUp(page, stride, frames).catch((error) => {
    log(`once more, ${error instanceof Error ? error.message.split('\n')[0] : error}`);
    return walkUp(page, stride, frames);
  });
  const cpu = (await threadSeconds(session)) - before;
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)]!;
  return {
    frames: times.length,
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
    dropped: times.filter((ms) => ms >= 1.5 * FRAME_MS).length / times.length,
    cpuMs: (cpu / times.length) * 1_000,
  };
}

/** The rows that the list has drawn, repeated up to `count`, in a table of the same style and nothing else. */
const plainHtml = (page: Page, count: number): Promise<string> =>
  page.evaluate((count) => {
    const table = document.querySelector('[data-rows]')!;
    const drawn = [...table.querySelectorAll('tbody tr')].filter(
      (row) => row.querySelector('.chunk-away') === null,
    );
    const rows = Array.from({ length: count }, (_, i) => drawn[i % drawn.length]!.outerHTML);
    const styles = [...document.querySelectorAll('link[rel=stylesheet]')].map((link) => link.outerHTML);
    return `<!doctype html><html class="${document.documentElement.className}"><head>${styles.join('')}</head>
      <body><main><section class="scroller wide-only"><table class="${table.className}">
      ${table.querySelector('thead')!.outerHTML}<tbody>${rows.join('')}</tbody></table></section></main></body></html>`;
  }, count);

const inWords = ({ frames, p50Ms, p95Ms, p99Ms, dropped, cpuMs }: Scrolled): string =>
  `${frames} frames: p50 ${p50Ms.toFixed(1)}, p95 ${p95Ms.toFixed(1)}, p99 ${p99Ms.toFixed(1)} ms, ${(dropped * 100).toFixed(1)} % late, ${cpuMs.toFixed(1)} ms CPU a frame`;

/** Loads a list to its end and scrolls up through it, and then through its rows as plain HTML. */
export async function scrollThrough(
  browser: Browser,
  { url }: Pick<PageServer, 'url'>,
  { path, rows, ...walk }: Walk & { readonly path: string; readonly rows: number },
  log: (line: string) => void,
): Promise<ScrolledList> {
  const page = await browser.newPage({ viewport: WIDE });
  page.on('requestfailed', (request) => log(`failed: ${request.url()}: ${request.failure()?.errorText}`));
  page.on('response', (answer) => {
    if (answer.status() >= 400) log(`${answer.status()}: ${answer.url()}`);
  });
  await page.goto(`${url}${path}`);
  await takenOver(page);
  await loadAll(page, rows, log);
  const held = await rowsHeld(page);
  const list = await timed(page, walk, log);
  log(`${path}: ${held} rows, ${inWords(list)}`);
  const html = await plainHtml(page, Math.min(held, PLAIN_ROWS));
  await page.close();
  const bare = await browser.newPage({ viewport: WIDE });
  await bare.route('**/plain', (route) => route.fulfill({ contentType: 'text/html', body: html }));
  await bare.goto(`${url}/plain`);
  const plain = await timed(bare, walk, log);
  log(`${path}: as plain HTML, ${inWords(plain)}`);
  await bare.close();
  return { held, list, plain };
}
