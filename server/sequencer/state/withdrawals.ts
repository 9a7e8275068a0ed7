import { bigIntToWord, concatBytes, fromHex, toHex } from '../../protocol/bytes.ts';
import { keccak256 } from '../../protocol/keccak.ts';
import type { Hash } from '../../protocol/refs.ts';
import { ZERO_HASH } from '../../protocol/refs.ts';
import type { OutgoingMessage } from '../ports.ts';

/**
 * `withdrawalsLogsMerkleRoot`: leaves `keccak256(from ‖ dataHash ‖ messageId)` in block order, completed to a
 * power of two by repeating the last, under keccak256 of each sorted pair (OpenZeppelin's MerkleProof).
 * Zero without messages; one leaf is its own root.
 */
export function withdrawalsRoot(messages: readonly OutgoingMessage[]): Hash {
  let level = messages.map((message) => leafOf(message));
  const last = level.at(-1);
  if (last === undefined) return ZERO_HASH;
  while (level.length & (level.length - 1)) level.push(last);
  while (level.length > 1) {
    const above: Uint8Array[] = [];
    for (let index = 0; index < level.length; index += 2) {
      above.push(keccak256(sortedPair(level[index]!, level[index + 1]!)));
    }
    level = above;
  }
  return toHex(level[0]!);
}

const leafOf = (message: OutgoingMessage): Uint8Array =>
  keccak256(concatBytes(fromHex(message.from), fromHex(message.dataHash), bigIntToWord(message.messageId)));

function sortedPair(a: Uint8Array, b: Uint8Array): Uint8Array {
  for (let index = 0; index < a.length; index++) {
    if (a[index] !== b[index]) return a[index]! < b[index]! ? concatBytes(a, b) : concatBytes(b, a);
  }
  return concatBytes(a, b);
}
