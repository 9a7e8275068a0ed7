import { redactUrl } from './redact.ts';

/**
 * Log events, not sentences: a fixed message that can be searched for, and fields that carry the values, with the
 * unit in the name (`elapsedMs`, `sizeBytes`). There is no global logger: the composition root makes one and hands
 * children down.
 *
 * Levels: `error` a human must act · `warn` degraded, the node copes · `info` what an operator wants to have seen,
 * at most a few a minute when all is well · `debug` every step.
 */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFormat = 'json' | 'pretty';
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to each event: `child({ module: 'driver' })`. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
}

export interface LoggerDeps {
  readonly clock: { now(): number };
  /** Takes one line, without its line end. */
  readonly sink: (line: string) => void;
}

/** Characters of one value; what is longer is cut, because a hostile batch may choose it. */
const MAX_VALUE_LENGTH = 2_000;
const MAX_DEPTH = 5;
const MAX_ITEMS = 50;

export function createLogger(options: LoggerOptions, deps: LoggerDeps): Logger {
  const lowest = LOG_LEVELS.indexOf(options.level);
  const print = options.format === 'json' ? jsonLine : prettyLine;
  const make = (bound: LogFields): Logger => {
    const at =
      (level: LogLevel) =>
      (message: string, fields: LogFields = {}): void => {
        if (LOG_LEVELS.indexOf(level) < lowest) return;
        const safe = safeFields({ ...bound, ...fields });
        deps.sink(print(new Date(deps.clock.now()).toISOString(), level, safeText(message), safe));
      };
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (fields) => make({ ...bound, ...fields }),
    };
  };
  return make({});
}

/** A logger that says nothing, for tests and tools. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};

type SafeFields = Readonly<Record<string, unknown>>;

/** The fields of the envelope come last, so that no field of a caller can stand in for them. */
function jsonLine(time: string, level: LogLevel, message: string, fields: SafeFields): string {
  const { time: _time, level: _level, message: _message, ...rest } = fields;
  return escapeControls(JSON.stringify({ time, level, message, ...rest }));
}

function prettyLine(time: string, level: LogLevel, message: string, fields: SafeFields): string {
  const { module, ...rest } = fields;
  const values = Object.entries(rest).map(([key, value]) => `${key}=${prettyValue(value)}`);
  const where = module === undefined ? '' : `[${String(module)}] `;
  return escapeControls(
    `${time.slice(11, 23)} ${level.toUpperCase().padEnd(5)} ${where}${[message, ...values].join(' ')}`,
  );
}

function prettyValue(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value);
}

/** Field names whose value is never printed, whatever it is. Public keys and transaction hashes are not meant. */
const SECRET_NAME =
  /secret|passw(or)?d|passphrase|token$|apikey|api_key|private_?key|mnemonic|jwt|authorization|cookie/i;
const URL_IN_TEXT = /\b(?:https?|wss?|postgres(?:ql)?):\/\/[^\s"'<>`]+/gi;
/** C0, DEL, C1 and the two Unicode line ends: what could forge a line or steer a terminal. */
const CONTROLS = /[\p{Cc}\u2028\u2029]/gu;

const safeFields = (fields: LogFields): SafeFields => safeMembers(Object.entries(fields), 0);

function safeMembers(entries: readonly (readonly [string, unknown])[], depth: number): SafeFields {
  const safe: Record<string, unknown> = {};
  for (const [key, value] of entries.slice(0, MAX_ITEMS)) {
    if (value !== undefined) safe[safeText(key)] = SECRET_NAME.test(key) ? '***' : safeValue(value, depth);
  }
  return safe;
}

function safeValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return safeText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object' || value === null)
    return typeof value === 'boolean' || value === null ? value : typeof value;
  if (depth >= MAX_DEPTH) return '…';
  if (value instanceof Error) return safeError(value, depth);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => safeValue(item, depth + 1));
  if ('toJSON' in value && typeof value.toJSON === 'function') return safeValue(value.toJSON(), depth + 1);
  return safeMembers(Object.entries(value), depth + 1);
}

/** Name, code and message along the cause chain. Stacks are for debuggers: they name paths of the machine. */
function safeError(error: Error, depth: number): SafeFields {
  const code = (error as { code?: unknown }).code;
  return {
    name: error.name,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    message: safeText(error.message),
    ...(error.cause === undefined ? {} : { cause: safeValue(error.cause, depth + 1) }),
  };
}

function safeText(text: string): string {
  const cut = text.length <= MAX_VALUE_LENGTH ? text : `${text.slice(0, MAX_VALUE_LENGTH)}…`;
  return cut.replace(URL_IN_TEXT, (url) => redactUrl(url));
}

/** JSON.stringify leaves DEL, C1 and U+2028/9 as they are, and a pretty message is not JSON at all. */
function escapeControls(line: string): string {
  return line.replace(CONTROLS, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
