import { createHash, timingSafeEqual } from 'node:crypto';
import { err, ok, type Result } from '../lib/result.ts';
import { readSecretFile } from '../lib/textFile.ts';
import type { Secret } from '../telemetry/secret.ts';

/** Not the API's own list: this part reads files, and the API is only its reader. */
export type Role = 'viewer' | 'operator' | 'admin';
const ROLES: readonly string[] = ['viewer', 'operator', 'admin'];

/** Who holds a token. The token itself is not kept: its SHA-256 is, and 256 random bits need no salt. */
export interface Holder {
  readonly name: string;
  readonly role: Role;
  readonly digest: Uint8Array;
}

/** 256 bits as hex, or as base64url without padding. */
const TOKEN = /^(?:[0-9a-fA-F]{64}|[A-Za-z0-9_-]{43})$/;
const NAME = /^[\w.-]{1,32}$/;
const MAX_FILE_BYTES = 64 * 1024;
/** Shown as the example, hence everybody's. */
const EXAMPLE = '0123456789abcdef'.repeat(4);
/** A random token of 43 signs or more holds many more. */
const MIN_SIGNS = 8;
const MAKE = 'make one with "openssl rand -hex 32"';

export const digestOf = (text: string): Uint8Array => createHash('sha256').update(text, 'utf8').digest();

/**
 * The holders in a text: one a line, `TOKEN` for an operator named "operator", or `ROLE NAME TOKEN`. Empty lines and
 * lines that begin with # are skipped. The error never repeats what might be a token.
 */
export function parseTokens(text: string): Result<readonly Holder[], string> {
  const holders: Holder[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const words = raw.trim().split(/\s+/);
    if (words[0] === '' || words[0]!.startsWith('#')) continue;
    const [role, name, token] = words.length === 1 ? ['operator', 'operator', words[0]!] : words;
    const where = `line ${index + 1}`;
    if (words.length !== 1 && words.length !== 3) return err(`${where} is neither TOKEN nor ROLE NAME TOKEN`);
    if (!ROLES.includes(role!)) return err(`${where} begins with no role: ${ROLES.join(', ')}`);
    if (!NAME.test(name!))
      return err(`${where} has a name with other signs than letters, digits, dots, dashes and underscores`);
    if (!TOKEN.test(token!)) return err(`${where} holds no token of 256 bits (64 hex digits): ${MAKE}`);
    if (token === EXAMPLE || new Set(token).size < MIN_SIGNS)
      return err(`${where} holds no random token: ${MAKE}`);
    holders.push({ name: name!, role: role as Role, digest: digestOf(token!) });
  }
  if (holders.length === 0) return err(`holds no token: ${MAKE}`);
  if (new Set(holders.map((one) => one.name)).size < holders.length)
    return err('gives two tokens the same name');
  return ok(holders);
}

/** From a file that only its owner can read; a link is followed, and what counts is the file that it names. */
export function readTokenFile(file: string): Result<readonly Holder[], string> {
  const read = readSecretFile(file, { maxBytes: MAX_FILE_BYTES });
  return read.ok ? parseTokens(read.value) : read;
}

/** Where the tokens come from; a file can be read again. */
export type TokenSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'text'; readonly text: Secret<string> };

export const readTokens = (source: TokenSource): Result<readonly Holder[], string> =>
  source.kind === 'file' ? readTokenFile(source.path) : parseTokens(source.text.reveal());

/** The holder of a token, or null. Takes the same time wherever, and whether, it is found. */
export function holderOf(holders: readonly Holder[], token: string): Holder | null {
  const digest = digestOf(token);
  let found: Holder | null = null;
  for (const holder of holders) if (timingSafeEqual(holder.digest, digest)) found = holder;
  return found;
}
