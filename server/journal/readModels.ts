/**
 * What people ask of the past: lists with filters, folded from the journal's events. The rows are a projection: they
 * can be thrown away and are built again from the events.
 */
import type { JournalEvent } from './journal.ts';
import type { Severity } from './kinds.ts';

/** Newest first. A page holds at most `MAX_PAGE_EVENTS` rows. */
export interface PageQuery {
  /** Rows below this `seq`: `next` of the page before. */
  readonly before?: number;
  readonly limit: number;
  /** Milliseconds since 1970: rows that began in [from, to]. */
  readonly from?: number;
  readonly to?: number;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** For `before` of the next page; null when nothing older is left. A page may be short and yet have a next one. */
  readonly next: number | null;
  /** The rows take in every event up to this `seq`; lower than the newest while a projection is being rebuilt. */
  readonly upTo: number;
}

export interface ReorgQuery extends PageQuery {
  readonly layer?: 'L1' | 'L2';
  readonly cause?: string;
  readonly minDepth?: number;
  /** A block hash (also the beginning of one), a block number, an address or an id that the record names. */
  readonly q?: string;
}

export interface ReorgRow {
  /** Of the event that opened it. */
  readonly seq: number;
  readonly id: string;
  readonly layer: 'L1' | 'L2';
  readonly cause: string;
  readonly depth: number;
  /** Milliseconds since 1970. */
  readonly detectedAt: number;
  /** Null while it is open. */
  readonly recoveredAt: number | null;
  /** The record as it is now: the one that opened it, with every later change (driver/plan/reorgRecord.ts). */
  readonly record: Readonly<Record<string, unknown>>;
}

export interface ReorgTotals {
  readonly count: number;
  readonly open: number;
  readonly maxDepth: number;
}

export type BatchStatus =
  | 'seen'
  | 'fetched'
  | 'decoded'
  | 'applied'
  | 'safe'
  | 'finalized'
  | 'dropped'
  | 'orphaned';

export interface BatchQuery extends PageQuery {
  readonly status?: BatchStatus;
  /** A batch or L2 block number, or the beginning of a hash or address. */
  readonly q?: string;
}

/** One commit of a batch number. After an L1 reorg the same number has a row for each content or place it had. */
export interface BatchRow {
  /** Of the first event about it. */
  readonly seq: number;
  readonly batch: number;
  readonly status: BatchStatus;
  /** Why it was dropped. */
  readonly reason: string | null;
  /** The reorg that took it back: `ReorgRow.id`. */
  readonly orphanedBy: string | null;
  readonly l1Block: { readonly number: number; readonly hash: string } | null;
  readonly txHash: string | null;
  readonly poster: string | null;
  readonly firstBlock: number | null;
  readonly lastBlock: number | null;
  readonly source: string | null;
  readonly transactions: number | null;
  /** Decimal. */
  readonly gasUsed: string | null;
  /** When each step was reached, milliseconds since 1970. */
  readonly steps: Readonly<Partial<Record<BatchStatus, number>>>;
}

export interface LeaderQuery extends PageQuery {
  /** Lower case. */
  readonly leader?: string;
  /** Only terms that ran out without a batch; not those that an L1 reorg took back. */
  readonly missed?: boolean;
}

/** A stretch of time with one leader, as this node saw it. */
export interface LeaderTermRow {
  readonly seq: number;
  /** Null while nobody was registered. */
  readonly leader: string | null;
  readonly since: number;
  /** Null for the present one. */
  readonly until: number | null;
  readonly firstBatch: number;
  /** Null while the term lasts, and for one that ended without a batch. */
  readonly lastBatch: number | null;
  /** Why it began: `seen` at a start of this node, or the cause of the change. */
  readonly why: string;
  /** Who sent the transaction that brought it, where that is known. */
  readonly by: string | null;
}

/** With why it ended: the cause of the change after it; null for the present one. */
export interface LeaderTermEnd extends LeaderTermRow {
  readonly endedWhy: string | null;
}

export interface ActivityQuery extends PageQuery {
  /** Whole kinds (`batch.applied`) or groups (`batch`). Left out: all. */
  readonly kinds?: readonly string[];
  /** Who did it: events of operators carry `actor` in their payload. */
  readonly actor?: string;
  /** Text within the payload, lower and upper case alike. */
  readonly q?: string;
}

export interface ActivityRow extends JournalEvent {
  readonly severity: Severity;
  readonly actor: string | null;
}

/** An act that was announced and has no outcome yet. */
export interface OpenIntent {
  readonly seq: number;
  readonly at: number;
  readonly kind: string;
  readonly ref: string;
  readonly payload: unknown;
}

/** A page of batch numbers, each taken back and committed again ten times. */
export const MAX_COMMITS = 1_000;

/** Errors: `JournalError`. Answers in milliseconds whatever the length of the journal. */
export interface ReadModels {
  reorgs(query: ReorgQuery): Promise<Page<ReorgRow>>;
  reorgTotals(query: Omit<ReorgQuery, 'before' | 'limit'>): Promise<ReorgTotals>;
  /** By id, or by the `seq` that opened it. */
  reorg(id: string | number): Promise<ReorgRow | null>;
  batches(query: BatchQuery): Promise<Page<BatchRow>>;
  /** All commits of that number, newest first. */
  batch(number: number): Promise<readonly BatchRow[]>;
  /** Commits of any of those numbers, oldest first, in one question: at most MAX_COMMITS of them. */
  commitsOf(numbers: readonly number[]): Promise<readonly BatchRow[]>;
  leaders(query: LeaderQuery): Promise<Page<LeaderTermEnd>>;
  activity(query: ActivityQuery): Promise<Page<ActivityRow>>;
  /** Oldest first, those above `after`: the last row's `seq` for the next page. An empty page is the end. */
  openIntents(after?: number): Promise<Pick<Page<OpenIntent>, 'rows' | 'upTo'>>;
}
