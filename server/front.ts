import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Sink } from './api/live/audience.ts';
import { type LiveStreams, STREAM_HEADERS, sinkOf } from './api/live/liveStreams.ts';
import { statusText } from './api/live/statusText.ts';
import { lastUpdateOf } from './api/live/updates.ts';
import { answerHealth, answerReady, answerStartup, type ProcessHealth } from './api/probes.ts';
import { answerRest, askForEvents, matchRest } from './api/rest/handler.ts';
import { answerRpcRequest, MAX_RPC_BYTES } from './api/rpc/jsonRpc.ts';
import { answerTrpc } from './api/trpcHandler.ts';
import { type Guard, MAX_BODY_BYTES } from './guard.ts';
import { DATA_HEADERS, type Handler, serve } from './http.ts';
import { METRICS_CONTENT_TYPE } from './metrics/registry.ts';
import type { NodeHandle } from './runtime.ts';
import { SOFTWARE } from './software.ts';

export const json = (
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void => {
  response.writeHead(status, {
    ...DATA_HEADERS,
    ...headers,
    'content-type': 'application/json',
    'cache-control': 'no-store',
  });
  response.end(JSON.stringify(body));
};

/** Where monitors of other rollup nodes expect JSON-RPC, and where it has a name of its own. */
const RPC_PATHS: readonly string[] = ['/', '/rpc'];

/** What the process tells of itself, beside its node. */
export interface ProcessOps {
  health(): ProcessHealth;
  /** Metrics of the process, in Prometheus' text form. */
  metrics(): Promise<string>;
  readonly streams: LiveStreams;
  /** An answer of the API is sent. @param seconds until its end */
  answered(route: string, status: number, seconds: number): void;
}

export interface FrontDeps {
  readonly guard: Guard;
  readonly node: NodeHandle | null;
  readonly process: ProcessOps;
}

/**
 * Ours before Next's: who may ask, and what probes and collectors ask (`api/probes.ts`, `metrics/`). Returns true when
 * the request is answered, or about to be.
 */
export function front(request: IncomingMessage, response: ServerResponse, deps: FrontDeps): boolean {
  const { guard, node } = deps;
  if (!guard.admits(request, response)) return true;
  const path = request.url?.split('?', 1)[0] ?? '';
  if (request.method === 'POST' && RPC_PATHS.includes(path)) {
    const rpc = { chain: node?.ops?.chain() ?? null, software: SOFTWARE };
    void answered(request, response, 'rpc', (asked) => answerRpcRequest(asked, rpc), deps.process);
    return true;
  }
  const rest = matchRest(path);
  if (rest !== null) {
    const from = { node, now: () => Date.now(), software: SOFTWARE, streams: deps.process.streams };
    if (rest.route.id === 'status' && sendsStatus(request, response, deps)) return true;
    if (rest.route.id === 'events' && followsEvents(request, response, deps)) return true;
    const route = rest.format === null ? rest.route.id : `${rest.route.id}.${rest.format}`;
    void answered(request, response, route, (asked) => answerRest(asked, rest, from), deps.process);
    return true;
  }
  if (path === '/api/trpc/onUpdate' && followsUpdates(request, response, deps)) return true;
  if (path.startsWith('/api/trpc/operator.')) {
    // Orders need no pages, and nothing of what serves those stands between them and who may give them.
    serve(request, response, answerTrpc, MAX_BODY_BYTES).catch(() => response.destroy());
    return true;
  }
  switch (path) {
    case '/healthz': {
      const { status, body } = answerHealth(node, deps.process.health());
      json(response, status, body);
      return true;
    }
    case '/readyz': {
      const { status, body } = answerReady(node, Date.now());
      json(response, status, body);
      return true;
    }
    case '/startupz': {
      const { status, body } = answerStartup(node);
      json(response, status, body);
      return true;
    }
    case '/metrics':
      void answerMetrics(response, deps);
      return true;
    default:
      return false;
  }
}

/** Never rejects: a client that goes away while it sends makes the reading fail, and that is its right. */
async function answered(
  request: IncomingMessage,
  response: ServerResponse,
  route: string,
  handler: Handler,
  process: ProcessOps,
): Promise<void> {
  const began = performance.now();
  try {
    const status = await serve(request, response, handler, MAX_RPC_BYTES);
    process.answered(route, status, (performance.now() - began) / 1000);
  } catch {
    response.destroy();
  }
}

/**
 * What programs ask most, without what any other question needs. False when it is none of the ordinary: that is answered
 * as everything else is.
 */
function sendsStatus(
  { method, url = '' }: IncomingMessage,
  response: ServerResponse,
  { node, process }: FrontDeps,
): boolean {
  if (method !== 'GET' || url.includes('?')) return false;
  const began = performance.now();
  const text = statusText(node);
  if (text === null) return false;
  response.writeHead(200, {
    ...DATA_HEADERS,
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'content-length': String(text.length),
  });
  response.end(text);
  process.answered('status', 200, (performance.now() - began) / 1000);
  return true;
}

const queryOf = ({ url = '' }: IncomingMessage): URLSearchParams =>
  new URLSearchParams(url.split('?').slice(1).join('?'));

/** Sends a stream until its client goes away. Headers go at once: a client knows that it is heard. */
function stream(
  response: ServerResponse,
  route: string,
  process: ProcessOps,
  join: (sink: Sink) => () => void,
): void {
  const began = performance.now();
  response.writeHead(200, { ...DATA_HEADERS, ...STREAM_HEADERS });
  response.on('error', () => response.destroy());
  const leave = join(sinkOf(response));
  response.once('close', () => {
    leave();
    process.answered(route, 200, (performance.now() - began) / 1000);
  });
}

/** False when it may not, or only asks for the headers: that is answered as everything else is. */
function followsEvents(
  request: IncomingMessage,
  response: ServerResponse,
  { node, process }: FrontDeps,
): boolean {
  if (request.method !== 'GET') return false;
  const last = request.headers['last-event-id'];
  const asked = askForEvents(queryOf(request), typeof last === 'string' ? last : null, {
    node,
    streams: process.streams,
  });
  if (asked.kind === 'refused') return false;
  const { history, query } = asked;
  stream(response, 'events', process, (sink) => process.streams.events(asked.node, history, sink, query));
  return true;
}

/** False when tRPC itself has to say what is wrong with the request. */
function followsUpdates(request: IncomingMessage, response: ServerResponse, { process }: FrontDeps): boolean {
  const last =
    request.method === 'GET' ? lastUpdateOf(queryOf(request), request.headers['last-event-id']) : null;
  if (last === null) return false;
  if (process.streams.full)
    json(response, 503, { error: 'Too many event streams are open.' }, { 'retry-after': '10' });
  else stream(response, 'updates', process, (sink) => process.streams.updates(sink, last.id));
  return true;
}

async function answerMetrics(response: ServerResponse, { node, process }: FrontDeps): Promise<void> {
  try {
    const parts = await Promise.all([node?.ops?.metrics() ?? '', process.metrics()]);
    response.writeHead(200, {
      ...DATA_HEADERS,
      'content-type': METRICS_CONTENT_TYPE,
      'cache-control': 'no-store',
    });
    response.end(parts.join('\n'));
  } catch {
    if (!response.headersSent) json(response, 500, { error: 'The metrics could not be read.' });
    else response.end();
  }
}
