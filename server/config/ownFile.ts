import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { err, ok, type Result } from '../lib/result.ts';

/** The text of a file; with `secret` only if nobody but its owner can read it. The error never repeats the text. */
export function readOwnFile(cwd: string, file: string, secret: boolean): Result<string, string> {
  try {
    const path = resolve(cwd, file);
    const { mode } = statSync(path);
    // Windows has no such bits; its file system's own rights apply there.
    if (secret && process.platform !== 'win32' && (mode & 0o077) !== 0) {
      const shown = (mode & 0o777).toString(8).padStart(4, '0');
      return err(`can be read by other users (mode ${shown}): run "chmod 600" on it`);
    }
    return ok(readFileSync(path, 'utf8'));
  } catch (error) {
    return err(
      `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}): check the path`,
    );
  }
}
