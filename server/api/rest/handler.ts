import type { z } from 'zod';
import type { HistoryHandle, NodeHandle } from '../../runtime.ts';
import { answerHeads, answerStatus } from '../answers.ts';
import { activityInput, batchListInput, leadersInput, reorgsInput } from '../historyViews.ts';
import type { EventQuery } from '../live/eventTail.ts';
import { STREAM_HEADERS } from '../live/liveStreams.ts';
import { statusText } from '../live/statusText.ts';
import {
  answerActivity,
  answerBatch,
  answerBatchList,
  answerLeaders,
  answerReorg,
  answerReorgs,
} from '../queries.ts';
import { begun, CONTENT_TYPES, fileName, streamOf, tableText } from './exports.ts';
import { activityEntry, atom, FEED_ENTRIES, type FeedInfo, reorgEntry, rss } from './feeds.ts';
import { allActivity, allReorgs, EXPORTS } from './lists.ts';
import { openApi } from './openApi.ts';
import { readQuery } from './query.ts';
import { type ExportFormat, eventsQuery, type RestRoute, ROUTES } from './routes.ts';

export interface RestDeps {
  readonly node: NodeHandle | null;
  readonly now: () => number;
  readonly software: string;
  /** Event streams that are open in this process. */
  readonly streams: { readonly full: boolean };
}

export interface RestMatch {
  readonly route: RestRoute;
  readonly format: ExportFormat | null;
  /** What stands where the path has `{…}`, still encoded. */
  readonly captured: readonly string[];
}

const NO_STORE = { 'cache-control': 'no-store' };

const problem = (status: number, code: string, message: string, headers: HeadersInit = {}): Response =>
  Response.json({ code, message }, { status, headers: { ...NO_STORE, ...headers } });

