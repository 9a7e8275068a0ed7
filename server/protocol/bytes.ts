import type { Hex } from './refs.ts';

/**
 * Bytes and hex without any platform API, so that the pure modules can use them everywhere.
 */

const DIGIT_CODES = new Uint8Array(512);
for (let value = 0; value < 256; value++) {
  const digits = value.toString(16).padStart(2, '0');
  DIGIT_CODES[2 * value] = digits.charCodeAt(0);
  DIGIT_CODES[2 * value + 1] = digits.charCodeAt(1);
}

/** Arguments of one `String.fromCharCode` call: short enough for every engine's argument limit. */
const CHUNK_BYTES = 2048;
const scratch32 = new Uint8Array(64);

/** `0x` and two lower-case digits a byte. Built from char codes, because `+=` keeps a rope of 30 times the size. */
export function toHex(bytes: Uint8Array): Hex {
  const size = bytes.length;
  if (size === 32) return `0x${digitsOf(bytes, 0, 32, scratch32)}`;
  if (size <= CHUNK_BYTES) return `0x${digitsOf(bytes, 0, size, new Uint8Array(2 * size))}`;
  const chunks: string[] = [];
  for (let from = 0; from < size; from += CHUNK_BYTES) {
    const to = Math.min(from + CHUNK_BYTES, size);
    chunks.push(digitsOf(bytes, from, to, new Uint8Array(2 * (to - from))));
  }
  return `0x${chunks.join('')}`;
}

function digitsOf(bytes: Uint8Array, from: number, to: number, codes: Uint8Array): string {
  let at = 0;
  for (let index = from; index < to; index++) {
    const code = 2 * bytes[index]!;
    codes[at++] = DIGIT_CODES[code]!;
    codes[at++] = DIGIT_CODES[code + 1]!;
  }
  return String.fromCharCode.apply(null, codes as unknown as number[]);
}

/** Value of a hex digit by its char code, 255 for everything else below 128. */
const DIGIT_VALUES = new Uint8Array(128).fill(255);
for (let value = 0; value < 16; value++) {
  DIGIT_VALUES[value.toString(16).charCodeAt(0)] = value;
  DIGIT_VALUES[value.toString(16).toUpperCase().charCodeAt(0)] = value;
}

/** The bytes of a hex string, either case. Throws RangeError when it is not `0x` and an even number of digits. */
export function fromHex(hex: string): Uint8Array {
  const bytes = tryFromHex(hex);
  if (bytes === null) throw new RangeError(`not a hex string of whole bytes: ${hex.slice(0, 80)}`);
  return bytes;
}

/** As `fromHex`, but null instead of a throw: for strings that come from outside. */
export function tryFromHex(hex: string): Uint8Array | null {
  if (hex.length % 2 !== 0 || !hex.startsWith('0x')) return null;
  const bytes = new Uint8Array(hex.length / 2 - 1);
  for (let index = 0, at = 2; index < bytes.length; index++, at += 2) {
    // A char code beyond the table reads undefined, which the comparison refuses like 255.
    const high = DIGIT_VALUES[hex.charCodeAt(at)]!;
    const low = DIGIT_VALUES[hex.charCodeAt(at + 1)]!;
    if (!(high < 16 && low < 16)) return null;
    bytes[index] = high * 16 + low;
  }
  return bytes;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const part of parts) size += part.length;
  const joined = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}

/** True when every byte of [from, to) is zero. */
export function isZero(bytes: Uint8Array, from = 0, to = bytes.length): boolean {
  for (let index = from; index < to; index++) if (bytes[index] !== 0) return false;
  return true;
}

/** The big-endian unsigned integer in [from, to), of any size. */
export function bytesToBigInt(bytes: Uint8Array, from = 0, to = bytes.length): bigint {
  let high = 0n;
  let at = from;
  // Six bytes at a time fit a double exactly, which keeps the common short integers off the bigint path.
  while (to - at > 6) {
    high = (high << 48n) | BigInt(smallNumber(bytes, at, at + 6));
    at += 6;
  }
  const low = smallNumber(bytes, at, to);
  return high === 0n ? BigInt(low) : (high << BigInt(8 * (to - at))) | BigInt(low);
}

function smallNumber(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let index = from; index < to; index++) value = value * 256 + bytes[index]!;
  return value;
}

/** The big-endian unsigned integer in [from, to), or null when it is above 2^53 − 1. Never allocates. */
export function bytesToSafeNumber(bytes: Uint8Array, from = 0, to = bytes.length): number | null {
  let start = from;
  while (start < to && bytes[start] === 0) start++;
  if (to - start > 7) return null;
  const value = smallNumber(bytes, start, to);
  return value <= Number.MAX_SAFE_INTEGER ? value : null;
}

/** Big-endian, as few bytes as possible: zero is no bytes. Throws RangeError on a negative value. */
export function bigIntToBytes(value: bigint): Uint8Array {
  if (value < 0n) throw new RangeError(`not an unsigned integer: ${value}`);
  if (value === 0n) return new Uint8Array(0);
  const digits = value.toString(16);
  return fromHex(`0x${digits.length % 2 === 0 ? digits : `0${digits}`}`);
}

/** Big-endian in exactly 32 bytes. Throws RangeError outside uint256. */
export function bigIntToWord(value: bigint): Uint8Array {
  const short = bigIntToBytes(value);
  if (short.length > 32) throw new RangeError(`above uint256: ${value}`);
  const word = new Uint8Array(32);
  word.set(short, 32 - short.length);
  return word;
}
