import { EngineClient } from './client.ts';
import type { Engine } from './engine.ts';
import { STANDARD_DEADLINES } from './methods.ts';
import { createHttpTransport } from './transport/http.ts';
import { parseJwtSecret } from './transport/jwt.ts';
import { createWebSocketTransport } from './transport/webSocket.ts';

export interface ConnectOptions {
  /** http(s):// or ws(s)://. */
  readonly url: string;
  /** 32 bytes, or 64 hex digits, as in the engine's jwt.hex; without one no token is sent. Throws RangeError when malformed. */
  readonly jwtSecret?: string | Uint8Array | undefined;
  /** The secret as it is now, for when the engine refuses it: null when it cannot be read. */
  readonly rereadSecret?: (() => Uint8Array | null) | undefined;
  /** JSON-RPC of the same engine with its debug namespace, without a token: allows `setHead`. */
  readonly rewindUrl?: string | undefined;
  /** Milliseconds since 1970, for the tokens; the machine's clock unless given. */
  readonly now?: (() => number) | undefined;
}

/** An engine elsewhere, and any of its authenticated JSON-RPC past the port. */
export interface RemoteEngine {
  readonly engine: Engine;
  /** Rejects with EngineError. Closed with the engine. */
  rpc(method: string, params: readonly unknown[], signal?: AbortSignal): Promise<unknown>;
}

/** Half a second is what geth needs to fill a block from its pool; engines of this project take no time here. */
const BUILD_MS = 500;

/** A client for an engine elsewhere. Sends nothing yet. */
export const connectEngine = (options: ConnectOptions): Engine => openRemoteEngine(options).engine;

export function openRemoteEngine(options: ConnectOptions): RemoteEngine {
  const { url, jwtSecret, rereadSecret, rewindUrl, now = Date.now } = options;
  const secret = jwtSecret === undefined ? null : parseJwtSecret(jwtSecret);
  const open = /^wss?:/.test(url) ? createWebSocketTransport : createHttpTransport;
  const transport = open({ url, jwtSecret: secret, rereadSecret, now });
  const debug =
    rewindUrl === undefined ? undefined : createHttpTransport({ url: rewindUrl, jwtSecret: null, now });
  const engine = new EngineClient(
    { name: new URL(url).host, deadlines: STANDARD_DEADLINES, buildMs: BUILD_MS },
    { transport, debug },
  );
  return {
    engine,
    rpc: (method, params, signal) =>
      transport.call(method, params, { signal, timeout: STANDARD_DEADLINES.read }),
  };
}
