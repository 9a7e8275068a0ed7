import { err, ok, type Result } from '../lib/result.ts';
import { readSecretFile } from '../lib/textFile.ts';
import { Secret } from '../telemetry/secret.ts';

/** Shorter ones can be guessed from one signed body. */
const SHORTEST = 32;

/**
 * Reads the key that webhooks are signed with: text of at least 32 characters in a file that only its owner can read.
 * The error is what is wrong and how to mend it, without the content.
 */
export function readWebhookSecret(file: string): Result<Secret<string>, string> {
  const read = readSecretFile(file);
  if (!read.ok) return read;
  const text = read.value.trim();
  if (text.length < SHORTEST)
    return err(`holds fewer than ${SHORTEST} characters: make one with "openssl rand -hex 32"`);
  return ok(new Secret(text));
}
