import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { test as base, expect, type Page } from '@playwright/test';
import type { Scenario } from '../../server/testing/scriptedStatus.ts';

const SCRIPT = fileURLToPath(new URL('./scripted.ts', import.meta.url));
const START_MS = 30_000;

/** A production server over a scripted node, with the commands that scripted.ts understands. */
export interface Scripted {
  readonly url: string;
  show(scenario: Scenario): Promise<void>;
  command(query: string): Promise<void>;
}

const addressOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    const said: string[] = [];
    const late = setTimeout(
      () => reject(new Error(`the page did not start in ${START_MS} ms:\n${said.join('\n')}`)),
      START_MS,
    );
    const lines = createInterface({ input: child.stdout! });
    lines.on('line', (line) => {
      said.push(line);
      if (!line.startsWith('{')) return;
      clearTimeout(late);
      resolve((JSON.parse(line) as { url: string }).url);
    });
    child.stderr!.on('data', (chunk: Buffer) => said.push(chunk.toString()));
    child.on('exit', (code) => {
      clearTimeout(late);
      reject(new Error(`the page ended with ${code}; is there a build (npm run build)?\n${said.join('\n')}`));
    });
  });

const startScripted = async (args: readonly string[]) => {
  const child = spawn(process.execPath, ['--no-warnings', SCRIPT, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const url = await addressOf(child);
  const command = async (query: string): Promise<void> => {
    const answer = await fetch(`${url}/__script?${query}`, { method: 'POST' });
    if (!answer.ok) throw new Error(`the script does not know "${query}"`);
  };
  const stop = async (): Promise<void> => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  };
  return { url, command, show: (scenario: Scenario) => command(`show=${scenario}`), stop };
};

/** What went wrong in a browser although the page looked right. */
export interface Complaints {
  readonly console: string[];
  readonly foreign: string[];
}

const complaintsOf = (page: Page, url: string): Complaints => {
  const complaints: Complaints = { console: [], foreign: [] };
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.console.push(message.text());
  });
  page.on('pageerror', (error) => complaints.console.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:'))
      complaints.foreign.push(request.url());
  });
  return complaints;
};

/**
 * The page's own script has taken it over. The server's HTML looks the same, and a key or a click in between may reach
 * nobody; a page without the pill (not found) has nothing to wait for.
 */
export const takenOver = async (page: Page): Promise<void> => {
  await expect(page.locator('[data-testid="live-pill"][data-hydrated="false"]')).toHaveCount(0);
  // What the server streamed after the first picture lies in a hidden place for a moment, beside what the script made. A
  // page that is held in its loading state keeps it there, which is not to be waited for.
  await page
    .waitForFunction(() => document.querySelector('div[hidden][id^="S:"]') === null, null, {
      timeout: STREAMED_MS,
    })
    .catch(() => undefined);
};

/** React puts what was streamed into its place within 0.3 s of the first picture. */
const STREAMED_MS = 1_500;

/** Each way to a new document waits until the page can be used. */
const waitsForScript = (page: Page): void => {
  const [goto, reload] = [page.goto.bind(page), page.reload.bind(page)];
  page.goto = async (url, options) => {
    const answer = await goto(url, options);
    await takenOver(page);
    return answer;
  };
  page.reload = async (options) => {
    const answer = await reload(options);
    await takenOver(page);
    return answer;
  };
};

interface TestFixtures {
  readonly scripted: Scripted;
  readonly complaints: Complaints;
}
interface WorkerFixtures {
  readonly server: Scripted;
  readonly emptyServer: Scripted;
  readonly stillServer: Scripted;
}

/** The moment at which `stillServer` and a browser beside it stand: a Tuesday, 14:02:40 UTC. */
export const STILL_AT = Date.UTC(2026, 10, 24, 14, 2, 40);

/** One server a worker; every test begins with it aligned, refreshing and reachable. */
export const test = base.extend<TestFixtures, WorkerFixtures>({
  server: [
    // biome-ignore lint/correctness/noEmptyPattern: the runner reads the fixtures wanted from this pattern.
    async ({}, use) => {
      const server = await startScripted([]);
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],
  emptyServer: [
    // biome-ignore lint/correctness/noEmptyPattern: the runner reads the fixtures wanted from this pattern.
    async ({}, use) => {
      const server = await startScripted(['--empty']);
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],
  stillServer: [
    // biome-ignore lint/correctness/noEmptyPattern: the runner reads the fixtures wanted from this pattern.
    async ({}, use) => {
      const server = await startScripted(['--clock', String(STILL_AT)]);
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],
  scripted: async ({ server }, use) => {
    await server.command(
      'stream=on&api=on&refresh=on&past=well&ahead=0&devnet=off&operator=off&build=scripted&show=aligned',
    );
    await use(server);
  },
  page: async ({ page }, use) => {
    waitsForScript(page);
    await use(page);
  },
  complaints: async ({ page, server }, use) => {
    await use(complaintsOf(page, server.url));
  },
});

export { expect };
