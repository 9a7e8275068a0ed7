import type { Hash, L1BlockId, L1BlockRef } from '../protocol/refs.ts';
import { sameBlock, ZERO_HASH } from '../protocol/refs.ts';

/** Blocks kept when the caller names no other bound: more than a day of L1 at 12 s a block. */
export const DEFAULT_WINDOW = 8_192;

/**
 * The L1 blocks this node has seen as canonical, newest last.
 *
 * Invariant of `#refs` from `#start` on: contiguous and linked. For every neighbouring pair (p, c)
 * `c.number === p.number + 1` and `c.parentHash === p.hash`, so the block of a number sits at index
 * `#start + number − oldest.number`. The part before `#start` is dead and is cut off when it outgrows the rest.
 *
 * Look-ups are O(1), `append` amortised O(1), `rewindTo` O(blocks dropped). The caller owns the chain and is
 * the only one to change it; `reconcile` only reads.
 */
export class LocalChain {
  #refs: L1BlockRef[] = [];
  #start = 0;
  readonly capacity: number;

  constructor(capacity: number = DEFAULT_WINDOW) {
    if (!Number.isSafeInteger(capacity) || capacity < 1) {
      throw new RangeError(`the window must hold at least one block, got ${capacity}`);
    }
    this.capacity = capacity;
  }

