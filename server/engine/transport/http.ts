import { boundedText } from '../../lib/bounded.ts';
import { EngineError } from '../engine.ts';
import { createJwt } from './jwt.ts';
import { toEngineError } from './rpcErrorCodes.ts';
import type { CallOptions, RpcErrorBody, RpcTransport } from './transport.ts';

/** Milliseconds, where the caller gives none. */
const DEFAULT_TIMEOUT = 8_000;
/** Of one answer: the largest payload with its blobs is far smaller. */
export const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** What is read of a refusal's reason. */
const MAX_REASON_BYTES = 16 * 1024;
/** A refused token is said to be the clock's fault when the clocks differ by more seconds than this. */
const SKEW_WORTH_SAYING = 5;

export interface HttpTransportOptions {
  readonly url: string;
  /** 32 bytes; null for an endpoint without authentication. */
  readonly jwtSecret: Uint8Array | null;
  /** Asked when a token was refused: the secret as it is now, null when it cannot be read. */
  readonly rereadSecret?: (() => Uint8Array | null) | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * JSON-RPC over HTTP, with a fresh token for each call. A refused token is tried once more with the secret read again,
 * so that rotating it needs no restart.
 */
export function createHttpTransport(options: HttpTransportOptions): RpcTransport {
  const closed = new AbortController();
  const { now } = options;
  let secret = options.jwtSecret;
  let nextId = 1;
  let skewMs: number | null = null;
  const ask = async (init: RequestInit): Promise<Response> => {
    const response = await fetch(options.url, { ...init, headers: headersOf(secret, now) });
    skewMs = skewOf(response, now);
    return response;
  };
  const post = async (method: string, body: string, signal: AbortSignal): Promise<unknown> => {
    const init = { method: 'POST', body, signal, redirect: 'error' } as const;
    const response = await ask(init);
    if (response.status !== 401) return readAnswer(method, response, now);
    const fresh = options.rereadSecret?.() ?? null;
    if (fresh === null || sameBytes(fresh, secret)) return readAnswer(method, response, now);
    await response.body?.cancel();
    secret = fresh;
    return readAnswer(method, await ask(init), now);
  };
  return {
    async call(method, params, { signal, timeout = DEFAULT_TIMEOUT }: CallOptions = {}) {
      const deadline = AbortSignal.timeout(timeout);
      const signals = [deadline, closed.signal, ...(signal === undefined ? [] : [signal])];
      const body = JSON.stringify({ jsonrpc: '2.0', id: nextId++, method, params });
      try {
        return await post(method, body, AbortSignal.any(signals));
      } catch (error) {
        if (error instanceof EngineError) throw error;
        const aborted = signal?.aborted || closed.signal.aborted;
        throw toTransportError(method, error, { deadline, timeout, aborted });
      }
    },
    async close() {
      closed.abort();
    },
    skewMs: () => skewMs,
  };
}

const sameBytes = (a: Uint8Array, b: Uint8Array | null): boolean =>
  b !== null && Buffer.from(a).equals(Buffer.from(b));

const headersOf = (secret: Uint8Array | null, now: () => number): Record<string, string> => ({
  'content-type': 'application/json',
  ...(secret === null ? {} : { authorization: `Bearer ${createJwt(secret, now() / 1000)}` }),
});

async function readAnswer(method: string, response: Response, now: () => number): Promise<unknown> {
  if (response.status === 401 || response.status === 403) throw await refusedToken(method, response, now);
  const text = await boundedText(response, MAX_ANSWER_BYTES);
  if (text === null) {
    throw new EngineError(
      'bad_answer',
      method,
      `${method}: an answer of more than ${MAX_ANSWER_BYTES} bytes`,
    );
  }
  const answer = parse(text);
  if (answer === null) {
    throw new EngineError(
      'bad_answer',
      method,
      `${method}: HTTP ${response.status} without a JSON-RPC answer`,
    );
  }
  return readBody(method, answer);
}

export interface JsonRpcAnswer {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: RpcErrorBody | null;
}

/** The result of a JSON-RPC answer. Throws EngineError. */
export function readBody(method: string, answer: JsonRpcAnswer): unknown {
  if (answer.error !== undefined && answer.error !== null) throw toEngineError(method, answer.error);
  if (!('result' in answer))
    throw new EngineError('bad_answer', method, `${method}: answer without a result`);
  return answer.result;
}

/** By its Date header, which has whole seconds (RFC 9110): right to about one. Null where there is none. */
function skewOf(response: Response, now: () => number): number | null {
  const theirs = Date.parse(response.headers.get('date') ?? '');
  return Number.isFinite(theirs) ? now() - theirs : null;
}

/** Says of the two reasons (the secret, the clock) the one that can be told: an HTTP answer carries the other's time. */
async function refusedToken(method: string, response: Response, now: () => number): Promise<EngineError> {
  const why = ((await boundedText(response, MAX_REASON_BYTES)) ?? '').trim().slice(0, 200);
  const skewMs = skewOf(response, now);
  const skew = Math.round((skewMs ?? 0) / 1000);
  const hint =
    Math.abs(skew) > SKEW_WORTH_SAYING
      ? `; this machine's clock is ${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} the engine's, and 60 s are allowed`
      : '';
  const message = `${method}: the engine refused the token (${response.status}): ${why}${hint}`;
  return new EngineError('auth_failed', method, message);
}

export function parse(text: string): JsonRpcAnswer | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function toTransportError(
  method: string,
  error: unknown,
  { deadline, timeout, aborted }: { deadline: AbortSignal; timeout: number; aborted: boolean },
): EngineError {
  if (aborted) return new EngineError('aborted', method, `${method}: aborted`, null, error);
  if (deadline.aborted) {
    return new EngineError('timeout', method, `${method}: no answer within ${timeout} ms`, null, error);
  }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new EngineError('unreachable', method, `${method}: ${why}`, null, error);
}
