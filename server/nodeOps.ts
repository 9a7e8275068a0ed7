import { statSync } from 'node:fs';
import { checksOf } from './api/checks.ts';
import type { StatusView } from './api/views.ts';
import type { DriverState } from './driver/state.ts';
import type { Engine } from './engine/engine.ts';
import type { JournalEvent, JournalStore } from './journal/journal.ts';
import { EVENT_KINDS } from './journal/kinds.ts';
import { INCONSISTENCY_RULES, type L1, type ProviderState } from './l1/l1.ts';
import type { Clock } from './lib/clock.ts';
import { measured } from './metrics/measured.ts';
import { NodeMetrics } from './metrics/nodeMetrics.ts';
import type { OpsHandle } from './runtime.ts';
import { chainFacts } from './status/chainFacts.ts';
import type { SequencingFacts } from './status/sequencing.ts';

const L1_METHODS = [
  'chainId',
  'heads',
  'blockByNumber',
  'blockByHash',
  'contractState',
  'batchCommits',
  'commitOfBatch',
  'blob',
] as const satisfies readonly (keyof L1)[];

const ENGINE_METHODS = [
  'exchangeCapabilities',
  'labels',
  'blockByNumber',
  'blockByHash',
  'newPayload',
  'forkchoiceUpdated',
  'getPayload',
] as const satisfies readonly (keyof Engine)[];

/** What a node lets probes and collectors see, and the ports through which it learns that. */
export interface NodeOps<E extends object = Engine> {
  readonly metrics: NodeMetrics;
  readonly l1: L1;
  readonly engine: E;
  readonly journal: JournalStore;
  handle(sources: OpsSources): OpsHandle;
}

export interface OpsSources {
  readonly status: () => StatusView;
  readonly driver: () => DriverState;
  /** Null in a node that only follows. */
  readonly sequencing: () => SequencingFacts | null;
  /** Why events cannot be written; null when they can. */
  readonly journalTrouble: () => { readonly code: string; readonly message: string } | null;
  /** Null, or left out, where no engine tells its time. */
  readonly engineSkewMs?: () => number | null;
  /** File of the journal; null where it is none. */
  readonly journalFile?: string | null;
}

export function nodeOps<E extends object>(
  ports: { l1: L1; engine: E; journal: JournalStore },
  clock: Clock,
): NodeOps<E> {
  const metrics = new NodeMetrics();
  const inconsistencies = new Map<string, number>();
  const unsigned = new UnsignedEvents(ports.journal);
  for (const rule of Object.keys(INCONSISTENCY_RULES))
    metrics.registry.count('rpc_inconsistency_total', { rule }, 0);
  // A counter that begins with its first event would hide that event from every alert.
  for (const kind of Object.keys(EVENT_KINDS)) metrics.registry.count('journal_events_total', { kind }, 0);
  return {
    metrics,
    l1: measured(ports.l1, L1_METHODS, metrics.l1Call),
    engine: measured(
      ports.engine,
      ENGINE_METHODS as readonly string[] as readonly (keyof E & string)[],
      metrics.engineCall,
    ),
    journal: countedJournal(ports.journal, metrics, unsigned),
    handle: ({ status, driver, sequencing, journalTrouble, journalFile, engineSkewMs }) => ({
      chain: () => chainFacts(driver()),
      journal: () => ({ ok: journalTrouble() === null, detail: journalTrouble()?.message ?? null }),
      metrics: () => {
        const now = clock.now();
        const view = status();
        const { contracts, position, progressAt } = driver();
        providerGauges(metrics, ports.l1, inconsistencies);
        return metrics.scrape({
          status: view,
          checks: checksOf(view, now),
          committedBatch: contracts?.lastCommittedBatch ?? null,
          derivedBatch: position?.cursor.batchNumber ?? 0,
          progressAt,
          engineSkewMs: engineSkewMs?.() ?? null,
          leaseRemainingMs: sequencing()?.fence.remainingMs ?? null,
          databaseBytes: journalFile ? bytesOf(journalFile) : null,
          journalTrouble: journalTrouble()?.code ?? null,
          unsignedSince: unsigned.since(),
          now,
        });
      },
    }),
  };
}

