import type { PrivateKeyAccount } from 'viem/accounts';
import { privateKeyToAccount } from 'viem/accounts';
import { toHex } from '../protocol/bytes.ts';
import type { Address, Hex } from '../protocol/refs.ts';
import type { TransactionSigner, UnsignedTransaction } from './ports.ts';

/** viem's `Kzg`: what makes the commitments and proofs of a type-3 transaction. */
export interface BlobCommitter {
  blobToKzgCommitment(blob: Uint8Array): Uint8Array;
  computeBlobKzgProof(blob: Uint8Array, commitment: Uint8Array): Uint8Array;
}

/** Signs with a key in memory: for devnets and tests, whose keys are public. */
export class LocalSigner implements TransactionSigner {
  readonly #account: PrivateKeyAccount;
  readonly #kzg: (() => Promise<BlobCommitter>) | null;

  /** `kzg` is asked for with the first blob, because its setup takes a second to load; null refuses blobs. */
  constructor(opts: { privateKey: Hex }, deps: { kzg: (() => Promise<BlobCommitter>) | null }) {
    this.#account = privateKeyToAccount(opts.privateKey);
    this.#kzg = deps.kzg;
  }

  get address(): Address {
    return this.#account.address.toLowerCase() as Address;
  }

  async sign(transaction: UnsignedTransaction): Promise<Hex> {
    const { fees, blobs, ...rest } = transaction;
    const { maxFeePerGas, maxPriorityFeePerGas } = fees;
    const common = { ...rest, maxFeePerGas, maxPriorityFeePerGas };
    if (blobs.length === 0) return this.#account.signTransaction({ ...common, type: 'eip1559' });
    if (this.#kzg === null) throw new RangeError('this signer has no KZG setup: it cannot send blobs');
    return this.#account.signTransaction({
      ...common,
      type: 'eip4844',
      maxFeePerBlobGas: fees.maxFeePerBlobGas ?? 1n,
      blobs: blobs.map(toHex),
      kzg: await this.#kzg(),
    });
  }
}
