import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startCommand } from '../../server/testing/process.ts';
import { test as base } from './fixtures.ts';

const CLI = join(import.meta.dirname, '..', '..', 'server', 'cli.ts');
const run = promisify(execFile);

interface Ready {
  readonly dashboard: string;
  readonly control: string;
  readonly operatorTokenFile: string;
}

/** What the pages are held against: the same node's answers over HTTP. */
export interface Status {
  readonly node: { readonly name: string };
  readonly verdict: { readonly kind: string };
  readonly heads: {
    readonly l1: { readonly number: number } | null;
    readonly safe: { readonly number: number } | null;
  };
  readonly leader: { readonly address: string | null };
  readonly reorgs: readonly {
    readonly id: string;
    readonly layer: string;
    readonly cause: string;
    readonly depth: number;
    readonly recoveredAt: number | null;
    readonly droppedBatches: readonly number[];
    readonly oldTip: { readonly hash: string };
  }[];
  readonly batches: readonly { readonly number: number; readonly progress: string }[];
  readonly operator: { readonly resync: { readonly phase: string; readonly note: string } | null };
}

export interface Devnet {
  readonly url: string;
  readonly operatorTokenFile: string;
  status(): Promise<Status>;
  get(path: string): Promise<Response>;
  /** The program's own command line, beside the devnet. */
  plumbline(...args: readonly string[]): Promise<{ readonly code: number; readonly said: string }>;
  /** A chaos verb by the command line. */
  chaos(...verb: readonly string[]): Promise<void>;
}

const plumbline: Devnet['plumbline'] = (...args) =>
  run(process.execPath, ['--disable-warning=ExperimentalWarning', CLI, ...args]).then(
    ({ stdout }) => ({ code: 0, said: stdout }),
    (error: { code: number; stderr: string }) => ({ code: error.code, said: error.stderr }),
  );

/** Blocks come fast here, so that finality and hand-overs happen while a test looks. */
const FLAGS = [
  '--l1-block-time',
  '1',
  '--l2-block-time-ms',
  '500',
  '--commit-interval-ms',
  '1000',
  '--epoch',
  '8',
];

/** A whole devnet a worker: real L1, sequencers and nodes, the production build of the page. Files share it where they can. */
export const test = base.extend<object, { readonly devnet: Devnet }>({
  devnet: [
    // biome-ignore lint/correctness/noEmptyPattern: the runner reads the fixtures wanted from this pattern.
    async ({}, use) => {
      const dir = mkdtempSync(join(tmpdir(), 'plumbline-e2e-'));
      const started = await startCommand<Ready>(
        ['devnet', '--nodes', '2', '--port', '0', '--l1-port', '0', '--data-dir', dir, ...FLAGS],
        { quiet: true },
      );
      const { control, operatorTokenFile } = started.ready;
      const dashboard = new URL('/', started.ready.dashboard).href;
      const get = (path: string): Promise<Response> => fetch(new URL(path, dashboard));
      await use({
        url: dashboard,
        operatorTokenFile,
        status: async () => (await (await get('/api/v1/status')).json()) as Status,
        get,
        plumbline,
        chaos: async (...verb) => {
          const { code, said } = await plumbline('chaos', ...verb, '--devnet', control);
          if (code !== 0) throw new Error(`chaos ${verb.join(' ')}: ${said}`);
        },
      });
      await started.stop();
      rmSync(dir, { recursive: true, force: true });
    },
    { scope: 'worker', timeout: 180_000 },
  ],
});

export { expect } from './fixtures.ts';
