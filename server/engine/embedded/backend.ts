import type { EngineCore } from './engineCore.ts';
import { engineMethods, type RpcMethod } from './engineMethods.ts';
import { ethMethods } from './ethMethods.ts';
import { PoolError } from './pool.ts';
import { RPC_CODES, RpcError } from './rpcError.ts';
import { MissingStateError } from './stateDb.ts';

/** JSON-RPC without a transport: the one face of the embedded engine. */
export interface Backend {
  /** Rejects with RpcError and nothing else. */
  call(method: string, params: readonly unknown[]): Promise<unknown>;
}

export function createBackend(core: EngineCore): Backend {
  const methods: ReadonlyMap<string, RpcMethod> = new Map(
    Object.entries({ ...engineMethods(core), ...ethMethods(core) }),
  );
  return {
    async call(method, params) {
      const handler = methods.get(method);
      if (handler === undefined) {
        throw new RpcError(RPC_CODES.methodNotFound, `the method ${method} does not exist/is not available`);
      }
      try {
        return await handler(params);
      } catch (error) {
        throw toRpcError(error);
      }
    },
  };
}

function toRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  if (error instanceof PoolError) return new RpcError(RPC_CODES.server, error.message);
  if (error instanceof MissingStateError) {
    const message = `the engine's data is damaged (${error.message}): remove its directory, the chain is derived again`;
    return new RpcError(RPC_CODES.internal, message, { reason: error.code });
  }
  return new RpcError(RPC_CODES.internal, error instanceof Error ? error.message : String(error));
}
