import { afterEach, describe, expect, test } from 'vitest';
import { rpcScript, type Script, type ScriptedHttp, scriptedHttp } from '../testing/scriptedHttp.ts';
import { JsonRpcClient, RangeLimitError } from './jsonRpc.ts';
import { L1Error } from './l1.ts';

const servers: ScriptedHttp[] = [];
const serve = async (script: Script): Promise<ScriptedHttp> => {
  const server = await scriptedHttp(script);
  servers.push(server);
  return server;
};
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const client = (url: string, timeoutMs = 20_000): JsonRpcClient =>
  new JsonRpcClient({ url, timeoutMs, maxResponseBytes: 10_000 });

const failureOf = async (promise: Promise<unknown>): Promise<L1Error> => {
  try {
    await promise;
  } catch (error) {
    if (error instanceof L1Error) return error;
    throw error;
  }
  throw new Error('it did not fail');
};

/** A URL with a key in path, query and user part, at a server that answers by the script. */
const secretUrl = (server: ScriptedHttp): string =>
  `${server.url.replace('http://', 'http://user:hunter2@')}/v3/s3cr3tpath?key=s3cr3tquery`;

describe('what is not an answer', () => {
  const cases: readonly [name: string, script: Script, code: string][] = [
    ['HTTP 429', () => ({ kind: 'text', status: 429, body: '' }), 'rate_limited'],
    ['429 inside a 200', rpcScript(() => ({ error: { code: 429, message: 'slow' } })), 'rate_limited'],
    [
      'a rate limit in words',
      rpcScript(() => ({ error: { code: -32005, message: 'rate limit reached' } })),
      'rate_limited',
    ],
    [
      'HTTP 502 with a page',
      () => ({ kind: 'text', status: 502, body: '<html>Bad Gateway</html>' }),
      'unreachable',
    ],
    ['HTTP 503', () => ({ kind: 'text', status: 503, body: '' }), 'unreachable'],
    ['HTTP 401', () => ({ kind: 'text', status: 401, body: 'no' }), 'rpc_error'],
    ['a page with status 200', () => ({ kind: 'text', body: '<html>' }), 'bad_answer'],
    ['truncated JSON', () => ({ kind: 'text', body: '{"jsonrpc":"2.0","id":1,"resu' }), 'bad_answer'],
    ['an empty body', () => ({ kind: 'text', body: '' }), 'bad_answer'],
    ['another id', () => ({ kind: 'json', body: { jsonrpc: '2.0', id: 999, result: '0x1' } }), 'bad_answer'],
    ['no result', () => ({ kind: 'json', body: { jsonrpc: '2.0', id: 1 } }), 'bad_answer'],
    ['a list for a single call', () => ({ kind: 'json', body: [] }), 'bad_answer'],
    ['a null', () => ({ kind: 'json', body: null }), 'bad_answer'],
    ['too many bytes', () => ({ kind: 'text', body: 'x'.repeat(10_001) }), 'bad_answer'],
    ['a connection reset in the body', () => ({ kind: 'reset', body: '{"jsonrpc"' }), 'unreachable'],
    [
      'an error of the node',
      rpcScript(() => ({ error: { code: -32000, message: 'header not found' } })),
      'rpc_error',
    ],
  ];
  test.each(cases)(
    '%s is told as its own kind of failure, naming the host and no secret',
    async (_name, script, code) => {
      const server = await serve(script);
      const failure = await failureOf(client(secretUrl(server)).call('eth_chainId', []));
      expect(failure.code).toBe(code);
      expect(failure.message).not.toMatch(/hunter2|s3cr3t/);
      expect(failure.message).toContain('127.0.0.1');
    },
  );

  test('a server that never answers, or stops in the middle, is a timeout', async () => {
    for (const body of [undefined, '{"jsonrpc":']) {
      const server = await serve(() => ({ kind: 'hang', ...(body === undefined ? {} : { body }) }));
      const failure = await failureOf(client(server.url, 60).call('eth_chainId', []));
      expect(failure.code).toBe('timeout');
      expect(failure.message).toContain('60 ms');
    }
  });

  test('an abort by the caller is not a timeout, and closing aborts what is in flight', async () => {
    const server = await serve(() => ({ kind: 'hang' }));
    const controller = new AbortController();
    const call = failureOf(client(server.url).call('eth_chainId', [], controller.signal));
    controller.abort();
    expect((await call).code).toBe('aborted');
    const closing = client(server.url);
    const inFlight = failureOf(closing.call('eth_chainId', []));
    closing.close();
    expect((await inFlight).code).toBe('aborted');
  });

  test('nobody listening is unreachable, with the reason of the system', async () => {
    const server = await scriptedHttp(() => ({ kind: 'hang' }));
    await server.close();
    const failure = await failureOf(client(server.url).call('eth_chainId', []));
    expect(failure.code).toBe('unreachable');
    expect(failure.message).toContain('ECONNREFUSED');
  });

  test('a redirect to another host is not followed', async () => {
    const elsewhere = await serve(rpcScript(() => ({ result: '0x1' })));
    const headers = { location: elsewhere.url };
    const server = await serve(() => ({ kind: 'text', status: 307, body: '', headers }));
    expect((await failureOf(client(server.url).call('eth_chainId', []))).code).toBe('unreachable');
    expect(elsewhere.requests).toHaveLength(0);
  });

  test('Retry-After is kept, in seconds or as a date', async () => {
    const waitAskedBy = async (value: string) => {
      const server = await serve(() => ({
        kind: 'text',
        status: 429,
        body: '',
        headers: { 'retry-after': value },
      }));
      return (await failureOf(client(server.url).call('eth_chainId', []))).retryAfterMs;
    };
    expect(await waitAskedBy('7')).toBe(7_000);
    expect(await waitAskedBy('Thu, 01 Jan 1970 00:00:00 GMT')).toBe(0);
    expect(await waitAskedBy('soon')).toBeNull();
  });
});

