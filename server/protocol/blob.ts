import { sha256 } from '@noble/hashes/sha2.js';
import { ok, type Result } from '../lib/result.ts';
import type { SealedBlock } from './block.ts';
import { atBlock, readBlock } from './blockCodec.ts';
import { bytesToSafeNumber, isZero, toHex } from './bytes.ts';
import { type DecodeError, refuse } from './decodeError.ts';
import { readFeeConfig } from './feeConfig.ts';
import type { Hash } from './refs.ts';
import { DEFAULT_LIMITS, type DerivationLimits } from './rollupConfig.ts';

/** EIP-4844: 4,096 field elements of 32 bytes. */
export const BLOB_BYTES = 131_072;
/** What fits a blob when each field element carries 31 bytes. */
export const BLOB_CAPACITY = (BLOB_BYTES / 32) * 31;

/** BLS12-381's scalar field modulus; a field element of a blob is canonical when it is smaller (EIP-4844). */
const FIELD_MODULUS = Uint8Array.of(
  ...[0x73, 0xed, 0xa7, 0x53, 0x29, 0x9d, 0x7d, 0x48, 0x33, 0x39, 0xd8, 0x08, 0x09, 0xa1, 0xd8, 0x05],
  ...[0x53, 0xbd, 0xa4, 0x02, 0xff, 0xfe, 0x5b, 0xfe, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01],
);

export interface BlobPayload {
  readonly blocks: readonly SealedBlock[];
  /** Encoded fee configurations, one a block: version, flags, and what the flags announce. */
  readonly feeConfigs: readonly Uint8Array[];
  /** Bytes used, without the zeros that fill the blob. */
  readonly payloadBytes: number;
  /** Accepted although no builder writes it so. */
  readonly warnings: readonly string[];
}

/**
 * The bytes that a blob carries, 31 in each field element behind a zero byte. As the reference client does, it
 * ignores that first byte; a value in it is a warning, and an element outside the field is refused.
 */
export function unpackBlob(
  blob: Uint8Array,
): Result<{ readonly payload: Uint8Array; readonly warnings: readonly string[] }, DecodeError> {
  if (blob.length !== BLOB_BYTES) return refuse('malformed_blob', `${blob.length} bytes, not ${BLOB_BYTES}`);
  const payload = new Uint8Array(BLOB_CAPACITY);
  let highBytes = 0;
  for (let element = 0; element < BLOB_BYTES / 32; element++) {
    const at = 32 * element;
    if (blob[at] !== 0) {
      if (!isFieldElement(blob, at))
        return refuse('malformed_blob', `field element ${element} is not below the modulus`);
      highBytes++;
    }
    payload.set(blob.subarray(at + 1, at + 32), 31 * element);
  }
  const warnings =
    highBytes === 0 ? [] : [`non_canonical: ${highBytes} field elements of the blob use their first byte`];
  return ok({ payload, warnings });
}

function isFieldElement(blob: Uint8Array, at: number): boolean {
  for (let index = 0; index < 32; index++) {
    const byte = blob[at + index]!;
    const bound = FIELD_MODULUS[index]!;
    if (byte !== bound) return byte < bound;
  }
  return false;
}

/** A blob that carries `payload`, zero-filled. Throws RangeError above `BLOB_CAPACITY` bytes. */
export function packBlob(payload: Uint8Array): Uint8Array {
  if (payload.length > BLOB_CAPACITY)
    throw new RangeError(`${payload.length} bytes do not fit a blob of ${BLOB_CAPACITY}`);
  const blob = new Uint8Array(BLOB_BYTES);
  for (let from = 0, at = 1; from < payload.length; from += 31, at += 32)
    blob.set(payload.subarray(from, from + 31), at);
  return blob;
}

/**
 * Decodes a batch's blob: `u64be count ‖ RLP(block) × count ‖ FeeConfig × count ‖ zeros`.
 *
 * Reasons: `malformed_blob` for the framing, `empty_batch`, `too_many_blocks`, and those of `decodeBlock`.
 */
export function decodeBlobPayload(
  blob: Uint8Array,
  limits: DerivationLimits = DEFAULT_LIMITS,
): Result<BlobPayload, DecodeError> {
  const unpacked = unpackBlob(blob);
  if (!unpacked.ok) return unpacked;
  const { payload } = unpacked.value;
  const count = bytesToSafeNumber(payload, 0, 8);
  if (count === 0) return refuse('empty_batch', 'the blob announces no blocks');
  if (count === null || count > limits.maxBlocksPerBatch) {
    return refuse(
      'too_many_blocks',
      `the blob announces ${count ?? 'over 2^53'}, at most ${limits.maxBlocksPerBatch}`,
    );
  }
  const blocks: SealedBlock[] = [];
  let at = 8;
  for (let index = 0; index < count; index++) {
    const read = readBlock(payload, at, limits);
    if (!read.ok) return atBlock(index, read.error);
    blocks.push(read.value.block);
    at = read.value.end;
  }
  const feeConfigs: Uint8Array[] = [];
  for (let index = 0; index < count; index++) {
    const feeConfig = readFeeConfig(payload, at);
    if (!feeConfig.ok) return feeConfig;
    feeConfigs.push(feeConfig.value);
    at += feeConfig.value.length;
  }
  const warnings = [...unpacked.value.warnings];
  if (!isZero(payload, at)) warnings.push(`non_canonical: bytes after the blob's payload of ${at}`);
  return ok({ blocks, feeConfigs, payloadBytes: at, warnings });
}

/** The payload of a batch's blob, from encoded blocks and their fee configurations. Pack it with `packBlob`. */
export function encodeBlobPayload(
  blocks: readonly Uint8Array[],
  feeConfigs: readonly Uint8Array[],
): Uint8Array {
  const parts = [...blocks, ...feeConfigs];
  const payload = new Uint8Array(parts.reduce((size, part) => size + part.length, 8));
  new DataView(payload.buffer).setBigUint64(0, BigInt(blocks.length));
  let at = 8;
  for (const part of parts) {
    payload.set(part, at);
    at += part.length;
  }
  return payload;
}

/** EIP-4844 `kzg_to_versioned_hash`: 0x01 and the last 31 bytes of the commitment's SHA-256. */
export function versionedHashOf(commitment: Uint8Array): Hash {
  const hash = sha256(commitment);
  hash[0] = 0x01;
  return toHex(hash);
}
