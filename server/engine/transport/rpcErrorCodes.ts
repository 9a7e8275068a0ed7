import { EngineError, type EngineErrorCode } from '../engine.ts';
import type { RpcErrorBody } from './transport.ts';

/** JSON-RPC codes with a meaning of their own: execution-apis `common.md`, JSON-RPC 2.0, and this project's engine. */
const BY_CODE: ReadonlyMap<number, EngineErrorCode> = new Map<number, EngineErrorCode>([
  [-32601, 'method_not_found'],
  [-38001, 'unknown_payload'],
  [-38002, 'invalid_forkchoice_state'],
  [-38003, 'invalid_payload_attributes'],
  [-38005, 'unsupported_fork'],
  [-38006, 'too_deep_reorg'],
  [-38900, 'unsupported_transaction'],
]);

/** The engine answered with an error: which one decides by its number, never by its words. */
export const toEngineError = (method: string, body: RpcErrorBody): EngineError =>
  new EngineError(BY_CODE.get(body.code) ?? 'rpc_error', method, `${method}: ${body.message}`, body.code);
