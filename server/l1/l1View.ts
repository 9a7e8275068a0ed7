import type { L1BlockId, L1BlockRef } from '../protocol/refs.ts';
import type { L1Heads } from './l1.ts';

/** How the L1 branch moved since the last look. */
export type L1Event =
  | { readonly kind: 'started' }
  | { readonly kind: 'same' }
  | { readonly kind: 'extended' }
  /** An older head on our own branch, or an answer that makes no sense: never a reorg. */
  | { readonly kind: 'stale'; readonly seen: L1BlockId }
  | {
      readonly kind: 'reorg';
      readonly commonAncestor: L1BlockId;
      readonly oldTip: L1BlockRef;
      /** Oldest first; the newest is `oldTip`. */
      readonly dropped: readonly L1BlockRef[];
      readonly depth: number;
      /** False when the branches part below all we remember: the ancestor is then only an upper bound. */
      readonly exact: boolean;
    }
  | { readonly kind: 'beyond_finalized'; readonly finalized: L1BlockId; readonly seen: L1BlockId };

/** One look at L1. */
export interface L1View {
  /** `latest` is the hash that this step is pinned to. */
  readonly heads: L1Heads;
  readonly event: L1Event;
  /** The newest blocks of our branch, oldest first, ending in `heads.latest`. */
  readonly recent: readonly L1BlockRef[];
}
