import {
  commitmentToVersionedHash,
  keccak256,
  parseSignature,
  recoverAddress,
  serializeTransaction,
  type TransactionSerializable,
} from 'viem';
import { publicKeyToAddress } from 'viem/accounts';
import { z } from 'zod';
import { isDeadline, withDeadline } from '../../lib/abort.ts';
import { boundedText } from '../../lib/bounded.ts';
import { toHex } from '../../protocol/bytes.ts';
import type { Address, Hex } from '../../protocol/refs.ts';
import { redactText } from '../../telemetry/redact.ts';
import type { SecretUrl } from '../../telemetry/secretUrl.ts';
import type { BlobCommitter } from '../localSigner.ts';
import type { TransactionSigner, UnsignedTransaction } from '../ports.ts';
import { KeyError } from './keyError.ts';

export interface Web3SignerOptions {
  /** Where the signer's API begins; `/api/v1/eth1/…` is added to its path. */
  readonly url: SecretUrl;
  /** The account to sign for. */
  readonly address: Address;
  /** For one answer. Default 10,000 ms: signers in hardware take seconds. */
  readonly timeoutMs?: number;
}

export interface Web3SignerDeps {
  /** As `LocalSigner`: null refuses blobs. */
  readonly kzg: (() => Promise<BlobCommitter>) | null;
}

/** 0x, 64 bytes of X and Y (some signers write the leading 04). */
const PublicKeys = z.array(z.string().regex(/^(0x)?(04)?[0-9a-fA-F]{128}$/)).max(10_000);
/** r, s and v, each in hex. Web3signer answers text; others wrap it in a JSON string. */
const SIGNATURE = /^"?(0x[0-9a-fA-F]{130})"?$/;
const MAX_ANSWER_BYTES = 2 * 1024 * 1024;
/** Half of secp256k1's order: a transaction's `s` is no higher (EIP-2). */
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

/**
 * Signs through web3signer's HTTP API (`GET /api/v1/eth1/publicKeys`, `POST /api/v1/eth1/sign/{identifier}`), which
 * signs the Keccak-256 of the data it is given. That endpoint and not `eth_signTransaction`, because it does not
 * look into transactions: types 2 and 3 are signed alike. The key's identifier is found by the address. Whatever
 * comes back is believed only when it recovers to that address.
 *
 * Errors of opening and of signing: `KeyError` of code `no_answer`, `refused`, `bad_answer`, `wrong_address`.
 */
export async function openWeb3Signer(
  opts: Web3SignerOptions,
  deps: Web3SignerDeps,
): Promise<TransactionSigner> {
  const api = new Api(opts.url, opts.timeoutMs ?? 10_000);
  const identifier = await findKey(api, opts.address);
  return {
    address: opts.address,
    async sign(transaction) {
      const whole = await serializable(transaction, deps.kzg);
      const unsigned = serializeTransaction(withoutSidecars(whole));
      const answer = await api.ask('POST', `sign/${identifier}`, { data: unsigned });
      return serializeTransaction(whole, await checked(answer, unsigned, opts.address, api));
    },
  };
}

async function findKey(api: Api, address: Address): Promise<string> {
  const keys = PublicKeys.safeParse(jsonOf(await api.ask('GET', 'publicKeys')));
  if (!keys.success) throw new KeyError('bad_answer', `${api.name} gives no list of public keys`);
  const found = keys.data.find((key) => addressOf(key) === address);
  if (found !== undefined) return found;
  throw new KeyError(
    'wrong_address',
    `${api.name} has no key for ${address}; it has ${keys.data.length} other${keys.data.length === 1 ? '' : 's'}`,
  );
}

const addressOf = (key: string): Address =>
  publicKeyToAddress(`0x04${key.slice(-128)}`).toLowerCase() as Address;

async function checked(answer: string, unsigned: Hex, expected: Address, api: Api) {
  const text = SIGNATURE.exec(answer.trim())?.[1] as Hex | undefined;
  const signature = text === undefined ? null : parsed(text);
  if (signature === null || BigInt(signature.s) > HALF_ORDER) {
    throw new KeyError('bad_answer', `${api.name} answers with something that is no signature`);
  }
  const by = await recoverAddress({ hash: keccak256(unsigned), signature }).catch(() => null);
  if (by?.toLowerCase() === expected) return signature;
  const whose = by === null ? 'belongs to no key' : `is by ${by.toLowerCase()}`;
  throw new KeyError('bad_answer', `${api.name} gave a signature that ${whose}, not by ${expected}`);
}

