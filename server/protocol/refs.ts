/**
 * References to blocks. A block is always named by number *and* hash: a bare number says nothing about
 * the branch it is on. L1 and L2 references are kept apart by a phantom `layer`, so one cannot be passed
 * for the other although both are plain objects.
 */
export type Hex = `0x${string}`;
/** 32 bytes as lower-case hex. */
export type Hash = Hex;
/** 20 bytes as lower-case hex, not checksummed. */
export type Address = Hex;

declare const layer: unique symbol;

export interface L1BlockId {
  readonly [layer]?: 'L1';
  readonly number: number;
  readonly hash: Hash;
}

export interface L2BlockId {
  readonly [layer]?: 'L2';
  readonly number: number;
  readonly hash: Hash;
}

/** An L1 block as derivation needs it. `timestamp` is in seconds since 1970. */
export interface L1BlockRef extends L1BlockId {
  readonly parentHash: Hash;
  readonly timestamp: number;
}

/** An L2 block as the driver needs it. `timestamp` is in seconds since 1970. */
export interface L2BlockRef extends L2BlockId {
  readonly parentHash: Hash;
  readonly timestamp: number;
}

export const ZERO_HASH: Hash = `0x${'00'.repeat(32)}`;
export const ZERO_ADDRESS: Address = `0x${'00'.repeat(20)}`;

export const sameBlock = (
  a: { readonly number: number; readonly hash: Hash } | null,
  b: { readonly number: number; readonly hash: Hash } | null,
): boolean => a !== null && b !== null && a.number === b.number && a.hash === b.hash;
