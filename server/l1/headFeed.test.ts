import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Hash } from '../protocol/refs.ts';
import { HeadFeed } from './headFeed.ts';

const POLL_MS = 100;
const headHash = (n: number): Hash => `0x${n.toString(16).padStart(64, '0')}`;

/** Timers that fire only when the test says so. */
class ManualSchedule {
  readonly waiting: { readonly ms: number; readonly task: () => void }[] = [];
  readonly schedule = (ms: number, task: () => void): (() => void) => {
    const entry = { ms, task };
    this.waiting.push(entry);
    return () => {
      const index = this.waiting.indexOf(entry);
      if (index >= 0) this.waiting.splice(index, 1);
    };
  };
  /** Fires the one timer of that delay. */
  fire(ms: number): void {
    const index = this.waiting.findIndex((entry) => entry.ms === ms);
    if (index < 0) throw new Error(`no timer of ${ms} ms waits, only ${this.delays()}`);
    this.waiting.splice(index, 1)[0]?.task();
  }
  delays(): string {
    return this.waiting.map((entry) => entry.ms).join(' ');
  }
}

/** An L1 whose latest head the test sets; a poll can be awaited. */
class Source {
  hash = headHash(1);
  failing = false;
  polls = 0;
  readonly latestHash = (): Promise<Hash> => {
    this.polls += 1;
    return this.failing ? Promise.reject(new Error('unreachable')) : Promise.resolve(this.hash);
  };
}

/** Lets the promises of a poll that was just fired settle. */
const settled = async (): Promise<void> => {
  for (let i = 0; i < 5; i += 1) await Promise.resolve();
};

const until = async (condition: () => boolean): Promise<void> => {
  // It ends with the test's deadline where it never becomes true.
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};

