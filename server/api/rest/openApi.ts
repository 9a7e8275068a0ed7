import { z } from 'zod';
import { webhookBody } from '../webhookView.ts';
import { errorView, type RestRoute, ROUTES } from './routes.ts';

/** OpenAPI 3.1 out of the table of routes and the schemas that answer them (https://spec.openapis.org/oas/v3.1.0). */

type Json = Readonly<Record<string, unknown>>;

const schemaOf = (schema: z.ZodType, io: 'input' | 'output' = 'output'): Json => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
};

const parametersOf = (schema: z.ZodObject | null, where: 'path' | 'query'): Json[] =>
  Object.entries(schema?.shape ?? {}).map(([name, one]) => {
    const { description, ...shape } = schemaOf(one as z.ZodType, 'input');
    const list = shape['type'] === 'array';
    return {
      name,
      in: where,
      required: where === 'path',
      schema: shape,
      ...(list ? { style: 'form', explode: false } : {}),
      ...(description === undefined ? {} : { description }),
    };
  });

const failure = (description: string): Json => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
});

const isProbe = ({ path }: RestRoute): boolean => path.endsWith('z');

function responsesOf(route: RestRoute): Json {
  const schema = route.answer === null ? { type: 'string' } : schemaOf(route.answer);
  const content = { [route.contentType]: { schema } };
  return {
    200: { description: route.summary, content },
    ...(route.query === null ? {} : { 400: failure('A parameter is not right; the message names it.') }),
    ...(route.notFound ? { 404: failure('This node does not know it.') } : {}),
    ...(route.path === '/metrics'
      ? {}
      : {
          503: isProbe(route)
            ? { description: 'No, and why.', content }
            : failure('There is no node or no journal.'),
        }),
  };
}

const EXPORT_TYPES: Readonly<Record<RestRoute['exports'][number], string>> = {
  csv: 'text/csv',
  json: 'application/json',
  jsonl: 'application/jsonl',
  rss: 'application/rss+xml',
  atom: 'application/atom+xml',
};

/** `reorgs.csv` and so on: all that the filter matches, as a download or a feed. */
function exportsOf(route: RestRoute): [string, Json][] {
  return route.exports.map((format) => {
    const rows = route.row === null ? {} : schemaOf(route.row);
    const schema = format === 'json' ? { type: 'array', items: rows } : { type: 'string' };
    const filter = route.query?.omit({ limit: true, before: true }) ?? null;
    const operation = {
      operationId: `${route.id}_${format}`,
      summary: `${route.summary}, as ${format.toUpperCase()}`,
      description:
        format === 'rss' || format === 'atom'
          ? 'The newest of the filter.'
          : 'All that the filter matches, streamed.',
      parameters: parametersOf(filter, 'query'),
      responses: {
        200: { description: route.summary, content: { [EXPORT_TYPES[format]]: { schema } } },
        400: failure('A parameter is not right; the message names it.'),
        503: failure('There is no node or no journal.'),
      },
    };
    return [`${route.path}.${format}`, { get: operation }];
  });
}

export function openApi(software: string): Json {
  const routes: readonly RestRoute[] = ROUTES;
  const paths = routes.flatMap((route) => {
    const operation = {
      operationId: route.id,
      summary: route.summary,
      description: route.description,
      parameters: [...parametersOf(route.parameters, 'path'), ...parametersOf(route.query, 'query')],
      responses: responsesOf(route),
    };
    return [[route.path, { get: operation }], ...exportsOf(route)] as [string, Json][];
  });
  return {
    openapi: '3.1.0',
    info: {
      title: 'Plumbline',
      version: software.replace(/^.*\//, ''),
      description: 'What a node knows of its rollup: read-only, public, the same answers as its pages.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    paths: Object.fromEntries(paths),
    webhooks: {
      event: {
        post: {
          operationId: 'webhook',
          summary: 'What the node posts to the webhook of its configuration',
          description:
            'Signed: X-Plumbline-Signature is `t=<seconds>,v1=<hex>` with HMAC-SHA256 of `t.body`. At least once: X-Plumbline-Event-Id is the same in every try. Any 2xx takes it; else it comes again, five times.',
          requestBody: { content: { 'application/json': { schema: schemaOf(webhookBody) } } },
          responses: { 200: { description: 'Taken.' } },
        },
      },
    },
    components: { schemas: { Error: schemaOf(errorView) } },
  };
}
