import { type CheckedEngine, checkRunner } from './checkRun.ts';
import { deriveBatch, genesisCursor } from './derivation/ethrexBased.ts';
import { lastBlockOf } from './derivation/lastBlock.ts';
import { type ObservedNodePort, Observer } from './driver/observer.ts';
import { MAX_DELAY_MS } from './driver/plan/failure.ts';
import { INITIAL_STATE } from './driver/state.ts';
import type { HostedNode } from './host.ts';
import type { JournalStore } from './journal/journal.ts';
import { lastingJournal } from './journal/lasting.ts';
import { HeadTracker } from './l1/headTracker.ts';
import type { L1 } from './l1/l1.ts';
import type { Clock } from './lib/clock.ts';
import { endAll } from './lib/endAll.ts';
import { type Pace, SteppableLoop } from './lib/loop.ts';
import { msLeft } from './lib/wait.ts';
import type { NodeOptions } from './node.ts';
import { gapSince, historyOf, identityOf } from './nodeFacts.ts';
import { nodeOps } from './nodeOps.ts';
import { nodeWebhook } from './nodeWebhook.ts';
import { StatusBook } from './status/book.ts';
import { FaultWatch } from './status/faultWatch.ts';
import { VerdictWatch } from './status/verdictWatch.ts';

export type ObserverNodeOptions = Pick<
  NodeOptions,
  'name' | 'software' | 'config' | 'l1Host' | 'pollIntervalMs' | 'fleet' | 'webhook' | 'announced'
>;

/** What is observed, and how it is reached. Of an engine there is nothing here, so there is nothing to write with. */
export interface ObserverNodeDeps {
  readonly l1: L1;
  readonly node: ObservedNodePort & CheckedEngine & { close(): Promise<void> };
  readonly journal: JournalStore;
  readonly clock: Clock;
  /** What no part of the loop foresaw. */
  readonly onError: (error: unknown) => void;
}

export interface ObserverNode extends HostedNode {
  readonly observer: Observer;
  step(): Promise<Pace>;
}

/** Wires observer, tracker and read model into one node with the same pages and probes. Starts nothing. */
export function createObserverNode(options: ObserverNodeOptions, deps: ObserverNodeDeps): ObserverNode {
  const { clock, onError } = deps;
  const listeners = new Set<() => void>();
  const announce = (): void => {
    for (const listener of listeners) listener();
  };
  const ops = nodeOps({ l1: deps.l1, engine: deps.node, journal: deps.journal }, clock);
  const journal = lastingJournal(ops.journal, {
    clock,
    onChange: () => {
      webhook?.wake();
      book.refresh();
      announce();
    },
    onLoss: onError,
  });
  const webhook = nodeWebhook(options, {
    journal,
    previous: deps.journal.previous,
    clock,
    metrics: ops.metrics,
    onChange: () => book.refresh(),
  });
  const book = new StatusBook(
    identityOf({ ...options, mode: 'observe', ourSequencer: null }, deps.node, clock.now()),
    INITIAL_STATE,
    {
      clock,
      activity: () => journal.recent(),
      journalTrouble: () => journal.trouble,
      l1Providers: () => deps.l1.providers?.() ?? [],
      webhook: () => webhook?.view() ?? null,
    },
  );
  const observer = new Observer(
    { config: options.config, genesisCursor: genesisCursor(options.config) },
    {
      l1: ops.l1,
      tracker: new HeadTracker(ops.l1),
      node: ops.engine,
      journal,
      derivation: { deriveBatch, lastBlockOf },
      clock,
      onState: (state) => {
        book.update(state);
        ops.metrics.driver(state);
        announce();
      },
    },
  );
  const verdicts = new VerdictWatch();
  const faults = new FaultWatch();
  const unit = async (signal: AbortSignal): Promise<Pace> => {
    await journal.tend();
    const outcome = await observer.step(signal);
    const change = verdicts.look(book.verdict(), clock.now());
    if (change !== null) journal.append('verdict.changed', change).catch(onError);
    const providers = deps.l1.providers?.() ?? [];
    const { trouble } = observer.state;
    for (const { kind, payload } of faults.look({ providers, engine: null, trouble }, clock.now()))
      journal.append(kind, payload).catch(onError);
    if (outcome === 'failed') {
      const nextTryAt = observer.state.trouble?.nextTryAt ?? null;
      const wait = nextTryAt === null ? options.pollIntervalMs : msLeft(nextTryAt, MAX_DELAY_MS, clock.now());
      await clock.sleep(wait, signal).catch(() => undefined);
    }
    return outcome === 'idle' ? 'idle' : 'again';
  };
  const loop = new SteppableLoop(
    { name: 'observer', idleMs: options.pollIntervalMs },
    { clock, unit, onError },
  );
  const unsubscribe = deps.l1.onHead(() => loop.wake());
  return {
    observer,
    status: () => book.view(),
    runChecks: checkRunner({
      config: options.config,
      l1: deps.l1,
      engine: deps.node,
      journal: deps.journal,
      clock,
      devnet: false,
    }),
    ops: ops.handle({
      status: () => book.view(),
      driver: () => observer.state,
      sequencing: () => null,
      journalTrouble: () => journal.trouble,
    }),
    history: historyOf(journal),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    step: () => loop.step(),
    start: () => {
      const { name, software } = options;
      const gap = gapSince(deps.journal.previous, clock.now());
      if (options.announced !== true)
        journal.append('node.started', { mode: 'observe', name, software, gap }).catch(onError);
      webhook?.start();
      loop.start();
    },
    stop: async () => {
      unsubscribe();
      await endAll([loop.stop(), webhook?.stop()], onError);
      const end = async (): Promise<void> => {
        await journal.append('node.stopped', {}).catch(onError);
        await journal.close();
      };
      await endAll([deps.l1.close(), deps.node.close(), end()], onError);
    },
  };
}
