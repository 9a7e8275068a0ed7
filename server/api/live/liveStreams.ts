import type { ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers';
import { sleep } from '../../lib/sleep.ts';
import type { HistoryHandle, NodeHandle } from '../../runtime.ts';
import type { Sink } from './audience.ts';
import { type EventQuery, EventTail } from './eventTail.ts';
import { Updates } from './updates.ts';

/** Each is a socket, and what the slowest of them has not taken yet. */
const MAX_STREAMS = 2_000;

export interface LiveStreamsDeps {
  /** The node of this process; null while there is none. */
  readonly node: () => NodeHandle | null;
  readonly onChange?: (open: number) => void;
}

/** Headers of an event stream: nobody on the way may keep it back or change it. */
export const STREAM_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-store, no-transform',
  'x-accel-buffering': 'no',
};

/** The event streams of this process, of both kinds. */
export class LiveStreams {
  readonly #onChange: (open: number) => void;
  readonly #updates: Updates;
  readonly #tails = new WeakMap<NodeHandle, EventTail>();
  #open = 0;

  constructor({ node, onChange = () => {} }: LiveStreamsDeps) {
    this.#onChange = onChange;
    this.#updates = new Updates({
      node,
      now: () => Date.now(),
      sleep,
      soon: setImmediate,
      every: (ms, run) => {
        const timer = setInterval(run, ms);
        return () => clearInterval(timer);
      },
    });
  }

  get full(): boolean {
    return this.#open >= MAX_STREAMS;
  }

  /** `onUpdate`, for the page. Returns how to leave. */
  updates(sink: Sink, lastEventId: string | null): () => void {
    return this.#counted(this.#updates.join(sink, lastEventId));
  }

  /** The journal as it is written. Returns how to leave. */
  events(node: NodeHandle, history: HistoryHandle, sink: Sink, query: EventQuery): () => void {
    let tail = this.#tails.get(node);
    if (tail === undefined) {
      tail = new EventTail({ node, history, now: () => performance.now(), soon: setImmediate, sleep });
      this.#tails.set(node, tail);
    }
    return this.#counted(tail.join(sink, query));
  }

  #counted(leave: () => void): () => void {
    this.#onChange(++this.#open);
    return () => {
      leave();
      this.#onChange(--this.#open);
    };
  }
}

export const sinkOf = (response: ServerResponse): Sink => ({
  write: (bytes) => response.write(bytes),
  onDrain: (listener) => void response.on('drain', listener),
  cut: () => void response.destroy(),
});
