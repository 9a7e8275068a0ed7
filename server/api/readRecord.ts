import { z } from 'zod';
import type { ReorgRow } from '../journal/readModels.ts';
import { blockIdView, CAUSES } from './chainViews.ts';
import { FATES, type Fate, type ReorgDetail, type ReorgListRow } from './historyViews.ts';

/**
 * A reorg's record as the journal keeps it (driver/plan/reorgRecord.ts), read part by part: records of older versions
 * lack parts, and what is missing is null, never a guess.
 */
const hash = z.string().regex(/^0x[0-9a-f]{64}$/);
const address = z.string().regex(/^0x[0-9a-f]{40}$/);
const blockId = blockIdView.nullable().catch(null);
const blockIds = z.array(blockIdView).catch([]);
const when = z.number().nullable().catch(null);
const count = z.number().int().nonnegative();

const headsRecord = z
  .object({ l1: blockId, unsafe: blockId, safe: blockId, finalized: blockId })
  .nullable()
  .catch(null);

const transaction = z.object({
  hash,
  from: address.nullable().catch(null),
  nonce: count.nullable().catch(null),
  oldBlock: blockId,
  newBlock: blockId,
  fate: z.enum(FATES).catch('not_known'),
});

const record = z.object({
  exact: z.boolean().catch(true),
  firstEvidenceAt: when,
  regainedAt: when,
  oldTip: blockId,
  newTip: blockId,
  commonAncestor: blockId,
  evidence: z.array(z.string()).catch([]),
  droppedL1: blockIds,
  droppedBatches: z.array(count).catch([]),
  l2Ancestor: blockId,
  droppedL2: blockIds,
  droppedL2Count: count.nullable().catch(null),
  adoptedL2: blockIds,
  adoptedL2Count: count.nullable().catch(null),
  leader: z
    .object({ before: address.nullable().catch(null), after: address.nullable().catch(null) })
    .catch({ before: null, after: null }),
  heads: z.object({ before: headsRecord, after: headsRecord }).catch({ before: null, after: null }),
  transactions: z.array(transaction).catch([]),
  transactionCount: count.nullable().catch(null),
  transactionsNote: z.string().nullable().catch(null),
});

const fateCounts = (transactions: readonly { fate: Fate }[]): Record<Fate, number> => {
  const counts = Object.fromEntries(FATES.map((fate) => [fate, 0])) as Record<Fate, number>;
  for (const { fate } of transactions) counts[fate] += 1;
  return counts;
};

/** Told only when it is over: until then the record has what may go (driver/plan/reorgRecord.ts). */
const returnedOf = (
  { layer, depth, recoveredAt }: ReorgRow,
  { l2Ancestor, droppedL2Count }: z.infer<typeof record>,
): number | null =>
  layer === 'L1' || recoveredAt === null || l2Ancestor === null || droppedL2Count === null
    ? null
    : Math.max(0, depth - droppedL2Count);

/** The whole of a reorg as the API says it. Total: any record gives an answer. */
export const readReorg = (row: ReorgRow): ReorgDetail => {
  const { layer, id, seq, depth, detectedAt, recoveredAt } = row;
  const read = record.parse(row.record);
  const since = (from: number | null, to: number | null): number | null =>
    from === null || to === null ? null : Math.max(0, to - from);
  return {
    ...read,
    seq,
    id,
    layer,
    depth,
    detectedAt,
    recoveredAt,
    cause: CAUSES.find((cause) => cause === row.cause) ?? 'UNKNOWN',
    latencyMs: since(read.firstEvidenceAt, detectedAt),
    recoveryMs: since(detectedAt, read.regainedAt),
    droppedL2Count: read.droppedL2Count ?? read.droppedL2.length,
    returnedL2Count: returnedOf(row, read),
    adoptedL2Count: read.adoptedL2Count ?? read.adoptedL2.length,
    fates: read.transactionCount === null ? null : fateCounts(read.transactions),
  };
};

type Told = Pick<ReorgDetail, 'layer' | 'cause' | 'detectedAt' | 'droppedL2' | 'heads' | 'oldTip'>;

/**
 * The L1 reorg that took back the blocks of an L2 one: both records begin at the engine's head, so its hash stands in
 * both (driver/check.ts, driver/forward.ts). Null where none of `others`, newest first, has it. Pure.
 */
export const causeOf = <Other extends Told>(reorg: Told, others: readonly Other[]): Other | null => {
  if (reorg.layer !== 'L2' || reorg.cause !== 'L1_REORG') return null;
  const tip = (reorg.droppedL2.at(-1) ?? reorg.oldTip)?.hash;
  if (tip === undefined) return null;
  return (
    others.find(
      ({ layer, detectedAt, droppedL2, heads }) =>
        layer === 'L1' &&
        detectedAt <= reorg.detectedAt &&
        (droppedL2.at(-1)?.hash === tip || heads.before?.unsafe?.hash === tip),
    ) ?? null
  );
};

/** The part of a reorg that a list shows. */
export const toReorgRow = (reorg: ReorgDetail, causedBy: string | null): ReorgListRow => ({
  ...listed(reorg),
  causedBy,
});

const listed = ({
  firstEvidenceAt: _evidenceAt,
  regainedAt: _regainedAt,
  evidence: _evidence,
  droppedL1: _droppedL1,
  droppedL2: _droppedL2,
  adoptedL2: _adoptedL2,
  adoptedL2Count: _adoptedCount,
  l2Ancestor: _ancestor,
  heads: _heads,
  transactions: _transactions,
  transactionsNote: _note,
  ...row
}: ReorgDetail): Omit<ReorgListRow, 'causedBy'> => row;
