import { z } from 'zod';
import { BATCH_STATUSES, blockIdView, CAUSES } from './chainViews.ts';
import { noNodeAnswer } from './views.ts';

/**
 * What the API says of the past. Rows come out of the journal, whose older records may lack what newer ones have: a
 * part that is missing or unreadable is null here, never a guess.
 */

/** A process whose journal is not open has no past to show, and says so. */
export const noHistoryAnswer = z.object({
  kind: z.literal('no_history'),
  now: z.number(),
  sentence: z.string(),
});

const count = z.number().int().nonnegative();
const hash = z.string().regex(/^0x[0-9a-f]{64}$/);
const address = z.string().regex(/^0x[0-9a-f]{40}$/);

export const MAX_PAGE_ROWS = 100;
const MAX_TEXT = 100;

const pageInput = {
  limit: z.number().int().min(1).max(MAX_PAGE_ROWS).default(50),
  /** `next` of the page before. */
  before: count.optional(),
  /** Milliseconds since 1970, both included. */
  from: count.optional(),
  to: count.optional(),
};
const text = z.string().trim().min(1).max(MAX_TEXT);

export const FATES = ['same', 're_included', 'pending', 'dropped', 'conflicting', 'not_known'] as const;

export const reorgsInput = z.object({
  ...pageInput,
  layer: z.enum(['L1', 'L2']).optional(),
  cause: z.enum(CAUSES).optional(),
  minDepth: z.number().int().min(1).max(1_000_000).optional(),
  q: text.optional(),
});
export const batchListInput = z.object({
  ...pageInput,
  status: z.enum(BATCH_STATUSES).optional(),
  q: text.optional(),
});
export const leadersInput = z.object({
  ...pageInput,
  leader: address.optional(),
  /** True: only terms that ran out without a batch; not those that an L1 reorg took back. */
  missed: z.boolean().optional(),
});
export const activityInput = z.object({
  ...pageInput,
  /** Whole kinds (`batch.applied`) or groups (`batch`). */
  kinds: z
    .array(z.string().regex(/^[a-z_]{1,40}(\.[a-z_]{1,40})?$/))
    .max(40)
    .optional(),
  actor: text.optional(),
  q: text.optional(),
});

const fates = z.record(z.enum(FATES), count);

const reorgParts = z.object({
  seq: count,
  id: z.string(),
  layer: z.enum(['L1', 'L2']),
  cause: z.enum(CAUSES),
  depth: count,
  /** False: ancestor and depth are bounds. */
  exact: z.boolean(),
  detectedAt: z.number(),
  recoveredAt: z.number().nullable(),
  /** First evidence to this node → recorded. Milliseconds. */
  latencyMs: z.number().nullable(),
  /** Recorded → unsafe head as high as before, on the new branch. Milliseconds. */
  recoveryMs: z.number().nullable(),
  oldTip: blockIdView.nullable(),
  newTip: blockIdView.nullable(),
  commonAncestor: blockIdView.nullable(),
  droppedL2Count: count,
  /** Of the `depth` L2 blocks that were taken back, those in the chain again as they were; null on L1, while open, and where the record does not tell. */
  returnedL2Count: count.nullable(),
  droppedBatches: z.array(count),
  leader: z.object({ before: address.nullable(), after: address.nullable() }),
  transactionCount: count.nullable(),
  fates: fates.nullable(),
});

export const reorgRow = reorgParts.extend({
  /** Id of the L1 reorg that took back the same L2 blocks; null where none is known to have. */
  causedBy: z.string().nullable(),
});

const heads = z.object({
  l1: blockIdView.nullable(),
  unsafe: blockIdView.nullable(),
  safe: blockIdView.nullable(),
  finalized: blockIdView.nullable(),
});

export const reorgDetail = reorgParts.extend({
  firstEvidenceAt: z.number().nullable(),
  regainedAt: z.number().nullable(),
  evidence: z.array(z.string()),
  /** Both ends of a long branch, oldest first; the counts are of all. */
  droppedL1: z.array(blockIdView),
  droppedL2: z.array(blockIdView),
  adoptedL2: z.array(blockIdView),
  adoptedL2Count: count,
  l2Ancestor: blockIdView.nullable(),
  heads: z.object({ before: heads.nullable(), after: heads.nullable() }),
  transactions: z.array(
    z.object({
      hash,
      from: address.nullable(),
      nonce: count.nullable(),
      oldBlock: blockIdView.nullable(),
      newBlock: blockIdView.nullable(),
      fate: z.enum(FATES),
    }),
  ),
  transactionsNote: z.string().nullable(),
});

