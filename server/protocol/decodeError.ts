import { err } from '../lib/result.ts';

/** Why bytes from L1 are refused. Each is also an `InvalidReason` of derivation, which adds the chain's own rules. */
export type DecodeReason =
  | 'unknown_selector'
  | 'malformed_calldata'
  | 'calldata_too_large'
  | 'number_out_of_range'
  | 'malformed_blob'
  | 'empty_batch'
  | 'too_many_blocks'
  | 'block_too_large'
  | 'malformed_block'
  | 'non_canonical_rlp'
  | 'rlp_too_deep'
  | 'malformed_transaction'
  | 'unknown_transaction_type'
  | 'too_many_transactions'
  | 'wrong_transactions_root'
  | 'wrong_withdrawals_root';

export interface DecodeError {
  readonly reason: DecodeReason;
  /** One clause with the place and the values, for a person. Never longer than a line. */
  readonly detail: string;
}

export const refuse = (
  reason: DecodeReason,
  detail: string,
): { readonly ok: false; readonly error: DecodeError } => err({ reason, detail });
