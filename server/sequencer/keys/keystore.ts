import {
  createCipheriv,
  createDecipheriv,
  pbkdf2,
  randomBytes,
  randomUUID,
  scrypt,
  timingSafeEqual,
} from 'node:crypto';
import { promisify } from 'node:util';
import { privateKeyToAddress } from 'viem/accounts';
import { z } from 'zod';
import { concatBytes, fromHex, toHex } from '../../protocol/bytes.ts';
import { keccak256 } from '../../protocol/keccak.ts';
import type { Address, Hex } from '../../protocol/refs.ts';
import { Secret } from '../../telemetry/secret.ts';
import { KeyError } from './keyError.ts';

/*
 * Web3 Secret Storage, version 3: a key derived from the password by scrypt or PBKDF2; its first 16 bytes decrypt
 * (AES-128-CTR), its next 16 with the ciphertext make the MAC (Keccak-256).
 */

const hexOf = (bytes: number) => z.string().regex(new RegExp(`^(0x)?[0-9a-fA-F]{${2 * bytes}}$`));
const salt = z.string().regex(/^(0x)?([0-9a-fA-F]{2}){8,128}$/);

/** Geth's standard is n = 2^18, r = 8, p = 1: 256 MB. A file may ask for four times that and not for more. */
const MAX_SCRYPT_BYTES = 2 ** 30;
const Scrypt = z.object({
  dklen: z.literal(32),
  n: z
    .number()
    .int()
    .min(2)
    .max(2 ** 24),
  r: z.number().int().min(1).max(64),
  p: z.number().int().min(1).max(64),
  salt,
});
const Pbkdf2 = z.object({
  dklen: z.literal(32),
  c: z.number().int().min(1).max(20_000_000),
  prf: z.literal('hmac-sha256'),
  salt,
});
const common = {
  cipher: z.literal('aes-128-ctr'),
  cipherparams: z.object({ iv: hexOf(16) }),
  ciphertext: hexOf(32),
  mac: hexOf(32),
};
const Crypto = z.discriminatedUnion('kdf', [
  z.object({ ...common, kdf: z.literal('scrypt'), kdfparams: Scrypt }),
  z.object({ ...common, kdf: z.literal('pbkdf2'), kdfparams: Pbkdf2 }),
]);
type Crypto = z.infer<typeof Crypto>;

/** Some programs write `Crypto`. */
const Envelope = z.object({
  version: z.literal(3),
  crypto: z.unknown().optional(),
  Crypto: z.unknown().optional(),
});

const scryptAsync = promisify<string, Uint8Array, number, object, Buffer>(scrypt);
const pbkdf2Async = promisify(pbkdf2);

/**
 * The private key in a keystore file's text. `name` is how messages call it. Takes about a second and 256 MB with
 * geth's parameters, off the main thread. Errors: `not_a_keystore`, `unsupported`, `wrong_password`.
 */
export async function decryptKeystore(
  name: string,
  text: string,
  password: Secret<string>,
): Promise<Secret<Hex>> {
  const crypto = parse(name, text);
  const derived = await derive(name, crypto, password);
  const ciphertext = bytesOf(crypto.ciphertext);
  const mac = keccak256(concatBytes(derived.subarray(16, 32), ciphertext));
  if (!timingSafeEqual(mac, bytesOf(crypto.mac))) {
    throw new KeyError('wrong_password', `the password does not open ${name}`);
  }
  const decipher = createDecipheriv('aes-128-ctr', derived.subarray(0, 16), bytesOf(crypto.cipherparams.iv));
  return new Secret(toHex(concatBytes(decipher.update(ciphertext), decipher.final())));
}

/** The text of a new keystore file, in geth's parameters unless `scryptN` (a power of two) says otherwise. */
export async function encryptKeystore(
  key: Secret<Hex>,
  password: Secret<string>,
  options: { readonly scryptN?: number } = {},
): Promise<string> {
  const kdfparams = {
    dklen: 32 as const,
    n: options.scryptN ?? 2 ** 18,
    r: 8,
    p: 1,
    salt: plain(randomBytes(32)),
  };
  const iv = randomBytes(16);
  const derived = await deriveScrypt(kdfparams, password);
  const cipher = createCipheriv('aes-128-ctr', derived.subarray(0, 16), iv);
  const ciphertext = concatBytes(cipher.update(fromHex(key.reveal())), cipher.final());
  const mac = keccak256(concatBytes(derived.subarray(16, 32), ciphertext));
  const crypto = {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: plain(iv) },
    ciphertext: plain(ciphertext),
    kdf: 'scrypt',
    kdfparams,
    mac: plain(mac),
  };
  const address = privateKeyToAddress(key.reveal()).slice(2).toLowerCase();
  return JSON.stringify({ version: 3, id: randomUUID(), address, crypto }, null, 2);
}

/** What the file says its address is, which nothing proves; null without one. */
export function statedAddress(text: string): Address | null {
  const stated = z.object({ address: hexOf(20) }).safeParse(jsonOf(text));
  return stated.success ? (`0x${stated.data.address.replace(/^0x/, '').toLowerCase()}` as Address) : null;
}

function parse(name: string, text: string): Crypto {
  const envelope = Envelope.safeParse(jsonOf(text));
  if (!envelope.success) {
    throw new KeyError('not_a_keystore', `${name} is not a keystore file (Web3 Secret Storage, version 3)`);
  }
  const crypto = Crypto.safeParse(envelope.data.crypto ?? envelope.data.Crypto);
  if (crypto.success) return crypto.data;
  // The path of a field and never its value: what is in the file concerns nobody else.
  const field = crypto.error.issues[0]?.path.join('.') ?? '';
  throw new KeyError('unsupported', `${name} is a keystore with a "crypto.${field}" that is not supported`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function derive(name: string, crypto: Crypto, password: Secret<string>): Promise<Uint8Array> {
  if (crypto.kdf === 'pbkdf2') {
    const { c, salt } = crypto.kdfparams;
    return pbkdf2Async(password.reveal(), bytesOf(salt), c, 32, 'sha256');
  }
  const { n, r, p } = crypto.kdfparams;
  if (128 * n * r > MAX_SCRYPT_BYTES || (n & (n - 1)) !== 0) {
    throw new KeyError('unsupported', `${name} asks for scrypt with n = ${n}, r = ${r}, p = ${p}: too much`);
  }
  return deriveScrypt(crypto.kdfparams, password);
}

async function deriveScrypt(params: z.infer<typeof Scrypt>, password: Secret<string>): Promise<Uint8Array> {
  const { n, r, p } = params;
  const salt = bytesOf(params.salt);
  // OpenSSL counts a little more than the 128·n·r + 128·r·p bytes of the algorithm.
  const maxmem = 128 * n * r + 128 * r * p + 2 ** 20;
  if (n < 2 ** (16 * r)) return scryptAsync(password.reveal(), salt, 32, { N: n, r, p, maxmem });
  // RFC 7914 keeps n below 2^(16·r), and so does OpenSSL; old wallets, and the published vector, do not.
  const { scryptAsync: anyScrypt } = await import('@noble/hashes/scrypt.js');
  return anyScrypt(new TextEncoder().encode(password.reveal()), salt, { N: n, r, p, dkLen: 32, maxmem });
}

const bytesOf = (hex: string): Uint8Array => fromHex(hex.startsWith('0x') ? hex : `0x${hex}`);
const plain = (bytes: Uint8Array): string => toHex(bytes).slice(2);
