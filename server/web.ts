import { readFile } from 'node:fs/promises';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import next from 'next';
import { front, json, type ProcessOps } from './front.ts';
import { Guard, type GuardOptions } from './guard.ts';
import { currentNode, publishBuild } from './runtime.ts';

export interface WebOptions {
  readonly port: number;
  readonly host: string;
  /** Folder that holds the production build (`.next`); null serves no pages, only probes, metrics and the API. */
  readonly dir: string | null;
  readonly process: ProcessOps;
  readonly guard?: Omit<GuardOptions, 'host'>;
  readonly limits?: typeof REQUEST_LIMITS;
  /** PEM texts; null serves plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string } | null;
}

export interface Web {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * reliability.md W15. A request has so long to send its headers, and itself whole; how often connections are looked at
 * for that. Milliseconds. An answer, such as a stream of events, may take for ever.
 */
export const REQUEST_LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1_000,
};

/** Serves the dashboard and the API. Rejects with the system's error when the port cannot be had. */
export async function startWeb(options: WebOptions): Promise<Web> {
  const server = serverOf(options);
  const guard = new Guard({ host: options.host, ...options.guard });
  let handle: ReturnType<ReturnType<typeof next>['getRequestHandler']> | null = null;
  // From the first connection on: a request that nobody listens to would hang until its sender loses patience.
  server.on('request', (request, response) => {
    const { process, tls } = options;
    // Next's own answers get it in next.config.js; the browser heeds it over TLS alone.
    if (tls) response.setHeader('strict-transport-security', 'max-age=31536000');
    if (front(request, response, { guard, node: currentNode(), process })) return;
    if (options.dir === null) return json(response, 404, { error: 'This node serves no pages.' });
    if (handle === null) return json(response, 503, { error: 'The pages are being started.' });
    handle(request, response).catch(() => {
      if (!response.headersSent) json(response, 500, { error: 'The page could not be made.' });
      else response.end();
    });
  });
  const url = await listen(server, options);
  const stopListening = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    // An open event stream would hold the server for ever.
    server.closeAllConnections();
    await closed;
  };
  if (options.dir === null) return { url, close: stopListening };
  const app = next({
    dev: false,
    dir: options.dir,
    hostname: options.host,
    port: options.port,
    httpServer: server,
  });
  const close = async (): Promise<void> => {
    await stopListening();
    await app.close();
  };
  try {
    // Before the pages are read: a build that is exchanged later is not the one that is served.
    publishBuild(await buildId(options.dir));
    await app.prepare();
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
  handle = app.getRequestHandler();
  return { url, close };
}

/** As Next names a build; a page that was drawn by another one is old. */
export const buildId = async (dir: string): Promise<string> =>
  (await readFile(join(dir, '.next', 'BUILD_ID'), 'utf8')).trim();

const serverOf = ({ tls, limits = REQUEST_LIMITS }: WebOptions): Server =>
  tls ? createHttpsServer({ ...limits, ...tls }) : createHttpServer(limits);

const listen = (server: Server, { port, host, tls }: WebOptions): Promise<string> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      const { port: bound } = server.address() as AddressInfo;
      const name = host === '127.0.0.1' || host === '::1' ? 'localhost' : host;
      resolve(`${tls ? 'https' : 'http'}://${name}:${bound}`);
    });
  });
