import { afterEach, describe, expect, it } from 'vitest';
import type { NodeHandle } from '../runtime.ts';
import { createScriptedNode } from '../testing/scriptedNode.ts';
import { SCENARIOS } from '../testing/scriptedStatus.ts';
import { pageOfBatches } from './batchPage.ts';
import { type FeedDeps, statusFeed } from './feed.ts';
import { HEARTBEAT_MS, MIN_INTERVAL_MS, SETTLE_MS } from './feedTimes.ts';
import { createCaller } from './router.ts';
import { batchesAnswer, feedItem, headsAnswer, statusAnswer } from './views.ts';

const NOW = Date.UTC(2026, 10, 21, 14, 2, 40);
const KEY = Symbol.for('plumbline.node');

const publish = (node: NodeHandle | undefined): void => {
  (globalThis as { [KEY]?: NodeHandle })[KEY] = node;
};

afterEach(() => publish(undefined));

describe('the read procedures', () => {
  const api = createCaller({});

  it('say in words that no node is running', async () => {
    const answers = [await api.status(), await api.heads(), await api.batches()];
    for (const answer of answers) {
      expect(answer).toMatchObject({ kind: 'no_node', sentence: 'No node is running in this process.' });
    }
  });

  it.each(SCENARIOS)('answer in the agreed shapes: %s', async (scenario) => {
    publish(createScriptedNode(scenario, () => NOW));
    expect(statusAnswer.safeParse(await api.status()).error?.issues).toBeUndefined();
    expect(headsAnswer.safeParse(await api.heads()).error?.issues).toBeUndefined();
    expect(batchesAnswer.safeParse(await api.batches({ limit: 3 })).error?.issues).toBeUndefined();
  });

  it('keep a status small however many batches are known', async () => {
    const node = createScriptedNode('huge', () => NOW);
    publish(node);
    const answer = await api.status();
    if (answer.kind !== 'status') throw new Error('no node');
    expect(answer.status.batches).toEqual(node.status().batches.slice(0, 48));
    expect(JSON.stringify(answer).length).toBeLessThan(128 * 1024);
  });

  it('page through every batch once, newest first, also where a number stands twice', async () => {
    const node = createScriptedNode('recovered', () => NOW);
    publish(node);
    const seen: string[] = [];
    let cursor: string | null | undefined;
    do {
      const answer = await api.batches({ limit: 3, cursor });
      if (answer.kind !== 'batches') throw new Error('no node');
      seen.push(...answer.batches.map((batch) => batch.txHash));
      cursor = answer.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual(node.status().batches.map((batch) => batch.txHash));
  });

  it('go on below a cursor whose row is gone', () => {
    const { batches } = createScriptedNode('aligned', () => NOW).status();
    const gone = `${batches[4]!.number}-0x${'0'.repeat(64)}`;
    expect(pageOfBatches(batches, 2, gone).batches.map((b) => b.number)).toEqual([
      batches[5]!.number,
      batches[6]!.number,
    ]);
  });

  it.each(['', 'x', '1', '-1-0x00', `1-0x${'g'.repeat(64)}`, `1e3-0x${'0'.repeat(64)}`])(
    'refuse the foreign cursor %j with BAD_REQUEST',
    async (cursor) => {
      publish(createScriptedNode('aligned', () => NOW));
      await expect(api.batches({ cursor })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    },
  );

  it.each([0, 101, 1.5, -1])('refuse a page of %d rows with BAD_REQUEST', async (limit) => {
    await expect(api.batches({ limit })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  });
});

/** A clock that moves only when the feed sleeps, so that a test sees every interval. */
const world = (first: NodeHandle | null) => {
  let time = NOW;
  const sleeps: number[] = [];
  const state = { node: first };
  const deps: FeedDeps = {
    node: () => state.node,
    now: () => time,
    sleep: async (ms) => {
      sleeps.push(ms);
      time += ms;
    },
  };
  return { deps, sleeps, state, elapsed: () => time - NOW };
};

const open = (lastEventId: string | null, deps: FeedDeps) => {
  const stop = new AbortController();
  const feed = statusFeed(lastEventId, stop.signal, deps);
  const next = async () => {
    const { value } = await feed.next();
    if (value === undefined) throw new Error('the feed ended');
    expect(feedItem.safeParse(value.item).error?.issues).toBeUndefined();
    return value;
  };
  return { next, stop, feed };
};

describe('the feed', () => {
  it('back-fills a new client at once', async () => {
    const { deps, elapsed } = world(createScriptedNode('aligned', () => NOW));
    const first = await open(null, deps).next();
    expect(first.item.kind).toBe('status');
    expect(elapsed()).toBe(0);
  });

  it('does not repeat what a reconnecting client has, but tells it the time', async () => {
    const { deps } = world(createScriptedNode('aligned', () => NOW));
    const { id } = await open(null, deps).next();
    expect((await open(id, deps).next()).item).toEqual({ kind: 'unchanged', now: NOW });
  });

  it('sends everything to a client that remembers another run of the node', async () => {
    const { deps } = world(createScriptedNode('aligned', () => NOW));
    expect((await open('1.1', deps).next()).item.kind).toBe('status');
  });

  it('folds a burst of changes into one update per interval', async () => {
    const node = createScriptedNode('aligned', () => NOW);
    const { deps, elapsed } = world(node);
    const { next } = open(null, deps);
    const versions: number[] = [];
    for (let i = 0; i < 8; i++) {
      const { item } = await next();
      if (item.kind === 'status') versions.push(item.status.version);
      for (let k = 0; k < 50; k++) node.advance();
    }
    expect(versions).toEqual([1, 51, 101, 151, 201, 251, 301, 351]);
    expect(elapsed()).toBeGreaterThanOrEqual(7 * MIN_INTERVAL_MS);
  });

  it('loses no change that happens between reading and waiting', async () => {
    const node = createScriptedNode('aligned', () => NOW);
    const { deps, elapsed } = world(node);
    const inner = deps.sleep;
    let raced = false;
    const racing: FeedDeps = {
      ...deps,
      sleep: async (ms, signal) => {
        if (!raced) {
          raced = true;
          node.show('halted');
        }
        await inner(ms, signal);
      },
    };
    const { next } = open(null, racing);
    await next();
    const { item } = await next();
    expect(item.kind === 'status' && item.status.verdict.kind).toBe('halted');
    expect(elapsed()).toBe(MIN_INTERVAL_MS);
  });

  it('lets the changes of one step come together, and sends them as one', async () => {
    const node = createScriptedNode('aligned', () => NOW);
    const { deps, elapsed } = world(node);
    const looking: FeedDeps = {
      ...deps,
      // The first change wakes it from its look-out; more follow while it lets them settle.
      sleep: async (ms, signal) => {
        if (ms === SETTLE_MS) for (let i = 0; i < 5; i++) node.advance();
        else if (ms > MIN_INTERVAL_MS) {
          queueMicrotask(node.advance);
          return new Promise(() => undefined);
        }
        await deps.sleep(ms, signal);
      },
    };
    const { next } = open(null, looking);
    await next();
    const { item } = await next();
    expect(item.kind === 'status' && item.status.version).toBe(7);
    expect(elapsed()).toBe(MIN_INTERVAL_MS + SETTLE_MS);
  });

  it('gives a sign of life when nothing changes', async () => {
    const { deps, elapsed } = world(createScriptedNode('aligned', () => NOW));
    const { next } = open(null, deps);
    await next();
    expect((await next()).item.kind).toBe('unchanged');
    expect(elapsed()).toBeLessThanOrEqual(HEARTBEAT_MS + 1_000);
  });

  it('picks up a node that is published later, and one that replaces it', async () => {
    const { deps, state } = world(null);
    const { next } = open(null, deps);
    expect((await next()).item.kind).toBe('no_node');
    const one = createScriptedNode('aligned', () => NOW);
    state.node = one;
    expect((await next()).item.kind).toBe('status');
    state.node = createScriptedNode('halted', () => NOW + 5_000);
    const { item } = await next();
    expect(item.kind === 'status' && item.status.verdict.kind).toBe('halted');
    expect(one.listenerCount).toBe(0);
  });

  it('lets go of the node when the client leaves', async () => {
    const node = createScriptedNode('aligned', () => NOW);
    const { deps } = world(node);
    const { next, stop, feed } = open(null, deps);
    await next();
    expect(node.listenerCount).toBe(1);
    stop.abort();
    expect((await feed.next()).done).toBe(true);
    expect(node.listenerCount).toBe(0);
  });
});
