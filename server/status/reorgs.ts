import type { ReorgView } from '../api/views.ts';
import type { FateCounts, ReorgHeads, ReorgRecord, TransactionFate } from '../driver/plan/reorgRecord.ts';

interface Id {
  readonly number: number;
  readonly hash: `0x${string}`;
}
const idView = ({ number, hash }: Id): Id => ({ number, hash });
const orNull = (id: Id | null): Id | null => id && idView(id);

/** A record as the API shows it in lists: the transactions by their fates, not one by one. */
export function reorgViewOf(record: ReorgRecord): ReorgView {
  const { detectedAt, firstEvidenceAt, regainedAt, transactions, heads } = record;
  return {
    id: record.id,
    layer: record.layer,
    firstEvidenceAt,
    detectedAt,
    recoveredAt: record.recoveredAt,
    regainedAt,
    detectionMs: Math.max(0, detectedAt - firstEvidenceAt),
    recoveryMs: regainedAt === null ? null : Math.max(0, regainedAt - detectedAt),
    oldTip: idView(record.oldTip),
    newTip: idView(record.newTip),
    commonAncestor: idView(record.commonAncestor),
    exact: record.exact,
    depth: record.depth,
    cause: record.cause,
    evidence: [...record.evidence],
    droppedL1: record.droppedL1.map(idView),
    droppedBatches: [...record.droppedBatches],
    l2Ancestor: orNull(record.l2Ancestor),
    droppedL2: record.droppedL2.map(idView),
    droppedL2Count: record.droppedL2Count,
    adoptedL2: record.adoptedL2.map(idView),
    adoptedL2Count: record.adoptedL2Count,
    leader: { ...record.leader },
    heads: { before: headsView(heads.before), after: heads.after && headsView(heads.after) },
    fates: fatesOf(transactions),
    transactionCount: record.transactionCount,
    transactionsNote: record.transactionsNote,
  };
}

const headsView = ({ l1, unsafe, safe, finalized }: ReorgHeads) => ({
  l1: orNull(l1),
  unsafe: orNull(unsafe),
  safe: orNull(safe),
  finalized: orNull(finalized),
});

function fatesOf(transactions: readonly { readonly fate: TransactionFate }[]): FateCounts {
  const counts = { same: 0, re_included: 0, pending: 0, dropped: 0, conflicting: 0, not_known: 0 };
  for (const { fate } of transactions) counts[fate] += 1;
  return counts;
}
