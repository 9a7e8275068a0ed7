import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import type { NodeHandle } from '../../runtime.ts';
import { ask, node, rowsOf } from '../../testing/askRest.ts';
import type { Sink } from '../live/audience.ts';
import { LiveStreams } from '../live/liveStreams.ts';
import { askForEvents, matchRest } from './handler.ts';
import { openApi } from './openApi.ts';
import { errorView, type RestRoute, ROUTES } from './routes.ts';

const table: readonly RestRoute[] = ROUTES;
const pathsToAsk = async (): Promise<[RestRoute, string][]> => {
  const [reorg] = (await rowsOf('/api/v1/reorgs')) as unknown as { id: string }[];
  const [batch] = (await rowsOf('/api/v1/batches')) as unknown as { number: number }[];
  return table
    .filter(({ path, contentType }) => path.startsWith('/api/') && contentType === 'application/json')
    .map((route) => [
      route,
      route.path.replace('{id}', encodeURIComponent(reorg!.id)).replace('{number}', String(batch!.number)),
    ]);
};

describe('the table', () => {
  it('every route answers what it promises', async () => {
    for (const [route, path] of await pathsToAsk()) {
      const answer = await ask(path);
      expect([path, answer.status]).toEqual([path, 200]);
      const read = route.answer!.safeParse(await answer.json());
      expect([path, read.error?.issues]).toEqual([path, undefined]);
    }
  });

  it('without a node, and without a journal, every route says so with 503', async () => {
    const { history: _, ...bare } = node();
    for (const [route, path] of await pathsToAsk()) {
      if (route.id === 'openapi') continue;
      const none = await ask(path, { node: null });
      expect([path, none.status, errorView.parse(await none.json()).code]).toEqual([path, 503, 'NO_NODE']);
      if (route.id === 'status' || route.id === 'heads') continue;
      const forgetful = await ask(path, { node: bare });
      expect([path, forgetful.status, errorView.parse(await forgetful.json()).code]).toEqual([
        path,
        503,
        'NO_HISTORY',
      ]);
    }
  });

  it('only reads: any other method is refused', async () => {
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const answer = await ask('/api/v1/status', { method });
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    }
  });

  it.each([
    ['/api/v1/reorgs/none', 404],
    ['/api/v1/batches/999999999', 404],
    ['/api/v1/batches/x', 400],
    ['/api/v1/reorgs/%E0%A4%A', 400],
    ['/api/v1/status?x=1', 400],
  ])('%s is %i', async (path, status) => {
    const answer = await ask(path);
    expect(answer.status).toBe(status);
    expect(errorView.safeParse(await answer.json()).success).toBe(true);
  });

  it('leaves other paths to others', () => {
    for (const path of [
      '/api/v1/devnet/chaos',
      '/api/v1',
      '/api/v1/reorgs/',
      '/api/v1/reorgs.exe',
      '/metrics',
      '/',
    ])
      expect([path, matchRest(path)]).toEqual([path, null]);
  });
});

describe('a query', () => {
  it.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=ten', 'limit'],
    ['minDepth=-1', 'minDepth'],
    ['layer=L3', 'layer'],
    ['cause=MAGIC', 'cause'],
    ['from=yesterday', 'from'],
    ['depth=3', 'depth'],
    ['limit=1&limit=2', 'limit'],
    ['__proto__=1', '__proto__'],
  ])('%s is refused, and the message names %s', async (query, name) => {
    const answer = await ask(`/api/v1/reorgs?${query}`);
    expect(answer.status).toBe(400);
    expect(errorView.parse(await answer.json()).message).toContain(`"${name}"`);
  });

  it('takes times as milliseconds and as ISO 8601, and an empty value as none', async () => {
    const all = (await rowsOf('/api/v1/activity?limit=100')) as unknown as { at: number; seq: number }[];
    const middle = all[40]!.at;
    const asNumber = await rowsOf(`/api/v1/activity?limit=100&to=${middle}&q=`);
    expect(await rowsOf(`/api/v1/activity?limit=100&to=${new Date(middle).toISOString()}`)).toEqual(asNumber);
    expect(asNumber.map(({ seq }) => seq)[0]).toBe(all.find(({ at }) => at <= middle)!.seq);
  });

  it('kinds are separated by commas', async () => {
    const rows = (await rowsOf('/api/v1/activity?kinds=leader,batch.applied&limit=100')) as unknown as {
      kind: string;
    }[];
    expect(rows.length).toBeGreaterThan(0);
    for (const { kind } of rows) expect(kind).toMatch(/^(leader\.|batch\.applied$)/);
  });
});

