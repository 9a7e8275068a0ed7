/**
 * A list that grows at both ends: older rows by the page, new ones while it is read. Pure. Rows are kept in chunks, so
 * that a page can draw those in sight alone; a chunk's rows keep their place whatever comes above.
 */
export interface Loaded<Row> {
  readonly rows: readonly Row[];
  /** Where the next older page begins; null when there is none. */
  readonly next: number | null;
}

/** Lists are cut by the journal's own number of a row: older pages are those below it. */
export interface Sequenced {
  readonly seq: number;
}

/** Rows that are drawn and put away together. */
export interface ChunkOfRows<Row> {
  /** Of its last row. */
  readonly key: string;
  readonly rows: readonly Row[];
  /** Chunks of one number stand together: `CHUNKS_A_BUNDLE` at most. Rises towards older rows. */
  readonly bundle: number;
}

export interface ListState<Row> {
  /** Newest chunk first, newest row first in each. */
  readonly chunks: readonly ChunkOfRows<Row>[];
  readonly next: number | null;
  /** New rows that wait until the reader wants them, newest first. */
  readonly waiting: readonly Row[];
  /** More came than one page holds: the rows that wait do not reach down to the list. */
  readonly gap: boolean;
}

/** A chunk that grew beyond this is closed, and the next new rows begin another. */
export const CHUNK_ROWS = 100;
/** Far from the window a whole bundle is one element: a browser looks at each of thousands in each frame. */
export const CHUNKS_A_BUNDLE = 20;
/**
 * A list that grows by itself while nobody reads it lets go of its oldest rows beyond this: a page that is left open for
 * weeks would hold weeks. They are loaded again like any older ones.
 */
export const MAX_UNREAD_ROWS = 1_000;

export const EMPTY: ListState<never> = { chunks: [], next: null, waiting: [], gap: false };

const chunk = <Row>(rows: readonly Row[], idOf: (row: Row) => string, bundle: number): ChunkOfRows<Row> => ({
  key: idOf(rows.at(-1)!),
  rows,
  bundle,
});

/** The bundle of a chunk beside `neighbour`: the same while it has room, else the next in that direction. */
const bundleBeside = <Row>(
  { chunks }: Pick<ListState<Row>, 'chunks'>,
  neighbour: ChunkOfRows<Row> | undefined,
  direction: 1 | -1,
): number => {
  if (neighbour === undefined) return 0;
  const { bundle } = neighbour;
  const held = chunks.filter((one) => one.bundle === bundle).length;
  return held < CHUNKS_A_BUNDLE ? bundle : bundle + direction;
};

export const opened = <Row>(page: Loaded<Row>, idOf: (row: Row) => string): ListState<Row> => ({
  chunks: page.rows.length === 0 ? [] : [chunk(page.rows, idOf, 0)],
  next: page.next,
  waiting: [],
  gap: false,
});

export const rowsOf = <Row>({ chunks }: Pick<ListState<Row>, 'chunks'>): readonly Row[] =>
  chunks.flatMap(({ rows }) => rows);

/** What a chunk's rows are called, worked out once: a long list is asked at each page and each live update. */
const IDS = new WeakMap<readonly unknown[], ReadonlySet<string>>();
const idsIn = <Row>(rows: readonly Row[], idOf: (row: Row) => string): ReadonlySet<string> => {
  const known = IDS.get(rows);
  if (known !== undefined) return known;
  const ids = new Set(rows.map(idOf));
  IDS.set(rows, ids);
  return ids;
};
const holds = <Row>({ chunks }: ListState<Row>, id: string, idOf: (row: Row) => string): boolean =>
  chunks.some(({ rows }) => idsIn(rows, idOf).has(id));

/** Adds an older page at the end; rows that are there already are not added again. */
export const withOlder = <Row>(
  state: ListState<Row>,
  page: Loaded<Row>,
  idOf: (row: Row) => string,
): ListState<Row> => {
  const rows = page.rows.filter((row) => !holds(state, idOf(row), idOf));
  const bundle = bundleBeside(state, state.chunks.at(-1), 1);
  const chunks = rows.length === 0 ? state.chunks : [...state.chunks, chunk(rows, idOf, bundle)];
  return { ...state, chunks, next: page.next };
};

const onTop = <Row>(
  state: ListState<Row>,
  rows: readonly Row[],
  idOf: (row: Row) => string,
): ListState<Row> => {
  if (rows.length === 0) return { ...state, waiting: [], gap: false };
  const [first, ...rest] = state.chunks;
  const grown =
    first === undefined || first.rows.length + rows.length > CHUNK_ROWS
      ? [chunk(rows, idOf, bundleBeside(state, first, -1)), ...state.chunks]
      : [{ ...first, rows: [...rows, ...first.rows] }, ...rest];
  return { ...state, chunks: grown, waiting: [], gap: false };
};

/**
 * Takes in the newest page again. Rows that changed change in their place; a row that is gone from where the page
 * reaches goes; new ones come on top, or wait while `reading`.
 */
export const refreshed = <Row extends Sequenced>(
  state: ListState<Row>,
  page: Loaded<Row>,
  idOf: (row: Row) => string,
  reading: boolean,
): ListState<Row> => {
  const now = new Map(page.rows.map((row) => [idOf(row), row]));
  const fresh = page.rows.filter((row) => !holds(state, idOf(row), idOf));
  const overlaps = fresh.length < page.rows.length;
  if (!overlaps && page.rows.length > 0) {
    if (state.chunks.length === 0 || !reading) return opened(page, idOf);
    return { ...state, waiting: fresh, gap: page.next !== null };
  }
  if (page.rows.length === 0) return opened(page, idOf);
  const last = idOf(page.rows.at(-1)!);
  let within = true;
  const chunks = state.chunks.map((before) => {
    // Below where the page reaches nothing is known anew: those chunks stay the very same, and are not drawn again.
    if (!within) return before;
    const kept = before.rows.flatMap((row) => {
      const id = idOf(row);
      const same = now.get(id);
      const inReach = within;
      if (id === last) within = false;
      if (same !== undefined) return [same];
      return inReach ? [] : [row];
    });
    return { ...before, rows: kept };
  });
  const merged = { ...state, chunks: chunks.filter(({ rows }) => rows.length > 0) };
  return reading ? { ...merged, waiting: fresh, gap: false } : trimmed(onTop(merged, fresh, idOf));
};

/** Lets go of the oldest chunks beyond the bound; `next` then is where they begin. */
const trimmed = <Row extends Sequenced>(state: ListState<Row>): ListState<Row> => {
  let rows = 0;
  const keep = state.chunks.findIndex((chunk) => {
    rows += chunk.rows.length;
    return rows >= MAX_UNREAD_ROWS;
  });
  if (keep === -1 || keep === state.chunks.length - 1) return state;
  const chunks = state.chunks.slice(0, keep + 1);
  return { ...state, chunks, next: chunks.at(-1)!.rows.at(-1)!.seq };
};

/** The reader wants the rows that wait. */
export const shown = <Row>(state: ListState<Row>, idOf: (row: Row) => string): ListState<Row> =>
  onTop(state, state.waiting, idOf);

/**
 * Keeps answers in the order of their questions: one that comes after the answer to a later question is overtaken, and
 * is not taken. A slow answer that nothing overtook is.
 */
export const answerOrder = () => {
  let asked = 0;
  let taken = 0;
  return {
    ask: (): number => ++asked,
    takes: (turn: number): boolean => {
      if (turn < taken) return false;
      taken = turn;
      return true;
    },
  };
};
