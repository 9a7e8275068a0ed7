import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { sameOrigin } from './api/authorise.ts';
import { ADDRESS_HEADER } from './api/requestFacts.ts';

/**
 * Names under which this server may be asked: localhost, the name it was told to listen on, and the very address
 * that the connection came to. A loopback socket alone does not keep other web pages out: a name that resolves to
 * 127.0.0.1 reaches it too (DNS rebinding), so the Host header decides; an address in it was not resolved by anyone.
 */
export function allowsHost(header: string | undefined, host: string, localAddress?: string): boolean {
  if (header === undefined) return false;
  const name = header
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
  if (name === 'localhost' || name === '127.0.0.1' || name === '::1' || name === host.toLowerCase())
    return true;
  // A socket that listens on all addresses shows IPv4 ones in their IPv6 form.
  return isIP(name) !== 0 && name === localAddress?.replace(/^::ffff:/, '');
}

export interface GuardOptions {
  /** What the server was told to listen on. */
  readonly host: string;
  /** Name under which a proxy in front of us is reached; null when there is none. */
  readonly publicHost?: string | null;
  /** A proxy ends TLS in front of us and says in X-Forwarded-For who asks. */
  readonly behindProxy?: boolean;
  /** Requests to the API that one address may make a second, four seconds' worth of them at once; see SHARES. */
  readonly requestsPerSecond?: number;
  /** Requests to the API that one address may have open at once: each event stream is one. */
  readonly maxOpen?: number;
}

export const REQUESTS_PER_SECOND = 60;
export const MAX_OPEN = 50;
/** Bytes of a body (reliability.md W15). */
export const MAX_BODY_BYTES = 64 * 1024;
/** Seconds' worth of requests that may come at once: a page that opens asks for several things. */
const BURST_SECONDS = 4;
/** Uses remembered, each of one address and one kind; the one that was quiet longest is forgotten first. */
const MAX_USES = 16_384;

/**
 * What is counted apart, and how often it may be asked for beside the API: who has used up one kind has still the
 * others. A page is made for each who asks (20 a second), metrics are read from every part of the node (5 a second, and
 * collectors ask every few seconds); what was built once is sent from a file, and a page names some thirty of those.
 */
const SHARES = { api: 1, rpc: 1, probes: 1, pages: 1 / 3, metrics: 1 / 12, assets: 10 } as const;
type Kind = keyof typeof SHARES;
const NAMES: Readonly<Record<Kind, string>> = {
  api: 'the API',
  rpc: 'JSON-RPC',
  probes: 'the probes',
  pages: 'pages',
  metrics: 'metrics',
  assets: 'assets',
};

interface Use {
  tokens: number;
  at: number;
  open: number;
}

interface Objection {
  readonly status: number;
  readonly error: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const SAFE_METHODS: readonly string[] = ['GET', 'HEAD'];
/** Read-only JSON-RPC for other programs, which have no page; it bounds its bodies itself. */
const RPC_PATHS: readonly string[] = ['/', '/rpc'];
const PROBES: readonly string[] = ['/healthz', '/readyz', '/startupz'];
/** Written plainly: what could be read as another path is a page's, whose share is small. */
const ASSET = /^\/_next\/static\/(?!.*\.\.)[\w./~-]+$/;

/**
 * What every request has to pass before anything else sees it: the right host, no other page's writing, JSON of a
 * bounded size, and no more than its share. Knows addresses, not people: who may do what is decided in each procedure.
 */
export class Guard {
  readonly #options: GuardOptions;
  readonly #now: () => number;
  readonly #uses = new Map<string, Use>();

  /** @param now milliseconds, never going back */
  constructor(options: GuardOptions, now: () => number = () => performance.now()) {
    this.#options = options;
    this.#now = now;
  }

  /** True when the request may go on; else it is answered. */
  admits(request: IncomingMessage, response: ServerResponse): boolean {
    const address = this.#addressOf(request);
    request.headers[ADDRESS_HEADER] = address;
    const objection =
      this.#misdirected(request) ?? this.#unsafe(request) ?? this.#tooMuch(request, response, address);
    if (objection === null) return true;
    response.writeHead(objection.status, {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      // What is left of the body is not read.
      ...(SAFE_METHODS.includes(request.method ?? '') ? {} : { connection: 'close' }),
      ...objection.headers,
    });
    response.end(JSON.stringify({ error: objection.error }));
    return false;
  }

