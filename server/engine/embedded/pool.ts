import type { Common } from '@ethereumjs/common';
import { getCalldataFloorGas } from '@ethereumjs/tx';
import type { Hash, Hex } from '../../protocol/refs.ts';
import { decodeTransaction, TRANSACTION_TYPE } from '../../protocol/transaction.ts';
import { type ExecutableTransaction, InvalidTransactionError, toExecutable } from './transactions.ts';

/** geth's limit of one pooled transaction. */
const MAX_TRANSACTION_BYTES = 128 * 1024;
const MAX_TRANSACTIONS = 5_000;
/** How far a nonce may be ahead of the account's. */
const MAX_NONCE_GAP = 1_000n;
/** A replacement must raise both fees by this much. */
const PRICE_BUMP_PERCENT = 10n;
/** Reasons of dropped transactions kept for whoever asks what became of theirs. */
const MAX_DROP_REASONS = 1_000;

type SignedExecutable = Extract<ExecutableTransaction, { kind: 'signed' }>;

export interface PooledTransaction {
  readonly hash: Hash;
  readonly sender: Hex;
  readonly nonce: bigint;
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
  readonly transaction: SignedExecutable;
}

/** Why the pool does not take a transaction; `message` is in the words that wallets know from geth. */
export class PoolError extends Error {
  override readonly name = 'PoolError';
  readonly code = 'transaction_refused';
}

/** What the pool must know of the head to judge a transaction. */
export interface PoolView {
  readonly chainId: bigint;
  readonly gasLimit: bigint;
  /** Rules of the next block. */
  readonly common: Common;
  account(address: Hex): Promise<{ readonly nonce: bigint; readonly balance: bigint }>;
}

/** Transactions waiting for a block, by sender and nonce. Only the process that builds blocks has use for it. */
export class TransactionPool {
  readonly #byHash = new Map<Hash, PooledTransaction>();
  readonly #bySender = new Map<Hex, Map<bigint, PooledTransaction>>();
  readonly #dropped = new Map<Hash, string>();

  get size(): number {
    return this.#byHash.size;
  }

  get(hash: Hash): PooledTransaction | null {
    return this.#byHash.get(hash) ?? null;
  }

  /** Why a transaction left the pool without being included, if that is still remembered. */
  dropReason(hash: Hash): string | null {
    return this.#dropped.get(hash) ?? null;
  }