/** While nobody watched: from the last sign of the node to its next start. Milliseconds. */
export const watchGap = z.object({ from: z.number(), to: z.number(), seq: count });

/** Since when the journal was kept, and when it was not. */
export const watching = z.object({ since: z.number().nullable(), gaps: z.array(watchGap) });

export const reorgSummary = z.object({
  count,
  open: count,
  maxDepth: count,
  /** The figures below are of the newest `of` reorgs of the filter. */
  of: count,
  medianLatencyMs: z.number().nullable(),
  medianRecoveryMs: z.number().nullable(),
  /** A block that an L1 reorg and the L2 reorg it caused both tell of counts once. */
  droppedL2: count,
  /** How many such blocks there are. */
  sharedL2: count,
  /** Transactions that nobody has any more; null when not known of any. */
  lost: count.nullable(),
  byCause: z.record(z.string(), count),
  /** Newest first: for the picture. */
  points: z.array(
    z.object({
      id: z.string(),
      at: z.number(),
      depth: count,
      layer: z.enum(['L1', 'L2']),
      cause: z.enum(CAUSES),
    }),
  ),
});

const page = { now: z.number(), next: count.nullable(), upTo: count };

export const reorgsAnswer = z.discriminatedUnion('kind', [
  noNodeAnswer,
  noHistoryAnswer,
  z.object({
    kind: z.literal('reorgs'),
    ...page,
    rows: z.array(reorgRow),
    summary: reorgSummary,
    watching,
  }),
]);

export const reorgAnswer = z.discriminatedUnion('kind', [
  noNodeAnswer,
  noHistoryAnswer,
  z.object({ kind: z.literal('no_reorg'), now: z.number(), sentence: z.string() }),
  z.object({
    kind: z.literal('reorg'),
    now: z.number(),
    reorg: reorgDetail,
    older: z.string().nullable(),
    newer: z.string().nullable(),
    /** Id of the L1 reorg that took back the same L2 blocks. */
    causedBy: z.string().nullable(),
    /** Ids of the L2 reorgs that this L1 reorg caused, newest first. */
    caused: z.array(z.string()),
  }),
]);

export const batchRow = z.object({
  seq: count,
  number: count,
  status: z.enum(BATCH_STATUSES),
  reason: z.string().nullable(),
  orphanedBy: z.string().nullable(),
  l1Block: z.object({ number: count, hash: z.string() }).nullable(),
  txHash: z.string().nullable(),
  poster: z.string().nullable(),
  firstBlock: count.nullable(),
  lastBlock: count.nullable(),
  source: z.string().nullable(),
  transactions: count.nullable(),
  gasUsed: z.string().nullable(),
  steps: z.partialRecord(z.enum(BATCH_STATUSES), z.number()),
});

export const batchListAnswer = z.discriminatedUnion('kind', [
  noNodeAnswer,
  noHistoryAnswer,
  z.object({ kind: z.literal('batch_list'), ...page, rows: z.array(batchRow), watching }),
]);

export const batchAnswer = z.discriminatedUnion('kind', [
  noNodeAnswer,
  noHistoryAnswer,
  z.object({ kind: z.literal('no_batch'), now: z.number(), number: count, sentence: z.string() }),
  z.object({
    kind: z.literal('batch'),
    now: z.number(),
    number: count,
    /** Every place and content that this number had, newest first. */
    commits: z.array(batchRow),
    /** Who led when it was committed, as this node saw it. */
    leader: z.string().nullable(),
    older: count.nullable(),
    newer: count.nullable(),
  }),
]);

export const leaderTerm = z.object({
  seq: count,
  leader: z.string().nullable(),
  since: z.number(),
  until: z.number().nullable(),
  firstBatch: count,
  /** Null while the term lasts, and for one that ended without a batch. */
  lastBatch: count.nullable(),
  why: z.string(),
  /** Why the next one began; null for the present one. */
  endedWhy: z.string().nullable(),
  by: z.string().nullable(),
  /** Reorgs of the cause LEADER_… while it led. */
  reorgs: count,
  /** From the change until this leader's first batch was seen on L1. Milliseconds. */
  firstDelayMs: z.number().nullable(),
});

