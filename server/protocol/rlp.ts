import { err, ok, type Result } from '../lib/result.ts';
import { bigIntToBytes } from './bytes.ts';

/**
 * Recursive Length Prefix (Yellow Paper, appendix B), strict: every value has one accepted encoding, every length
 * stays inside its list, nesting and item count are bounded before anything is allocated.
 */

export type RlpItem = Uint8Array | readonly RlpItem[];

export interface RlpLimits {
  /** Lists inside lists; a flat list has depth 1. */
  readonly maxDepth: number;
  /** Strings and lists together, nested ones included. */
  readonly maxItems: number;
}

export const DEFAULT_RLP_LIMITS: RlpLimits = { maxDepth: 8, maxItems: 1_000_000 };

export interface RlpError {
  readonly reason: 'malformed_rlp' | 'non_canonical_rlp' | 'rlp_too_deep' | 'rlp_too_many_items';
  readonly detail: string;
}

export interface RlpScan {
  /** Where the item ends: offset of the first byte after it. */
  readonly end: number;
  /** The item itself and everything in it. */
  readonly items: number;
}

/**
 * Checks the one item that begins at `start` (structure, canonical lengths, depth, count) and says where it ends.
 * One pass, no recursion, memory of one number a level. What it accepts, the readers below read without checks.
 */
export function scanRlp(
  bytes: Uint8Array,
  start: number,
  end: number,
  limits: RlpLimits = DEFAULT_RLP_LIMITS,
): Result<RlpScan, RlpError> {
  const header: RlpHeader = { list: false, start: 0, end: 0 };
  const openLists: number[] = [];
  let at = start;
  let within = end;
  let items = 0;
  for (;;) {
    const fault = readHeader(bytes, at, within, header);
    if (fault !== null) return err(fault);
    if (++items > limits.maxItems) return tooMany(limits.maxItems);
    if (header.list) {
      if (openLists.length >= limits.maxDepth) return tooDeep(at, limits.maxDepth);
      openLists.push(within);
      within = header.end;
      at = header.start;
    } else {
      at = header.end;
    }
    while (openLists.length > 0 && at === within) within = openLists.pop()!;
    if (openLists.length === 0) return ok({ end: at, items });
  }
}

const tooMany = (maxItems: number): Result<never, RlpError> =>
  err({ reason: 'rlp_too_many_items', detail: `more than ${maxItems} items` });

const tooDeep = (at: number, maxDepth: number): Result<never, RlpError> =>
  err({ reason: 'rlp_too_deep', detail: `list at byte ${at} is nested deeper than ${maxDepth}` });

/** Where an item's content lies. Reused from item to item, so that scanning allocates nothing. */
export interface RlpHeader {
  list: boolean;
  /** First byte of the content. */
  start: number;
  /** First byte after the content. */
  end: number;
}

/** Reads the header at `at` into `header`. `end` is where the enclosing list, or the input, ends. */
export function readHeader(bytes: Uint8Array, at: number, end: number, header: RlpHeader): RlpError | null {
  if (at >= end) return { reason: 'malformed_rlp', detail: `no item at byte ${at}: the input ends` };
  const prefix = bytes[at]!;
  header.list = prefix >= 0xc0;
  if (prefix < 0x80) {
    header.start = at;
    header.end = at + 1;
    return null;
  }
  const short = prefix - (header.list ? 0xc0 : 0x80);
  if (short <= 55) {
    header.start = at + 1;
    header.end = at + 1 + short;
    if (header.end > end) return overrun(at, short);
    if (short === 1 && !header.list && bytes[at + 1]! < 0x80) {
      return nonCanonical(at, `byte 0x${bytes[at + 1]!.toString(16)} has a length prefix`);
    }
    return null;
  }
  return readLongHeader(bytes, at, end, short - 55, header);
}

