import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { JournalError } from './journalError.ts';
import type { Tip } from './rowHash.ts';

/** Name of the key in notes and in its public form. */
const KEY_NAME = 'plumbline-journal';
/** Type of an Ed25519 key in a signed note (C2SP signed-note). */
const ED25519 = 1;

/** Signs the journal's checkpoints. */
export interface CheckpointKey {
  /** For whoever verifies: `name+hash+base64`, the verifier key of C2SP signed-note. */
  readonly verifierKey: string;
  sign(text: string): Uint8Array;
  /** First four bytes of the key's hash: which key signed. */
  readonly id: Uint8Array;
}

function keyOf(secret: KeyObject): CheckpointKey {
  // An Ed25519 key in SPKI form is a fixed head and 32 bytes.
  const bytes = createPublicKey(secret).export({ type: 'spki', format: 'der' }).subarray(-32);
  const typed = Buffer.concat([Buffer.of(ED25519), bytes]);
  const id = createHash('sha256').update(`${KEY_NAME}\n`).update(typed).digest().subarray(0, 4);
  return {
    verifierKey: `${KEY_NAME}+${id.toString('hex')}+${typed.toString('base64')}`,
    sign: (text) => sign(null, Buffer.from(text), secret),
    id,
  };
}

/** For a journal that lives in memory alone. */
export const passingKey = (): CheckpointKey => keyOf(generateKeyPairSync('ed25519').privateKey);

/**
 * Reads the key, or makes one: PKCS #8 in PEM, readable by its owner alone, with the public half in `file.pub`.
 * Errors: `JournalError` of code `bad_key`.
 */
export function openCheckpointKey(file: string): CheckpointKey {
  try {
    if (!existsSync(file)) {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      const made = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
      writeFileSync(file, made, { mode: 0o600, flag: 'wx' });
    }
    if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
    const secret = createPrivateKey(readFileSync(file));
    if (secret.asymmetricKeyType !== 'ed25519') throw new Error(`it is of type ${secret.asymmetricKeyType}`);
    const key = keyOf(secret);
    writeFileSync(`${file}.pub`, `${key.verifierKey}\n`);
    return key;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new JournalError(
      'bad_key',
      `${file} cannot be used to sign the journal's checkpoints (${why}); move it away, and a new key is made`,
      error,
    );
  }
}

/**
 * A checkpoint in the form of C2SP tlog-checkpoint and signed-note: origin, number of rows, root, and when it was
 * made (milliseconds since 1970). The root is the hash of the newest row, which stands for all before it.
 */
export function signCheckpoint(id: string, { seq, hash }: Tip, at: number, key: CheckpointKey): string {
  const text = `plumbline-journal/${id}\n${seq}\n${Buffer.from(hash).toString('base64')}\ntime ${at}\n`;
  const signature = Buffer.concat([key.id, key.sign(text)]).toString('base64');
  return `${text}\n— ${KEY_NAME} ${signature}\n`;
}

/** Where checkpoints go besides the journal, so that a journal rewritten as a whole contradicts them. */
export interface CheckpointSink {
  /** Resolves when it is kept. */
  push(note: string): Promise<void>;
}

/** One JSON string a line, appended and synced. Put it on another disk or machine than the journal. */
export function fileSink(path: string): CheckpointSink {
  return {
    push: async (note) => {
      const file = await open(path, 'a', 0o600);
      try {
        await file.appendFile(`${JSON.stringify(note)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
    },
  };
}
