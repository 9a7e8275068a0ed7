import { describe, expect, test } from 'vitest';
import { encodeBlobPayload, packBlob } from '../protocol/blob.ts';
import type { SealedBlock } from '../protocol/block.ts';
import { encodeBlock } from '../protocol/blockCodec.ts';
import { bigIntToWord, concatBytes, fromHex } from '../protocol/bytes.ts';
import { encodeCommitBatch } from '../protocol/commitBatch.ts';
import { EMPTY_FEE_CONFIG } from '../protocol/feeConfig.ts';
import { encodePrivilegedTransaction } from '../protocol/privileged.ts';
import { type Address, ZERO_HASH } from '../protocol/refs.ts';
import { encodeRlp, type RlpItem } from '../protocol/rlp.ts';
import { DEFAULT_LIMITS } from '../protocol/rollupConfig.ts';
import { decodeTransaction } from '../protocol/transaction.ts';
import {
  commitInputFor,
  hashOf,
  SAMPLE_CONFIG,
  SAMPLE_TRANSACTIONS,
  type SampleCommitOptions,
  sampleBlock,
  sampleChain,
  sampleCommit,
  sampleDeposit,
  TRANSACTION_PAYLOADS,
  typedTransaction,
} from '../testing/sampleBatch.ts';
import type { BatchOutcome, DerivationCursor } from './derivation.ts';
import { deriveBatch, deriveL1Block, genesisCursor, nextCursor } from './ethrexBased.ts';

const GENESIS = genesisCursor(SAMPLE_CONFIG);
const CHAIN = sampleChain(6, (number) => [sampleDeposit(number), SAMPLE_TRANSACTIONS[2]!]);
const FIRST = CHAIN.slice(0, 3);
const SECOND = CHAIN.slice(3);
const BLOB_HASH = hashOf(0x01);
const CONTRACT: Address = `0x${'c0'.repeat(20)}`;

const blobOf = (blocks: readonly SealedBlock[]): Uint8Array =>
  packBlob(
    encodeBlobPayload(
      blocks.map((block) => encodeBlock(block, { items: 3 })),
      blocks.map(() => EMPTY_FEE_CONFIG),
    ),
  );

const derive = (
  blocks: readonly SealedBlock[],
  options: SampleCommitOptions = {},
  blob?: Uint8Array,
): BatchOutcome => deriveBatch(SAMPLE_CONFIG, GENESIS, sampleCommit(blocks, options), blob);

const verdict = (outcome: BatchOutcome): string =>
  outcome.kind === 'invalid' ? outcome.reason : outcome.kind;

