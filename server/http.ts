import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';

/** Answers of the API are data: nothing in them may run, load, be framed or be indexed. As next.config.js says it. */
export const DATA_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy':
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'x-robots-tag': 'noindex',
};

export type Handler = (request: Request) => Promise<Response>;

/**
 * Runs a handler of web requests behind Node's server. The request's body is read up to `maxBytes` (413 beyond); its
 * signal aborts when the client goes away, which ends a stream. Resolves with the status when the answer is sent.
 */
export async function serve(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  handler: Handler,
  maxBytes: number,
): Promise<number> {
  const gone = new AbortController();
  outgoing.once('close', () => gone.abort());
  const body = await readBody(incoming, maxBytes);
  const answer =
    body === null
      ? Response.json({ code: 'TOO_LARGE', message: `At most ${maxBytes} bytes are taken.` }, { status: 413 })
      : await handler(requestOf(incoming, body, gone.signal)).catch(() =>
          Response.json({ code: 'INTERNAL', message: 'The answer could not be made.' }, { status: 500 }),
        );
  outgoing.writeHead(answer.status, { ...DATA_HEADERS, ...Object.fromEntries(answer.headers) });
  if (answer.body === null || incoming.method === 'HEAD') {
    await answer.body?.cancel();
    outgoing.end();
    return answer.status;
  }
  // A client that goes away in the middle is no failure of ours.
  await pipeline(Readable.fromWeb(answer.body as ReadableStream), outgoing).catch(() => undefined);
  return answer.status;
}

function requestOf(incoming: IncomingMessage, body: Uint8Array<ArrayBuffer>, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  const method = incoming.method ?? 'GET';
  const init = method === 'GET' || method === 'HEAD' ? {} : { body };
  const path = incoming.url?.startsWith('/') ? incoming.url : '/';
  const url = new URL(path.replace(/^\/+/, '/'), `${schemeOf(incoming)}://node`);
  return new Request(url, { method, headers, signal, ...init });
}

/** As the client sees it: links in feeds are made of it, and nothing else is. */
const schemeOf = ({ socket, headers }: IncomingMessage): 'http' | 'https' =>
  'encrypted' in socket || headers['x-forwarded-proto'] === 'https' ? 'https' : 'http';

/** Null when there is more than is taken; the rest is not kept. */
async function readBody(
  incoming: IncomingMessage,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= maxBytes) chunks.push(chunk);
  }
  return bytes <= maxBytes ? new Uint8Array(Buffer.concat(chunks)) : null;
}
