import { execFileSync } from 'node:child_process';
import { get } from 'node:https';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { LiveStreams } from './api/live/liveStreams.ts';
import { exposureProblem } from './config/exposure.ts';
import { currentNode, publishNode } from './runtime.ts';
import { createScriptedNode } from './testing/scriptedNode.ts';
import { REQUEST_LIMITS, startWeb, type Web, type WebOptions } from './web.ts';

const PROCESS = {
  health: () => ({ loopLagMs: 0 }),
  metrics: async () => '',
  streams: new LiveStreams({ node: currentNode }),
  answered: () => {},
};

let web: Web | null = null;
afterEach(async () => {
  await web?.close();
  web = null;
});

async function start(options: Partial<WebOptions> = {}): Promise<number> {
  publishNode(createScriptedNode('aligned'));
  web = await startWeb({ port: 0, host: '127.0.0.1', dir: null, process: PROCESS, ...options });
  return Number(new URL(web.url).port);
}

/** Sends bytes as they are and answers what came back until the server closed or `until` was seen. */
function raw(port: number, text: string, until = /\r\n\r\n[\s\S]/): Promise<string> {
  return new Promise((resolve, reject) => {
    let got = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (chunk) => {
      got += chunk;
      if (until.test(got)) socket.destroy();
    });
    socket.on('close', () => resolve(got));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' ? resolve(got) : reject(error),
    );
  });
}

const head = (method: string, path: string, headers: Readonly<Record<string, string>>): string =>
  `${method} ${path} HTTP/1.1\r\n${Object.entries({ host: 'localhost', ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`;
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0);

describe('W1: away from loopback', () => {
  const open = { host: '0.0.0.0', hasOperator: true, tls: true, behindProxy: false };
  it.each([
    ['127.0.0.1', false, false, false, null],
    ['localhost', false, false, false, null],
    ['::1', false, false, false, null],
    ['0.0.0.0', true, true, false, null],
    ['192.168.1.5', true, false, true, null],
    ['0.0.0.0', false, true, false, /operator token/],
    ['0.0.0.0', true, false, false, /TLS/],
    ['::', false, false, false, /operator token.*TLS/],
    ['node.example', true, false, false, /TLS/],
    ['127.0.0.1.evil.example', true, false, false, /TLS/],
  ])('listening on %s with token %s, TLS %s, proxy %s', (host, hasOperator, tls, behindProxy, problem) => {
    const said = exposureProblem({ ...open, host, hasOperator, tls, behindProxy });
    if (problem === null) expect(said).toBeNull();
    else expect(said).toMatch(problem);
  });
});

describe('W2: a name that was rebound to this address', () => {
  it('reaches nothing, whatever it asks for', async () => {
    const port = await start();
    for (const path of ['/', '/api/v1/status', '/healthz', '/metrics', '/rpc']) {
      expect(statusOf(await raw(port, head('GET', path, { host: `rebound.example:${port}` })))).toBe(421);
    }
    const post = head('POST', '/rpc', {
      host: 'rebound.example',
      'content-type': 'application/json',
      'content-length': '2',
    });
    expect(statusOf(await raw(port, `${post}{}`))).toBe(421);
  });

  it('is let in where it is the name that our proxy is reached under', async () => {
    const port = await start({ guard: { publicHost: 'node.example', behindProxy: true } });
    expect(statusOf(await raw(port, head('GET', '/healthz', { host: 'Node.Example' })))).toBe(200);
    expect(statusOf(await raw(port, head('GET', '/healthz', { host: 'other.example' })))).toBe(421);
  });
});

describe('W3, W4: what writes', () => {
  it.each([
    ['from another page', { origin: 'https://evil.example' }, 403],
    ['from a sibling of the site', { origin: 'http://localhost', 'sec-fetch-site': 'same-site' }, 403],
    ['from a sandboxed page', { origin: 'null' }, 403],
    ['as a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['as multipart, which tRPC would take', { 'content-type': 'multipart/form-data; boundary=x' }, 415],
    ['as bytes, which tRPC would take', { 'content-type': 'application/octet-stream' }, 415],
    ['as text that a beacon sends', { 'content-type': 'text/plain;charset=UTF-8' }, 415],
    ['without a type', { 'content-type': '' }, 415],
  ])('%s gets nowhere', async (_, headers, status) => {
    const port = await start();
    const all = { 'content-type': 'application/json', 'content-length': '2', ...headers };
    for (const path of ['/api/trpc/operator.execute', '/rpc', '/', '/api/v1/devnet/chaos', '/nothing']) {
      expect([path, statusOf(await raw(port, `${head('POST', path, all)}{}`))]).toEqual([path, status]);
    }
  });

  it.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])('by %s is not taken', async (method) => {
    const port = await start();
    expect(statusOf(await raw(port, head(method, '/api/trpc/status', { 'content-length': '0' })))).toBe(405);
  });
});

