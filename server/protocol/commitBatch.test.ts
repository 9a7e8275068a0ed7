import fc from 'fast-check';
import { decodeFunctionData, encodeFunctionData, parseAbi } from 'viem';
import { describe, expect, test } from 'vitest';
import { commitInputFor, hashOf, sampleChain, sampleDeposit } from '../testing/sampleBatch.ts';
import { bigIntToWord, concatBytes, fromHex, toHex } from './bytes.ts';
import {
  type BasedSelector,
  decodeCommitBatch,
  decodeCommitWords,
  encodeCommitBatch,
} from './commitBatch.ts';
import { DEFAULT_LIMITS } from './rollupConfig.ts';

const ABI = {
  '0x4008fd7c': parseAbi([
    'function commitBatch(uint256,bytes32,bytes32,bytes32,bytes32,uint256,bytes32,bytes[])',
  ]),
  '0x0cce9190': parseAbi(['function commitBatch(uint256,bytes32,bytes32,bytes32,bytes32,uint256,bytes[])']),
  '0x747f46dd': parseAbi(['function commitBatch(uint256,bytes32,bytes32,bytes32,bytes32,bytes[])']),
} as const;
const BASED = Object.keys(ABI) as BasedSelector[];
const STATIC_WORDS = { '0x4008fd7c': 7, '0x0cce9190': 6, '0x747f46dd': 5 } as const;

const COMMIT = commitInputFor(sampleChain(3, (number) => [sampleDeposit(number)]));
const CALLDATA = encodeCommitBatch(COMMIT);

/** Byte offsets in the calldata of the 8-argument shape. */
const BLOCKS_OFFSET = 4 + 7 * 32;
const COUNT = 4 + 8 * 32;
const TABLE = COUNT + 32;

const reasonOf = (input: Uint8Array, limits = DEFAULT_LIMITS): string => {
  const decoded = decodeCommitBatch(input, limits);
  return decoded.ok ? 'accepted' : decoded.error.reason;
};

const detailOf = (input: Uint8Array): string => {
  const decoded = decodeCommitBatch(input);
  return decoded.ok ? 'accepted' : decoded.error.detail;
};

const decoded = (input: Uint8Array) => {
  const result = decodeCommitBatch(input);
  if (!result.ok) throw new Error(`${result.error.reason}: ${result.error.detail}`);
  return result.value;
};

const withWord = (at: number, value: bigint | number, calldata = CALLDATA): Uint8Array => {
  const changed = calldata.slice();
  changed.set(bigIntToWord(BigInt(value)), at);
  return changed;
};

describe('the canonical layout', () => {
  test.each(BASED)('%s is encoded as viem encodes it', (shape) => {
    const { batchNumber, newStateRoot, withdrawalsLogsMerkleRoot, privilegedRollingHash, lastBlockHash } =
      COMMIT;
    const words = [
      batchNumber,
      newStateRoot,
      withdrawalsLogsMerkleRoot,
      privilegedRollingHash,
      lastBlockHash,
    ];
    const later = [COMMIT.nonPrivilegedTransactions, COMMIT.commitHash].slice(0, STATIC_WORDS[shape] - 5);
    const args = [...words, ...later, COMMIT.rlpBlocks.map(toHex)];
    expect(toHex(encodeCommitBatch(COMMIT, shape))).toBe(
      encodeFunctionData({ abi: ABI[shape], args: args as never }),
    );
  });

  test.each(BASED)('%s comes back from its encoding without a warning', (shape) => {
    const known = STATIC_WORDS[shape];
    const { nonPrivilegedTransactions, commitHash, ...always } = COMMIT;
    expect(decoded(encodeCommitBatch(COMMIT, shape))).toEqual({
      ...always,
      selector: shape,
      nonPrivilegedTransactions: known >= 6 ? nonPrivilegedTransactions : null,
      commitHash: known >= 7 ? commitHash : null,
      warnings: [],
    });
  });

  test('any blocks at all come back', () => {
    const blocks = fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 12 });
    fc.assert(
      fc.property(blocks, fc.constantFrom(...BASED), (rlpBlocks, shape) => {
        expect(decoded(encodeCommitBatch({ ...COMMIT, rlpBlocks }, shape))).toMatchObject({
          rlpBlocks,
          warnings: [],
        });
      }),
    );
  });

  test('an empty block list is read as such', () => {
    expect(decoded(encodeCommitBatch({ ...COMMIT, rlpBlocks: [] })).rlpBlocks).toEqual([]);
  });

  test('blocks are views of the calldata, not copies', () => {
    expect(decoded(CALLDATA).rlpBlocks?.every((block) => block.buffer === CALLDATA.buffer)).toBe(true);
  });

  test('the non-based shape is read up to its blocks, which are in its blob', () => {
    const head = [...Array(7).keys()].map((index) => bigIntToWord(BigInt(index + 1)));
    const calldata = concatBytes(fromHex('0xc0ddc604'), ...head, ...[288n, 320n, 0n, 0n].map(bigIntToWord));
    expect(decoded(calldata)).toMatchObject({
      selector: '0xc0ddc604',
      batchNumber: 1n,
      nonPrivilegedTransactions: 6n,
      rlpBlocks: null,
      warnings: [],
    });
    expect(reasonOf(calldata.subarray(0, 4 + 9 * 32 - 1))).toBe('malformed_calldata');
  });
});

