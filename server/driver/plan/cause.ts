import type { Address, Hash, L2BlockId } from '../../protocol/refs.ts';
import type { ReorgCause } from './reorgRecord.ts';

/** A cause and what it is concluded from. */
export interface Explained {
  readonly cause: ReorgCause;
  readonly evidence: readonly string[];
}

/** Whose block an unsafe one is, as far as this process has it from the builder itself. */
export type Builder =
  | { readonly kind: 'us'; readonly address: Address }
  /** The node of this leader showed it as its own while it led. */
  | { readonly kind: 'leader'; readonly address: Address };

export interface BatchFacts {
  readonly batchNumber: number;
  /** Who committed the batch, and in which L1 transaction. */
  readonly poster: Address;
  readonly transaction: string;
  /** The first block that the batch implies and the engine did not hold, and the one it held. */
  readonly derived: L2BlockId;
  readonly held: L2BlockId;
  /** Whose word the held block had; null when it had none. */
  readonly builder: Builder | null;
  /** An L1 reorg is open that took back batches up to here: the held block came from one of them. */
  readonly takenBackByL1: boolean;
}

/** A batch on L1 implies another block than the engine holds as unsafe. Who is to blame for it, if anyone? */
export function explainBatch(facts: BatchFacts): Explained {
  const { batchNumber, poster, derived, held, builder } = facts;
  const seen = [
    `batch ${batchNumber} implies block ${derived.number} ${derived.hash}; the engine held ${held.hash}`,
    `the batch was committed in L1 transaction ${facts.transaction} by ${poster}`,
  ];
  if (facts.takenBackByL1) {
    const why = 'the engine had kept blocks of a batch that an L1 reorg took back';
    return { cause: 'L1_REORG', evidence: [...seen, why] };
  }
  if (builder === null) return { cause: 'BATCH_MISMATCH', evidence: seen };
  const whose =
    builder.kind === 'us'
      ? `the replaced block was built here, by ${builder.address}`
      : `the replaced block was shown by the node of ${builder.address}, who led then`;
  if (builder.address !== poster) return { cause: 'LEADER_HANDOVER', evidence: [...seen, whose] };
  // Our own key's blocks that lost against our own key's batch: another process with the key, not two stories told.
  if (builder.kind === 'us') return { cause: 'BATCH_MISMATCH', evidence: [...seen, whose] };
  return {
    cause: 'LEADER_EQUIVOCATION',
    evidence: [...seen, `${whose}, and it committed another one`],
  };
}

/** An L1 reorg that came after an L2 block was built. */
export interface MovedGround {
  /** Id of its record; null when that is still to be written. */
  readonly reorg: string | null;
  /** The block is among those that it took back. */
  readonly tookBack: boolean;
}

/**
 * A leader whose L1 was reorganised has to build anew what it had built on the old branch, and may be shown to have told
 * two stories by a peer that lags: nobody is accused where L1 moved in between.
 */
export function onMovedGround(explained: Explained, ground: MovedGround | null): Explained {
  if (explained.cause !== 'LEADER_EQUIVOCATION' || ground === null) return explained;
  const which = ground.reorg ?? 'just seen';
  return ground.tookBack
    ? {
        cause: 'L1_REORG',
        evidence: [...explained.evidence, `an L1 reorg (${which}) had taken the replaced block back before`],
      }
    : {
        cause: 'UNKNOWN',
        evidence: [
          ...explained.evidence,
          `L1 was reorganised (${which}) after the replaced block was built, so that its builder may have had to build anew`,
        ],
      };
}

/** A move of the engine's head that a part of this node made on purpose, in that part's own words. */
export interface AnnouncedMove extends Explained {
  /** The head before. */
  readonly from: L2BlockId;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface MoveFacts {
  /** The head as it was when we last looked, and as it is. */
  readonly from: L2BlockId;
  readonly to: L2BlockId;
  /** Newest common block; null when it could not be found. */
  readonly ancestor: L2BlockId | null;
  /** False when the engine answers null for the old head: it lost the block. */
  readonly stillHeld: boolean;
  /** What our own parts announced since the last look, oldest first. */
  readonly announced: readonly AnnouncedMove[];
  /** The engine called a block INVALID since, and named the head it has now as the latest valid one. */
  readonly refused: Refusal | null;
}

/** INVALID, and what the engine said with it. */
export interface Refusal {
  readonly block: Hash;
  readonly latestValid: Hash | null;
  readonly reason: string | null;
}

/** The engine's head left the branch it was on between two looks, and the driver did not do it. */
export function explainMove(facts: MoveFacts): Explained {
  const { from, to, ancestor, stillHeld, announced, refused } = facts;
  const seen = `the engine's head was ${from.number} ${from.hash} and is now ${to.number} ${to.hash}`;
  const [told] = announced;
  if (told !== undefined)
    return { cause: told.cause, evidence: [seen, ...announced.flatMap(({ evidence }) => evidence)] };
  if (refused !== null) {
    const verdict = `it called block ${refused.block} INVALID (${refused.reason ?? 'no reason given'}) and this head the latest valid one`;
    return { cause: 'INVALID_PAYLOAD', evidence: [seen, verdict] };
  }
  const unasked = 'no part of this node asked for it';
  const lost = stillHeld ? [] : [`the engine does not have block ${from.number} ${from.hash} any more`];
  const wentBack = to.number < from.number && (ancestor === null || ancestor.hash === to.hash);
  if (wentBack) return { cause: 'EL_ROLLBACK', evidence: [seen, ...lost, unasked] };
  return { cause: 'UNKNOWN', evidence: [seen, ...lost, `${unasked}: something else drives this engine`] };
}
