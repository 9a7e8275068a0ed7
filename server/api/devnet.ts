import { z } from 'zod';
import type { DevnetHandle, NodeHandle } from '../runtime.ts';
import { sameOrigin } from './authorise.ts';
import type { DevnetAnswer, DevnetVerb } from './views.ts';

/** The only route that changes anything without a token, and only where a devnet is all that can be changed. */

const MAX_BODY_BYTES = 4 * 1024;
const MAX_TEXT = 64;

const body = z.strictObject({
  verb: z.string().max(MAX_TEXT),
  args: z.record(z.string().max(MAX_TEXT), z.union([z.string().max(MAX_TEXT), z.number()])).default({}),
});

const HEADERS = { 'Cache-Control': 'no-store' };

const NOT_A_DEVNET = 'This process is not part of a devnet.';

const say = (status: number, answer: DevnetAnswer): Response =>
  Response.json(answer, { status, headers: HEADERS });
const refuse = (status: number, sentence: string): Response => say(status, { ok: false, sentence });

/** What the page may offer; empty unless this process is part of a devnet. */
export const devnetVerbs = (node: NodeHandle | null): readonly DevnetVerb[] => node?.devnet?.verbs() ?? [];

/** 200 with the verbs, 404 unless this process is part of a devnet. */
export function answerVerbs(node: NodeHandle | null): Response {
  const verbs = devnetVerbs(node);
  if (verbs.length === 0) return refuse(404, NOT_A_DEVNET);
  return Response.json({ verbs }, { headers: HEADERS });
}

/**
 * Runs one verb, `{"verb": …, "args": {…}}`: 200 when it is as was asked, 409 when it cannot be, both with one
 * sentence. Refused before anything is read: requests that another page could have sent, and bodies of another type
 * than JSON, which a form cannot send. Bodies end at 4 KiB.
 */
export async function answerChaos(node: NodeHandle | null, request: Request): Promise<Response> {
  const devnet = node?.devnet;
  if (devnet === undefined) return refuse(404, NOT_A_DEVNET);
  const refused = refusalOf(request);
  if (refused !== null) return refused;
  const text = await readBounded(request);
  if (text === null) return refuse(413, 'The request is too large.');
  const read = body.safeParse(tryJson(text));
  if (!read.success) return refuse(400, 'Expected a JSON object {"verb": …, "args": {…}}.');
  return run(devnet, read.data);
}

/**
 * Browsers say which page a POST comes from, and pages cannot change it. Both headers have to fit: Origin names the
 * page, Sec-Fetch-Site is missing on plain HTTP to other machines. The host itself was checked before (`front.ts`).
 */
function refusalOf(request: Request): Response | null {
  const { headers } = request;
  const site = headers.get('sec-fetch-site');
  if (!sameOrigin(headers.get('origin'), headers.get('host')) || (site !== null && site !== 'same-origin')) {
    return refuse(403, 'Only the page of this server may ask.');
  }
  const type = (headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
  return type === 'application/json' ? null : refuse(415, 'Only application/json is taken.');
}

/** Null when there is more than is taken; the rest is not read. */
async function readBounded(request: Request): Promise<string | null> {
  if (request.body === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = request.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new TextDecoder().decode(Buffer.concat(chunks));
    bytes += value.length;
    if (bytes > MAX_BODY_BYTES) {
      await reader.cancel().catch(() => undefined);
      return null;
    }
    chunks.push(value);
  }
}

async function run(devnet: DevnetHandle, { verb, args }: z.infer<typeof body>): Promise<Response> {
  if (!devnet.verbs().some(({ name }) => name === verb)) return refuse(400, 'There is no such verb.');
  const { ok, sentence } = await devnet.run(verb, args);
  return say(ok ? 200 : 409, { ok, sentence });
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
