import { type ParseArgsConfig, parseArgs } from 'node:util';

type OptionSpec = NonNullable<ParseArgsConfig['options']>[string];

export interface CommandOption {
  readonly type: 'string' | 'boolean';
  /** Shown in the help, e.g. `DIR`; empty for a switch. */
  readonly value?: string;
  readonly help: string;
}

export type OptionValues = Readonly<Record<string, string | boolean | undefined>>;

/** What a command writes to and is stopped by. Exit codes are listed in `EXIT`. */
export interface CommandContext {
  readonly out: (line: string) => void;
  readonly progress: (line: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The project's folder: the production build and the devnet's data lie in it. */
  readonly projectDir: string;
  /** Aborts when the process is asked to end. */
  readonly signal: AbortSignal;
  /** Takes over SIGHUP, which ends the command otherwise; where a terminal is attached its end stays the end. */
  readonly onHangup?: (handler: () => void) => void;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Paragraphs under the usage line. */
  readonly details: string;
  /** Words that it takes beside options, as its usage names them; left out, it takes none. */
  readonly operands?: string;
  readonly options: Readonly<Record<string, CommandOption>>;
  run(options: OptionValues, context: CommandContext, operands: readonly string[]): Promise<number>;
}

/** Exit codes that scripts can use. */
export const EXIT = {
  ok: 0,
  /** Something outside was not as needed: a port, a file, an endpoint, an engine. */
  failed: 1,
  /** The command line or the configuration is wrong. */
  usage: 2,
  /** The data are wrong: a blob, a batch, a chain that does not match. */
  invalidData: 3,
  /** `status`: the node answers, and its verdict is not aligned. */
  notAligned: 4,
  /** A running node was given an order and refused it. */
  refused: 5,
} as const;

/** Said to a person in one sentence, without a stack. Ends the command with `code`. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;
  constructor(message: string, exitCode: number = EXIT.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

export function parseCommandLine(
  command: Command,
  args: readonly string[],
): { readonly options: OptionValues; readonly operands: readonly string[] } {
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, option]): [string, OptionSpec] => [
      name,
      { type: option.type },
    ]),
  );
  try {
    const allowPositionals = command.operands !== undefined;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals, strict: true });
    return { options: values as OptionValues, operands: positionals };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split(/\.\s/)[0] : String(error);
    throw new CommandError(`${reason}. See: plumbline ${command.name} --help`, EXIT.usage);
  }
}

export function helpOf(command: Command): string {
  // Options without a help line are described by the command itself.
  const described = Object.entries(command.options).filter(([, option]) => option.help !== '');
  const rows = described.map(([name, option]) => ({
    left: `  --${name}${option.value ? ` ${option.value}` : ''}`,
    right: option.help,
  }));
  const width = Math.max(0, ...rows.map((row) => row.left.length)) + 2;
  const lines = rows.map((row) => row.left.padEnd(width) + row.right);
  return [
    `plumbline ${command.name} — ${command.summary}`,
    '',
    command.details,
    ...(lines.length === 0 ? [] : ['', 'Options', ...lines]),
  ].join('\n');
}

/** A string option that must be there. */
export function required(options: OptionValues, name: string, command: string): string {
  const value = options[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new CommandError(`--${name} is missing. See: plumbline ${command} --help`, EXIT.usage);
}

export const optionalText = (options: OptionValues, name: string): string | undefined => {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
};

/** A whole number in [low, high], or the default when the option is absent. */
export function wholeNumber(
  options: OptionValues,
  name: string,
  fallback: number,
  [low, high]: [number, number],
): number {
  const text = optionalText(options, name);
  if (text === undefined) return fallback;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= low && value <= high) return value;
  throw new CommandError(
    `--${name} is ${JSON.stringify(text)}, but must be a whole number from ${low} to ${high}.`,
    EXIT.usage,
  );
}
