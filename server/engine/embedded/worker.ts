import { parentPort, workerData } from 'node:worker_threads';
import type { PortRequest, PortResponse } from '../transport/messagePort.ts';
import { type EmbeddedOptions, runEmbedded } from './embedded.ts';
import type { RpcError } from './rpcError.ts';

/** What the worker tells about itself, beside its answers. */
export type WorkerNotice =
  | { readonly notice: 'ready'; readonly httpUrl: string | null }
  | { readonly notice: 'failed'; readonly code: string; readonly message: string }
  | { readonly notice: 'closed' };

const port = parentPort;
if (port !== null) await start(workerData as EmbeddedOptions);

async function start(options: EmbeddedOptions): Promise<void> {
  const say = (message: WorkerNotice | PortResponse) => port?.postMessage(message);
  try {
    const embedded = await runEmbedded(options);
    port?.on('message', (message: PortRequest | 'close') => {
      if (message === 'close') void embedded.close().then(() => say({ notice: 'closed' }));
      else void answer(message);
    });
    const answer = async ({ id, method, params }: PortRequest): Promise<void> => {
      try {
        say({ id, result: await embedded.backend.call(method, params) });
      } catch (error) {
        const { code, message, data } = error as RpcError;
        say({ id, error: { code, message, data } });
      }
      stayAwake();
    };
    say({ notice: 'ready', httpUrl: embedded.httpUrl });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'failed';
    say({ notice: 'failed', code, message: error instanceof Error ? error.message : String(error) });
  }
}

/** Milliseconds. */
const AWAKE_AFTER_ANSWER = 0.2;
let awakeUntil = 0;
let turning = false;

/**
 * A driver sends its next call as soon as it has the answer. For that moment the thread polls instead of sleeping,
 * because being woken costs as much as executing a small block.
 */
function stayAwake(): void {
  awakeUntil = performance.now() + AWAKE_AFTER_ANSWER;
  if (!turning) turn();
}

function turn(): void {
  turning = performance.now() < awakeUntil;
  if (turning) setImmediate(turn);
}
