/** JSON-RPC 2.0 and execution-apis `common.md` error codes that the engine answers with. */
export const RPC_CODES = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  /** geth's code for a refusal by the node, such as a transaction that the pool does not take. */
  server: -32000,
  /** A call that reverted; `data` is the revert data. */
  executionReverted: 3,
  unknownPayload: -38001,
  invalidForkchoiceState: -38002,
  invalidPayloadAttributes: -38003,
  unsupportedFork: -38005,
  /** Not in execution-apis: the engine has no rules for a transaction type in the block, so it can say nothing of it. */
  unsupportedTransaction: -38900,
} as const;

/** An answer with an error member. `data` is plain JSON. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: number;
  readonly data: unknown;
  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}
