import type { Address, Hash, L1BlockId, L2BlockId } from '../../protocol/refs.ts';

/**
 * Why a branch changed (driver.md, "Reorg record"). Each is claimed only with evidence; without it stands `UNKNOWN`.
 * `L1_REORG`: L1 took back what it had shown. `BATCH_MISMATCH`: a batch on L1 implies other blocks than the unsafe
 * ones that the engine held. `LEADER_HANDOVER`: blocks of one leader that the next did not build on.
 * `LEADER_EQUIVOCATION`: one leader told two stories. `INVALID_PAYLOAD`: the engine took back a block it had held.
 * `EL_ROLLBACK`: the engine's head went back along its own branch, and nobody in this process asked for it.
 * `MANUAL_RESYNC`: an operator did it.
 */
export const REORG_CAUSES = [
  'L1_REORG',
  'BATCH_MISMATCH',
  'LEADER_HANDOVER',
  'LEADER_EQUIVOCATION',
  'INVALID_PAYLOAD',
  'EL_ROLLBACK',
  'MANUAL_RESYNC',
  'UNKNOWN',
] as const;
export type ReorgCause = (typeof REORG_CAUSES)[number];

/**
 * What became of a transaction of a dropped block. `same`: again in a block of the same number. `re_included`: in
 * another. `pending`: it waits in the engine's pool. `dropped`: nobody has it. `conflicting`: its sender's nonce is
 * used by another. `not_known`: the engine does not say.
 */
export const TRANSACTION_FATES = [
  'same',
  're_included',
  'pending',
  'dropped',
  'conflicting',
  'not_known',
] as const;
export type TransactionFate = (typeof TRANSACTION_FATES)[number];

export interface DroppedTransaction {
  readonly hash: Hash;
  /** Null where the engine did not say. */
  readonly from: Address | null;
  readonly nonce: number | null;
  readonly oldBlock: L2BlockId;
  readonly newBlock: L2BlockId | null;
  readonly fate: TransactionFate;
}

export interface ReorgHeads {
  readonly l1: L1BlockId | null;
  readonly unsafe: L2BlockId | null;
  readonly safe: L2BlockId | null;
  readonly finalized: L2BlockId | null;
}

/**
 * One reorg. Journaled before anything is done about it (`reorg.detected`, with this as payload) and again when it is
 * over (`reorg.recovered`, with a `ReorgChange`). Times are milliseconds since 1970.
 */
export interface ReorgRecord {
  readonly id: string;
  readonly layer: 'L1' | 'L2';
  /** When this node could first have known: the L1 head or the move of the engine's head that showed it. */
  readonly firstEvidenceAt: number;
  readonly detectedAt: number;
  /** In plumb again with all that L1 offers: the reorg is over. */
  readonly recoveredAt: number | null;
  /** The unsafe head is as high as before, on the new branch. L1 owes nobody that, so it may never come. */
  readonly regainedAt: number | null;
  readonly oldTip: L1BlockId | L2BlockId;
  readonly newTip: L1BlockId | L2BlockId;
  readonly commonAncestor: L1BlockId | L2BlockId;
  /** False when the branches part below all that was remembered: ancestor and depth are then bounds. */
  readonly exact: boolean;
  /** Blocks dropped on that layer. */
  readonly depth: number;
  readonly cause: ReorgCause;
  /** Sentences, each with what was seen. */
  readonly evidence: readonly string[];
  /** Oldest first, both ends of what was dropped; `depth` counts them all. Empty on layer L2. */
  readonly droppedL1: readonly L1BlockId[];
  readonly droppedBatches: readonly number[];
  /** The newest L2 block that both branches have; null when no L2 block is touched. */
  readonly l2Ancestor: L2BlockId | null;
  /** Oldest first, both ends. At first what may go; corrected when it is over. */
  readonly droppedL2: readonly L2BlockId[];
  readonly droppedL2Count: number;
  /** What stands in their place up to one past the old tip; known when it is over. Oldest first, both ends. */
  readonly adoptedL2: readonly L2BlockId[];
  readonly adoptedL2Count: number;
  readonly leader: { readonly before: Address | null; readonly after: Address | null };
  readonly heads: { readonly before: ReorgHeads; readonly after: ReorgHeads | null };
  /** Of the dropped L2 blocks, in order, at most `MAX_TRANSACTIONS`. */
  readonly transactions: readonly DroppedTransaction[];
  /** How many there were; null when not known, and `transactionsNote` says why. */
  readonly transactionCount: number | null;
  readonly transactionsNote: string | null;
}

/** Blocks listed in a record one by one: half from each end of a longer row. */
export const MAX_LISTED_BLOCKS = 64;
/** Transactions listed in a record. */
export const MAX_TRANSACTIONS = 256;

/** The heads as a record keeps them: names of blocks, nothing more. */
export function headsOf(
  l1: L1BlockId | null,
  labels: {
    readonly latest: L2BlockId;
    readonly safe: L2BlockId | null;
    readonly finalized: L2BlockId | null;
  } | null,
): ReorgHeads {
  return {
    l1: l1 && blockId(l1),
    unsafe: labels && blockId(labels.latest),
    safe: labels?.safe ? blockId(labels.safe) : null,
    finalized: labels?.finalized ? blockId(labels.finalized) : null,
  };
}

/** Number and hash alone, of something that has more. */
export const blockId = ({
  number,
  hash,
}: {
  number: number;
  hash: Hash;
}): { number: number; hash: Hash } => ({
  number,
  hash,
});

/** What a later look adds to a record: payload of `reorg.recovered` and of `reorg.updated`, each beside its `id`. */
export type ReorgChange = Partial<
  Pick<
    ReorgRecord,
    | 'recoveredAt'
    | 'evidence'
    | 'regainedAt'
    | 'newTip'
    | 'l2Ancestor'
    | 'droppedL2'
    | 'droppedL2Count'
    | 'adoptedL2'
    | 'adoptedL2Count'
    | 'leader'
    | 'heads'
    | 'transactions'
    | 'transactionCount'
    | 'transactionsNote'
  >
>;

/** From first evidence to the record: dashboard.md's detection latency. Milliseconds. */
export const detectionMs = (record: Pick<ReorgRecord, 'firstEvidenceAt' | 'detectedAt'>): number =>
  Math.max(0, record.detectedAt - record.firstEvidenceAt);

/** From the record until the unsafe head was as high again on the new branch; null while it is not. Milliseconds. */
export const recoveryMs = (record: Pick<ReorgRecord, 'detectedAt' | 'regainedAt'>): number | null =>
  record.regainedAt === null ? null : Math.max(0, record.regainedAt - record.detectedAt);

export type FateCounts = Readonly<Record<TransactionFate, number>>;

/** The first and the last of a row that is too long to list. */
export function bothEnds<T>(row: readonly T[], max = MAX_LISTED_BLOCKS): readonly T[] {
  if (row.length <= max) return row;
  const half = max >> 1;
  return [...row.slice(0, half), ...row.slice(row.length - half)];
}
