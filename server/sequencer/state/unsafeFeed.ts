import { assertNever } from '../../lib/assertNever.ts';
import type { SealedBlock } from '../../protocol/block.ts';
import type { Address, Hash, L2BlockId, L2BlockRef } from '../../protocol/refs.ts';

/**
 * The decisions of the unsafe feed. A peer's word is all that an unsafe block has: no signature of the leader is in
 * it. So the feed takes only what links to the safe head, never replaces what it holds by an equal word, and stops
 * when two such words disagree, until L1 has decided.
 */

/** Bounds on what may be held ahead of L1. */
export interface FeedLimits {
  /** Blocks above the safe head. */
  readonly maxAheadBlocks: number;
  /** Bytes of RLP above the safe head, as far as the feed brought them. */
  readonly maxAheadBytes: number;
  /** Blocks taken from a peer at once. */
  readonly maxOfferBlocks: number;
}

/** An unsafe block that the engine holds as canonical. */
export interface HeldBlock extends L2BlockRef {
  /** The peer it came from; null for one that the engine held before this process. */
  readonly from: string | null;
  /** Of its RLP; 0 where not known. */
  readonly bytes: number;
}

/** The engine's canonical branch from the safe head up. */
export interface FeedView {
  readonly safe: L2BlockRef;
  /** Above the safe head without a gap, oldest first. Null when they are too many to look at. */
  readonly unsafe: readonly HeldBlock[] | null;
}

/** The newest block that the leader's own peer showed and we hold: it and its ancestors have the leader's word. */
export interface Vouch {
  readonly block: L2BlockId;
  readonly leader: Address;
}

/** Who leads, and for what we have his word. */
export interface Authority {
  readonly leader: Address | null;
  readonly vouch: Vouch | null;
}

export const headOf = (view: FeedView): L2BlockRef => view.unsafe?.at(-1) ?? view.safe;

/** The block of that number from the safe head up; undefined below, above, and in a branch too long to look at. */
export function heldAt(view: FeedView, number: number): L2BlockRef | undefined {
  if (number === view.safe.number) return view.safe;
  return number < view.safe.number ? undefined : view.unsafe?.[number - view.safe.number - 1];
}

export type FetchPlan =
  | { readonly kind: 'nothing'; readonly why: 'level' | 'behind' | 'limit' }
  /** The peer's branch leaves ours at or below the safe head: L1 has decided otherwise. */
  | { readonly kind: 'other_branch' }
  /** Take blocks [from, to], which should continue our head. */
  | { readonly kind: 'extend'; readonly from: number; readonly to: number }
  /** The branches part above `low`, the safe head, and not above `high`. */
  | { readonly kind: 'find_fork'; readonly low: number; readonly high: number };

/** What to ask a peer for, given the head it shows. */
export function planFetch(view: FeedView, claim: L2BlockRef, limits: FeedLimits): FetchPlan {
  const { safe, unsafe } = view;
  if (claim.number < safe.number) return { kind: 'nothing', why: 'behind' };
  if (claim.number === safe.number && claim.hash !== safe.hash) return { kind: 'other_branch' };
  if (unsafe === null) return { kind: 'nothing', why: 'limit' };
  const head = headOf(view);
  if (claim.number <= head.number) {
    const same = heldAt(view, claim.number)?.hash === claim.hash;
    if (same) return { kind: 'nothing', why: claim.number === head.number ? 'level' : 'behind' };
    return { kind: 'find_fork', low: safe.number, high: claim.number - 1 };
  }
  const top = Math.min(claim.number, safe.number + limits.maxAheadBlocks);
  if (top <= head.number || bytesAhead(unsafe) >= limits.maxAheadBytes)
    return { kind: 'nothing', why: 'limit' };
  if (claim.number === head.number + 1 && claim.parentHash !== head.hash) return planFork(view);
  return { kind: 'extend', from: head.number + 1, to: Math.min(top, head.number + limits.maxOfferBlocks) };
}

/** What to ask for when a peer's next block does not continue our head. */
export function planFork(view: FeedView): FetchPlan {
  const head = headOf(view);
  if (head.number === view.safe.number) return { kind: 'other_branch' };
  return { kind: 'find_fork', low: view.safe.number, high: head.number - 1 };
}

const bytesAhead = (unsafe: readonly HeldBlock[]): number =>
  unsafe.reduce((sum, block) => sum + block.bytes, 0);

/** A block that is the peer's alone, and the one we hold in its place. */
export interface Disagreement {
  readonly height: number;
  readonly ours: Hash;
  /** The peer that gave us ours; null when the engine held it before this process. */
  readonly oursFrom: string | null;
  readonly theirs: Hash;
}

export type Verdict =
  /** Nothing new, or made for a branch that we no longer have. */
  | { readonly kind: 'stale' }
  /** Not a chain: the peer changed its branch between two answers, or makes blocks up. */
  | { readonly kind: 'inconsistent'; readonly detail: string }
  | { readonly kind: 'other_branch' }
  | { readonly kind: 'extend'; readonly blocks: readonly SealedBlock[] }
  /** The leader's own word against a lesser one. */
  | {
      readonly kind: 'replace';
      readonly blocks: readonly SealedBlock[];
      readonly dropped: readonly HeldBlock[];
      readonly at: Disagreement;
    }
  /** A lesser word against the leader's own. */
  | { readonly kind: 'outranked'; readonly at: Disagreement }
  | { readonly kind: 'conflict'; readonly block: SealedBlock; readonly at: Disagreement };

