/**
 * The seam between the process and Next's route handlers. Next compiles those separately, so they share no
 * module instance with the node: the process publishes one handle on `globalThis`, and only plain data and
 * plain functions cross (never test `instanceof` on what comes through here).
 */

import type { CheckRun } from './api/checkRunViews.ts';
import type { FleetRow, LagSample } from './api/historyViews.ts';
import type { OperatorHandle } from './api/operatorViews.ts';
import type { ChainFacts } from './api/rpc/chainFacts.ts';
import type { DevnetAnswer, DevnetVerb, StatusView } from './api/views.ts';
import type { JournalEvent } from './journal/journal.ts';
import type { ReadModels } from './journal/readModels.ts';

export interface NodeHandle {
  /** An immutable snapshot; the same object until something changes. Cheap to call. */
  status(): StatusView;
  /** Calls back (coalesced by the caller) after each change. Returns the unsubscribe. */
  onChange(listener: () => void): () => void;
  /** Only in a node of a devnet: what disturbs the devnet it is part of. */
  devnet?: DevnetHandle;
  /** What an operator may order; absent where no token is configured. */
  operator?: OperatorHandle;
  /** What probes and collectors ask; absent in a node that is only told what to say. */
  ops?: OpsHandle;
  /** What happened before now; absent where no journal is kept. */
  history?: HistoryHandle;
  /** How far behind the node was in the last half hour, oldest first. */
  lag?(): readonly LagSample[];
  /** Asks everything that the node rests on now. Never rejects; at most one run in 5 s. */
  runChecks?(): Promise<CheckRun>;
  /** The nodes of this operator, this one among them, each as it tells of itself. Never rejects. */
  fleet?(): Promise<readonly FleetRow[]>;
}

export interface HistoryHandle {
  readonly models: ReadModels;
  /** An event as one sentence for people. */
  sentenceOf(event: Pick<JournalEvent, 'kind' | 'payload'>): string;
  /** When the journal began, milliseconds since 1970; null while it is empty. */
  beganAt(): Promise<number | null>;
}

/** Whether events can be written down. */
export interface JournalHealth {
  readonly ok: boolean;
  /** Why not; null when they can. */
  readonly detail: string | null;
}

export interface OpsHandle {
  journal(): JournalHealth;
  /** The heads as other rollup nodes' monitors ask for them. */
  chain(): ChainFacts;
  /** In Prometheus' text form. */
  metrics(): Promise<string>;
}

export interface DevnetHandle {
  verbs(): readonly DevnetVerb[];
  /** Never rejects: what cannot be done is said in the sentence. */
  run(verb: string, args: Readonly<Record<string, string | number>>): Promise<DevnetAnswer>;
}

const KEY = Symbol.for('plumbline.node');
const BUILD = Symbol.for('plumbline.build');
type Globals = { [KEY]?: NodeHandle; [BUILD]?: string };

export const publishNode = (handle: NodeHandle): void => {
  (globalThis as Globals)[KEY] = handle;
};

/** Null until the node has started, and in a process that serves pages without one. */
export const currentNode = (): NodeHandle | null => (globalThis as Globals)[KEY] ?? null;

/** @param id of the pages' build, new with each one that differs */
export const publishBuild = (id: string): void => {
  (globalThis as Globals)[BUILD] = id;
};

/** Null in a process that serves no pages. */
export const currentBuild = (): string | null => (globalThis as Globals)[BUILD] ?? null;
