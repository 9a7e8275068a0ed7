import { decodeErrorResult, keccak256 } from 'viem';
import { onChainProposerAbi } from '../protocol/contractsAbi.ts';
import type { Address, Hash, Hex } from '../protocol/refs.ts';
import type {
  Fees,
  GasQuote,
  JsonRpc,
  L1Account,
  L1Call,
  SubmitOutcome,
  TransactionSigner,
} from './ports.ts';

export interface L1AccountOptions {
  readonly chainId: number;
}

interface RpcFailure {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly data?: unknown;
}

/** One account on an ordinary L1 node, signing by `signer`. */
export class RpcL1Account implements L1Account {
  readonly #chainId: number;
  readonly #rpc: JsonRpc;
  readonly #signer: TransactionSigner;

  constructor(opts: L1AccountOptions, deps: { rpc: JsonRpc; signer: TransactionSigner }) {
    this.#chainId = opts.chainId;
    this.#rpc = deps.rpc;
    this.#signer = deps.signer;
  }

  get address(): Address {
    return this.#signer.address;
  }

  async minedNonce(at: { readonly hash: Hash }, signal?: AbortSignal): Promise<number> {
    const pinned = { blockHash: at.hash, requireCanonical: true };
    return Number(await this.#rpc.request('eth_getTransactionCount', [this.address, pinned], signal));
  }

  async pendingNonce(signal?: AbortSignal): Promise<number> {
    return Number(await this.#rpc.request('eth_getTransactionCount', [this.address, 'pending'], signal));
  }

  async balance(at: { readonly hash: Hash }, signal?: AbortSignal): Promise<bigint> {
    const pinned = { blockHash: at.hash, requireCanonical: true };
    return BigInt((await this.#rpc.request('eth_getBalance', [this.address, pinned], signal)) as Hex);
  }

  async quote(call: L1Call, signal?: AbortSignal): Promise<GasQuote> {
    const fees = await this.#fees(call.blobs.length > 0, signal);
    try {
      const request = {
        from: this.address,
        to: call.to,
        data: call.data,
        value: `0x${call.value.toString(16)}`,
        ...blobFields(call, fees),
      };
      return {
        kind: 'ok',
        gas: BigInt((await this.#rpc.request('eth_estimateGas', [request], signal)) as Hex),
        fees,
      };
    } catch (error) {
      const reverted = revertOf(error as RpcFailure);
      if (reverted === null) throw error;
      return { kind: 'reverts', error: reverted };
    }
  }

  async submit(
    call: L1Call,
    terms: { nonce: number; gas: bigint; fees: Fees },
    signal?: AbortSignal,
  ): Promise<SubmitOutcome> {
    const raw = await this.#signer.sign({ chainId: this.#chainId, ...terms, ...call });
    try {
      const hash = (await this.#rpc.request('eth_sendRawTransaction', [raw], signal)) as Hash;
      return { kind: 'accepted', hash };
    } catch (error) {
      const failure = error as RpcFailure;
      if (typeof failure.code !== 'number') throw error;
      return refusal(String(failure.message), raw);
    }
  }

  /** Twice the base fee covers six full blocks of rises (EIP-1559: an eighth each). */
  async #fees(blob: boolean, signal?: AbortSignal): Promise<Fees> {
    const [block, tip, blobBaseFee] = await Promise.all([
      this.#rpc.request('eth_getBlockByNumber', ['latest', false], signal),
      this.#rpc.request('eth_maxPriorityFeePerGas', [], signal),
      blob ? this.#rpc.request('eth_blobBaseFee', [], signal) : null,
    ]);
    const baseFee = BigInt((block as { readonly baseFeePerGas: Hex }).baseFeePerGas);
    const maxPriorityFeePerGas = BigInt(tip as Hex);
    return {
      maxFeePerGas: 2n * baseFee + maxPriorityFeePerGas,
      maxPriorityFeePerGas,
      maxFeePerBlobGas: blobBaseFee === null ? null : 2n * BigInt(blobBaseFee as Hex) + 1n,
    };
  }
}

/** The proposer looks at `blobhash(0)`: an estimate has to carry some versioned hash, not the blob itself. */
const blobFields = (call: L1Call, fees: Fees): object =>
  call.blobs.length === 0
    ? {}
    : {
        blobVersionedHashes: call.blobs.map((blob) => `0x01${keccak256(blob).slice(4)}`),
        maxFeePerBlobGas: `0x${(fees.maxFeePerBlobGas ?? 0n).toString(16)}`,
      };

/**
 * Pools name their refusals by text alone. A text that is not known here costs one look at L1 more and nothing
 * else: what became of a transaction is decided by the counter and the nonce, never by these words.
 */
function refusal(message: string, raw: Hex): SubmitOutcome {
  const text = message.toLowerCase();
  if (/already known|already imported|known transaction/.test(text)) {
    return { kind: 'accepted', hash: keccak256(raw) };
  }
  if (/underpriced|fee too low/.test(text)) return { kind: 'underpriced' };
  if (/nonce too low|nonce is too low/.test(text)) return { kind: 'nonce_too_low' };
  return { kind: 'refused', detail: message };
}

/** The contract's error name of a failed estimate; null when the failure is not a revert (code 3, geth and anvil). */
function revertOf(failure: RpcFailure): string | null {
  const data =
    typeof failure.data === 'string' && failure.data.startsWith('0x') ? (failure.data as Hex) : null;
  if (data === null && failure.code !== 3) return null;
  if (data === null || data === '0x') return String(failure.message);
  try {
    return decodeErrorResult({ abi: onChainProposerAbi, data }).errorName;
  } catch {
    return `unknown error ${data.slice(0, 10)}`;
  }
}