  /** The peer's address, or the one that the last proxy, which is ours, saw. */
  #addressOf(request: IncomingMessage): string {
    const peer = request.socket.remoteAddress ?? 'not known';
    const forwarded = request.headers['x-forwarded-for'];
    if (this.#options.behindProxy !== true || typeof forwarded !== 'string') return peer;
    const last = forwarded.split(',').at(-1)!.trim();
    return isIP(last) === 0 ? peer : last;
  }

  #misdirected(request: IncomingMessage): Objection | null {
    const { host, publicHost = null } = this.#options;
    const asked = request.headers.host;
    if (publicHost !== null && asked?.toLowerCase() === publicHost.toLowerCase()) return null;
    if (allowsHost(asked, host, request.socket.localAddress)) return null;
    return {
      status: 421,
      error:
        'This server does not answer under that host name: use localhost, its address or the name it listens on.',
    };
  }

  /** Browsers say which page a request comes from, and pages cannot change it. */
  #unsafe({ method = '', headers, url = '' }: IncomingMessage): Objection | null {
    if (SAFE_METHODS.includes(method)) return null;
    if (method !== 'POST')
      return {
        status: 405,
        error: 'Only GET, HEAD and POST are taken.',
        headers: { allow: 'GET, HEAD, POST' },
      };
    const { origin, host } = headers;
    const site = headers['sec-fetch-site'];
    if (
      (origin !== undefined && !sameOrigin(origin, host)) ||
      (site !== undefined && site !== 'same-origin')
    ) {
      return { status: 403, error: 'Only the page of this server may send anything.' };
    }
    const type = (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
    if (type !== 'application/json') return { status: 415, error: 'Only application/json is taken.' };
    if (RPC_PATHS.includes(url.split('?', 1)[0]!)) return null;
    const length = headers['content-length'];
    if (length === undefined) return { status: 411, error: 'A request that sends something says how much.' };
    return Number(length) <= MAX_BODY_BYTES
      ? null
      : { status: 413, error: 'The request is larger than 64 KiB.' };
  }

  #tooMuch(request: IncomingMessage, response: ServerResponse, address: string): Objection | null {
    const { requestsPerSecond = REQUESTS_PER_SECOND, maxOpen = MAX_OPEN } = this.#options;
    const kind = kindOf(request);
    const perSecond = requestsPerSecond * SHARES[kind];
    const use = this.#shareOf(`${kind} ${address}`, perSecond);
    if (kind === 'api' && use.open >= maxOpen) {
      return tooMany(`This address has ${maxOpen} requests open already: close a tab.`, 5);
    }
    if (use.tokens < 1) {
      const often = Number(perSecond.toPrecision(2));
      return tooMany(
        `This address asks for ${NAMES[kind]} more than ${often} times a second.`,
        Math.ceil(1 / perSecond),
      );
    }
    use.tokens -= 1;
    use.open += 1;
    response.once('close', () => {
      use.open -= 1;
    });
    return null;
  }

  #shareOf(key: string, perSecond: number): Use {
    const now = this.#now();
    const most = Math.max(1, perSecond * BURST_SECONDS);
    const before = this.#uses.get(key) ?? { tokens: most, at: now, open: 0 };
    before.tokens = Math.min(most, before.tokens + ((now - before.at) / 1000) * perSecond);
    before.at = now;
    this.#uses.delete(key);
    this.#uses.set(key, before);
    for (const [other, { open }] of this.#uses) {
      if (this.#uses.size <= MAX_USES) break;
      if (open === 0) this.#uses.delete(other);
    }
    return before;
  }
}

function kindOf({ method, url = '' }: IncomingMessage): Kind {
  if (mayReachApi(url)) return 'api';
  const path = url.split('?', 1)[0]!;
  if (method === 'POST' && RPC_PATHS.includes(path)) return 'rpc';
  if (path === '/metrics') return 'metrics';
  if (PROBES.includes(path)) return 'probes';
  return ASSET.test(path) ? 'assets' : 'pages';
}

/**
 * A target may be written with its host, with more slashes or with escapes (RFC 9112, 3.2), and what serves the pages
 * understands all of these. What cannot be read counts too.
 */
function mayReachApi(target: string): boolean {
  const path = target.replace(/^[a-z][a-z\d+.-]*:\/\/[^/]*/i, '').split('?', 1)[0]!;
  try {
    return /^[/\\]*api[/\\]/i.test(decodeURIComponent(path));
  } catch {
    return true;
  }
}

const tooMany = (error: string, seconds: number): Objection => ({
  status: 429,
  error,
  headers: { 'retry-after': String(seconds) },
});
