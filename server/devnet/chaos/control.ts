/** Where the chaos verbs are asked for: HTTP on the loopback, for who holds the token. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { boundedText } from '../../lib/bounded.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { ChaosError } from './chaosError.ts';
import { type ChaosAnswer, type ChaosCommand, readCommand } from './verbTable.ts';

export interface ChaosControl {
  readonly url: string;
  readonly token: string;
  /** Holds both, readable by its owner only. */
  readonly file: string;
  close(): Promise<void>;
}

export interface ChaosControlOptions {
  /** Folder that the file with address and token is written to. */
  readonly dir: string;
  /** Where the devnet's nodes show their pages, named in the file too; empty without pages. */
  readonly dashboards: readonly { readonly name: string; readonly url: string }[];
}

export interface ChaosControlDeps {
  readonly run: (command: ChaosCommand) => Promise<ChaosAnswer>;
}

export const CONTROL_FILE = 'chaos.json';
const PATH = '/chaos';
const MAX_BODY_BYTES = 16 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;
const TOKEN_BYTES = 32;
const OWNER_ONLY = 0o600;

const requestBody = z.strictObject({ verb: z.string(), args: z.unknown().optional() });
const controlFile = z.object({
  url: z.url({ protocol: /^http$/ }),
  token: z.string().regex(/^[0-9a-f]{64}$/),
  dashboards: z.array(z.object({ name: z.string(), url: z.url({ protocol: /^http$/ }) })),
});
export type ControlFile = z.infer<typeof controlFile>;

/** Listens on a loopback port of the system's choice and writes the file that `plumbline chaos` reads. */
export async function startChaosControl(
  { dir, dashboards }: ChaosControlOptions,
  deps: ChaosControlDeps,
): Promise<ChaosControl> {
  const token = randomBytes(TOKEN_BYTES).toString('hex');
  const server = createServer((request, response) => {
    handle(request, response, server, token, deps).catch(() => response.destroy());
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${portOf(server)}${PATH}`;
  const file = join(dir, CONTROL_FILE);
  writePrivately(file, { url, token, dashboards: [...dashboards] });
  return {
    url,
    token,
    file,
    close: async () => {
      rmSync(file, { force: true });
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Reads what `startChaosControl` wrote. The error is one sentence. */
export function readControlFile(file: string): Result<ControlFile, string> {
  let text: string;
  try {
    if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) {
      return err(`${file} can be read by others than its owner: it is not what the devnet wrote.`);
    }
    text = readFileSync(file, 'utf8');
  } catch {
    return err(
      `No devnet with several nodes runs here: there is no ${file}. Name another one with --devnet.`,
    );
  }
  const parsed = controlFile.safeParse(tryJson(text));
  return parsed.success ? ok(parsed.data) : err(`${file} does not name a devnet's control.`);
}

/** Under another name first, so that nobody reads half of it or reads it before it is private. */
function writePrivately(file: string, content: ControlFile): void {
  const draft = `${file}.new`;
  rmSync(draft, { force: true });
  writeFileSync(draft, `${JSON.stringify(content)}\n`, { mode: OWNER_ONLY, flag: 'wx' });
  // The mode above is what the umask leaves of it.
  chmodSync(draft, OWNER_ONLY);
  renameSync(draft, file);
}

interface Refusal {
  readonly status: number;
  readonly error: string;
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  server: Server,
  token: string,
  { run }: ChaosControlDeps,
): Promise<void> {
  const refused = refusalOf(request, portOf(server), token);
  if (refused !== null) return refuse(response, refused);
  const body = await boundedText({ body: request }, MAX_BODY_BYTES);
  if (body === null) return refuse(response, { status: 413, error: 'The request is too large.' });
  const read = requestBody.safeParse(tryJson(body));
  if (!read.success) {
    return refuse(response, { status: 400, error: 'Expected a JSON object {"verb": …, "args": {…}}.' });
  }
  const command = readCommand(read.data.verb, read.data.args);
  if (!command.ok) return refuse(response, { status: 400, error: command.error });
  try {
    send(response, 200, await run(command.value));
  } catch (error) {
    refuse(response, failureOf(error));
  }
}

/**
 * Who may ask at all. A loopback socket alone keeps no other web page out: a name that resolves to 127.0.0.1 reaches
 * it too (DNS rebinding), so the Host header decides; and pages have no business here, so an Origin ends it. JSON
 * alone is taken, which a form cannot send.
 */
function refusalOf(request: IncomingMessage, port: number, token: string): Refusal | null {
  const { host, origin, authorization } = request.headers;
  if (host !== `127.0.0.1:${port}` && host !== `localhost:${port}`) {
    return { status: 421, error: 'This server does not answer under that host name.' };
  }
  if (origin !== undefined || request.headers['sec-fetch-site'] !== undefined) {
    return { status: 403, error: 'This server does not answer to web pages.' };
  }
  if (request.url !== PATH) return { status: 404, error: `There is nothing here but ${PATH}.` };
  if (request.method !== 'POST') return { status: 405, error: 'Verbs are sent with POST.' };
  if (!sameToken(authorization, token)) {
    return { status: 401, error: 'The token is missing or wrong: it is in the devnet’s chaos.json.' };
  }
  const type = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (type !== 'application/json') return { status: 415, error: 'Only application/json is taken.' };
  return null;
}

function sameToken(authorization: string | undefined, token: string): boolean {
  const given = Buffer.from(authorization ?? '');
  const expected = Buffer.from(`Bearer ${token}`);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function failureOf(error: unknown): Refusal {
  if (error instanceof ChaosError) {
    return { status: { bad_request: 400, not_now: 409, failed: 502 }[error.code], error: error.message };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { status: 500, error: `It did not work: ${message}` };
}

function refuse(response: ServerResponse, { status, error }: Refusal): void {
  if (status === 401) response.setHeader('www-authenticate', 'Bearer');
  if (status === 405) response.setHeader('allow', 'POST');
  // A body that was not read would be taken for the next request.
  response.setHeader('connection', 'close');
  send(response, status, { error });
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
