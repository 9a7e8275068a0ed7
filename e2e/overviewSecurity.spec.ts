import { expect, test } from './support/fixtures.ts';

const ROUTES = ['/', '/nothing-here', '/api/v1/status', '/api/trpc/status', '/icon.svg'];

test('W13: every answer carries the protecting headers and does not name its maker', async ({
  request,
  scripted,
}) => {
  for (const route of ROUTES) {
    const headers = (await request.get(`${scripted.url}${route}`)).headers();
    expect(headers['x-content-type-options'], route).toBe('nosniff');
    expect(headers['referrer-policy'], route).toBe('no-referrer');
    expect(headers['x-frame-options'], route).toBe('DENY');
    expect(headers['x-powered-by'], route).toBeUndefined();
  }
});

test('W12: a page runs only scripts with its own nonce, and every page has another', async ({
  request,
  scripted,
}) => {
  const nonces = new Set<string>();
  for (let i = 0; i < 3; i++) {
    const answer = await request.get(scripted.url);
    const policy = answer.headers()['content-security-policy'] ?? '';
    const nonce = /script-src 'self' 'nonce-([^']+)' 'strict-dynamic'/.exec(policy)?.[1];
    expect(nonce).toBeDefined();
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("object-src 'none'");
    expect(policy).not.toContain('unsafe');
    const scripts = (await answer.text()).match(/<script\b[^>]*>/g) ?? [];
    expect(scripts.length).toBeGreaterThan(0);
    for (const tag of scripts) expect(tag).toContain(`nonce="${nonce}"`);
    nonces.add(nonce!);
  }
  expect(nonces.size).toBe(3);
});

test('the API answers GET and nothing else', async ({ request, scripted }) => {
  for (const path of ['/api/trpc/status', '/api/v1/status']) {
    expect((await request.post(`${scripted.url}${path}`, { data: {} })).status(), path).toBe(405);
  }
  expect((await request.get(`${scripted.url}/api/trpc/status,heads?batch=1`)).status()).toBe(400);
  const wrong = await request.get(
    `${scripted.url}/api/trpc/batches?input=${encodeURIComponent('{"limit":1000}')}`,
  );
  expect(wrong.status()).toBe(400);
  expect(await wrong.text()).not.toContain('.ts:');
});
