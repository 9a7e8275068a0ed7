import { createHash, createPublicKey, verify as verifySignature } from 'node:crypto';
import { ToolError } from './source.ts';

/** A public key in the form of C2SP signed-note: `name+hash+base64(0x01 ‖ key)`. */
export interface VerifierKey {
  readonly name: string;
  /** First four bytes of the key's hash: which key signed. */
  readonly id: Buffer;
  verify(text: string, signature: Uint8Array): boolean;
}

/** Head of an Ed25519 public key in SPKI form (RFC 8410). */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');
const ED25519 = 1;

export function parseVerifierKey(text: string): VerifierKey {
  const [, name, idHex, body] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)\s*$/.exec(text) ?? [];
  const typed = Buffer.from(body ?? '', 'base64');
  const id = createHash('sha256').update(`${name}\n`).update(typed).digest().subarray(0, 4);
  if (name === undefined || typed.length !== 33 || typed[0] !== ED25519 || id.toString('hex') !== idHex) {
    throw new ToolError(
      'unreadable',
      'this is no public key of a journal (name+hash+base64, as in journal.db.key.pub)',
    );
  }
  const key = createPublicKey({
    key: Buffer.concat([SPKI_HEAD, typed.subarray(1)]),
    format: 'der',
    type: 'spki',
  });
  return {
    name,
    id,
    verify: (message, signature) => verifySignature(null, Buffer.from(message), key, signature),
  };
}

/** A checkpoint whose signature was found good. */
export interface Checkpoint {
  readonly origin: string;
  /** Rows that it stands for: `seq` of the newest one. */
  readonly size: number;
  readonly root: Buffer;
  /** Milliseconds since 1970. */
  readonly at: number;
}

const SIGNATURE = /^— (\S+) ([A-Za-z0-9+/]+=*)$/;

/** The checkpoint, or why it proves nothing. The note has to be exactly as its writer writes it. */
export function openNote(note: string, key: VerifierKey): Checkpoint | string {
  const end = note.indexOf('\n\n');
  const text = note.slice(0, end + 1);
  const [, name, encoded] = SIGNATURE.exec(note.slice(end + 2).replace(/\n$/, '')) ?? [];
  if (end === -1 || encoded === undefined) return 'it is not a signed note';
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded || !note.endsWith(`${encoded}\n`))
    return 'it is not a signed note';
  if (name !== key.name || !bytes.subarray(0, 4).equals(key.id)) return 'it is signed by another key';
  if (!key.verify(text, bytes.subarray(4))) return 'its signature is wrong';
  const [, origin, size, root, at] =
    /^(\S+)\n(\d{1,16})\n([A-Za-z0-9+/]{43}=)\ntime (\d{1,16})\n$/.exec(text) ?? [];
  if (origin === undefined || root === undefined) return 'it is no checkpoint of a journal';
  return { origin, size: Number(size), root: Buffer.from(root, 'base64'), at: Number(at) };
}
