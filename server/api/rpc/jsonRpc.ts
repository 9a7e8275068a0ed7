import { callMethod, type EcosystemDeps, RPC_METHODS } from './ecosystem.ts';

/**
 * JSON-RPC 2.0 over HTTP POST (https://www.jsonrpc.org/specification): single calls, batches, notifications. Read-only:
 * no method changes anything. Bounds: bodies of `MAX_RPC_BYTES`, batches of `MAX_RPC_BATCH`.
 */
export const MAX_RPC_BYTES = 64 * 1024;
export const MAX_RPC_BATCH = 100;

type Id = string | number | null;

const failure = (id: Id, code: number, message: string) => ({
  jsonrpc: '2.0' as const,
  error: { code, message },
  id,
});

const INVALID = 'Invalid Request';

/** The answer to a body, or null when it holds notifications alone, which get none. */
export function answerRpc(text: string, deps: EcosystemDeps): unknown {
  const body = parse(text);
  if (body === undefined) return failure(null, -32700, 'Parse error');
  if (!Array.isArray(body)) return answerOne(body, deps);
  if (body.length === 0) return failure(null, -32600, INVALID);
  if (body.length > MAX_RPC_BATCH)
    return failure(null, -32600, `A batch holds at most ${MAX_RPC_BATCH} calls`);
  const answers = body.map((one) => answerOne(one, deps)).filter((answer) => answer !== null);
  return answers.length === 0 ? null : answers;
}

function answerOne(call: unknown, deps: EcosystemDeps): unknown {
  if (typeof call !== 'object' || call === null || Array.isArray(call)) return failure(null, -32600, INVALID);
  const { jsonrpc, method, params, id } = call as Readonly<Record<string, unknown>>;
  const known = idOf(id);
  if (jsonrpc !== '2.0' || typeof method !== 'string' || known === 'invalid') {
    return failure(known === 'invalid' || known === 'none' ? null : known.id, -32600, INVALID);
  }
  if (known === 'none') return null;
  if (!takesNone(params)) return failure(known.id, -32602, `${method} takes no parameters`);
  const answer = callMethod(method, deps);
  switch (answer.kind) {
    case 'result':
      return { jsonrpc: '2.0', result: answer.result, id: known.id };
    case 'unknown_method':
      return failure(known.id, -32601, `The method does not exist; there are ${RPC_METHODS.join(', ')}`);
    case 'no_node':
      return failure(known.id, -32000, 'No node is running in this process');
  }
}

const takesNone = (params: unknown): boolean =>
  params === undefined ||
  (Array.isArray(params) && params.length === 0) ||
  (typeof params === 'object' && params !== null && Object.keys(params).length === 0);

/** A call without an id is a notification. Numbers with a fraction are allowed by the specification. */
function idOf(id: unknown): { id: Id } | 'none' | 'invalid' {
  if (id === undefined) return 'none';
  return id === null || typeof id === 'string' || typeof id === 'number' ? { id } : 'invalid';
}

/** Undefined when the text is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The HTTP side: JSON alone is taken (415), errors of calls are answers (200), notifications get no content (204). */
export async function answerRpcRequest(request: Request, deps: EcosystemDeps): Promise<Response> {
  const type = (request.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
  const headers = { 'cache-control': 'no-store' };
  if (type !== 'application/json') {
    return Response.json(
      { code: 'UNSUPPORTED_MEDIA_TYPE', message: 'Only application/json is taken.' },
      { status: 415, headers },
    );
  }
  const answer = answerRpc(await request.text(), deps);
  return answer === null ? new Response(null, { status: 204, headers }) : Response.json(answer, { headers });
}
