import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import type { NodeHandle } from '../../runtime.ts';
import { createScriptedNode } from '../../testing/scriptedNode.ts';
import type { Sink } from '../live/audience.ts';
import { LiveStreams } from '../live/liveStreams.ts';
import { answerRest, askForEvents, matchRest } from './handler.ts';
import { openApi } from './openApi.ts';
import { errorView, type RestRoute, ROUTES } from './routes.ts';
import { cell } from './tables.ts';

const NOW = Date.UTC(2026, 10, 21, 14, 2, 31);
const node = (scenario: Parameters<typeof createScriptedNode>[0] = 'recovered') =>
  createScriptedNode(scenario, () => NOW);

async function ask(
  path: string,
  over: { node?: NodeHandle | null; method?: string; headers?: HeadersInit; signal?: AbortSignal } = {},
) {
  const request = new Request(`http://node${path}`, {
    method: over.method ?? 'GET',
    headers: { host: 'localhost:3000', ...over.headers },
    ...(over.signal === undefined ? {} : { signal: over.signal }),
  });
  const match = matchRest(new URL(request.url).pathname);
  if (match === null) throw new Error(`nobody answers ${path}`);
  return answerRest(request, match, {
    node: over.node === undefined ? node() : over.node,
    now: () => NOW,
    software: 'plumbline/1.2.3',
    streams: { full: false },
  });
}
const rowsOf = async (path: string, over = {}) =>
  ((await (await ask(path, over)).json()) as { rows: { seq: number }[] }).rows;

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

/** The whole of a list, by its pages, following the Link header. */
async function byPages(path: string): Promise<unknown[]> {
  const rows: unknown[] = [];
  let next: string | null = path;
  while (next !== null) {
    const answer: Response = await ask(next);
    rows.push(...((await answer.json()) as { rows: unknown[] }).rows);
    next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1] ?? null;
  }
  return rows;
}

describe('paging and exports', () => {
  const seqs = (rows: readonly unknown[]) => rows.map((row) => (row as { seq: number }).seq);

  it.each(['reorgs', 'batches', 'leaders', 'activity'])(
    '%s: the pages, the JSON, the JSON lines and the CSV have the same rows, none twice',
    async (list) => {
      const paged = seqs(await byPages(`/api/v1/${list}?limit=7`));
      expect(paged.length).toBeGreaterThan(7);
      expect(new Set(paged).size).toBe(paged.length);
      expect(seqs((await (await ask(`/api/v1/${list}.json`)).json()) as unknown[])).toEqual(paged);
      const lines = (await (await ask(`/api/v1/${list}.jsonl`)).text()).trimEnd().split('\n');
      expect(seqs(lines.map((line) => JSON.parse(line)))).toEqual(paged);
      const csv = (await (await ask(`/api/v1/${list}.csv`)).text()).trimEnd().split('\r\n');
      expect(csv[0]).toMatch(/^seq,/);
      expect(csv.slice(1).map((line) => Number(line.split(',')[0]))).toEqual(paged);
    },
  );

  it('an export is what the filter matches, and a filter that matches nothing is an empty one', async () => {
    const filter = 'layer=L2&minDepth=2';
    const paged = seqs(await byPages(`/api/v1/reorgs?${filter}&limit=3`));
    const all = (await (await ask(`/api/v1/reorgs.json?${filter}`)).json()) as {
      layer: string;
      depth: number;
    }[];
    expect(seqs(all)).toEqual(paged);
    for (const row of all) expect(row.layer === 'L2' && row.depth >= 2).toBe(true);
    expect(await (await ask('/api/v1/reorgs.json?minDepth=999999')).json()).toEqual([]);
    expect((await (await ask('/api/v1/reorgs.csv?minDepth=999999')).text()).split('\r\n')).toHaveLength(2);
    expect((await ask('/api/v1/reorgs.csv?limit=3')).status).toBe(400);
  });

  it('is a download with a name that says of what and when', async () => {
    const { headers } = await ask('/api/v1/activity.csv');
    expect(headers.get('content-disposition')).toBe(
      'attachment; filename="activity_scripted_2026-11-21T1402Z.csv"',
    );
    expect(headers.get('content-type')).toMatch(/^text\/csv/);
  });

  it('holds one page in memory: 100,000 rows are read as the client takes them', async () => {
    const huge = node('huge');
    let pages = 0;
    const { history } = huge;
    const counted: NodeHandle = {
      ...huge,
      history: {
        ...history!,
        models: {
          ...history!.models,
          activity: (query) => {
            pages++;
            return history!.models.activity(query);
          },
        },
      },
    };
    const reader = (await ask('/api/v1/activity.csv', { node: counted })).body!.getReader();
    for (let i = 0; i < 5; i++) await reader.read();
    expect(pages).toBeLessThanOrEqual(6);
    await reader.cancel();
    expect(pages).toBeLessThanOrEqual(6);
  });

  it('a journal that fails at once is a 503, and one that fails in the middle cuts the download off', async () => {
    const good = node('huge');
    const failing = (from: number): NodeHandle => {
      let asked = 0;
      const activity: NonNullable<NodeHandle['history']>['models']['activity'] = async (query) => {
        if (++asked > from) throw new Error('disk I/O error');
        return good.history!.models.activity(query);
      };
      return { ...good, history: { ...good.history!, models: { ...good.history!.models, activity } } };
    };
    const atOnce = await ask('/api/v1/activity.jsonl', { node: failing(0) });
    expect([atOnce.status, errorView.parse(await atOnce.json()).message]).toEqual([
      503,
      'The journal does not answer: disk I/O error',
    ]);
    await expect((await ask('/api/v1/activity.jsonl', { node: failing(2) })).text()).rejects.toThrow(
      'disk I/O error',
    );
  });
});

