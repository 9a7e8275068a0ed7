import { JournalError, type JournalErrorCode } from './journalError.ts';

export const corruptSentence = (name: string, what: string): string =>
  `${name} is damaged (${what}); move it away and start again: only history is lost, the chain comes from L1`;

/** SQLite's primary result codes (sqlite.org/rescode.html) that an operator can act on. */
const CODE_OF_RESULT: Readonly<Record<number, JournalErrorCode>> = {
  5: 'locked',
  6: 'locked',
  8: 'unwritable',
  10: 'io',
  11: 'corrupt',
  13: 'disk_full',
  14: 'unwritable',
  18: 'refused',
  19: 'refused',
  20: 'refused',
  26: 'not_a_journal',
};

const SENTENCES: Readonly<
  Record<
    'locked' | 'unwritable' | 'disk_full' | 'io' | 'not_a_journal' | 'corrupt' | 'refused',
    (name: string, why: string) => string
  >
> = {
  locked: (name) => `${name} is in use by another process; stop that one, or set another data folder`,
  unwritable: (name, why) =>
    `${name} cannot be opened for writing (${why}); check that the folder exists and is yours`,
  disk_full: (name) => `no space left for ${name}; what was acknowledged is safe, make room to go on`,
  io: (name, why) => `the disk failed on ${name} (${why})`,
  not_a_journal: (name) => `${name} is not a journal; give another path, this file was not touched`,
  corrupt: corruptSentence,
  refused: (name, why) =>
    `${name} will not have what it was given (${why}); look at what was changed in its tables and triggers`,
};

export function asSqliteError(error: unknown, name: string): JournalError {
  if (error instanceof JournalError) return error;
  const why = error instanceof Error ? error.message : String(error);
  const result = (error as { errcode?: number }).errcode;
  // Extended result codes carry the primary one in their low byte.
  const code = result === undefined ? 'unwritable' : (CODE_OF_RESULT[result & 0xff] ?? 'io');
  const sentence = code in SENTENCES ? SENTENCES[code as keyof typeof SENTENCES] : SENTENCES.io;
  return new JournalError(code, sentence(name, why), error);
}