describe('W14: one address', () => {
  it('asks so often a second, and no more', async () => {
    let now = 0;
    const { Guard } = await import('./guard.ts');
    const guard = new Guard({ host: '127.0.0.1', requestsPerSecond: 2 }, () => now);
    const ask = (address: string): boolean => {
      const request = {
        method: 'GET',
        url: '/api/v1/status',
        headers: { host: 'localhost' },
        socket: { remoteAddress: address },
      };
      const response = {
        once: (_: string, done: () => void) => done(),
        writeHead: () => undefined,
        end: () => undefined,
      };
      return guard.admits(request as never, response as never);
    };
    const burst = Array.from({ length: 9 }, () => ask('1.1.1.1'));
    expect(burst.filter(Boolean)).toHaveLength(8);
    expect(ask('2.2.2.2')).toBe(true);
    now = 1_000;
    expect([ask('1.1.1.1'), ask('1.1.1.1'), ask('1.1.1.1')]).toEqual([true, true, false]);
  });

  it.each(['/api/v1/status', '//api/v1/status', 'http://localhost/api/v1/status', '/%61pi/v1/status', '/%'])(
    'is counted however it writes the target: %s',
    async (url) => {
      const { Guard } = await import('./guard.ts');
      const guard = new Guard({ host: '127.0.0.1', requestsPerSecond: 1 }, () => 0);
      const headers = { host: 'localhost' };
      const request = { method: 'GET', url, headers, socket: { remoteAddress: '1.1.1.1' } };
      const response = { once: () => undefined, writeHead: () => undefined, end: () => undefined };
      const admitted = Array.from({ length: 6 }, () => guard.admits(request as never, response as never));
      expect(admitted.filter(Boolean)).toHaveLength(4);
    },
  );

  /** How many of 10,000 requests at one moment are let through, and what the last is told. */
  const admitted = async (method: string, url: string, before: readonly string[] = []) => {
    const { Guard } = await import('./guard.ts');
    const guard = new Guard({ host: '127.0.0.1' }, () => 0);
    let told: { status: number; retry: string | undefined; text: string } | null = null;
    const ask = (method: string, url: string): boolean => {
      const headers = {
        host: 'localhost',
        'content-type': 'application/json',
        'content-length': '2',
      };
      const request = { method, url, headers, socket: { remoteAddress: '1.1.1.1' } };
      let [status, retry] = [0, undefined as string | undefined];
      const response = {
        once: () => undefined,
        writeHead: (code: number, headers: Record<string, string>) => {
          [status, retry] = [code, headers['retry-after']];
        },
        end: (text: string) => {
          told = { status, retry, text };
        },
      };
      return guard.admits(request as never, response as never);
    };
    for (const url of before) for (let i = 0; i < 10_000; i++) ask('GET', url);
    let through = 0;
    for (let i = 0; i < 10_000; i++) if (ask(method, url)) through += 1;
    return { through, told: told as unknown as { status: number; retry: string; text: string } };
  };

  it.each([
    ['GET', '/', 80, 'pages'],
    ['GET', '/reorgs?kind=L1', 80, 'pages'],
    ['GET', '/nothing', 80, 'pages'],
    ['GET', '/_next/static/../../reorgs', 80, 'pages'],
    ['GET', '/_next/static/%2e%2e/reorgs', 80, 'pages'],
    ['GET', '/_next/image?url=x', 80, 'pages'],
    ['GET', '/_next/static/chunks/0a-b_c~1.js', 2_400, 'assets'],
    ['GET', '/metrics', 20, 'metrics'],
    ['GET', '/metrics?x', 20, 'metrics'],
    ['GET', '/healthz', 240, 'the probes'],
    ['POST', '/', 240, 'JSON-RPC'],
    ['POST', '/rpc', 240, 'JSON-RPC'],
  ])('%s %s: at most %i at once, then it is told when to come back', async (method, url, most, name) => {
    const { through, told } = await admitted(method, url);
    expect(through).toBe(most);
    expect([told.status, told.retry]).toEqual([429, '1']);
    expect(told.text).toContain(`asks for ${name} more than`);
  });

  it('that used up its pages may still read metrics, probes and the API', async () => {
    const before = ['/', '/_next/static/a.js'];
    expect((await admitted('GET', '/metrics', before)).through).toBe(20);
    expect((await admitted('GET', '/healthz', before)).through).toBe(240);
    // The API's own bound on what is open at once: nothing was answered yet.
    expect((await admitted('GET', '/api/v1/status', before)).through).toBe(50);
  });

  it('has so many streams open, and may open another when one is closed', async () => {
    const { Guard } = await import('./guard.ts');
    const guard = new Guard({ host: '127.0.0.1', maxOpen: 3 });
    const closers: (() => void)[] = [];
    const open = (): number => {
      let status = 200;
      const request = {
        method: 'GET',
        url: '/api/trpc/onUpdate',
        headers: { host: 'localhost' },
        socket: { remoteAddress: '::1' },
      };
      const response = {
        once: (_: string, done: () => void) => closers.push(done),
        writeHead: (code: number) => {
          status = code;
        },
        end: () => undefined,
      };
      guard.admits(request as never, response as never);
      return status;
    };
    expect([open(), open(), open(), open()]).toEqual([200, 200, 200, 429]);
    closers[0]!();
    expect([open(), open()]).toEqual([200, 429]);
  });

  it('is the one that our proxy saw, and no other that a client names', async () => {
    const { Guard } = await import('./guard.ts');
    const seen = (behindProxy: boolean): string => {
      const headers: Record<string, string> = {
        host: 'localhost',
        'x-forwarded-for': '6.6.6.6, 7.7.7.7',
        'x-plumbline-address': '8.8.8.8',
      };
      const request = { method: 'GET', url: '/', headers, socket: { remoteAddress: '9.9.9.9' } };
      new Guard({ host: '127.0.0.1', behindProxy }).admits(
        request as never,
        { once: () => undefined } as never,
      );
      return headers['x-plumbline-address']!;
    };
    expect([seen(false), seen(true)]).toEqual(['9.9.9.9', '7.7.7.7']);
  });
});

