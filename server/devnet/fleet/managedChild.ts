import { type ChildProcess, spawn } from 'node:child_process';
import { type BackoffSchedule, backoffMs } from '../../lib/backoff.ts';
import type { Clock } from '../../lib/clock.ts';
import { leash } from './leash.ts';
import { type LogLine, LogTail } from './logTail.ts';

export type ChildState<Ready> =
  /** Not started, or ended because it was asked to. */
  | { readonly kind: 'stopped' }
  | { readonly kind: 'starting'; readonly pid: number; readonly since: number }
  | { readonly kind: 'running'; readonly pid: number; readonly since: number; readonly ready: Ready }
  /** Held by SIGSTOP: it is there, and does nothing. */
  | { readonly kind: 'paused'; readonly pid: number; readonly since: number }
  | { readonly kind: 'stopping'; readonly pid: number; readonly since: number }
  /** It ended without being asked to and is started again at `nextTryAt`. Times in milliseconds since 1970. */
  | {
      readonly kind: 'crashed';
      readonly reason: string;
      readonly failures: number;
      readonly nextTryAt: number;
    };

export interface CommandLine {
  readonly file: string;
  readonly args: readonly string[];
  /** The whole environment: a child sees nothing else of ours. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface ManagedChildOptions<Ready> {
  readonly name: string;
  readonly command: CommandLine;
  /** Reads a line of standard output; null when it is not the one that says "ready". */
  readonly parseReady: (line: string) => Ready | null;
  /** Milliseconds until a start counts as failed. */
  readonly readyTimeoutMs: number;
  /** Milliseconds from SIGTERM to SIGKILL. */
  readonly stopTimeoutMs: number;
  readonly backoff: BackoffSchedule;
  /** A run that lasted this long clears the count of failures. Milliseconds. */
  readonly steadyAfterMs: number;
}

export interface ManagedChildDeps {
  readonly clock: Clock;
  readonly onChange: () => void;
}

interface Run<Ready> {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly startedAt: number;
  readonly exited: Promise<void>;
  ready: Ready | null;
  paused: boolean;
  /** It was asked to end: how it ends is no failure. */
  asked: boolean;
  /** Why we ended it ourselves, when we did. */
  verdict: string | null;
}

const LOG_LINES = 500;
const LOG_CHARS = 4_000;

/**
 * One child process that is kept up: started again with growing waits when it ends by itself, stopped in order
 * when asked to, and gone when this process is. Its IPC channel closes with us; the child must end on `disconnect`.
 */
export class ManagedChild<Ready> {
  readonly #options: ManagedChildOptions<Ready>;
  readonly #deps: ManagedChildDeps;
  readonly #log: LogTail;
  #wanted: 'up' | 'down' = 'down';
  #run: Run<Ready> | null = null;
  #state: ChildState<Ready> = { kind: 'stopped' };
  #failures = 0;
  #lastReady: Ready | null = null;
  #retry: AbortController | null = null;
  readonly #waiting = new Set<() => void>();

  constructor(options: ManagedChildOptions<Ready>, deps: ManagedChildDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#log = new LogTail({ maxLines: LOG_LINES, maxChars: LOG_CHARS, now: () => deps.clock.now() });
  }

  get state(): ChildState<Ready> {
    return this.#state;
  }

  /** What it said when it was ready last; null before its first start. */
  get lastReady(): Ready | null {
    return this.#lastReady;
  }

  log(): readonly LogLine[] {
    return this.#log.lines();
  }

  /** Starts it, at once also when it waits after a crash, or after the end that it is coming to. */
  start(): void {
    this.#wanted = 'up';
    this.#retry?.abort();
    if (this.#run === null) this.#spawn();
  }

  /** SIGTERM, and SIGKILL when it does not end in time. Resolves when it has ended. */
  async stop(): Promise<void> {
    this.#wanted = 'down';
    this.#retry?.abort();
    const run = this.#run;
    if (run === null) return this.#set({ kind: 'stopped' });
    run.asked = true;
    this.#set({ kind: 'stopping', pid: run.pid, since: this.#deps.clock.now() });
    // A paused process gets the signal only once it goes on.
    if (run.paused) run.child.kill('SIGCONT');
    run.child.kill('SIGTERM');
    const cut = new AbortController();
    void this.#deps.clock.sleep(this.#options.stopTimeoutMs, cut.signal).then(
      () => run.child.kill('SIGKILL'),
      () => {},
    );
    await run.exited;
    cut.abort();
  }

