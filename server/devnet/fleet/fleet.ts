/** The devnet's nodes: a process each, every one with a network of its own that can be disturbed. */
import type { BackoffSchedule } from '../../lib/backoff.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Address } from '../../protocol/refs.ts';
import { RpcProxy, type RpcProxyOptions } from '../chaos/rpcProxy.ts';
import type { LogLine } from './logTail.ts';
import { type ChildState, type CommandLine, ManagedChild } from './managedChild.ts';

/** What a node prints when it is ready. */
export interface NodeReady {
  /** Null without pages. */
  readonly dashboard: string | null;
  /** JSON-RPC of its engine: what wallets and peers ask. */
  readonly engine: string | null;
}

export interface FleetNode {
  readonly name: string;
  /** The account that it commits with, as registered. */
  readonly sequencer: Address;
  readonly dashboard: string | null;
  readonly engineRpc: string | null;
  readonly pid: number | null;
  readonly state: ChildState<NodeReady>;
}

/** Where a node finds the others and L1: all of it through proxies of its own. */
export interface Wiring {
  readonly l1RpcUrl: string;
  readonly l1WsUrl: string;
  readonly beaconUrl: string;
  readonly peers: readonly { readonly name: string; readonly sequencer: Address; readonly url: string }[];
}

export interface FleetMember {
  readonly name: string;
  readonly sequencer: Address;
  readonly command: (wiring: Wiring) => CommandLine;
}

export interface FleetOptions {
  readonly l1Url: string;
  /** Which L1 transactions are commits. */
  readonly commits: NonNullable<RpcProxyOptions['commits']>;
  readonly members: readonly FleetMember[];
  readonly readyTimeoutMs?: number;
  readonly backoff?: BackoffSchedule;
}

export interface FleetDeps {
  readonly clock: Clock;
  /** Called after every change of a node's state. */
  readonly onChange?: (node: FleetNode) => void;
}

/** The nodes did not all start; the message names those that did not and why, in one sentence. */
export class FleetError extends Error {
  override readonly name = 'FleetError';
  readonly code = 'not_started';
}

interface Member extends FleetMember {
  readonly child: ManagedChild<NodeReady>;
  readonly l1: RpcProxy;
  /** Its way to each other member's engine, by name. */
  readonly peers: ReadonlyMap<string, RpcProxy>;
}

/** A cold start compiles nothing and still takes seconds where several nodes share two cores. */
const READY_TIMEOUT_MS = 90_000;
const STOP_TIMEOUT_MS = 15_000;
const STEADY_AFTER_MS = 60_000;
/** A node that ends that often before it has ever been ready is set up wrongly: waiting longer does not help. */
const TRIES_TO_START = 3;
/** A devnet's user waits for it: sooner than a service would. */
const BACKOFF: BackoffSchedule = { firstMs: 1_000, maxMs: 15_000, factor: 2, jitter: 0 };

export class Fleet {
  readonly #members = new Map<string, Member>();
  readonly #options: FleetOptions;
  readonly #deps: FleetDeps;
  /** While the fleet starts. */
  #hopeless: AbortController | null = null;

  /** Opens the proxies; `start` starts the nodes. */
  static async open(options: FleetOptions, deps: FleetDeps): Promise<Fleet> {
    const fleet = new Fleet(options, deps);
    for (const member of options.members) await fleet.#add(member);
    return fleet;
  }

