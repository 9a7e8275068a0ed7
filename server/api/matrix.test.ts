import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  OPERATOR_TOKEN,
  type OperatedServer,
  operatedServer,
  VIEWER_TOKEN,
} from '../testing/operatedServer.ts';
import { hashOf } from '../testing/scriptedLabels.ts';
import { appRouter, operatedRouter } from './router.ts';
import { RULES, type Rule } from './rules.ts';

/**
 * Every procedure × every kind of caller × every way a request can be dressed (reliability.md, row 22). Procedures are
 * enumerated from the router as it is: one without a rule fails.
 */
type Kind = 'query' | 'mutation' | 'subscription';
const procedures = Object.entries(
  operatedRouter._def.procedures as unknown as Record<string, { _def: { type: Kind } }>,
).map(([path, { _def }]) => ({ path, type: _def.type }));

const ORDER = { reason: 'because', confirm: 'scripted', idempotencyKey: 'key-00000001' };
const INPUTS: Readonly<Record<string, unknown>> = {
  'operator.signIn': { token: OPERATOR_TOKEN },
  'operator.signOut': {},
  'operator.preview': { target: { kind: 'safe' } },
  'operator.execute': {
    ...ORDER,
    previewId: 'p',
    expected: { unsafe: hashOf('a'), safe: null, finalized: null },
    override: false,
  },
  'operator.pause': { ...ORDER, part: 'driver' },
  'operator.resume': { ...ORDER, part: 'driver' },
};

const CALLERS = [
  'nobody',
  'viewer token',
  'operator token',
  'operator session',
  'viewer session',
  'session of 6 minutes',
  'session of 13 hours',
  'wrong token',
] as const;
type CallerKind = (typeof CALLERS)[number];

const DRESSES = {
  'own page': { allowed: true, headers: (own: string) => ({ origin: own, 'sec-fetch-site': 'same-origin' }) },
  'no origin': { allowed: 'token only', headers: () => ({}) },
  'another page': {
    allowed: false,
    headers: () => ({ origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }),
  },
  'a sibling of the site': {
    allowed: false,
    headers: (own: string) => ({ origin: own, 'sec-fetch-site': 'same-site' }),
  },
  'another port': {
    allowed: false,
    headers: () => ({ origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' }),
  },
  'null origin': { allowed: false, headers: () => ({ origin: 'null' }) },
  'a rebound name': { allowed: false, headers: (own: string) => ({ host: 'rebound.example', origin: own }) },
  multipart: {
    allowed: false,
    headers: (own: string) => ({ origin: own, 'content-type': 'multipart/form-data; boundary=x' }),
  },
  'plain text': { allowed: false, headers: (own: string) => ({ origin: own, 'content-type': 'text/plain' }) },
  'octet stream': {
    allowed: false,
    headers: (own: string) => ({ origin: own, 'content-type': 'application/octet-stream' }),
  },
  'a form': {
    allowed: false,
    headers: (own: string) => ({ origin: own, 'content-type': 'application/x-www-form-urlencoded' }),
  },
} as const;
type Dress = keyof typeof DRESSES;

let server: OperatedServer;

beforeAll(async () => {
  server = await operatedServer();
});
afterAll(() => server.close());
beforeEach(async () => {
  server.did.length = 0;
});

let orders = 10_000_000;
/** Each request is an order of its own: a key that was used before would be answered, and nothing done. */
const inputOf = (path: string): string =>
  JSON.stringify(INPUTS[path]).replace(ORDER.idempotencyKey, `key-${++orders}`);

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly cookies: readonly string[];
}

function send(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string | null,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = httpRequest(
      { host: '127.0.0.1', port: server.port, method, path, headers, agent: false },
      (answer) => {
        let text = '';
        answer.on('data', (chunk) => {
          text += chunk;
        });
        answer.on('end', () =>
          resolve({ status: answer.statusCode!, body: text, cookies: answer.headers['set-cookie'] ?? [] }),
        );
      },
    );
    asking.on('error', reject);
    asking.end(body ?? undefined);
  });
}

async function openSession(token: string): Promise<string> {
  const answer = await server.operator.signIn(token, '127.0.0.1');
  if (!answer.ok) throw new Error(answer.message);
  return answer.session;
}

/** A fresh server clock, so that no failure of one cell is counted in the next. */
async function credentials(kind: CallerKind): Promise<Record<string, string>> {
  server.clock.at += 24 * 60 * 60_000;
  const cookie = (id: string) => ({ cookie: `theme=dark; ${server.operator.cookieName}=${id}` });
  const aged = async (ms: number, token = OPERATOR_TOKEN) => {
    const id = await openSession(token);
    server.clock.at += ms;
    return cookie(id);
  };
  switch (kind) {
    case 'nobody':
      return {};
    case 'viewer token':
      return { authorization: `Bearer ${VIEWER_TOKEN}` };
    case 'operator token':
      return { authorization: `Bearer ${OPERATOR_TOKEN}` };
    case 'wrong token':
      return { authorization: `Bearer ${'f'.repeat(64)}` };
    case 'operator session':
      return aged(0);
    case 'viewer session':
      return aged(0, VIEWER_TOKEN);
    case 'session of 6 minutes':
      return aged(6 * 60_000);
    case 'session of 13 hours':
      return aged(13 * 60 * 60_000);
  }
}

