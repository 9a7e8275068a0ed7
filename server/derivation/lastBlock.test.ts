import { expect, test } from 'vitest';
import { encodeBlobPayload, packBlob } from '../protocol/blob.ts';
import { encodeBlock } from '../protocol/blockCodec.ts';
import { fromHex } from '../protocol/bytes.ts';
import { encodeCommitBatch } from '../protocol/commitBatch.ts';
import { EMPTY_FEE_CONFIG } from '../protocol/feeConfig.ts';
import type { Address } from '../protocol/refs.ts';
import {
  commitInputFor,
  hashOf,
  SAMPLE_CONFIG,
  type SampleCommitOptions,
  sampleChain,
  sampleCommit,
} from '../testing/sampleBatch.ts';
import { deriveBatch, genesisCursor } from './ethrexBased.ts';
import { lastBlockOf } from './lastBlock.ts';

const BLOCKS = sampleChain(2);
const CONTRACT: Address = `0x${'c0'.repeat(20)}`;
const BLOB = packBlob(
  encodeBlobPayload(
    BLOCKS.map((block) => encodeBlock(block, { items: 3 })),
    BLOCKS.map(() => EMPTY_FEE_CONFIG),
  ),
);
const blobVersionedHashes = [hashOf(1)];
const garbage = fromHex('0xdeadbeef');
const damaged = encodeCommitBatch(commitInputFor(BLOCKS)).subarray(0, 300);

test.each<[string, SampleCommitOptions]>([
  ['in calldata', {}],
  ['in a blob, with words', { blobVersionedHashes, claims: { rlpBlocks: [] } }],
  ['in a blob, with a damaged block array', { blobVersionedHashes, input: damaged }],
  ['in a blob, without words', { blobVersionedHashes, input: garbage }],
  ['in calldata of another contract', { to: CONTRACT }],
  ['in the blob of another contract', { to: CONTRACT, input: garbage, blobVersionedHashes }],
])('names the block that derivation ends in: %s', (_, options) => {
  const commit = sampleCommit(BLOCKS, options);
  const outcome = deriveBatch(SAMPLE_CONFIG, genesisCursor(SAMPLE_CONFIG), commit, BLOB);
  expect(outcome).toMatchObject({ kind: 'derived', lastBlockHash: BLOCKS[1]!.hash });
  expect(lastBlockOf(SAMPLE_CONFIG, commit, BLOB)).toEqual({ kind: 'hash', hash: BLOCKS[1]!.hash });
});

test('asks for the blob only where calldata does not say it', () => {
  const withWords = sampleCommit(BLOCKS, { blobVersionedHashes, claims: { rlpBlocks: [] } });
  const without = sampleCommit(BLOCKS, { blobVersionedHashes, input: garbage });
  expect(lastBlockOf(SAMPLE_CONFIG, withWords)).toMatchObject({ kind: 'hash' });
  expect(lastBlockOf(SAMPLE_CONFIG, without)).toEqual({ kind: 'needsBlob', versionedHash: hashOf(1) });
});

test('says that nobody can know it where derivation stops too', () => {
  expect(lastBlockOf(SAMPLE_CONFIG, sampleCommit(BLOCKS, { input: garbage }))).toEqual({
    kind: 'unreadable',
  });
  const elsewhere = sampleCommit(BLOCKS, {
    to: CONTRACT,
    claims: { batchNumber: 9n },
    event: { batchNumber: 1 },
  });
  expect(lastBlockOf(SAMPLE_CONFIG, elsewhere)).toEqual({ kind: 'unreadable' });
});
