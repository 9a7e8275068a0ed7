import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Caller } from '../api/operatorViews.ts';
import { answerTrpc } from '../api/trpcHandler.ts';
import { Guard, type GuardOptions } from '../guard.ts';
import { createOperator, type Operator, type OperatorActs } from '../operator/operator.ts';
import { parseTokens } from '../operator/tokens.ts';
import { type NodeHandle, publishNode } from '../runtime.ts';
import { createScriptedNode } from './scriptedNode.ts';
import { SCRIPTED_OPERATOR_TOKEN, SCRIPTED_VIEWER_TOKEN, scriptedPreview } from './scriptedOperator.ts';

export const OPERATOR_TOKEN = SCRIPTED_OPERATOR_TOKEN;
export const VIEWER_TOKEN = SCRIPTED_VIEWER_TOKEN;

export interface Did {
  readonly what: string;
  readonly caller: Caller | null;
}

export interface OperatedServer {
  readonly url: string;
  readonly port: number;
  readonly operator: Operator;
  /** Orders that reached the node, oldest first. */
  readonly did: Did[];
  readonly journal: { readonly kind: string; readonly payload: unknown }[];
  readonly clock: { at: number };
  close(): Promise<void>;
}

/** The guard and the whole API over a scripted node whose operator is real; what it orders is only noted. */
export async function operatedServer(
  options: Partial<GuardOptions> & { readonly tokens?: boolean } = {},
): Promise<OperatedServer> {
  const clock = { at: Date.now() };
  const node: NodeHandle = createScriptedNode('aligned');
  const did: Did[] = [];
  const journal: OperatedServer['journal'] = [];
  const acts: OperatorActs = {
    preview: async () => {
      did.push({ what: 'preview', caller: null });
      return { ok: true, preview: scriptedPreview(clock.at, node.status().heads) };
    },
    execute: async (_, caller) => {
      did.push({ what: 'execute', caller });
      return { ok: true, id: 'rs-1' };
    },
    setPaused: async (paused, _, caller) => {
      did.push({ what: paused ? 'pause' : 'resume', caller });
      return { ok: true };
    },
  };
  const holders = parseTokens(`operator ana ${OPERATOR_TOKEN}\nviewer bob ${VIEWER_TOKEN}`);
  if (!holders.ok) throw new Error(holders.error);
  const operator = createOperator(
    { nodeName: 'scripted', holders: holders.value },
    {
      acts,
      clock: { now: () => clock.at },
      journal: { append: async (kind, payload) => journal.push({ kind, payload }) },
    },
  );
  if (options.tokens !== false) node.operator = operator;
  publishNode(node);
  const guard = new Guard({ host: '127.0.0.1', requestsPerSecond: 100_000, maxOpen: 1_000, ...options });
  const server = createServer((request, response) => {
    if (!guard.admits(request, response)) return;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const headers = new Headers();
      for (const [name, value] of Object.entries(request.headers)) {
        if (value !== undefined) headers.set(name, [value].flat().join(', '));
      }
      const body = chunks.length === 0 ? null : Buffer.concat(chunks);
      const asked = new Request(`http://${request.headers.host}${request.url}`, {
        method: request.method ?? 'GET',
        headers,
        ...(body === null ? {} : { body }),
      });
      const answer = await answerTrpc(asked);
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      response.end(Buffer.from(await answer.arrayBuffer()));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    operator,
    did,
    journal,
    clock,
    close: () => closed(server),
  };
}

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
