import { type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely';
import type { JournalError } from './journalError.ts';
import type { Row, Tip } from './rowHash.ts';

/** Tables of both databases. `node` exists in PostgreSQL alone, where several nodes share them. */
export interface Tables {
  journal_event: Row & { readonly node: string };
  journal_checkpoint: { node: string; seq: number; at: number; note: string };
  /** Rows up to `seq` may be gone: `note` is the signed checkpoint that stands for them. At most one row a node. */
  journal_floor: { node: string; seq: number; hash: Uint8Array; note: string };
  journal_model: { node: string; name: string; version: number; up_to: number };
  journal_reorg: ReorgTable;
  journal_batch: BatchTable;
  journal_leader: LeaderTable;
  journal_intent: { node: string; seq: number; at: number; kind: string; ref: string; payload: string };
}

export interface ReorgTable {
  node: string;
  seq: number;
  id: string;
  layer: string;
  cause: string;
  depth: number;
  detected_at: number;
  recovered_at: number | null;
  record: string;
}

export interface BatchTable {
  node: string;
  seq: number;
  batch: number;
  /** Of the L1 block with the commit; empty when it is not known. */
  l1_hash: string;
  status: string;
  began_at: number;
  row: string;
}

export interface LeaderTable {
  node: string;
  seq: number;
  leader: string | null;
  since: number;
  until: number | null;
  first_batch: number;
  last_batch: number | null;
  why: string;
  by: string | null;
}

/** What stands behind a journal: one database, open for one writer. */
export interface Backend {
  /** Names the store in sentences, without credentials. */
  readonly name: string;
  /** Of this journal, made when it began. Part of its first hash and of its checkpoints. */
  readonly id: string;
  readonly db: Kysely<Tables>;
  /** Which rows are this journal's; null where the whole database is. */
  readonly node: string | null;
  tip(): Promise<Tip>;
  /**
   * Writes all rows or none, and is durable when it resolves. Rejects when another writer has written since `after`.
   * A rejection does not prove that the rows are not there: ask `tip`.
   */
  insert(after: Tip, rows: readonly Row[]): Promise<void>;
  /** Writes a row of its own with what it holds, durably: rejects where `insert` would, and changes nothing. */
  tryWrite(): Promise<void>;
  asError(error: unknown): JournalError;
  close(): Promise<void>;
}

/** For `where`: the rows of one journal, in a database that several may share. */
export const rowsOf = (node: string | null): RawBuilder<SqlBool> =>
  node === null ? sql<SqlBool>`1 = 1` : sql<SqlBool>`node = ${node}`;
