import { join } from 'node:path';
import { format } from 'node:util';
import {
  type Command,
  type CommandContext,
  CommandError,
  EXIT,
  helpOf,
  parseCommandLine,
} from './commands/command.ts';
import { isAbort } from './lib/abort.ts';
import { installFastKeccak } from './protocol/fastKeccak.ts';

/** Commands are loaded when they are run: `status` must not wait for the engine's modules. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  devnet: async () => (await import('./commands/devnet.ts')).devnetCommand,
  chaos: async () => (await import('./commands/chaos.ts')).chaosCommand,
  start: async () => (await import('./commands/start.ts')).startCommand,
  status: async () => (await import('./commands/status.ts')).statusCommand,
  resync: async () => (await import('./commands/resync.ts')).resyncCommand,
  pause: async () => (await import('./commands/pause.ts')).pauseCommand,
  resume: async () => (await import('./commands/pause.ts')).resumeCommand,
  journal: async () => (await import('./commands/journal.ts')).journalCommand,
  reconstruct: async () => (await import('./commands/reconstruct.ts')).reconstructCommand,
  engine: async () => (await import('./commands/engine.ts')).engineCommand,
};

async function overview(): Promise<string> {
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
  const rows = commands.map((command) => `  ${command.name.padEnd(14)}${command.summary}`);
  return [
    'plumbline — keeps an L2 node in plumb with L1',
    '',
    'Commands',
    ...rows,
    '',
    'plumbline COMMAND --help tells more. Exit codes: 0 done, 1 something outside failed, 2 wrong usage or',
    'configuration, 3 wrong data, 4 the node is not aligned, 5 the node refused the order.',
  ].join('\n');
}

/** Milliseconds. npm, the launcher and a terminal may each deliver one and the same request. */
const SAME_REQUEST_MS = 1_000;

/** What a command does instead of ending on SIGHUP. */
const hangup: { handler: (() => void) | null } = { handler: null };

/** Aborts on the first request to end; a second one, by somebody who lost patience, ends the process at once. */
function endSignal(): AbortSignal {
  const ending = new AbortController();
  let since = 0;
  const end = (): void => {
    if (!ending.signal.aborted) {
      since = performance.now();
      ending.abort();
    } else if (performance.now() - since > SAME_REQUEST_MS) process.exit(130);
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, end);
  // A terminal that is closed ends what runs in it; a service is told to look at its settings again.
  process.on('SIGHUP', () => (hangup.handler === null || process.stdin.isTTY ? end() : hangup.handler()));
  // The launcher is gone (killed, perhaps): nobody would ever stop this process otherwise.
  process.on('disconnect', end);
  if (process.env['PLUMBLINE_LEASHED'] !== undefined && !process.connected) end();
  return ending.signal;
}

async function run(args: readonly string[], context: CommandContext): Promise<number> {
  const [name = '--help', ...rest] = args;
  if (name === '--help' || name === '-h' || name === 'help') {
    context.out(await overview());
    return EXIT.ok;
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) {
    throw new CommandError(`There is no command ${JSON.stringify(name)}. See: plumbline --help`, EXIT.usage);
  }
  const command = await load();
  if (rest.includes('--help') || rest.includes('-h')) {
    context.out(helpOf(command));
    return EXIT.ok;
  }
  const { options, operands } = parseCommandLine(command, rest);
  return command.run(options, context, operands);
}

/** One sentence for what is expected to go wrong, and for what is not: a bug must not look like an operator's fault. */
function explain(error: unknown): { readonly sentence: string; readonly exitCode: number } {
  const seen = error as { name?: unknown; code?: unknown; message?: unknown };
  const message = typeof seen?.message === 'string' ? seen.message : String(error);
  if (error instanceof CommandError) return { sentence: message, exitCode: error.exitCode };
  const known = typeof seen?.code === 'string' || typeof seen?.code === 'number';
  return {
    sentence: known ? message : `Unexpected: ${message}. This is a bug in Plumbline; please report it.`,
    exitCode: EXIT.failed,
  };
}

/** What fails because its signal was aborted is no failure of its own. 130 is what shells give for Ctrl-C. */
const wasEnded = (error: unknown, signal: AbortSignal): boolean =>
  signal.aborted && (isAbort(error, signal) || (error as { code?: unknown } | null)?.code === 'aborted');
const ENDED = { sentence: 'Ended before it was done.', exitCode: 130 };

const context: CommandContext = {
  out: (line) => process.stdout.write(`${line}\n`),
  progress: (line) => process.stderr.write(`${line}\n`),
  env: process.env,
  projectDir: join(import.meta.dirname, '..'),
  signal: endSignal(),
  onHangup: (handler) => {
    hangup.handler = handler;
  },
};

// Standard output is the command's answer, for scripts to read; what libraries have to say is not part of it.
for (const level of ['log', 'info', 'debug'] as const) {
  console[level] = (...said) => void process.stderr.write(`${format(...said)}\n`);
}

// A reader that has seen enough (`| head`) closes the pipe; that is its right, and no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed),
);

try {
  await installFastKeccak();
  process.exitCode = await run(process.argv.slice(2), context);
} catch (error) {
  const { sentence, exitCode } = wasEnded(error, context.signal) ? ENDED : explain(error);
  context.progress(sentence);
  if (process.env['PLUMBLINE_LOG_LEVEL'] === 'debug' && error instanceof Error)
    context.progress(error.stack ?? '');
  process.exitCode = exitCode;
}
// Ends also what a library left open, once all output is out; everything of ours was closed by the command.
process.stdout.write('', () => process.exit());
