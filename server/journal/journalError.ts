/**
 * Why the journal cannot do what was asked. None of them endangers the chain: a node may go on without a journal.
 *
 * - `locked`: another process has it open. Handling: stop that one, or give this one a data folder of its own.
 * - `not_a_journal`: the file is something else. Handling: never touch it; ask for another path.
 * - `corrupt`: damaged. Handling: move it away; a new one begins, the heads come from L1.
 * - `newer_schema`: written by a later version. Handling: run that version, or move the file away.
 * - `unwritable`: folder or file cannot be created or written.
 * - `disk_full`, `io`: the disk said no. What was acknowledged stays; try again when there is space.
 * - `refused`: the store is there and will not have this row or statement, however often it is asked. Handling: it was
 *   changed by somebody else; look at its tables, rules and triggers.
 * - `bad_payload`: the caller's record is not plain data, or too large. A bug of the caller.
 * - `bad_store`: the database is set up so that it may forget what it answered. Handling: change its settings.
 * - `bad_key`: the key that signs checkpoints cannot be read or made.
 * - `unwritten`: the store is down, and this could not or must not wait for it in memory.
 * - `closed`: used after `close`. A bug of the caller.
 */
export type JournalErrorCode =
  | 'locked'
  | 'not_a_journal'
  | 'corrupt'
  | 'newer_schema'
  | 'unwritable'
  | 'disk_full'
  | 'io'
  | 'refused'
  | 'bad_payload'
  | 'bad_store'
  | 'bad_key'
  | 'unwritten'
  | 'closed';

/** `message` is one sentence with the file and what to do. */
export class JournalError extends Error {
  override readonly name = 'JournalError';
  readonly code: JournalErrorCode;
  constructor(code: JournalErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
