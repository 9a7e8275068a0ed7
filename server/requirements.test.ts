import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { operatedRouter } from './api/router.ts';
import { RULES } from './api/rules.ts';
import { t } from './api/trpc.ts';
import { OPERATOR_TOKEN, type OperatedServer, operatedServer } from './testing/operatedServer.ts';

/** Requirements of reliability.md section 3 that are about the whole; the others stand beside what they are about. */
const ROOT = join(import.meta.dirname, '..');
const sources = execFileSync(
  'git',
  ['ls-files', '-z', 'app', 'components', 'server', 'proxy.ts', 'next.config.js'],
  {
    cwd: ROOT,
    encoding: 'utf8',
  },
)
  .split('\0')
  .filter((file) => /\.(tsx?|js)$/.test(file) && !/\.test\.tsx?$/.test(file));
const holding = (pattern: RegExp): string[] =>
  sources.filter((file) => pattern.test(readFileSync(join(ROOT, file), 'utf8')));

let server: OperatedServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

it('W10: an order is refused in its own procedure, whatever stands in front of it', async () => {
  server = await operatedServer();
  // No guard, no proxy, no route: the procedure alone.
  const api = t.createCallerFactory(operatedRouter)({});
  const order = { reason: 'because', confirm: 'scripted', idempotencyKey: 'key-00000001' };
  const expected = { unsafe: `0x${'0'.repeat(64)}`, safe: null, finalized: null };
  const calls = [
    () => api.operator.preview({ target: { kind: 'safe' } }),
    () => api.operator.execute({ ...order, previewId: 'p', expected, override: true }),
    () => api.operator.pause({ ...order, part: 'driver' }),
    () => api.operator.resume({ ...order, part: 'driver' }),
  ];
  for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  expect(server.did).toEqual([]);
  const acting = Object.values(RULES).filter((rule) => rule === 'operator' || rule === 'operator_fresh');
  expect(calls).toHaveLength(acting.length);
});

it('W11: no server actions, and a Next that is not known to be broken', () => {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const [major = 0, minor = 0, patch = 0] = dependencies['next']!.split('.').map(Number);
  // CVE-2025-55182 and GHSA-9qr9-h5gf-34mp are mended in 16.0.7.
  expect(major * 1e6 + minor * 1e3 + patch).toBeGreaterThanOrEqual(16_000_007);
  expect(holding(/^\s*['"]use server['"]/m)).toEqual([]);
});

it('W16: whoever asks something outside follows no redirect, which could lead inside', () => {
  const asking = holding(/(^|[^.\w])(this\.#)?fetch\(/).filter(
    (file) => /^server\//.test(file) && !/^server\/(testing|devnet)\//.test(file),
  );
  expect(asking.length).toBeGreaterThan(5);
  // A method of that name is no request.
  const own = ['server/sequencer/unsafeFeed/peerReader.ts'];
  const trusting = asking.filter(
    (file) => !own.includes(file) && !/redirect: 'error'/.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  expect(trusting).toEqual([]);
});

it('W23: what a chain or a node says is text on the page', () => {
  expect(sources.length).toBeGreaterThan(100);
  expect(holding(/dangerouslySetInnerHTML|\.innerHTML\s*=|insertAdjacentHTML|document\.write/)).toEqual([]);
});

it('W25: the pages are always the production build', () => {
  expect(readFileSync(join(ROOT, 'server/web.ts'), 'utf8')).toContain('dev: false');
  expect(holding(/\bdev: true\b/)).toEqual([]);
});

describe('W22: every attempt is written down, with who, from where and why not', () => {
  const ask = (headers: Record<string, string>) =>
    fetch(`${server!.url}/api/trpc/operator.execute`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{}',
    });

  it('also without a token, with a wrong one, and from a viewer', async () => {
    server = await operatedServer();
    await ask({});
    await ask({ authorization: `Bearer ${'f'.repeat(64)}` });
    expect(server.journal).toMatchObject([
      {
        kind: 'operator.resync_refused',
        payload: { actor: null, from: expect.stringContaining('127.0.0.1'), code: 'not_signed_in' },
      },
      { kind: 'operator.resync_refused', payload: { code: 'not_signed_in' } },
    ]);
  });

  it('and whoever keeps knocking cannot fill the journal', async () => {
    server = await operatedServer();
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => ask({ authorization: 'Bearer guess' })),
    );
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(95);
    expect(server.journal).toHaveLength(5);
    expect((await ask({ authorization: `Bearer ${OPERATOR_TOKEN}` })).status).toBe(429);
  });
});
