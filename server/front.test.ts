import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LiveStreams } from './api/live/liveStreams.ts';
import { checkView } from './api/views.ts';
import { INITIAL_STATE } from './driver/state.ts';
import { front, type ProcessOps } from './front.ts';
import { allowsHost, Guard } from './guard.ts';
import type { NodeHandle, OpsHandle } from './runtime.ts';
import { chainFacts } from './status/chainFacts.ts';
import { createScriptedNode } from './testing/scriptedNode.ts';

describe('the host allow-list', () => {
  it.each([
    'localhost',
    'localhost:3000',
    'LocalHost:1',
    '127.0.0.1',
    '127.0.0.1:3000',
    '[::1]',
    '[::1]:3000',
  ])('lets in %s', (header) => {
    expect(allowsHost(header, '127.0.0.1')).toBe(true);
  });

  it.each([
    undefined,
    '',
    'evil.example',
    'evil.example:3000',
    'localhost.evil.example',
    'localhost:3000.evil.example',
    'localhost:evil',
    'localhost:',
    '127.0.0.1.evil.example',
    'evil.example:127.0.0.1',
    '0.0.0.0',
    '192.168.1.5:3000',
    'user@localhost',
  ])('keeps out %s', (header) => {
    expect(allowsHost(header, '127.0.0.1', '127.0.0.1')).toBe(false);
  });

  it('lets in the name it was told to listen on, in any case', () => {
    expect(allowsHost('Node.Example:3000', 'node.example')).toBe(true);
  });

  it.each([
    ['192.168.1.5:3000', '192.168.1.5', true],
    ['192.168.1.5:3000', '::ffff:192.168.1.5', true],
    ['[fd00::5]:3000', 'fd00::5', true],
    ['192.168.1.6:3000', '192.168.1.5', false],
    ['rebound.example:3000', '192.168.1.5', false],
  ])(
    'on all addresses, asked as %s on %s → %s: an address is not resolved, a name is',
    (header, at, allowed) => {
      expect(allowsHost(header, '0.0.0.0', at)).toBe(allowed);
    },
  );
});

const opsOf = (ok: boolean): OpsHandle => ({
  chain: () => chainFacts(INITIAL_STATE),
  journal: () => ({ ok, detail: ok ? null : 'no space left' }),
  metrics: async () => '# of the node',
});

