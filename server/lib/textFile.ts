import { readFileSync, statSync } from 'node:fs';
import { err, ok, type Result } from './result.ts';

export interface TextFileOptions {
  /** What to do where the file cannot be read. */
  readonly hint?: string;
  /** A larger one is refused unread. */
  readonly maxBytes?: number;
}

/** Why a file with these mode bits is no place for a secret, as a clause that follows its name; null when it is one. */
export function exposedBy(mode: number): string | null {
  // Windows has no such bits; its file system's own rights apply there.
  if (process.platform === 'win32' || (mode & 0o077) === 0) return null;
  const shown = (mode & 0o777).toString(8).padStart(4, '0');
  return `can be read by other users (mode ${shown}): run "chmod 600" on it`;
}

/**
 * The text of a file. The error is what is wrong and how to mend it, as a clause that follows the file's name; it never
 * repeats the text.
 */
export const readTextFile = (path: string, options?: TextFileOptions): Result<string, string> =>
  read(path, () => null, options);

/** The same, only if nobody but its owner can read it. A link is followed: what counts is the file that it names. */
export const readSecretFile = (path: string, options?: TextFileOptions): Result<string, string> =>
  read(path, exposedBy, options);

function read(
  path: string,
  objection: (mode: number) => string | null,
  { hint = 'check the path', maxBytes = Number.POSITIVE_INFINITY }: TextFileOptions = {},
): Result<string, string> {
  try {
    const { mode, size } = statSync(path);
    if (size > maxBytes) return err(`is larger than ${maxBytes / 1024} KiB: ${hint}`);
    const text = readFileSync(path, 'utf8');
    const why = objection(mode);
    return why === null ? ok(text) : err(why);
  } catch (error) {
    return err(`cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}): ${hint}`);
  }
}
