import { type NextRequest, NextResponse } from 'next/server';

/**
 * Content security policy with a fresh nonce a request (https://www.w3.org/TR/CSP3/#strict-csp): scripts run
 * only if this server put them there, styles, fonts and data come only from here, nobody may frame the page.
 * Next reads the nonce from the request's policy header and stamps it on its own script tags.
 */
const policyFor = (nonce: string, development: boolean): string =>
  [
    "default-src 'self'",
    // React's development build evaluates code to rebuild server stacks; the production build does not.
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${development ? " 'unsafe-eval'" : ''}`,
    `style-src 'self' ${development ? "'unsafe-inline'" : `'nonce-${nonce}'`}`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

export const proxy = (request: NextRequest): NextResponse => {
  const nonce = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64');
  const policy = policyFor(nonce, process.env.NODE_ENV === 'development');
  const headers = new Headers(request.headers);
  headers.set('content-security-policy', policy);
  const response = NextResponse.next({ request: { headers } });
  response.headers.set('content-security-policy', policy);
  return response;
};

/** Pages only: the API has a policy of its own (next.config.js), built assets need none. */
export const config = { matcher: ['/((?!api/|_next/static/|icon.svg).*)'] };
