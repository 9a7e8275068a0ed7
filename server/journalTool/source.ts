/**
 * What `plumbline journal` reads. This folder is a program of its own: it uses nothing of the node, so that whoever
 * doubts a node's journal need not trust the node's code, and can read all that judges it in one sitting.
 */

/** A row as it is stored. */
export interface StoredRow {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly kind: string;
  readonly ref: string | null;
  /** The text as it is stored. */
  readonly payload: string;
  /** 32 bytes. */
  readonly hash: Buffer;
}

/** Rows up to `seq` were removed; the signed `note` stands for them. */
export interface Floor {
  readonly seq: number;
  readonly hash: Buffer;
  readonly note: string;
}

/** A journal that is only read, row by row: how long it is makes no difference to memory. */
export interface Source {
  readonly name: string;
  /** The journal's own id. */
  readonly id: string;
  readonly floor: Floor | null;
  /** Null for a whole journal: an extract that begins later brings the hash before its first row. */
  readonly before: { readonly seq: number; readonly hash: Buffer } | null;
  /** Rows above `after`, by `seq`. */
  rows(after: number): AsyncIterable<StoredRow>;
  /** Signed notes, oldest first. */
  notes(): AsyncIterable<string>;
  /** Newest `seq` by another count than the rows, where the store keeps one. */
  readonly tip: number | null;
  close(): Promise<void>;
}

/** Said to a person in one sentence. */
export class ToolError extends Error {
  readonly code: 'usage' | 'unreadable' | 'wrong_data';
  constructor(code: ToolError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
