/**
 * One JSON-RPC call. Resolves with the result; rejects with EngineError and nothing else. A call ends at `signal` or at
 * its deadline, whichever is first.
 */
export interface RpcTransport {
  call(method: string, params: readonly unknown[], options?: CallOptions): Promise<unknown>;
  close(): Promise<void>;
  /** This machine's clock minus the other's, milliseconds, by its last answer; null where none tells. */
  skewMs?(): number | null;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds. */
  readonly timeout?: number | undefined;
}

/** The error member of a JSON-RPC answer. */
export interface RpcErrorBody {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}
