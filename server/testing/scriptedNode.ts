import type { CheckRun } from '../api/checkRunViews.ts';
import type { FleetRow, LagSample } from '../api/historyViews.ts';
import type { StatusView } from '../api/views.ts';
import { chaosHandle } from '../devnet/chaos/handle.ts';
import { fleetRowOf } from '../fleet.ts';
import type { DevnetHandle, HistoryHandle, NodeHandle } from '../runtime.ts';
import { sentenceOf } from '../status/activity.ts';
import { createScriptedHistory } from './scriptedHistory.ts';
import { hashOf } from './scriptedLabels.ts';
import { type ScriptedOperator, scriptedOperator } from './scriptedOperator.ts';
import { type Scenario, scriptedStatus } from './scriptedStatus.ts';

/** A node that tells what it was told to tell, for tests of the page and of the API. */
export interface ScriptedNode extends NodeHandle {
  /** Changes to another scenario, from its beginning. */
  show(scenario: Scenario): void;
  /** Lets L1 grow by one block. */
  advance(): void;
  /** Says the same again with fresh times, as a node does after each round. */
  refresh(): void;
  /** Has a token from now on, or none; whatever was ordered is forgotten. */
  operated(on: boolean): ScriptedOperator | null;
  readonly scenario: Scenario;
  /** Listeners at present: shows that a feed lets go of what it subscribed to. */
  readonly listenerCount: number;
}

/** A devnet that says what it was asked, and does nothing. Peers are never found: there is nobody to equivocate. */
export const scriptedDevnet: DevnetHandle = {
  verbs: () => chaosHandle('').verbs(),
  run: async (verb, args) =>
    verb === 'equivocate'
      ? { ok: false, sentence: 'Nobody leads: no sequencer is registered.' }
      : { ok: true, sentence: `Asked for ${[verb, ...Object.values(args)].join(' ')}.` },
};

/** How much past a scenario has, where it is not the usual. */
const SIZES: Partial<Record<Scenario, 'none' | 'huge'>> = {
  'first-start': 'none',
  empty: 'none',
  huge: 'huge',
};
/** The journal began this long before the node's last start. Milliseconds. */
const WATCHED_MS = 30 * 3_600_000;

/**
 * Half an hour of lag: a catch-up where the scenario is one, which gains unless it has neither an estimate nor a note,
 * else a head that is sometimes one block behind.
 */
const scriptedLag = (status: StatusView, now: number): readonly LagSample[] =>
  Array.from({ length: 180 }, (_, i) => {
    const at = now - (180 - i) * 10_000;
    const target = status.sync?.target ?? status.heads.l1?.number ?? null;
    const gains = status.sync === null || status.sync.etaSeconds !== null || status.sync.note !== null;
    const behind =
      status.sync === null ? (i % 17 === 0 ? 1 : 0) : gains ? Math.max(0, 9_000 - i * 27) : 4_120;
    const then = target === null || gains ? target : target - (180 - i);
    return {
      at,
      l1Blocks: then === null ? null : behind,
      l2Blocks: then === null ? null : 3 + ((i * 7) % 6),
      current: then === null ? null : then - behind,
      target: then,
    };
  });

/** Three nodes: this one, one that agrees (in a conflict one that does not), and one that is silent. */
const scriptedFleet = (status: StatusView, now: number): readonly FleetRow[] => {
  if (status.fleet.length === 0) return [];
  const own = fleetRowOf('scripted', 'http://localhost:3000', true, status, now);
  const leads = status.sequencer?.mode !== 'Sequencing';
  const parted = status.sequencer?.feed.conflict != null;
  const other = {
    ...own,
    name: 'node-2',
    url: 'http://localhost:3001',
    us: false,
    leads,
    role: leads ? 'Sequencing' : 'Following',
    heads: {
      ...own.heads,
      unsafe: own.heads.unsafe && {
        ...own.heads.unsafe,
        hash: parted ? hashOf('another block') : own.heads.unsafe.hash,
      },
    },
  };
  const behind = {
    ...own,
    name: 'node-3',
    url: 'http://localhost:3002',
    us: false,
    leads: false,
    problem: parted ? 'it did not answer within 1.5 s' : null,
    answeredAt: parted ? now - 134_000 : now,
    heads: { ...own.heads, unsafe: own.heads.safe },
  };
  return [own, other, behind];
};