describe('a batch is derived', () => {
  test('with everything that its blocks say', () => {
    const outcome = derive(FIRST);
    expect(outcome).toMatchObject({
      kind: 'derived',
      batchNumber: 1,
      blocks: FIRST,
      firstBlock: 1,
      lastBlock: 3,
      lastBlockHash: FIRST[2]!.hash,
      stateRoot: FIRST[2]!.header.stateRoot,
      privilegedCount: 3,
      nonPrivilegedCount: 3,
      gasUsed: 63_000n,
      source: 'calldata',
      warnings: [],
    });
  });

  test.each(['0x4008fd7c', '0x0cce9190', '0x747f46dd'] as const)('from the calldata of %s', (shape) => {
    expect(derive(FIRST, { shape })).toMatchObject({ kind: 'derived', blocks: FIRST });
  });

  test('after the batch before it, and only there', () => {
    const first = derive(FIRST);
    if (first.kind !== 'derived') throw new Error(verdict(first));
    const cursor = nextCursor(first);
    expect(cursor).toEqual({
      batchNumber: 1,
      lastBlock: { number: 3, hash: FIRST[2]!.hash, timestamp: FIRST[2]!.timestamp },
    });
    const second = sampleCommit(SECOND, { claims: { batchNumber: 2n } });
    expect(verdict(deriveBatch(SAMPLE_CONFIG, cursor, second))).toBe('derived');
    expect(verdict(deriveBatch(SAMPLE_CONFIG, GENESIS, second))).toBe('batch_gap');
    expect(verdict(deriveBatch(SAMPLE_CONFIG, cursor, sampleCommit(FIRST)))).toBe('batch_gap');
  });

  test('with blocks of 4 items as with blocks of 3', () => {
    const rlpBlocks = FIRST.map((block) => encodeBlock(block, { items: 4 }));
    expect(derive(FIRST, { claims: { rlpBlocks } })).toMatchObject({ kind: 'derived', blocks: FIRST });
  });

  test('with a warning when its calldata is laid out unusually', () => {
    const input = concatBytes(encodeCommitBatch(commitInputFor(FIRST)), new Uint8Array(32));
    expect(derive(FIRST, { input })).toMatchObject({
      kind: 'derived',
      warnings: ['non_canonical: 32 trailing bytes'],
    });
  });

  test('leaving messages of other L2s out of the rolling hash', () => {
    const own = decodeTransaction(sampleDeposit(1));
    if (!own.ok || own.value.kind !== 'privileged') throw new Error('the sample deposit must decode');
    const foreign = encodePrivilegedTransaction({ ...own.value, chainId: 1n });
    const rolling = commitInputFor(sampleChain(1, () => [sampleDeposit(1)])).privilegedRollingHash;
    const blocks = sampleChain(1, () => [sampleDeposit(1), foreign]);
    expect(derive(blocks, { claims: { privilegedRollingHash: rolling } })).toMatchObject({
      kind: 'derived',
      privilegedCount: 1,
      nonPrivilegedCount: 0,
    });
  });
});