const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '([^/]{1,300})')}$`);

const PATTERNS = ROUTES.filter(({ path }) => path.startsWith('/api/')).flatMap((route: RestRoute) => [
  { route, format: null, pattern: patternOf(route.path) },
  ...route.exports.map((format) => ({ route, format, pattern: patternOf(`${route.path}.${format}`) })),
]);

/** Null when the path is nobody's here. */
export function matchRest(path: string): RestMatch | null {
  for (const { route, format, pattern } of PATTERNS) {
    const found = pattern.exec(path);
    if (found !== null) return { route, format, captured: found.slice(1) };
  }
  return null;
}

/** Answers one request of the table. Never throws for what a client sent. */
export async function answerRest(request: Request, match: RestMatch, deps: RestDeps): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return problem(405, 'METHOD_NOT_ALLOWED', 'Only GET is answered here.', { allow: 'GET, HEAD' });
  const { searchParams } = new URL(request.url);
  if (match.format !== null) return answerExport(request, match, match.format, searchParams, deps);
  if (match.route.id === 'events') return answerEvents(request, searchParams, deps);
  if (match.route.query === null && searchParams.size > 0)
    return problem(400, 'BAD_QUERY', 'There are no parameters here.');
  return answerJson(request, match, searchParams, deps);
}

type Answer = { readonly kind: string; readonly sentence?: string };

async function answerJson(
  request: Request,
  { route, captured }: RestMatch,
  search: URLSearchParams,
  { node, now, software }: RestDeps,
): Promise<Response> {
  const at = now();
  const ask = async <Schema extends z.ZodObject>(
    schema: Schema,
    run: (input: z.infer<Schema>) => Promise<Answer>,
  ): Promise<Response> => {
    const read = readQuery(schema, search);
    return read.ok ? shown(request, await run(read.value)) : problem(400, 'BAD_QUERY', read.message);
  };
  const part = decoded(captured[0] ?? '');
  if (part === null) return problem(400, 'BAD_PATH', 'The path is not encoded rightly.');
  switch (route.id) {
    case 'status': {
      const text = statusText(node);
      return text === null ? shown(request, answerStatus(null, at)) : jsonOf(text);
    }
    case 'heads':
      return shown(request, answerHeads(node, at));
    case 'reorgs':
      return ask(reorgsInput, (input) => answerReorgs(node, at, input));
    case 'reorg':
      return shown(request, await answerReorg(node, at, part));
    case 'leaders':
      return ask(leadersInput, (input) => answerLeaders(node, at, input));
    case 'batches':
      return ask(batchListInput, (input) => answerBatchList(node, at, input));
    case 'batch':
      return /^\d{1,15}$/.test(part)
        ? shown(request, await answerBatch(node, at, Number(part)))
        : problem(400, 'BAD_PATH', 'A batch is named by its number.');
    case 'activity':
      return ask(activityInput, (input) => answerActivity(node, at, input));
    case 'openapi':
      return found(openApi(software));
    default:
      return problem(404, 'NOT_FOUND', 'There is nothing here.');
  }
}

const jsonOf = (text: Uint8Array<ArrayBuffer>): Response =>
  new Response(text, { headers: { ...NO_STORE, 'content-type': 'application/json' } });

const found = (body: unknown, headers: HeadersInit = {}): Response =>
  Response.json(body, { headers: { ...NO_STORE, ...headers } });

/** An answer of the queries as HTTP has it: what is not there is no 200. */
function shown(request: Request, answer: Answer): Response {
  switch (answer.kind) {
    case 'no_node':
      return problem(503, 'NO_NODE', answer.sentence ?? '');
    case 'no_history':
      return problem(503, 'NO_HISTORY', answer.sentence ?? '');
    case 'no_reorg':
    case 'no_batch':
      return problem(404, 'NOT_FOUND', answer.sentence ?? '');
    default:
      return found(answer, linkOf(request, answer));
  }
}

/** RFC 8288: where the next page is. */
function linkOf(request: Request, answer: object): Record<string, string> {
  const next = 'next' in answer ? answer.next : null;
  if (typeof next !== 'number') return {};
  const url = new URL(request.url);
  url.searchParams.set('before', String(next));
  return { link: `<${url.pathname}${url.search}>; rel="next"` };
}

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

const NO_NODE = 'No node is running in this process.';
const NO_HISTORY = 'This node keeps no journal.';

async function answerExport(
  request: Request,
  { route }: RestMatch,
  format: ExportFormat,
  search: URLSearchParams,
  { node, now }: RestDeps,
): Promise<Response> {
  const filter = readQuery(route.query!.omit({ limit: true, before: true }), search);
  if (!filter.ok) return problem(400, 'BAD_QUERY', filter.message);
  if (node === null) return problem(503, 'NO_NODE', NO_NODE);
  const { history } = node;
  if (history === undefined) return problem(503, 'NO_HISTORY', NO_HISTORY);
  try {
    if (format === 'rss' || format === 'atom')
      return await answerFeed(request, route, format, filter.value, node, history);
    const { columns, all } = EXPORTS[route.id]!;
    const pages = all(node, history, now(), filter.value as never);
    const text = await begun(tableText(format, columns as never, pages));
    const { name } = node.status().node;
    const headers = {
      ...NO_STORE,
      'content-type': CONTENT_TYPES[format],
      'content-disposition': `attachment; filename="${fileName(route.id, name, now(), format)}"`,
    };
    return new Response(streamOf(text), { headers });
  } catch (error) {
    return problem(503, 'NO_HISTORY', `The journal does not answer: ${messageOf(error)}`);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'no reason given');

async function answerFeed(
  request: Request,
  route: RestRoute,
  format: 'rss' | 'atom',
  filter: object,
  node: NodeHandle,
  history: NonNullable<NodeHandle['history']>,
): Promise<Response> {
  const { name, l2ChainId } = node.status().node;
  const list = route.id === 'reorgs' ? 'reorgs' : 'activity';
  const url = new URL(request.url);
  const info: FeedInfo = {
    list,
    title: `${list === 'reorgs' ? 'Reorgs' : 'Activity'} of ${name}`,
    origin: `${url.protocol}//${request.headers.get('host') ?? 'localhost'}`,
    path: `${url.pathname}${url.search}`,
    node: name,
    l2ChainId,
  };
  // One page is what a feed holds.
  const pages = list === 'reorgs' ? allReorgs(history, filter) : allActivity(history, filter);
  const first = await pages.next();
  const rows = first.done ? [] : first.value.slice(0, FEED_ENTRIES);
  const entries = rows.map((row) => ('sentence' in row ? activityEntry(row) : reorgEntry(row)));
  const text = format === 'rss' ? rss(info, entries) : atom(info, entries);
  return new Response(text, {
    headers: { ...NO_STORE, 'content-type': `application/${format}+xml; charset=utf-8` },
  });
}

/** What a stream of events needs to begin, or why it may not. */
export type EventsAsked =
  | { readonly kind: 'refused'; readonly answer: Response }
  | {
      readonly kind: 'follow';
      readonly node: NodeHandle;
      readonly history: HistoryHandle;
      readonly query: EventQuery;
    };

/** @param lastEventId the header with which a client that comes back says where it stopped */
export function askForEvents(
  search: URLSearchParams,
  lastEventId: string | null,
  { node, streams }: Pick<RestDeps, 'node' | 'streams'>,
): EventsAsked {
  const refused = (answer: Response): EventsAsked => ({ kind: 'refused', answer });
  const read = readQuery(eventsQuery, search);
  if (!read.ok) return refused(problem(400, 'BAD_QUERY', read.message));
  if (node === null) return refused(problem(503, 'NO_NODE', NO_NODE));
  const { history } = node;
  if (history === undefined) return refused(problem(503, 'NO_HISTORY', NO_HISTORY));
  if (streams.full)
    return refused(
      problem(503, 'TOO_MANY_STREAMS', 'Too many event streams are open.', { 'retry-after': '10' }),
    );
  const { after, kinds } = read.value;
  const begin =
    lastEventId !== null && /^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) : (after ?? null);
  return { kind: 'follow', node, history, query: { after: begin, kinds } };
}

/** What a stream would answer, without it: the front follows GET itself, and sends its bytes to all at once. */
function answerEvents(request: Request, search: URLSearchParams, deps: RestDeps): Response {
  const asked = askForEvents(search, request.headers.get('last-event-id'), deps);
  return asked.kind === 'refused' ? asked.answer : new Response(null, { headers: STREAM_HEADERS });
}
