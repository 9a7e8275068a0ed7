/**
 * JSON-RPC over HTTP with the checks that an untrusted provider needs: a deadline and a signal on every call,
 * a bound on the answer, no redirects, answers matched by id, and errors that name the host but no URL.
 * It does not retry: backoff belongs to the scheduler above, and moving to another endpoint to the pool.
 */
import { boundedText } from '../lib/bounded.ts';
import { redactText, redactUrl } from '../telemetry/redact.ts';
import { L1Error, type L1ErrorCode } from './l1.ts';
import { isRateRefusal, rangeRefusal } from './refusals.ts';

export interface RpcCall {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** What one call of a batch came to. */
export type RpcOutcome =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: L1Error };

export interface JsonRpcOptions {
  readonly url: string;
  /** Milliseconds for one HTTP exchange, from connecting to the last byte. */
  readonly timeoutMs: number;
  /** Bytes of one answer. */
  readonly maxResponseBytes: number;
}

/** A provider refused a log range for its size: ask for less. Never leaves this folder. */
export class RangeLimitError extends L1Error {
  /** Blocks that the provider says it takes; null when it does not say. */
  readonly blocks: number | null;
  constructor(message: string, blocks: number | null = null) {
    super('rpc_error', 'eth_getLogs', message);
    this.blocks = blocks;
  }
}

export class JsonRpcClient {
  readonly #options: JsonRpcOptions;
  readonly #closing = new AbortController();
  readonly #asked = new Map<string, readonly unknown[]>();
  #nextId = 1;
  #batching = true;
  /** HTTP requests sent. */
  requests = 0;

  constructor(options: JsonRpcOptions) {
    this.#options = options;
  }

