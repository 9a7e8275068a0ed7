/** Stands between a client and an engine, passes everything on, and holds each exchange against the description. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { schemaProblem } from './engineSchemas.ts';

export interface SchemaProxy {
  readonly url: string;
  /** What did not fit, each once. */
  readonly problems: ReadonlySet<string>;
  /** Methods of the Engine API that passed through. */
  readonly methods: ReadonlySet<string>;
  close(): Promise<void>;
}

export async function startSchemaProxy(target: string): Promise<SchemaProxy> {
  const problems = new Set<string>();
  const methods = new Set<string>();
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString('utf8');
    const { authorization } = request.headers;
    const answer = await fetch(target, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(authorization === undefined ? {} : { authorization }),
      },
      body,
    });
    const text = await answer.text();
    if (answer.ok) {
      const { method, params } = JSON.parse(body) as { method: string; params: unknown };
      if (method.startsWith('engine_')) methods.add(method);
      const problem = schemaProblem(method, params, JSON.parse(text));
      if (problem !== null) problems.add(problem);
    }
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' });
    response.end(text);
  };
  const server = createServer((request, response) => {
    pass(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    problems,
    methods,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
