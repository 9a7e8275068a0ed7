import { createBlockFromRLP } from '@ethereumjs/block';
import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { describe, expect, test } from 'vitest';
import {
  hashOf,
  SAMPLE_TRANSACTIONS,
  sampleBlock,
  sampleChain,
  sampleDeposit,
} from '../testing/sampleBatch.ts';
import type { SealedBlock, Withdrawal } from './block.ts';
import { decodeBlock, decodeBlocks, encodeBlock } from './blockCodec.ts';
import { bigIntToBytes, concatBytes, fromHex, toHex } from './bytes.ts';
import { encodeHeader } from './header.ts';
import { decodeRlp, encodeRlp, type RlpItem } from './rlp.ts';
import { DEFAULT_LIMITS } from './rollupConfig.ts';

const decoded = (rlp: Uint8Array): SealedBlock => {
  const result = decodeBlock(rlp);
  if (!result.ok) throw new Error(`${result.error.reason}: ${result.error.detail}`);
  return result.value;
};

const reasonOf = (rlp: Uint8Array, limits = DEFAULT_LIMITS): string => {
  const result = decodeBlock(rlp, limits);
  return result.ok ? 'accepted' : result.error.reason;
};

/** A block's items, for taking one apart and putting it together wrongly. */
const itemsOf = (block: SealedBlock): RlpItem[] => {
  const result = decodeRlp(encodeBlock(block, { items: 3 }));
  if (!result.ok) throw new Error(result.error.detail);
  return [...(result.value as RlpItem[])];
};

const headerItems = (block: SealedBlock): RlpItem[] => [...(itemsOf(block)[0] as RlpItem[])];

const withHeaderField = (block: SealedBlock, at: number, value: RlpItem): Uint8Array =>
  encodeRlp(itemsOf(block).toSpliced(0, 1, headerItems(block).toSpliced(at, 1, value)));

const WITHDRAWALS: readonly Withdrawal[] = [
  { index: 0n, validatorIndex: 7n, address: `0x${'aa'.repeat(20)}`, amount: 32_000_000_000n },
  { index: 2n ** 64n - 1n, validatorIndex: 0n, address: `0x${'00'.repeat(20)}`, amount: 0n },
];

describe('round trip', () => {
  test('a block of 3 items, with transactions of every type', () => {
    const block = sampleBlock({}, SAMPLE_TRANSACTIONS);
    expect(decoded(encodeBlock(block, { items: 3 }))).toEqual(block);
  });

  test('a block of 4 items, with and without withdrawals', () => {
    for (const withdrawals of [[], WITHDRAWALS]) {
      const block = sampleBlock({}, SAMPLE_TRANSACTIONS, withdrawals);
      expect(decoded(encodeBlock(block, { items: 4 }))).toEqual(block);
    }
  });

  test('headers of every hardfork', () => {
    const prague = {};
    const cancun = { requestsHash: null };
    const shanghai = { ...cancun, blobGasUsed: null, excessBlobGas: null, parentBeaconBlockRoot: null };
    for (const fields of [prague, cancun, shanghai]) {
      const block = sampleBlock(fields);
      expect(decoded(encodeBlock(block, { items: 4 }))).toEqual(block);
    }
    for (const fields of [shanghai, { ...shanghai, baseFeePerGas: null }]) {
      const block = sampleBlock(fields, [], null);
      expect(decoded(encodeBlock(block, { items: 3 }))).toEqual(block);
    }
  });

  test('@ethereumjs/block finds the same hash and state root in the same bytes', () => {
    const block = sampleBlock({ requestsHash: null }, SAMPLE_TRANSACTIONS.slice(0, 3), WITHDRAWALS);
    const common = new Common({ chain: Mainnet, hardfork: Hardfork.Cancun });
    const header = { common, setHardfork: false, skipConsensusFormatValidation: true } as const;
    const theirs = createBlockFromRLP(
      encodeBlock(sampleBlock({ requestsHash: null }, [], WITHDRAWALS), { items: 4 }),
      header,
    );
    expect(toHex(theirs.hash())).toBe(sampleBlock({ requestsHash: null }, [], WITHDRAWALS).hash);
    expect(toHex(theirs.header.stateRoot)).toBe(block.header.stateRoot);
  });

  test('blocks that follow one another without an outer list', () => {
    const chain = sampleChain(5, (number) => [sampleDeposit(number)]);
    const bytes = concatBytes(...chain.map((block) => encodeBlock(block, { items: 3 })));
    expect(decodeBlocks(bytes)).toEqual({ ok: true, value: chain });
    expect(decodeBlocks(bytes, { ...DEFAULT_LIMITS, maxBlocksPerBatch: 4 })).toMatchObject({
      error: { reason: 'too_many_blocks' },
    });
    expect(decodeBlocks(bytes.subarray(0, -1))).toMatchObject({
      error: { reason: 'malformed_block', detail: expect.stringContaining('block 5') },
    });
  });

  test('a header cannot have a field after an absent one', () => {
    const { header } = sampleBlock();
    expect(() => encodeHeader({ ...header, blobGasUsed: null })).toThrow(RangeError);
  });

  test('3 items have no room for withdrawals, 4 need a list of them', () => {
    expect(() => encodeBlock(sampleBlock({}, [], WITHDRAWALS), { items: 3 })).toThrow(RangeError);
    expect(() => encodeBlock({ ...sampleBlock(), withdrawals: null }, { items: 4 })).toThrow(RangeError);
  });
});