/** What a run of the checks finds: L1 as the scenario has it, the rest in order. */
const scriptedRun = ({ node, heads, freshness }: StatusView, now: number): CheckRun => ({
  startedAt: now,
  tookMs: 61,
  checks: [
    freshness.l1.ok
      ? {
          id: 'l1_head',
          label: 'L1 head',
          state: 'pass',
          value: String(heads.l1?.number ?? ''),
          sentence: `The head is block ${heads.l1?.number ?? '?'}.`,
          tookMs: 42,
        }
      : {
          id: 'l1_head',
          label: 'L1 head',
          state: 'fail',
          value: '',
          sentence: `${node.l1Host} did not answer within 5000 ms.`,
          tookMs: 5_000,
        },
    {
      id: 'beacon',
      label: 'Beacon endpoint',
      state: 'skip',
      value: '',
      sentence: 'No beacon endpoint is configured: batches in blobs cannot be read.',
      tookMs: 0,
    },
    {
      id: 'journal_write',
      label: 'Journal takes a write',
      state: 'pass',
      value: '',
      sentence: 'What is there was written once more and is on disk; nothing was changed.',
      tookMs: 3,
    },
  ],
});

/** @param now clock of the node, milliseconds; the tests' own when times matter. */
export const createScriptedNode = (first: Scenario, now: () => number = () => Date.now()): ScriptedNode => {
  const listeners = new Set<() => void>();
  const startedAt = now() - 754_000;
  let scenario = first;
  let version = 1;
  let steps = 0;
  let status: StatusView = scriptedStatus(scenario, { version, steps, startedAt }, now());
  const lived: { at: number; kind: string; payload: unknown }[] = [];
  const happened = (kind: string, payload: unknown): void => void lived.push({ at: now(), kind, payload });
  const history: HistoryHandle = {
    models: createScriptedHistory({
      status: () => status,
      size: () => SIZES[scenario] ?? 'usual',
      lived: () => lived,
      startedAt,
    }),
    sentenceOf,
    beganAt: async () => startedAt - WATCHED_MS,
  };
  let operator: ScriptedOperator | null = null;
  const publish = (): void => {
    version += 1;
    const told = scriptedStatus(scenario, { version, steps, startedAt }, now());
    status = operator === null ? told : { ...told, operator: operator.view() };
    for (const listener of [...listeners]) listener();
  };
  const node: ScriptedNode = {
    status: () => status,
    onChange: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    history,
    lag: () => scriptedLag(status, now()),
    runChecks: async () => scriptedRun(status, now()),
    fleet: async () => scriptedFleet(status, now()),
    show: (next) => {
      scenario = next;
      steps = 0;
      lived.length = 0;
      publish();
      const reorg = status.reorgs[0];
      if (reorg !== undefined) happened('reorg.detected', reorg);
    },
    advance: () => {
      steps += 1;
      publish();
      const batch = status.batches[0];
      if (batch !== undefined)
        happened('batch.applied', {
          batch: batch.number,
          firstBlock: batch.firstBlock,
          lastBlock: { number: batch.lastBlock },
        });
    },
    refresh: publish,
    operated: (on) => {
      operator = on ? scriptedOperator(() => status, now, publish, happened) : null;
      if (operator === null) delete node.operator;
      else node.operator = operator;
      publish();
      return operator;
    },
    get scenario() {
      return scenario;
    },
    get listenerCount() {
      return listeners.size;
    },
  };
  return node;
};
