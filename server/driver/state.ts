import type { BatchCommit } from '../protocol/batch.ts';
import type { Hash, L1BlockId, L1BlockRef, L2BlockId } from '../protocol/refs.ts';
import type { Position } from './plan/check.ts';
import type { Trouble } from './plan/failure.ts';
import type { ReorgRecord } from './plan/reorgRecord.ts';
import type { ResyncProgress } from './plan/resync.ts';
import type { Paused } from './plan/resyncJournal.ts';
import type { AppliedBatch, ContractState, EngineLabels, L1Heads } from './ports.ts';

/** What the loop is doing. `blocked`: L1 holds a batch that cannot be right; `halted`: needs an operator. */
export type DriverPhase = 'starting' | 'deriving' | 'following' | 'blocked' | 'halted';

/** The committed batch that cannot be derived or executed. Position and safe head stay until L1 takes it back. */
export interface BlockedBatch {
  readonly batchNumber: number;
  readonly commit: BatchCommit;
  readonly reason: string;
  readonly detail: string;
  readonly since: number;
  /** When the verdict was given last. */
  readonly askedAt: number;
}

/** Catching up: L1 block numbers. */
export interface SyncProgress {
  readonly from: number;
  readonly current: number;
  readonly target: number;
  readonly startedAt: number;
}

/** Where the chain of an observed node leaves what L1 implies. Every block below is the same on both sides. */
export interface Divergence {
  readonly batchNumber: number;
  /** The first block that differs. */
  readonly block: number;
  readonly derived: Hash;
  /** Null when the node has no such block, although it has later ones. */
  readonly held: Hash | null;
  readonly commit: BatchCommit['transaction']['hash'];
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** Something that the node says of itself and that L1 shows otherwise. */
export interface Disagreement {
  readonly what: string;
  readonly node: string;
  readonly l1: string;
}

/** What ethrex says beyond `eth_`. */
export interface EthrexFacts {
  /** Newest batch the node has sealed. */
  readonly batchNumber: number;
  /** The same batch as the newest that L1 confirms here; null when the node does not have it. */
  readonly batch: {
    readonly number: number;
    readonly firstBlock: number;
    readonly lastBlock: number;
    readonly stateRoot: Hash | null;
  } | null;
}

/** A node that is watched and never written to. */
export interface Observed {
  readonly divergence: Divergence | null;
  /** The node's own safe and finalized labels, which may be others than those that L1 gives. */
  readonly own: { readonly safe: L2BlockId | null; readonly finalized: L2BlockId | null };
  /** L2 blocks that L1 confirms and the node does not have yet. */
  readonly missing: number;
  /** L2 blocks above what L1 confirms: nobody can judge them yet. */
  readonly beyond: number;
  /** Null for a node that is no ethrex. */
  readonly ethrex: EthrexFacts | null;
  /** What its health endpoint says; null where none is configured. */
  readonly health: { readonly ok: boolean; readonly detail: string } | null;
  readonly disagreements: readonly Disagreement[];
}

/** One immutable picture of the driver, replaced as a whole. All times are milliseconds since 1970. */
export interface DriverState {
  readonly phase: DriverPhase;
  readonly heads: L1Heads | null;
  /** L1 shows a head older than one it showed before, or none: since when, and which. Null when it does not. */
  readonly stale: { readonly seen: L1BlockId; readonly since: number } | null;
  /** The newest L1 blocks of our branch, oldest first. */
  readonly recentL1: readonly L1BlockRef[];
  /** L1 blocks that reorgs dropped lately, newest last. */
  readonly orphanedL1: readonly L1BlockRef[];
  readonly contracts: ContractState | null;
  readonly labels: EngineLabels | null;
  /** The head that the engine kept although it was told to go back. Old news once `labels.latest` is another. */
  readonly keptHead: L2BlockId | null;
  readonly position: Position | null;
  /** L1 origin of the finalized head. */
  readonly finalizedOrigin: L1BlockRef | null;
  /** Newest last, bounded. */
  readonly batches: readonly AppliedBatch[];
  readonly orphanedBatches: readonly AppliedBatch[];
  readonly blocked: BlockedBatch | null;
  /** Newest last, bounded. */
  readonly reorgs: readonly ReorgRecord[];
  readonly sync: SyncProgress | null;
  readonly trouble: Trouble | null;
  /** The manual resync under way, or the last one that ended. */
  readonly resync: ResyncProgress | null;
  /** An operator made the driver wait: it neither looks nor writes. */
  readonly paused: Paused | null;
  /** What a node that is only observed shows; null where an engine is driven. */
  readonly observed: Observed | null;
  /** Last time each answered; a step that failed is one too. */
  readonly lastStepAt: number | null;
  readonly l1At: number | null;
  readonly engineAt: number | null;
  /** Last time the safe head rose: the only thing that counts as progress. */
  readonly progressAt: number | null;
}

export const INITIAL_STATE: DriverState = {
  phase: 'starting',
  heads: null,
  stale: null,
  recentL1: [],
  orphanedL1: [],
  contracts: null,
  labels: null,
  keptHead: null,
  position: null,
  finalizedOrigin: null,
  batches: [],
  orphanedBatches: [],
  blocked: null,
  reorgs: [],
  sync: null,
  trouble: null,
  resync: null,
  paused: null,
  observed: null,
  lastStepAt: null,
  l1At: null,
  engineAt: null,
  progressAt: null,
};

/** `more`: step again at once · `idle`: wait for a new L1 head or a timer · `failed`: wait for `nextTryAt`. */
export type StepOutcome = 'more' | 'idle' | 'failed' | 'halted';
