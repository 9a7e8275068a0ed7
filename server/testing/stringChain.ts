/**
 * Chains written as strings, so that a reorg test reads aloud: L1 `abcdefgh` → `abcdxyz`, L2 `ABCD`.
 *
 * Each character is one block; the first is number 0. A block's hash is a function of everything up to and
 * including it, so equal prefixes are equal blocks and the `d` of `abcd` is another block than the `d` of
 * `abxd`. By custom L1 blocks are lower case and L2 blocks upper case; the two layers never share a hash.
 */
import type { Hash, L1BlockRef, L2BlockRef } from '../protocol/refs.ts';
import { ZERO_HASH } from '../protocol/refs.ts';

/** Seconds since 1970 of block 0 in every string chain. */
export const STRING_CHAIN_GENESIS_TIME = 1_700_000_000;
const L1_BLOCK_SECONDS = 12;
const L2_BLOCK_SECONDS = 2;

type Layer = 'L1' | 'L2';
interface PlainRef {
  readonly number: number;
  readonly hash: Hash;
  readonly parentHash: Hash;
  readonly timestamp: number;
}

const hex = (value: number | bigint, bytes: number): string => value.toString(16).padStart(bytes * 2, '0');

/** FNV-1a over the parent's hash and the character: enough to tell test branches apart, and deterministic. */
function mix(parentHash: Hash, character: string): bigint {
  let state = 0xcbf29ce484222325n;
  for (const unit of parentHash + character) {
    state = ((state ^ BigInt(unit.codePointAt(0) as number)) * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return state;
}

/** Byte 0 is the layer, byte 19 the character, bytes 20–23 the number: a hash in a failure is readable. */
function childOf(layer: Layer, parent: PlainRef | null, character: string): PlainRef {
  const number = parent === null ? 0 : parent.number + 1;
  const parentHash = parent === null ? ZERO_HASH : parent.hash;
  const tag = layer === 'L1' ? '11' : '22';
  const code = hex((character.codePointAt(0) as number) & 0xff, 1);
  const seconds = layer === 'L1' ? L1_BLOCK_SECONDS : L2_BLOCK_SECONDS;
  return {
    number,
    hash: `0x${tag}${'00'.repeat(18)}${code}${hex(number, 4)}${hex(mix((parentHash + tag) as Hash, character), 8)}`,
    parentHash,
    timestamp: STRING_CHAIN_GENESIS_TIME + number * seconds,
  };
}

function grow(layer: Layer, parent: PlainRef | null, characters: string): readonly PlainRef[] {
  const refs: PlainRef[] = [];
  let tip = parent;
  for (const character of characters) {
    tip = childOf(layer, tip, character);
    refs.push(tip);
  }
  return refs;
}

const lastOf = (refs: readonly PlainRef[], text: string): PlainRef => {
  const last = refs.at(-1);
  if (last === undefined) throw new RangeError(`a block needs at least one character, got "${text}"`);
  return last;
};

/** The blocks of an L1 branch, oldest first: `l1Chain('abc')[2]` is block number 2. */
export const l1Chain = (text: string): readonly L1BlockRef[] => grow('L1', null, text);
/** The blocks of an L2 branch, oldest first: `l2Chain('ABC')[0]` is the genesis block. */
export const l2Chain = (text: string): readonly L2BlockRef[] => grow('L2', null, text);

/** The last block of a branch: `l1Ref('abcd')` is block d, number 3, on top of c. */
export const l1Ref = (text: string): L1BlockRef => lastOf(grow('L1', null, text), text);
export const l2Ref = (text: string): L2BlockRef => lastOf(grow('L2', null, text), text);

/** More blocks on top of a given one, oldest first, without it: for branches too long to write out. */
export const l1Extend = (parent: L1BlockRef, characters: string): readonly L1BlockRef[] =>
  grow('L1', parent, characters);

/** The character of a string-chain block: `blockName(l1Ref('abc').hash)` is `c`. */
export const blockName = (hash: Hash): string =>
  String.fromCodePoint(Number.parseInt(hash.slice(40, 42), 16));

/** A branch back as a string, for assertions that read aloud. */
export const chainText = (refs: readonly { readonly hash: Hash }[]): string =>
  refs.map((ref) => blockName(ref.hash)).join('');