  /** Holds the process without its knowledge (SIGSTOP). False when there is none to hold, or it is held already. */
  pause(): boolean {
    const run = this.#run;
    if (run === null || run.paused || this.#state.kind === 'stopping') return false;
    run.paused = run.child.kill('SIGSTOP');
    if (run.paused) this.#set({ kind: 'paused', pid: run.pid, since: this.#deps.clock.now() });
    return run.paused;
  }

  /** Lets a paused process go on. False when it is not paused. */
  resume(): boolean {
    const run = this.#run;
    if (run === null || !run.paused) return false;
    run.paused = false;
    run.child.kill('SIGCONT');
    this.#setUp(run);
    return true;
  }

  /** SIGKILL: the process has no time for anything. It is started again like after any crash. False without one. */
  async kill(): Promise<boolean> {
    const run = this.#run;
    if (run === null) return false;
    run.child.kill('SIGKILL');
    await run.exited;
    return true;
  }

  /** Resolves with its ready line as soon as it runs. Rejects with the signal's reason. */
  async whenRunning(signal: AbortSignal): Promise<Ready> {
    for (;;) {
      signal.throwIfAborted();
      const state = this.#state;
      if (state.kind === 'running') return state.ready;
      await this.#nextChange(signal);
    }
  }

  #nextChange(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  #set(state: ChildState<Ready>): void {
    this.#state = state;
    for (const wake of this.#waiting) wake();
    this.#deps.onChange();
  }

  #setUp({ pid, startedAt: since, ready }: Run<Ready>): void {
    this.#set(ready === null ? { kind: 'starting', pid, since } : { kind: 'running', pid, since, ready });
  }

  #spawn(): void {
    const { file, args, env } = this.#options.command;
    const child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: env as NodeJS.ProcessEnv,
      // Its own process group: Ctrl-C in a terminal reaches us alone, and we stop it in order.
      detached: true,
    });
    if (child.pid === undefined) {
      child.once('error', (error) => this.#crashed(`could not be started: ${error.message}`));
      return;
    }
    const unleash = leash(child.pid);
    const exited = new Promise<void>((resolve) => {
      // `close` comes after `exit`, when the pipes are read to their end: its last words are in the log by then.
      child.once('close', (code, signal) => {
        unleash();
        this.#ended(run, code, signal);
        resolve();
      });
    });
    const startedAt = this.#deps.clock.now();
    const run: Run<Ready> = {
      child,
      pid: child.pid,
      startedAt,
      exited,
      ready: null,
      paused: false,
      asked: false,
      verdict: null,
    };
    child.on('error', () => {});
    this.#run = run;
    this.#collect(run);
    this.#limitStart(run);
    this.#setUp(run);
  }

  #collect(run: Run<Ready>): void {
    run.child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      for (const line of this.#log.write('out', chunk)) this.#hear(run, line);
    });
    run.child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.#log.write('err', chunk);
    });
  }

  #hear(run: Run<Ready>, line: string): void {
    if (run.ready !== null || this.#run !== run) return;
    run.ready = this.#options.parseReady(line);
    if (run.ready === null) return;
    this.#lastReady = run.ready;
    if (this.#state.kind === 'starting') this.#setUp(run);
  }

  #limitStart(run: Run<Ready>): void {
    const { readyTimeoutMs } = this.#options;
    const over = new AbortController();
    void run.exited.then(() => over.abort());
    void this.#deps.clock.sleep(readyTimeoutMs, over.signal).then(
      () => {
        if (run.ready !== null || run.paused) return;
        run.verdict = `was not ready within ${Math.round(readyTimeoutMs / 1000)} s`;
        run.child.kill('SIGKILL');
      },
      () => {},
    );
  }

  #ended(run: Run<Ready>, code: number | null, signal: NodeJS.Signals | null): void {
    this.#run = null;
    // Wanted again while it was ending: no failure, so no wait either.
    if (run.asked) {
      if (this.#wanted === 'up') this.#spawn();
      else this.#set({ kind: 'stopped' });
      return;
    }
    if (run.ready !== null && this.#deps.clock.now() - run.startedAt >= this.#options.steadyAfterMs) {
      this.#failures = 0;
    }
    this.#crashed(run.verdict ?? this.#howItEnded(code, signal));
  }

  #howItEnded(code: number | null, signal: NodeJS.Signals | null): string {
    if (signal !== null) return `was ended by ${signal}`;
    const words = this.#log.lastWords();
    return `ended with exit code ${code}${words === null ? '' : `: ${words}`}`;
  }

  #crashed(reason: string): void {
    const { clock } = this.#deps;
    this.#failures += 1;
    const wait = backoffMs(this.#options.backoff, this.#failures);
    const retry = new AbortController();
    this.#retry = retry;
    this.#set({ kind: 'crashed', reason, failures: this.#failures, nextTryAt: clock.now() + wait });
    void clock.sleep(wait, retry.signal).then(
      () => {
        if (this.#wanted === 'up' && this.#run === null) this.#spawn();
      },
      () => {},
    );
  }
}
