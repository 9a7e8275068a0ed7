import type { ActivityRow, BatchRow, ReadModels } from '../journal/readModels.ts';
import type { NodeHandle } from '../runtime.ts';
import type {
  ActivityAnswer,
  ActivityInput,
  ActivityListRow,
  BatchAnswer,
  BatchListAnswer,
  BatchListInput,
  BatchListRow,
  LeadersAnswer,
  LeadersInput,
  NoHistoryAnswer,
  ReorgAnswer,
  ReorgDetail,
  ReorgSummary,
  ReorgsAnswer,
  ReorgsInput,
  Watching,
} from './historyViews.ts';
import { causeOf, readReorg, toReorgRow } from './readRecord.ts';
import type { NoNodeAnswer } from './views.ts';

/**
 * Reads of the past, for the pages (tRPC) and for the REST API alike: one function a list, each over the journal's
 * read models. They never throw for what was asked; a store that fails answers `no_history` with the reason.
 */

type History = NonNullable<NodeHandle['history']>;

/** Summaries look at the newest ones of a filter: enough to be a figure, few enough to be quick. */
const SUMMARY_ROWS = 200;
const GAP_ROWS = 60;
const MAX_LEADERS = 100;

const NO_NODE = 'No node is running in this process.';

/** Runs a read where there is a history; else says why there is none. */
const withHistory = async <T>(
  node: NodeHandle | null,
  now: number,
  read: (history: History, node: NodeHandle) => Promise<T>,
): Promise<T | NoNodeAnswer | NoHistoryAnswer> => {
  if (node === null) return { kind: 'no_node', now, sentence: NO_NODE };
  const { history } = node;
  if (history === undefined) return { kind: 'no_history', now, sentence: 'This node keeps no journal.' };
  try {
    return await read(history, node);
  } catch (error) {
    const why = (error as { message?: unknown } | null)?.message ?? 'no reason given';
    return { kind: 'no_history', now, sentence: `The journal does not answer: ${why}` };
  }
};

/** Optional fields that are undefined are left out, as the read models want them. */
const given = <T extends object>(query: T): T =>
  Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as T;

type Fields = Readonly<Record<string, unknown>>;
const field = (payload: unknown, name: string): unknown => (payload as Fields | null | undefined)?.[name];

/** When the node was not running, newest first: each start of it says so. */
const gapsOf = async (models: ReadModels, from: number | undefined): Promise<Watching['gaps']> => {
  const { rows } = await models.activity(
    given({ kinds: ['node'], limit: GAP_ROWS, ...(from === undefined ? {} : { from }) }),
  );
  const gaps: Watching['gaps'] = [];
  for (const row of rows) {
    if (row.kind !== 'node.started') continue;
    const gap = field(row.payload, 'gap');
    const [began, ended] = [field(gap, 'from'), field(gap, 'to')];
    if (typeof began === 'number' && typeof ended === 'number')
      gaps.push({ from: began, to: ended, seq: row.seq });
  }
  return gaps;
};

const watchingOf = async ({ models, beganAt }: History, from?: number): Promise<Watching> => ({
  since: await beganAt(),
  gaps: await gapsOf(models, from),
});

const median = (values: readonly number[]): number | null => {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
};

const known = (values: readonly (number | null)[]): number[] =>
  values.filter((value): value is number => value !== null);

/** L2 blocks that two reorgs of one old branch both tell of: those of the shorter one. */
const sharedBy = (a: ReorgDetail, b: ReorgDetail | null): number =>
  b === null ? 0 : Math.min(a.droppedL2Count, b.droppedL2Count);

