import { checksOf } from './api/checks.ts';
import { type DriverState, INITIAL_STATE } from './driver/state.ts';
import type { Engine } from './engine/engine.ts';
import type { HostedNode } from './host.ts';
import type { JournalEvent, JournalStore } from './journal/journal.ts';
import { backoffMs } from './lib/backoff.ts';
import type { Clock } from './lib/clock.ts';
import { NodeMetrics } from './metrics/nodeMetrics.ts';
import { gapSince, historyOf } from './nodeFacts.ts';
import type { Address } from './protocol/refs.ts';
import type { RollupConfig } from './protocol/rollupConfig.ts';
import { publishNode } from './runtime.ts';
import { StatusBook } from './status/book.ts';
import { chainFacts } from './status/chainFacts.ts';
import { FaultWatch } from './status/faultWatch.ts';
import type { Identity } from './status/present.ts';

/** How long the answers of a healthy L1 are waited for before the node shows itself without them. Milliseconds. */
const PATIENCE_MS = 3_000;
const RETRY = { firstMs: 500, maxMs: 10_000, factor: 2, jitter: 0.2 };
/** Nothing but what L1 is missing is told here, so a few rows are all there is. */
const SHOWN_EVENTS = 20;

export interface WaitingDeps {
  readonly identity: Identity;
  /** What only L1 can tell. Rejects with one sentence for the operator; `l1_silent` where L1 may come. */
  readonly facts: () => Promise<RollupConfig>;
  /** The node itself. `announced`: the journal holds the start of this process already. */
  readonly nodeOf: (rollup: RollupConfig, announced: boolean) => Promise<HostedNode>;
  readonly journal: JournalStore;
  /** The engine that will be driven, proved to be of the right chain at each look; null where a node is only read. */
  readonly engine: Pick<Engine, 'labels' | 'condition' | 'clockSkewMs'> | null;
  readonly clock: Clock;
  /** For whoever watches the terminal: one sentence. */
  readonly say: (sentence: string) => void;
  readonly onError: (error: unknown) => void;
  /** Closes what `nodeOf` would have been given: nobody else will. */
  readonly close: () => Promise<void>;
}

/** What is known of a node before L1 has answered. */
export const waitingIdentity = (
  { pollMs, sequencerAddress }: { readonly pollMs: number; readonly sequencerAddress: Address | null },
  mode: 'drive' | 'observe',
  node: Pick<Identity['node'], 'name' | 'software' | 'l1Host' | 'engine' | 'startedAt'>,
  { chainId }: { readonly chainId: number },
  fleet: readonly Identity['fleet'][number][],
): Identity => ({
  node: { ...node, mode, l1ChainId: null, l2ChainId: chainId },
  fleet: [...fleet],
  batchesPerSequencer: 1,
  ourSequencer: sequencerAddress,
  expectedEveryMs: pollMs,
});

/**
 * The node, or one that waits for its L1: contracts tell what a node is made of (its chain, where scans begin, the
 * length of a term), so without L1 there is none yet. Rejects with what L1 says that no waiting mends.
 */
export async function nodeOrWaiting(deps: WaitingDeps): Promise<HostedNode> {
  const first = settled(deps.facts());
  const early = await Promise.race([first, deps.clock.sleep(PATIENCE_MS).then(() => null)]);
  const made = early?.ok ? await settled(deps.nodeOf(early.value, false)) : early;
  if (made?.ok) return made.value;
  if (made === null || (made.error as { code?: unknown }).code === 'l1_silent')
    return new WaitingNode(deps, first);
  await deps.close();
  throw made.error;
}

type Settled<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: Error & { readonly code?: unknown } };

const settled = <T>(promise: Promise<T>): Promise<Settled<T>> =>
  promise.then(
    (value) => ({ ok: true, value }),
    (error) => ({ ok: false, error: error as Error }),
  );

/** Shows why there is no node yet, on every page and probe, and gives its place to the node when L1 is there. */
class WaitingNode implements HostedNode {
  readonly #deps: WaitingDeps;
  readonly #first: Promise<Settled<RollupConfig>>;
  readonly #book: StatusBook;
  readonly #metrics = new NodeMetrics();
  readonly #faults = new FaultWatch();
  readonly #listeners = new Set<() => void>();
  readonly #stopping = new AbortController();
  #state: DriverState = INITIAL_STATE;
  #events: readonly JournalEvent[] = [];
  #loop: Promise<void> = Promise.resolve();
  #node: HostedNode | null = null;

