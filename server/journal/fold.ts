import type { JournalEvent } from './journal.ts';
import { INTENTS } from './kinds.ts';
import type { BatchRow, BatchStatus, LeaderTermRow, OpenIntent, ReorgRow } from './readModels.ts';

/** What a row of batches holds besides. */
export interface FoldedBatch extends BatchRow {
  /** Milliseconds since 1970. */
  readonly beganAt: number;
}

/** The rows that a stretch of events may change, in memory; those that did are marked. */
export interface Working {
  /** By id. */
  readonly reorgs: Map<string, ReorgRow>;
  /** By batch number, oldest first. */
  readonly batches: Map<number, FoldedBatch[]>;
  /** Oldest first; the last one may be the present term. */
  readonly leaders: LeaderTermRow[];
  /** By `seq`. */
  readonly intents: Map<number, OpenIntent>;
  readonly changed: {
    readonly reorgs: Set<string>;
    readonly batches: Set<number>;
    readonly leaders: Set<number>;
  };
  readonly closedIntents: Set<number>;
}

export const emptyWorking = (): Working => ({
  reorgs: new Map(),
  batches: new Map(),
  leaders: [],
  intents: new Map(),
  changed: { reorgs: new Set(), batches: new Set(), leaders: new Set() },
  closedIntents: new Set(),
});

/** Which rows have to be in memory before these events are folded. */
export interface Needs {
  readonly reorgs: ReadonlySet<string>;
  readonly batches: ReadonlySet<number>;
  /** Inclusive ranges of batch numbers. */
  readonly ranges: readonly (readonly [number, number])[];
  readonly leaders: boolean;
  readonly refs: ReadonlySet<string>;
}

const CLOSERS: ReadonlySet<string> = new Set([...INTENTS.values()].flat());

type Fields = Readonly<Record<string, unknown>>;
const fieldsOf = (payload: unknown): Fields =>
  typeof payload === 'object' && payload !== null && !Array.isArray(payload) ? (payload as Fields) : {};
const numberOf = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) ? value : null;
const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** Batches that L1 took back with this reorg. */
const droppedBatches = ({ kind, payload }: JournalEvent): readonly number[] => {
  const dropped = kind === 'reorg.detected' ? fieldsOf(payload)['droppedBatches'] : null;
  return Array.isArray(dropped) ? dropped.filter((item) => numberOf(item) !== null) : [];
};

const finalizedRange = ({ kind, payload }: JournalEvent): readonly [number, number] | null => {
  if (kind !== 'batch.finalized') return null;
  const { batch, fromBatch, toBatch } = fieldsOf(payload);
  const to = numberOf(toBatch) ?? numberOf(batch);
  return to === null ? null : [numberOf(fromBatch) ?? to, to];
};

export function needsOf(events: readonly JournalEvent[]): Needs {
  const reorgs = new Set<string>();
  const batches = new Set<number>();
  const refs = new Set<string>();
  const ranges: (readonly [number, number])[] = [];
  let leaders = false;
  for (const event of events) {
    const { kind, payload, ref } = event;
    if (kind.startsWith('reorg.')) {
      const id = textOf(fieldsOf(payload)['id']);
      if (id !== null) reorgs.add(id);
      for (const batch of droppedBatches(event)) batches.add(batch);
    } else if (kind.startsWith('batch.')) {
      const batch = numberOf(fieldsOf(payload)['batch']);
      if (batch !== null) batches.add(batch);
      const range = finalizedRange(event);
      if (range !== null) ranges.push(range);
    } else if (kind.startsWith('leader.')) leaders = true;
    if (ref !== null && CLOSERS.has(kind)) refs.add(ref);
  }
  return { reorgs, batches, ranges, leaders, refs };
}

/** Folds one event into the rows. Total: an event of another version that lacks what is needed changes nothing. */
export function fold(working: Working, event: JournalEvent): void {
  foldIntent(working, event);
  const group = event.kind.slice(0, event.kind.indexOf('.'));
  if (group === 'reorg') foldReorg(working, event);
  else if (group === 'batch') foldBatch(working, event);
  else if (group === 'leader') foldLeader(working, event);
}

function foldIntent(working: Working, { seq, at, kind, ref, payload }: JournalEvent): void {
  if (ref === null) return;
  if (CLOSERS.has(kind)) {
    for (const intent of working.intents.values()) {
      if (intent.ref !== ref || !INTENTS.get(intent.kind)?.includes(kind)) continue;
      working.intents.delete(intent.seq);
      working.closedIntents.add(intent.seq);
    }
  }
  if (INTENTS.has(kind)) working.intents.set(seq, { seq, at, kind, ref, payload });
}

function foldReorg(working: Working, event: JournalEvent): void {
  const payload = fieldsOf(event.payload);
  const id = textOf(payload['id']);
  if (id === null) return;
  const before = working.reorgs.get(id);
  if (before === undefined && event.kind !== 'reorg.detected') return;
  const record: Fields = { ...before?.record, ...payload };
  working.reorgs.set(id, {
    seq: before?.seq ?? event.seq,
    id,
    layer: record['layer'] === 'L1' ? 'L1' : 'L2',
    cause: textOf(record['cause']) ?? 'UNKNOWN',
    depth: numberOf(record['depth']) ?? 0,
    detectedAt: numberOf(record['detectedAt']) ?? event.at,
    recoveredAt: numberOf(record['recoveredAt']),
    record,
  });
  working.changed.reorgs.add(id);
  for (const batch of droppedBatches(event)) orphan(working, batch, id, event.at);
}