describe('accepted with a warning, because the contract does not mind', () => {
  const gap = bigIntToWord(0n);
  const shifted = withWord(BLOCKS_OFFSET, 9 * 32);

  test.each([
    ['bytes after the last block', concatBytes(CALLDATA, new Uint8Array(32)), '32 trailing bytes'],
    [
      'a gap before the block array',
      concatBytes(shifted.subarray(0, COUNT), gap, CALLDATA.subarray(COUNT)),
      'a gap before',
    ],
    ['padding that is not zero', withDirtyPadding(), 'padding that is not zero'],
    ['padding that is cut off', CALLDATA.subarray(0, CALLDATA.length - 1), 'padding is cut off'],
    ['blocks in another order', swappedBlocks(), 'out of order'],
  ])('%s', (_, calldata, warning) => {
    const { rlpBlocks, warnings } = decoded(calldata);
    expect(rlpBlocks).toEqual(COMMIT.rlpBlocks);
    expect(warnings).toEqual([expect.stringMatching(new RegExp(`^non_canonical: .*${warning}`))]);
  });

  test('and read as viem reads it', () => {
    for (const calldata of [withDirtyPadding(), swappedBlocks(), concatBytes(CALLDATA, new Uint8Array(7))]) {
      const { args } = decodeFunctionData({ abi: ABI['0x4008fd7c'], data: toHex(calldata) });
      expect(decoded(calldata).rlpBlocks?.map(toHex)).toEqual(args[7]);
    }
  });
});

