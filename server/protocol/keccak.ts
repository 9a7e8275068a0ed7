import { keccak_256 } from '@noble/hashes/sha3.js';
import { equalBytes, toHex } from './bytes.ts';
import type { Hash } from './refs.ts';

/** A function from any bytes to their 32-byte Keccak-256 digest, in memory that no later call reuses. */
export type Keccak = (bytes: Uint8Array) => Uint8Array;

/**
 * The one piece of module state in protocol/. It changes speed, never results: `installKeccak` accepts only a
 * function that agrees with this one.
 */
let implementation: Keccak = keccak_256;

/** Sizes on both sides of the sponge rate (136 bytes) and of several blocks. */
const PROBES: readonly Uint8Array[] = [0, 1, 135, 136, 600].map((size) => new Uint8Array(size).fill(0x5a));

/**
 * Uses a faster Keccak-256 from now on, in the whole process. For the composition root; a library never calls it.
 * Throws when the candidate's digests differ from the built-in one's or share memory.
 */
export function installKeccak(candidate: Keccak): void {
  const digests = PROBES.map((probe) => candidate(probe));
  PROBES.forEach((probe, index) => {
    if (!equalBytes(digests[index]!, keccak_256(probe))) {
      throw new Error(`keccak candidate is wrong on ${probe.length} bytes`);
    }
  });
  implementation = candidate;
}

export const keccak256 = (bytes: Uint8Array): Uint8Array => implementation(bytes);

export const keccak256Hex = (bytes: Uint8Array): Hash => toHex(implementation(bytes));