function readLongHeader(
  bytes: Uint8Array,
  at: number,
  end: number,
  sizeOfLength: number,
  header: RlpHeader,
): RlpError | null {
  const start = at + 1 + sizeOfLength;
  if (start > end) return { reason: 'malformed_rlp', detail: `length at byte ${at} is cut off` };
  if (bytes[at + 1] === 0) return nonCanonical(at, 'length has a leading zero');
  // A length above 2^53 loses its low bits here, and is larger than any input with or without them.
  let length = 0;
  for (let index = at + 1; index < start; index++) length = length * 256 + bytes[index]!;
  if (length <= 55) return nonCanonical(at, `length ${length} is in the long form`);
  if (length > end - start) return overrun(at, length);
  header.start = start;
  header.end = start + length;
  return null;
}

const overrun = (at: number, length: number): RlpError => ({
  reason: 'malformed_rlp',
  detail: `item at byte ${at} claims ${length} bytes, more than there are`,
});

const nonCanonical = (at: number, what: string): RlpError => ({
  reason: 'non_canonical_rlp',
  detail: `at byte ${at}: ${what}`,
});

/** Decodes one item that fills `bytes` exactly. Strings are views of `bytes`, not copies. */
export function decodeRlp(
  bytes: Uint8Array,
  limits: RlpLimits = DEFAULT_RLP_LIMITS,
): Result<RlpItem, RlpError> {
  const scanned = scanRlp(bytes, 0, bytes.length, limits);
  if (!scanned.ok) return scanned;
  const { end } = scanned.value;
  if (end !== bytes.length) {
    return err({ reason: 'malformed_rlp', detail: `${bytes.length - end} bytes after the item` });
  }
  // The depth is bounded by the scan, so this recursion is too.
  return ok(readScanned(bytes, 0, bytes.length, { list: false, start: 0, end: 0 }));
}

function readScanned(bytes: Uint8Array, at: number, end: number, header: RlpHeader): RlpItem {
  readHeader(bytes, at, end, header);
  if (!header.list) return bytes.subarray(header.start, header.end);
  const items: RlpItem[] = [];
  const listEnd = header.end;
  for (let next = header.start; next < listEnd; next = header.end) {
    items.push(readScanned(bytes, next, listEnd, header));
    // The nested call leaves `header` at its last inner item: read this one's own end again.
    readHeader(bytes, next, listEnd, header);
  }
  return items;
}

/** Canonical encoding. Depth is the caller's own data, so it is not bounded here. */
export function encodeRlp(item: RlpItem): Uint8Array {
  return item instanceof Uint8Array ? encodeRlpString(item) : encodeRlpList(item.map(encodeRlp));
}

export function encodeRlpString(content: Uint8Array): Uint8Array {
  if (content.length === 1 && content[0]! < 0x80) return content;
  const encoded = new Uint8Array(headerSize(content.length) + content.length);
  encoded.set(content, writeHeader(encoded, 0, content.length, 0x80));
  return encoded;
}

/** A list of parts that are RLP already. */
export function encodeRlpList(encodedItems: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const item of encodedItems) length += item.length;
  const encoded = new Uint8Array(headerSize(length) + length);
  let at = writeHeader(encoded, 0, length, 0xc0);
  for (const item of encodedItems) {
    encoded.set(item, at);
    at += item.length;
  }
  return encoded;
}

/** An unsigned integer: big-endian, no leading zeros, zero as the empty string. */
export const encodeRlpUint = (value: bigint | number): Uint8Array =>
  encodeRlpString(bigIntToBytes(BigInt(value)));

function headerSize(length: number): number {
  if (length <= 55) return 1;
  let size = 2;
  for (let rest = Math.floor(length / 256); rest > 0; rest = Math.floor(rest / 256)) size++;
  return size;
}

function writeHeader(target: Uint8Array, at: number, length: number, base: 0x80 | 0xc0): number {
  if (length <= 55) {
    target[at] = base + length;
    return at + 1;
  }
  const sizeOfLength = headerSize(length) - 1;
  target[at] = base + 55 + sizeOfLength;
  let rest = length;
  for (let index = at + sizeOfLength; index > at; index--) {
    target[index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return at + 1 + sizeOfLength;
}
