import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { BatchQuery, PageQuery, ReorgQuery } from './readModels.ts';

/** What the filters of the read models are in SQL. `node` is null in SQLite, where the whole database is one journal. */

/** Lower and upper case alike; what a person types is no pattern. */
export const textCondition = (
  column: string,
  q: string | undefined,
  node: string | null,
): RawBuilder<SqlBool> | null => (q === undefined ? null : like(column, `%${escapeLike(q)}%`, node));

const like = (column: string, pattern: string, node: string | null): RawBuilder<SqlBool> =>
  node === null
    ? // SQLite's own LIKE takes both cases of ASCII, and lower() would copy every row.
      sql<SqlBool>`${sql.ref(column)} LIKE ${pattern} ESCAPE '!'`
    : // Of ASCII alone here too: the rules of a language would take three times as long.
      sql<SqlBool>`lower(${sql.ref(column)} COLLATE "C") LIKE ${pattern.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())} ESCAPE '!'`;

/** As canonical JSON spells it, so that a name is not found within another. */
export const actedBy = (actor: string, node: string | null): RawBuilder<SqlBool> =>
  like('payload', `%"actor":${escapeLike(JSON.stringify(actor))}%`, node);

const escapeLike = (text: string): string => text.replaceAll(/[!%_]/g, (character) => `!${character}`);

export const timeConditions = ({ from, to }: Partial<PageQuery>, column: string): RawBuilder<SqlBool>[] => [
  ...(from === undefined ? [] : [sql<SqlBool>`${sql.ref(column)} >= ${from}`]),
  ...(to === undefined ? [] : [sql<SqlBool>`${sql.ref(column)} <= ${to}`]),
];

export function reorgConditions(
  query: Omit<ReorgQuery, 'limit'>,
  node: string | null,
): RawBuilder<SqlBool>[] {
  const { layer, cause, minDepth, q } = query;
  const text = textCondition('record', q, node);
  return [
    ...timeConditions(query, 'detected_at'),
    ...(layer === undefined ? [] : [sql<SqlBool>`layer = ${layer}`]),
    ...(cause === undefined ? [] : [sql<SqlBool>`cause = ${cause}`]),
    ...(minDepth === undefined ? [] : [sql<SqlBool>`depth >= ${minDepth}`]),
    ...(text === null ? [] : [text]),
  ];
}

/** Why the term after it began; `mine` says whose rows, of the inner table too. */
export const endedWhy = (mine: RawBuilder<SqlBool>): RawBuilder<string | null> =>
  sql<
    string | null
  >`(SELECT later.why FROM journal_leader AS later WHERE later.seq > journal_leader.seq AND ${mine} ORDER BY later.seq LIMIT 1)`;

/** Somebody's, over, and without a batch (the fold leaves its last one out then): unless an L1 reorg took it back. */
export const missed = (mine: RawBuilder<SqlBool>): RawBuilder<SqlBool> =>
  sql<SqlBool>`(leader IS NOT NULL AND ${sql.ref('until')} IS NOT NULL AND last_batch IS NULL AND ${endedWhy(mine)} <> 'l1_reorg')`;

const NUMBER = /^\d{1,15}$/;

export function batchConditions(query: BatchQuery, node: string | null): RawBuilder<SqlBool>[] {
  const { status, q } = query;
  return [
    ...timeConditions(query, 'began_at'),
    ...(status === undefined ? [] : [sql<SqlBool>`status = ${status}`]),
    ...(q === undefined ? [] : [batchText(q, node)]),
  ];
}

function batchText(q: string, node: string | null): RawBuilder<SqlBool> {
  const text = textCondition('row', q, node)!;
  return NUMBER.test(q) ? sql<SqlBool>`(batch = ${Number(q)} OR ${text})` : text;
}