class FakeNode {
  readonly server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  readonly sockets: WebSocket[] = [];
  subscriptions = 0;
  refuse = false;
  constructor() {
    this.server.on('connection', (socket) => {
      this.sockets.push(socket);
      socket.on('message', (data) => {
        const { id, method } = JSON.parse(String(data)) as { id: number; method: string };
        if (method !== 'eth_subscribe') return;
        this.subscriptions += 1;
        const answer = this.refuse ? { error: { code: -32601, message: 'no' } } : { result: '0xabc' };
        socket.send(JSON.stringify({ jsonrpc: '2.0', id, ...answer }));
      });
    });
  }
  async url(): Promise<string> {
    if (this.server.address() === null) await once(this.server, 'listening');
    return `ws://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }
  announce(hash: Hash): void {
    const params = { subscription: '0xabc', result: { hash } };
    this.sockets.at(-1)?.send(JSON.stringify({ jsonrpc: '2.0', method: 'eth_subscription', params }));
  }
  async close(): Promise<void> {
    for (const socket of this.sockets) socket.terminate();
    this.server.close();
    await once(this.server, 'close');
  }
}

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function rig(wsUrl: string | null) {
  const timers = new ManualSchedule();
  const source = new Source();
  const feed = new HeadFeed({
    wsUrl,
    pollIntervalMs: POLL_MS,
    latestHash: source.latestHash,
    schedule: timers.schedule,
  });
  closers.push(() => feed.close());
  const state = { heard: 0 };
  const stop = feed.listen(() => {
    state.heard += 1;
  });
  return { feed, timers, source, state, stop };
}

async function subscribedRig() {
  const node = new FakeNode();
  const world = rig(await node.url());
  closers.push(() => node.close());
  await until(() => world.feed.subscribed);
  return { ...world, node };
}

describe('polling', () => {
  test('tells each head once, and nothing while the head stays', async () => {
    const { timers, source, state } = rig(null);
    for (const [hash, heard] of [
      [headHash(1), 1],
      [headHash(1), 1],
      [headHash(2), 2],
      [headHash(1), 3],
    ] as const) {
      source.hash = hash;
      timers.fire(POLL_MS);
      await settled();
      expect(state.heard).toBe(heard);
    }
  });

  test('stretches its interval while L1 does not answer, and is back at once when it does', async () => {
    const { timers, source, state } = rig(null);
    source.failing = true;
    for (const ms of [100, 200, 400, 800, 800]) {
      timers.fire(ms);
      await settled();
    }
    source.failing = false;
    timers.fire(800);
    await settled();
    expect(state.heard).toBe(1);
    expect(timers.delays()).toBe('100');
  });

  test('nothing is left when the last listener leaves or the feed closes, and listening again starts anew', async () => {
    const { feed, timers, state, stop } = rig(null);
    stop();
    expect(timers.delays()).toBe('');
    const again = feed.listen(() => {
      state.heard += 1;
    });
    timers.fire(POLL_MS);
    await settled();
    expect(state.heard).toBe(1);
    again();
    feed.listen(() => {});
    feed.close();
    expect(timers.delays()).toBe('');
  });

  test('a poll in flight when the feed closes tells nobody and plans nothing', async () => {
    const { feed, timers, state } = rig(null);
    timers.fire(POLL_MS);
    feed.close();
    await settled();
    expect(state.heard).toBe(0);
    expect(timers.delays()).toBe('');
  });
});

describe('subscribing', () => {
  test('a head announced is told once; announced again or polled, it is no news', async () => {
    const { node, source, state, timers, feed } = await subscribedRig();
    node.announce(headHash(7));
    await until(() => state.heard === 1);
    node.announce(headHash(7));
    node.announce(headHash(8));
    await until(() => state.heard === 2);
    source.hash = headHash(8);
    timers.fire(POLL_MS);
    await settled();
    expect(state.heard).toBe(2);
    expect(feed.subscribed).toBe(true);
    expect(timers.delays()).toBe(String(POLL_MS * 4));
  });

  test('when the connection drops, polling goes on at full speed and a new connection is made', async () => {
    const { node, source, state, timers, feed } = await subscribedRig();
    timers.fire(POLL_MS);
    await settled();
    node.sockets[0]?.terminate();
    await until(() => !feed.subscribed);
    expect(timers.delays()).toBe('100 1000');
    expect(state.heard).toBe(1);
    source.hash = headHash(2);
    timers.fire(POLL_MS);
    await settled();
    expect(state.heard).toBe(2);
    timers.fire(1_000);
    await until(() => feed.subscribed);
    expect(node.subscriptions).toBe(2);
  });

  test('a poll that is only faster than the subscription changes nothing', async () => {
    const { node, source, timers, feed, state } = await subscribedRig();
    node.announce(headHash(1));
    await until(() => state.heard === 1);
    source.hash = headHash(2);
    timers.fire(POLL_MS);
    await settled();
    node.announce(headHash(2));
    node.announce(headHash(3));
    await until(() => state.heard === 3);
    source.hash = headHash(3);
    timers.fire(POLL_MS * 4);
    await settled();
    expect([state.heard, feed.subscribed]).toEqual([3, true]);
  });

  test('a subscription that stays silent about a head which the poll saw is replaced', async () => {
    const { node, source, timers, feed, state } = await subscribedRig();
    node.announce(headHash(1));
    await until(() => state.heard === 1);
    source.hash = headHash(2);
    timers.fire(POLL_MS);
    await settled();
    expect([state.heard, feed.subscribed]).toEqual([2, true]);
    timers.fire(POLL_MS * 4);
    await settled();
    expect(feed.subscribed).toBe(false);
    timers.fire(1_000);
    await until(() => feed.subscribed);
    expect(node.subscriptions).toBe(2);
  });

  test('reconnecting backs off to 30 s while nobody listens there', async () => {
    const { node, timers, feed } = await subscribedRig();
    await node.close();
    closers.pop();
    await until(() => !feed.subscribed);
    for (const ms of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      timers.fire(ms);
      await until(() => timers.waiting.some((entry) => entry.ms >= 1_000));
    }
    expect(timers.delays()).toContain('30000');
  });

  test('nonsense is ignored, and a refused subscription leaves the poll', async () => {
    const { node, state, feed, timers } = await subscribedRig();
    for (const text of ['', '[]', 'null', '{"params":{"result":{"hash":"0x12"}}}', '{"method":"x"}']) {
      node.sockets[0]?.send(text);
    }
    node.announce(headHash(3));
    await until(() => state.heard === 1);
    node.refuse = true;
    node.sockets[0]?.terminate();
    await until(() => !feed.subscribed);
    timers.fire(1_000);
    await until(() => node.subscriptions === 2 && timers.delays().includes('2000'));
    expect(feed.subscribed).toBe(false);
  });

  test('closing ends the connection', async () => {
    const { node, feed, timers } = await subscribedRig();
    const closed = once(node.sockets[0] as WebSocket, 'close');
    feed.close();
    await closed;
    expect(timers.delays()).toBe('');
  });
});
