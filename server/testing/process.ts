import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Running<Ready> {
  readonly child: ChildProcess;
  /** The JSON object that the command printed when it was ready. */
  readonly ready: Ready;
  /** Asks it to end and waits for that. */
  stop(): Promise<void>;
}

const CLI = join(import.meta.dirname, '..', 'cli.ts');
/** The launcher's own flags, so that what is measured is what people run. */
const NODE_FLAGS = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', '..', 'bin', 'node-flags.json'), 'utf8'),
) as string[];

/** Starts `plumbline COMMAND … --json` as a process of its own and waits for its first line. Its own stderr is shown. */
export async function startCommand<Ready>(
  args: readonly string[],
  options: {
    readonly env?: Readonly<Record<string, string | undefined>>;
    readonly quiet?: boolean;
    /** Gets each line of its stderr, which is then not shown. */
    readonly onSaid?: (line: string) => void;
  } = {},
): Promise<Running<Ready>> {
  const { quiet, onSaid } = options;
  const stderr = onSaid !== undefined ? 'pipe' : quiet === true ? 'ignore' : 'inherit';
  const child = spawn(process.execPath, [...NODE_FLAGS, CLI, ...args, '--json'], {
    // The channel ends it when whoever started it is gone, as the launcher's does.
    stdio: ['ignore', 'pipe', stderr, 'ipc'],
    env: { ...process.env, ...options.env, PLUMBLINE_LEASHED: '1' },
  });
  if (onSaid !== undefined) createInterface({ input: child.stderr! }).on('line', onSaid);
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout! });
  const first = await Promise.race([once(lines, 'line'), exited]);
  if (typeof first[0] !== 'string') {
    throw new Error(`plumbline ${args[0]} ended with ${String(first[0] ?? first[1])} before it was ready`);
  }
  return {
    child,
    ready: readyLine<Ready>(first[0], child),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** Runs a command to its end. */
export function commandOutput(args: readonly string[]): {
  readonly code: number | null;
  readonly out: string;
} {
  const { status, stdout } = spawnSync(process.execPath, [...NODE_FLAGS, CLI, ...args], { encoding: 'utf8' });
  return { code: status, out: stdout };
}

function readyLine<Ready>(line: string, child: ChildProcess): Ready {
  try {
    return JSON.parse(line) as Ready;
  } catch {
    child.kill('SIGKILL');
    throw new Error(`not the JSON of a command that is ready: ${line}`);
  }
}

/** Resident memory of a process in MB (10^6 bytes). */
export const residentMb = (pid: number): number =>
  (Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) * 1024) / 1e6;
