import fc from 'fast-check';
import { commitmentToVersionedHash, toBlobs } from 'viem';
import { describe, expect, test } from 'vitest';
import { sampleChain, sampleDeposit } from '../testing/sampleBatch.ts';
import {
  BLOB_BYTES,
  BLOB_CAPACITY,
  decodeBlobPayload,
  encodeBlobPayload,
  packBlob,
  unpackBlob,
  versionedHashOf,
} from './blob.ts';
import { encodeBlock } from './blockCodec.ts';
import { toHex } from './bytes.ts';
import { EMPTY_FEE_CONFIG, readFeeConfig } from './feeConfig.ts';
import { DEFAULT_LIMITS } from './rollupConfig.ts';

const CHAIN = sampleChain(3, (number) => [sampleDeposit(number)]);
const RLP_BLOCKS = CHAIN.map((block) => encodeBlock(block, { items: 3 }));
const FULL_FEE_CONFIG = Uint8Array.from({ length: 78 }, (_, index) => (index < 2 ? [0, 7][index]! : index));
const FEE_CONFIGS = [EMPTY_FEE_CONFIG, FULL_FEE_CONFIG, EMPTY_FEE_CONFIG];
const PAYLOAD = encodeBlobPayload(RLP_BLOCKS, FEE_CONFIGS);

const reasonOf = (payload: Uint8Array, limits = DEFAULT_LIMITS): string => {
  const decoded = decodeBlobPayload(packBlob(payload), limits);
  return decoded.ok ? 'accepted' : decoded.error.reason;
};

const patched = (bytes: Uint8Array, at: number, ...values: readonly number[]): Uint8Array => {
  const copy = bytes.slice();
  copy.set(values, at);
  return copy;
};

describe('31 bytes a field element', () => {
  test('any payload comes back, followed by zeros', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.integer({ min: 0, max: BLOB_CAPACITY }),
        (start, size) => {
          const payload = new Uint8Array(Math.max(size, start.length));
          payload.set(start);
          const blob = packBlob(payload);
          expect(blob.length).toBe(BLOB_BYTES);
          const unpacked = unpackBlob(blob);
          if (!unpacked.ok) throw new Error(unpacked.error.detail);
          expect(unpacked.value.warnings).toEqual([]);
          const expected = new Uint8Array(BLOB_CAPACITY);
          expected.set(payload);
          expect(Buffer.compare(unpacked.value.payload, expected)).toBe(0);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('the bytes are where viem puts them', () => {
    const payload = Uint8Array.from({ length: 100 }, (_, index) => index + 1);
    const [theirs] = toBlobs({ data: payload, to: 'bytes' });
    // viem marks the end of the data with one byte more; the rollup's layout has no such mark.
    const marked = new Uint8Array(101).fill(0x80);
    marked.set(payload);
    expect(toHex(packBlob(marked))).toBe(toHex(theirs!));
  });

  test('a payload that is too long for a blob is not packed', () => {
    expect(packBlob(new Uint8Array(BLOB_CAPACITY)).length).toBe(BLOB_BYTES);
    expect(() => packBlob(new Uint8Array(BLOB_CAPACITY + 1))).toThrow(RangeError);
  });

  test('a field element that is not below the modulus is refused, one with a first byte is noted', () => {
    const blob = packBlob(PAYLOAD);
    const modulus = Buffer.from('73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001', 'hex');
    expect(unpackBlob(patched(blob, 0, ...modulus))).toMatchObject({ error: { reason: 'malformed_blob' } });
    expect(unpackBlob(patched(blob, 32, 0x74))).toMatchObject({ error: { reason: 'malformed_blob' } });
    expect(unpackBlob(patched(blob, 32, 0xff))).toMatchObject({ error: { reason: 'malformed_blob' } });
    const largest = patched(blob, 0, ...modulus.subarray(0, 31), 0);
    expect(unpackBlob(largest)).toMatchObject({
      value: { warnings: [expect.stringContaining('1 field elements')] },
    });
  });

  test('anything but 131,072 bytes is no blob', () => {
    for (const size of [0, 31, BLOB_BYTES - 1, BLOB_BYTES + 1]) {
      expect(unpackBlob(new Uint8Array(size))).toMatchObject({ error: { reason: 'malformed_blob' } });
    }
  });
});

describe('a batch in a blob', () => {
  test('comes back with its blocks, fee configurations and size', () => {
    expect(decodeBlobPayload(packBlob(PAYLOAD))).toEqual({
      ok: true,
      value: { blocks: CHAIN, feeConfigs: FEE_CONFIGS, payloadBytes: PAYLOAD.length, warnings: [] },
    });
  });

  test('is noted when bytes follow it', () => {
    const longer = new Uint8Array(PAYLOAD.length + 50);
    longer.set(PAYLOAD);
    longer[longer.length - 1] = 1;
    expect(decodeBlobPayload(packBlob(longer))).toMatchObject({
      value: { blocks: CHAIN, warnings: [expect.stringMatching(/^non_canonical: bytes after/)] },
    });
  });

  test.each([
    ['no blocks', new Uint8Array(8), 'empty_batch'],
    ['a zero blob', new Uint8Array(0), 'empty_batch'],
    ['a count of 2^64 - 1', patched(PAYLOAD, 0, ...new Array(8).fill(0xff)), 'too_many_blocks'],
    ['a count of 2^32', patched(PAYLOAD, 0, 0, 0, 0, 1, 0, 0, 0, 0), 'too_many_blocks'],
    ['one block more than there are', patched(PAYLOAD, 7, 4), 'malformed_block'],
    ['bytes that are no block', patched(PAYLOAD, 8, 0x80), 'malformed_block'],
    ['a fee configuration of another version', patched(PAYLOAD, PAYLOAD.length - 2, 1), 'malformed_blob'],
    ['a fee configuration with unknown flags', patched(PAYLOAD, PAYLOAD.length - 1, 8), 'malformed_blob'],
    [
      'an altered transaction',
      patched(PAYLOAD, 8 + RLP_BLOCKS[0]!.length - 30, 0x55),
      'wrong_transactions_root',
    ],
  ])('is refused: %s', (_, payload, reason) => {
    expect(reasonOf(payload)).toBe(reason);
  });

  test('is refused when it announces more blocks than the limits allow', () => {
    expect(reasonOf(PAYLOAD, { ...DEFAULT_LIMITS, maxBlocksPerBatch: 2 })).toBe('too_many_blocks');
  });
});

test('a fee configuration is as long as its flags say, and not longer than the payload', () => {
  const sizes = [2, 22, 30, 50, 30, 50, 58, 78];
  for (const [flags, size] of sizes.entries()) {
    const payload = new Uint8Array(size);
    payload[1] = flags;
    expect(readFeeConfig(payload, 0)).toEqual({ ok: true, value: payload });
    expect(readFeeConfig(payload.subarray(0, size - 1), 0)).toMatchObject({
      error: { reason: 'malformed_blob' },
    });
  }
});

test('a versioned hash is 0x01 and the rest of the SHA-256 of the commitment', () => {
  const commitment = new Uint8Array(48).fill(7);
  expect(versionedHashOf(commitment)).toBe(commitmentToVersionedHash({ commitment, to: 'hex' }));
});
