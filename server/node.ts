import { setImmediate } from 'node:timers/promises';
import { checkRunner } from './checkRun.ts';
import { Control, dutyOf } from './control.ts';
import { deriveBatch, genesisCursor } from './derivation/ethrexBased.ts';
import { lastBlockOf } from './derivation/lastBlock.ts';
import { Driver } from './driver/driver.ts';
import { INITIAL_STATE } from './driver/state.ts';
import type { Engine } from './engine/engine.ts';
import { fleetReader } from './fleet.ts';
import type { HostedNode } from './host.ts';
import type { Journal, JournalStore } from './journal/journal.ts';
import { type LastingJournal, lastingJournal } from './journal/lasting.ts';
import { HeadTracker } from './l1/headTracker.ts';
import type { L1 } from './l1/l1.ts';
import type { Clock } from './lib/clock.ts';
import { endAll } from './lib/endAll.ts';
import type { Pace } from './lib/loop.ts';
import { gapSince, historyOf, identityOf, type NodeDescription } from './nodeFacts.ts';
import { DriverPace, nodeLoop } from './nodeLoop.ts';
import { nodeOps } from './nodeOps.ts';
import { nodeWebhook, type WebhookConfig } from './nodeWebhook.ts';
import { closeOpenIntents } from './openIntents.ts';
import { createOperator, type Operator } from './operator/operator.ts';
import type { Holder } from './operator/tokens.ts';
import type { Sequencing, SequencingDeps } from './sequencing.ts';
import { StatusBook } from './status/book.ts';
import { FaultWatch } from './status/faultWatch.ts';
import { LagBook } from './status/lagBook.ts';
import { VerdictWatch } from './status/verdictWatch.ts';

export interface NodeOptions extends NodeDescription {
  /** Who may give orders. Without anybody there is no way to give one. */
  readonly holders?: readonly Holder[];
  /** Milliseconds between two manual resyncs. */
  readonly resyncCooldownMs?: number;
  /** File of the journal, where it is one: its size is measured. */
  readonly journalFile?: string | null;
  /** Null, or left out: nobody is told. */
  readonly webhook?: WebhookConfig | null;
  /** The journal holds the start of this process already: it had to wait for L1. */
  readonly announced?: boolean;
}

export interface NodeDeps {
  readonly l1: L1;
  readonly engine: Engine;
  readonly journal: JournalStore;
  readonly clock: Clock;
  /** What no part of the loop foresaw. */
  readonly onError: (error: unknown) => void;
  /** What runs beside the driver in a node that may lead; made with the node's journal. */
  readonly sequencing?: (
    parts: Pick<SequencingDeps, 'onWork' | 'onHeadMove'> & { journal: Journal },
  ) => Sequencing;
}

export interface RollupNode extends HostedNode {
  readonly driver: Driver;
  readonly operator?: Operator;
  /** One step of the driver, for tests and tools that own the pace. */
  step(): Promise<Pace>;
}