describe('the blocks come from blob 0', () => {
  const carried = { blobVersionedHashes: [BLOB_HASH, hashOf(0x02)] };
  const withoutBlocks = { ...carried, claims: { rlpBlocks: [] } };
  const nonBased = concatBytes(
    fromHex('0xc0ddc604'),
    encodeCommitBatch(commitInputFor(FIRST)).subarray(4, 4 + 7 * 32),
    ...[288n, 320n, 0n, 0n].map(bigIntToWord),
  );

  test.each<[string, SampleCommitOptions]>([
    ['the calldata has no blocks', withoutBlocks],
    ['the commit is not a based one', { ...carried, input: nonBased }],
    ['the selector is not known', { ...carried, input: fromHex('0xdeadbeef') }],
    [
      'the block array is damaged',
      { ...carried, input: encodeCommitBatch(commitInputFor(FIRST)).subarray(0, 300) },
    ],
    ['a contract made the call', { ...carried, to: CONTRACT, input: fromHex('0xdeadbeef') }],
    ['a contract was created by the transaction', { ...carried, to: null, input: fromHex('0x6080') }],
    [
      'a contract was called for another batch',
      { ...carried, to: CONTRACT, claims: { batchNumber: 9n }, event: { batchNumber: 1 } },
    ],
  ])('when %s', (_, options) => {
    expect(derive(FIRST, options)).toMatchObject({ kind: 'needsBlob', versionedHash: BLOB_HASH });
    expect(derive(FIRST, options, blobOf(FIRST))).toMatchObject({
      kind: 'derived',
      blocks: FIRST,
      source: 'blob',
    });
  });

  test('but not when the calldata has them', () => {
    expect(derive(FIRST, carried)).toMatchObject({ kind: 'derived', source: 'calldata' });
  });

  test('and are still held against the words of the calldata, even when its blocks are damaged', () => {
    const claims = { lastBlockHash: hashOf(0x44) };
    expect(
      verdict(derive(FIRST, { ...withoutBlocks, claims: { rlpBlocks: [], ...claims } }, blobOf(FIRST))),
    ).toBe('wrong_last_block_hash');
    const damaged = encodeCommitBatch(commitInputFor(FIRST, claims)).subarray(0, 300);
    expect(verdict(derive(FIRST, { ...carried, input: damaged }, blobOf(FIRST)))).toBe(
      'wrong_last_block_hash',
    );
  });

  test('and are not held against words that another contract was sent', () => {
    const input = encodeCommitBatch(commitInputFor(FIRST, { lastBlockHash: hashOf(0x44) })).subarray(0, 300);
    expect(verdict(derive(FIRST, { ...carried, to: CONTRACT, input }, blobOf(FIRST)))).toBe('derived');
  });

  test('unless the words name another batch than the event', () => {
    const input = encodeCommitBatch(commitInputFor(FIRST, { batchNumber: 2n })).subarray(0, 300);
    expect(verdict(derive(FIRST, { ...carried, input }, blobOf(FIRST)))).toBe('event_mismatch');
  });

  test('and are held against the event when nothing else is known', () => {
    const options = { ...carried, input: fromHex('0xdeadbeef') };
    expect(verdict(derive(FIRST, options, blobOf(CHAIN)))).toBe('wrong_state_root');
  });

  test('unless the blob is another one', () => {
    const commit = sampleCommit(FIRST, withoutBlocks);
    const blob = blobOf(FIRST);
    const proven = (versionedHash: `0x${string}`) =>
      verdict(deriveBatch(SAMPLE_CONFIG, GENESIS, commit, blob, { versionedHash }));
    expect(proven(BLOB_HASH)).toBe('derived');
    expect(proven(hashOf(0x02))).toBe('blob_hash_mismatch');
    expect(verdict(derive(FIRST, withoutBlocks, blobOf(SECOND)))).toBe('wrong_parent');
  });

  test('unless the blob holds no batch', () => {
    expect(verdict(derive(FIRST, withoutBlocks, new Uint8Array(131_072)))).toBe('empty_batch');
    expect(verdict(derive(FIRST, withoutBlocks, new Uint8Array(131_071)))).toBe('malformed_blob');
    expect(verdict(derive(FIRST, withoutBlocks, new Uint8Array(131_072).fill(0xff)))).toBe('malformed_blob');
  });

  test('and without any blob the reason names what is wrong', () => {
    const noBlob = (options: SampleCommitOptions) =>
      verdict(derive(FIRST, { ...options, blobVersionedHashes: [] }));
    expect(noBlob(withoutBlocks)).toBe('empty_batch');
    expect(noBlob({ input: nonBased })).toBe('unreadable_commit');
    expect(noBlob({ input: fromHex('0xdeadbeef') })).toBe('unknown_selector');
    expect(noBlob({ input: encodeCommitBatch(commitInputFor(FIRST)).subarray(0, 300) })).toBe(
      'malformed_calldata',
    );
    expect(noBlob({ to: CONTRACT, input: fromHex('0xdeadbeef') })).toBe('unreadable_commit');
    expect(noBlob({ to: CONTRACT, claims: { batchNumber: 9n }, event: { batchNumber: 1 } })).toBe(
      'unreadable_commit',
    );
  });
});

test('calldata of a forwarding contract is followed when it agrees with the event, with a warning', () => {
  expect(derive(FIRST, { to: CONTRACT })).toMatchObject({
    kind: 'derived',
    warnings: [expect.stringMatching(/^indirect_commit/)],
  });
});

/** Blocks 1 and 2, the second with other fields than it should have. */
const secondWith = (fields: Parameters<typeof sampleBlock>[0]): readonly SealedBlock[] => {
  const { parentHash, number, timestamp } = FIRST[1]!;
  return [FIRST[0]!, sampleBlock({ parentHash, number, timestamp, ...fields })];
};

/** One block whose only transaction is this one. */
const blockOf = (transaction: Uint8Array): readonly SealedBlock[] => sampleChain(1, () => [transaction]);

