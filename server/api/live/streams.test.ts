import { afterEach, describe, expect, it } from 'vitest';
import { publishNode } from '../../runtime.ts';
import { createScriptedNode } from '../../testing/scriptedNode.ts';
import { MIN_INTERVAL_MS, PING_MS } from '../feedTimes.ts';
import { answerTrpc } from '../trpcHandler.ts';
import { feedItem } from '../views.ts';
import { Audience, MAX_FULL_MS, type Sink } from './audience.ts';
import { EventTail, MAX_MISSED } from './eventTail.ts';
import { lastUpdateOf, Updates } from './updates.ts';

const NOW = Date.UTC(2026, 10, 21, 14, 2, 31);
const KEY = Symbol.for('plumbline.node');
afterEach(() => {
  delete (globalThis as Record<symbol, unknown>)[KEY];
});

/** A client whose connection takes what it is told to, and drains when it is told to. */
const client = () => {
  const state = { full: false, cut: 0 };
  const got: string[] = [];
  let drained = (): void => {};
  const sink: Sink = {
    write: (bytes) => {
      got.push(new TextDecoder().decode(bytes));
      return !state.full;
    },
    onDrain: (listener) => {
      drained = listener;
    },
    cut: () => {
      state.cut += 1;
    },
  };
  return {
    sink,
    got,
    state,
    text: () => got.join(''),
    drain: () => {
      state.full = false;
      drained();
    },
  };
};

/** A clock moved by hand. What sleeps wakes when it passes; what is to run soon runs in `settle`. */
const world = () => {
  let time = NOW;
  const sleepers: { at: number; wake: () => void }[] = [];
  const beats: { ms: number; at: number; run: () => void }[] = [];
  const soon: (() => void)[] = [];
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 50; i++) {
      await Promise.resolve();
      soon.shift()?.();
    }
  };
  return {
    now: () => time,
    soon: (run: () => void) => void soon.push(run),
    waiting: () => soon.length,
    every: (ms: number, run: () => void) => {
      const beat = { ms, at: time + ms, run };
      beats.push(beat);
      return () => void beats.splice(beats.indexOf(beat), 1);
    },
    sleep: (ms: number, signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else {
          sleepers.push({ at: time + ms, wake: resolve });
          signal.addEventListener('abort', () => resolve());
        }
      }),
    settle,
    pass: async (ms: number): Promise<void> => {
      const until = time + ms;
      while (time < until) {
        time = Math.min(until, time + 50);
        for (const beat of [...beats])
          if (beat.at <= time) {
            beat.at += beat.ms;
            beat.run();
          }
        for (const sleeper of sleepers.splice(0)) {
          if (sleeper.at <= time) sleeper.wake();
          else sleepers.push(sleeper);
        }
        await settle();
      }
    },
    beats,
  };
};

describe('an audience', () => {
  const audience = () => {
    const at = world();
    let news = 0;
    const served: number[] = [];
    const all = new Audience<{ seen: number; id: number }>({
      now: at.now,
      soon: at.soon,
      serve: (member) => {
        if (member.state.seen === news) return;
        member.state.seen = news;
        served.push(member.state.id);
        all.send(member, new Uint8Array([news]));
      },
    });
    const tell = (): void => {
      news += 1;
      all.round();
    };
    return { at, all, served, tell };
  };

  it('is served a few at a time, so that others have their turn in between', async () => {
    const { at, all, served, tell } = audience();
    for (let id = 0; id < 100; id++) all.join(client().sink, { seen: 0, id });
    tell();
    expect(served.length).toBeGreaterThan(0);
    expect(served.length).toBeLessThan(20);
    expect(at.waiting()).toBe(1);
    await at.settle();
    expect(served).toEqual(Array.from({ length: 100 }, (_, id) => id));
  });

  it('a member that takes no more gets the newest alone when it has drained', async () => {
    const { at, all, tell } = audience();
    const [slow, quick] = [client(), client()];
    all.join(slow.sink, { seen: 0, id: 0 });
    all.join(quick.sink, { seen: 0, id: 1 });
    slow.state.full = true;
    for (let i = 0; i < 5; i++) {
      tell();
      await at.settle();
    }
    expect([slow.got.length, quick.got.length]).toEqual([1, 5]);
    slow.drain();
    expect(slow.text()).toBe('\u0001\u0005');
  });

  it('lets go of a member that takes nothing for long, and of no other', async () => {
    const { at, all, tell } = audience();
    const [stuck, slow, gone] = [client(), client(), client()];
    for (const one of [stuck, slow]) all.join(one.sink, { seen: 0, id: 0 });
    const left = all.join(gone.sink, { seen: 0, id: 0 });
    for (const one of [stuck, slow, gone]) one.state.full = true;
    tell();
    all.leave(left);
    await at.pass(MAX_FULL_MS - 1_000);
    slow.drain();
    await at.pass(1_000);
    all.tend();
    expect([stuck.state.cut, slow.state.cut, gone.state.cut]).toEqual([1, 0, 0]);
  });
});