/** Wires driver, tracker and read model into one node. Starts nothing. */
export function createNode(options: NodeOptions, deps: NodeDeps): RollupNode {
  const startedAt = deps.clock.now();
  const listeners = new Set<() => void>();
  const announce = (): void => {
    for (const listener of listeners) listener();
  };
  const ops = nodeOps(deps, deps.clock);
  const journal = lastingJournal(ops.journal, {
    clock: deps.clock,
    onChange: () => {
      webhook?.wake();
      book.refresh();
      announce();
    },
    onLoss: deps.onError,
  });
  const webhook = nodeWebhook(options, {
    journal,
    previous: deps.journal.previous,
    clock: deps.clock,
    metrics: ops.metrics,
    onChange: () => book.refresh(),
  });
  const book = new StatusBook(identityOf(options, deps.engine, startedAt), INITIAL_STATE, {
    clock: deps.clock,
    activity: () => journal.recent(),
    journalTrouble: () => journal.trouble,
    l1Providers: () => deps.l1.providers?.() ?? [],
    engine: () => deps.engine.condition?.() ?? null,
    webhook: () => webhook?.view() ?? null,
  });
  const lag = new LagBook(() => deps.clock.now());
  const driver = new Driver(
    {
      config: options.config,
      genesisCursor: genesisCursor(options.config),
      nodeName: options.name,
      ...(options.resyncCooldownMs === undefined ? {} : { resyncCooldownMs: options.resyncCooldownMs }),
    },
    {
      l1: ops.l1,
      tracker: new HeadTracker(ops.l1),
      engine: ops.engine,
      journal,
      derivation: { deriveBatch, lastBlockOf },
      clock: deps.clock,
      builderOf: (block) => sequencing?.builderOf(block) ?? null,
      duty: () => dutyOf(sequencing?.view() ?? null),
      onWork: () => hurry(),
      nextTurn: () => setImmediate(),
      onState: (state) => {
        book.update(state);
        lag.look(state);
        ops.metrics.driver(state);
        announce();
      },
    },
  );
  const sequencing =
    deps.sequencing?.({
      journal,
      onWork: () => loop.wake(),
      onHeadMove: (move) => driver.headMoves(move),
    }) ?? null;
  if (sequencing !== null) book.watch(() => sequencing.view());
  const pace = new DriverPace(options.pollIntervalMs, deps.clock);
  const hurry = (): void => {
    pace.order();
    loop.wake();
  };
  const { name: nodeName, holders = [] } = options;
  const control = new Control(
    { nodeName, hasOperator: holders.length > 0, hasSequencer: sequencing !== null },
    {
      driver,
      journal,
      clock: deps.clock,
      hurry,
      onChange: () => {
        book.refresh();
        announce();
      },
    },
  );
  book.watchOperator(() => control.view());
  const operator =
    holders.length === 0
      ? undefined
      : createOperator(
          { nodeName, holders },
          {
            acts: control,
            journal,
            clock: deps.clock,
            onFailure: () => ops.metrics.registry.count('auth_failures_total'),
          },
        );
  const verdicts = new VerdictWatch();
  const faults = new FaultWatch();
  const tellFaults = (): void => {
    const providers = deps.l1.providers?.() ?? [];
    const engine = deps.engine.condition?.() ?? null;
    const { trouble } = driver.state;
    for (const fault of faults.look({ providers, engine, trouble }, deps.clock.now())) {
      journal.append(fault.kind, fault.payload).catch(deps.onError);
    }
  };
  // Within a step too: a head that somebody else moved is moved back before the step is over.
  const unwatch = deps.engine.onCondition?.(tellFaults);
  const loop = nodeLoop(
    { driver, pace, sequencing, journal, control, clock: deps.clock },
    options.pollIntervalMs,
    {
      onDriven: (outcome, seconds) => ops.metrics.registry.observe('step_seconds', seconds, { outcome }),
      onLevel: closingIntents(driver, journal, deps),
      onStep: () => {
        const change = verdicts.look(book.verdict(), deps.clock.now());
        if (change !== null) journal.append('verdict.changed', change).catch(deps.onError);
        tellFaults();
      },
      onError: deps.onError,
    },
  );
  const unsubscribe = deps.l1.onHead(() => {
    pace.hurry();
    driver.announced();
    sequencing?.wake();
    loop.wake();
  });
  return {
    driver,
    ...(operator === undefined ? {} : { operator }),
    status: () => book.view(),
    lag: () => lag.samples(),
    runChecks: checkRunner({
      config: options.config,
      l1: deps.l1,
      engine: deps.engine,
      journal: deps.journal,
      clock: deps.clock,
      devnet: options.mode === 'devnet',
    }),
    fleet: fleetReader(() => book.view(), deps.clock),
    ops: ops.handle({
      status: () => book.view(),
      driver: () => driver.state,
      sequencing: () => sequencing?.view() ?? null,
      journalTrouble: () => journal.trouble,
      engineSkewMs: () => deps.engine.clockSkewMs?.() ?? null,
      journalFile: options.journalFile ?? null,
    }),
    history: historyOf(journal),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    step: () => loop.step(),
    start: () => {
      const { mode, name, software } = options;
      // Appends keep their order, so nothing that the loops write comes before it.
      const gap = gapSince(deps.journal.previous, deps.clock.now());
      if (options.announced !== true)
        journal.append('node.started', { mode, name, software, gap }).catch(deps.onError);
      sequencing?.start();
      webhook?.start();
      loop.start();
    },
    stop: async () => {
      unsubscribe();
      unwatch?.();
      control.stop();
      // Together: the sequencer works inside the loop's unit, and only its own stop cuts its calls short.
      await endAll([loop.stop(), sequencing?.stop(), webhook?.stop()], deps.onError);
      // Whatever becomes of the others: an engine that stays open keeps its folder locked.
      await endAll([deps.l1.close(), deps.engine.close(), closeJournal(journal)], deps.onError);
    },
  };
}

/** Once, when the driver is level with L1 for the first time: what the process before left open. */
function closingIntents(
  driver: Driver,
  journal: LastingJournal,
  { engine, journal: store, clock, onError }: NodeDeps,
) {
  let done = false;
  return async (signal: AbortSignal): Promise<void> => {
    const { contracts, labels, paused, stale } = driver.state;
    // A driver that rests, or that waits for an L1 which fell behind, is not level although it has nothing to do.
    if (done || contracts === null || labels === null || paused !== null || stale !== null) return;
    const upTo = store.previous?.seq ?? 0;
    const deps = { journal, models: journal.models, engine, clock, upTo };
    await closeOpenIntents(driver.state, deps, signal).then(
      () => {
        done = true;
      },
      (error: unknown) => {
        if (!signal.aborted) onError(error);
      },
    );
  };
}

async function closeJournal(journal: Journal): Promise<void> {
  try {
    await journal.append('node.stopped', {});
  } finally {
    await journal.close();
  }
}
