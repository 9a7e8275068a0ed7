import type { Secret } from '../telemetry/secret.ts';
import { fileSink, openCheckpointKey, passingKey } from './checkpoint.ts';
import { Checkpointer } from './checkpointer.ts';
import type { JournalStore } from './journal.ts';
import { openPostgresBackend } from './postgresBackend.ts';
import { type Appended, storedJournal } from './storedJournal.ts';

export interface OpenPostgresJournalOptions {
  /** `postgres://user:password@host/database`. */
  readonly url: Secret<string>;
  /** Whose journal it is: several nodes may share a database. */
  readonly node: string;
  readonly clock: { now(): number };
  /** Signs the checkpoints. Made where there is none. Null: a key that is forgotten, for tests. */
  readonly keyFile: string | null;
  /** Checkpoints go here as well: to be put where whoever owns the database cannot write. */
  readonly checkpointFile?: string | null;
  /** Events older than this give way to a signed checkpoint. 0, or left out: they are kept for ever. */
  readonly keepDays?: number;
  readonly onAppended?: Appended;
  readonly timeoutMs?: number;
}

/** Opens a node's journal in PostgreSQL. Throws `JournalError` with one sentence for people. */
export async function openPostgresJournal(options: OpenPostgresJournalOptions): Promise<JournalStore> {
  const { clock, keyFile, checkpointFile } = options;
  const key = keyFile === null ? passingKey() : openCheckpointKey(keyFile);
  const sink = checkpointFile == null ? null : fileSink(checkpointFile);
  const backend = await openPostgresBackend(options);
  try {
    const checkpointer = new Checkpointer(backend, key, sink, clock);
    return await storedJournal(backend, clock, checkpointer, options.keepDays ?? 0, options.onAppended);
  } catch (error) {
    await backend.close();
    throw backend.asError(error);
  }
}