describe('the event stream', () => {
  interface Message {
    readonly id: number | null;
    readonly event: string | null;
    readonly data: { seq: number; kind: string } | null;
  }
  /** Reads messages until `enough` says so, then goes away. */
  function listen(
    path: string,
    over: { node: NodeHandle; headers?: Readonly<Record<string, string>> },
    enough: (all: readonly Message[]) => boolean,
  ): Promise<readonly Message[]> {
    const { searchParams } = new URL(`http://node${path}`);
    const streams = new LiveStreams({ node: () => over.node });
    const asked = askForEvents(searchParams, over.headers?.['last-event-id'] ?? null, { ...over, streams });
    if (asked.kind !== 'follow') throw new Error('refused');
    const field = (block: string, name: string) =>
      new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? null;
    const messages: Message[] = [];
    return new Promise((resolve) => {
      let done = false;
      const sink: Sink = {
        write: (bytes) => {
          for (const block of new TextDecoder().decode(bytes).split('\n\n')) {
            const [id, event, data] = [field(block, 'id'), field(block, 'event'), field(block, 'data')];
            if (data !== null && !done)
              messages.push({ id: id === null ? null : Number(id), event, data: JSON.parse(data) });
            if (!done && enough(messages)) {
              done = true;
              // Not within its own write: it may not have joined yet.
              queueMicrotask(() => {
                leave();
                resolve(messages);
              });
            }
          }
          return true;
        },
        onDrain: () => undefined,
        cut: () => undefined,
      };
      const leave = streams.events(asked.node, asked.history, sink, asked.query);
    });
  }

  it('begins with what happens next, and each event has its number as id', async () => {
    const alive = node('aligned');
    const heard = listen('/api/v1/events', { node: alive }, (all) => all.length === 2);
    const timer = setInterval(() => alive.advance(), 5);
    const messages = await heard;
    clearInterval(timer);
    expect(messages.map(({ event }) => event)).toEqual(['batch.applied', 'batch.applied']);
    expect(messages[1]!.id).toBe(messages[0]!.id! + 1);
    expect(messages[0]!.data!.seq).toBe(messages[0]!.id);
    expect(alive.listenerCount).toBe(0);
  });

  it('goes on without a gap where the client stopped, whichever way it says so', async () => {
    const alive = node('aligned');
    const newest = (await rowsOf('/api/v1/activity?limit=5', { node: alive })).map(({ seq }) => seq);
    const after = newest[3]!;
    const wanted = newest.slice(0, 3).reverse();
    const enough = (all: readonly Message[]) => all.length === 3;
    const byHeader = await listen(
      '/api/v1/events',
      { node: alive, headers: { 'last-event-id': String(after) } },
      enough,
    );
    const byQuery = await listen(`/api/v1/events?after=${after}`, { node: alive }, enough);
    expect(byHeader.map(({ id }) => id)).toEqual(wanted);
    expect(byQuery.map(({ id }) => id)).toEqual(wanted);
  });

  it('gives the kinds that were asked for', async () => {
    const alive = node('aligned');
    const messages = await listen(
      '/api/v1/events?after=1&kinds=leader',
      { node: alive },
      (all) => all.length === 3,
    );
    for (const { event } of messages) expect(event).toMatch(/^leader\./);
  });

  it('says so when more was missed than it makes up for', async () => {
    const messages = await listen(
      '/api/v1/events?after=1',
      { node: node('huge') },
      (all) => all.length === 2,
    );
    expect(messages[0]).toMatchObject({ event: 'missed', id: null, data: { after: 1 } });
    expect(messages[1]!.id).toBeGreaterThan(90_000);
  });
});

describe('openapi.json', () => {
  const description = openApi('plumbline/1.2.3') as {
    openapi: string;
    info: { version: string };
    paths: Record<string, { get: { operationId: string; responses: Record<string, unknown> } }>;
  };

  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    const judge = async (text: string) => (await validator.validate(JSON.parse(text))).errors;
    const text = JSON.stringify(description);
    expect(await judge(text)).toBe(undefined);
    expect(validator.version).toBe('3.1');
    expect(await judge(text.replace('"responses":{', '"responses":{"teapot":{},'))).not.toBe(undefined);
  });

  it('describes every route and export of the table, and nothing else', () => {
    const wanted = table.flatMap(({ path, exports }) => [
      path,
      ...exports.map((format) => `${path}.${format}`),
    ]);
    expect(Object.keys(description.paths).sort()).toEqual([...wanted].sort());
    const ids = Object.values(description.paths).map(({ get }) => get.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
