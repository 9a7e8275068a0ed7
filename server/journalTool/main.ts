import { createWriteStream, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { csvLines, EVERYTHING, type Filter, jsonLines } from './export.ts';
import { openLinesSource } from './linesSource.ts';
import { parseVerifierKey, type VerifierKey } from './note.ts';
import { HELP, OPTIONS } from './options.ts';
import { openPostgresSource } from './postgresSource.ts';
import { type Source, ToolError } from './source.ts';
import { openSqliteSource } from './sqliteSource.ts';
import { verify } from './verify.ts';

const EXIT: Readonly<Record<ToolError['code'], number>> = { unreadable: 1, usage: 2, wrong_data: 3 };

type Values = Readonly<Partial<Record<keyof typeof OPTIONS, string | boolean>>>;

const usage = (message: string): ToolError =>
  new ToolError('usage', `${message}. See: plumbline journal --help`);

function parse(args: readonly string[]): { values: Values; positionals: readonly string[] } {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw usage(error instanceof Error ? error.message.split(/\.\s/)[0]! : String(error));
  }
}

const text = (values: Values, name: keyof Values): string | null =>
  typeof values[name] === 'string' ? values[name] : null;

/** What is meant, and where its public key lies by default. */
async function openSource(
  where: string,
  node: string | null,
): Promise<{ source: Source; key: string | null }> {
  if (/^postgres(ql)?:/.test(where)) return { source: await openPostgresSource(where, node), key: null };
  const folder = existsSync(where) && statSync(where).isDirectory();
  const file = folder ? join(where, 'journal.db') : where;
  if (looksLikeLines(file)) return { source: await openLinesSource(file), key: null };
  return { source: openSqliteSource(file), key: `${file}.key.pub` };
}

const looksLikeLines = (file: string): boolean =>
  /\.(jsonl|ndjson)$/.test(file) || (existsSync(file) && readHead(file).startsWith('{'));

function readHead(file: string): string {
  return statSync(file).size > 64 * 1024 * 1024 ? '' : readFileSync(file).subarray(0, 16).toString('latin1');
}

function keyFrom(path: string | null, optional: boolean): VerifierKey | null {
  if (path === null || (optional && !existsSync(path))) return null;
  if (!existsSync(path)) throw new ToolError('unreadable', `${path} does not exist: check --key`);
  return parseVerifierKey(readFileSync(path, 'utf8'));
}

/** One JSON string a line, as the node appends them. A last line that was cut off is left out. */
function notesFrom(path: string | null): readonly string[] {
  if (path === null) return [];
  if (!existsSync(path)) throw new ToolError('unreadable', `${path} does not exist: check --checkpoints`);
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.slice(0, -1).map((line, index) => {
    try {
      const note: unknown = JSON.parse(line);
      if (typeof note === 'string') return note;
    } catch {
      // Told below.
    }
    throw new ToolError('wrong_data', `line ${index + 1} of ${path} is no checkpoint`);
  });
}

async function runVerify(source: Source, defaultKey: string | null, values: Values): Promise<number> {
  const given = text(values, 'key');
  const key = keyFrom(given ?? defaultKey, given === null);
  const verdict = await verify(source, { key, outside: notesFrom(text(values, 'checkpoints')) });
  const { findings, first, last, checkpoints, outside, provedTo } = verdict;
  if (values['json'] === true)
    process.stdout.write(`${JSON.stringify({ journal: source.id, ...verdict })}\n`);
  else if (findings.length > 0) {
    process.stdout.write(
      `${source.name} is not as it was written:\n${findings.map((one) => `  ${one}\n`).join('')}`,
    );
  } else {
    const rows = last < first ? 'It has no rows' : `Rows ${first} to ${last} are whole and in order`;
    const signed =
      key === null
        ? 'no public key was given, so no signature was looked at'
        : `${checkpoints} checkpoints hold`;
    const proved =
      outside === 0
        ? 'none from elsewhere was given: a tail that was cut off would not be seen'
        : `${outside} from elsewhere hold, up to row ${provedTo}`;
    process.stdout.write(`${rows}; ${signed}; ${proved}.\n`);
  }
  return findings.length === 0 ? 0 : EXIT.wrong_data;
}

function number(values: Values, name: keyof Values, fallback: number): number {
  const given = text(values, name);
  if (given === null) return fallback;
  if (!/^\d{1,15}$/.test(given))
    throw usage(`--${name} is ${JSON.stringify(given)}, but must be a whole number`);
  return Number(given);
}

function time(values: Values, name: keyof Values, fallback: number): number {
  const given = text(values, name);
  if (given === null) return fallback;
  const at = Date.parse(given);
  if (Number.isNaN(at))
    throw usage(`--${name} is ${JSON.stringify(given)}, but must be a time such as 2026-11-21T14:02:00Z`);
  return at;
}

const filterOf = (values: Values): Filter => {
  const kinds = text(values, 'kind');
  return {
    kinds: kinds === null ? null : new Set(kinds.split(',').map((kind) => kind.trim())),
    from: Math.max(1, number(values, 'from', 1)),
    to: number(values, 'to', EVERYTHING.to),
    since: time(values, 'since', 0),
    until: time(values, 'until', EVERYTHING.until),
  };
};

/** Lines are handed on some at a time, because a write for each would take longer than all the rest. */
async function* pieces(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let piece = '';
  for await (const line of lines) {
    piece += `${line}\n`;
    if (piece.length < 64 * 1024) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

async function runExport(source: Source, values: Values): Promise<number> {
  const format = text(values, 'format') ?? 'jsonl';
  if (format !== 'jsonl' && format !== 'csv')
    throw usage(`--format is ${JSON.stringify(format)}, but must be jsonl or csv`);
  const lines = format === 'csv' ? csvLines(source, filterOf(values)) : jsonLines(source, filterOf(values));
  const out = text(values, 'out');
  if (out !== null && existsSync(out)) throw usage(`--out names ${out}, which is there already`);
  const target = out === null ? process.stdout : createWriteStream(out, { mode: 0o600, flags: 'wx' });
  await pipeline(pieces(lines), target, { end: out !== null });
  return 0;
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { values, positionals } = parse(args);
  const [verb, where, ...more] = positionals;
  if (values['help'] === true || verb === undefined) {
    process.stdout.write(`${HELP}\n`);
    return values['help'] === true ? 0 : EXIT.usage;
  }
  if ((verb !== 'verify' && verb !== 'export') || more.length > 0)
    throw usage(`there is no ${JSON.stringify([verb, ...more].join(' '))}`);
  const { source, key } = await openSource(
    where ?? env['DATABASE_URL'] ?? '.plumbline',
    text(values, 'node'),
  );
  try {
    return verb === 'verify' ? await runVerify(source, key, values) : await runExport(source, values);
  } finally {
    await source.close();
  }
}

// A reader that has seen enough (`| head`) closes the pipe; that is its right, and no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

try {
  process.exitCode = await run(process.argv.slice(2), process.env);
} catch (error) {
  const known = error instanceof ToolError;
  const code = (error as { code?: unknown } | null)?.code;
  if (code !== 'ERR_STREAM_PREMATURE_CLOSE' && code !== 'EPIPE') {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = known ? EXIT[error.code] : 1;
  }
}