describe('what is refused', () => {
  const block = sampleBlock({}, SAMPLE_TRANSACTIONS);
  const rlp = encodeBlock(block, { items: 3 });

  test('every truncation, and bytes after the block', () => {
    for (let size = 0; size < rlp.length; size += 7)
      expect(reasonOf(rlp.subarray(0, size))).toBe('malformed_block');
    expect(reasonOf(concatBytes(rlp, Uint8Array.of(0x80)))).toBe('malformed_block');
  });

  test.each([
    ['a string instead of a block', Uint8Array.of(0x80), 'malformed_block'],
    ['an empty list', Uint8Array.of(0xc0), 'malformed_block'],
    ['two items', encodeRlp(itemsOf(block).slice(0, 2)), 'malformed_block'],
    ['five items', encodeRlp([...itemsOf(block), [], []]), 'malformed_block'],
    [
      'a header of 18 fields',
      encodeRlp(itemsOf(block).toSpliced(0, 1, headerItems(block).slice(0, 18))),
      'malformed_block',
    ],
    [
      'a header of 23 fields',
      encodeRlp(itemsOf(block).toSpliced(0, 1, [...headerItems(block), [], []])),
      'malformed_block',
    ],
    ['a parent hash of 31 bytes', withHeaderField(block, 0, new Uint8Array(31)), 'malformed_block'],
    ['another ommers hash', withHeaderField(block, 1, fromHex(hashOf(1))), 'malformed_block'],
    ['a bloom of 255 bytes', withHeaderField(block, 6, new Uint8Array(255)), 'malformed_block'],
    ['a number above 2^53', withHeaderField(block, 8, bigIntToBytes(2n ** 53n)), 'number_out_of_range'],
    ['a number above uint64', withHeaderField(block, 8, bigIntToBytes(2n ** 64n)), 'malformed_block'],
    ['a number with a leading zero', withHeaderField(block, 8, Uint8Array.of(0, 1)), 'non_canonical_rlp'],
    ['a gas limit above uint64', withHeaderField(block, 9, bigIntToBytes(2n ** 64n)), 'malformed_block'],
    ['a time above 2^53', withHeaderField(block, 11, bigIntToBytes(2n ** 64n - 1n)), 'number_out_of_range'],
    ['extra data of 33 bytes', withHeaderField(block, 12, new Uint8Array(33)), 'malformed_block'],
    ['a header field that is a list', withHeaderField(block, 3, []), 'malformed_block'],
    ['an ommer', encodeRlp(itemsOf(block).toSpliced(2, 1, [headerItems(block)])), 'malformed_block'],
    [
      'other transactions than the header says',
      encodeRlp(itemsOf(block).toSpliced(1, 1, [])),
      'wrong_transactions_root',
    ],
    [
      'an empty transaction',
      encodeRlp(itemsOf(block).toSpliced(1, 1, [new Uint8Array(0)])),
      'malformed_transaction',
    ],
    [
      'a legacy transaction inside a string',
      encodeRlp(itemsOf(block).toSpliced(1, 1, [SAMPLE_TRANSACTIONS[0]!])),
      'malformed_transaction',
    ],
    [
      'other withdrawals than the header says',
      encodeRlp([
        ...itemsOf(block),
        [[Uint8Array.of(1), Uint8Array.of(1), new Uint8Array(20), Uint8Array.of(1)]],
      ]),
      'wrong_withdrawals_root',
    ],
    [
      'a withdrawal of three fields',
      encodeRlp([...itemsOf(block), [[Uint8Array.of(1), Uint8Array.of(1), new Uint8Array(20)]]]),
      'malformed_block',
    ],
    [
      'a list nested nine deep',
      encodeRlp([...itemsOf(block).slice(0, 2), [[[[[[[[[]]]]]]]]]]),
      'rlp_too_deep',
    ],
  ])('%s', (_, bytes, reason) => {
    expect(reasonOf(bytes)).toBe(reason);
  });

  test('a withdrawal of five fields', () => {
    const paying = sampleBlock({}, [], WITHDRAWALS.slice(0, 1));
    const items = decodeRlp(encodeBlock(paying, { items: 4 }));
    if (!items.ok) throw new Error(items.error.detail);
    const [header, transactions, ommers, withdrawals] = items.value as RlpItem[];
    const longer = (withdrawals as RlpItem[][]).map((fields) => [...fields, new Uint8Array(0)]);
    expect(decodeBlock(encodeRlp([header!, transactions!, ommers!, longer]))).toMatchObject({
      error: { reason: 'malformed_block', detail: expect.stringContaining('1 items too many') },
    });
  });

  test('withdrawals that the header leaves out, and a root without its list', () => {
    const london = sampleBlock(
      { requestsHash: null, blobGasUsed: null, excessBlobGas: null, parentBeaconBlockRoot: null },
      [],
      null,
    );
    expect(reasonOf(encodeRlp([...itemsOf(london), []]))).toBe('malformed_block');
    const paying = itemsOf(sampleBlock()).toSpliced(
      0,
      1,
      headerItems(sampleBlock()).toSpliced(16, 1, fromHex(hashOf(5))),
    );
    expect(reasonOf(encodeRlp(paying))).toBe('wrong_withdrawals_root');
  });

  test('more than the limits allow', () => {
    expect(reasonOf(rlp, { ...DEFAULT_LIMITS, maxBlockBytes: rlp.length })).toBe('accepted');
    expect(reasonOf(rlp, { ...DEFAULT_LIMITS, maxBlockBytes: rlp.length - 1 })).toBe('block_too_large');
    expect(reasonOf(rlp, { ...DEFAULT_LIMITS, maxTransactionsPerBlock: 6 })).toBe('too_many_transactions');
    expect(reasonOf(rlp, { ...DEFAULT_LIMITS, maxRlpDepth: 3 })).toBe('accepted');
    expect(reasonOf(rlp, { ...DEFAULT_LIMITS, maxRlpDepth: 2 })).toBe('rlp_too_deep');
  });
});

test('transactions are views of the input', () => {
  const rlp = encodeBlock(sampleBlock({}, SAMPLE_TRANSACTIONS), { items: 3 });
  expect(decoded(rlp).transactions.every((transaction) => transaction.buffer === rlp.buffer)).toBe(true);
});
