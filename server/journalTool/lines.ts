import { rowText } from './chain.ts';
import type { Floor, StoredRow } from './source.ts';

/**
 * A journal as JSON lines: a head, its rows, its checkpoints. Each line is written in one way only, so that a byte of
 * difference anywhere is found: a reader writes what it has read once more and compares.
 */
export type Line =
  | { readonly kind: 'head'; readonly head: Head }
  | { readonly kind: 'row'; readonly row: StoredRow }
  | { readonly kind: 'note'; readonly note: string };

export interface Head {
  readonly id: string;
  /** False: rows were left out, and the chain cannot be followed. */
  readonly whole: boolean;
  readonly floor: Floor | null;
  /** What stands before the first row. */
  readonly before: { readonly seq: number; readonly hash: Buffer };
}

export const headLine = ({ id, whole, floor, before }: Head): string =>
  JSON.stringify({
    journal: id,
    whole,
    before: { seq: before.seq, hash: before.hash.toString('hex') },
    floor: floor && { seq: floor.seq, hash: floor.hash.toString('hex'), note: floor.note },
  });

export const rowLine = (row: StoredRow): string =>
  `${rowText(row).slice(0, -1)},"hash":"${row.hash.toString('hex')}"}`;

export const noteLine = (note: string): string => JSON.stringify({ checkpoint: note });

type Fields = Readonly<Record<string, unknown>>;

/** Null for what is no line of a journal. */
export function parseLine(text: string): Line | null {
  const line = read(text);
  return line !== null && write(line) === text ? line : null;
}

const write = (line: Line): string =>
  line.kind === 'head' ? headLine(line.head) : line.kind === 'row' ? rowLine(line.row) : noteLine(line.note);

function read(text: string): Line | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const fields = value as Fields;
  if (typeof fields['checkpoint'] === 'string') return { kind: 'note', note: fields['checkpoint'] };
  if (typeof fields['journal'] === 'string') return readHead(fields);
  return readRow(fields, text);
}

function readHead(fields: Fields): Line | null {
  const before = readTip(fields['before']);
  if (before === null) return null;
  const floor = readTip(fields['floor']);
  const note = (fields['floor'] as Fields | null)?.['note'];
  return {
    kind: 'head',
    head: {
      id: String(fields['journal']),
      whole: fields['whole'] === true,
      before,
      floor: floor === null ? null : { ...floor, note: String(note) },
    },
  };
}

function readTip(value: unknown): { seq: number; hash: Buffer } | null {
  if (typeof value !== 'object' || value === null) return null;
  const { seq, hash } = value as Fields;
  return typeof seq === 'number' && typeof hash === 'string' ? { seq, hash: Buffer.from(hash, 'hex') } : null;
}

/** The payload is taken as it stands in the line, because its spelling is in the hash. */
function readRow(fields: Fields, text: string): Line | null {
  const { seq, at, kind, ref, hash } = fields;
  if (typeof seq !== 'number' || typeof at !== 'number' || typeof kind !== 'string') return null;
  if ((typeof ref !== 'string' && ref !== null) || typeof hash !== 'string') return null;
  const head = `{"at":${at},"kind":${JSON.stringify(kind)},"payload":`;
  const tail = `,"ref":${JSON.stringify(ref)},"seq":${seq},"hash":"${hash}"}`;
  if (!text.startsWith(head) || !text.endsWith(tail) || text.length < head.length + tail.length) return null;
  const payload = text.slice(head.length, text.length - tail.length);
  return { kind: 'row', row: { seq, at, kind, ref, payload, hash: Buffer.from(hash, 'hex') } };
}
