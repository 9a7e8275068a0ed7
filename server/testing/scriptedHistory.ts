import type { StatusView } from '../api/views.ts';
import type {
  ActivityQuery,
  ActivityRow,
  BatchQuery,
  BatchRow,
  BatchStatus,
  LeaderQuery,
  LeaderTermEnd,
  Page,
  PageQuery,
  ReadModels,
  ReorgQuery,
  ReorgRow,
} from '../journal/readModels.ts';
import { hashOf, SEQUENCERS } from './scriptedLabels.ts';
import { pastReorgs, recordOf } from './scriptedReorgs.ts';

/**
 * The past of a scripted node, as the journal's read models tell it: the same answers for the same scenario. Rows that
 * a test adds by letting the node live on come on top, at the time when it did.
 */
export interface ScriptedPast {
  readonly status: () => StatusView;
  /** How much there is: `none` for a node that has just begun, `huge` for one of 100,000 rows. */
  readonly size: () => 'none' | 'usual' | 'huge';
  /** What happened since the script began, oldest first. */
  readonly lived: () => readonly { readonly at: number; readonly kind: string; readonly payload: unknown }[];
  readonly startedAt: number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const USUAL_EVENTS = 900;
const HUGE_EVENTS = 100_000;
const TERM = 32;

const page = <Row extends { readonly seq: number }>(
  all: Iterable<Row>,
  { before = Number.POSITIVE_INFINITY, limit, from = 0, to = Number.POSITIVE_INFINITY }: PageQuery,
  at: (row: Row) => number,
  fits: (row: Row) => boolean,
  upTo: number,
): Page<Row> => {
  const rows: Row[] = [];
  for (const row of all) {
    if (row.seq >= before || at(row) < from || at(row) > to || !fits(row)) continue;
    if (rows.length === limit) return { rows, next: rows.at(-1)!.seq, upTo };
    rows.push(row);
  }
  return { rows, next: null, upTo };
};

/** What event `seq` is: `pastEvent` without the event, for questions that want few of very many. */
const kindAt = (seq: number): string => {
  if (seq === 1 || seq % 211 === 0) return 'node.started';
  if (seq % 97 === 0) return 'operator.resync_accepted';
  if (seq % 53 === 0) return 'driver.trouble';
  return seq % 41 === 0 ? 'leader.changed' : 'batch.applied';
};

const isOf = (kind: string, kinds: readonly string[] | undefined): boolean =>
  kinds === undefined || kinds.some((one) => kind === one || kind.startsWith(`${one}.`));

/** Event `seq` of the time before the script, oldest 1; told by its number alone. */
const pastEvent = (
  seq: number,
  count: number,
  startedAt: number,
): Omit<ActivityRow, 'severity' | 'actor'> => {
  const at = startedAt - (count - seq) * 47 * SECOND - ((seq * 7_919) % 900);
  const batch = 900 - Math.floor((count - seq) / 2);
  const base = { seq, at, ref: null };
  if (seq === 1) return { ...base, kind: 'node.started', payload: { mode: 'devnet', name: 'scripted' } };
  if (seq % 211 === 0) {
    const gap = { from: at - 4 * MINUTE, to: at };
    return { ...base, kind: 'node.started', payload: { mode: 'devnet', name: 'scripted', gap } };
  }
  if (seq % 97 === 0) {
    const why = '=HYPERLINK("http://elsewhere.example","+1 @home")';
    return {
      ...base,
      kind: 'operator.resync_accepted',
      payload: { actor: 'ana', from: '127.0.0.1', reason: why, target: 'safe' },
    };
  }
  if (seq % 53 === 0) {
    const message = 'l1 answers late: 31 s since the last head (provider l1-a)';
    return { ...base, kind: 'driver.trouble', payload: { severity: 'temporary', code: 'l1_late', message } };
  }
  if (seq % 41 === 0) {
    const [from, to] = [SEQUENCERS[seq % 3]!, SEQUENCERS[(seq + 1) % 3]!];
    return { ...base, kind: 'leader.changed', payload: { from, to, batch, why: 'term_over' } };
  }
  const lastBlock = { number: 8_412_000 + batch * 6, hash: hashOf(`l2 ${batch}`) };
  return { ...base, kind: 'batch.applied', payload: { batch, firstBlock: lastBlock.number - 5, lastBlock } };
};

const SEVERITY: Readonly<Record<string, ActivityRow['severity']>> = {
  'driver.trouble': 'warning',
  'operator.resync_accepted': 'warning',
  'reorg.detected': 'warning',
  'leader.changed': 'notice',
  'node.started': 'notice',
  'batch.invalid': 'critical',
};

const actorOf = (payload: unknown): string | null =>
  ((payload as { actor?: unknown } | null)?.actor as string | undefined) ?? null;

const toActivity = (row: Omit<ActivityRow, 'severity' | 'actor'>): ActivityRow => ({
  ...row,
  severity: SEVERITY[row.kind] ?? 'info',
  actor: actorOf(row.payload),
});

const STEPS: readonly BatchStatus[] = ['seen', 'fetched', 'decoded', 'applied', 'safe', 'finalized'];
/** From one step to the next. Milliseconds. */
const TAKES = [0, 210, 24, 410, 260, 540_000];

const stepsUpTo = (status: BatchStatus, seen: number): BatchRow['steps'] => {
  const reached = STEPS.indexOf(status);
  let at = seen;
  return Object.fromEntries(
    STEPS.slice(0, reached === -1 ? 4 : reached + 1).map((step, i) => {
      at += TAKES[i]!;
      return [step, at];
    }),
  );
};

export const createScriptedHistory = (past: ScriptedPast): ReadModels => {
  const count = (): number => ({ none: 0, usual: USUAL_EVENTS, huge: HUGE_EVENTS })[past.size()];
  const upTo = (): number => count() + past.lived().length;
  /** Begins below `before`: what is above was on the pages before. */
  function* activity(before = Number.POSITIVE_INFINITY, kinds?: readonly string[]): Iterable<ActivityRow> {
    const lived = past.lived();
    for (let i = lived.length - 1; i >= 0 && count() < before; i--)
      yield toActivity({ ...lived[i]!, seq: count() + i + 1, ref: null });
    for (let seq = Math.min(count(), before - 1); seq > 0; seq--)
      if (isOf(kindAt(seq), kinds)) yield toActivity(pastEvent(seq, count(), past.startedAt));
  }
  function* batches(): Iterable<BatchRow> {
    const live = past.status().batches;
    for (const [i, one] of live.entries()) {
      const status = one.progress;
      yield {
        seq: 2_000_000 + (one.progress === 'orphaned' ? 0 : 1) + one.number * 2,
        batch: one.number,
        status,
        reason: one.reason,
        orphanedBy: status === 'orphaned' ? (past.status().reorgs[0]?.id ?? null) : null,
        l1Block: { number: one.l1Block.number, hash: one.l1Block.hash },
        txHash: one.txHash,
        poster: i === 3 ? SEQUENCERS[2]! : one.poster,
        firstBlock: one.firstBlock,
        lastBlock: one.lastBlock,
        source: one.source,
        transactions: one.transactionCount,
        gasUsed: one.gasUsed,
        steps: stepsUpTo(status, one.l1Block.timestamp * SECOND + 1_400),
      };
    }
    const oldest = live.at(-1);
    if (oldest === undefined || past.size() === 'none') return;
    for (let number = oldest.number - 1; number > 0; number--) {
      const seen = oldest.l1Block.timestamp * SECOND - (oldest.number - number) * 12_000;
      const lastBlock =
        oldest.firstBlock === null ? null : oldest.firstBlock - 1 - (oldest.number - number - 1) * 6;
      yield {
        seq: 2_000_001 + number * 2,
        batch: number,
        status: 'finalized',
        reason: null,
        orphanedBy: null,
        l1Block: {
          number: oldest.l1Block.number - (oldest.number - number),
          hash: hashOf(`l1 ${oldest.l1Block.number - (oldest.number - number)}`),
        },
        txHash: hashOf(`commit ${number}`),
        poster: SEQUENCERS[Math.floor(number / TERM) % 3]!,
        firstBlock: lastBlock === null ? null : lastBlock - 5,
        lastBlock,
        source: number % 5 === 0 ? 'blob' : 'calldata',
        transactions: 20 + ((number * 7) % 31),
        gasUsed: String(1_000_000 + number * 991),
        steps: stepsUpTo('finalized', seen),
      };
    }
  }
  function* reorgs(): Iterable<ReorgRow> {
    const live = past.status().reorgs;
    for (const [i, one] of live.entries()) yield recordOf(past.status(), one, 1_000_000 - i);
    if (past.size() !== 'none' && live.length > 0)
      yield* pastReorgs(past.startedAt, past.size() === 'huge' ? 20_000 : 56);
  }
  function* leaders(): Iterable<LeaderTermEnd> {
    const { nextBatch, address } = past.status().leader;
    if (nextBatch === null || address === null) return;
    const present = Math.floor(nextBatch / TERM);
    const terms = past.size() === 'none' ? 1 : Math.min(present + 1, 20);
    for (let i = 0; i < terms; i++) {
      const slot = present - i;
      const since = past.startedAt + 300 * SECOND - i * 384 * SECOND;
      const missed = i === 4;
      yield {
        seq: 900_000 - i,
        leader: i === 0 ? address : SEQUENCERS[(slot + 1) % 3]!,
        since,
        until: i === 0 ? null : since + 384 * SECOND,
        firstBatch: Math.max(1, slot * TERM),
        lastBatch: i === 0 || missed ? null : slot * TERM + TERM - 1,
        endedWhy: i === 0 ? null : i === 5 ? 'unregistered' : 'term_over',
        why: missed ? 'unregistered' : i === terms - 1 ? 'seen' : 'term_over',
        by: missed ? SEQUENCERS[1]! : null,
      };
    }
  }
  const reorgFits =
    ({ layer, cause, minDepth, q }: Omit<ReorgQuery, 'before' | 'limit'>) =>
    (row: ReorgRow): boolean =>
      (layer === undefined || row.layer === layer) &&
      (cause === undefined || row.cause === cause) &&
      (minDepth === undefined || row.depth >= minDepth) &&
      (q === undefined || JSON.stringify([row.id, row.record]).toLowerCase().includes(q.toLowerCase()));
  return {
    reorgs: async (query) => page(reorgs(), query, (row) => row.detectedAt, reorgFits(query), upTo()),
    reorgTotals: async (query) => {
      const all = page(
        reorgs(),
        { ...query, limit: HUGE_EVENTS },
        (row) => row.detectedAt,
        reorgFits(query),
        0,
      ).rows;
      return {
        count: all.length,
        open: all.filter(({ recoveredAt }) => recoveredAt === null).length,
        maxDepth: Math.max(0, ...all.map(({ depth }) => depth)),
      };
    },
    reorg: async (id) => [...reorgs()].find((row) => row.id === id || row.seq === id) ?? null,
    batches: async (query: BatchQuery) =>
      page(
        batches(),
        query,
        ({ steps }) => steps.seen ?? past.startedAt,
        (row) =>
          (query.status === undefined || row.status === query.status) &&
          (query.q === undefined || JSON.stringify(row).toLowerCase().includes(query.q.toLowerCase())),
        upTo(),
      ),
    batch: async (number) => [...batches()].filter((row) => row.batch === number),
    commitsOf: async (numbers) =>
      [...batches()].filter(({ batch }) => numbers.includes(batch)).sort((a, b) => a.seq - b.seq),
    leaders: async (query: LeaderQuery) =>
      page(
        leaders(),
        query,
        ({ since }) => since,
        (row) =>
          (query.leader === undefined || row.leader === query.leader) &&
          (query.missed !== true ||
            (row.leader !== null &&
              row.until !== null &&
              row.lastBatch === null &&
              row.endedWhy !== 'l1_reorg')),
        upTo(),
      ),
    activity: async ({ kinds, actor, q, ...query }: ActivityQuery) =>
      page(
        activity(query.before, kinds),
        query,
        ({ at }) => at,
        (row) =>
          isOf(row.kind, kinds) &&
          (actor === undefined || row.actor === actor) &&
          (q === undefined || JSON.stringify(row.payload).toLowerCase().includes(q.toLowerCase())),
        upTo(),
      ),
    openIntents: async () => ({ rows: [], upTo: 0 }),
  };
};