/** Figures of a filter's newest reorgs. Pure. */
export const summarise = (
  reorgs: readonly ReorgDetail[],
  totals: Pick<ReorgSummary, 'count' | 'open' | 'maxDepth'>,
): ReorgSummary => {
  const byCause: Record<string, number> = {};
  for (const { cause } of reorgs) byCause[cause] = (byCause[cause] ?? 0) + 1;
  const shared = reorgs.reduce((sum, reorg) => sum + sharedBy(reorg, causeOf(reorg, reorgs)), 0);
  const lost = known(reorgs.map(({ fates }) => fates?.dropped ?? null));
  return {
    ...totals,
    of: reorgs.length,
    medianLatencyMs: median(known(reorgs.map(({ latencyMs }) => latencyMs))),
    medianRecoveryMs: median(known(reorgs.map(({ recoveryMs }) => recoveryMs))),
    droppedL2: reorgs.reduce((sum, { droppedL2Count }) => sum + droppedL2Count, 0) - shared,
    sharedL2: shared,
    lost: lost.length === 0 ? null : lost.reduce((sum, value) => sum + value, 0),
    byCause,
    points: reorgs.map(({ id, detectedAt, depth, layer, cause }) => ({
      id,
      at: detectedAt,
      depth,
      layer,
      cause,
    })),
  };
};

/** The newest L1 reorgs up to a moment, where one of these L2 reorgs may have been caused by one. */
const possibleCauses = async (models: ReadModels, rows: readonly ReorgDetail[]): Promise<ReorgDetail[]> => {
  const newest = rows.find(({ layer, cause }) => layer === 'L2' && cause === 'L1_REORG');
  if (newest === undefined) return [];
  const found = await models.reorgs({ layer: 'L1', to: newest.detectedAt, limit: SUMMARY_ROWS });
  return found.rows.map(readReorg);
};

export const answerReorgs = (
  node: NodeHandle | null,
  now: number,
  input: ReorgsInput,
): Promise<ReorgsAnswer> =>
  withHistory<ReorgsAnswer>(node, now, async (history) => {
    const { limit, before: _, ...filter } = given(input);
    const page = await history.models.reorgs(given(input));
    const [newest, totals, watching] = await Promise.all([
      history.models.reorgs({ ...filter, limit: SUMMARY_ROWS }),
      history.models.reorgTotals(filter),
      watchingOf(history, input.from),
    ]);
    const rows = page.rows.slice(0, limit).map(readReorg);
    const causes = await possibleCauses(history.models, rows);
    return {
      kind: 'reorgs',
      now,
      rows: rows.map((row) => toReorgRow(row, causeOf(row, causes)?.id ?? null)),
      next: page.next,
      upTo: page.upTo,
      summary: summarise(newest.rows.map(readReorg), totals),
      watching,
    };
  });

