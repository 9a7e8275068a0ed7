import { fileSink, openCheckpointKey, passingKey } from './checkpoint.ts';
import { Checkpointer } from './checkpointer.ts';
import type { JournalStore } from './journal.ts';
import { openSqliteBackend } from './sqliteBackend.ts';
import { type Appended, storedJournal } from './storedJournal.ts';

export interface OpenJournalOptions {
  /** Where the file is or will be; its folder is created. Null keeps the journal in memory. */
  readonly file: string | null;
  readonly clock: { now(): number };
  /** Signs the checkpoints. Made where there is none. Left out: `<file>.key`. */
  readonly keyFile?: string;
  /** Checkpoints go here as well: to be put on another disk than the journal. */
  readonly checkpointFile?: string | null;
  /** Events older than this give way to a signed checkpoint. 0, or left out: they are kept for ever. */
  readonly keepDays?: number;
  readonly onAppended?: Appended;
}

/**
 * Opens the journal, creating it where there is none. Throws `JournalError` with one sentence for people.
 *
 * An append is on disk when it resolves (WAL with synchronous=FULL: also after a power loss). One process writes;
 * others may read meanwhile.
 */
export async function openJournal(options: OpenJournalOptions): Promise<JournalStore> {
  const { file, clock, checkpointFile } = options;
  const { backend, migrated } = openSqliteBackend({ file, clock });
  try {
    const key = file === null ? passingKey() : openCheckpointKey(options.keyFile ?? `${file}.key`);
    const sink = checkpointFile == null ? null : fileSink(checkpointFile);
    const checkpointer = new Checkpointer(backend, key, sink, clock);
    const journal = await storedJournal(
      backend,
      clock,
      checkpointer,
      options.keepDays ?? 0,
      options.onAppended,
    );
    if (migrated !== null) await journal.append('journal.migrated', migrated);
    return journal;
  } catch (error) {
    await backend.close();
    throw backend.asError(error);
  }
}
