import { genesisHash } from './chain.ts';
import { headLine, noteLine, rowLine } from './lines.ts';
import type { Source, StoredRow } from './source.ts';

export interface Filter {
  /** Kinds, or groups (the word before the dot); null: all. */
  readonly kinds: ReadonlySet<string> | null;
  /** `seq`, both included. */
  readonly from: number;
  readonly to: number;
  /** Milliseconds since 1970, both included. */
  readonly since: number;
  readonly until: number;
}

export const EVERYTHING: Filter = {
  kinds: null,
  from: 1,
  to: Number.MAX_SAFE_INTEGER,
  since: 0,
  until: Number.MAX_SAFE_INTEGER,
};

const takes = ({ kinds, since, until }: Filter, { kind, at }: StoredRow): boolean =>
  (kinds === null || kinds.has(kind) || kinds.has(kind.split('.', 1)[0]!)) && at >= since && at <= until;

async function* selected(source: Source, filter: Filter): AsyncGenerator<StoredRow> {
  for await (const row of source.rows(filter.from - 1)) {
    if (row.seq > filter.to) return;
    if (takes(filter, row)) yield row;
  }
}

/** Rows, then the checkpoints within them. What is whole can be verified like the journal itself. */
export async function* jsonLines(source: Source, filter: Filter): AsyncGenerator<string> {
  const { id, floor } = source;
  const whole = filter.kinds === null && filter.since <= 0 && filter.until >= Number.MAX_SAFE_INTEGER;
  const begin = { seq: floor?.seq ?? 0, hash: floor?.hash ?? genesisHash(id) };
  const before = filter.from - 1 > begin.seq ? await rowAt(source, filter.from - 1) : begin;
  yield headLine({ id, whole: whole && before !== null, floor, before: before ?? begin });
  let last = 0;
  for await (const row of selected(source, filter)) {
    last = row.seq;
    yield rowLine(row);
  }
  if (!whole) return;
  for await (const note of source.notes()) {
    const size = Number(note.split('\n')[1]);
    if (size >= filter.from - 1 && size <= last) yield noteLine(note);
  }
}

async function rowAt(source: Source, seq: number): Promise<StoredRow | null> {
  for await (const row of source.rows(seq - 1)) return row.seq === seq ? row : null;
  return null;
}

const COLUMNS = ['seq', 'time', 'kind', 'ref', 'payload', 'hash'];

/** For a spreadsheet. RFC 4180, with a head. */
export async function* csvLines(source: Source, filter: Filter): AsyncGenerator<string> {
  yield COLUMNS.join(',');
  for await (const { seq, at, kind, ref, payload, hash } of selected(source, filter)) {
    yield [String(seq), new Date(at).toISOString(), kind, ref ?? '', payload, hash.toString('hex')]
      .map(cell)
      .join(',');
  }
}

/** A spreadsheet takes a cell that begins like this for a formula, and runs it. An apostrophe makes it text. */
const FORMULA = /^[=+\-@\t\r]/;

export function cell(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
