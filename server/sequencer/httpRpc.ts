import { withDeadline } from '../lib/abort.ts';
import { boundedText } from '../lib/bounded.ts';
import type { JsonRpc } from './ports.ts';

/** What a JSON-RPC endpoint refused, with its own code and data, or (`http_…`) that it is not one. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  /** JSON-RPC's number, `http_<status>` when the answer is not JSON-RPC, or `too_long`. */
  readonly code: number | string;
  readonly data: unknown;
  constructor(method: string, code: number | string, message: string, data?: unknown) {
    super(`${method}: ${message}`);
    this.code = code;
    this.data = data;
  }
}

/** Many times a range of logs; peers are asked with this too, and are not ours. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly code?: unknown; readonly message?: unknown; readonly data?: unknown };
}

/**
 * Plain JSON-RPC over HTTP for nodes that are ours: one request a call, a deadline on each, no retries. Errors:
 * `RpcError`, `DeadlineError`, and fetch's own when nobody listens.
 */
export function httpRpc(url: string, opts: { readonly timeoutMs: number }): JsonRpc {
  let id = 0;
  return {
    request: (method, params, signal) =>
      withDeadline({ signal, ms: opts.timeoutMs, what: method }, async (cut) => {
        const response = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params }),
          redirect: 'error',
          signal: cut,
        });
        const body = await boundedText(response, MAX_ANSWER_BYTES);
        if (body !== null) return resultOf(method, response.status, body);
        throw new RpcError(method, 'too_long', `an answer of more than ${MAX_ANSWER_BYTES} bytes`);
      }),
  };
}

function resultOf(method: string, status: number, body: string): unknown {
  let answer: Answer;
  try {
    answer = JSON.parse(body) as Answer;
  } catch {
    throw new RpcError(method, `http_${status}`, 'the answer is not JSON');
  }
  if (answer.error !== undefined) {
    const { code, message, data } = answer.error;
    throw new RpcError(method, typeof code === 'number' ? code : 'no_code', String(message), data);
  }
  if (!('result' in answer)) throw new RpcError(method, `http_${status}`, 'neither result nor error');
  return answer.result;
}
