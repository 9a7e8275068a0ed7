import type { BatchStatus, HeadsView, LaneBlockView } from '../../server/api/views.ts';

/**
 * Where everything in the alignment picture stands, as numbers: pure, so that the picture, its table and the
 * tests read one model. A column is an L1 block; below it hangs what its batches say about L2.
 */
export const SHOWN_L1_BLOCKS = 12;
/** Runs longer than this are one bar with a count. */
const CELLS_UP_TO = 8;

export const GEOMETRY = {
  width: 1240,
  gutter: 78,
  tail: 118,
  l1: { y: 26, height: 32, width: 66 },
  /** From the lower edge of L1 to the upper edge of L2; the second when orphans hang in between. */
  drop: 74,
  dropWithOrphans: 128,
  orphan: { offset: 26, height: 26 },
  l2Height: 30,
  /** Below L2: its numbers, the marks of the heads, the bob. */
  foot: 74,
} as const;

/** How a block or run is drawn; the fixed words of the legend. */
export type LaneState = 'unsafe' | 'safe' | 'finalized' | 'orphaned' | 'missing' | 'dropped';

export interface L2Run {
  readonly x: number;
  readonly width: number;
  /** Null when the batch was not decoded yet. */
  readonly first: number | null;
  readonly last: number | null;
  readonly state: LaneState;
  /** One cell a block, or 1 for a bar that stands for many. */
  readonly cells: number;
}

export interface Column {
  readonly block: LaneBlockView;
  /** Middle of the column. */
  readonly x: number;
  readonly firstBatch: number | null;
  readonly lastBatch: number | null;
  readonly batchCount: number;
  readonly run: L2Run | null;
}

export interface Orphan {
  readonly block: LaneBlockView;
  readonly x: number;
  /** X of the block it grew from: another orphan, or the common ancestor. */
  readonly parentX: number;
  readonly fromOrphan: boolean;
}

export type HeadKind = 'finalized' | 'safe' | 'unsafe';

/** One place in L2 and the heads that stand there. */
export interface HeadMark {
  readonly kinds: readonly HeadKind[];
  readonly number: number;
  readonly x: number;
}

/** The string from the L1 head down to how far L1 has been derived. */
export interface Plumb {
  readonly top: number;
  readonly bottom: number;
  /** L1 blocks between the two. */
  readonly behind: number;
  /** Where it ends is older than the picture. */
  readonly offLeft: boolean;
  /** The dropped batch that holds it back. */
  readonly blockedBy: number | null;
}

export interface LanePicture {
  readonly columns: readonly Column[];
  readonly orphans: readonly Orphan[];
  /** L2 blocks past the safe head, which no L1 block carries yet. */
  readonly tail: L2Run | null;
  readonly marks: readonly HeadMark[];
  /** Heads older than the leftmost column. */
  readonly before: readonly HeadKind[];
  /** Null until derivation has begun. */
  readonly plumb: Plumb | null;
  readonly l2Top: number;
  readonly height: number;
}

const RUN_STATE: Record<BatchStatus, LaneState> = {
  seen: 'missing',
  fetched: 'missing',
  decoded: 'missing',
  applied: 'unsafe',
  safe: 'safe',
  finalized: 'finalized',
  dropped: 'dropped',
  orphaned: 'orphaned',
};

/** The weakest state of a column's batches stands for all of them. */
const WEAKEST: readonly LaneState[] = ['dropped', 'orphaned', 'missing', 'unsafe', 'safe', 'finalized'];

const weakest = (block: LaneBlockView): LaneState =>
  WEAKEST.find((state) => block.batches.some((batch) => RUN_STATE[batch.progress] === state)) ?? 'missing';

const cellsFor = (first: number | null, last: number | null): number => {
  if (first === null || last === null) return 1;
  const blocks = last - first + 1;
  return blocks <= CELLS_UP_TO ? blocks : 1;
};

/** Numbers of the blocks that a set of batches spans, null where any is not decoded. */
export const spanOf = (block: LaneBlockView): { first: number | null; last: number | null } => {
  const firsts = block.batches.map((batch) => batch.firstBlock);
  const lasts = block.batches.map((batch) => batch.lastBlock);
  if (firsts.includes(null) || lasts.includes(null)) return { first: null, last: null };
  return { first: Math.min(...(firsts as number[])), last: Math.max(...(lasts as number[])) };
};

/** Canonical blocks to show, oldest first: the newest ones, one a number. */
export const shownBlocks = (
  lanes: readonly LaneBlockView[],
  shown = SHOWN_L1_BLOCKS,
): readonly LaneBlockView[] =>
  lanes
    .filter((lane) => lane.canonical)
    .sort((a, b) => a.number - b.number)
    .slice(-shown);

/** Orphaned blocks that hang below the shown ones, oldest first. */
export const shownOrphans = (
  lanes: readonly LaneBlockView[],
  shown = SHOWN_L1_BLOCKS,
): readonly LaneBlockView[] => {
  const first = shownBlocks(lanes, shown)[0]?.number ?? Number.POSITIVE_INFINITY;
  return lanes
    .filter((lane) => !lane.canonical && lane.number > first)
    .sort((a, b) => a.number - b.number)
    .slice(-SHOWN_L1_BLOCKS);
};

