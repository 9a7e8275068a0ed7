import { lookup as resolveName } from 'node:dns';
import { request as plain, type RequestOptions } from 'node:http';
import { request as secure } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import type { SecretUrl } from '../telemetry/secretUrl.ts';

/** One try. Never rejects. `message` names what failed, without the URL's path or credentials. */
export type PostOutcome = { readonly ok: true } | { readonly ok: false; readonly message: string };
export type Post = (
  body: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<PostOutcome>;

const TIMEOUT_MS = 10_000;

/**
 * Where no webhook goes, whatever its name resolves to: link-local addresses, which hold the metadata services of
 * clouds, and those that name no single host. Loopback and private networks are where receivers live. (SSRF: a URL out
 * of a configuration can be somebody else's idea.)
 */
const FORBIDDEN = new BlockList();
FORBIDDEN.addSubnet('0.0.0.0', 8, 'ipv4');
FORBIDDEN.addSubnet('169.254.0.0', 16, 'ipv4');
FORBIDDEN.addSubnet('224.0.0.0', 3, 'ipv4');
FORBIDDEN.addAddress('100.100.100.200', 'ipv4');
FORBIDDEN.addAddress('168.63.129.16', 'ipv4');
FORBIDDEN.addAddress('::', 'ipv6');
FORBIDDEN.addSubnet('fe80::', 10, 'ipv6');
FORBIDDEN.addSubnet('ff00::', 8, 'ipv6');
FORBIDDEN.addAddress('fd00:ec2::254', 'ipv6');
// IPv4 within IPv6 that a gateway would unpack.
FORBIDDEN.addSubnet('64:ff9b::', 96, 'ipv6');
FORBIDDEN.addSubnet('2002::', 16, 'ipv6');

/** Whether a connection to this address is refused. IPv4 written as IPv6 counts as what it is. */
export function isForbidden(address: string): boolean {
  const version = isIP(address);
  return version === 0 || FORBIDDEN.check(address, version === 4 ? 'ipv4' : 'ipv6');
}

const refused = (address: string): Error => new Error(`webhooks do not go to ${address}`);

/** Resolves a name and hands on only addresses that are allowed: what is checked is what is connected to. */
export const guardedLookup =
  (resolve: typeof resolveName = resolveName): LookupFunction =>
  (name, options, done) => {
    resolve(name, { ...options, all: true }, (error, found) => {
      if (error !== null) return done(error, '');
      const bad = found.find(({ address }) => isForbidden(address));
      if (bad !== undefined) return done(refused(bad.address), '');
      const [first] = found;
      if (first === undefined) return done(new Error('the name has no address'), '');
      if (options.all) done(null, found);
      else done(null, first.address, first.family);
    });
  };

/** Posts JSON to one URL: no redirects, ten seconds, answers are not read beyond their status. */
export function guardedPost(url: SecretUrl, lookup: LookupFunction = guardedLookup()): Post {
  const target = new URL(url.reveal());
  const host = target.hostname.replace(/^\[(.*)\]$/, '$1');
  const send = target.protocol === 'https:' ? secure : plain;
  return (body, headers, signal) =>
    new Promise((resolve) => {
      if (isIP(host) !== 0 && isForbidden(host))
        return resolve({ ok: false, message: refused(host).message });
      const options: RequestOptions = {
        method: 'POST',
        lookup,
        timeout: TIMEOUT_MS,
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          ...headers,
        },
        ...(target.username === ''
          ? {}
          : { auth: decodeURIComponent(`${target.username}:${target.password}`) }),
      };
      const bare = new URL(target);
      bare.username = '';
      bare.password = '';
      const asking = send(bare, options, (answer) => {
        const status = answer.statusCode ?? 0;
        answer.destroy();
        resolve(
          status >= 200 && status < 300 ? { ok: true } : { ok: false, message: `it answered ${status}` },
        );
      });
      asking.on('error', (error: NodeJS.ErrnoException) =>
        resolve({
          ok: false,
          message: error.name === 'TimeoutError' ? 'no answer in 10 s' : reasonOf(error),
        }),
      );
      asking.end(body);
    });
}

/** Codes say what people need; messages of the platform may repeat an address, never a path. */
const reasonOf = (error: NodeJS.ErrnoException): string =>
  error.message.startsWith('webhooks do not go') ? error.message : (error.code ?? 'the request failed');
