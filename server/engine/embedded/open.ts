import { Worker } from 'node:worker_threads';
import { EngineClient } from '../client.ts';
import type { Engine } from '../engine.ts';
import { EMBEDDED_DEADLINES } from '../methods.ts';
import { createPortTransport, type Port, type PortResponse } from '../transport/messagePort.ts';
import type { EmbeddedOptions } from './embedded.ts';
import type { EngineStats } from './engineCore.ts';
import type { WorkerNotice } from './worker.ts';

export type { EmbeddedOptions, EngineStats };

export interface EmbeddedEngine {
  readonly engine: Engine;
  /** Any JSON-RPC method of the engine, past the port. Rejects with EngineError. */
  rpc(method: string, params: readonly unknown[]): Promise<unknown>;
  /** Where wallets and other processes reach it; null without `http`. */
  readonly httpUrl: string | null;
  stats(): Promise<EngineStats>;
  /** Finishes the call in flight, closes the data and ends the worker. */
  close(): Promise<void>;
}

/** The engine did not start: a bad genesis, an unusable directory, a taken port. The message is one sentence. */
export class EmbeddedEngineError extends Error {
  override readonly name = 'EmbeddedEngineError';
  /** `malformed_genesis`, a code of EngineDirError, `http_listen`, or `failed`. */
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Starts an engine in a thread of this process and connects to it. Throws EmbeddedEngineError. */
export async function openEmbeddedEngine(options: EmbeddedOptions): Promise<EmbeddedEngine> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: options,
    name: 'engine',
  });
  const httpUrl = await whenReady(worker);
  const transport = createPortTransport(portOf(worker));
  const engine = new EngineClient({ name: 'embedded', deadlines: EMBEDDED_DEADLINES }, { transport });
  await engine.exchangeCapabilities();
  const rpc = (method: string, params: readonly unknown[]) =>
    transport.call(method, params, { timeout: EMBEDDED_DEADLINES.read });
  return {
    engine,
    rpc,
    httpUrl,
    stats: async () => (await rpc('plumbline_stats', [])) as EngineStats,
    close: () => transport.close(),
  };
}

/** Resolves with the URL of its HTTP server. */
function whenReady(worker: Worker): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const fail = (code: string, message: string) => {
      void worker.terminate();
      reject(new EmbeddedEngineError(code, message));
    };
    worker.once('error', (error) => fail('failed', `the engine's thread ended: ${error.message}`));
    worker.once('message', (message: WorkerNotice) => {
      worker.removeAllListeners('error');
      if (message.notice === 'ready') resolve(message.httpUrl);
      else if (message.notice === 'failed') fail(message.code, message.message);
    });
  });
}

function portOf(worker: Worker): Port {
  const onAnswer: ((answer: PortResponse) => void)[] = [];
  const onGone: ((reason: string) => void)[] = [];
  let closed: (() => void) | null = null;
  worker.on('message', (message: PortResponse | WorkerNotice) => {
    if (!('notice' in message)) for (const listener of onAnswer) listener(message);
    else if (message.notice === 'closed') closed?.();
  });
  const gone = (reason: string) => {
    for (const listener of onGone) listener(reason);
    closed?.();
  };
  worker.once('error', (error) => gone(`the engine's thread ended: ${error.message}`));
  worker.once('exit', () => gone('the engine is closed'));
  let closing: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    await new Promise<void>((resolve) => {
      closed = resolve;
      worker.postMessage('close');
    });
    await worker.terminate();
  };
  return {
    postMessage: (message) => worker.postMessage(message),
    onAnswer: (listener) => onAnswer.push(listener),
    onGone: (listener) => onGone.push(listener),
    close() {
      closing ??= close();
      return closing;
    },
  };
}