describe('the updates', () => {
  const updates = (node = createScriptedNode('aligned', () => NOW)) => {
    const at = world();
    return { at, node, all: new Updates({ ...at, node: () => node }) };
  };
  const items = (text: string) =>
    [...text.matchAll(/^data: (\{"kind".*)\nid: (.*)$/gm)].map(([, data, id]) => ({
      id: id!,
      item: feedItem.parse(JSON.parse(data!)),
    }));

  it('are written as tRPC itself writes them', async () => {
    const { at, node, all } = updates();
    publishNode(node);
    const gone = new AbortController();
    const request = new Request('http://node/api/trpc/onUpdate?input=%7B%7D', { signal: gone.signal });
    const theirs = await answerTrpc(request);
    const reader = theirs.body!.getReader();
    let text = '';
    while (!/\nid: .*\n\n\n$/.test(text)) text += new TextDecoder().decode((await reader.read()).value);
    gone.abort();
    await reader.cancel();
    const ours = client();
    all.join(ours.sink, null);
    await at.settle();
    const timeless = (said: string): string => said.replace(/"now":\d+/, '"now":0');
    expect(timeless(ours.text())).toBe(timeless(text));
  });

  it('a state is written down once, however many follow', async () => {
    const node = createScriptedNode('aligned', () => NOW);
    let looks = 0;
    const { status } = node;
    node.status = () => {
      looks += 1;
      return status();
    };
    const { at, all } = updates(node);
    const clients = Array.from({ length: 200 }, client);
    for (const { sink } of clients) all.join(sink, null);
    await at.settle();
    const before = looks;
    node.advance();
    await at.pass(MIN_INTERVAL_MS);
    expect(looks - before).toBeLessThan(5);
    expect(new Set(clients.map(({ text }) => text())).size).toBe(1);
    expect(items(clients[0]!.text())).toHaveLength(2);
    expect(node.listenerCount).toBe(1);
  });

  it('a client that comes back is sent nothing twice, and all of another run of the node', async () => {
    const { at, all } = updates();
    const first = client();
    all.join(first.sink, null);
    await at.settle();
    const { id } = items(first.text())[0]!;
    const [back, other] = [client(), client()];
    all.join(back.sink, id);
    all.join(other.sink, '1.1');
    await at.settle();
    expect(items(back.text()).map(({ item }) => item.kind)).toEqual(['unchanged']);
    expect(items(other.text()).map(({ item }) => item.kind)).toEqual(['status']);
  });

  it('says that it is alive at least every two pings, whatever happens', async () => {
    const { at, all } = updates();
    const one = client();
    all.join(one.sink, null);
    await at.settle();
    for (let i = 0; i < 10; i++) {
      const before = one.got.length;
      await at.pass(2 * PING_MS);
      expect(one.got.length).toBeGreaterThan(before);
    }
  });

  it('rest while nobody follows, and begin anew', async () => {
    const { at, node, all } = updates();
    const leave = all.join(client().sink, null);
    await at.settle();
    expect([node.listenerCount, at.beats.length]).toEqual([1, 1]);
    leave();
    await at.settle();
    expect([node.listenerCount, at.beats.length]).toEqual([0, 0]);
    node.advance();
    const next = client();
    all.join(next.sink, null);
    await at.settle();
    expect(items(next.text())[0]!.item).toMatchObject({ status: { version: node.status().version } });
  });

  it.each([
    ['input=%7B%7D', undefined, { id: null }],
    ['', undefined, { id: null }],
    ['input=%7B%22lastEventId%22%3A%221.2%22%7D', undefined, { id: '1.2' }],
    ['input=%7B%22lastEventId%22%3A%221.2%22%7D', '1.3', { id: '1.3' }],
    ['input=%7B%7D&batch=1', undefined, null],
    ['input=x', undefined, null],
    ['input=%5B%5D', undefined, null],
    ['input=%7B%7D', 'x'.repeat(65), null],
  ])('asked with %j and the header %j', (query, header, wanted) => {
    expect(lastUpdateOf(new URLSearchParams(query), header)).toEqual(wanted);
  });
});

describe('the end of the journal', () => {
  const tail = (scenario: Parameters<typeof createScriptedNode>[0] = 'aligned') => {
    const node = createScriptedNode(scenario, () => NOW);
    const at = world();
    const asked: object[] = [];
    const { models } = node.history!;
    const history = {
      ...node.history!,
      models: {
        ...models,
        activity: (query: Parameters<typeof models.activity>[0]) => {
          asked.push(query);
          return models.activity(query);
        },
      },
    };
    return { at, node, asked, all: new EventTail({ ...at, node, history }) };
  };
  const ids = (text: string): number[] => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));

  it('is read once for all who follow it', async () => {
    const { at, node, asked, all } = tail();
    const clients = Array.from({ length: 100 }, client);
    for (const { sink } of clients) all.join(sink, { after: null });
    await at.pass(MIN_INTERVAL_MS);
    asked.length = 0;
    for (let i = 0; i < 5; i++) node.advance();
    await at.pass(2 * MIN_INTERVAL_MS);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.length).toBeLessThanOrEqual(2);
    expect(ids(clients[0]!.text())).toHaveLength(5);
    expect(new Set(clients.map(({ text }) => text())).size).toBe(1);
  });

  it('a slow client has every event, in order, when it has drained', async () => {
    const { at, node, all } = tail();
    const [slow, quick] = [client(), client()];
    for (const { sink } of [slow, quick]) all.join(sink, { after: null });
    await at.pass(MIN_INTERVAL_MS);
    slow.state.full = true;
    for (let i = 0; i < 20; i++) {
      // Two at a time, so that it is full in the middle of what is new.
      node.advance();
      node.advance();
      await at.pass(MIN_INTERVAL_MS);
    }
    expect(ids(slow.text())).toHaveLength(1);
    slow.drain();
    expect(ids(slow.text())).toEqual(ids(quick.text()));
    expect(ids(quick.text())).toHaveLength(40);
  });

  it('a client from before what is kept is told what it missed, without a read of its own', async () => {
    const { at, asked, all } = tail('huge');
    all.join(client().sink, { after: null });
    await at.pass(MIN_INTERVAL_MS);
    asked.length = 0;
    const late = client();
    all.join(late.sink, { after: 5 });
    await at.settle();
    expect(asked).toEqual([]);
    const first = ids(late.text())[0]!;
    expect(late.text()).toContain(`event: missed\ndata: {"after":5,"before":${first}}`);
    expect(ids(late.text())).toHaveLength(MAX_MISSED);
  });

  it('one that wants some kinds has them from before what is kept too', async () => {
    const { at, node, all } = tail('huge');
    const one = client();
    all.join(one.sink, { after: 98_000, kinds: ['leader'] });
    await at.pass(MIN_INTERVAL_MS);
    const { rows } = await node.history!.models.activity({ limit: 100, kinds: ['leader'] });
    const wanted = rows.map(({ seq }) => seq).filter((seq) => seq > 98_000);
    expect(ids(one.text())).toEqual(wanted.reverse());
    node.advance();
    await at.pass(2 * MIN_INTERVAL_MS);
    expect(ids(one.text())).toEqual(wanted);
  });

  it('a journal that does not answer cuts off who waits for it, and is asked again', async () => {
    const { at, node, all } = tail('huge');
    const { models } = node.history!;
    const one = client();
    all.join(one.sink, { after: null });
    await at.pass(MIN_INTERVAL_MS);
    const { activity } = models;
    models.activity = () => Promise.reject(new Error('gone'));
    const waits = client();
    all.join(waits.sink, { after: 5, kinds: ['leader'] });
    node.advance();
    await at.pass(2 * MIN_INTERVAL_MS);
    expect([one.state.cut, waits.state.cut]).toEqual([0, 1]);
    models.activity = activity;
    node.advance();
    await at.pass(2 * MIN_INTERVAL_MS);
    expect(ids(one.text())).toHaveLength(2);
  });
});