describe('the probes', () => {
  let server: Server | null = null;
  afterEach(
    () =>
      new Promise<void>((resolve) => {
        server?.closeAllConnections();
        if (server === null) resolve();
        else server.close(() => resolve());
      }),
  );

  let loopLagMs = 3;
  const process: ProcessOps = {
    health: () => ({ loopLagMs }),
    metrics: async () => '# of the process',
    streams: new LiveStreams({ node: () => null }),
    answered: () => {},
  };
  beforeEach(() => {
    loopLagMs = 3;
  });

  async function ask(
    node: NodeHandle | null,
    path: string,
    host = 'localhost',
    body?: string,
    verb?: string,
  ) {
    const own = createServer((incoming, response) => {
      if (!front(incoming, response, { guard: new Guard({ host: '127.0.0.1' }), node, process }))
        response.end('a page');
    });
    server = own;
    await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve));
    const { port } = own.address() as AddressInfo;
    return new Promise<{ status: number | undefined; body: string; headers: IncomingHttpHeaders }>(
      (resolve, reject) => {
        const method = verb ?? (body === undefined ? 'GET' : 'POST');
        const headers = { host, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
        const asking = request({ host: '127.0.0.1', port, path, method, headers }, (answer) => {
          let body = '';
          answer.on('data', (chunk) => {
            body += chunk;
          });
          answer.on('end', () => resolve({ status: answer.statusCode, body, headers: answer.headers }));
        });
        asking.on('error', reject);
        asking.end(body);
      },
    );
  }

  const checksIn = (body: string): Record<string, { state: string; reason: string | null }> =>
    Object.fromEntries(
      (JSON.parse(body).checks as { id: string; state: string; reason: string | null }[]).map((one) => [
        one.id,
        one,
      ]),
    );

  it('/healthz is 200 while the loop turns and the journal takes events, whatever the node does', async () => {
    const { status, body } = await ask(null, '/healthz');
    expect([status, JSON.parse(body).ok]).toEqual([200, true]);
    expect(checksIn(body)).toMatchObject({ event_loop: { state: 'pass' }, journal: { state: 'skip' } });
    const halted: NodeHandle = { ...createScriptedNode('halted'), ops: opsOf(true) };
    expect(checksIn((await ask(halted, '/healthz')).body)).toMatchObject({ journal: { state: 'pass' } });
  });

  it('/healthz is 503 with the reason when the loop stands', async () => {
    loopLagMs = 1_000;
    const { status, body } = await ask(createScriptedNode('aligned'), '/healthz');
    expect(status).toBe(503);
    expect(checksIn(body)['event_loop']).toMatchObject({ state: 'fail', value: '1000 ms' });
  });

  it('/healthz is 503 with the reason when the journal cannot be written', async () => {
    const node: NodeHandle = { ...createScriptedNode('aligned'), ops: opsOf(false) };
    const { status, body } = await ask(node, '/healthz');
    expect(status).toBe(503);
    expect(checksIn(body)['journal']).toMatchObject({ state: 'fail', reason: 'no space left' });
  });

  it('/startupz is 503 until L1 and the engine have answered', async () => {
    expect((await ask(null, '/startupz')).status).toBe(503);
    const first = await ask(createScriptedNode('first-start'), '/startupz');
    expect([first.status, first.body]).toEqual([
      503,
      '{"started":false,"reason":"Waiting for the first L1 block."}',
    ]);
    expect((await ask(createScriptedNode('catching-up'), '/startupz')).status).toBe(200);
  });

  it('/metrics joins those of the node and those of the process', async () => {
    const node: NodeHandle = { ...createScriptedNode('aligned'), ops: opsOf(true) };
    expect(await ask(node, '/metrics')).toMatchObject({
      status: 200,
      body: '# of the node\n# of the process',
    });
    expect((await ask(null, '/metrics')).status).toBe(200);
  });

  it.each(['/', '/rpc'])('POST %s answers JSON-RPC, within its bounds', async (path) => {
    const node: NodeHandle = { ...createScriptedNode('aligned'), ops: opsOf(true) };
    const call = { jsonrpc: '2.0', method: 'rollupNode_status', id: 1 };
    const answer = await ask(node, path, 'localhost', JSON.stringify(call));
    expect([answer.status, JSON.parse(answer.body)]).toMatchObject([
      200,
      { id: 1, result: { l1: { status: 'Syncing' } } },
    ]);
    expect((await ask(node, path, 'localhost', `"${'x'.repeat(70_000)}"`)).status).toBe(413);
    expect((await ask(node, path, 'evil.example', '{}')).status).toBe(421);
  });

  it('/readyz is 200 while the node is in plumb, with every criterion', async () => {
    const { status, body } = await ask(createScriptedNode('aligned'), '/readyz');
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ ready: true, verdict: 'aligned' });
    for (const one of Object.values(checksIn(body))) expect(checkView.safeParse(one).error).toBeUndefined();
    expect(checksIn(body)['l1_answers']).toMatchObject({ state: 'pass', reason: null });
  });

  it('/readyz is 503 with the verdict and its sentence while it is not', async () => {
    const node = createScriptedNode('halted');
    const { status, body } = await ask(node, '/readyz?from=a-probe');
    expect(status).toBe(503);
    const { sentence } = node.status().verdict;
    expect(JSON.parse(body)).toMatchObject({ ready: false, verdict: 'halted', reason: sentence });
  });

  it('/readyz is 503 in a process without a node', async () => {
    const { status, body } = await ask(null, '/readyz');
    expect(status).toBe(503);
    expect(JSON.parse(body)).toMatchObject({ ready: false, verdict: 'unknown' });
  });

  it.each(['/healthz', '/readyz', '/startupz', '/metrics', '/', '/api/v1/status'])(
    '%s is refused under a foreign name',
    async (path) => {
      const { status, body } = await ask(createScriptedNode('aligned'), path, 'evil.example');
      expect(status).toBe(421);
      expect(body).not.toContain('verdict');
    },
  );

  it('answers the table of routes as data that may do nothing, under its own name alone', async () => {
    const { status, body, headers } = await ask(createScriptedNode('aligned'), '/api/v1/heads');
    expect([status, JSON.parse(body).kind]).toEqual([200, 'heads']);
    expect(headers).toMatchObject({
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    expect((await ask(createScriptedNode('aligned'), '/api/v1/activity.csv', 'evil.example')).status).toBe(
      421,
    );
    const head = await ask(createScriptedNode('aligned'), '/api/v1/events', 'localhost', undefined, 'HEAD');
    expect([head.status, head.body, head.headers['content-type']]).toEqual([200, '', 'text/event-stream']);
  });

  it.each(['/healthz', '/readyz', '/startupz', '/metrics'])(
    '%s may do nothing in a browser either',
    async (path) => {
      const { headers } = await ask(createScriptedNode('aligned'), path);
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
      expect(headers['content-security-policy']).toContain("default-src 'none'");
    },
  );

  it('an event stream lets go of the node when its client goes away', async () => {
    const node = createScriptedNode('aligned');
    const streams: number[] = [];
    const counted = {
      ...process,
      streams: new LiveStreams({ node: () => node, onChange: (open) => streams.push(open) }),
    };
    const own = createServer((incoming, response) => {
      front(incoming, response, { guard: new Guard({ host: '127.0.0.1' }), node, process: counted });
    });
    server = own;
    await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve));
    const { port } = own.address() as AddressInfo;
    const gone = new AbortController();
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/events?after=1`, { signal: gone.signal });
    await answer.body!.getReader().read();
    expect([node.listenerCount, streams]).toEqual([1, [1]]);
    gone.abort();
    while (node.listenerCount > 0 || streams.length < 2)
      await new Promise((resolve) => setImmediate(resolve));
    expect(streams).toEqual([1, 0]);
  });

  it('leaves every other path to the pages', async () => {
    expect((await ask(null, '/healthz2')).body).toBe('a page');
  });
});
