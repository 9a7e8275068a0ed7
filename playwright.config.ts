import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { defineConfig } from '@playwright/test';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** The browser that is already here: named by PLUMBLINE_CHROMIUM, else the first found on PATH. None is fetched. */
const chromium = (): string => {
  const named = process.env['PLUMBLINE_CHROMIUM'];
  if (named !== undefined && named !== '') return named;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isExecutable);
  if (found === undefined) {
    throw new Error(
      'No Chromium found. Install one (on Debian: apt-get install chromium) or set PLUMBLINE_CHROMIUM to its path.',
    );
  }
  return found;
};

export default defineConfig({
  testDir: 'e2e',
  projects: [
    { name: 'pages', testIgnore: 'recorded.spec.ts' },
    // Needs recorded data from outside the project: part of the conformance suite.
    { name: 'recorded', testMatch: 'recorded.spec.ts' },
  ],
  // Each worker starts what its tests need, once: a scripted page, and a whole devnet for the file that is about one.
  workers: 2,
  fullyParallel: true,
  snapshotPathTemplate: '{testDir}/snapshots/{arg}{ext}',
  forbidOnly: process.env['CI'] !== undefined,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: [['list']],
  outputDir: 'test-results',
  use: {
    screenshot: 'only-on-failure',
    video: 'off',
    launchOptions: {
      executablePath: chromium(),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
});
