import { createMPT } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import { describe, expect, test } from 'vitest';
import { bigIntToBytes, toHex } from './bytes.ts';
import { EMPTY_TRIE_ROOT, orderedTrieRoot } from './trieRoot.ts';

/** The same root from a whole trie of @ethereumjs. */
async function referenceRoot(values: readonly Uint8Array[]): Promise<string> {
  const trie = await createMPT();
  for (const [index, value] of values.entries())
    await trie.put(RLP.encode(bigIntToBytes(BigInt(index))), value);
  return toHex(trie.root());
}

describe('the root is that of a whole trie', () => {
  test.each([1, 2, 3, 15, 16, 17, 127, 128, 129, 130, 255, 256, 257, 300])('of %i values', async (count) => {
    const values = Array.from({ length: count }, (_, index) =>
      new Uint8Array(1 + (index % 90)).fill(1 + (index % 250)),
    );
    expect(orderedTrieRoot(values)).toBe(await referenceRoot(values));
  });

  test('of values so short that nodes stand inside their parents', async () => {
    const values = Array.from({ length: 140 }, (_, index) => Uint8Array.of(1 + (index % 100)));
    expect(orderedTrieRoot(values)).toBe(await referenceRoot(values));
  });

  test('of no values', () => {
    expect(orderedTrieRoot([])).toBe(EMPTY_TRIE_ROOT);
  });
});

test('the order of the values matters', () => {
  const [a, b] = [Uint8Array.of(1, 2), Uint8Array.of(3, 4)];
  expect(orderedTrieRoot([a, b])).not.toBe(orderedTrieRoot([b, a]));
});
