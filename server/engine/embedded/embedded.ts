import { type Backend, createBackend } from './backend.ts';
import { type HttpOptions, serveHttp } from './httpServer.ts';
import { openCore } from './openCore.ts';

export interface EmbeddedOptions {
  /** geth-format genesis, as parsed JSON. */
  readonly genesis: unknown;
  /** Directory of its data; in memory without one. */
  readonly dir?: string | undefined;
  /** ethrex's rules: privileged transactions (0x7e) and P256VERIFY. */
  readonly l2Rules?: boolean | undefined;
  readonly http?: HttpOptions | undefined;
  /** Milliseconds spent on pool transactions of one block. */
  readonly buildBudget?: number | undefined;
}

export interface RunningEngine {
  readonly backend: Backend;
  /** Where wallets reach it; null without `http`. */
  readonly httpUrl: string | null;
  close(): Promise<void>;
}

/** Runs the engine in this thread. Throws GenesisError, EngineDirError, and HttpListenError for a taken port. */
export async function runEmbedded(options: EmbeddedOptions): Promise<RunningEngine> {
  const { genesis, dir = null, l2Rules = false, buildBudget } = options;
  const { core, close } = await openCore({ genesis, dir, l2Rules, buildBudget });
  const backend = createBackend(core);
  try {
    const server = options.http === undefined ? null : await serveHttp(backend, options.http);
    return {
      backend,
      httpUrl: server?.url ?? null,
      async close() {
        await server?.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
