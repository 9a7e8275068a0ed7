/**
 * A JSON-RPC endpoint that stands before another and can be told to misbehave: what a network, a provider or a
 * mempool does on a bad day. Any HTTP request passes, and WebSockets do.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { boundedBytes } from '../../lib/bounded.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Address, Hash, Hex } from '../../protocol/refs.ts';
import { readRawTransaction } from './rawTransaction.ts';

/** What becomes of the transactions in question that are sent through. */
export type CommitRule =
  | { readonly kind: 'pass' }
  /** Taken, and passed on `ms` later, or when the rule changes: a slow mempool. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Taken and never passed on: a mempool that forgets. */
  | { readonly kind: 'drop' }
  /** Refused with a JSON-RPC error. */
  | { readonly kind: 'refuse' };

export interface ProxyRules {
  /** No connection is held: neither a new one nor those that are open. */
  readonly cut: boolean;
  /** Every request waits this long before it is passed on, milliseconds. */
  readonly delayMs: number;
  readonly commits: CommitRule;
  /** Asked in place of the usual endpoint. */
  readonly instead: string | null;
}

export const NO_FAULTS: ProxyRules = { cut: false, delayMs: 0, commits: { kind: 'pass' }, instead: null };

export interface RpcProxyOptions {
  /** HTTP address of the endpoint behind; null while there is none, and then no connection is held either. */
  readonly target: string | null;
  /** Which transactions the rule for commits is about; null for an endpoint that takes none. */
  readonly commits: { readonly to: Address; readonly selector: Hex } | null;
}

/** Counts since the start. */
export interface ProxyStats {
  readonly passed: number;
  readonly cut: number;
  readonly delayedCommits: number;
  readonly droppedCommits: number;
  readonly refusedCommits: number;
}

/** The largest block is 4 MiB of RLP, twice that in hex, with its JSON around it. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;
const UPSTREAM_TIMEOUT_MS = 60_000;
/** JSON-RPC's "server error" range, as nodes use it for a refused transaction. */
const REFUSED = { code: -32_000, message: 'transaction refused: the devnet was told to refuse commits' };

export class RpcProxy {
  readonly url: string;
  readonly wsUrl: string;
  readonly #server: Server;
  readonly #clock: Clock;
  readonly #commits: RpcProxyOptions['commits'];
  readonly #tunnels = new Set<Duplex>();
  readonly #stats = { passed: 0, cut: 0, delayedCommits: 0, droppedCommits: 0, refusedCommits: 0 };
  #target: string | null;
  #rules: ProxyRules = NO_FAULTS;
  /** Aborts when the rules change: whoever waits because of the old ones goes on. */
  #changed = new AbortController();
  readonly #closed = new AbortController();