/** Knows the oldest event that no signed checkpoint covers. */
class UnsignedEvents {
  readonly #store: Pick<JournalStore, 'checkpoint'>;
  #oldest: Pick<JournalEvent, 'seq' | 'at'> | null = null;
  #newest: Pick<JournalEvent, 'seq' | 'at'> | null = null;

  constructor(store: Pick<JournalStore, 'checkpoint'>) {
    this.#store = store;
  }

  written(events: readonly JournalEvent[]): void {
    this.#look();
    this.#oldest ??= events[0] ?? null;
    this.#newest = events.at(-1) ?? this.#newest;
  }

  /** Milliseconds since 1970; null when all are covered. */
  since(): number | null {
    this.#look();
    return this.#oldest?.at ?? null;
  }

  #look(): void {
    const { seq, at } = this.#store.checkpoint;
    if (this.#oldest === null || this.#oldest.seq > seq) return;
    const newer = this.#newest !== null && this.#newest.seq > seq;
    // What came between the checkpoint and now is not kept one by one: it is as old as the checkpoint at most.
    this.#oldest = newer ? { seq: seq + 1, at: at ?? this.#newest!.at } : null;
  }
}

/** With what SQLite keeps beside it. */
function bytesOf(file: string): number | null {
  const sizes = ['', '-wal'].map(
    (suffix) => statSync(`${file}${suffix}`, { throwIfNoEntry: false })?.size ?? 0,
  );
  const all = sizes.reduce((sum, size) => sum + size, 0);
  return all === 0 ? null : all;
}

/** The store, with each event counted when it is on disk. */
function countedJournal(store: JournalStore, metrics: NodeMetrics, unsigned: UnsignedEvents): JournalStore {
  const appendAll: JournalStore['appendAll'] = async (events) => {
    const began = performance.now();
    try {
      const written = await store.appendAll(events);
      const seconds = (performance.now() - began) / 1000;
      for (const { kind, payload } of written) metrics.event(kind, payload, seconds);
      unsigned.written(written);
      return written;
    } catch (error) {
      metrics.eventFailed();
      throw error;
    }
  };
  return {
    append: async (kind, payload, ref) => (await appendAll([{ kind, payload, ref }]))[0]!,
    appendAll,
    list: (query) => store.list(query),
    since: (after, limit) => store.since(after, limit),
    tryWrite: () => store.tryWrite(),
    tend: () => store.tend(),
    get checkpoint() {
      return store.checkpoint;
    },
    models: store.models,
    previous: store.previous,
    close: () => store.close(),
  };
}

const PROVIDER_STATES: readonly ProviderState[] = [
  'good',
  'failing',
  'limited',
  'benched',
  'probation',
  'wrong_chain',
];

/** `counted`: inconsistencies that the counter has already, by rule. */
function providerGauges({ registry }: NodeMetrics, l1: L1, counted: Map<string, number>): void {
  const providers = l1.providers?.() ?? [];
  registry.set('rpc_providers_configured', providers.length);
  registry.set('rpc_providers_usable', providers.filter(({ state }) => state === 'good').length);
  const caught = new Map<string, number>();
  for (const [index, one] of providers.entries()) {
    for (const state of PROVIDER_STATES) {
      registry.set('rpc_provider_state', one.state === state ? 1 : 0, { provider: String(index + 1), state });
    }
    for (const [rule, count] of Object.entries(one.inconsistencies)) {
      caught.set(rule, (caught.get(rule) ?? 0) + count);
    }
  }
  for (const [rule, count] of caught) {
    registry.count('rpc_inconsistency_total', { rule }, count - (counted.get(rule) ?? 0));
    counted.set(rule, count);
  }
}
