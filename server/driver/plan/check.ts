import type { DerivationCursor } from '../../derivation/derivation.ts';
import { type L1BlockId, type L1BlockRef, sameBlock } from '../../protocol/refs.ts';
import type { EngineLabels, L1Event } from '../ports.ts';

/** Where derivation stands: which batch is the newest that the engine holds as safe, and which L1 block is next. */
export interface Position {
  readonly cursor: DerivationCursor;
  /** L1 origin of the safe head: the block of its batch's commit. Null at genesis. */
  readonly origin: L1BlockRef | null;
  /** L1 block number to read next. The origin itself while more of its batches may follow. */
  readonly scanFrom: number;
  /** The L1 block fully processed, for people. */
  readonly currentL1: L1BlockId | null;
}

/** Step 1 of the loop as a decision: is what we hold still what L1 and the engine say? */
export type CheckPlan =
  | { readonly kind: 'keep' }
  /** The L1 branch changed above the origin: no block of ours is touched, only the cursor goes back. */
  | { readonly kind: 'moveCursor'; readonly to: L1BlockId }
  | { readonly kind: 'findStart'; readonly why: 'boot' | 'l1_reorg' | 'engine_moved' | 'batches_gone' };

export interface CheckFacts {
  readonly position: Position | null;
  readonly labels: EngineLabels;
  readonly event: L1Event;
  /** `lastCommittedBatch` at the pinned L1 block. */
  readonly lastCommittedBatch: number;
}

/**
 * rollup-driver.md, step 1. The origin is compared by number → hash through the L1 event: an event says from
 * which common ancestor on the branch differs, so an origin at or below it is canonical and one above is not.
 */
export function planCheck({ position, labels, event, lastCommittedBatch }: CheckFacts): CheckPlan {
  if (position === null) return { kind: 'findStart', why: 'boot' };
  const { cursor, origin } = position;
  const ancestor = event.kind === 'reorg' ? event.commonAncestor : null;
  if (
    event.kind === 'reorg' &&
    (!event.exact || (origin !== null && origin.number > event.commonAncestor.number))
  ) {
    return { kind: 'findStart', why: 'l1_reorg' };
  }
  const nothingIsSafe = labels.safe === null || labels.safe.number <= cursor.lastBlock.number;
  const safeIsOurs = cursor.batchNumber === 0 ? nothingIsSafe : sameBlock(labels.safe, cursor.lastBlock);
  if (!safeIsOurs || labels.latest.number < cursor.lastBlock.number) {
    return { kind: 'findStart', why: 'engine_moved' };
  }
  if (ancestor !== null && position.scanFrom > ancestor.number + 1)
    return { kind: 'moveCursor', to: ancestor };
  if (lastCommittedBatch < cursor.batchNumber) return { kind: 'findStart', why: 'batches_gone' };
  return { kind: 'keep' };
}
