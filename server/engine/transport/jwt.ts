import { createHmac, timingSafeEqual } from 'node:crypto';

/** execution-apis authentication.md: a token is good for this many seconds around its `iat`. */
const IAT_TOLERANCE_SECONDS = 60;
const HEADER = base64url(JSON.stringify({ alg: 'HS256', typ: 'JWT' }));
/** A token is well under 200 bytes; anything much longer is not one. */
const MAX_TOKEN_LENGTH = 2_048;

/**
 * The secret of authentication.md: 256 bits, as bytes or as hex with or without 0x, blanks around it ignored.
 * Throws RangeError.
 */
export function parseJwtSecret(text: string | Uint8Array): Uint8Array {
  if (typeof text !== 'string') {
    if (text.length !== 32) throw new RangeError(`the JWT secret must be 32 bytes, not ${text.length}`);
    return text;
  }
  const digits = text.trim().replace(/^0x/, '');
  if (!/^[0-9a-fA-F]{64}$/.test(digits)) {
    throw new RangeError('the JWT secret must be 64 hex digits (256 bits)');
  }
  return Buffer.from(digits, 'hex');
}

/** A token that is fresh at `nowSeconds`. One call, one token: a kept one grows stale. */
export function createJwt(secret: Uint8Array, nowSeconds: number): string {
  const body = `${HEADER}.${base64url(JSON.stringify({ iat: Math.floor(nowSeconds) }))}`;
  return `${body}.${sign(secret, body)}`;
}

export type JwtVerdict = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Checks an `Authorization` header against authentication.md: HS256, our secret, `iat` within 60 s, `exp` if given. */
export function verifyJwt(
  authorization: string | undefined,
  secret: Uint8Array,
  nowSeconds: number,
): JwtVerdict {
  if (authorization === undefined) return refuse('missing token');
  const token = /^Bearer (\S+)$/i.exec(authorization)?.[1];
  if (token === undefined || token.length > MAX_TOKEN_LENGTH) return refuse('malformed token');
  const parts = token.split('.');
  if (parts.length !== 3) return refuse('malformed token');
  const [header, payload, signature] = parts as [string, string, string];
  if (readJson(header)?.['alg'] !== 'HS256') return refuse('the algorithm must be HS256');
  if (!sameText(sign(secret, `${header}.${payload}`), signature)) return refuse('wrong signature');
  const claims = readJson(payload);
  const iat = claims?.['iat'];
  if (typeof iat !== 'number') return refuse('iat is missing');
  const age = nowSeconds - iat;
  if (Math.abs(age) > IAT_TOLERANCE_SECONDS) {
    return refuse(`stale token: iat is ${Math.round(age)} s away from this machine's clock`);
  }
  const exp = claims?.['exp'];
  if (exp !== undefined && (typeof exp !== 'number' || exp < nowSeconds)) return refuse('token has expired');
  return { ok: true };
}

const refuse = (reason: string): JwtVerdict => ({ ok: false, reason });

function base64url(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64url');
}

const sign = (secret: Uint8Array, body: string): string =>
  createHmac('sha256', secret).update(body).digest('base64url');

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function readJson(part: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
