import { z } from 'zod';
import {
  activityAnswer,
  activityInput,
  activityRow,
  batchAnswer,
  batchListAnswer,
  batchListInput,
  batchRow,
  leadersAnswer,
  leadersInput,
  leaderTerm,
  reorgAnswer,
  reorgDetail,
  reorgsAnswer,
  reorgsInput,
} from '../historyViews.ts';
import { checkView, headsAnswer, statusView, VERDICTS } from '../views.ts';

/**
 * Everything that may be asked over plain HTTP, once: the handler answers from this table, `openapi.json` and the API
 * page are made from it. All of it is read-only and public.
 */
export type ExportFormat = 'csv' | 'json' | 'jsonl' | 'rss' | 'atom';

export interface RestRoute {
  readonly id: string;
  /** With `{name}` for what varies. A list with exports answers at `PATH.csv` and so on too. */
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  readonly parameters: z.ZodObject | null;
  readonly query: z.ZodObject | null;
  /** Of the JSON answer with status 200; null where it is no JSON. */
  readonly answer: z.ZodType | null;
  /** Of one exported row. */
  readonly row: z.ZodType | null;
  /** What the answer is, where it is no JSON. */
  readonly contentType: string;
  readonly exports: readonly ExportFormat[];
  /** Statuses other than 200, 400 and 503 that it may have. */
  readonly notFound: boolean;
}

const JSON_TYPE = 'application/json';
const route = (
  given: Pick<RestRoute, 'id' | 'path' | 'summary' | 'description'> & Partial<RestRoute>,
): RestRoute => ({
  parameters: null,
  query: null,
  answer: null,
  row: null,
  contentType: JSON_TYPE,
  exports: [],
  notFound: false,
  ...given,
});

/** The variant of an answer that comes with status 200. */
const only = (union: { options: readonly z.ZodObject[] }, kind: string): z.ZodObject =>
  union.options.find((option) => (option.shape['kind'] as z.ZodLiteral).value === kind)!;

const LIST =
  'Newest first. `next` of the answer is `before` of the next page; the Link header names it too. ';
const FILTERS = 'Times are milliseconds since 1970 or ISO 8601, both ends included.';
const TABLES: readonly ExportFormat[] = ['csv', 'json', 'jsonl'];

const probe = z.object({ ok: z.boolean(), checks: z.array(checkView) });
const ready = z.object({
  ready: z.boolean(),
  verdict: z.enum(VERDICTS),
  reason: z.string().nullable(),
  checks: z.array(checkView),
});
const started = z.object({ started: z.boolean(), reason: z.string().nullable() });

export const eventsQuery = z.object({
  after: z.number().int().nonnegative().optional(),
  kinds: activityInput.shape.kinds,
});

export const ROUTES = [
  route({
    id: 'status',
    path: '/api/v1/status',
    summary: 'The whole status of the node',
    description:
      'One immutable snapshot: verdict, freshness, heads, leader, sequencer, newest batches and reorgs.',
    answer: statusView,
  }),
  route({
    id: 'heads',
    path: '/api/v1/heads',
    summary: 'The heads of L1 and L2',
    description: 'Unsafe, safe and finalized, each with hash, and the L1 block that is derived.',
    answer: only(headsAnswer, 'heads'),
  }),
  route({
    id: 'reorgs',
    path: '/api/v1/reorgs',
    summary: 'Reorgs of both layers',
    description: `${LIST}With figures of the filter and since when was watched. ${FILTERS}`,
    query: reorgsInput,
    answer: only(reorgsAnswer, 'reorgs'),
    row: reorgDetail,
    exports: [...TABLES, 'rss', 'atom'],
  }),
  route({
    id: 'reorg',
    path: '/api/v1/reorgs/{id}',
    summary: 'One reorg with its evidence',
    description: 'Both branches, cause, leaders, heads before and after, and the fate of each transaction.',
    parameters: z.object({ id: z.string().min(1).max(100) }),
    answer: only(reorgAnswer, 'reorg'),
    notFound: true,
  }),
  route({
    id: 'leaders',
    path: '/api/v1/leaders',
    summary: 'Who led, and which batches',
    description: `${LIST}The present leader and the terms to come are in the status. ${FILTERS}`,
    query: leadersInput,
    answer: only(leadersAnswer, 'leaders'),
    row: leaderTerm,
    exports: TABLES,
  }),
  route({
    id: 'batches',
    path: '/api/v1/batches',
    summary: 'Batches and how far each has come',
    description: `${LIST}A number that a reorg brought again has a row for each commit. ${FILTERS}`,
    query: batchListInput,
    answer: only(batchListAnswer, 'batch_list'),
    row: batchRow,
    exports: TABLES,
  }),
  route({
    id: 'batch',
    path: '/api/v1/batches/{number}',
    summary: 'One batch number with all its commits',
    description: 'Steps with their times, L1 block and transaction, L2 span, and what orphaned it.',
    parameters: z.object({ number: z.number().int().nonnegative() }),
    answer: only(batchAnswer, 'batch'),
    notFound: true,
  }),
  route({
    id: 'activity',
    path: '/api/v1/activity',
    summary: 'Every event of the journal',
    description: `${LIST}\`kinds\` takes whole kinds or groups, separated by commas. ${FILTERS}`,
    query: activityInput,
    answer: only(activityAnswer, 'activity'),
    row: activityRow,
    exports: [...TABLES, 'rss', 'atom'],
  }),
  route({
    id: 'events',
    path: '/api/v1/events',
    summary: 'The journal as it is written (server-sent events)',
    description:
      'Each event with its `seq` as id: reconnecting with Last-Event-ID goes on without a gap. `after` says where to begin, else with the next one. When too much was missed, an event `missed` says what.',
    query: eventsQuery,
    row: activityRow,
    contentType: 'text/event-stream',
  }),
  route({
    id: 'openapi',
    path: '/api/v1/openapi.json',
    summary: 'This description',
    description: 'OpenAPI 3.1.',
    answer: z.looseObject({ openapi: z.string() }),
  }),
  route({
    id: 'healthz',
    path: '/healthz',
    summary: 'Should the process be left running?',
    description: '503 when its event loop stands or its journal cannot be written.',
    answer: probe,
  }),
  route({
    id: 'readyz',
    path: '/readyz',
    summary: 'May the node be relied on?',
    description: '503 with the reason when not. Every criterion with value, limit and reason.',
    answer: ready,
  }),
  route({
    id: 'startupz',
    path: '/startupz',
    summary: 'Is it under way?',
    description: '503 until L1 and the engine have answered.',
    answer: started,
  }),
  route({
    id: 'metrics',
    path: '/metrics',
    summary: 'Metrics in Prometheus’ text form',
    description: 'Of the node and of its process.',
    contentType: 'text/plain',
  }),
] as const satisfies readonly RestRoute[];

/** Every answer that is no 2xx, the probes' apart. */
export const errorView = z.object({ code: z.string(), message: z.string() });