  constructor(deps: WaitingDeps, first: Promise<Settled<RollupConfig>>) {
    this.#deps = deps;
    this.#first = first;
    this.#book = new StatusBook(deps.identity, this.#state, {
      clock: deps.clock,
      activity: () => this.#events,
      engine: () => deps.engine?.condition?.() ?? null,
    });
  }

  status = () => this.#book.view();

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get history() {
    return historyOf(this.#deps.journal);
  }

  readonly ops = {
    chain: () => chainFacts(this.#state),
    journal: () => ({ ok: true, detail: null }),
    metrics: () => {
      const now = this.#deps.clock.now();
      const status = this.#book.view();
      const checks = checksOf(status, now);
      const none = { committedBatch: null, progressAt: null, leaseRemainingMs: null, databaseBytes: null };
      const engineSkewMs = this.#deps.engine?.clockSkewMs?.() ?? null;
      const facts = { ...none, engineSkewMs, derivedBatch: 0, journalTrouble: null, unsignedSince: null };
      return this.#metrics.scrape({ status, checks, ...facts, now });
    },
  };

  start(): void {
    const { identity, journal, clock } = this.#deps;
    const { mode, name, software } = identity.node;
    this.#tell('node.started', { mode, name, software, gap: gapSince(journal.previous, clock.now()) });
    this.#loop = this.#wait();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    await (this.#node?.stop() ?? this.#deps.close());
  }

  /** Ends when the node has taken over, or at the stop. Never rejects. */
  async #wait(): Promise<void> {
    const { clock, facts, nodeOf, say } = this.#deps;
    const { signal } = this.#stopping;
    const stopped = new Promise<null>((resolve) => signal.addEventListener('abort', () => resolve(null)));
    let asked = this.#first;
    for (let tries = 1; !signal.aborted; tries++, asked = settled(facts())) {
      await this.#lookAtEngine(signal);
      const answer = await Promise.race([asked, stopped]);
      if (answer === null) return;
      const made = answer.ok ? await settled(nodeOf(answer.value, true)) : answer;
      if (made.ok) return this.#giveWay(made.value);
      if (tries === 1)
        say(`${made.error.message} The node waits for it, and says so on its page and probes.`);
      const wait = backoffMs(RETRY, tries);
      this.#failed(made.error, tries, clock.now() + wait);
      await clock.sleep(wait, signal).catch(() => undefined);
    }
  }

  #giveWay(node: HostedNode): void {
    this.#node = node;
    const { say, clock } = this.#deps;
    const l1 = { host: this.#deps.identity.node.l1Host, state: 'good', reason: null };
    // Told at once: whoever watches from now on does not know that anything was missing.
    for (const at of [clock.now(), Number.POSITIVE_INFINITY]) this.#look(l1, at);
    if (this.#stopping.signal.aborted) return;
    say('L1 answers: the node starts.');
    publishNode(node);
    node.start();
  }

  /** What the engine is like is worth knowing before L1 is there. */
  async #lookAtEngine(signal: AbortSignal): Promise<void> {
    const labels = await this.#deps.engine?.labels(signal).catch(() => null);
    if (labels) this.#publish({ labels, engineAt: this.#deps.clock.now() });
  }

  #failed({ code, message }: { code?: unknown; message: string }, count: number, nextTryAt: number): void {
    const now = this.#deps.clock.now();
    const since = this.#state.trouble?.since ?? now;
    const name = code === 'l1_silent' ? 'unreachable' : String(code ?? 'unexpected');
    const what = message.replace(/\.$/, '');
    const trouble = { severity: 'temporary', layer: 'l1', code: name, message: what } as const;
    this.#publish({
      trouble: { ...trouble, count, resets: 0, since, nextTryAt },
      lastStepAt: now,
    });
    this.#look({ host: this.#deps.identity.node.l1Host, state: name, reason: what }, now);
  }

  #look(l1: { host: string; state: string; reason: string | null }, now: number): void {
    const facts = { providers: [l1], engine: this.#deps.engine?.condition?.() ?? null, trouble: null };
    for (const { kind, payload } of this.#faults.look(facts, now)) this.#tell(kind, payload);
  }

  #tell(kind: string, payload: unknown): void {
    this.#deps.journal.append(kind, payload).then((event) => {
      this.#events = [event, ...this.#events].slice(0, SHOWN_EVENTS);
      this.#publish({});
    }, this.#deps.onError);
  }

  #publish(change: Partial<DriverState>): void {
    this.#state = { ...this.#state, ...change };
    this.#book.update(this.#state);
    for (const listener of this.#listeners) listener();
  }
}
