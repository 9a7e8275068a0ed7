import { toHex } from './bytes.ts';
import { keccak256 } from './keccak.ts';
import type { Hash } from './refs.ts';
import { encodeRlpList, encodeRlpString, encodeRlpUint } from './rlp.ts';

/** Root of a trie that holds nothing: keccak256 of RLP's empty string. */
export const EMPTY_TRIE_ROOT: Hash = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';

const EMPTY_STRING = Uint8Array.of(0x80);

interface Leaf {
  /** One nibble a byte. */
  readonly path: Uint8Array;
  readonly value: Uint8Array;
}

/**
 * Root of the Merkle Patricia trie that maps RLP(index) to each value: a block's transactions, receipts or
 * withdrawals (Yellow Paper, appendix D and section 4.4). Builds no trie, only the hashes on the way up.
 */
export function orderedTrieRoot(values: readonly Uint8Array[]): Hash {
  if (values.length === 0) return EMPTY_TRIE_ROOT;
  const leaves = inPathOrder(values);
  return toHex(keccak256(encodeNode(leaves, 0, leaves.length, 0)));
}

/**
 * Leaves sorted by path. RLP(0) is 0x80, so it sorts after 1..127; from 128 on the encodings rise with the index.
 */
function inPathOrder(values: readonly Uint8Array[]): Leaf[] {
  const leaves: Leaf[] = [];
  const add = (index: number) => {
    leaves.push({ path: nibblesOf(encodeRlpUint(index)), value: values[index]! });
  };
  for (let index = 1; index < Math.min(values.length, 128); index++) add(index);
  add(0);
  for (let index = 128; index < values.length; index++) add(index);
  return leaves;
}

function nibblesOf(bytes: Uint8Array): Uint8Array {
  const nibbles = new Uint8Array(2 * bytes.length);
  bytes.forEach((byte, index) => {
    nibbles[2 * index] = byte >> 4;
    nibbles[2 * index + 1] = byte & 15;
  });
  return nibbles;
}

/** RLP of the node above leaves [from, to), whose paths agree up to `depth`. Paths are at most 8 nibbles long. */
function encodeNode(leaves: readonly Leaf[], from: number, to: number, depth: number): Uint8Array {
  const first = leaves[from]!.path;
  if (to - from === 1) {
    const path = encodeRlpString(hexPrefix(first.subarray(depth), true));
    return encodeRlpList([path, encodeRlpString(leaves[from]!.value)]);
  }
  // The leaves are sorted, so what the first and the last share, all share.
  const last = leaves[to - 1]!.path;
  let shared = depth;
  while (first[shared] === last[shared]) shared++;
  if (shared > depth) {
    const path = encodeRlpString(hexPrefix(first.subarray(depth, shared), false));
    return encodeRlpList([path, referTo(encodeBranch(leaves, from, to, shared))]);
  }
  return encodeBranch(leaves, from, to, depth);
}

/** No index's path is the beginning of another's (RLP is prefix-free), so a branch never has a value. */
function encodeBranch(leaves: readonly Leaf[], from: number, to: number, depth: number): Uint8Array {
  const slots: Uint8Array[] = new Array(17).fill(EMPTY_STRING);
  let start = from;
  while (start < to) {
    const nibble = leaves[start]!.path[depth]!;
    let end = start + 1;
    while (end < to && leaves[end]!.path[depth] === nibble) end++;
    slots[nibble] = referTo(encodeNode(leaves, start, end, depth + 1));
    start = end;
  }
  return encodeRlpList(slots);
}

/** A node is named by its hash, or stands in its parent itself when that is shorter. */
const referTo = (node: Uint8Array): Uint8Array =>
  node.length < 32 ? node : encodeRlpString(keccak256(node));

/** Hex-prefix encoding (Yellow Paper, appendix C). */
function hexPrefix(nibbles: Uint8Array, leaf: boolean): Uint8Array {
  const odd = nibbles.length % 2;
  const encoded = new Uint8Array((nibbles.length - odd) / 2 + 1);
  encoded[0] = (leaf ? 0x20 : 0) + (odd === 1 ? 0x10 + nibbles[0]! : 0);
  for (let index = 1; index < encoded.length; index++) {
    const at = 2 * index - 2 + odd;
    encoded[index] = nibbles[at]! * 16 + nibbles[at + 1]!;
  }
  return encoded;
}
