import { createReadStream, existsSync } from 'node:fs';
import { genesisHash } from './chain.ts';
import { type Head, type Line, parseLine } from './lines.ts';
import { type Source, type StoredRow, ToolError } from './source.ts';

/** Opens an export in JSON lines. `lines` begins anew each time it is called. */
export async function linesSource(name: string, lines: () => AsyncIterable<string>): Promise<Source> {
  const head = await headOf(name, lines);
  if (!head.whole) {
    throw new ToolError(
      'usage',
      `${name} is an extract from which rows were left out: its chain cannot be followed`,
    );
  }
  const { seq, hash } = head.before;
  const anchor = head.floor?.seq === seq ? head.floor.hash : seq === 0 ? genesisHash(head.id) : null;
  if (anchor !== null && !anchor.equals(hash)) {
    throw new ToolError('wrong_data', `${name} begins with another hash than its journal does`);
  }
  return {
    name,
    id: head.id,
    floor: head.floor?.seq === head.before.seq ? head.floor : null,
    before: head.before.seq === 0 ? null : head.before,
    tip: null,
    rows: (after) => rowsOf(name, lines, after),
    notes: () => notesOf(name, lines),
    close: async () => {},
  };
}

export function openLinesSource(file: string): Promise<Source> {
  if (!existsSync(file)) throw new ToolError('unreadable', `${file} does not exist: check the path`);
  return linesSource(file, () => linesOf(file));
}

/** Lines end with a line feed and with nothing else: text within them may hold what other readers take for an end. */
async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = '';
  for await (const piece of createReadStream(file, { encoding: 'utf8' })) {
    const lines = (rest + String(piece)).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
  // A last line without its end was cut off.
  if (rest !== '') yield rest;
}

async function headOf(name: string, lines: () => AsyncIterable<string>): Promise<Head> {
  for await (const text of lines()) {
    const line = parseLine(text);
    if (line?.kind === 'head') return line.head;
    break;
  }
  throw new ToolError('wrong_data', `${name} does not begin as an exported journal`);
}

/** Every line but the first, which is the head. */
async function* bodyOf(name: string, lines: () => AsyncIterable<string>): AsyncGenerator<Line> {
  let number = 0;
  for await (const text of lines()) {
    if (++number === 1) continue;
    const line = parseLine(text);
    if (line === null || line.kind === 'head') {
      throw new ToolError('wrong_data', `line ${number} of ${name} is not as it was written`);
    }
    yield line;
  }
}

async function* rowsOf(
  name: string,
  lines: () => AsyncIterable<string>,
  after: number,
): AsyncGenerator<StoredRow> {
  for await (const line of bodyOf(name, lines))
    if (line.kind === 'row' && line.row.seq > after) yield line.row;
}

async function* notesOf(name: string, lines: () => AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of bodyOf(name, lines)) if (line.kind === 'note') yield line.note;
}
