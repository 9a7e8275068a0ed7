import { readFileSync, statSync } from 'node:fs';
import { err, ok, type Result } from '../lib/result.ts';
import { Secret } from '../telemetry/secret.ts';

/** Shorter ones can be guessed from one signed body. */
const SHORTEST = 32;

/**
 * Reads the key that webhooks are signed with: text of at least 32 characters in a file that only its owner can read.
 * The error is what is wrong and how to mend it, without the content.
 */
export function readWebhookSecret(file: string): Result<Secret<string>, string> {
  let text: string;
  let mode: number;
  try {
    mode = statSync(file).mode;
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    return err(
      `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}): check the path`,
    );
  }
  // Windows has no such bits; its file system's own rights apply there.
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    const shown = (mode & 0o777).toString(8).padStart(4, '0');
    return err(`can be read by other users (mode ${shown}): run "chmod 600" on it`);
  }
  if (text.length < SHORTEST)
    return err(`holds fewer than ${SHORTEST} characters: make one with "openssl rand -hex 32"`);
  return ok(new Secret(text));
}
