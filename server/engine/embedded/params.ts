import type { Hash, Hex } from '../../protocol/refs.ts';
import { RPC_CODES, RpcError } from './rpcError.ts';

/** Readers of JSON-RPC parameters. Each throws RpcError -32602 with the position that does not fit. */

export type Params = readonly unknown[];

export const TAGS = ['latest', 'safe', 'finalized', 'earliest', 'pending'] as const;
export type BlockSelector =
  | { readonly kind: 'tag'; readonly tag: (typeof TAGS)[number] }
  | { readonly kind: 'number'; readonly number: number }
  | { readonly kind: 'hash'; readonly hash: Hash; readonly requireCanonical: boolean };

export const invalidParam = (index: number, what: string): RpcError =>
  new RpcError(RPC_CODES.invalidParams, `invalid argument ${index}: ${what}`);

export function hexParam(params: Params, index: number, maxBytes = Number.POSITIVE_INFINITY): Hex {
  const value = params[index];
  if (typeof value !== 'string' || !/^0x([0-9a-fA-F]{2})*$/.test(value) || value.length > 2 + 2 * maxBytes) {
    throw invalidParam(index, 'expected hex data');
  }
  return value.toLowerCase() as Hex;
}

export function fixedHexParam(params: Params, index: number, size: number): Hex {
  const hex = hexParam(params, index, size);
  if (hex.length !== 2 + 2 * size) throw invalidParam(index, `expected ${size} bytes of hex`);
  return hex;
}

export const hashParam = (params: Params, index: number): Hash => fixedHexParam(params, index, 32);
export const addressParam = (params: Params, index: number): Hex => fixedHexParam(params, index, 20);

export function quantityOf(value: unknown, index: number): bigint {
  if (typeof value !== 'string' || !/^0x[0-9a-fA-F]{1,64}$/.test(value)) {
    throw invalidParam(index, 'expected a hex quantity');
  }
  return BigInt(value);
}

export function numberParam(params: Params, index: number): number {
  const value = Number(quantityOf(params[index], index));
  if (!Number.isSafeInteger(value)) throw invalidParam(index, 'number above 2^53 - 1');
  return value;
}

/** A tag, a number, a hash, or EIP-1898's object. Absent means `latest`. */
export function blockParam(params: Params, index: number): BlockSelector {
  const value = params[index];
  if (value === undefined || value === null) return { kind: 'tag', tag: 'latest' };
  if (typeof value === 'object') return blockObject(value as Record<string, unknown>, index);
  const tag = TAGS.find((known) => known === value);
  if (tag !== undefined) return { kind: 'tag', tag };
  if (typeof value === 'string' && value.length === 66) {
    return { kind: 'hash', hash: hashParam(params, index), requireCanonical: false };
  }
  return { kind: 'number', number: numberParam(params, index) };
}

function blockObject(value: Record<string, unknown>, index: number): BlockSelector {
  if (value['blockHash'] !== undefined) {
    const hash = hashParam([value['blockHash']], 0);
    return { kind: 'hash', hash, requireCanonical: value['requireCanonical'] === true };
  }
  if (value['blockNumber'] !== undefined) return blockParam([value['blockNumber']], 0);
  throw invalidParam(index, 'expected blockHash or blockNumber');
}

export function objectParam(params: Params, index: number): Record<string, unknown> {
  const value = params[index];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidParam(index, 'expected an object');
  }
  return value as Record<string, unknown>;
}
