import { EngineError } from '../engine.ts';
import { toEngineError } from './rpcErrorCodes.ts';
import type { CallOptions, RpcErrorBody, RpcTransport } from './transport.ts';

/** What crosses to the worker. */
export interface PortRequest {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

export type PortResponse =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: RpcErrorBody };

/** The part of a Worker or MessagePort that the transport uses. */
export interface Port {
  postMessage(message: PortRequest): void;
  /** Called once for each answer. */
  onAnswer(listener: (answer: PortResponse) => void): void;
  /** Called once, when no answer can come any more. */
  onGone(listener: (reason: string) => void): void;
  close(): Promise<void>;
}

interface Waiting {
  readonly method: string;
  resolve(result: unknown): void;
  reject(error: EngineError): void;
}

/** JSON-RPC over structured clones: the payload's hex strings are copied once and parsed nowhere. */
export function createPortTransport(port: Port): RpcTransport {
  const waiting = new Map<number, Waiting>();
  let nextId = 1;
  let gone: string | null = null;
  port.onAnswer((answer) => {
    const call = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (call === undefined) return;
    if ('error' in answer) call.reject(toEngineError(call.method, answer.error));
    else call.resolve(answer.result);
  });
  port.onGone((reason) => {
    gone = reason;
    for (const { method, reject } of waiting.values()) {
      reject(new EngineError('unreachable', method, `${method}: ${reason}`));
    }
    waiting.clear();
  });
  const send = (method: string, params: readonly unknown[], options: CallOptions): Promise<unknown> => {
    if (gone !== null) return Promise.reject(new EngineError('unreachable', method, `${method}: ${gone}`));
    if (options.signal?.aborted)
      return Promise.reject(new EngineError('aborted', method, `${method}: aborted`));
    const id = nextId++;
    return new Promise((resolve, reject) => {
      const { signal, timeout } = options;
      const finish = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
      const abandon = (code: 'aborted' | 'timeout', why: string) => {
        finish();
        waiting.delete(id);
        reject(new EngineError(code, method, `${method}: ${why}`));
      };
      const abort = () => abandon('aborted', 'aborted');
      const timer =
        timeout === undefined
          ? undefined
          : setTimeout(() => abandon('timeout', `no answer within ${timeout} ms`), timeout);
      signal?.addEventListener('abort', abort, { once: true });
      waiting.set(id, {
        method,
        resolve: (result) => {
          finish();
          resolve(result);
        },
        reject: (error) => {
          finish();
          reject(error);
        },
      });
      port.postMessage({ id, method, params });
    });
  };
  return {
    call: (method, params, options = {}) => send(method, params, options),
    close: () => port.close(),
  };
}
