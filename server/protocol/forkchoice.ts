import type { Withdrawal } from './block.ts';
import type { Hash, Hex } from './refs.ts';

/** execution-apis `ForkchoiceStateV1`. A zero hash means "no such block yet". */
export interface ForkchoiceState {
  readonly headBlockHash: Hash;
  readonly safeBlockHash: Hash;
  readonly finalizedBlockHash: Hash;
}

/** execution-apis `PayloadStatusV1`, one variant a status, so that no field is optional soup. */
export type PayloadStatus =
  | { readonly status: 'VALID'; readonly latestValidHash: Hash | null }
  | {
      readonly status: 'INVALID';
      readonly latestValidHash: Hash | null;
      readonly validationError: string | null;
    }
  | { readonly status: 'SYNCING' }
  | { readonly status: 'ACCEPTED' };

/** execution-apis `PayloadAttributesV3`, with the two fields that a rollup adds to force a transaction list. */
export interface PayloadAttributes {
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly prevRandao: Hash;
  readonly suggestedFeeRecipient: Hex;
  readonly withdrawals: readonly Withdrawal[];
  readonly parentBeaconBlockRoot: Hash;
  /** Canonical encodings placed before anything from the pool (deposits). Only some engines know it. */
  readonly transactions?: readonly Hex[];
  /** Build from `transactions` alone. */
  readonly noTxPool?: boolean;
  readonly gasLimit?: bigint;
}
