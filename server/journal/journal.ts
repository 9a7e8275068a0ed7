/**
 * The journal: what happened, for people. Append-only, `seq` rises by one. The chain never depends on it:
 * deleting it costs history, not heads (rollup-driver.md, "completely stateless").
 */
import type { ReadModels } from './readModels.ts';

export interface JournalEvent {
  /** From 1. Below it only in the answer of an append that is kept in memory until the store is back (lasting.ts). */
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly kind: string;
  /** Links an intent and its outcome. */
  readonly ref: string | null;
  readonly payload: unknown;
}

/**
 * Calls take effect in the order they were made, whether or not the one before was awaited. An intent is awaited
 * before the act it announces. Errors: `JournalError`.
 */
export interface Journal {
  /** Resolves when the event is durable. */
  append(kind: string, payload: unknown, ref?: string): Promise<JournalEvent>;
  /** Newest first, `seq` below `before`. */
  list(query: JournalQuery): Promise<readonly JournalEvent[]>;
  /** Oldest first, `seq` above `after`. */
  since(after: number, limit: number): Promise<readonly JournalEvent[]>;
  /** Resolves when what was appended before is durable and the store is let go of. */
  close(): Promise<void>;
}

export interface JournalQuery {
  readonly kinds?: readonly string[];
  readonly before?: number;
  readonly limit: number;
}

export interface NewEvent {
  readonly kind: string;
  readonly payload: unknown;
  readonly ref?: string | undefined;
  /** When it happened, where that was before it could be written. Milliseconds since 1970. */
  readonly at?: number;
  /**
   * The same object whenever this event is offered: after a rejection of unknown outcome it is then written once, and
   * answered as it was written.
   */
  readonly key?: object;
}

export interface CheckpointFacts {
  /** Of the newest checkpoint; null before the first. */
  readonly at: number | null;
  readonly seq: number;
  /** Why the newest one is not where it should be. */
  readonly trouble: string | null;
}

/** A journal in a database. */
export interface JournalStore extends Journal {
  /** All of them or none. */
  appendAll(events: readonly NewEvent[]): Promise<readonly JournalEvent[]>;
  /** Writes what is there already once more, and waits for the disk as an append does: changes nothing. Errors: `JournalError`. */
  tryWrite(): Promise<void>;
  /** What is to be done now and then, when nothing is appended: checkpoints. Never rejects. */
  tend(): Promise<void>;
  readonly checkpoint: CheckpointFacts;
  readonly models: ReadModels;
  /** The newest event when the journal was opened: what the process before left. */
  readonly previous: JournalEvent | null;
}