/** The blocks' encodings with the items of the first taken apart and changed. */
const rlpWith = (change: (block: Uint8Array) => Uint8Array): readonly Uint8Array[] =>
  FIRST.map((block) => encodeBlock(block, { items: 3 })).map((rlp, index) =>
    index === 0 ? change(rlp) : rlp,
  );

describe('a batch is invalid', () => {
  const unknownType = typedTransaction(0x7f, TRANSACTION_PAYLOADS.dynamicFee);
  const malformed = typedTransaction(0x02, TRANSACTION_PAYLOADS.privileged);
  const nestedTransaction = typedTransaction(0x01, [[[[[[]]]]]] as readonly RlpItem[]);

  test.each<[string, readonly SealedBlock[], SampleCommitOptions]>([
    ['event_mismatch', FIRST, { event: { newStateRoot: hashOf(0x66) } }],
    ['event_mismatch', FIRST, { claims: { batchNumber: 7n }, event: { batchNumber: 1 } }],
    ['event_mismatch', FIRST, { claims: { batchNumber: 2n ** 64n + 1n }, event: { batchNumber: 1 } }],
    ['empty_batch', FIRST, { claims: { rlpBlocks: [] } }],
    ['malformed_block', FIRST, { claims: { rlpBlocks: [new Uint8Array(0)] } }],
    ['malformed_block', FIRST, { claims: { rlpBlocks: rlpWith((rlp) => rlp.subarray(0, -1)) } }],
    ['non_canonical_rlp', FIRST, { claims: { rlpBlocks: [fromHex('0xf801c0')] } }],
    ['rlp_too_deep', FIRST, { claims: { rlpBlocks: [encodeRlp([[[[[[[[[]]]]]]]]])] } }],
    ['wrong_parent', FIRST.slice(1), {}],
    ['wrong_parent', secondWith({ parentHash: hashOf(0x31) }), {}],
    ['wrong_number', secondWith({ number: 3 }), {}],
    ['wrong_timestamp', secondWith({ timestamp: FIRST[0]!.timestamp }), {}],
    ['wrong_last_block_hash', FIRST, { claims: { lastBlockHash: hashOf(0x44) } }],
    [
      'wrong_state_root',
      FIRST,
      { claims: { newStateRoot: hashOf(0x45) }, event: { newStateRoot: hashOf(0x45) } },
    ],
    ['wrong_privileged_hash', FIRST, { claims: { privilegedRollingHash: ZERO_HASH } }],
    ['wrong_non_privileged_count', FIRST, { claims: { nonPrivilegedTransactions: 4n } }],
    ['wrong_non_privileged_count', FIRST, { claims: { nonPrivilegedTransactions: 2n ** 256n - 1n } }],
    ['unknown_transaction_type', blockOf(unknownType), {}],
    ['malformed_transaction', blockOf(malformed), {}],
    ['rlp_too_deep', blockOf(nestedTransaction), {}],
  ])('%s', (reason, blocks, options) => {
    const outcome = derive(blocks, options);
    expect(outcome).toMatchObject({ kind: 'invalid', reason, batchNumber: 1 });
    if (outcome.kind === 'invalid') expect(outcome.detail).toMatch(/^[^\n]{10,300}$/);
  });

  test('wrong_timestamp, when the first block is not after the cursor', () => {
    const cursor: DerivationCursor = {
      ...GENESIS,
      lastBlock: { ...GENESIS.lastBlock, timestamp: FIRST[0]!.timestamp },
    };
    expect(verdict(deriveBatch(SAMPLE_CONFIG, cursor, sampleCommit(FIRST)))).toBe('wrong_timestamp');
  });

  test('when it exceeds a limit', () => {
    const limited = (limits: Partial<typeof DEFAULT_LIMITS>) =>
      verdict(
        deriveBatch(
          { ...SAMPLE_CONFIG, limits: { ...DEFAULT_LIMITS, ...limits } },
          GENESIS,
          sampleCommit(FIRST),
        ),
      );
    expect(limited({ maxBlocksPerBatch: 2 })).toBe('too_many_blocks');
    expect(limited({ maxCalldataBytes: 1_000 })).toBe('calldata_too_large');
    expect(limited({ maxBlockBytes: 600 })).toBe('block_too_large');
    expect(limited({ maxTransactionsPerBlock: 1 })).toBe('too_many_transactions');
  });

  test('and not an exception, when it has more L1 messages than the rolling hash can count', () => {
    const tiny = TRANSACTION_PAYLOADS.privileged.map((field, index) => {
      if (index === 0) return field;
      return index === 5 || index === 9 ? new Uint8Array(20) : new Uint8Array(0);
    });
    const messages = new Array(16_384).fill(typedTransaction(0x7e, tiny.toSpliced(8, 1, [])));
    const blocks = sampleChain(4, () => messages);
    const claims = {
      ...commitInputFor([]),
      rlpBlocks: blocks.map((block) => encodeBlock(block, { items: 3 })),
    };
    const limits = { ...DEFAULT_LIMITS, maxCalldataBytes: 8 * 1024 * 1024 };
    const commit = { ...sampleCommit([], { claims }), newStateRoot: ZERO_HASH };
    expect(verdict(deriveBatch({ ...SAMPLE_CONFIG, limits }, GENESIS, commit))).toBe('wrong_privileged_hash');
  });
});

