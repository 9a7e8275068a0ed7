import { describe, expect, it } from 'vitest';
import type { FeedItem, StatusAnswer } from '../../server/api/views.ts';
import { createScriptedNode } from '../../server/testing/scriptedNode.ts';
import {
  createLiveConnection,
  pillOf,
  QUIET_DROP_MS,
  STALE_AFTER_MS,
  type StreamHandlers,
} from './connection.ts';

const NOW = Date.UTC(2026, 10, 21, 14, 2, 40);

/** A browser in which time, visibility and the network are the test's. */
const browser = () => {
  const node = createScriptedNode('aligned', () => NOW);
  const answer = (now: number): StatusAnswer => ({ kind: 'status', now, status: node.status() });
  const state = { now: NOW, visible: true };
  const opened: { lastEventId: string | null; handlers: StreamHandlers; closed: boolean }[] = [];
  const timers: { at: number; run: () => void }[] = [];
  const drawn: StatusAnswer[] = [];
  const titled: StatusAnswer[] = [];
  const connection = createLiveConnection(answer(NOW), {
    open: (lastEventId, handlers) => {
      const stream = { lastEventId, handlers, closed: false };
      opened.push(stream);
      return () => {
        stream.closed = true;
      };
    },
    apply: (status) => drawn.push(status),
    onStatus: (status) => titled.push(status),
    now: () => state.now,
    isVisible: () => state.visible,
    schedule: (run, ms) => {
      const timer = { at: state.now + ms, run };
      timers.push(timer);
      return () => {
        timers.splice(timers.indexOf(timer) >>> 0, 1);
      };
    },
  });
  const pass = (ms: number): void => {
    state.now += ms;
    for (const timer of timers.filter((one) => one.at <= state.now)) {
      timers.splice(timers.indexOf(timer), 1);
      timer.run();
    }
  };
  const item = (): FeedItem => {
    node.advance();
    return answer(state.now);
  };
  return { connection, opened, drawn, titled, state, pass, item, timers };
};

describe('the live connection', () => {
  it('opens again from where it stopped, with growing pauses', () => {
    const { connection, opened, pass, item } = browser();
    connection.start();
    opened[0]!.handlers.onItem('a.7', item());
    const pauses: number[] = [];
    for (let i = 0; i < 7; i++) {
      opened.at(-1)!.handlers.onBroken();
      const before = opened.length;
      let waited = 0;
      while (opened.length === before) {
        pass(100);
        waited += 100;
      }
      pauses.push(waited);
    }
    expect(pauses).toEqual([400, 800, 1600, 3200, 6400, 8000, 8000]);
    expect(opened.at(-1)!.lastEventId).toBe('a.7');
  });

  it('begins with short pauses again once it was heard', () => {
    const { connection, opened, pass, item } = browser();
    connection.start();
    for (let i = 0; i < 4; i++) {
      opened.at(-1)!.handlers.onBroken();
      pass(8_000);
    }
    opened.at(-1)!.handlers.onItem('a.8', item());
    opened.at(-1)!.handlers.onBroken();
    const before = opened.length;
    pass(400);
    expect(opened.length).toBe(before + 1);
  });

  it('ignores a stream that it has given up', () => {
    const { connection, opened, pass, item, drawn } = browser();
    connection.start();
    const old = opened[0]!;
    old.handlers.onBroken();
    pass(400);
    old.handlers.onItem('a.9', item());
    old.handlers.onBroken();
    expect(drawn).toHaveLength(0);
    expect(opened).toHaveLength(2);
    expect(old.closed).toBe(true);
  });

  it('draws nothing while hidden, keeps the title, and catches up once on return', () => {
    const { connection, opened, state, item, drawn, titled } = browser();
    connection.start();
    let told = 0;
    connection.subscribe(() => {
      told += 1;
    });
    state.visible = false;
    for (let i = 0; i < 5; i++) opened[0]!.handlers.onItem(`a.${i}`, item());
    expect(drawn).toHaveLength(0);
    expect(told).toBe(0);
    expect(titled).toHaveLength(5);
    state.visible = true;
    connection.visibilityChanged();
    expect(drawn).toEqual([titled[4]]);
    expect(told).toBe(1);
  });

  it("keeps the server's clock", () => {
    const { connection, opened, state } = browser();
    connection.start();
    opened[0]!.handlers.onItem('a.1', { kind: 'unchanged', now: state.now + 42_000 });
    expect(connection.get().offset).toBe(42_000);
  });

  it('stops for good, also while it waits to try again', () => {
    const { connection, opened, pass, timers } = browser();
    const stop = connection.start();
    opened[0]!.handlers.onBroken();
    stop();
    pass(60_000);
    expect(opened).toHaveLength(1);
    expect(timers).toHaveLength(0);
  });
});

describe('the pill', () => {
  const broken = { opened: true, brokenSince: NOW, lastContactAt: NOW, offset: 0 };

  it('says nothing of a short drop', () => {
    expect(pillOf(broken, NOW + QUIET_DROP_MS - 1).kind).toBe('live');
  });

  it('says how old the last word is once the drop lasts', () => {
    expect(pillOf(broken, NOW + 4_000)).toEqual({ kind: 'reconnecting', lastAgo: 4_000 });
  });

  it('stays with reconnecting while the poll still answers', () => {
    expect(pillOf({ ...broken, lastContactAt: NOW + 59_000 }, NOW + 60_000)).toEqual({
      kind: 'reconnecting',
      lastAgo: 1_000,
    });
  });

  it('never says Live before the stream was open, however fresh the page is', () => {
    const { connection, opened } = browser();
    connection.start();
    expect(pillOf(connection.get(), NOW).kind).toBe('connecting');
    opened[0]!.handlers.onBroken();
    expect(pillOf(connection.get(), NOW + 1_000).kind).toBe('connecting');
    expect(pillOf(connection.get(), NOW + 4_000).kind).toBe('reconnecting');
    const other = browser();
    other.connection.start();
    other.opened[0]!.handlers.onOpen();
    expect(pillOf(other.connection.get(), NOW).kind).toBe('live');
  });

  it('is offline when nothing was heard for two signs of life, also if the stream looks open', () => {
    expect(pillOf({ ...broken, brokenSince: null }, NOW + STALE_AFTER_MS + 1).kind).toBe('offline');
  });
});