  private constructor(options: FleetOptions, deps: FleetDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  get names(): readonly string[] {
    return [...this.#members.keys()];
  }

  nodes(): readonly FleetNode[] {
    return [...this.#members.values()].map(describeMember);
  }

  /** Throws RangeError for a name that is not in the fleet, like the methods below. */
  node(name: string): FleetNode {
    return describeMember(this.#member(name));
  }

  child(name: string): ManagedChild<NodeReady> {
    return this.#member(name).child;
  }

  log(name: string): readonly LogLine[] {
    return this.#member(name).child.log();
  }

  /** A node's only way to L1. */
  l1Proxy(name: string): RpcProxy {
    return this.#member(name).l1;
  }

  /** A node's only way to another's engine. */
  peerProxy(from: string, to: string): RpcProxy {
    const proxy = this.#member(from).peers.get(to);
    if (proxy === undefined) throw new RangeError(`${from} has no peer ${to}`);
    return proxy;
  }

  /** Every way into the node's engine, and out of the node to the others. */
  peerProxiesOf(name: string): readonly RpcProxy[] {
    const others = this.names.filter((other) => other !== name);
    return others.flatMap((other) => [this.peerProxy(name, other), this.peerProxy(other, name)]);
  }

  /**
   * Starts all and resolves when every one is ready. One that crashes meanwhile is tried again, three times. Throws
   * FleetError when it gives up, by itself or by the signal; what runs then still runs: `stop` ends it.
   */
  async start(signal: AbortSignal): Promise<void> {
    const hopeless = new AbortController();
    this.#hopeless = hopeless;
    const children = [...this.#members.values()].map(({ child }) => child);
    for (const child of children) child.start();
    const until = AbortSignal.any([signal, hopeless.signal]);
    try {
      await Promise.all(children.map((child) => child.whenRunning(until)));
    } catch (cause) {
      const down = this.nodes().filter(({ state }) => state.kind !== 'running');
      const why = down.map(({ name, state }) => `${name} is ${stateInWords(state, null)}`).join('; ');
      throw new FleetError(`The devnet's nodes did not all start: ${why}.`, { cause });
    } finally {
      this.#hopeless = null;
    }
  }

  /** Ends all nodes in order, then the proxies. */
  async stop(): Promise<void> {
    const members = [...this.#members.values()];
    await Promise.all(members.map(({ child }) => child.stop()));
    await Promise.all(members.flatMap(({ l1, peers }) => [l1, ...peers.values()]).map((one) => one.close()));
  }

  #member(name: string): Member {
    const member = this.#members.get(name);
    if (member === undefined) throw new RangeError(`no node ${name} in this fleet`);
    return member;
  }

  async #add(spec: FleetMember): Promise<void> {
    const { l1Url, commits, members, readyTimeoutMs, backoff } = this.#options;
    const l1 = await RpcProxy.open({ target: l1Url, commits }, this.#deps);
    const peers = new Map<string, RpcProxy>();
    for (const { name } of members) {
      if (name !== spec.name)
        peers.set(name, await RpcProxy.open({ target: null, commits: null }, this.#deps));
    }
    const wiring: Wiring = {
      l1RpcUrl: l1.url,
      l1WsUrl: l1.wsUrl,
      beaconUrl: l1.url,
      peers: members.flatMap(({ name, sequencer }) => {
        const proxy = peers.get(name);
        return proxy === undefined ? [] : [{ name, sequencer, url: proxy.url }];
      }),
    };
    const child = new ManagedChild<NodeReady>(
      {
        name: spec.name,
        command: spec.command(wiring),
        parseReady,
        readyTimeoutMs: readyTimeoutMs ?? READY_TIMEOUT_MS,
        stopTimeoutMs: STOP_TIMEOUT_MS,
        backoff: backoff ?? BACKOFF,
        steadyAfterMs: STEADY_AFTER_MS,
      },
      { clock: this.#deps.clock, onChange: () => this.#changed(spec.name) },
    );
    this.#members.set(spec.name, { ...spec, child, l1, peers });
  }

  /** The engine's port may be another one after a restart: the others' proxies follow it. */
  #changed(name: string): void {
    const node = this.node(name);
    for (const [other, { peers }] of this.#members) {
      if (other !== name) peers.get(name)?.setTarget(node.engineRpc);
    }
    const { state } = node;
    if (state.kind === 'crashed' && state.failures >= TRIES_TO_START) this.#hopeless?.abort();
    this.#deps.onChange?.(node);
  }
}

function describeMember({ name, sequencer, child }: Member): FleetNode {
  const { state } = child;
  const up = state.kind === 'running' || state.kind === 'paused';
  return {
    name,
    sequencer,
    // Known also while it is down, so that a link to it stays where it was.
    dashboard: child.lastReady?.dashboard ?? null,
    engineRpc: up ? (child.lastReady?.engine ?? null) : null,
    pid: 'pid' in state ? state.pid : null,
    state,
  };
}

function parseReady(line: string): NodeReady | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || !('dashboard' in value || 'engine' in value))
    return null;
  const text = (key: string): string | null => {
    const found = (value as Readonly<Record<string, unknown>>)[key];
    return typeof found === 'string' ? found : null;
  };
  return { dashboard: text('dashboard'), engine: text('engine') };
}

/** How a node is, in words. `now` (milliseconds since 1970) adds when a crashed one is tried again. */
export function stateInWords(state: ChildState<unknown>, now: number | null): string {
  if (state.kind !== 'crashed') return state.kind;
  const crashed = `crashed (${state.reason})`;
  if (now === null) return crashed;
  return `${crashed}, starts again in ${Math.max(0, Math.ceil((state.nextTryAt - now) / 1000))} s`;
}
