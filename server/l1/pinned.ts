import type { L1BlockId } from '../protocol/refs.ts';
import { sameBlock } from '../protocol/refs.ts';
import { type L1, L1Error } from './l1.ts';

type Blocks = Pick<L1, 'blockByNumber'>;

/** Rejects with `not_canonical` unless the canonical block of that number still has that hash. */
export async function requireCanonical(l1: Blocks, pinned: L1BlockId, signal?: AbortSignal): Promise<void> {
  const now = await l1.blockByNumber(pinned.number, signal);
  if (sameBlock(now, pinned)) return;
  const instead = now === null ? 'none' : now.hash;
  throw new L1Error(
    'not_canonical',
    'eth_getBlockByNumber',
    `L1 block ${pinned.number} was ${pinned.hash} when this read began, now it is ${instead}`,
  );
}

/** Codes under which a reorg in the middle of a read can show itself. */
const MAY_BE_REORG: ReadonlySet<string> = new Set(['rpc_error', 'bad_answer', 'incomplete_logs']);

/**
 * Runs a read that is pinned to a block. Nodes word "I do not know this block" in many ways and a reorg in the
 * middle of a read looks like a contradiction, so after either the pinned block itself is looked at: gone means
 * `not_canonical`, still there means the first error stands.
 */
export async function pinnedTo<T>(
  l1: Blocks,
  pinned: L1BlockId,
  signal: AbortSignal | undefined,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof L1Error) || !MAY_BE_REORG.has(error.code)) throw error;
    await requireCanonical(l1, pinned, signal);
    throw error;
  }
}
