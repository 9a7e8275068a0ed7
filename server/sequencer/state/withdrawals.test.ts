import { concat, keccak256, numberToHex } from 'viem';
import { expect, test } from 'vitest';
import type { Hash } from '../../protocol/refs.ts';
import { ZERO_HASH } from '../../protocol/refs.ts';
import { withdrawalsRoot } from './withdrawals.ts';

const message = (id: number) => ({
  from: '0x000000000000000000000000000000000000ffff' as const,
  dataHash: keccak256(numberToHex(id)),
  messageId: BigInt(id),
});

// Built here a second time, with another keccak, from the contract's side: OpenZeppelin's MerkleProof.
const leaf = (id: number): Hash =>
  keccak256(concat([message(id).from, message(id).dataHash, numberToHex(id, { size: 32 })]));
const pair = (a: Hash, b: Hash): Hash => keccak256(BigInt(a) < BigInt(b) ? concat([a, b]) : concat([b, a]));

test('no messages have the zero root, and one is its own', () => {
  expect(withdrawalsRoot([])).toBe(ZERO_HASH);
  expect(withdrawalsRoot([message(1)])).toBe(leaf(1));
});

test('pairs are sorted, and the list is completed to a power of two with its last leaf', () => {
  expect(withdrawalsRoot([1, 2].map(message))).toBe(pair(leaf(1), leaf(2)));
  expect(withdrawalsRoot([1, 2, 3].map(message))).toBe(pair(pair(leaf(1), leaf(2)), pair(leaf(3), leaf(3))));
  const five = [1, 2, 3, 4, 5].map(message);
  const last = pair(leaf(5), leaf(5));
  expect(withdrawalsRoot(five)).toBe(
    pair(pair(pair(leaf(1), leaf(2)), pair(leaf(3), leaf(4))), pair(last, last)),
  );
});
