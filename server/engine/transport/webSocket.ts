import { deadline, isDeadline } from '../../lib/abort.ts';
import { EngineError } from '../engine.ts';
import { createHttpTransport, type HttpTransportOptions, parse, readBody } from './http.ts';
import { createJwt } from './jwt.ts';
import type { CallOptions, RpcTransport } from './transport.ts';

/** Milliseconds: of a call, where the caller gives none, and of a handshake. */
const DEFAULT_TIMEOUT = 8_000;

interface Waiting {
  readonly method: string;
  settle(outcome: { readonly answer: unknown } | { readonly error: unknown }): void;
}

/**
 * JSON-RPC over one WebSocket, opened with the first call and again after it was lost. The token counts for the
 * handshake alone (execution-apis authentication.md), so a fresh one is made for each. A browser's WebSocket does not
 * tell why a handshake failed; the same endpoint is then asked over HTTP, which says whether it was the token.
 */
export function createWebSocketTransport(options: HttpTransportOptions): RpcTransport {
  const probe = createHttpTransport({ ...options, url: options.url.replace(/^ws/, 'http') });
  const waiting = new Map<number, Waiting>();
  let socket: Promise<WebSocket> | null = null;
  let secret = options.jwtSecret;
  const closing = new AbortController();
  let nextId = 1;
  /** Messages that came. */
  let heard = 0;

  const giveUp = (code: 'unreachable' | 'aborted', why: string): void => {
    for (const { method, settle } of waiting.values()) {
      settle({ error: new EngineError(code, method, `${method}: ${why}`) });
    }
  };
  /** All that waits, waits on the present connection: an older one has nothing to lose. */
  const lose = (lost: Promise<WebSocket>, why: string): void => {
    if (socket !== lost) return;
    socket = null;
    giveUp('unreachable', why);
  };
  const open = (): Promise<WebSocket> => {
    const opening: Promise<WebSocket> = handshake(options.url, secret, options.now, closing.signal).then(
      (ready) => {
        ready.addEventListener('message', ({ data }) => hear(String(data)));
        ready.addEventListener('close', () => lose(opening, 'the engine closed the connection'));
        return ready;
      },
    );
    opening.catch(() => {
      if (socket === opening) socket = null;
    });
    return opening;
  };
  const hear = (text: string): void => {
    heard += 1;
    const answer = parse(text);
    const call = typeof answer?.id === 'number' ? waiting.get(answer.id) : undefined;
    if (answer === null || call === undefined) return;
    try {
      call.settle({ answer: readBody(call.method, answer) });
    } catch (error) {
      call.settle({ error });
    }
  };
  const connected = async (method: string, call: Cut): Promise<WebSocket> => {
    socket ??= open();
    try {
      return await socket;
    } catch (cause) {
      secret = options.rereadSecret?.() ?? secret;
      await probe.call('engine_exchangeCapabilities', [[]], call);
      throw new EngineError('unreachable', method, `${method}: the WebSocket does not open`, null, cause);
    }
  };

  const ask = async (method: string, params: readonly unknown[], call: Cut): Promise<unknown> => {
    // The handshake goes on without this call: others wait for it, or will.
    const ready = await unlessCut(connected(method, call), call.signal);
    const [mine, before] = [socket, heard];
    try {
      return await send(ready, nextId++, method, params, call.signal, waiting);
    } catch (error) {
      // A network that swallows everything tells nobody, and the system notices after a quarter of an hour.
      const silent = heard === before && waiting.size === 0 && socket === mine;
      if (silent && isDeadline(error)) {
        socket = null;
        ready.close();
      }
      throw error;
    }
  };

  return {
    async call(method, params, { signal, timeout = DEFAULT_TIMEOUT }: CallOptions = {}) {
      const aborted = (): EngineError => new EngineError('aborted', method, `${method}: aborted`);
      if (closing.signal.aborted) throw aborted();
      try {
        return await ask(method, params, { signal: deadline(signal, timeout, method), timeout });
      } catch (error) {
        if (error instanceof EngineError) throw error;
        if (isDeadline(error))
          throw new EngineError('timeout', method, `${method}: no answer within ${timeout} ms`);
        throw aborted();
      }
    },
    async close() {
      closing.abort();
      const open = socket;
      socket = null;
      giveUp('aborted', 'aborted');
      await probe.close();
      await open?.then((ready) => ready.close()).catch(() => undefined);
    },
  };
}

interface Cut {
  readonly signal: AbortSignal;
  readonly timeout: number;
}

/** As the work ends, or with the signal's reason when that aborts first. */
async function unlessCut<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let cut = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    cut = () => reject(signal.reason);
    signal.addEventListener('abort', cut, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', cut);
  }
}

/** Node's WebSocket takes headers, which the type of browsers does not know. */
type WebSocketWithHeaders = new (url: string, init: { headers: Record<string, string> }) => WebSocket;

function handshake(
  url: string,
  secret: Uint8Array | null,
  now: () => number,
  closing: AbortSignal,
): Promise<WebSocket> {
  const headers: Record<string, string> =
    secret === null ? {} : { authorization: `Bearer ${createJwt(secret, now() / 1000)}` };
  return new Promise((resolve, reject) => {
    const socket = new (WebSocket as unknown as WebSocketWithHeaders)(url, { headers });
    const end = (): void => {
      clearTimeout(timer);
      closing.removeEventListener('abort', give);
    };
    const give = (): void => {
      end();
      socket.close();
      reject(new Error('the handshake takes too long, or nobody wants it any more'));
    };
    const timer = setTimeout(give, DEFAULT_TIMEOUT);
    closing.addEventListener('abort', give, { once: true });
    socket.addEventListener('open', () => {
      end();
      resolve(socket);
    });
    socket.addEventListener('close', () => {
      end();
      reject(new Error('the handshake failed'));
    });
    // Without a listener the runtime reports it as unhandled; `close` follows and says all there is.
    socket.addEventListener('error', () => undefined);
  });
}

function send(
  socket: WebSocket,
  id: number,
  method: string,
  params: readonly unknown[],
  signal: AbortSignal,
  waiting: Map<number, Waiting>,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settle: Waiting['settle'] = (outcome) => {
      waiting.delete(id);
      signal.removeEventListener('abort', abort);
      if ('error' in outcome) reject(outcome.error);
      else resolve(outcome.answer);
    };
    const abort = (): void => settle({ error: signal.reason });
    signal.addEventListener('abort', abort, { once: true });
    waiting.set(id, { method, settle });
    if (signal.aborted) abort();
    else socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
  });
}
