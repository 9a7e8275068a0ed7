import WebSocket from 'ws';
import type { Hash } from '../protocol/refs.ts';

/** Runs `task` after `ms` milliseconds unless the returned function is called first. Injected in tests. */
export type Schedule = (ms: number, task: () => void) => () => void;

export const realSchedule: Schedule = (ms, task) => {
  const timer = setTimeout(task, ms);
  return () => clearTimeout(timer);
};

export interface HeadFeedOptions {
  readonly wsUrl: string | null;
  readonly pollIntervalMs: number;
  /** The hash of the latest block; rejects when L1 does not answer. */
  readonly latestHash: (signal: AbortSignal) => Promise<Hash>;
  readonly schedule?: Schedule;
}

/** While the subscription is healthy the poll only watches over it. */
const POLL_SLOWDOWN = 4;
const MAX_POLL_BACKOFF = 8;
const FIRST_RECONNECT_MS = 1_000;
const MAX_RECONNECT_MS = 30_000;
const HANDSHAKE_TIMEOUT_MS = 10_000;
const MAX_MESSAGE_BYTES = 1024 * 1024;

/**
 * Says "look again" when L1 has a new head: by `newHeads` over WebSocket where there is one, and by a poll that
 * always runs behind it, because a subscription can stall without closing and because some reorgs (anvil's
 * `evm_revert`, a failover) are never announced. When a poll finds a head that the
 * subscription has not reported by the next poll either, the connection is replaced. Runs only while somebody listens.
 */
export class HeadFeed {
  readonly #options: HeadFeedOptions;
  readonly #schedule: Schedule;
  readonly #listeners = new Set<() => void>();
  #socket: WebSocket | null = null;
  #subscribed = false;
  #reconnectMs = FIRST_RECONNECT_MS;
  #pollFailures = 0;
  #lastHash: Hash | null = null;
  /** A poll found a head that the subscription had not reported, and nothing was received since. */
  #silent = false;
  #stopping = new AbortController();
  #cancelPoll: () => void = () => {};
  #cancelReconnect: () => void = () => {};
  #running = false;

  constructor(options: HeadFeedOptions) {
    this.#options = options;
    this.#schedule = options.schedule ?? realSchedule;
  }

  /** Whether `newHeads` is being received. */
  get subscribed(): boolean {
    return this.#subscribed;
  }

  /** Calls `listener` on each head that differs from the last one. Returns the unsubscribe. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (!this.#running) this.#start();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.close();
    };
  }

  /** Ends everything: no timer, socket or request is left. Listening again starts anew. */
  close(): void {
    this.#running = false;
    this.#listeners.clear();
    this.#stopping.abort();
    this.#cancelPoll();
    this.#cancelReconnect();
    this.#drop();
  }

  #start(): void {
    this.#running = true;
    this.#stopping = new AbortController();
    this.#connect();
    this.#planPoll();
  }

  #seen(hash: Hash): boolean {
    if (hash === this.#lastHash) return false;
    this.#lastHash = hash;
    for (const listener of [...this.#listeners]) listener();
    return true;
  }

  #planPoll(): void {
    this.#cancelPoll();
    if (!this.#running) return;
    const factor = this.#subscribed ? POLL_SLOWDOWN : Math.min(MAX_POLL_BACKOFF, 2 ** this.#pollFailures);
    this.#cancelPoll = this.#schedule(this.#options.pollIntervalMs * factor, () => void this.#poll());
  }

  async #poll(): Promise<void> {
    const { signal } = this.#stopping;
    try {
      const hash = await this.#options.latestHash(signal);
      if (signal.aborted) return;
      this.#pollFailures = 0;
      if (this.#silent) this.#lost();
      const first = this.#lastHash === null;
      if (this.#seen(hash) && !first) this.#silent = this.#subscribed;
    } catch {
      // Whoever looks at L1 reports the failure with its reason; here it only stretches the interval.
      this.#pollFailures += 1;
    }
    if (!signal.aborted) this.#planPoll();
  }

  #connect(): void {
    const { wsUrl } = this.#options;
    if (wsUrl === null || !this.#running) return;
    const socket = new WebSocket(wsUrl, {
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      maxPayload: MAX_MESSAGE_BYTES,
      followRedirects: false,
    });
    this.#socket = socket;
    socket.on('open', () => {
      socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['newHeads'] }));
    });
    socket.on('message', (data) => {
      if (this.#socket === socket) this.#receive(String(data));
    });
    socket.on('error', () => {}); // 'close' follows.
    socket.on('close', () => {
      if (this.#socket === socket) this.#lost();
    });
  }

  #receive(text: string): void {
    const message = parseMessage(text);
    if (message === null) return;
    if (message.kind === 'refused') {
      this.#lost();
      return;
    }
    if (message.kind === 'subscribed') {
      this.#subscribed = true;
      this.#reconnectMs = FIRST_RECONNECT_MS;
      return;
    }
    this.#silent = false;
    this.#seen(message.hash);
  }

  /** The connection is gone or useless: poll at full speed and come back later. */
  #lost(): void {
    this.#drop();
    if (!this.#running) return;
    this.#planPoll();
    this.#cancelReconnect = this.#schedule(this.#reconnectMs, () => this.#connect());
    this.#reconnectMs = Math.min(MAX_RECONNECT_MS, this.#reconnectMs * 2);
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#subscribed = false;
    this.#silent = false;
    socket?.terminate();
  }
}

type Message = { kind: 'subscribed' } | { kind: 'refused' } | { kind: 'head'; hash: Hash };

/** Null for anything that is neither the answer to our subscription nor a head. */
function parseMessage(text: string): Message | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const message = value as { id?: unknown; error?: unknown; params?: { result?: { hash?: unknown } } } | null;
  if (typeof message !== 'object' || message === null) return null;
  if (message.id === 1) return { kind: message.error === undefined ? 'subscribed' : 'refused' };
  const hash = message.params?.result?.hash;
  return typeof hash === 'string' && /^0x[0-9a-f]{64}$/.test(hash)
    ? { kind: 'head', hash: hash as Hash }
    : null;
}