  senders(): readonly Hex[] {
    return [...this.#bySender.keys()];
  }

  /** A sender's transactions by rising nonce. */
  of(sender: Hex): readonly PooledTransaction[] {
    const queue = [...(this.#bySender.get(sender)?.values() ?? [])];
    return queue.sort((a, b) => (a.nonce < b.nonce ? -1 : 1));
  }

  /** Takes one canonical encoding and returns its hash. Throws PoolError. Known transactions are no error. */
  async add(encoded: Uint8Array, view: PoolView): Promise<Hash> {
    const pooled = admit(encoded, view);
    if (this.#byHash.has(pooled.hash)) return pooled.hash;
    await checkAccount(pooled, view);
    const replaced = this.#bySender.get(pooled.sender)?.get(pooled.nonce);
    if (replaced !== undefined) checkReplacement(pooled, replaced);
    else if (this.size >= MAX_TRANSACTIONS) this.#evictCheaperThan(pooled);
    if (replaced !== undefined) this.drop(replaced.hash, `replaced by ${pooled.hash}`);
    this.#insert(pooled);
    return pooled.hash;
  }

  /** Forgets a transaction that a block has included. */
  remove(hash: Hash): void {
    const pooled = this.#byHash.get(hash);
    if (pooled === undefined) return;
    this.#byHash.delete(hash);
    const queue = this.#bySender.get(pooled.sender);
    queue?.delete(pooled.nonce);
    if (queue?.size === 0) this.#bySender.delete(pooled.sender);
  }

  drop(hash: Hash, reason: string): void {
    this.remove(hash);
    this.#dropped.set(hash, reason);
    if (this.#dropped.size <= MAX_DROP_REASONS) return;
    const oldest = this.#dropped.keys().next();
    if (!oldest.done) this.#dropped.delete(oldest.value);
  }

  #insert(pooled: PooledTransaction): void {
    this.#byHash.set(pooled.hash, pooled);
    const queue = this.#bySender.get(pooled.sender) ?? new Map<bigint, PooledTransaction>();
    queue.set(pooled.nonce, pooled);
    this.#bySender.set(pooled.sender, queue);
  }

  #evictCheaperThan(pooled: PooledTransaction): void {
    let cheapest: PooledTransaction | null = null;
    for (const sender of this.#bySender.keys()) {
      const last = this.of(sender).at(-1)!;
      if (cheapest === null || last.maxPriorityFeePerGas < cheapest.maxPriorityFeePerGas) cheapest = last;
    }
    if (cheapest === null || cheapest.maxPriorityFeePerGas >= pooled.maxPriorityFeePerGas) {
      throw new PoolError('txpool is full');
    }
    this.drop(cheapest.hash, 'the pool was full and others pay more');
  }
}

/** The checks that need no state. */
function admit(encoded: Uint8Array, view: PoolView): PooledTransaction {
  if (encoded.length > MAX_TRANSACTION_BYTES) {
    throw new PoolError(`oversized data: transaction size ${encoded.length}, limit ${MAX_TRANSACTION_BYTES}`);
  }
  const decoded = decodeTransaction(encoded);
  if (!decoded.ok) throw new PoolError(`rlp: ${decoded.error.detail}`);
  const { type, chainId } = decoded.value;
  if (
    decoded.value.kind === 'privileged' ||
    type === TRANSACTION_TYPE.feeToken ||
    type === TRANSACTION_TYPE.blob
  ) {
    throw new PoolError(`transaction type not supported: 0x${type.toString(16)} cannot be sent to this node`);
  }
  if (chainId === null) throw new PoolError('only replay-protected (EIP-155) transactions allowed over RPC');
  if (chainId !== view.chainId)
    throw new PoolError(`invalid chain id: ${chainId}, this chain is ${view.chainId}`);
  const transaction = toSigned(encoded, view.common);
  const { tx } = transaction;
  if (tx.gasLimit > view.gasLimit) throw new PoolError('exceeds block gas limit');
  const sender = senderOf(transaction);
  const needed = [tx.getIntrinsicGas(), getCalldataFloorGas(tx, tx.getSenderAddress())];
  const intrinsic = needed[0]! > needed[1]! ? needed[0]! : needed[1]!;
  if (tx.gasLimit < intrinsic) {
    throw new PoolError(`intrinsic gas too low: gas ${tx.gasLimit}, minimum needed ${intrinsic}`);
  }
  const { nonce, maxFeePerGas, maxPriorityFeePerGas } = decoded.value;
  return { hash: transaction.hash, sender, nonce, maxFeePerGas, maxPriorityFeePerGas, transaction };
}

function toSigned(encoded: Uint8Array, common: Common): SignedExecutable {
  try {
    const transaction = toExecutable(encoded, common);
    if (transaction.kind === 'signed') return transaction;
  } catch (error) {
    if (!(error instanceof InvalidTransactionError)) throw error;
    throw new PoolError(`invalid transaction: ${error.message}`);
  }
  throw new PoolError('transaction type not supported');
}

function senderOf(transaction: SignedExecutable): Hex {
  try {
    return transaction.tx.getSenderAddress().toString();
  } catch {
    throw new PoolError('invalid sender');
  }
}

async function checkAccount(pooled: PooledTransaction, view: PoolView): Promise<void> {
  const { nonce, balance } = await view.account(pooled.sender);
  if (pooled.nonce < nonce) {
    throw new PoolError(`nonce too low: next nonce ${nonce}, tx nonce ${pooled.nonce}`);
  }
  if (pooled.nonce > nonce + MAX_NONCE_GAP) {
    throw new PoolError(`nonce too high: next nonce ${nonce}, tx nonce ${pooled.nonce}`);
  }
  const { tx } = pooled.transaction;
  const cost = tx.gasLimit * pooled.maxFeePerGas + tx.value;
  if (balance < cost) {
    throw new PoolError(
      `insufficient funds for gas * price + value: balance ${balance}, tx cost ${cost}, overshot ${cost - balance}`,
    );
  }
}

function checkReplacement(pooled: PooledTransaction, replaced: PooledTransaction): void {
  const enough = (offered: bigint, old: bigint) => offered * 100n >= old * (100n + PRICE_BUMP_PERCENT);
  const bumps =
    enough(pooled.maxFeePerGas, replaced.maxFeePerGas) &&
    enough(pooled.maxPriorityFeePerGas, replaced.maxPriorityFeePerGas);
  if (!bumps) throw new PoolError('replacement transaction underpriced');
}
