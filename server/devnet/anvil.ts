/**
 * Starts anvil, the devnet's L1, as a child process: the binary of npm's platform package itself, without its
 * wrapper script, so that signals and exit codes are anvil's own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { guardChild } from '../lib/childGuard.ts';
import type { Address, Hex } from '../protocol/refs.ts';

export interface AnvilOptions {
  /** 0 (the default) lets the operating system choose. */
  readonly port?: number;
  /** Default 127.0.0.1. anvil has no access control: keep it on the loopback. */
  readonly host?: string;
  readonly chainId?: number;
  /** Default `prague`: plain blob proofs and no cap on a transaction's gas. */
  readonly hardfork?: string;
  /** Seconds between blocks. Left out, each transaction is mined at once in a block of its own. */
  readonly blockTime?: number;
  /** Blocks are mined by `evm_mine` alone. */
  readonly noMining?: boolean;
  /** N: `safe` is N blocks behind the head and `finalized` 2N. Default 32. */
  readonly slotsInAnEpoch?: number;
  /** Development accounts with 10,000 ether each. Default 10. */
  readonly accounts?: number;
  readonly mnemonic?: string;
  /** Seconds since 1970. */
  readonly genesisTimestamp?: number;
  /** Gas limit of a block. Default 60,000,000. */
  readonly gasLimit?: number;
  /**
   * How many blocks back a reorg or a call at an old block may reach. Default 1,100. A state costs 0.1 MB of
   * memory near genesis and up to 1 MB after 8,191 blocks, when the ring of block hashes (EIP-2935) is full.
   */
  readonly keepStates?: number;
  /** Aborts the start, not the running process. */
  readonly signal?: AbortSignal;
}

export interface DevAccount {
  readonly address: Address;
  readonly privateKey: Hex;
}

export interface Anvil {
  /** JSON-RPC over HTTP. */
  readonly url: string;
  readonly wsUrl: string;
  /** Base of the blob endpoint, `/eth/v1/beacon/blobs/{execution block number or hash}`. */
  readonly beaconUrl: string;
  readonly port: number;
  readonly pid: number;
  readonly accounts: readonly DevAccount[];
  /** One JSON-RPC call, 30 s at most. Throws AnvilError (`rpc_error`, `unreachable`). */
  rpc<T = unknown>(method: string, params?: readonly unknown[]): Promise<T>;
  /** Resolves when the process has ended, by `stop` or by itself; the code is null after a signal. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** Ends the process, waits for its end and deletes its files. May be called again. */
  stop(): Promise<void>;
}

export type AnvilErrorCode =
  | 'binary_missing'
  | 'port_taken'
  | 'exited'
  | 'timeout'
  | 'aborted'
  | 'unreachable'
  | 'rpc_error';

