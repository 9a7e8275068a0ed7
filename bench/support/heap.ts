import type { Browser, CDPSession } from '@playwright/test';
import { type PageServer, takenOver } from './pageServer.ts';

export interface HeapRun {
  readonly path: string;
  /** MiB after garbage collection, by minutes since the beginning. */
  readonly samples: readonly { readonly minute: number; readonly mib: number }[];
  /** Of the samples after the first third of the time, when lists hold as much as they ever will. MiB an hour. */
  readonly slope: number;
  readonly nodes: number;
}

export interface HeapPlan {
  readonly paths: readonly string[];
  readonly minutes: number;
  /** Live updates a second: L1 grows by a block with each. */
  readonly updatesPerSecond: number;
  readonly samples: number;
}

/** Without updates, before a heap is read. Milliseconds. */
const REST_MS = 4_000;

const used = async (session: CDPSession): Promise<number> => {
  // Twice: what the first one finalises is free after the second.
  await session.send('HeapProfiler.collectGarbage');
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = (await session.send('Runtime.getHeapUsage')) as { usedSize: number };
  return usedSize / 2 ** 20;
};

/** The middle of the slopes between any two points (Theil and Sen): one sample that is off does not bend it. */
export const slopeOf = (points: readonly { readonly x: number; readonly y: number }[]): number => {
  const slopes = points.flatMap((one, i) => points.slice(i + 1).map(({ x, y }) => (y - one.y) / (x - one.x)));
  return slopes.sort((a, b) => a - b)[Math.floor(slopes.length / 2)] ?? 0;
};

/** Pages that are open at once while the node lives on; each page's heap is read after garbage collection. */
export async function heapOver(
  browser: Browser,
  server: PageServer,
  { paths, minutes, updatesPerSecond, samples }: HeapPlan,
  log: (line: string) => void,
): Promise<readonly HeapRun[]> {
  const open = await Promise.all(
    paths.map(async (path) => {
      // A window each: a tab that is behind another draws nothing.
      const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
      await page.goto(`${server.url}${path}`);
      await takenOver(page);
      const session = await page.context().newCDPSession(page);
      return { path, page, session, seen: [] as { minute: number; mib: number }[] };
    }),
  );
  let resting = false;
  const beat = setInterval(() => {
    if (!resting) void server.command('advance').catch(() => undefined);
  }, 1_000 / updatesPerSecond);
  const began = Date.now();
  try {
    for (let i = 0; i <= samples; i++) {
      const due = began + (minutes * 60_000 * i) / samples;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - Date.now())));
      // What is still on its way to a page is no part of what the page keeps.
      resting = true;
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
      for (const one of open)
        one.seen.push({ minute: (Date.now() - began) / 60_000, mib: await used(one.session) });
      resting = false;
      log(
        `${((Date.now() - began) / 60_000).toFixed(1)} min: ${open.map(({ path, seen }) => `${path} ${seen.at(-1)!.mib.toFixed(2)}`).join(', ')} MiB`,
      );
    }
  } finally {
    clearInterval(beat);
  }
  const runs = [];
  for (const { path, page, seen } of open) {
    const nodes = await page.evaluate(() => document.getElementsByTagName('*').length);
    await page.context().close();
    const settled = seen.filter(({ minute }) => minute >= minutes / 3);
    const slope = slopeOf(settled.map(({ minute, mib }) => ({ x: minute / 60, y: mib })));
    runs.push({ path, samples: seen, slope, nodes });
  }
  return runs;
}