const sinceSentence = async ({ beganAt }: History): Promise<string> => {
  const since = await beganAt();
  return since === null
    ? 'this log is empty'
    : `this log began ${new Date(since).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
};

/** @param id the reorg's own id, or the sequence number of the event that opened it */
export const answerReorg = (node: NodeHandle | null, now: number, id: string): Promise<ReorgAnswer> =>
  withHistory<ReorgAnswer>(node, now, async (history) => {
    const { models } = history;
    const row = await models.reorg(/^\d{1,15}$/.test(id) ? Number(id) : id);
    if (row === null) {
      const sentence = `There is no reorg ${id} in the journal; ${await sinceSentence(history)}.`;
      return { kind: 'no_reorg', now, sentence };
    }
    const reorg = readReorg(row);
    const [older, newer, causes, caused] = await Promise.all([
      models.reorgs({ before: row.seq, limit: 1 }),
      newerReorg(models, row.seq, row.detectedAt),
      possibleCauses(models, [reorg]),
      causedBy(models, reorg),
    ]);
    return {
      kind: 'reorg',
      now,
      reorg,
      older: older.rows[0]?.id ?? null,
      newer,
      causedBy: causeOf(reorg, causes)?.id ?? null,
      caused,
    };
  });

/** The L2 reorgs that an L1 reorg caused, newest first. */
const causedBy = async (models: ReadModels, reorg: ReorgDetail): Promise<string[]> => {
  if (reorg.layer !== 'L1') return [];
  const query = { layer: 'L2', cause: 'L1_REORG', from: reorg.detectedAt, limit: SUMMARY_ROWS } as const;
  const { rows } = await models.reorgs(query);
  return rows.filter((row) => causeOf(readReorg(row), [reorg]) !== null).map(({ id }) => id);
};

/** The reorg right after one: the lists run backwards only, so this looks from its time on. */
const newerReorg = async (models: ReadModels, seq: number, detectedAt: number): Promise<string | null> => {
  let before: number | undefined;
  let found: string | null = null;
  for (let i = 0; i < 20; i++) {
    const page = await models.reorgs(given({ from: detectedAt, limit: SUMMARY_ROWS, before }));
    for (const row of page.rows) {
      if (row.seq <= seq) return found;
      found = row.id;
    }
    if (page.next === null) return found;
    before = page.next;
  }
  return found;
};

export const toBatchRow = ({ batch, l1Block, steps, ...row }: BatchRow): BatchListRow => ({
  ...row,
  number: batch,
  l1Block: l1Block && { number: l1Block.number, hash: l1Block.hash },
  steps: { ...steps },
});

export const answerBatchList = (
  node: NodeHandle | null,
  now: number,
  input: BatchListInput,
): Promise<BatchListAnswer> =>
  withHistory<BatchListAnswer>(node, now, async (history) => {
    const page = await history.models.batches(given(input));
    const { next, upTo } = page;
    return {
      kind: 'batch_list',
      now,
      next,
      upTo,
      rows: page.rows.map(toBatchRow),
      watching: await watchingOf(history, input.from),
    };
  });

const leaderAt = async ({ models }: History, number: number): Promise<string | null> => {
  let before: number | undefined;
  for (let i = 0; i < 20; i++) {
    const page = await models.leaders(given({ limit: MAX_LEADERS, before }));
    const term = page.rows.find(
      ({ firstBatch, lastBatch }) => firstBatch <= number && (lastBatch === null || number <= lastBatch),
    );
    if (term !== undefined) return term.leader;
    if (page.next === null) return null;
    before = page.next;
  }
  return null;
};

export const answerBatch = (node: NodeHandle | null, now: number, number: number): Promise<BatchAnswer> =>
  withHistory<BatchAnswer>(node, now, async (history, { status }) => {
    const commits = await history.models.batch(number);
    if (commits.length === 0) {
      const highest = status().batches[0]?.number ?? null;
      const sentence =
        highest !== null && number > highest
          ? `Batch ${number} is ahead of the newest one on L1, ${highest}.`
          : `Batch ${number} is not in the journal; ${await sinceSentence(history)}.`;
      return { kind: 'no_batch', now, number, sentence };
    }
    const [older, newer] = await Promise.all([
      number > 1 ? history.models.batch(number - 1) : [],
      history.models.batch(number + 1),
    ]);
    return {
      kind: 'batch',
      now,
      number,
      commits: commits.map(toBatchRow),
      leader: await leaderAt(history, number),
      older: older.length === 0 ? null : number - 1,
      newer: newer.length === 0 ? null : number + 1,
    };
  });

/** When each batch number was first seen on L1; without those that this node did not see. */
const firstSeen = async (
  models: ReadModels,
  numbers: readonly number[],
): Promise<ReadonlyMap<number, number>> => {
  const seen = new Map<number, number>();
  for (const { batch, steps } of await models.commitsOf(numbers))
    for (const at of Object.values(steps)) seen.set(batch, Math.min(seen.get(batch) ?? at, at));
  return seen;
};

const LEADER_CAUSES = ['LEADER_HANDOVER', 'LEADER_EQUIVOCATION'];

export const answerLeaders = (
  node: NodeHandle | null,
  now: number,
  input: LeadersInput,
): Promise<LeadersAnswer> =>
  withHistory<LeadersAnswer>(node, now, async (history) => {
    const { models } = history;
    const page = await models.leaders(given(input));
    const oldest = page.rows.at(-1)?.since ?? now;
    const { rows: reorgs } = await models.reorgs({ from: oldest, limit: SUMMARY_ROWS });
    const caused = reorgs.filter(({ cause }) => LEADER_CAUSES.includes(cause));
    const firsts = await firstSeen(
      models,
      page.rows.map(({ firstBatch }) => firstBatch),
    );
    const rows = page.rows.map((row) => {
      const seen = firsts.get(row.firstBatch) ?? null;
      return {
        ...row,
        reorgs: caused.filter(
          ({ detectedAt }) => row.since <= detectedAt && (row.until === null || detectedAt <= row.until),
        ).length,
        firstDelayMs: seen === null || seen < row.since ? null : seen - row.since,
      };
    });
    const { next, upTo } = page;
    return { kind: 'leaders', now, rows, next, upTo, watching: await watchingOf(history, input.from) };
  });

/** Where the dashboard shows more of an event. */
const pathOf = ({ kind, payload, ref, seq }: ActivityRow): string | null => {
  if (kind.startsWith('reorg.')) {
    const id = field(payload, 'id');
    return `/reorgs/${encodeURIComponent(typeof id === 'string' ? id : (ref ?? String(seq)))}`;
  }
  const batch = field(payload, 'batch');
  if ((kind.startsWith('batch.') || kind.startsWith('commit.')) && typeof batch === 'number')
    return `/batches/${batch}`;
  return kind.startsWith('leader.') ? '/leaders' : null;
};

export const toActivityRow = (row: ActivityRow, sentenceOf: History['sentenceOf']): ActivityListRow => ({
  seq: row.seq,
  at: row.at,
  kind: row.kind,
  ref: row.ref,
  severity: row.severity,
  actor: row.actor,
  sentence: sentenceOf(row),
  path: pathOf(row),
  payload: row.payload,
});

/** Reorgs looked through for the one that took back what was signed a second time. */
const TAKEN_BACK_ROWS = 50;

/**
 * A second block or batch of one number is refused where the first was taken back here: by a resync of a node that led,
 * or by another reorg of L2. Null where no such record is known.
 */
const takenBackBy = async (models: ReadModels, row: ActivityRow): Promise<ReorgDetail | null> => {
  const [kind, number, claimed] = ['kind', 'number', 'claimed'].map((name) => field(row.payload, name));
  if (row.kind !== 'fence.refused' || typeof number !== 'number') return null;
  const { rows } = await models.reorgs({ layer: 'L2', to: row.at, limit: TAKEN_BACK_ROWS });
  return (
    rows.map(readReorg).find((reorg) => {
      if (kind === 'batch') return reorg.droppedBatches.includes(number);
      const listed = reorg.droppedL2.find((block) => block.number === number);
      if (listed !== undefined) return listed.hash === claimed;
      const [above, tip] = [reorg.commonAncestor?.number, reorg.oldTip?.number];
      return above !== undefined && tip !== undefined && above < number && number <= tip;
    }) ?? null
  );
};

const withCause = async (
  models: ReadModels,
  row: ActivityRow,
  shown: ActivityListRow,
): Promise<ActivityListRow> => {
  const reorg = await takenBackBy(models, row);
  if (reorg === null) return shown;
  const what = reorg.cause === 'MANUAL_RESYNC' ? 'a manual resync' : `an L2 reorg (${reorg.cause})`;
  return {
    ...shown,
    sentence: `${shown.sentence}: ${what} had taken the first one back`,
    path: `/reorgs/${encodeURIComponent(reorg.id)}`,
  };
};

export const answerActivity = (
  node: NodeHandle | null,
  now: number,
  input: ActivityInput,
): Promise<ActivityAnswer> =>
  withHistory<ActivityAnswer>(node, now, async (history) => {
    const page = await history.models.activity(given(input));
    const { next, upTo } = page;
    return {
      kind: 'activity',
      now,
      next,
      upTo,
      rows: await Promise.all(
        page.rows.map((row) => withCause(history.models, row, toActivityRow(row, history.sentenceOf))),
      ),
      watching: await watchingOf(history, input.from),
    };
  });
