import type { NodeHandle } from '../../runtime.ts';
import type {
  ActivityInput,
  ActivityListRow,
  BatchListInput,
  BatchListRow,
  LeadersInput,
  LeaderTerm,
  ReorgDetail,
  ReorgsInput,
} from '../historyViews.ts';
import { MAX_PAGE_ROWS } from '../historyViews.ts';
import { answerLeaders, toActivityRow, toBatchRow } from '../queries.ts';
import { readReorg } from '../readRecord.ts';
import { ACTIVITY_COLUMNS, BATCH_COLUMNS, type Column, LEADER_COLUMNS, REORG_COLUMNS } from './tables.ts';

/**
 * The whole of a filter, page by page, for exports: newest first, a page in memory at a time. Rows that are added
 * meanwhile are newer than what was read, and so are not in it.
 */
type Filter<Input> = Omit<Input, 'limit' | 'before'>;
type Pages<Row> = AsyncGenerator<readonly Row[], void, void>;
type History = NonNullable<NodeHandle['history']>;

interface Read<Row> {
  readonly rows: readonly Row[];
  readonly next: number | null;
}

async function* pages<Row>(read: (at: { before?: number; limit: number }) => Promise<Read<Row>>): Pages<Row> {
  let before: number | null = null;
  do {
    const page: Read<Row> = await read({ limit: MAX_PAGE_ROWS, ...(before === null ? {} : { before }) });
    yield page.rows;
    before = page.next;
  } while (before !== null);
}

/** Optional fields that are undefined are left out, as the read models want them. */
const given = <T extends object>(query: T): T =>
  Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as T;

const mapped = <From, To>({ rows, next }: Read<From>, to: (row: From) => To): Read<To> => ({
  rows: rows.map(to),
  next,
});

export const allReorgs = ({ models }: History, filter: Filter<ReorgsInput>): Pages<ReorgDetail> =>
  pages(async (at) => mapped(await models.reorgs({ ...given(filter), ...at }), readReorg));

export const allBatches = ({ models }: History, filter: Filter<BatchListInput>): Pages<BatchListRow> =>
  pages(async (at) => mapped(await models.batches({ ...given(filter), ...at }), toBatchRow));

export const allActivity = (
  { models, sentenceOf }: History,
  filter: Filter<ActivityInput>,
): Pages<ActivityListRow> =>
  pages(async (at) =>
    mapped(await models.activity({ ...given(filter), ...at }), (row) => toActivityRow(row, sentenceOf)),
  );

export const allLeaders = (node: NodeHandle, now: number, filter: Filter<LeadersInput>): Pages<LeaderTerm> =>
  pages(async (at) => {
    const answer = await answerLeaders(node, now, { ...filter, ...at });
    if (answer.kind !== 'leaders') throw new Error(answer.sentence);
    return answer;
  });

/** A list that can be exported: where its rows come from, and how they stand in a table. */
export interface ExportedList {
  readonly columns: readonly Column<never>[];
  readonly all: (node: NodeHandle, history: History, now: number, filter: never) => Pages<unknown>;
}

const list = <Row, Query>(
  columns: readonly Column<Row>[],
  all: (node: NodeHandle, history: History, now: number, filter: Query) => Pages<Row>,
): ExportedList => ({ columns, all });

export const EXPORTS: Readonly<Record<string, ExportedList>> = {
  reorgs: list(REORG_COLUMNS, (_, history, __, filter: Filter<ReorgsInput>) => allReorgs(history, filter)),
  batches: list(BATCH_COLUMNS, (_, history, __, filter: Filter<BatchListInput>) =>
    allBatches(history, filter),
  ),
  leaders: list(LEADER_COLUMNS, (node, _, now, filter: Filter<LeadersInput>) =>
    allLeaders(node, now, filter),
  ),
  activity: list(ACTIVITY_COLUMNS, (_, history, __, filter: Filter<ActivityInput>) =>
    allActivity(history, filter),
  ),
};
