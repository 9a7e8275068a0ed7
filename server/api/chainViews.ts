import { z } from 'zod';

/** Blocks, batches, leaders and reorgs, as the API says them: the parts that a status is made of (`views.ts`). */
export const hash = z.string().regex(/^0x[0-9a-f]{64}$/);
export const address = z.string().regex(/^0x[0-9a-f]{40}$/);
export const blockNumber = z.number().int().nonnegative();

export const blockView = z.object({ number: blockNumber, hash, timestamp: z.number().int().nonnegative() });
export const blockIdView = z.object({ number: blockNumber, hash });

export const headsView = z.object({
  l1: blockView.nullable(),
  l1Safe: blockView.nullable(),
  l1Finalized: blockView.nullable(),
  /** Derivation cursor: the L1 block fully processed. */
  currentL1: blockIdView.nullable(),
  unsafe: blockView.nullable(),
  safe: blockView.extend({ origin: blockIdView.nullable() }).nullable(),
  finalized: blockView.extend({ origin: blockIdView.nullable() }).nullable(),
  /** Last block of `lastVerifiedBatch`: proved on L1. Shown, never sent to the engine. */
  verifiedBatch: blockNumber.nullable(),
});

/** How far a commit came. `dropped`: refused with a reason; `orphaned`: L1 took it back. */
export const BATCH_STATUSES = [
  'seen',
  'fetched',
  'decoded',
  'applied',
  'safe',
  'finalized',
  'dropped',
  'orphaned',
] as const;
export const batchView = z.object({
  number: blockNumber,
  progress: z.enum(BATCH_STATUSES),
  l1Block: blockView,
  txHash: hash,
  poster: address,
  firstBlock: blockNumber.nullable(),
  lastBlock: blockNumber.nullable(),
  lastBlockHash: hash.nullable(),
  stateRoot: hash,
  privilegedCount: z.number().int().nullable(),
  transactionCount: z.number().int().nullable(),
  gasUsed: z.string().nullable(),
  source: z.enum(['calldata', 'blob']).nullable(),
  /** Reason code and sentence of a dropped batch, or what orphaned it. */
  reason: z.string().nullable(),
});

/** One column of the alignment lanes: an L1 block and the batches it holds. */
export const laneBlockView = z.object({
  number: blockNumber,
  hash,
  timestamp: z.number(),
  label: z.enum(['unsafe', 'safe', 'finalized']),
  /** False for a block that an L1 reorg dropped; it hangs below the lane. */
  canonical: z.boolean(),
  batches: z.array(
    z.object({
      number: blockNumber,
      firstBlock: blockNumber.nullable(),
      lastBlock: blockNumber.nullable(),
      progress: z.enum(BATCH_STATUSES),
    }),
  ),
});

export const leaderView = z.object({
  address: address.nullable(),
  isUs: z.boolean(),
  /** Batch the leader is expected to commit next. */
  nextBatch: blockNumber.nullable(),
  /** First and last batch number of the term, and how many of it are left, this one included. */
  term: z.object({ first: blockNumber, last: blockNumber, left: z.number().int() }).nullable(),
  next: address.nullable(),
  /** This term and those after it by today's list, which any registration changes. Empty when not known. */
  upcoming: z.array(z.object({ first: blockNumber, last: blockNumber, leader: address.nullable() })),
  /** Why the leader is unknown. */
  detail: z.string().nullable(),
});

const reorgHeadsView = z.object({
  l1: blockIdView.nullable(),
  unsafe: blockIdView.nullable(),
  safe: blockIdView.nullable(),
  finalized: blockIdView.nullable(),
});

/** Why blocks were replaced; `driver/plan/reorgRecord.ts` says when each is claimed. */
export const CAUSES = [
  'L1_REORG',
  'BATCH_MISMATCH',
  'LEADER_HANDOVER',
  'LEADER_EQUIVOCATION',
  'INVALID_PAYLOAD',
  'EL_ROLLBACK',
  'MANUAL_RESYNC',
  'UNKNOWN',
] as const;

export const reorgView = z.object({
  id: z.string(),
  layer: z.enum(['L1', 'L2']),
  /** When this node could first have known. */
  firstEvidenceAt: z.number(),
  detectedAt: z.number(),
  /** In plumb again with all that L1 offers. */
  recoveredAt: z.number().nullable(),
  /** The unsafe head is as high as before, on the new branch; L1 owes nobody that. */
  regainedAt: z.number().nullable(),
  /** From first evidence to the record. */
  detectionMs: z.number(),
  /** From the record until the old height was reached again; null while it is not. */
  recoveryMs: z.number().nullable(),
  oldTip: blockIdView,
  newTip: blockIdView,
  commonAncestor: blockIdView,
  /** False when ancestor and depth are bounds only. */
  exact: z.boolean(),
  /** Blocks dropped on that layer. */
  depth: z.number().int(),
  cause: z.enum(CAUSES),
  evidence: z.array(z.string()),
  /** Both ends of what was dropped; `depth` counts them all. Empty on layer L2. */
  droppedL1: z.array(blockIdView),
  droppedBatches: z.array(blockNumber),
  /** The newest L2 block that both branches have; null when no L2 block is touched. */
  l2Ancestor: blockIdView.nullable(),
  /** Both ends of the L2 blocks that went, and of those in their place up to one past the old tip. */
  droppedL2: z.array(blockIdView),
  droppedL2Count: z.number().int(),
  adoptedL2: z.array(blockIdView),
  adoptedL2Count: z.number().int(),
  leader: z.object({ before: address.nullable(), after: address.nullable() }),
  heads: z.object({ before: reorgHeadsView, after: reorgHeadsView.nullable() }),
  /** What became of the listed transactions of the dropped blocks. */
  fates: z.object({
    same: z.number().int(),
    re_included: z.number().int(),
    pending: z.number().int(),
    dropped: z.number().int(),
    conflicting: z.number().int(),
    not_known: z.number().int(),
  }),
  /** Null when not known; the note says why, or what is left out. */
  transactionCount: z.number().int().nullable(),
  transactionsNote: z.string().nullable(),
});

export const syncView = z.object({
  /** L1 block numbers; null when nothing is being caught up. */
  from: blockNumber,
  current: blockNumber,
  target: blockNumber,
  startedAt: z.number(),
  /** Seconds, or null with the reason in `note`. */
  etaSeconds: z.number().nullable(),
  note: z.string().nullable(),
});
