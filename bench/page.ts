import { type Browser, chromium } from '@playwright/test';
import type { Bench, BenchRow } from './row.ts';
import { scrollThrough } from './support/frames.ts';
import { heapOver } from './support/heap.ts';
import { browserPath, type PageServer, startPageServer } from './support/pageServer.ts';
import { firstLoadBytes, visitOverview } from './support/visit.ts';

/** Bytes of JavaScript, compressed, that the overview needs before it is alive. */
const MAX_FIRST_LOAD = 200_000;
const MAX_LCP_MS = 1_000;
const MAX_INTERACTION_MS = 100;
const UPDATES = 20;
/** 60 frames a second, and one in twenty may come late. Milliseconds. */
const FRAME_MS = 1_000 / 60;
const MAX_DROPPED = 0.05;
/** Pixels a frame: at 60 a second it is six windows, faster than anybody reads. */
const STRIDE = 100;
/** 70 s of frames at most, from the oldest row upwards: 10,000 rows from end to top. */
const FRAMES = 4_200;
/** A leak of one update's status a second would be a hundred times that. MiB an hour. */
const MAX_SLOPE = 4;
/** In minutes a list that nobody reads still fills up to its thousand rows (2 MiB beside some 6). */
const MAX_QUICK_GROWTH = 1.3;
/** So many rows of the 100,000 are loaded, by hand as a reader would; `BENCH_ROWS=100000` loads them all, in minutes. */
const ACTIVITY_ROWS = Number(process.env['BENCH_ROWS'] ?? 10_000);
const LISTS = [
  { name: 'activity', path: '/activity', rows: ACTIVITY_ROWS, scene: 'huge' },
  { name: 'reorgs', path: '/reorgs', rows: 3_000, scene: 'recovered' },
  { name: 'batches', path: '/batches', rows: 800, scene: 'huge' },
] as const;

const row = (name: string, value: number, unit: string, max: number): BenchRow => ({
  name,
  value,
  unit,
  ratio: null,
  bound: `≤ ${Number(max.toPrecision(3))}${unit === '' ? '' : ` ${unit}`}`,
  ok: value <= max,
});

async function overviewRows(
  browser: Browser,
  server: PageServer,
  log: (line: string) => void,
): Promise<readonly BenchRow[]> {
  await server.command('show=aligned');
  const bytes = await firstLoadBytes(server.url);
  // The first visit warms the server's own modules; what is measured is the second.
  await visitOverview(browser, server, 1);
  const visit = await visitOverview(browser, server, UPDATES);
  for (const moved of visit.shifted) log(`moved: ${moved}`);
  return [
    row('overview, first-load JavaScript, compressed', bytes, 'B', MAX_FIRST_LOAD),
    row('overview, largest contentful paint', visit.lcpMs, 'ms', MAX_LCP_MS),
    row('overview, slowest press to next paint', visit.interactionMs, 'ms', MAX_INTERACTION_MS),
    row(`overview, layout shift over load and ${UPDATES} updates`, visit.layoutShift, '', 0),
    row('overview, requests to third parties', visit.foreign.length, 'requests', 0),
  ];
}

async function scrollRows(
  browser: Browser,
  server: PageServer,
  log: (line: string) => void,
): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const { name, path, rows: wanted, scene } of LISTS) {
    await server.command(`show=${scene}`);
    const { held, list, plain } = await scrollThrough(
      browser,
      server,
      { path, rows: wanted, stride: STRIDE, frames: FRAMES },
      log,
    );
    const title = `${name} of ${held} rows, scrolled through`;
    rows.push(
      row(`${title}: main thread a frame`, list.cpuMs, 'ms', FRAME_MS),
      // Half a millisecond for the clock that the browser shows pages.
      row(`${title}: 95th of a hundred frames`, list.p95Ms, 'ms', FRAME_MS + 0.5),
      row(`${title}: share of frames that came late`, list.dropped, '', MAX_DROPPED),
      {
        name: `${title}: share that came late of its rows as plain HTML`,
        value: plain.dropped,
        unit: '',
        ratio: null,
        bound: 'for comparison: what this machine can show',
        ok: true,
      },
    );
  }
  return rows;
}

/** `BENCH_MINUTES=30` gives what the README promises; without it a quick look. */
const heapMinutes = (): number => Number(process.env['BENCH_MINUTES'] ?? 2);

async function heapRows(
  browser: Browser,
  server: PageServer,
  log: (line: string) => void,
): Promise<readonly BenchRow[]> {
  const minutes = heapMinutes();
  await server.command('show=huge');
  const quick = minutes < 10;
  const plan = {
    paths: ['/', '/chain', '/activity', '/batches'],
    minutes,
    updatesPerSecond: quick ? 4 : 2,
    samples: quick ? 12 : minutes,
  };
  log(`${minutes} min of ${plan.updatesPerSecond} live updates a second …`);
  const runs = await heapOver(browser, server, plan, log);
  return runs.map(({ path, samples, slope }) => {
    const [first, last] = [samples[Math.ceil(samples.length / 5)]!, samples.at(-1)!];
    const growth = last.mib / first.mib;
    // Over minutes the line through the samples is mostly noise: then it is their growth that counts.
    return quick
      ? row(
          `${path}: heap after ${minutes} min of updates by heap near their beginning`,
          growth,
          '×',
          MAX_QUICK_GROWTH,
        )
      : row(`${path}: heap over ${minutes} min of live updates`, slope, 'MiB/h', MAX_SLOPE);
  });
}

/** What a reader feels, on the production build and this machine's own browser. */
export const pageBench: Bench = async (log) => {
  const server = await startPageServer();
  const browser = await chromium.launch({
    executablePath: browserPath(),
    args: ['--no-sandbox', '--disable-gpu', '--enable-precise-memory-info'],
  });
  try {
    if (heapMinutes() >= 10) return await heapRows(browser, server, log);
    const rows: BenchRow[] = [];
    for (const measure of [overviewRows, scrollRows, heapRows]) {
      const measured = await measure(browser, server, log);
      // Told at once too: what comes later may fail.
      for (const { name, value, unit } of measured) log(`${name}: ${Number(value.toPrecision(4))} ${unit}`);
      rows.push(...measured);
    }
    return rows;
  } finally {
    await browser.close();
    server.stop();
  }
};