describe('W15: a request', () => {
  it('with a body over 64 KiB is refused before it is read', async () => {
    const port = await start();
    const text = head('POST', '/api/trpc/operator.execute', {
      'content-type': 'application/json',
      'content-length': String(64 * 1024 + 1),
    });
    expect(statusOf(await raw(port, text))).toBe(413);
  });

  it('that does not say how long it is, is refused', async () => {
    const port = await start();
    const text = head('POST', '/api/trpc/operator.execute', {
      'content-type': 'application/json',
      'transfer-encoding': 'chunked',
    });
    expect(statusOf(await raw(port, text))).toBe(411);
  });

  it('with headers over 16 KiB is refused', async () => {
    const port = await start();
    expect(statusOf(await raw(port, head('GET', '/healthz', { x: 'y'.repeat(17 * 1024) })))).toBe(431);
  });

  it('that trickles in is cut off: headers and body have 10 s', async () => {
    expect([REQUEST_LIMITS.headersTimeout, REQUEST_LIMITS.requestTimeout]).toEqual([10_000, 10_000]);
    const port = await start({
      limits: { ...REQUEST_LIMITS, requestTimeout: 50, headersTimeout: 50, connectionsCheckingInterval: 20 },
    });
    const trickle = head('POST', '/rpc', { 'content-type': 'application/json', 'content-length': '9' });
    expect(statusOf(await raw(port, `${trickle}{`))).toBe(408);
    expect(statusOf(await raw(port, 'GET / HTTP/1.1\r\nhost: loc'))).toBe(408);
  });
});

describe('W13: over TLS', () => {
  it('an answer binds the browser to it', async () => {
    const { cert, key } = selfSigned();
    await start({ tls: { cert, key } });
    expect(web!.url).toMatch(/^https:/);
    const headers = await getInsecurely(web!.url);
    expect(headers['strict-transport-security']).toBe('max-age=31536000');
  });
});

/** OpenSSL is where Node is built; without it the test would say nothing, so it fails. */
function selfSigned(): { cert: string; key: string } {
  const out = execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '1',
      '-subj',
      '/CN=localhost',
      '-keyout',
      '-',
      '-out',
      '-',
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const part = (name: string): string =>
    new RegExp(`-----BEGIN ${name}-----[\\s\\S]+?-----END ${name}-----`).exec(out)![0];
  return { cert: part('CERTIFICATE'), key: part('PRIVATE KEY') };
}

const getInsecurely = (url: string): Promise<Readonly<Record<string, unknown>>> =>
  new Promise((resolve, reject) => {
    get(new URL('/healthz', url), { rejectUnauthorized: false, agent: false }, (answer) => {
      answer.resume();
      answer.on('error', () => undefined);
      answer.on('end', () => resolve(answer.headers));
    }).on('error', reject);
  });
