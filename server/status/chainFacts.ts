import type { BlockFacts, ChainFacts, L2BlockFacts } from '../api/rpc/chainFacts.ts';
import type { DriverState } from '../driver/state.ts';
import { type L1BlockId, type L1BlockRef, type L2BlockRef, sameBlock, ZERO_HASH } from '../protocol/refs.ts';

/** The driver's state as other programs ask for it. Pure. */
export function chainFacts(state: DriverState): ChainFacts {
  const { heads, labels, position, finalizedOrigin, contracts } = state;
  const safe = labels?.safe ?? null;
  const origin =
    safe !== null && sameBlock(position?.cursor.lastBlock ?? null, safe) ? position!.origin : null;
  const confirmed = safe === null ? null : l2Facts(safe, origin, state);
  const unsafe = labels?.latest ?? null;
  return {
    l1: {
      head: heads?.latest ?? null,
      safe: heads?.safe ?? null,
      finalized: heads?.finalized ?? null,
      current: position?.currentL1 ? known(position.currentL1, state) : null,
      currentFinalized: finalizedOrigin,
    },
    l2: {
      unsafe: unsafe !== null && sameBlock(unsafe, safe) ? confirmed : unsafe && l2Facts(unsafe, null, state),
      safe: confirmed,
      finalized: labels?.finalized ? l2Facts(labels.finalized, finalizedOrigin, state) : null,
    },
    synced: state.phase === 'following' && state.sync === null && state.stale === null,
    batchesToDerive: Math.max(0, (contracts?.lastCommittedBatch ?? 0) - (position?.cursor.batchNumber ?? 0)),
  };
}

/** The cursor is kept as an id; the branch's newest blocks are at hand, and what is older is zeroed, not guessed. */
function known(id: L1BlockId, { recentL1, position }: DriverState): BlockFacts {
  const block = [...recentL1, position?.origin ?? null].find((one) => one !== null && sameBlock(one, id));
  return block ?? { number: id.number, hash: id.hash, parentHash: ZERO_HASH, timestamp: 0 };
}

function l2Facts(block: L2BlockRef, origin: L1BlockRef | null, { batches }: DriverState): L2BlockFacts {
  const firsts = batches
    .filter((batch) => origin !== null && batch.commit.l1Block.hash === origin.hash)
    .map((batch) => batch.firstBlock);
  const { number, hash, parentHash, timestamp } = block;
  return {
    number,
    hash,
    parentHash,
    timestamp,
    origin: origin && { number: origin.number, hash: origin.hash },
    sequenceNumber: firsts.length === 0 ? 0 : Math.max(0, number - Math.min(...firsts)),
  };
}