const isToken = (kind: CallerKind) => kind.endsWith('token');
const acts = (kind: CallerKind) =>
  kind === 'operator token' || kind === 'operator session' || kind === 'session of 6 minutes';

/** What has to come of a mutation: 200 where it may run, and for all else the class of refusal. */
function expected(rule: Rule, caller: CallerKind, dress: Dress): number {
  const { allowed } = DRESSES[dress];
  if (allowed === false) {
    if (dress === 'a rebound name') return 421;
    return ['multipart', 'plain text', 'octet stream', 'a form'].includes(dress) ? 415 : 403;
  }
  if (rule === 'sign_in' || rule === 'session') return allowed === true ? 200 : 403;
  if (!isToken(caller) && allowed === 'token only') return 401;
  if (caller === 'viewer token' || caller === 'viewer session') return 403;
  if (!acts(caller)) return 401;
  if (rule === 'operator_fresh' && caller === 'session of 6 minutes') return 401;
  return 200;
}

it('every procedure has a rule, and every rule a procedure', () => {
  expect(procedures.map(({ path }) => path).sort()).toEqual(Object.keys(RULES).sort());
});

it('what changes something is a mutation behind a rule, and takes an object that names itself', () => {
  for (const { path, type } of procedures) {
    if (RULES[path] === 'read') expect(type, path).not.toBe('mutation');
    if (type === 'mutation') expect(INPUTS[path], `an input for ${path}`).toBeTypeOf('object');
  }
});

describe.each(procedures.filter(({ type }) => type === 'mutation'))('$path', ({ path }) => {
  const rule = RULES[path]!;

  it.each(CALLERS)('W2, W3, W4, W9: asked by: %s', async (caller) => {
    for (const dress of Object.keys(DRESSES) as Dress[]) {
      const headers = {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(JSON.stringify(INPUTS[path]))),
        ...(await credentials(caller)),
        ...DRESSES[dress].headers(server.url),
      };
      server.did.length = 0;
      const answer = await send('POST', `/api/trpc/${path}`, headers, inputOf(path));
      const wanted = expected(rule, caller, dress);
      expect([dress, answer.status, answer.body.slice(0, 200)]).toEqual([dress, wanted, expect.any(String)]);
      const order = path.split('.')[1]!;
      const orders = rule === 'operator' || rule === 'operator_fresh';
      expect(
        server.did.map(({ what }) => what),
        `${dress}: ${answer.body}`,
      ).toEqual(wanted === 200 && orders ? [order] : []);
      expect(answer.body).not.toMatch(/\.ts:\d|at \w+ \(|node_modules/);
    }
  });

  it('W6: is nothing that a link can do (GET), nor a batch', async () => {
    const headers = { ...(await credentials('operator token')) };
    const input = encodeURIComponent(JSON.stringify(INPUTS[path]));
    expect((await send('GET', `/api/trpc/${path}?input=${input}`, headers, null)).status).toBe(405);
    const batch = JSON.stringify({ 0: INPUTS[path], 1: INPUTS[path] });
    const asked = await send(
      'POST',
      `/api/trpc/${path},${path}?batch=1`,
      { ...headers, 'content-type': 'application/json', 'content-length': String(batch.length) },
      batch,
    );
    expect(asked.status).toBe(400);
    expect(server.did).toEqual([]);
  });

  it.each([null, 1, 'x', [], [{}], { x: 1 }])('W5: refuses the input %j', async (input) => {
    if (path === 'operator.signOut' && JSON.stringify(input) === '{}') return;
    const body = JSON.stringify(input);
    const headers = {
      ...(await credentials('operator token')),
      origin: server.url,
      'content-type': 'application/json',
      'content-length': String(body.length),
    };
    expect((await send('POST', `/api/trpc/${path}`, headers, body)).status).toBe(400);
    expect(server.did).toEqual([]);
  });
});

describe.each(procedures.filter(({ type }) => type === 'query'))('$path', ({ path }) => {
  it('answers whoever reaches the server, and nobody under a foreign name', async () => {
    for (const caller of CALLERS) {
      const headers = await credentials(caller);
      const answer = await send('GET', `/api/trpc/${path}`, headers, null);
      expect([200, 400, 404], `${caller}: ${answer.status}`).toContain(answer.status);
      const rebound = await send('GET', `/api/trpc/${path}`, { ...headers, host: 'rebound.example' }, null);
      expect(rebound.status).toBe(421);
    }
  });

  it('is not asked by POST', async () => {
    const headers = { 'content-type': 'application/json', 'content-length': '2' };
    expect((await send('POST', `/api/trpc/${path}`, headers, '{}')).status).toBe(405);
  });
});

describe('without a token', () => {
  it('no procedure acts: they are not there', async () => {
    const bare = Object.keys(appRouter._def.procedures as Record<string, unknown>);
    expect(bare.filter((path) => RULES[path] !== 'read')).toEqual([]);
    const without = await operatedServer({ tokens: false });
    try {
      const body = JSON.stringify(INPUTS['operator.execute']);
      const answer = await fetch(`${without.url}/api/trpc/operator.execute`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${OPERATOR_TOKEN}` },
        body,
      });
      expect(answer.status).toBe(404);
      expect(without.did).toEqual([]);
    } finally {
      await without.close();
      // The other tests' node is the published one again.
      await server.close();
      server = await operatedServer();
    }
  });
});