/** From the middle of a column to the middle of the next. */
export const stepOf = (shown = SHOWN_L1_BLOCKS): number =>
  (GEOMETRY.width - GEOMETRY.gutter - GEOMETRY.tail) / shown;

const columnOf = (block: LaneBlockView, x: number, step: number): Column => {
  const numbers = block.batches.map((batch) => batch.number);
  const width = step - 6;
  const { first, last } = block.batches.length === 0 ? { first: null, last: null } : spanOf(block);
  return {
    block,
    x,
    firstBatch: numbers.length === 0 ? null : Math.min(...numbers),
    lastBatch: numbers.length === 0 ? null : Math.max(...numbers),
    batchCount: numbers.length,
    run:
      numbers.length === 0
        ? null
        : { x: x - width / 2, width, first, last, state: weakest(block), cells: cellsFor(first, last) },
  };
};

const orphansOf = (blocks: readonly LaneBlockView[], columns: readonly Column[], step: number): Orphan[] => {
  const at = new Map(columns.map((column) => [column.block.number, column.x]));
  const taken = new Set(blocks.map((block) => block.number));
  return blocks.flatMap((block) => {
    const x = at.get(block.number) ?? (at.get(block.number - 1) ?? Number.NaN) + step;
    if (Number.isNaN(x)) return [];
    const fromOrphan = taken.has(block.number - 1);
    return [{ block, x, parentX: at.get(block.number - 1) ?? x - step, fromOrphan }];
  });
};

const tailOf = (heads: HeadsView, step: number): L2Run | null => {
  if (heads.unsafe === null || heads.safe === null || heads.unsafe.number <= heads.safe.number) return null;
  const first = heads.safe.number + 1;
  const last = heads.unsafe.number;
  const width = Math.min(step, stepOf()) - 6;
  return {
    x: GEOMETRY.width - GEOMETRY.tail + 10,
    width,
    first,
    last,
    state: 'unsafe',
    cells: cellsFor(first, last),
  };
};

/** X of an L2 block's right edge in the picture; null when it is not in it. */
const edgeOf = (number: number, runs: readonly L2Run[]): number | null => {
  const run = runs.find(
    ({ first, last }) => first !== null && last !== null && first <= number && number <= last,
  );
  if (run?.first == null || run.last === null) return null;
  return run.x + (run.width * (number - run.first + 1)) / (run.last - run.first + 1);
};

const marksOf = (heads: HeadsView, runs: readonly L2Run[]): { marks: HeadMark[]; before: HeadKind[] } => {
  const marks = new Map<number, HeadMark>();
  const before: HeadKind[] = [];
  for (const kind of ['finalized', 'safe', 'unsafe'] as const) {
    const head = heads[kind];
    if (head === null) continue;
    const x = edgeOf(head.number, runs);
    if (x !== null) {
      const kinds = [...(marks.get(head.number)?.kinds ?? []), kind];
      marks.set(head.number, { kinds, number: head.number, x });
    } else if (runs.some(({ first }) => first !== null && head.number < first)) before.push(kind);
  }
  return { marks: [...marks.values()], before };
};

const plumbOf = (columns: readonly Column[], heads: HeadsView): Plumb | null => {
  const head = columns.at(-1);
  const first = columns[0];
  if (head === undefined || first === undefined || heads.currentL1 === null) return null;
  const blocked = columns.find((column) => column.run?.state === 'dropped');
  const cursor = blocked?.block.number ?? heads.currentL1.number;
  const behind = Math.max(0, head.block.number - cursor);
  const offLeft = cursor < first.block.number;
  const at = columns.find((column) => column.block.number === cursor)?.x ?? head.x;
  const bottom = offLeft ? GEOMETRY.gutter - 8 : at;
  return { top: head.x, bottom, behind, offLeft, blockedBy: blocked?.firstBatch ?? null };
};

/** The picture of the last L1 blocks and what follows from them; `shown` of them at most. */
export const layoutLanes = (
  lanes: readonly LaneBlockView[],
  heads: HeadsView,
  shown = SHOWN_L1_BLOCKS,
): LanePicture => {
  const blocks = shownBlocks(lanes, shown);
  const step = stepOf(shown);
  // Fewer blocks than columns stand at the right, where the newest always is.
  const offset = GEOMETRY.gutter + (shown - blocks.length) * step + step / 2;
  const columns = blocks.map((block, i) => columnOf(block, offset + i * step, step));
  const orphans = orphansOf(shownOrphans(lanes, shown), columns, step);
  const tail = tailOf(heads, step);
  const runs = columns.flatMap((column) => (column.run === null ? [] : [column.run]));
  const drop = orphans.length === 0 ? GEOMETRY.drop : GEOMETRY.dropWithOrphans;
  const l2Top = GEOMETRY.l1.y + GEOMETRY.l1.height + drop;
  return {
    columns,
    orphans,
    tail,
    ...marksOf(heads, tail === null ? runs : [...runs, tail]),
    plumb: plumbOf(columns, heads),
    l2Top,
    height: l2Top + GEOMETRY.l2Height + GEOMETRY.foot,
  };
};
