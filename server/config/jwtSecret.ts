import { err, ok, type Result } from '../lib/result.ts';
import { readSecretFile } from '../lib/textFile.ts';
import { Secret } from '../telemetry/secret.ts';

/** Secret of the Engine API: 256 bits (execution-apis, authentication.md, "Key distribution"). */
const SECRET = /^(?:0x)?([0-9a-fA-F]{64})$/;

/**
 * Reads the secret shared with a remote engine: 32 bytes as hex digits, in a file that only its owner can read.
 * The error is what is wrong and how to mend it, without the content.
 */
export function readJwtSecret(file: string): Result<Secret<Uint8Array>, string> {
  const read = readSecretFile(file, { hint: "give the path of the engine's jwt.hex" });
  if (!read.ok) return read;
  const digits = SECRET.exec(read.value.trim())?.[1];
  if (digits === undefined) {
    return err(
      'does not hold 32 bytes as 64 hex digits: use the file that the engine was started with, or make one with "openssl rand -hex 32"',
    );
  }
  return ok(new Secret(Uint8Array.from(Buffer.from(digits, 'hex'))));
}