test('credentials in the URL are sent as Basic credentials, not in the URL', async () => {
  const server = await serve(rpcScript(() => ({ result: '0x1' })));
  expect(await client(secretUrl(server)).call('eth_chainId', [])).toBe('0x1');
  expect(server.requests[0]?.authorization).toBe(`Basic ${Buffer.from('user:hunter2').toString('base64')}`);
  expect(server.requests[0]?.path).toBe('/v3/s3cr3tpath?key=s3cr3tquery');
});

describe('batches', () => {
  const calls = ['a', 'b', 'c'].map((method) => ({ method, params: [] }));
  type Wire = readonly { id: number; method: string }[];

  test('answers out of order are put in order, and one failed call leaves the others', async () => {
    const server = await serve(({ json }) => {
      const [a, b, c] = json as Wire;
      const error = { code: -32000, message: 'no' };
      return {
        kind: 'json',
        body: [
          { id: c?.id, result: 3 },
          { id: a?.id, result: 1 },
          { id: b?.id, error },
        ],
      };
    });
    const outcomes = await client(server.url).batch(calls);
    expect(outcomes.map((outcome) => (outcome.ok ? outcome.result : outcome.error.code))).toEqual([
      1,
      'rpc_error',
      3,
    ]);
  });

  test('a partial answer fails only the calls that are missing', async () => {
    const server = await serve(({ json }) => ({
      kind: 'json',
      body: [{ id: (json as Wire)[1]?.id, result: 2 }],
    }));
    const outcomes = await client(server.url).batch(calls);
    expect(outcomes.map((outcome) => (outcome.ok ? outcome.result : outcome.error.code))).toEqual([
      'bad_answer',
      2,
      'bad_answer',
    ]);
  });

  test('an endpoint that takes no batches is asked one by one from then on', async () => {
    const server = await serve(({ json }) =>
      Array.isArray(json)
        ? {
            kind: 'json',
            body: { jsonrpc: '2.0', id: null, error: { code: -32600, message: 'batch not supported' } },
          }
        : {
            kind: 'json',
            body: { id: (json as { id: number }).id, result: (json as { method: string }).method },
          },
    );
    const rpc = client(server.url);
    for (const requests of [4, 7]) {
      const outcomes = await rpc.batch(calls);
      expect(outcomes).toEqual(['a', 'b', 'c'].map((result) => ({ ok: true, result })));
      expect(rpc.requests).toBe(requests);
    }
  });
});

test('a refused log range is told apart from other errors, with the blocks it says it takes', async () => {
  const message = 'requested too many blocks from 0 to 16777216, maximum is set to 2048';
  const server = await serve(rpcScript(() => ({ error: { code: -32005, message } })));
  const refused = await failureOf(client(server.url).call('eth_getLogs', []));
  expect(refused).toBeInstanceOf(RangeLimitError);
  expect(refused).toMatchObject({ code: 'rpc_error', blocks: 2_048 });
  expect(await failureOf(client(server.url).call('eth_call', []))).not.toBeInstanceOf(RangeLimitError);
});