/** The message is one sentence for the person who started it. */
export class AnvilError extends Error {
  override readonly name = 'AnvilError';
  readonly code: AnvilErrorCode;
  constructor(code: AnvilErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 5_000;
const RPC_TIMEOUT_MS = 30_000;
/** Enough of the output to explain a failed start. */
const KEPT_OUTPUT = 16_384;

/**
 * Starts anvil and resolves once it listens (about 50 ms). The process ends with ours, however ours ends.
 * Throws AnvilError: `binary_missing`, `port_taken`, `exited`, `timeout`, `aborted`.
 */
export async function startAnvil(options: AnvilOptions = {}): Promise<Anvil> {
  if (options.signal?.aborted) throw aborted();
  const binary = findBinary();
  const home = mkdtempSync(join(tmpdir(), 'plumbline-anvil-'));
  const config = join(home, 'config.json');
  const child = spawn(binary, commandLine(options, home, config), {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Its own process group: Ctrl-C in a terminal reaches us alone, and we stop it in order.
    detached: true,
  });
  const exited = watchExit(child);
  const unguard = guardChild(child, home);
  const stop = once1(async () => {
    await end(child, exited);
    unguard();
    rmSync(home, { recursive: true, force: true });
  });
  try {
    const address = await listening(child, exited, options);
    return handle(child, address, readAccounts(config), exited, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

const once1 = (action: () => Promise<void>): (() => Promise<void>) => {
  let running: Promise<void> | null = null;
  return () => {
    running ??= action();
    return running;
  };
};

function findBinary(): string {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const name = process.platform === 'win32' ? 'anvil.exe' : 'anvil';
  const path = `@foundry-rs/anvil-${process.platform}-${arch}/bin/${name}`;
  try {
    return createRequire(import.meta.url).resolve(path);
  } catch (cause) {
    const where = `${process.platform}-${arch}`;
    const message = `anvil is not installed for ${where}: run "npm ci" with optional packages included.`;
    throw new AnvilError('binary_missing', message, cause);
  }
}

function commandLine(options: AnvilOptions, home: string, config: string): readonly string[] {
  const flags: Readonly<Record<string, string | number | undefined>> = {
    '--host': options.host ?? '127.0.0.1',
    '--port': options.port ?? 0,
    '--chain-id': options.chainId,
    '--hardfork': options.hardfork ?? 'prague',
    '--block-time': options.blockTime,
    '--slots-in-an-epoch': options.slotsInAnEpoch,
    '--accounts': options.accounts,
    '--mnemonic': options.mnemonic,
    '--timestamp': options.genesisTimestamp,
    '--gas-limit': options.gasLimit ?? 60_000_000,
    // The bare flag keeps no old state at all, and then not even a reorg one deep works.
    '--prune-history': options.keepStates ?? 1_100,
    // States that anvil writes to disk land in our folder, which `stop` deletes.
    '--cache-path': join(home, 'cache'),
    '--config-out': config,
  };
  const given = Object.entries(flags).flatMap(([flag, value]) =>
    value === undefined ? [] : [flag, String(value)],
  );
  return [...given, '--no-request-size-limit', ...(options.noMining ? ['--no-mining'] : [])];
}

type Exit = Awaited<Anvil['exited']>;

function watchExit(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    // No process was made (no permission, not executable): there is no exit to wait for.
    child.once('error', () => resolve({ code: null, signal: null }));
  });
}

/** Waits for the line that names the address; anvil writes it when the socket is open. */
async function listening(child: ChildProcess, exited: Promise<Exit>, options: AnvilOptions): Promise<string> {
  const output = new Output();
  const address = new Promise<string>((resolve) => {
    output.onText = (text) => {
      const match = /^Listening on (\S+)$/m.exec(text);
      if (match?.[1] !== undefined) resolve(match[1]);
    };
  });
  output.collect(child.stdout);
  output.collect(child.stderr);
  const died = exited.then((exit) => Promise.reject(startFailure(output.text, exit, options)));
  const timer = AbortSignal.timeout(START_TIMEOUT_MS);
  const signal = options.signal === undefined ? timer : AbortSignal.any([timer, options.signal]);
  const stopped = once(signal, 'abort').then(() => {
    throw timer.aborted ? new AnvilError('timeout', 'anvil did not listen in time.') : aborted();
  });
  stopped.catch(() => {});
  try {
    return await Promise.race([address, died, stopped]);
  } finally {
    died.catch(() => {});
    output.drain();
  }
}

const aborted = (): AnvilError => new AnvilError('aborted', 'The start of anvil was aborted.');

/** The first of what a process prints. Afterwards its pipes must still be read, or it blocks on a full one. */
class Output {
  text = '';
  onText: (text: string) => void = () => {};
  readonly #streams: Readable[] = [];
  collect(stream: Readable | null): void {
    if (stream === null) return;
    this.#streams.push(stream);
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      if (this.text.length < KEPT_OUTPUT) this.text += chunk;
      this.onText(this.text);
    });
  }
  drain(): void {
    for (const stream of this.#streams) stream.removeAllListeners('data').resume();
  }
}

function startFailure(output: string, exit: Exit, options: AnvilOptions): AnvilError {
  if (/address already in use/i.test(output)) {
    const message = `Port ${options.port} is taken: end the program that listens there, or choose another port.`;
    return new AnvilError('port_taken', message);
  }
  const said = output.trim().split('\n').at(-1)?.trim() ?? '';
  const ended = exit.signal ?? `exit code ${exit.code}`;
  return new AnvilError(
    'exited',
    `anvil ended before it listened (${ended})${said === '' ? '.' : `: ${said}`}`,
  );
}

function readAccounts(path: string): readonly DevAccount[] {
  const config = JSON.parse(readFileSync(path, 'utf8')) as {
    readonly available_accounts: readonly string[];
    readonly private_keys: readonly Hex[];
  };
  return config.private_keys.map((privateKey, index) => ({
    address: (config.available_accounts[index] ?? '').toLowerCase() as Address,
    privateKey,
  }));
}

function handle(
  child: ChildProcess,
  address: string,
  accounts: readonly DevAccount[],
  exited: Promise<Exit>,
  stop: () => Promise<void>,
): Anvil {
  const url = `http://${address}`;
  return {
    url,
    wsUrl: `ws://${address}`,
    beaconUrl: url,
    port: Number(address.slice(address.lastIndexOf(':') + 1)),
    pid: child.pid ?? 0,
    accounts,
    rpc: (method, params = []) => call(url, method, params),
    exited,
    stop,
  };
}

async function call<T>(url: string, method: string, params: readonly unknown[]): Promise<T> {
  let answer: { readonly result?: T; readonly error?: { readonly message: string } };
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(RPC_TIMEOUT_MS),
    });
    answer = (await response.json()) as typeof answer;
  } catch (cause) {
    throw new AnvilError('unreachable', `anvil at ${url} did not answer ${method}.`, cause);
  }
  if (answer.error !== undefined) {
    throw new AnvilError('rpc_error', `anvil refused ${method}: ${answer.error.message}`);
  }
  return answer.result as T;
}

/** SIGTERM first; SIGKILL if it does not end. */
async function end(child: ChildProcess, exited: Promise<Exit>): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}
