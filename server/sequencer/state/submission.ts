/**
 * What to make of a transaction in flight that should raise a counter on L1 to `key` (`lastCommittedBatch`,
 * `lastVerifiedBatch`). Judged by what L1 says at one block alone: a receipt that times out, a transaction
 * that a pool forgot and a batch that a reorg dropped all come down to the counter and the account's nonce.
 */
import { msLeft } from '../../lib/wait.ts';
import type { Hash } from '../../protocol/refs.ts';
import type { Fees } from '../ports.ts';

export interface Attempt {
  /** The value the counter must have for the transaction to succeed, and the one it has afterwards. */
  readonly from: number;
  readonly key: number;
  /** What the transaction's content builds on: the last block of batch `from`. Null where it builds on nothing. */
  readonly base: Hash | null;
  readonly nonce: number;
  readonly fees: Fees;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
}

/** Both read at the same L1 block. */
export interface Observation {
  readonly counter: number;
  readonly base: Hash | null;
  readonly minedNonce: number;
}

export type Judgement =
  /** The counter is there: by this transaction or by someone else's. */
  | 'reached'
  /** A reorg took what the transaction builds on, or an earlier nonce that it has to wait for: it must not land. */
  | 'stale'
  /** The nonce is mined and the counter did not move: it reverted, or another transaction took the nonce. */
  | 'lost'
  /** Too long without an answer: send it again with the same nonce, so that at most one of them lands. */
  | 'overdue'
  | 'pending';

export function judge(attempt: Attempt, seen: Observation, now: number, resubmitAfterMs: number): Judgement {
  if (seen.counter >= attempt.key) return 'reached';
  if (seen.minedNonce > attempt.nonce) return 'lost';
  if (seen.counter !== attempt.from || seen.base !== attempt.base) return 'stale';
  if (seen.minedNonce < attempt.nonce) return 'stale';
  return msLeft(attempt.sentAt + resubmitAfterMs, resubmitAfterMs, now) === 0 ? 'overdue' : 'pending';
}

/** Pools take a replacement at +10 %, and at +100 % of each fee when it carries blobs (EIP-4844 pools). */
const REPLACE_PERCENT = 120n;
const REPLACE_BLOB_PERCENT = 200n;

/** The least fees that replace a transaction sent with `previous`. */
export function replacementFees(previous: Fees): Fees {
  const percent = previous.maxFeePerBlobGas === null ? REPLACE_PERCENT : REPLACE_BLOB_PERCENT;
  return mapFees(previous, previous, (fee) => (fee * percent) / 100n + 1n);
}

/** The higher of two, fee by fee. */
export const higherFees = (a: Fees, b: Fees): Fees => mapFees(a, b, higher);

// Math.max knows no bigint.
const higher = (a: bigint, b: bigint): bigint => {
  if (a > b) return a;
  return b;
};

function mapFees(a: Fees, b: Fees, pick: (a: bigint, b: bigint) => bigint): Fees {
  return {
    maxFeePerGas: pick(a.maxFeePerGas, b.maxFeePerGas),
    maxPriorityFeePerGas: pick(a.maxPriorityFeePerGas, b.maxPriorityFeePerGas),
    maxFeePerBlobGas:
      a.maxFeePerBlobGas === null ? b.maxFeePerBlobGas : pick(a.maxFeePerBlobGas, b.maxFeePerBlobGas ?? 0n),
  };
}

/** What one account is willing to pay per gas, and per blob gas, in wei. */
export interface FeeCap {
  readonly maxFeePerGas: bigint;
  readonly maxFeePerBlobGas: bigint;
}

export const withinCap = (fees: Fees, cap: FeeCap): boolean =>
  fees.maxFeePerGas <= cap.maxFeePerGas && (fees.maxFeePerBlobGas ?? 0n) <= cap.maxFeePerBlobGas;
