/** Headers that hold for every answer; the policy for scripts needs a nonce a request and is set in proxy.ts. */
const HEADERS = [
  { key: 'X-Content-Type-Options', value: 'nosniff' },
  { key: 'Referrer-Policy', value: 'no-referrer' },
  { key: 'X-Frame-Options', value: 'DENY' },
  { key: 'Cross-Origin-Opener-Policy', value: 'same-origin' },
  { key: 'Cross-Origin-Resource-Policy', value: 'same-origin' },
  { key: 'Permissions-Policy', value: 'camera=(), microphone=(), geolocation=(), payment=(), usb=()' },
];

/** Answers of the API are data: nothing in them may run, load or be framed. */
const API_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** @type {import('next').NextConfig} */
export default {
  reactStrictMode: true,
  poweredByHeader: false,
  // The node's own server code is loaded by Node, never bundled: only plain data crosses to the page.
  serverExternalPackages: ['viem', 'classic-level', 'secp256k1', 'hash-wasm'],
  devIndicators: false,
  // Types are checked once, for the whole project, by `npm run check:types`; a build only builds.
  typescript: { ignoreBuildErrors: true },
  headers: async () => [
    { source: '/:path*', headers: HEADERS },
    {
      source: '/api/:path*',
      headers: [
        { key: 'Content-Security-Policy', value: API_POLICY },
        { key: 'X-Robots-Tag', value: 'noindex' },
      ],
    },
  ],
};
