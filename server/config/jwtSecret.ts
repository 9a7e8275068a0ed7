import { readFileSync, statSync } from 'node:fs';
import { err, ok, type Result } from '../lib/result.ts';
import { Secret } from '../telemetry/secret.ts';

/** Secret of the Engine API: 256 bits (execution-apis, authentication.md, "Key distribution"). */
const SECRET = /^(?:0x)?([0-9a-fA-F]{64})$/;

/**
 * Reads the secret shared with a remote engine: 32 bytes as hex digits, in a file that only its owner can read.
 * The error is what is wrong and how to mend it, without the content.
 */
export function readJwtSecret(file: string): Result<Secret<Uint8Array>, string> {
  let text: string;
  let mode: number;
  try {
    mode = statSync(file).mode;
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    return err(
      `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}): give the path of the engine's jwt.hex`,
    );
  }
  // Windows has no such bits; its file system's own rights apply there.
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    const shown = (mode & 0o777).toString(8).padStart(4, '0');
    return err(`can be read by other users (mode ${shown}): run "chmod 600" on it`);
  }
  const digits = SECRET.exec(text)?.[1];
  if (digits === undefined) {
    return err(
      'does not hold 32 bytes as 64 hex digits: use the file that the engine was started with, or make one with "openssl rand -hex 32"',
    );
  }
  return ok(new Secret(Uint8Array.from(Buffer.from(digits, 'hex'))));
}