  /** The host, fit for people. */
  get host(): string {
    return redactUrl(this.#options.url);
  }

  /** The last request of that method, short, for a report to the operator of the endpoint. Null when there was none. */
  requestOf(method: string): string | null {
    const params = this.#asked.get(method);
    return params === undefined ? null : `${method} ${redactText(JSON.stringify(params))}`;
  }

  /** One call. Rejects with an L1Error. */
  async call(method: string, params: readonly unknown[], signal?: AbortSignal): Promise<unknown> {
    const [outcome] = await this.batch([{ method, params }], signal);
    if (outcome === undefined) throw new L1Error('bad_answer', method, 'no outcome');
    if (!outcome.ok) throw outcome.error;
    return outcome.result;
  }

  /**
   * Several calls in one HTTP request, outcomes in the order of the calls. Rejects when there is no answer as
   * a whole; an error of one call is that call's outcome. Falls back to single requests for good when the
   * endpoint turns out not to take batches.
   */
  batch(calls: readonly RpcCall[], signal?: AbortSignal): Promise<readonly RpcOutcome[]> {
    for (const { method, params } of calls) this.#asked.set(method, params);
    return this.#exchange(this.#options.url, calls, signal);
  }

  close(): void {
    this.#closing.abort();
  }

  async #exchange(
    url: string,
    calls: readonly RpcCall[],
    signal?: AbortSignal,
  ): Promise<readonly RpcOutcome[]> {
    if (calls.length > 1 && this.#batching) {
      const outcomes = await this.#send(url, calls, signal);
      if (outcomes !== null) return outcomes;
      this.#batching = false;
    }
    const singles: RpcOutcome[] = [];
    for (const call of calls) {
      const [outcome] = (await this.#send(url, [call], signal)) ?? [];
      singles.push(
        outcome ?? failed('bad_answer', call.method, `${redactUrl(url)} answered a single call with a list`),
      );
    }
    return singles;
  }

  /** Null when the endpoint answered a batch with something that is not a list. */
  async #send(
    url: string,
    calls: readonly RpcCall[],
    signal?: AbortSignal,
  ): Promise<readonly RpcOutcome[] | null> {
    const requests = calls.map((call) => ({ jsonrpc: '2.0', id: this.#nextId++, ...call }));
    const method = calls.length === 1 ? (calls[0] as RpcCall).method : `batch of ${calls.length}`;
    const body = JSON.stringify(calls.length === 1 ? requests[0] : requests);
    this.requests += 1;
    const answer = await fetchJson(url, {
      label: method,
      timeoutMs: this.#options.timeoutMs,
      maxBytes: this.#options.maxResponseBytes,
      signal: signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]),
      request: { method: 'POST', headers: { 'content-type': 'application/json' }, body },
    });
    if (answer.status === 429) throw rateLimited(method, url, answer.retryAfterMs);
    if (answer.json === undefined) throw httpFailure(method, url, answer);
    if (calls.length > 1 && !Array.isArray(answer.json)) return null;
    const list: readonly unknown[] = calls.length > 1 ? (answer.json as unknown[]) : [answer.json];
    const byId = new Map<unknown, unknown>(
      list.map((entry) => [isRecord(entry) ? entry['id'] : undefined, entry]),
    );
    return requests.map((request) => outcomeOf(request, byId, url));
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const failed = (code: L1ErrorCode, method: string, message: string): RpcOutcome => ({
  ok: false,
  error: new L1Error(code, method, message),
});

function outcomeOf(
  request: { id: number; method: string },
  byId: Map<unknown, unknown>,
  url: string,
): RpcOutcome {
  // JSON-RPC 2.0 section 5: id is null where the server could not read the request's.
  const entry = byId.get(request.id) ?? (byId.size === 1 ? byId.get(null) : undefined);
  const host = redactUrl(url);
  if (!isRecord(entry)) {
    return failed('bad_answer', request.method, `${host} did not answer this request: no entry with its id`);
  }
  if (isRecord(entry['error'])) return { ok: false, error: rpcError(request.method, host, entry['error']) };
  if (entry['id'] !== request.id || !('result' in entry)) {
    return failed('bad_answer', request.method, `${host} answered with neither result nor error`);
  }
  return { ok: true, result: entry['result'] };
}

function rpcError(method: string, host: string, error: Record<string, unknown>): L1Error {
  const code = typeof error['code'] === 'number' ? error['code'] : 0;
  const text = typeof error['message'] === 'string' ? error['message'] : 'no message';
  const message = `${host} refused ${method}: ${redactText(text)} (code ${code})`;
  const rated = code === 429 || isRateRefusal(text);
  const range = method === 'eth_getLogs' && !rated ? rangeRefusal(text) : null;
  if (range !== null) return new RangeLimitError(message, range.blocks);
  return new L1Error(rated ? 'rate_limited' : 'rpc_error', method, message);
}

function rateLimited(method: string, url: string, retryAfterMs: number | null): L1Error {
  const when = retryAfterMs === null ? '' : `; it asks to wait ${Math.ceil(retryAfterMs / 1000)} s`;
  return new L1Error(
    'rate_limited',
    method,
    `${redactUrl(url)} limits our rate${when}`,
    undefined,
    retryAfterMs,
  );
}

function httpFailure(method: string, url: string, answer: HttpAnswer): L1Error {
  const host = redactUrl(url);
  if (answer.status >= 200 && answer.status < 300) {
    return new L1Error('bad_answer', method, `${host} answered with something that is not JSON`);
  }
  const code = answer.status >= 500 || answer.status === 408 ? 'unreachable' : 'rpc_error';
  return new L1Error(code, method, `${host} answered HTTP ${answer.status}`);
}

export interface HttpAnswer {
  readonly status: number;
  /** Undefined when the body is not JSON. */
  readonly json: unknown;
  readonly retryAfterMs: number | null;
}

/** fetch refuses a URL with a user part; as Basic credentials (RFC 7617) it means the same. */
function withoutCredentials(url: string): { bare: string; headers: Record<string, string> } {
  const parsed = new URL(url);
  if (parsed.username === '' && parsed.password === '') return { bare: url, headers: {} };
  const pair = `${decodeURIComponent(parsed.username)}:${decodeURIComponent(parsed.password)}`;
  parsed.username = '';
  parsed.password = '';
  return { bare: parsed.href, headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } };
}

export interface FetchJsonOptions {
  /** What is asked, for messages: an RPC method or an endpoint's name. */
  readonly label: string;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
  readonly request?: {
    readonly method?: string;
    readonly headers?: Record<string, string>;
    readonly body?: string;
  };
}

/**
 * One HTTP exchange with a deadline over all of it, body included, and a bound on the body. Redirects are
 * refused: a provider that sends us elsewhere was not the one the operator chose.
 */
export async function fetchJson(url: string, options: FetchJsonOptions): Promise<HttpAnswer> {
  const deadline = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
  const host = redactUrl(url);
  try {
    const { bare, headers } = withoutCredentials(url);
    const request = { ...options.request, headers: { ...options.request?.headers, ...headers } };
    const response = await fetch(bare, { ...request, redirect: 'error', signal });
    const text = await boundedText(response, options.maxBytes);
    if (text === null) {
      throw new L1Error(
        'bad_answer',
        options.label,
        `${host} answered with more than ${options.maxBytes} bytes`,
      );
    }
    return { status: response.status, json: parseJson(text), retryAfterMs: retryAfter(response) };
  } catch (error) {
    if (error instanceof L1Error) throw error;
    if (options.signal?.aborted) throw new L1Error('aborted', options.label, `${options.label} was aborted`);
    if (deadline.aborted) {
      throw new L1Error('timeout', options.label, `${host} did not answer within ${options.timeoutMs} ms`);
    }
    throw new L1Error('unreachable', options.label, `${host} cannot be reached: ${reasonOf(error)}`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** RFC 9110 section 10.2.3: seconds, or an HTTP date. In milliseconds, at least 0. */
function retryAfter(response: Response): number | null {
  const header = response.headers.get('retry-after');
  if (header === null) return null;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, date - Date.now());
}

/** undici says "fetch failed" and keeps the system's code in the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return 'unknown error';
  const code = (cause as { code?: unknown }).code;
  return typeof code === 'string' ? code : redactText(cause.message, 120);
}
