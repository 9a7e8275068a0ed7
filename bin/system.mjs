// What the launcher's parts share: where things are, how steps are told, how programs are run.
import { spawn } from 'node:child_process';
import { accessSync, constants as fsConstants, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * How Node runs our TypeScript: without its notice about node:sqlite and type stripping, which are what this project
 * pins its Node for, and with a young generation that keeps a node's memory under its bound (`npm run bench`).
 * @type {string[]}
 */
export const NODE_FLAGS = JSON.parse(readFileSync(join(ROOT, 'bin', 'node-flags.json'), 'utf8'));

/** Exit codes of the launcher, the same as those of the commands behind it. */
export const EXIT = { failed: 1, usage: 2 };

/** Ends the launcher with one sentence for people. */
export class Stop extends Error {
  /** @param {string} sentence @param {number} exitCode */
  constructor(sentence, exitCode = EXIT.usage) {
    super(sentence);
    this.exitCode = exitCode;
  }
}

/** Progress goes to stderr: stdout belongs to the command, which may print JSON. */
export const say = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);

export const seconds = (/** @type {number} */ since) =>
  `${((performance.now() - since) / 1000).toFixed(0)} s`;

const REPORT_EVERY_MS = 5_000;

/**
 * Does one step of several and tells how it goes: when it begins, every five seconds, when it is done.
 * @template T
 * @param {{ number: number, of: number, what: string, detail?: () => string }} step
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step({ number, of, what, detail }, work) {
  const began = performance.now();
  const head = `[${number}/${of}] ${what}`;
  say(`${head} …`);
  const timer = setInterval(() => {
    const more = detail?.() ?? '';
    say(`${head}: ${seconds(began)}${more === '' ? '' : `, ${more}`}`);
  }, REPORT_EVERY_MS);
  try {
    const result = await work();
    say(`${head}: done in ${seconds(began)}`);
    return result;
  } finally {
    clearInterval(timer);
  }
}

/**
 * What Node makes of our sources is kept from one start to the next. A node that finds it starts twice as fast and is
 * 27 MB smaller, since it needs no stripper of types. Keyed by content: a stale entry cannot be used.
 */
const compileCache = () => ({
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(ROOT, 'node_modules', '.cache', 'plumbline'),
});

/** The environment of the product's own commands. @returns {NodeJS.ProcessEnv} */
export const commandEnv = () => ({ ...process.env, ...compileCache() });

/**
 * The environment of programs that the launcher runs: the tools and the Node of the project come first.
 * @param {string} node path of the Node to use
 * @returns {NodeJS.ProcessEnv}
 */
export const toolEnv = (node) => ({
  ...commandEnv(),
  PATH: [join(ROOT, 'node_modules', '.bin'), dirname(node), process.env.PATH ?? ''].join(delimiter),
  NEXT_TELEMETRY_DISABLED: '1',
  PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1',
});

/**
 * The program of that name on the PATH, or else in the folders of `more`; null where there is none.
 * @param {string} name @param {readonly string[]} more @returns {string | null}
 */
export function onPath(name, more = []) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const folder of [...folders, ...more]) {
    const path = join(folder, name);
    try {
      accessSync(path, fsConstants.X_OK);
      return path;
    } catch {}
  }
  return null;
}

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

/**
 * Signals for the launcher are for the program it runs: it waits for that program to end by itself. A Ctrl-C at a
 * terminal reaches the whole process group, so passing it on as well would count twice.
 */
export function passSignalsOn() {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      if (running.size === 0) process.exit(128 + constants.signals[signal]);
      if (signal === 'SIGINT' && process.stdin.isTTY) return;
      endPrograms(signal);
    });
  }
  if (process.env.npm_execpath !== undefined) watchParent();
}

/** @param {NodeJS.Signals} signal */
function endPrograms(signal) {
  for (const child of running) child.kill(signal);
}

const LOOK_AT_PARENT_MS = 500;

/**
 * npx, or a killed npm, ends without telling what it started. The sign that it is gone is another parent: ours, or,
 * because npm puts a shell in between, that shell's.
 */
function watchParent() {
  const before = parents();
  const timer = setInterval(() => {
    if (parents() === before) return;
    clearInterval(timer);
    if (running.size === 0) process.exit(128 + constants.signals.SIGTERM);
    endPrograms('SIGTERM');
  }, LOOK_AT_PARENT_MS);
  timer.unref();
}

/** Parent and grandparent; the latter only where /proc tells it (field 4, after the name in parentheses). */
function parents() {
  try {
    const stat = readFileSync(`/proc/${process.ppid}/stat`, 'utf8');
    return `${process.ppid} ${stat.slice(stat.lastIndexOf(')')).split(' ')[2]}`;
  } catch {
    return `${process.ppid}`;
  }
}

/**
 * Runs a program to its end and resolves with its exit code (128 + number when a signal ended it).
 * `leash` opens a channel whose end tells the program that the launcher is gone, however it went. The variable tells
 * it to expect one: a launcher that was gone before the program could listen would otherwise leave it behind.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string, leash?: boolean, onOutput?: (text: string) => void }} [options]
 * @returns {Promise<number>}
 */
export function run(file, args, { env = process.env, cwd = ROOT, leash = false, onOutput } = {}) {
  const output = onOutput === undefined ? 'inherit' : 'pipe';
  // A .cmd file (npm on Windows) can only be started through a shell.
  const shell = process.platform === 'win32' && file.endsWith('.cmd');
  const stdio = /** @type {any} */ (leash ? ['inherit', output, output, 'ipc'] : ['inherit', output, output]);
  const child = spawn(file, args, {
    cwd,
    env: leash ? { ...env, PLUMBLINE_LEASHED: '1' } : env,
    stdio,
    shell,
  });
  running.add(child);
  child.stdout?.setEncoding('utf8').on('data', (text) => onOutput?.(text));
  child.stderr?.setEncoding('utf8').on('data', (text) => onOutput?.(text));
  return new Promise((resolve, reject) => {
    child.on('error', (error) => {
      running.delete(child);
      reject(error);
    });
    child.on('close', (code, signal) => {
      running.delete(child);
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
