import { answerRest, matchRest } from '../api/rest/handler.ts';
import type { NodeHandle } from '../runtime.ts';
import { createScriptedNode } from './scriptedNode.ts';

const NOW = Date.UTC(2026, 10, 21, 14, 2, 31);
/** A scripted node that stands still at one moment. */
export const node = (scenario: Parameters<typeof createScriptedNode>[0] = 'recovered') =>
  createScriptedNode(scenario, () => NOW);

/** What the REST API answers to one request, over a scripted node unless `over` names another. */
export async function ask(
  path: string,
  over: { node?: NodeHandle | null; method?: string; headers?: HeadersInit; signal?: AbortSignal } = {},
) {
  const request = new Request(`http://node${path}`, {
    method: over.method ?? 'GET',
    headers: { host: 'localhost:3000', ...over.headers },
    ...(over.signal === undefined ? {} : { signal: over.signal }),
  });
  const match = matchRest(new URL(request.url).pathname);
  if (match === null) throw new Error(`nobody answers ${path}`);
  return answerRest(request, match, {
    node: over.node === undefined ? node() : over.node,
    now: () => NOW,
    software: 'plumbline/1.2.3',
    streams: { full: false },
  });
}
/** One page of a list. */
export const rowsOf = async (path: string, over = {}) =>
  ((await (await ask(path, over)).json()) as { rows: { seq: number }[] }).rows;
