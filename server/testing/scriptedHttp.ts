/**
 * An HTTP server on the loopback that answers as a test says: what RPC providers do on bad days, byte for byte.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ScriptedRequest {
  readonly path: string;
  readonly authorization: string | null;
  /** The body as JSON, or null without one. */
  readonly json: unknown;
}

export type ScriptedAnswer =
  | {
      readonly kind: 'json';
      readonly body: unknown;
      readonly status?: number;
      readonly headers?: Record<string, string>;
    }
  | {
      readonly kind: 'text';
      readonly body: string;
      readonly status?: number;
      readonly headers?: Record<string, string>;
    }
  /** Headers, some bytes, and then the connection breaks. */
  | { readonly kind: 'reset'; readonly body: string }
  /** Some bytes and then nothing: ends when the client gives up or the server closes. */
  | { readonly kind: 'hang'; readonly body?: string };

export interface ScriptedHttp {
  readonly url: string;
  readonly requests: readonly ScriptedRequest[];
  close(): Promise<void>;
}

export type Script = (request: ScriptedRequest) => ScriptedAnswer | Promise<ScriptedAnswer>;

/** Starts a server on a port of the system's choice that answers every request by the script. */
export async function scriptedHttp(script: Script): Promise<ScriptedHttp> {
  const requests: ScriptedRequest[] = [];
  const server = createServer((incoming, response) => {
    void readBody(incoming).then(async (body) => {
      const request = {
        path: incoming.url ?? '/',
        authorization: incoming.headers.authorization ?? null,
        json: body === '' ? null : (JSON.parse(body) as unknown),
      };
      requests.push(request);
      answer(response, await script(request));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function answer(response: ServerResponse, scripted: ScriptedAnswer): void {
  switch (scripted.kind) {
    case 'json':
      response.writeHead(scripted.status ?? 200, { 'content-type': 'application/json', ...scripted.headers });
      response.end(JSON.stringify(scripted.body));
      return;
    case 'text':
      response.writeHead(scripted.status ?? 200, scripted.headers);
      response.end(scripted.body);
      return;
    case 'reset':
      response.writeHead(200, { 'content-length': '100000' });
      response.write(scripted.body, () => response.destroy());
      return;
    case 'hang':
      if (scripted.body !== undefined) response.write(scripted.body);
      return;
  }
}

export interface JsonRpcRequest {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** What a method handler may answer: a result, or an error as providers word it. */
export type RpcAnswer =
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string } };

/** A script that answers JSON-RPC, single or batched, call by call. */
export const rpcScript =
  (handle: (request: JsonRpcRequest) => RpcAnswer | Promise<RpcAnswer>): Script =>
  async ({ json }) => {
    const one = async (request: JsonRpcRequest): Promise<unknown> => ({
      jsonrpc: '2.0',
      id: request.id,
      ...(await handle(request)),
    });
    if (!Array.isArray(json)) return { kind: 'json', body: await one(json as JsonRpcRequest) };
    return { kind: 'json', body: await Promise.all((json as JsonRpcRequest[]).map(one)) };
  };
