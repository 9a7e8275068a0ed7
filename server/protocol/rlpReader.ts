import { bytesToBigInt, bytesToSafeNumber, isZero, toHex } from './bytes.ts';
import type { DecodeError, DecodeReason } from './decodeError.ts';
import type { Address, Hash, Hex } from './refs.ts';
import { type RlpHeader, readHeader } from './rlp.ts';

/** The logs bloom of a block without logs. */
export const ZERO_BLOOM: Hex = `0x${'00'.repeat(256)}`;

const EMPTY = new Uint8Array(0);

/**
 * Reads the fields of one RLP list, in order, from bytes that `scanRlp` has accepted.
 *
 * The first fault sticks in `fault` and every later read yields an empty value, so that a decoder reads all its
 * fields in one expression and asks once, at the end, whether they are worth anything.
 */
export class RlpReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  readonly #what: string;
  readonly #shapeReason: DecodeReason;
  readonly #parent: RlpReader | null;
  readonly #header: RlpHeader = { list: false, start: 0, end: 0 };
  #at: number;
  #fault: DecodeError | null = null;

  /** `start` and `end` bound the list's content. `shapeReason` is given when a field has the wrong kind or size. */
  constructor(
    bytes: Uint8Array,
    start: number,
    end: number,
    what: string,
    shapeReason: DecodeReason,
    parent: RlpReader | null = null,
  ) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#what = what;
    this.#shapeReason = shapeReason;
    this.#parent = parent;
  }

  get fault(): DecodeError | null {
    return this.#fault;
  }

  get atEnd(): boolean {
    return this.#fault !== null || this.#at >= this.#end;
  }

  /** Records a fault of this list; the first one found in a nested list is its parents' too. */
  fail(detail: string, reason: DecodeReason = this.#shapeReason): void {
    if (this.#fault !== null) return;
    const fault = { reason, detail: `${this.#what}: ${detail}` };
    for (let reader: RlpReader | null = this; reader !== null; reader = reader.#parent)
      reader.#fault ??= fault;
  }

  /** How many items are left in this list. Linear in their number. */
  count(): number {
    let items = 0;
    for (let at = this.#at; at < this.#end; at = this.#header.end) {
      readHeader(this.#bytes, at, this.#end, this.#header);
      items++;
    }
    return items;
  }

  /** A string of `min` to `max` bytes, as a view. */
  string(name: string, min: number, max: number): Uint8Array {
    if (!this.#next(name)) return EMPTY;
    const { list, start, end } = this.#header;
    const size = end - start;
    if (list) this.fail(`${name} is a list`);
    else if (size < min || size > max) this.fail(`${name} has ${size} bytes, not ${sizeInWords(min, max)}`);
    else return this.#bytes.subarray(start, end);
    return EMPTY;
  }

  hex(name: string, size: number): Hex {
    return toHex(this.string(name, size, size));
  }

  /** Hex of at most `max` bytes. */
  variableHex(name: string, max: number): Hex {
    return toHex(this.string(name, 0, max));
  }

  /** 256 bytes. Nearly every L2 block logs nothing, so the common value is shared instead of built. */
  bloom(name: string): Hex {
    const bytes = this.string(name, 256, 256);
    return isZero(bytes) ? ZERO_BLOOM : toHex(bytes);
  }

  hash(name: string): Hash {
    return this.hex(name, 32);
  }

  address(name: string): Address {
    return this.hex(name, 20);
  }

  /** An address, or null for the empty string (a contract creation). */
  addressOrNull(name: string): Address | null {
    const bytes = this.string(name, 0, 20);
    if (bytes.length === 0) return null;
    if (bytes.length !== 20) this.fail(`${name} has ${bytes.length} bytes, not 0 or 20`);
    return toHex(bytes);
  }

  /** An unsigned integer of at most `maxBytes`. A leading zero is not canonical. */
  uint(name: string, maxBytes: number): bigint {
    const bytes = this.string(name, 0, maxBytes);
    if (bytes[0] === 0) this.fail(`${name} has a leading zero`, 'non_canonical_rlp');
    return bytesToBigInt(bytes);
  }

  /** A uint64 that a JavaScript number holds exactly. */
  safeNumber(name: string): number {
    const bytes = this.string(name, 0, 8);
    if (bytes[0] === 0) this.fail(`${name} has a leading zero`, 'non_canonical_rlp');
    const value = bytesToSafeNumber(bytes);
    if (value === null) this.fail(`${name} ${toHex(bytes)} is above 2^53 - 1`, 'number_out_of_range');
    return value ?? 0;
  }

  /** A nested list's own reader. Its faults are this reader's too. */
  list(name: string, shapeReason: DecodeReason = this.#shapeReason): RlpReader {
    const found = this.#next(name);
    if (found && !this.#header.list) this.fail(`${name} is not a list`);
    const { start, end } = this.#fault === null ? this.#header : { start: 0, end: 0 };
    return new RlpReader(this.#bytes, start, end, name, shapeReason, this);
  }

  /** As `list`, with the list's whole encoding, for hashing it. */
  encodedList(name: string): { readonly encoded: Uint8Array; readonly reader: RlpReader } {
    const start = this.#at;
    const reader = this.list(name);
    return { encoded: this.#bytes.subarray(start, this.#at), reader };
  }

  /** The next item whatever its kind: its content, and for a list the whole encoding. */
  item(name: string): { readonly list: boolean; readonly bytes: Uint8Array } {
    const itemStart = this.#at;
    if (!this.#next(name)) return { list: false, bytes: EMPTY };
    const { list, start, end } = this.#header;
    return { list, bytes: this.#bytes.subarray(list ? itemStart : start, end) };
  }

  /** Demands that every item has been read. */
  finish(): void {
    if (this.#fault === null && this.#at < this.#end) this.fail(`${this.count()} items too many`);
  }

  #next(name: string): boolean {
    if (this.#fault !== null) return false;
    if (this.#at >= this.#end) {
      this.fail(`${name} is missing`);
      return false;
    }
    readHeader(this.#bytes, this.#at, this.#end, this.#header);
    this.#at = this.#header.end;
    return true;
  }
}

const sizeInWords = (min: number, max: number): string => (min === max ? `${min}` : `${min} to ${max}`);