/** Blocks of one peer, oldest first; `leads` when the peer belongs to the present leader. */
export interface Offered {
  readonly blocks: readonly SealedBlock[];
  readonly leads: boolean;
}

/** Judges a peer's blocks against the branch we hold. Never looks below the safe head. */
export function judge(view: FeedView, offer: Offered, authority: Authority, limits: FeedLimits): Verdict {
  const fault = chainFault(offer.blocks);
  if (fault !== null) return { kind: 'inconsistent', detail: fault };
  if (view.unsafe === null) return { kind: 'stale' };
  const { safe } = view;
  const top = safe.number + limits.maxAheadBlocks;
  const news = offer.blocks.filter(
    ({ number, hash }) => number > safe.number && number <= top && heldAt(view, number)?.hash !== hash,
  );
  const first = news[0];
  const parent = first && heldAt(view, first.number - 1);
  if (first === undefined || parent === undefined) return { kind: 'stale' };
  if (first.parentHash !== parent.hash) return { kind: parent === safe ? 'other_branch' : 'stale' };
  if (first.timestamp <= parent.timestamp) return { kind: 'inconsistent', detail: timeFault(first, parent) };
  return place(view, news, offer.leads, authority);
}

function place(
  view: FeedView,
  blocks: readonly SealedBlock[],
  leads: boolean,
  authority: Authority,
): Verdict {
  const first = blocks[0]!;
  const dropped = view.unsafe!.slice(first.number - view.safe.number - 1);
  const ours = dropped[0];
  if (ours === undefined) return { kind: 'extend', blocks };
  const at = { height: first.number, ours: ours.hash, oursFrom: ours.from, theirs: first.hash };
  const vouched = isVouched(view, ours.number, authority);
  if (leads === vouched) return { kind: 'conflict', block: first, at };
  return leads ? { kind: 'replace', blocks, dropped, at } : { kind: 'outranked', at };
}

/** Whether the present leader's own peer showed us this block of ours, or a descendant of it. */
export function isVouched(view: FeedView, number: number, { leader, vouch }: Authority): boolean {
  if (leader === null || vouch === null || vouch.leader !== leader || vouch.block.number < number)
    return false;
  return heldAt(view, vouch.block.number)?.hash === vouch.block.hash;
}

function chainFault(blocks: readonly SealedBlock[]): string | null {
  for (const [index, block] of blocks.entries()) {
    const parent = blocks[index - 1];
    if (parent === undefined) continue;
    if (block.number !== parent.number + 1) return `block ${block.number} follows block ${parent.number}`;
    if (block.parentHash !== parent.hash) {
      return `block ${block.number} names parent ${block.parentHash}, not ${parent.hash}`;
    }
    if (block.timestamp <= parent.timestamp) return timeFault(block, parent);
  }
  return null;
}

const timeFault = (block: L2BlockRef, parent: L2BlockRef): string =>
  `block ${block.number} has timestamp ${block.timestamp}, its parent ${parent.timestamp}`;

/** Two peers hold different unsafe blocks at one height, and neither outranks the other. */
export interface Conflict extends Disagreement {
  readonly theirsFrom: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** `standing_by`: this node sequences, or may not write. */
export type FeedState =
  | { readonly kind: 'standing_by' }
  | { readonly kind: 'following' }
  | { readonly kind: 'conflict'; readonly conflict: Conflict };

export const INITIAL_FEED_STATE: FeedState = { kind: 'standing_by' };

export type FeedAction =
  | { readonly kind: 'looked'; readonly view: FeedView }
  | { readonly kind: 'stood_down' }
  | { readonly kind: 'conflicted'; readonly conflict: Conflict };

/** What to journal about a transition. */
export type FeedNote =
  | { readonly kind: 'halted'; readonly conflict: Conflict }
  | {
      readonly kind: 'resumed';
      readonly conflict: Conflict;
      /** `decided`: the safe head reached the height · `rewound`: ours is gone · `stood_down`: this node leads. */
      readonly why: 'decided' | 'rewound' | 'stood_down';
    };

/** The feed's state machine. A conflict is journaled once when it begins and once when it ends. */
export function reduceFeed(state: FeedState, action: FeedAction): readonly [FeedState, FeedNote | null] {
  switch (action.kind) {
    case 'conflicted':
      if (state.kind !== 'following') return [state, null];
      return [
        { kind: 'conflict', conflict: action.conflict },
        { kind: 'halted', conflict: action.conflict },
      ];
    case 'looked': {
      if (state.kind !== 'conflict') return [{ kind: 'following' }, null];
      const why = conflictEnd(state.conflict, action.view);
      if (why === null) return [state, null];
      return [{ kind: 'following' }, { kind: 'resumed', conflict: state.conflict, why }];
    }
    case 'stood_down': {
      const ended = state.kind === 'conflict' ? state.conflict : null;
      const note: FeedNote | null = ended && { kind: 'resumed', conflict: ended, why: 'stood_down' };
      return [{ kind: 'standing_by' }, note];
    }
    default:
      return assertNever(action, 'feed action');
  }
}

function conflictEnd({ height, ours }: Conflict, view: FeedView): 'decided' | 'rewound' | null {
  if (view.safe.number >= height) return 'decided';
  if (view.unsafe === null) return null;
  return heldAt(view, height)?.hash === ours ? null : 'rewound';
}
