import { createHash } from 'node:crypto';

/** An event as it is stored. */
export interface Row {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly kind: string;
  readonly ref: string | null;
  /** Canonical JSON. */
  readonly payload: string;
  /** 32 bytes. */
  readonly hash: Uint8Array;
}

/** The newest row, or what stands before the first one. */
export interface Tip {
  readonly seq: number;
  readonly hash: Uint8Array;
}

/**
 * What stands before the first row. The journal's own id is in it, so that rows of one journal are none of another.
 */
export const genesisTip = (id: string): Tip => ({
  seq: 0,
  hash: createHash('sha256').update(`plumbline journal ${id}`).digest(),
});

/**
 * SHA-256 of the hash before and of the row as canonical JSON (RFC 8785: members by name). The payload stands in it
 * as it is stored, so that a byte of difference in its spelling is one in the hash.
 */
export function rowHash(before: Uint8Array, row: Omit<Row, 'hash'>): Uint8Array {
  const text = `{"at":${row.at},"kind":${JSON.stringify(row.kind)},"payload":${row.payload},"ref":${JSON.stringify(row.ref)},"seq":${row.seq}}`;
  return createHash('sha256').update(before).update(text).digest();
}
