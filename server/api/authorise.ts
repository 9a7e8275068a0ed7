import { currentNode } from '../runtime.ts';
import type { Caller, Credentials, OperatorHandle, Refused } from './operatorViews.ts';
import type { Rule } from './rules.ts';
import { type ApiContext, RefusedError } from './trpc.ts';

const SESSION = /^[A-Za-z0-9_-]{43}$/;

const refused = (code: string, message: string, retryAfterMs: number | null = null): Refused => ({
  ok: false,
  code,
  message,
  retryAfterMs,
});

/** The handle, or the error of a procedure that is not there. */
export function operatorHandle(): OperatorHandle {
  const handle = currentNode()?.operator;
  if (handle !== undefined) return handle;
  throw new RefusedError(
    'NOT_FOUND',
    refused('no_operator', 'No operator token is configured, so nothing can be ordered.'),
  );
}

/**
 * Credentials of a request: a bearer token, or the session cookie. A cookie counts only when the request says that it
 * comes from this server's own page: a browser adds it whoever made the request.
 */
export function credentialsOf({ request }: ApiContext, cookieName: string): Credentials {
  if (request === undefined) return { bearer: null, session: null, address: 'this process' };
  const { headers, address } = request;
  const authorization = headers.get('authorization');
  const bearer =
    authorization === null ? null : (/^Bearer ([\x21-\x7e]{1,256})$/i.exec(authorization)?.[1] ?? '');
  return { bearer, session: cookieOf(headers.get('cookie') ?? '', cookieName), address };
}

function cookieOf(header: string, name: string): string | null {
  for (const part of header.split(';')) {
    const [key, value] = part.trim().split('=', 2);
    if (key === name && value !== undefined && SESSION.test(value)) return value;
  }
  return null;
}

/** True when the browser says that this server's own page asks; without a browser's word it is not. */
export function fromOwnPage({ request }: ApiContext): boolean {
  if (request === undefined) return false;
  const { headers } = request;
  const site = headers.get('sec-fetch-site');
  return sameOrigin(headers.get('origin'), headers.get('host')) && (site === null || site === 'same-origin');
}

export function sameOrigin(origin: string | null | undefined, host: string | null | undefined): boolean {
  if (!origin || !host || !URL.canParse(origin)) return false;
  const { protocol, host: named } = new URL(origin);
  return (protocol === 'http:' || protocol === 'https:') && named === host.toLowerCase();
}

/**
 * Who calls, if the rule lets them. Throws otherwise, and has the attempt written down: UNAUTHORIZED without a
 * credential that counts, FORBIDDEN without the role, TOO_MANY_REQUESTS after too many failures.
 *
 * @param what the order, in words, for the journal
 */
export async function authorise(context: ApiContext, rule: Rule, what: string): Promise<Caller> {
  const handle = operatorHandle();
  const credentials = credentialsOf(context, handle.cookieName);
  // Without a browser's word that its own page asks, only a token proves anything.
  const trusted = credentials.bearer !== null || fromOwnPage(context);
  const identified = handle.identify(trusted ? credentials : { ...credentials, session: null }, true);
  const { address } = credentials;
  const fail = async (
    code: 'UNAUTHORIZED' | 'FORBIDDEN',
    why: Refused,
    by: string | null,
  ): Promise<never> => {
    await handle.refused({ what, by, address, code: why.code, message: why.message });
    throw new RefusedError(code, why);
  };
  switch (identified.kind) {
    case 'limited': {
      const seconds = Math.ceil(identified.retryAfterMs / 1000);
      const message = `Too many failures from this address: wait ${seconds} s.`;
      throw new RefusedError(
        'TOO_MANY_REQUESTS',
        refused('too_many_failures', message, identified.retryAfterMs),
      );
    }
    case 'nobody':
      return fail('UNAUTHORIZED', refused('not_signed_in', 'Sign in with an operator token first.'), null);
    case 'wrong':
      return fail(
        'UNAUTHORIZED',
        refused('not_signed_in', 'This token or session is not valid (any more): sign in again.'),
        null,
      );
    case 'somebody': {
      const { caller } = identified;
      if (caller.role === 'viewer') {
        return fail('FORBIDDEN', refused('forbidden', `${caller.name} may look, not order.`), caller.name);
      }
      if (rule === 'operator_fresh' && !caller.fresh) {
        const message = 'This needs the token again: it was last given more than 5 minutes ago.';
        return fail('UNAUTHORIZED', refused('reauth_required', message), caller.name);
      }
      return caller;
    }
  }
}
