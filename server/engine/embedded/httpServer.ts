import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { boundedText } from '../../lib/bounded.ts';
import { parseJwtSecret, verifyJwt } from '../transport/jwt.ts';
import type { Backend } from './backend.ts';
import { RPC_CODES, RpcError } from './rpcError.ts';

export interface HttpOptions {
  /** Loopback unless given. */
  readonly host?: string | undefined;
  /** 0 lets the system choose. */
  readonly port: number;
  /** 32 bytes, or 64 hex digits. Without one, `engine_` methods are not served over HTTP at all. */
  readonly jwtSecret?: string | Uint8Array | undefined;
  /** Origins that browsers may call from; none by default, `*` for all. */
  readonly corsOrigins?: readonly string[] | undefined;
  /** Host names accepted in the Host header beside IP addresses and localhost (against DNS rebinding). */
  readonly vhosts?: readonly string[] | undefined;
}

/** The address cannot be listened on; the message is one sentence. */
export class HttpListenError extends Error {
  override readonly name = 'HttpListenError';
  readonly code = 'http_listen';
}

export interface HttpServer {
  readonly url: string;
  close(): Promise<void>;
}

/** The largest block is 4 MiB of RLP, twice that in hex, with its JSON around it. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;
const MAX_BATCH = 100;
/** Milliseconds a client may take to send a request. */
const REQUEST_TIMEOUT = 30_000;

interface JsonRpcRequest {
  readonly id: string | number | null;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** Serves the backend as JSON-RPC. `engine_` needs a token (execution-apis authentication.md), the rest does not. */
export async function serveHttp(backend: Backend, options: HttpOptions): Promise<HttpServer> {
  const { host = '127.0.0.1', port } = options;
  const secret = options.jwtSecret === undefined ? null : parseJwtSecret(options.jwtSecret);
  const server = createServer((request, response) => {
    handle(backend, options, secret, request, response).catch(() => response.destroy());
  });
  server.requestTimeout = REQUEST_TIMEOUT;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'it is in use' : error.message;
      reject(new HttpListenError(`the engine cannot listen on ${host}:${port}: ${why}`));
    });
    server.listen(port, host, resolve);
  });
  const { port: bound, address, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function handle(
  backend: Backend,
  options: HttpOptions,
  secret: Uint8Array | null,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!isKnownHost(request.headers.host, options.vhosts ?? []))
    return text(response, 403, 'invalid host specified');
  if (!allowOrigin(request, response, options.corsOrigins ?? []))
    return text(response, 403, 'origin not allowed');
  if (request.method === 'OPTIONS') return text(response, 204, '');
  if (request.method !== 'POST') return text(response, 405, 'use POST');
  // Browsers send other content types across origins without asking first.
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
    return text(response, 415, 'content type must be application/json');
  }
  const body = await boundedText({ body: request }, MAX_BODY_BYTES);
  if (body === null) return text(response, 413, `the request is larger than ${MAX_BODY_BYTES} bytes`);
  const calls = parseBody(body);
  if (calls === null) return json(response, errorAnswer(null, RPC_CODES.parseError, 'parse error'));
  const refusal = authorize(calls.requests, request.headers.authorization, secret);
  if (refusal !== null) return text(response, 401, refusal);
  const answers: unknown[] = [];
  for (const call of calls.requests) answers.push(await answer(backend, call));
  json(response, calls.batch ? answers : answers[0]);
}

/** Why the request may not pass, or null. */
function authorize(
  requests: readonly (JsonRpcRequest | null)[],
  authorization: string | undefined,
  secret: Uint8Array | null,
): string | null {
  if (!requests.some((request) => request?.method.startsWith('engine_'))) return null;
  if (secret === null) return 'the engine_ namespace is not served here: no JWT secret is configured';
  const verdict = verifyJwt(authorization, secret, Date.now() / 1000);
  return verdict.ok ? null : verdict.reason;
}

async function answer(backend: Backend, request: JsonRpcRequest | null): Promise<unknown> {
  if (request === null) return errorAnswer(null, RPC_CODES.invalidRequest, 'invalid request');
  const { id, method, params } = request;
  try {
    return { jsonrpc: '2.0', id, result: await backend.call(method, params) };
  } catch (error) {
    if (error instanceof RpcError) return errorAnswer(id, error.code, error.message, error.data);
    return errorAnswer(id, RPC_CODES.internal, 'internal error');
  }
}

const errorAnswer = (id: JsonRpcRequest['id'], code: number, message: string, data?: unknown) => ({
  jsonrpc: '2.0',
  id,
  error: { code, message, ...(data === undefined ? {} : { data }) },
});

/** Null when the body is not JSON, or a batch too long. A request that is not one is null in the list. */
function parseBody(body: string): { batch: boolean; requests: readonly (JsonRpcRequest | null)[] } | null {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return null;
  }
  if (!Array.isArray(value)) return { batch: false, requests: [parseRequest(value)] };
  if (value.length === 0 || value.length > MAX_BATCH) return null;
  return { batch: true, requests: value.map(parseRequest) };
}

function parseRequest(value: unknown): JsonRpcRequest | null {
  if (typeof value !== 'object' || value === null) return null;
  const { id, method, params } = value as Record<string, unknown>;
  if (typeof method !== 'string' || (params !== undefined && !Array.isArray(params))) return null;
  const known = typeof id === 'string' || typeof id === 'number' ? id : null;
  return { id: known, method, params: params ?? [] };
}

function isKnownHost(header: string | undefined, vhosts: readonly string[]): boolean {
  if (header === undefined) return true;
  const name = header.replace(/:\d+$/, '').toLowerCase();
  const isAddress = /^\d+\.\d+\.\d+\.\d+$/.test(name) || /^\[[0-9a-f:.]+\]$/.test(name);
  return isAddress || name === 'localhost' || vhosts.includes(name) || vhosts.includes('*');
}

/** Sets the CORS headers. False when a browser calls from an origin that is not allowed. */
function allowOrigin(
  request: IncomingMessage,
  response: ServerResponse,
  origins: readonly string[],
): boolean {
  const { origin } = request.headers;
  if (origin === undefined) return true;
  if (!origins.includes(origin) && !origins.includes('*')) return false;
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('access-control-allow-methods', 'POST, OPTIONS');
  response.setHeader('access-control-allow-headers', 'content-type');
  response.setHeader('vary', 'origin');
  return true;
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

function text(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
  response.end(message);
}