describe('what is refused', () => {
  test.each([
    ['no calldata', new Uint8Array(0), 'unknown_selector'],
    ['half a selector', CALLDATA.subarray(0, 2), 'unknown_selector'],
    ['another function', concatBytes(fromHex('0xdeadbeef'), CALLDATA.subarray(4)), 'unknown_selector'],
    ['an offset of 2^32', withWord(BLOCKS_OFFSET, 2n ** 32n), 'malformed_calldata'],
    ['an offset of 2^256 - 1', withWord(BLOCKS_OFFSET, 2n ** 256n - 1n), 'malformed_calldata'],
    ['an offset of 2^53 + 256', withWord(BLOCKS_OFFSET, 2n ** 53n + 256n), 'malformed_calldata'],
    ['an offset back to the first argument', withWord(BLOCKS_OFFSET, 0), 'malformed_calldata'],
    ['an offset back to a zero among the arguments', withWord(BLOCKS_OFFSET, 2 * 32), 'malformed_calldata'],
    ['an offset to itself', withWord(BLOCKS_OFFSET, 7 * 32), 'malformed_calldata'],
    ['a count of 2^32', withWord(COUNT, 2n ** 32n), 'malformed_calldata'],
    ['a count of 2^256 - 1', withWord(COUNT, 2n ** 256n - 1n), 'malformed_calldata'],
    ['a count that the calldata has no room for', withWord(COUNT, 1000), 'malformed_calldata'],
    ['a block offset of 2^32', withWord(TABLE, 2n ** 32n), 'malformed_calldata'],
    ['a block offset of 2^256 - 1', withWord(TABLE, 2n ** 256n - 1n), 'malformed_calldata'],
    ['a block offset back into the table', withWord(TABLE, 32), 'malformed_calldata'],
    ['a block offset to itself', withWord(TABLE, 0), 'malformed_calldata'],
    ['a block of 2^32 bytes', withWord(TABLE + 96, 2n ** 32n), 'malformed_calldata'],
    ['a block of 2^256 - 1 bytes', withWord(TABLE + 96, 2n ** 256n - 1n), 'malformed_calldata'],
    ['two offsets to one block', withWord(TABLE + 32, 96), 'malformed_calldata'],
    ['a block inside another', withWord(TABLE + 32, 96 + 64), 'malformed_calldata'],
  ])('%s', (_, calldata, reason) => {
    expect(reasonOf(calldata)).toBe(reason);
  });

  test('calldata cut off at any word, for every shape', () => {
    for (const shape of BASED) {
      const calldata = encodeCommitBatch(COMMIT, shape);
      const lastBlockEnd = calldata.length - 32;
      for (let size = 4; size <= lastBlockEnd; size += 32) {
        expect(reasonOf(calldata.subarray(0, size))).toBe('malformed_calldata');
      }
    }
  });

  test('two aliased blocks even when all others leave room for them', () => {
    const roomy = concatBytes(withWord(TABLE + 32, 96), new Uint8Array(100_000));
    expect(detailOf(roomy)).toBe('two blocks share bytes of the calldata');
  });

  test('a block whose length word is the end of another block', () => {
    const pair = encodeCommitBatch({ ...COMMIT, rlpBlocks: [new Uint8Array(64), new Uint8Array(0)] });
    expect(reasonOf(pair)).toBe('accepted');
    expect(detailOf(withWord(TABLE + 32, 64 + 64, pair))).toBe('two blocks share bytes of the calldata');
  });

  test('more blocks or bytes than the limits allow', () => {
    expect(reasonOf(CALLDATA, { ...DEFAULT_LIMITS, maxBlocksPerBatch: 2 })).toBe('too_many_blocks');
    expect(reasonOf(CALLDATA, { ...DEFAULT_LIMITS, maxCalldataBytes: CALLDATA.length - 1 })).toBe(
      'calldata_too_large',
    );
  });

  test('2,000 pointers to one element of 64 kB are refused at the second of them', () => {
    const pointers = 2_000;
    const table = new Uint8Array(32 * pointers);
    for (let index = 0; index < pointers; index++) table.set(bigIntToWord(BigInt(32 * pointers)), 32 * index);
    const element = concatBytes(bigIntToWord(65_536n), new Uint8Array(65_536));
    const bomb = concatBytes(CALLDATA.subarray(0, COUNT), bigIntToWord(BigInt(pointers)), table, element);
    // The sentence names where it stopped: of 131 MB claimed, no more than two elements were looked at.
    expect(detailOf(bomb)).toBe('blocks 1 to 2 claim more bytes than the calldata has');
  });
});

test('the words of a commit are read even when its blocks cannot be', () => {
  const broken = withWord(COUNT, 2n ** 256n - 1n);
  const words = decodeCommitWords(broken);
  expect(words).toMatchObject({ ok: true, value: { lastBlockHash: COMMIT.lastBlockHash, rlpBlocks: null } });
});

test('numbers beyond 2^53 in the words are kept exactly', () => {
  const words = decodeCommitWords(withWord(4, 2n ** 200n + 1n));
  expect(words).toMatchObject({ value: { batchNumber: 2n ** 200n + 1n } });
});

/** The last block's padding with its last byte set. */
function withDirtyPadding(): Uint8Array {
  const calldata = CALLDATA.slice();
  if (COMMIT.rlpBlocks.at(-1)!.length % 32 === 0) throw new Error('the sample needs a block that is padded');
  calldata[calldata.length - 1] = 1;
  return calldata;
}

/** The same blocks, stored in reverse order. */
function swappedBlocks(): Uint8Array {
  const reversed = encodeCommitBatch({ ...COMMIT, rlpBlocks: COMMIT.rlpBlocks.toReversed() });
  const table = [0, 1, 2]
    .map((index) => reversed.slice(TABLE + 32 * index, TABLE + 32 * index + 32))
    .toReversed();
  const swapped = reversed.slice();
  swapped.set(concatBytes(...table), TABLE);
  return swapped;
}

test('hashes are lower-case hex of all 32 bytes', () => {
  expect(decoded(encodeCommitBatch({ ...COMMIT, commitHash: hashOf(0xab) })).commitHash).toBe(hashOf(0xab));
});