describe('a cell', () => {
  it.each([
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    [' =1', "' =1"],
    ['\t=1', "'\t=1"],
    ['=cmd|"/c calc"!A1', `"'=cmd|""/c calc""!A1"`],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['two\nlines', '"two\nlines"'],
    ['plain', 'plain'],
    [-1, '-1'],
    [null, ''],
  ])('%j → %j', (value, text) => {
    expect(cell(value)).toBe(text);
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

describe('the feeds', () => {
  it.each(['rss', 'atom'])('%s: the newest of a filter, with ids that stay', async (format) => {
    const answer = await ask(`/api/v1/reorgs.${format}?layer=L2`);
    expect(answer.headers.get('content-type')).toBe(`application/${format}+xml; charset=utf-8`);
    const text = await answer.text();
    const rows = (await rowsOf('/api/v1/reorgs?layer=L2')) as unknown as { id: string }[];
    const ids = [...text.matchAll(/urn:plumbline:\d+:scripted:reorgs:([^<]+)</g)].map(([, id]) =>
      decodeURIComponent(id!),
    );
    expect(ids).toEqual(rows.map(({ id }) => id).slice(0, 50));
    expect(text).toContain(`http://localhost:3000/reorgs/${encodeURIComponent(rows[0]!.id)}`);
  });

  it('text of strangers stays text', async () => {
    const { history, ...rest } = node();
    const evil: NodeHandle = {
      ...rest,
      history: { ...history!, sentenceOf: () => '<script>alert(1)</script> & \u0000 \ud800 "x"' },
    };
    for (const format of ['rss', 'atom']) {
      const text = await (await ask(`/api/v1/activity.${format}`, { node: evil })).text();
      expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt; &amp; \ufffd \ufffd &quot;x&quot;');
      expect(text).not.toMatch(/<script/);
    }
  });

  it('an empty list is a feed without entries', async () => {
    for (const format of ['rss', 'atom']) {
      const text = await (await ask(`/api/v1/reorgs.${format}`, { node: node('first-start') })).text();
      expect(text).toContain('Reorgs of scripted');
      expect(text).not.toMatch(/<(item|entry)>/);
    }
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
