import type { Dice } from './dice.ts';

export type Layer = 'l1' | 'engine' | 'journal';

/** Who a call belongs to: when its process is dead, nobody hears the answer. */
export interface Caller {
  readonly name: string;
  readonly dead: boolean;
}

export interface Ask<T> {
  readonly caller: Caller;
  readonly layer: Layer;
  readonly method: string;
  /** What is asked, for the log. */
  readonly about: string;
  /** Changes the outside, so a request on the wire does so even when its process has died. */
  readonly writes: boolean;
  /** Calls of one tick that share a request are served and answered together. */
  readonly shares: boolean;
  readonly signal: AbortSignal | undefined;
  /** What the other side does and answers; throws its error. */
  readonly serve: (dice: Dice) => T;
  /** Called when the caller hears the answer. */
  readonly onHeard?: (answer: T) => void;
  /** What a caller that aborts is told. */
  readonly aborted: () => Error;
}

interface Waiting {
  readonly ask: Ask<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  outcome: { readonly value: unknown } | { readonly error: unknown } | null;
}

/** Requests on their way: `sent` until the other side has done its work, then `served` until the caller hears. */
interface Request {
  readonly calls: Waiting[];
  readonly tick: number;
  served: boolean;
}

/** How often a request is served and heard in one go. */
const AT_ONCE = 0.7;

/**
 * Every call that the node makes to the outside waits here, and the scheduler alone decides which is served next,
 * and when its answer is heard.
 */
export class Gate {
  #requests: Request[] = [];
  #tick = 0;
  readonly #log: (line: () => string) => void;

  constructor(log: (line: () => string) => void) {
    this.#log = log;
  }

  get waiting(): number {
    return this.#requests.length;
  }

  call<T>(ask: Ask<T>): Promise<T> {
    // Nobody is there any more to ask, though its promises may still run.
    if (ask.caller.dead) return new Promise<T>(() => {});
    if (ask.signal?.aborted) return Promise.reject(ask.aborted());
    return new Promise<T>((resolve, reject) => {
      const waiting: Waiting = {
        ask: ask as unknown as Ask<unknown>,
        resolve: resolve as (value: unknown) => void,
        reject,
        outcome: null,
      };
      const last = this.#requests.at(-1);
      const joins =
        ask.shares &&
        last !== undefined &&
        last.tick === this.#tick &&
        !last.served &&
        last.calls[0]!.ask.method === ask.method &&
        last.calls[0]!.ask.caller === ask.caller;
      if (joins) last.calls.push(waiting);
      else this.#requests.push({ calls: [waiting], tick: this.#tick, served: false });
    });
  }

  /** Lets one request go on by a step. */
  advance(dice: Dice): void {
    this.#tick += 1;
    const index = dice.int(this.#requests.length);
    const request = this.#requests[index]!;
    if (!request.served) {
      this.#serve(request, dice);
      if (!dice.chance(AT_ONCE)) return;
    }
    this.#requests.splice(index, 1);
    for (const one of request.calls) this.#hear(one);
  }

  /**
   * The process is gone: what it asked is lost, or already on the wire to the engine. The journal is not shared: what
   * a process has written there is there before the next one opens it.
   */
  forget(caller: Caller, dice: Dice): void {
    const kept: Request[] = [];
    for (const request of this.#requests) {
      const { ask } = request.calls[0]!;
      if (ask.caller !== caller) kept.push(request);
      else if (ask.writes && !request.served && dice.chance(0.5)) {
        if (ask.layer === 'journal') this.#serve(request, dice);
        else kept.push(request);
      }
    }
    this.#requests = kept;
  }

  /** The callers no longer want to know. */
  abort(caller: Caller): void {
    for (const { calls } of this.#requests) {
      for (const { ask, reject } of calls) if (ask.caller === caller) reject(ask.aborted());
    }
  }

  #serve(request: Request, dice: Dice): void {
    request.served = true;
    for (const one of request.calls) {
      try {
        one.outcome = { value: one.ask.serve(dice) };
      } catch (error) {
        one.outcome = { error };
      }
    }
  }

  #hear({ ask, resolve, reject, outcome }: Waiting): void {
    if (ask.caller.dead || outcome === null) return;
    this.#log(() => `  ${ask.caller.name} ${ask.layer}.${ask.method}(${ask.about}) → ${said(outcome)}`);
    if ('error' in outcome) {
      reject(outcome.error);
      return;
    }
    ask.onHeard?.(outcome.value);
    resolve(outcome.value);
  }
}

function said(outcome: NonNullable<Waiting['outcome']>): string {
  if ('error' in outcome) {
    const { code, message } = outcome.error as { code?: unknown; message?: unknown };
    return `failed: ${String(code ?? '')} ${String(message)}`;
  }
  return short(outcome.value);
}

/** Values of the ports in few letters: blocks as number·id. */
function short(value: unknown): string {
  if (value === null || value === undefined) return 'none';
  if (Array.isArray(value)) return `[${value.map(short).join(' ')}]`;
  if (typeof value === 'string') return nameOf(value);
  if (typeof value !== 'object') return String(value);
  const { number, hash, batchNumber, kind } = value as Record<string, unknown>;
  if (typeof hash === 'string' && typeof number === 'number') return nameOf(hash);
  if (typeof batchNumber === 'number')
    return `batch ${batchNumber}@${short((value as { l1Block: unknown }).l1Block)}`;
  if (typeof kind === 'string') return kind;
  return `{${Object.entries(value)
    .map(([key, one]) => `${key} ${short(one)}`)
    .join(', ')}}`;
}

/** `12·3f`: block number and serial number of a simulated block; other hashes are shortened. */
export function nameOf(hash: string): string {
  if (/^0x(11|22)[0-9a-f]{62}$/.test(hash))
    return `${Number.parseInt(hash.slice(10), 16)}·${Number.parseInt(hash.slice(4, 10), 16).toString(36)}`;
  return hash.length > 20 ? `${hash.slice(0, 10)}…` : hash;
}