  get size(): number {
    return this.#refs.length - this.#start;
  }
  get oldest(): L1BlockRef | null {
    return this.#refs[this.#start] ?? null;
  }
  get newest(): L1BlockRef | null {
    return this.size === 0 ? null : (this.#refs.at(-1) ?? null);
  }

  /** Our block of that number, or null outside the window. */
  at(number: number): L1BlockRef | null {
    const oldest = this.oldest;
    if (oldest === null || !Number.isSafeInteger(number) || number < oldest.number) return null;
    return this.#refs[this.#start + number - oldest.number] ?? null;
  }

  /** Whether the block is in the window: number and hash. */
  has(id: L1BlockId): boolean {
    return sameBlock(this.at(id.number), id);
  }

  /** All blocks above `number`, oldest first. */
  above(number: number): readonly L1BlockRef[] {
    const oldest = this.oldest;
    if (oldest === null) return [];
    return this.#refs.slice(this.#start + Math.max(0, number - oldest.number + 1));
  }

  /** Adds the next block; forgets the oldest beyond the capacity. Throws RangeError when it does not link. */
  append(ref: L1BlockRef): void {
    const newest = this.newest;
    if (newest !== null && !links(newest, ref)) {
      throw new RangeError(`block ${ref.number} ${ref.hash} does not follow ${newest.number} ${newest.hash}`);
    }
    this.#refs.push(ref);
    if (this.size > this.capacity) this.#start += 1;
    this.#compact();
  }

  /** Drops every block above `ancestor`, which must be in the window (else RangeError). Returns the dropped, oldest first. */
  rewindTo(ancestor: L1BlockId): readonly L1BlockRef[] {
    if (!this.has(ancestor))
      throw new RangeError(`block ${ancestor.number} ${ancestor.hash} is not in the window`);
    const dropped = this.above(ancestor.number);
    this.#refs.length -= dropped.length;
    return dropped;
  }

  /** Forgets everything and begins again at `ref`, or empty. */
  reset(ref: L1BlockRef | null = null): void {
    this.#refs = ref === null ? [] : [ref];
    this.#start = 0;
  }

  /** Carries out what `reconcile` said; answers other than `extended` and `reorg` change nothing. */
  apply(reconciled: Reconciled): void {
    if (reconciled.kind === 'reorg') this.rewindTo(reconciled.commonAncestor);
    if (reconciled.kind !== 'reorg' && reconciled.kind !== 'extended') return;
    for (const ref of reconciled.adopted) this.append(ref);
  }

  #compact(): void {
    if (this.#start <= this.capacity) return;
    this.#refs = this.#refs.slice(this.#start);
    this.#start = 0;
  }
}

/** What a newly seen head means for the chain we hold. */
export type Reconciled =
  | { readonly kind: 'extended'; readonly adopted: readonly L1BlockRef[] }
  | {
      readonly kind: 'stale';
      readonly seen: L1BlockId;
      /** `known`: on our own branch, at or below our head. `absent`: a zero hash, which names no block. */
      readonly reason: 'known' | 'absent';
    }
  /** Blocks `from` to `to` (inclusive) lie between our head and what was seen; nothing says "reorg" yet. */
  | { readonly kind: 'gap'; readonly from: number; readonly to: number }
  /** The branch leaves ours further down: fetch this block by hash, put it in front, ask again. */
  | { readonly kind: 'needParent'; readonly hash: Hash; readonly number: number }
  | {
      readonly kind: 'reorg';
      readonly commonAncestor: L1BlockId;
      /** Our blocks above the common ancestor, oldest first; never empty. */
      readonly dropped: readonly L1BlockRef[];
      /** `dropped.length`. */
      readonly depth: number;
      /** The blocks that replace them, oldest first; may be fewer than were dropped. */
      readonly adopted: readonly L1BlockRef[];
    }
  /** The branches part below what L1 called finalized: the driver halts, it never crosses. */
  | { readonly kind: 'beyondFinalized'; readonly finalized: L1BlockId; readonly seen: L1BlockId }
  /** The branches part, if they do, below our window: search by number (`searchLastMatch`). */
  | { readonly kind: 'beyondWindow'; readonly oldest: L1BlockId; readonly seen: L1BlockId };

const links = (parent: L1BlockId, child: L1BlockRef): boolean =>
  child.number === parent.number + 1 && child.parentHash === parent.hash;

/**
 * Compares a branch that L1 showed with the chain we hold. `branch` is the head seen and as many of its
 * ancestors as have been fetched, oldest first and linked; never empty. Blocks of it that we already hold are
 * left out first. Then only its lowest block is compared, so a call costs O(1) plus the blocks it returns, and
 * going down one parent at a time stays linear.
 *
 * The cases, in the order they are decided. `head` is our newest block, `low` the lowest block of the branch,
 * `seen` its highest:
 *
 *  1. `seen` has a zero hash                              → stale, absent (no answer is not evidence)
 *  2. we hold nothing                                     → extended
 *  3. `seen` is in our window (the head again, or older)  → stale, known (a lagging RPC is not a reorg)
 *  4. `low` follows `head`                                → extended
 *  5. `low` begins above `head.number + 1`                → gap
 *  6. `low` follows a block of ours below `head`:
 *       that block is at or above finalized               → reorg (shorter, equal or longer branch alike)
 *       that block is below finalized                     → beyondFinalized
 *  7. `low` is not ours at or below finalized's number    → beyondFinalized (its ancestors cannot help)
 *  8. the parent of `low` would lie below our window      → beyondWindow
 *  9. otherwise the branches part further down            → needParent
 *
 * `finalized` must be a block the caller holds to be final, or null when L1 has no such label. Throws
 * RangeError on an empty branch or one whose two lowest blocks are not linked: both are the caller's mistakes.
 */
export function reconcile(
  chain: LocalChain,
  branch: readonly L1BlockRef[],
  finalized: L1BlockId | null = null,
): Reconciled {
  const low = branch[0];
  const seen = branch.at(-1);
  if (low === undefined || seen === undefined)
    throw new RangeError('reconcile needs the block that was seen');
  if (seen.hash === ZERO_HASH) return { kind: 'stale', seen: idOf(seen), reason: 'absent' };
  const second = branch[1];
  if (second !== undefined && !links(low, second)) {
    throw new RangeError(`block ${second.number} ${second.hash} does not follow ${low.number} ${low.hash}`);
  }
  const { oldest, newest } = chain;
  if (oldest === null || newest === null) return { kind: 'extended', adopted: branch };
  if (chain.has(seen)) return { kind: 'stale', seen: idOf(seen), reason: 'known' };
  if (chain.has(low))
    return reconcile(chain, branch.slice(branch.findIndex((ref) => !chain.has(ref))), finalized);
  if (links(newest, low)) return { kind: 'extended', adopted: branch };
  if (low.number > newest.number + 1) return { kind: 'gap', from: newest.number + 1, to: low.number - 1 };
  return parted(chain, oldest, branch, finalized);
}

/** Cases 6 to 9: the branch and ours differ at `low.number`, or just above our head. */
function parted(
  chain: LocalChain,
  oldest: L1BlockRef,
  branch: readonly L1BlockRef[],
  finalized: L1BlockId | null,
): Reconciled {
  const low = branch[0] as L1BlockRef;
  const seen = idOf(branch.at(-1) as L1BlockRef);
  const below = chain.at(low.number - 1);
  if (below !== null && links(below, low)) {
    if (finalized !== null && below.number < finalized.number)
      return { kind: 'beyondFinalized', finalized, seen };
    const dropped = chain.above(below.number);
    return { kind: 'reorg', commonAncestor: idOf(below), dropped, depth: dropped.length, adopted: branch };
  }
  const ours = chain.at(low.number);
  if (finalized !== null && low.number <= finalized.number && ours !== null && ours.hash !== low.hash) {
    return { kind: 'beyondFinalized', finalized, seen };
  }
  if (low.number <= oldest.number) return { kind: 'beyondWindow', oldest: idOf(oldest), seen };
  return { kind: 'needParent', hash: low.parentHash, number: low.number - 1 };
}

const idOf = (ref: L1BlockId): L1BlockId => ({ number: ref.number, hash: ref.hash });