export const leadersAnswer = z.discriminatedUnion('kind', [
  noNodeAnswer,
  noHistoryAnswer,
  z.object({ kind: z.literal('leaders'), ...page, rows: z.array(leaderTerm), watching }),
]);

export const SEVERITIES = ['info', 'notice', 'warning', 'critical'] as const;

export const activityRow = z.object({
  seq: count,
  at: z.number(),
  kind: z.string(),
  ref: z.string().nullable(),
  severity: z.string(),
  actor: z.string().nullable(),
  sentence: z.string(),
  /** A page of the dashboard that shows more; null when there is none. */
  path: z.string().nullable(),
  payload: z.unknown().optional(),
});

export const activityAnswer = z.discriminatedUnion('kind', [
  noNodeAnswer,
  noHistoryAnswer,
  z.object({ kind: z.literal('activity'), ...page, rows: z.array(activityRow), watching }),
]);

/** How far behind the node was at one moment; null where it was not known. */
export const lagSample = z.object({
  at: z.number(),
  /** L1 blocks not derived yet. */
  l1Blocks: count.nullable(),
  /** L2 blocks past the safe head. */
  l2Blocks: count.nullable(),
  current: count.nullable(),
  target: count.nullable(),
});

/** Half an hour at most, oldest first. */
export const lagAnswer = z.discriminatedUnion('kind', [
  noNodeAnswer,
  z.object({ kind: z.literal('lag'), now: z.number(), samples: z.array(lagSample) }),
]);

/** Another node of the same operator, as it told this one of itself. */
export const fleetRow = z.object({
  name: z.string(),
  url: z.string(),
  /** This very node. */
  us: z.boolean(),
  /** Why it did not answer; what is said of it below is then what it said last. Null when it answered. */
  problem: z.string().nullable(),
  /** When it was asked. */
  at: z.number(),
  /** When it said what is below; null while it never answered. */
  answeredAt: z.number().nullable(),
  verdict: z.string().nullable(),
  sentence: z.string().nullable(),
  heads: z.object({
    l1: blockIdView.nullable(),
    unsafe: blockIdView.nullable(),
    safe: blockIdView.nullable(),
    finalized: blockIdView.nullable(),
  }),
  leader: z.string().nullable(),
  leads: z.boolean(),
  /** `Sequencing`, `Following` or `Syncing`; null for one that only follows. */
  role: z.string().nullable(),
  nextBatch: count.nullable(),
  /** Newest first: what two nodes can be compared by, whatever their heads are. */
  batches: z.array(z.object({ number: count, lastBlock: count, lastBlockHash: z.string() })),
});

export const fleetAnswer = z.discriminatedUnion('kind', [
  noNodeAnswer,
  z.object({ kind: z.literal('fleet'), now: z.number(), rows: z.array(fleetRow) }),
]);

export type LagSample = z.infer<typeof lagSample>;
export type LagAnswer = z.infer<typeof lagAnswer>;
export type FleetRow = z.infer<typeof fleetRow>;
export type FleetAnswer = z.infer<typeof fleetAnswer>;
export type ReorgsInput = z.infer<typeof reorgsInput>;
export type BatchListInput = z.infer<typeof batchListInput>;
export type LeadersInput = z.infer<typeof leadersInput>;
export type ActivityInput = z.infer<typeof activityInput>;
export type NoHistoryAnswer = z.infer<typeof noHistoryAnswer>;
export type ReorgCause = (typeof CAUSES)[number];
export type Fate = (typeof FATES)[number];
export type ReorgListRow = z.infer<typeof reorgRow>;
export type ReorgDetail = z.infer<typeof reorgDetail>;
export type ReorgSummary = z.infer<typeof reorgSummary>;
export type ReorgsAnswer = z.infer<typeof reorgsAnswer>;
export type ReorgAnswer = z.infer<typeof reorgAnswer>;
export type BatchListRow = z.infer<typeof batchRow>;
export type BatchListAnswer = z.infer<typeof batchListAnswer>;
export type BatchAnswer = z.infer<typeof batchAnswer>;
export type LeaderTerm = z.infer<typeof leaderTerm>;
export type LeadersAnswer = z.infer<typeof leadersAnswer>;
export type ActivityListRow = z.infer<typeof activityRow>;
export type ActivityAnswer = z.infer<typeof activityAnswer>;
export type Watching = z.infer<typeof watching>;
export type WatchGap = z.infer<typeof watchGap>;