/** The newest commit of that number, if the chain still has it. */
function orphan(working: Working, batch: number, by: string, at: number): void {
  const rows = working.batches.get(batch);
  const last = rows?.at(-1);
  if (rows === undefined || last === undefined || last.status === 'orphaned') return;
  const steps = { ...last.steps, orphaned: at };
  rows[rows.length - 1] = { ...last, status: 'orphaned', orphanedBy: by, steps };
  working.changed.batches.add(batch);
}

const REACHED: Readonly<Record<string, readonly BatchStatus[]>> = {
  'batch.seen': ['seen'],
  'batch.fetched': ['fetched'],
  'batch.decoded': ['decoded'],
  'batch.applied': ['applied', 'safe'],
  'batch.invalid': ['dropped'],
};
const ORDER: readonly BatchStatus[] = ['seen', 'fetched', 'decoded', 'applied', 'safe', 'finalized'];

function foldBatch(working: Working, event: JournalEvent): void {
  const range = finalizedRange(event);
  if (range !== null) finalize(working, range, event.at);
  const reached = REACHED[event.kind];
  const payload = fieldsOf(event.payload);
  const batch = numberOf(payload['batch']);
  if (reached === undefined || batch === null) return;
  const rows = working.batches.get(batch) ?? [];
  working.batches.set(batch, rows);
  const l1Block = l1BlockOf(payload['l1Block']);
  const known = rows.findIndex((row) => row.l1Block?.hash === l1Block?.hash);
  const before = known === -1 ? freshBatch(event, batch) : rows[known]!;
  const after = withStep(before, event, reached, payload, l1Block);
  if (known === -1) rows.push(after);
  else rows[known] = after;
  working.changed.batches.add(batch);
}

function withStep(
  before: FoldedBatch,
  event: JournalEvent,
  reached: readonly BatchStatus[],
  payload: Fields,
  l1Block: BatchRow['l1Block'],
): FoldedBatch {
  const last = reached.at(-1)!;
  // A batch that is met again, after its reorg was undone, goes on from what it reaches now.
  const again = before.status === 'orphaned' || before.status === 'dropped';
  const further = ORDER.indexOf(last) >= ORDER.indexOf(before.status);
  const steps: Partial<Record<BatchStatus, number>> = { ...before.steps, ...stepTimes(payload['steps']) };
  for (const step of reached) steps[step] ??= event.at;
  return {
    ...before,
    status: last === 'dropped' || again || further ? last : before.status,
    reason: textOf(payload['reason']),
    orphanedBy: null,
    l1Block,
    txHash: textOf(payload['txHash']) ?? before.txHash,
    poster: textOf(payload['poster']) ?? before.poster,
    firstBlock: numberOf(payload['firstBlock']) ?? before.firstBlock,
    lastBlock:
      numberOf(fieldsOf(payload['lastBlock'])['number']) ??
      numberOf(payload['lastBlock']) ??
      before.lastBlock,
    source: textOf(payload['source']) ?? before.source,
    transactions: numberOf(payload['transactions']) ?? before.transactions,
    gasUsed: textOf(payload['gasUsed']) ?? before.gasUsed,
    steps,
  };
}

const freshBatch = ({ seq, at }: JournalEvent, batch: number): FoldedBatch => ({
  seq,
  beganAt: at,
  batch,
  status: 'seen',
  reason: null,
  orphanedBy: null,
  l1Block: null,
  txHash: null,
  poster: null,
  firstBlock: null,
  lastBlock: null,
  source: null,
  transactions: null,
  gasUsed: null,
  steps: {},
});

function finalize(working: Working, [from, to]: readonly [number, number], at: number): void {
  for (const [batch, rows] of working.batches) {
    if (batch < from || batch > to) continue;
    const last = rows.at(-1)!;
    if (last.status === 'finalized' || last.status === 'orphaned' || last.status === 'dropped') continue;
    rows[rows.length - 1] = { ...last, status: 'finalized', steps: { ...last.steps, finalized: at } };
    working.changed.batches.add(batch);
  }
}

function stepTimes(value: unknown): Partial<Record<BatchStatus, number>> {
  const given = fieldsOf(value);
  return Object.fromEntries(
    ORDER.flatMap((step) => (numberOf(given[step]) === null ? [] : [[step, given[step]]])),
  );
}

function l1BlockOf(value: unknown): BatchRow['l1Block'] {
  const { number, hash } = fieldsOf(value);
  const [at, name] = [numberOf(number), textOf(hash)];
  return at === null || name === null ? null : { number: at, hash: name };
}

function foldLeader(working: Working, { seq, at, kind, payload }: JournalEvent): void {
  const fields = fieldsOf(payload);
  const changed = kind === 'leader.changed';
  if (!changed && kind !== 'leader.seen') return;
  const leader = textOf(fields[changed ? 'to' : 'leader']);
  const batch = numberOf(fields['batch']) ?? 0;
  const last = working.leaders.at(-1);
  // A node that starts again in the same term has nothing new to tell.
  if (!changed && last !== undefined && last.until === null && last.leader === leader) return;
  if (last !== undefined && last.until === null) {
    const lastBatch = batch > last.firstBatch ? batch - 1 : null;
    working.leaders[working.leaders.length - 1] = { ...last, until: at, lastBatch };
    working.changed.leaders.add(last.seq);
  }
  const why = changed ? (textOf(fields['why']) ?? 'unknown') : 'seen';
  const by = textOf(fields['by']);
  working.leaders.push({ seq, leader, since: at, until: null, firstBatch: batch, lastBatch: null, why, by });
  working.changed.leaders.add(seq);
}
