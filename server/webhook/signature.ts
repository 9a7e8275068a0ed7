import { createHmac, timingSafeEqual } from 'node:crypto';

/** Carries `t=<seconds since 1970>,v1=<HMAC-SHA256 of "t.body" as hex>`. */
export const SIGNATURE_HEADER = 'x-plumbline-signature';
export const EVENT_ID_HEADER = 'x-plumbline-event-id';

const digest = (secret: string, timestamp: number, body: string): string =>
  createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');

/** The time is signed with the body, so that a receiver can refuse what somebody recorded and sends again. */
export const sign = (secret: string, timestamp: number, body: string): string =>
  `t=${timestamp},v1=${digest(secret, timestamp, body)}`;

/**
 * What a receiver does: right, and made within `toleranceS` seconds of `now` (seconds since 1970). For tests and for
 * receivers written in this language.
 */
export function verify(
  secret: string,
  header: string,
  body: string,
  { now, toleranceS = 300 }: { readonly now: number; readonly toleranceS?: number },
): boolean {
  const [, time, given] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(header) ?? [];
  if (time === undefined || given === undefined || Math.abs(now - Number(time)) > toleranceS) return false;
  return timingSafeEqual(Buffer.from(given, 'hex'), Buffer.from(digest(secret, Number(time), body), 'hex'));
}
