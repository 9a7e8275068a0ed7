import type { Address, Hash, L1BlockId } from '../../protocol/refs.ts';

/** Whose lease: one sequencer's key on one chain. */
export interface FenceKey {
  /** Of the L1 that the key signs for. */
  readonly chainId: number;
  readonly sequencer: Address;
}

/** One tenure of one process. Terms rise by one with every change of holder and never return. */
export interface Tenure {
  /** Unique to one life of one process. */
  readonly holder: string;
  readonly term: number;
}

export type MarkKind = 'block' | 'batch';

export interface Mark {
  readonly kind: MarkKind;
  readonly number: number;
  readonly hash: Hash;
}

export type AcquireOutcome =
  | { readonly kind: 'held'; readonly term: number }
  /** Milliseconds by the store's clock until it may be asked for again. */
  | { readonly kind: 'taken'; readonly holder: string; readonly term: number; readonly remainingMs: number };

export type ClaimOutcome =
  /** Recorded, on disk: this hash and no other. `attempt` is 1 plus how often the number was superseded. */
  | { readonly kind: 'claimed' | 'again'; readonly attempt: number }
  | { readonly kind: 'refused'; readonly hash: Hash; readonly attempt: number }
  /** The number is final: it was forgotten, and nothing may take its place. */
  | { readonly kind: 'final'; readonly floor: number }
  | { readonly kind: 'not_holder' };

/** Why a claim is void: kept for ever beside the claim that it voids. */
export interface SupersedeEvidence {
  /** L1 block at which L1 did not have the number. */
  readonly becauseL1Block: L1BlockId;
  /** Highest block or batch number that L1 has there. */
  readonly l1Has: number;
  readonly why: string;
}

export interface Superseded extends Mark {
  /** The attempt that is void now. */
  readonly attempt: number;
}

export type SupersedeOutcome =
  | { readonly kind: 'done'; readonly superseded: readonly Superseded[] }
  | { readonly kind: 'not_holder' };

/**
 * Where leases and marks live: one database that every process with the key reaches. Each method is one
 * transaction that is on disk when it answers. Time is the store's own: no process's wall clock takes part.
 * Errors: `FenceError` of code `unreachable` or `bad_store`.
 */
export interface FenceStore {
  /** Takes the lease when nobody holds it; asked by its holder, it renews. */
  acquire(key: FenceKey, holder: string, leaseMs: number, signal?: AbortSignal): Promise<AcquireOutcome>;
  /** False when another has it. A lease that ran out and that nobody took can still be renewed. */
  renew(key: FenceKey, tenure: Tenure, leaseMs: number, signal?: AbortSignal): Promise<boolean>;
  /** Lets the next one in at once. Does nothing when it is another's. */
  release(key: FenceKey, tenure: Tenure, signal?: AbortSignal): Promise<void>;
  /** Records a mark, if the tenure is the current one and has not run out. */
  claim(key: FenceKey, tenure: Tenure, mark: Mark, signal?: AbortSignal): Promise<ClaimOutcome>;
  /** Voids the claims of `kind` with numbers in [from, to]; the next claims of them are new attempts. */
  supersede(
    key: FenceKey,
    tenure: Tenure,
    range: { readonly kind: MarkKind; readonly from: number; readonly to: number },
    evidence: SupersedeEvidence,
    signal?: AbortSignal,
  ): Promise<SupersedeOutcome>;
  /** The hash that is claimed now for a number. */
  claimed(key: FenceKey, kind: MarkKind, number: number, signal?: AbortSignal): Promise<Hash | null>;
  /** Drops the marks up to a number that L1 has finalized; they cannot be claimed any more. Never lowers the floor. */
  forget(key: FenceKey, kind: MarkKind, upTo: number, signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