describe('all commits of one L1 block', () => {
  const first = sampleCommit(FIRST, { logIndex: 3 });
  const second = sampleCommit(SECOND, {
    logIndex: 5,
    claims: { batchNumber: 2n, rlpBlocks: [] },
    blobVersionedHashes: [BLOB_HASH],
  });
  const data = { block: first.l1Block, commits: [second, first] };
  const noBlobs = () => undefined;

  test('are derived in log order', () => {
    const { derived, stoppedBy, cursor } = deriveL1Block(SAMPLE_CONFIG, GENESIS, data, () => blobOf(SECOND));
    expect(derived.map(({ batchNumber, source }) => [batchNumber, source])).toEqual([
      [1, 'calldata'],
      [2, 'blob'],
    ]);
    expect(stoppedBy).toBeNull();
    expect(cursor).toEqual(nextCursor(derived[1]!));
  });

  test('stop where a blob is missing, and go on from there once it is at hand', () => {
    const stopped = deriveL1Block(SAMPLE_CONFIG, GENESIS, data, noBlobs);
    expect(stopped).toMatchObject({
      stoppedBy: { kind: 'needsBlob', versionedHash: BLOB_HASH },
      cursor: { batchNumber: 1 },
    });
    const asked: string[] = [];
    const resumed = deriveL1Block(SAMPLE_CONFIG, stopped.cursor, data, (hash) => {
      asked.push(hash);
      return blobOf(SECOND);
    });
    expect(resumed.derived.map(({ batchNumber }) => batchNumber)).toEqual([2]);
    expect(asked).toEqual([BLOB_HASH]);
  });

  test('stop at the first invalid one', () => {
    const broken = {
      ...data,
      commits: [sampleCommit(FIRST, { claims: { lastBlockHash: hashOf(9) } }), second],
    };
    const stopped = deriveL1Block(SAMPLE_CONFIG, GENESIS, broken, () => blobOf(SECOND));
    expect(stopped).toMatchObject({
      derived: [],
      stoppedBy: { reason: 'wrong_last_block_hash' },
      cursor: GENESIS,
    });
  });

  test('of a block without commits leave the cursor where it is', () => {
    expect(deriveL1Block(SAMPLE_CONFIG, GENESIS, { ...data, commits: [] }, noBlobs)).toEqual({
      derived: [],
      stoppedBy: null,
      cursor: GENESIS,
    });
  });
});