function parsed(text: Hex): ReturnType<typeof parseSignature> | null {
  try {
    return parseSignature(text);
  } catch {
    return null;
  }
}

/** Commitments and proofs are made once: serializing twice with viem's own would make them twice, at a second each. */
async function serializable(
  transaction: UnsignedTransaction,
  loadKzg: Web3SignerDeps['kzg'],
): Promise<TransactionSerializable> {
  const { fees, blobs, ...rest } = transaction;
  const { maxFeePerGas, maxPriorityFeePerGas } = fees;
  const common = { ...rest, maxFeePerGas, maxPriorityFeePerGas };
  if (blobs.length === 0) return { ...common, type: 'eip1559' };
  if (loadKzg === null) throw new RangeError('this signer has no KZG setup: it cannot send blobs');
  const kzg = await loadKzg();
  const sidecars = blobs.map((blob) => {
    const commitment = kzg.blobToKzgCommitment(blob);
    const proof = kzg.computeBlobKzgProof(blob, commitment);
    return { blob: toHex(blob), commitment: toHex(commitment), proof: toHex(proof) };
  });
  return {
    ...common,
    type: 'eip4844',
    maxFeePerBlobGas: fees.maxFeePerBlobGas ?? 1n,
    blobVersionedHashes: sidecars.map(({ commitment }) => commitmentToVersionedHash({ commitment })),
    sidecars,
  };
}

/** What is signed is the transaction without its network wrapper (EIP-4844, "Networking"). */
const withoutSidecars = (transaction: TransactionSerializable): TransactionSerializable =>
  transaction.type === 'eip4844' ? { ...transaction, sidecars: false } : transaction;

class Api {
  /** For messages: the host, never the path, which may carry a token. */
  readonly name: string;
  readonly #url: SecretUrl;
  readonly #timeoutMs: number;

  constructor(url: SecretUrl, timeoutMs: number) {
    this.#url = url;
    this.#timeoutMs = timeoutMs;
    this.name = `the remote signer at ${url.host}`;
  }

  /** The body of a successful answer. Errors: `no_answer`, `refused`, `bad_answer`. */
  async ask(method: 'GET' | 'POST', path: string, body?: object): Promise<string> {
    const { status, text } = await this.#exchange(method, path, body);
    if (status === 200) return text;
    if (status === 404)
      throw new KeyError('refused', `${this.name} does not know this key or path (status 404)`);
    throw new KeyError(
      'refused',
      `${this.name} refuses with status ${status}: ${redactText(text, 120) || 'no reason'}`,
    );
  }

  async #exchange(method: string, path: string, body?: object): Promise<{ status: number; text: string }> {
    const url = new URL(this.#url.reveal());
    url.pathname = `${url.pathname.replace(/\/$/, '')}/api/v1/eth1/${path}`;
    // fetch takes no credentials in a URL.
    const { username, password } = url;
    [url.username, url.password] = ['', ''];
    const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    const headers = {
      'content-type': 'application/json',
      ...(username === '' ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` }),
    };
    try {
      return await withDeadline({ ms: this.#timeoutMs, what: this.name }, async (signal) => {
        const sent = body === undefined ? {} : { body: JSON.stringify(body) };
        const response = await fetch(url, { method, headers, ...sent, redirect: 'error', signal });
        return { status: response.status, text: await bounded(response) };
      });
    } catch (error) {
      if (error instanceof RangeError) throw new KeyError('bad_answer', `${this.name} answers with too much`);
      const why = isDeadline(error) ? `nothing for ${this.#timeoutMs} ms` : causeOf(error);
      throw new KeyError(
        'no_answer',
        `${this.name} does not answer (${why}): check that it runs and is reachable`,
      );
    }
  }
}

/** Throws RangeError beyond the bound. */
async function bounded(response: Response): Promise<string> {
  const text = await boundedText(response, MAX_ANSWER_BYTES);
  if (text === null) throw new RangeError('too much');
  return text;
}

/** The system's code alone: fetch's message and cause name the URL. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : null;
  const code = cause instanceof Error && 'code' in cause ? cause.code : null;
  return typeof code === 'string' ? code : 'the connection failed';
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
