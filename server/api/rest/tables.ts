import type { ActivityListRow, BatchListRow, LeaderTerm, ReorgDetail } from '../historyViews.ts';

/** Rows as tables for spreadsheets (RFC 4180). Times are ISO 8601 in UTC; what is not known is empty. */

export type Cell = string | number | null;
export interface Column<Row> {
  readonly name: string;
  readonly of: (row: Row) => Cell;
}

const time = (ms: number | null | undefined): string | null =>
  ms === null || ms === undefined ? null : new Date(ms).toISOString();
const json = (value: unknown): string | null =>
  value === null || value === undefined ? null : JSON.stringify(value);

export const REORG_COLUMNS: readonly Column<ReorgDetail>[] = [
  { name: 'seq', of: (row) => row.seq },
  { name: 'id', of: (row) => row.id },
  { name: 'layer', of: (row) => row.layer },
  { name: 'cause', of: (row) => row.cause },
  { name: 'depth', of: (row) => row.depth },
  { name: 'detected_at', of: (row) => time(row.detectedAt) },
  { name: 'recovered_at', of: (row) => time(row.recoveredAt) },
  { name: 'regained_at', of: (row) => time(row.regainedAt) },
  { name: 'latency_ms', of: (row) => row.latencyMs },
  { name: 'recovery_ms', of: (row) => row.recoveryMs },
  { name: 'ancestor_number', of: (row) => row.commonAncestor?.number ?? null },
  { name: 'ancestor_hash', of: (row) => row.commonAncestor?.hash ?? null },
  { name: 'old_tip_number', of: (row) => row.oldTip?.number ?? null },
  { name: 'old_tip_hash', of: (row) => row.oldTip?.hash ?? null },
  { name: 'new_tip_number', of: (row) => row.newTip?.number ?? null },
  { name: 'new_tip_hash', of: (row) => row.newTip?.hash ?? null },
  { name: 'dropped_l2_blocks', of: (row) => row.droppedL2Count },
  { name: 'dropped_batches', of: (row) => row.droppedBatches.join(' ') },
  { name: 'leader_before', of: (row) => row.leader.before },
  { name: 'leader_after', of: (row) => row.leader.after },
  { name: 'transactions', of: (row) => row.transactionCount },
  { name: 'fates', of: (row) => json(row.fates) },
  { name: 'evidence', of: (row) => row.evidence.join(' | ') },
];

export const BATCH_COLUMNS: readonly Column<BatchListRow>[] = [
  { name: 'seq', of: (row) => row.seq },
  { name: 'batch', of: (row) => row.number },
  { name: 'status', of: (row) => row.status },
  { name: 'reason', of: (row) => row.reason },
  { name: 'orphaned_by', of: (row) => row.orphanedBy },
  { name: 'l1_block_number', of: (row) => row.l1Block?.number ?? null },
  { name: 'l1_block_hash', of: (row) => row.l1Block?.hash ?? null },
  { name: 'l1_transaction', of: (row) => row.txHash },
  { name: 'poster', of: (row) => row.poster },
  { name: 'first_block', of: (row) => row.firstBlock },
  { name: 'last_block', of: (row) => row.lastBlock },
  { name: 'source', of: (row) => row.source },
  { name: 'transactions', of: (row) => row.transactions },
  { name: 'gas_used', of: (row) => row.gasUsed },
  { name: 'seen_at', of: (row) => time(row.steps.seen) },
  { name: 'fetched_at', of: (row) => time(row.steps.fetched) },
  { name: 'decoded_at', of: (row) => time(row.steps.decoded) },
  { name: 'applied_at', of: (row) => time(row.steps.applied) },
  { name: 'safe_at', of: (row) => time(row.steps.safe) },
  { name: 'finalized_at', of: (row) => time(row.steps.finalized) },
];

export const LEADER_COLUMNS: readonly Column<LeaderTerm>[] = [
  { name: 'seq', of: (row) => row.seq },
  { name: 'leader', of: (row) => row.leader },
  { name: 'since', of: (row) => time(row.since) },
  { name: 'until', of: (row) => time(row.until) },
  { name: 'first_batch', of: (row) => row.firstBatch },
  { name: 'last_batch', of: (row) => row.lastBatch },
  { name: 'why', of: (row) => row.why },
  { name: 'ended_why', of: (row) => row.endedWhy },
  { name: 'by', of: (row) => row.by },
  { name: 'reorgs', of: (row) => row.reorgs },
  { name: 'first_delay_ms', of: (row) => row.firstDelayMs },
];

export const ACTIVITY_COLUMNS: readonly Column<ActivityListRow>[] = [
  { name: 'seq', of: (row) => row.seq },
  { name: 'at', of: (row) => time(row.at) },
  { name: 'kind', of: (row) => row.kind },
  { name: 'severity', of: (row) => row.severity },
  { name: 'actor', of: (row) => row.actor },
  { name: 'ref', of: (row) => row.ref },
  { name: 'sentence', of: (row) => row.sentence },
  { name: 'payload', of: (row) => json(row.payload) },
];

/**
 * One cell. Text that begins with `= + - @`, a tab or a line break would be run as a formula by spreadsheets, and chains
 * and peers write such text: it gets an apostrophe in front (OWASP, "CSV injection"). Numbers of ours stay as they are.
 */
export function cell(value: Cell): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const safe = /^\s*[=+\-@\t\r\n]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export const csvHead = <Row>(columns: readonly Column<Row>[]): string =>
  `${columns.map(({ name }) => name).join(',')}\r\n`;

export const csvLine = <Row>(columns: readonly Column<Row>[], row: Row): string =>
  `${columns.map(({ of }) => cell(of(row))).join(',')}\r\n`;
