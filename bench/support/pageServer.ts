import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';

const SCRIPT = fileURLToPath(new URL('../../e2e/support/scripted.ts', import.meta.url));
const START_MS = 60_000;

/** PLUMBLINE_CHROMIUM, or the first Chromium on the PATH. Throws one sentence when there is none. */
export const browserPath = (): string => {
  const named = process.env['PLUMBLINE_CHROMIUM'];
  if (named) return named;
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {
        // Not here.
      }
    }
  }
  throw new Error('No Chromium found: set PLUMBLINE_CHROMIUM to its path.');
};

export interface PageServer {
  readonly url: string;
  /** One of scripted.ts's commands. */
  command(query: string): Promise<void>;
  stop(): void;
}

/** The production build over a scripted node, as the browser tests have it. Needs `npm run build`. */
export async function startPageServer(): Promise<PageServer> {
  const child = spawn(process.execPath, ['--no-warnings', SCRIPT], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise<string>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('the page did not start: is there a build?')), START_MS);
    child.on('exit', (code) => reject(new Error(`the page ended with ${code}`)));
    createInterface({ input: child.stdout! }).on('line', (line) => {
      if (!line.startsWith('{')) return;
      clearTimeout(late);
      resolve((JSON.parse(line) as { url: string }).url);
    });
  });
  return {
    url,
    command: async (query) => {
      const answer = await fetch(`${url}/__script?${query}`, { method: 'POST' });
      if (!answer.ok) throw new Error(`the scripted node does not know ${query}`);
    },
    stop: () => void child.kill('SIGTERM'),
  };
}

/** The page's own script has taken it over and its stream is open: before that, what stands there is the server's word. */
export const takenOver = (page: Page): Promise<void> =>
  page.locator('[data-testid="live-pill"][data-state="live"]').waitFor({ timeout: START_MS });
