/** A real geth for tests and benches: found or built by bin/geth.mjs, started on the loopback, ended with us. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectEngine } from '../engine/connect.ts';
import type { Engine } from '../engine/engine.ts';
import { guardChild } from '../lib/childGuard.ts';

const FINDER = join(import.meta.dirname, '..', '..', 'bin', 'geth.mjs');
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;
/** Enough of the log to explain a failed start. */
const KEPT_LOG = 64 * 1024;

/** Throws, rather than skips, where there is none: who runs these tests wants them run. */
export function gethBinary(): string {
  return execFileSync(process.execPath, [FINDER, '--find'], { encoding: 'utf8' }).trim();
}

export interface GethOptions {
  /** In geth's format. */
  readonly genesis: unknown;
  /** The folder of an earlier one, to start it again with its chain and secret; by default a new one. */
  readonly home?: string;
  /** The Engine API's port; any free one by default. */
  readonly port?: number;
  /** 32 bytes; by default the folder's, or a new one. */
  readonly secret?: Uint8Array;
  /** Further flags. */
  readonly flags?: readonly string[];
}

export interface Geth {
  /** The Engine API, with the token. */
  readonly engineUrl: string;
  /** The same over WebSocket. */
  readonly engineWsUrl: string;
  /** Its ordinary JSON-RPC, with the debug and txpool namespaces, without a token. */
  readonly rpcUrl: string;
  readonly secret: Uint8Array;
  readonly secretFile: string;
  readonly home: string;
  readonly pid: number;
  /** One call of the ordinary JSON-RPC. Throws with the error's words. */
  rpc<T = unknown>(method: string, params?: readonly unknown[]): Promise<T>;
  /** A client for it, with its capabilities exchanged; the caller closes it. */
  connect(): Promise<Engine>;
  /** Ends it in order and keeps its folder, so that it can be started again. */
  halt(): Promise<void>;
  /** SIGKILL, and keeps its folder. */
  kill(): Promise<void>;
  /** Ends it and deletes its folder. May be called again. */
  stop(): Promise<void>;
}

/** Starts geth on a chain of its own, without peers. About 0.8 s. */
export async function startGeth(options: GethOptions): Promise<Geth> {
  const binary = gethBinary();
  const home = options.home ?? mkdtempSync(join(tmpdir(), 'plumbline-geth-'));
  const secretFile = join(home, 'jwt.hex');
  const secret = options.secret ?? kept(secretFile) ?? new Uint8Array(randomBytes(32));
  writeFileSync(secretFile, Buffer.from(secret).toString('hex'), { mode: 0o600 });
  if (options.home === undefined) initialize(binary, home, options.genesis);
  const flags = [...flagsOf(home, secretFile, options.port ?? 0), ...(options.flags ?? [])];
  const child = spawn(binary, flags, {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const unguard = guardChild(child, home);
  const exited = once(child, 'exit');
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await exited;
      clearTimeout(timer);
    }
    unguard();
  };
  const stop = async (): Promise<void> => {
    await end('SIGTERM');
    rmSync(home, { recursive: true, force: true });
  };
  try {
    const { engineUrl, engineWsUrl, rpcUrl } = await listening(child);
    return {
      ...{ engineUrl, engineWsUrl, rpcUrl, secret, secretFile, home, pid: child.pid! },
      rpc: (method, params = []) => call(rpcUrl, method, params),
      connect: async () => {
        const engine = connectEngine({ url: engineUrl, jwtSecret: secret });
        await engine.exchangeCapabilities();
        return engine;
      },
      halt: () => end('SIGTERM'),
      kill: () => end('SIGKILL'),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function initialize(binary: string, home: string, genesis: unknown): void {
  const file = join(home, 'genesis.json');
  writeFileSync(file, JSON.stringify(genesis));
  execFileSync(binary, ['init', '--datadir', home, file], { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** The secret of an earlier start in that folder. */
function kept(secretFile: string): Uint8Array | null {
  if (!existsSync(secretFile)) return null;
  return Uint8Array.from(Buffer.from(readFileSync(secretFile, 'utf8'), 'hex'));
}

const flagsOf = (home: string, secretFile: string, port: number): readonly string[] => [
  ...['--datadir', home, '--ipcdisable', '--nodiscover', '--maxpeers', '0', '--port', '0'],
  ...['--authrpc.addr', '127.0.0.1', '--authrpc.port', String(port), '--authrpc.jwtsecret', secretFile],
  ...['--http', '--http.addr', '127.0.0.1', '--http.port', '0', '--http.api', 'eth,debug,txpool,net'],
  ...['--syncmode', 'full', '--cache', '128', '--log.format', 'logfmt', '--verbosity', '3'],
];

/** Both endpoints are named in the log, the one with the token last. */
function listening(child: ChildProcess): Promise<Pick<Geth, 'engineUrl' | 'engineWsUrl' | 'rpcUrl'>> {
  return new Promise((resolve, reject) => {
    let log = '';
    const fail = (why: string): void => reject(new Error(`geth ${why}:\n${log.slice(-2_000)}`));
    const timer = setTimeout(() => fail('did not listen in time'), START_TIMEOUT_MS);
    child.once('error', reject);
    child.once('exit', (code, signal) => fail(`ended with ${code ?? signal} before it listened`));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      // Read to the end, or geth blocks on a full pipe.
      if (log.length >= KEPT_LOG) return;
      log += text;
      const open = /HTTP server started" endpoint=(\S+) auth=false/.exec(log)?.[1];
      const engine = /HTTP server started" endpoint=(\S+) auth=true/.exec(log)?.[1];
      if (open === undefined || engine === undefined) return;
      clearTimeout(timer);
      resolve({ engineUrl: `http://${engine}`, engineWsUrl: `ws://${engine}`, rpcUrl: `http://${open}` });
    });
  });
}

async function call<T>(url: string, method: string, params: readonly unknown[]): Promise<T> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  const answer = (await response.json()) as { result?: T; error?: { message: string } };
  if (answer.error !== undefined) throw new Error(`geth refused ${method}: ${answer.error.message}`);
  return answer.result as T;
}
