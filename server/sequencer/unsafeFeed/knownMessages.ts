import type { SealedBlock } from '../../protocol/block.ts';
import type { Hash } from '../../protocol/refs.ts';
import { isPrivileged, transactionHash } from '../../protocol/transaction.ts';

/** A privileged transaction that stands in a block without being, so far as we know, a message of the bridge. */
export interface UnknownMessage {
  readonly block: number;
  readonly message: Hash;
}

/**
 * A privileged transaction has no signature, and an engine executes whatever it says: money out of nothing. L1 would
 * never confirm such a block, and until then nobody should see it. Answers the blocks before the first that has one.
 */
export function upToUnknownMessage(
  blocks: readonly SealedBlock[],
  knows: (message: Hash) => boolean,
): { readonly blocks: readonly SealedBlock[]; readonly unknown: UnknownMessage | null } {
  for (const [index, block] of blocks.entries()) {
    const message = block.transactions
      .filter(isPrivileged)
      .map(transactionHash)
      .find((hash) => !knows(hash));
    if (message === undefined) continue;
    return { blocks: blocks.slice(0, index), unknown: { block: block.number, message } };
  }
  return { blocks, unknown: null };
}
