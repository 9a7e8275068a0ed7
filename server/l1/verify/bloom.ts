import { fromHex } from '../../protocol/bytes.ts';
import { keccak256 } from '../../protocol/keccak.ts';
import type { Hex } from '../../protocol/refs.ts';

/** Bits of a block's logs bloom that a value sets: three, each by two bytes of its hash (Yellow Paper 4.3.1). */
function bitsOf(value: Uint8Array): readonly number[] {
  const hash = keccak256(value);
  return [0, 2, 4].map((at) => ((hash[at]! << 8) | hash[at + 1]!) & 2047);
}

/**
 * Whether a log of that address with one of these first topics may be in the block of that bloom. False is certain;
 * true is not: a full bloom of a busy block says it to everything.
 */
export function mayHold(bloom: Uint8Array, address: Hex, topics: readonly Hex[]): boolean {
  const has = (value: Hex): boolean =>
    bitsOf(fromHex(value)).every((bit) => ((bloom[255 - (bit >> 3)]! >> (bit & 7)) & 1) === 1);
  return bloom.length === 256 && has(address) && topics.some(has);
}