  /** Listens on a loopback port of the system's choice. */
  static async open(options: RpcProxyOptions, deps: { readonly clock: Clock }): Promise<RpcProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new RpcProxy(server, options, deps);
  }

  private constructor(server: Server, { target, commits }: RpcProxyOptions, { clock }: { clock: Clock }) {
    const { port } = server.address() as AddressInfo;
    this.url = `http://127.0.0.1:${port}`;
    this.wsUrl = `ws://127.0.0.1:${port}`;
    this.#server = server;
    this.#target = target;
    this.#commits = commits;
    this.#clock = clock;
    server.on('request', (request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
    server.on('upgrade', (request, socket, head) => {
      this.#tunnel(request, socket, head).catch(() => socket.destroy());
    });
  }

  get rules(): ProxyRules {
    return this.#rules;
  }

  get stats(): ProxyStats {
    return { ...this.#stats };
  }

  setTarget(url: string | null): void {
    this.#target = url;
  }

  /** The rules named change, the others stay. What waits because of the old ones goes on at once. */
  set(rules: Partial<ProxyRules>): void {
    const before = this.#rules;
    this.#rules = { ...before, ...rules };
    this.#changed.abort();
    this.#changed = new AbortController();
    // A WebSocket tells of heads: it must not go on telling those of an endpoint that is not asked any more.
    if (this.#rules.cut || this.#rules.instead !== before.instead) this.#endTunnels();
    if (this.#rules.cut) this.#server.closeAllConnections();
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#changed.abort();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#endTunnels();
    this.#server.closeAllConnections();
    await closed;
  }

  #endTunnels(): void {
    for (const socket of this.#tunnels) socket.destroy();
  }

  get #upstream(): string | null {
    return this.#rules.cut ? null : (this.#rules.instead ?? this.#target);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = this.#upstream === null ? null : await boundedBytes(request, MAX_BODY_BYTES);
    await this.#wait(this.#rules.delayMs);
    const upstream = this.#upstream;
    if (upstream === null || body === null) {
      this.#stats.cut++;
      request.socket.destroy();
      return;
    }
    const held = this.#rules.commits.kind === 'pass' ? null : this.#holdCommits(body);
    if (held !== null) return sendJson(response, await held(upstream));
    const answer = await this.#forward(upstream, request, body);
    response.writeHead(answer.status, { 'content-type': answer.type });
    response.end(answer.body);
  }

  async #wait(ms: number): Promise<void> {
    if (ms > 0) await this.#clock.sleep(ms, this.#changed.signal).catch(() => {});
  }

  async #forward(
    upstream: string,
    request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>,
    body: Buffer,
  ) {
    const { method = 'GET', url = '/', headers } = request;
    const bodiless = method === 'GET' || method === 'HEAD';
    const response = await fetch(new URL(url, upstream), {
      method,
      headers: { 'content-type': headers['content-type'] ?? 'application/json' },
      ...(bodiless ? {} : { body: new Uint8Array(body) }),
      redirect: 'manual',
      signal: AbortSignal.any([this.#closed.signal, AbortSignal.timeout(UPSTREAM_TIMEOUT_MS)]),
    });
    this.#stats.passed++;
    return {
      status: response.status,
      type: response.headers.get('content-type') ?? 'application/json',
      body: Buffer.from(await response.arrayBuffer()),
    };
  }

  /** How to answer a body that holds commits, by the rule in force; null when it holds none. */
  #holdCommits(body: Buffer): ((upstream: string) => Promise<unknown>) | null {
    const parsed = parse(body);
    const calls = Array.isArray(parsed) ? parsed : [parsed];
    if (!calls.some((call) => this.#commitHash(call) !== null)) return null;
    return async (upstream) => {
      const answers = await Promise.all(calls.map((call) => this.#one(upstream, call)));
      return Array.isArray(parsed) ? answers : answers[0];
    };
  }

  /** The hash of the commit that a call sends; null for any other call. */
  #commitHash(call: unknown): Hash | null {
    const { method, params } = (call ?? {}) as { readonly method?: unknown; readonly params?: unknown };
    if (this.#commits === null || method !== 'eth_sendRawTransaction' || !Array.isArray(params)) return null;
    const transaction = readRawTransaction(params[0]);
    if (transaction?.to !== this.#commits.to || transaction.selector !== this.#commits.selector) return null;
    return transaction.hash;
  }

  async #one(upstream: string, call: unknown): Promise<unknown> {
    const hash = this.#commitHash(call);
    const rule = this.#rules.commits;
    const { id = null } = (call ?? {}) as { readonly id?: unknown };
    const taken = { jsonrpc: '2.0', id, result: hash };
    const pass = async (): Promise<unknown> => {
      const body = Buffer.from(JSON.stringify(call));
      return parse((await this.#forward(upstream, { method: 'POST', url: '/', headers: {} }, body)).body);
    };
    if (hash === null || rule.kind === 'pass') return pass();
    if (rule.kind === 'refuse') {
      this.#stats.refusedCommits++;
      return { jsonrpc: '2.0', id, error: REFUSED };
    }
    if (rule.kind === 'drop') {
      this.#stats.droppedCommits++;
      return taken;
    }
    this.#stats.delayedCommits++;
    // Nobody waits for it any more, and a refusal has nobody to be told to.
    void this.#wait(rule.ms).then(() => (this.#closed.signal.aborted ? null : pass().catch(() => null)));
    return taken;
  }

  async #tunnel(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => {});
    await this.#wait(this.#rules.delayMs);
    const upstream = this.#upstream;
    if (upstream === null) {
      this.#stats.cut++;
      socket.destroy();
      return;
    }
    const { hostname, port, host } = new URL(upstream);
    const far = connect(Number(port), hostname);
    for (const end of [socket, far]) {
      this.#tunnels.add(end);
      end.once('close', () => {
        this.#tunnels.delete(end);
        socket.destroy();
        far.destroy();
      });
    }
    far.on('error', () => far.destroy());
    far.write(requestHead(request, host));
    far.write(head);
    far.pipe(socket);
    socket.pipe(far);
  }
}

/** The request as it came, to another host. */
function requestHead({ method, url, rawHeaders }: IncomingMessage, host: string): string {
  const lines = [`${method} ${url} HTTP/1.1`, `Host: ${host}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]!.toLowerCase() !== 'host') lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}

function sendJson(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
