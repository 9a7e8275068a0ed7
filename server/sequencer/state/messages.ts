import type { Hash } from '../../protocol/refs.ts';

/** The bridge's queue at one L1 block. */
export interface Queue {
  /** Hashes of all unverified messages, in order. */
  readonly pendingMessages: readonly Hash[];
  /** How many of them are in committed batches already. */
  readonly unverifiedMessages: number;
}

/**
 * Whether the messages in uncommitted blocks are still the bridge's next ones. They stop being so when an L1
 * reorg drops or reorders deposits; a batch with them could never be committed.
 */
export function messagesStand(included: readonly Hash[], queue: Queue): boolean {
  const next = queue.pendingMessages.slice(queue.unverifiedMessages);
  return included.every((hash, index) => next[index] === hash);
}

/**
 * How many further messages the next block may take. None while any batch with messages is committed, or on its
 * way, and not verified: the contract compares a batch's messages with the first unverified ones.
 */
export function messageRoom(included: number, onTheWay: number, queue: Queue, maxMessages: number): number {
  if (queue.unverifiedMessages > 0 || onTheWay > 0) return 0;
  return Math.max(0, maxMessages - included);
}
