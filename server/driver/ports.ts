/** What the driver needs of the rest of the node, in the driver's own words. Types only. */
import type { DerivedBatch } from '../derivation/derivation.ts';
import type { Engine, EngineErrorCode, EngineLabels } from '../engine/engine.ts';
import type { Journal } from '../journal/journal.ts';
import type { ContractState, L1, L1ErrorCode, L1Heads, Severity } from '../l1/l1.ts';
import type { L1Event, L1View } from '../l1/l1View.ts';
import type { BatchCommit } from '../protocol/batch.ts';
import type { L1BlockId, L2BlockId } from '../protocol/refs.ts';

export type { EngineCondition } from '../engine/condition.ts';
export type { ProviderStatus } from '../l1/l1.ts';
export type { L1Event, L1View } from '../l1/l1View.ts';
export type { ContractState, EngineErrorCode, EngineLabels, L1ErrorCode, L1Heads, Severity };

export type DriverL1 = Pick<
  L1,
  'heads' | 'contractState' | 'batchCommits' | 'commitOfBatch' | 'blob' | 'blockByNumber' | 'innerCalls'
>;
/** What can be read of an engine, or of a node that is only observed. Nothing here writes. */
export type EngineReads = Pick<
  Engine,
  'labels' | 'blockByNumber' | 'blockByHash' | 'transactionsOfBlock' | 'placeOfTransaction'
>;
export type DriverEngine = EngineReads & Pick<Engine, 'newPayload' | 'forkchoiceUpdated' | 'setHead'>;
export type DriverJournal = Pick<Journal, 'append' | 'list'>;

export type L1Reorg = Extract<L1Event, { kind: 'reorg' }>;

/** Follows the L1 head and tells extension from reorg from a stale answer. */
export interface L1Tracker {
  track(signal: AbortSignal): Promise<L1View>;
  /** Forgets its branch, and what L1 called final: the next look starts afresh on whatever L1 shows. */
  forget?(): void;
  /** Whether a block is on the branch of the last look; null where nothing is known. */
  onBranch(id: L1BlockId): boolean | null;
}

/** The pure functions of one rollup family. */
export interface Derivation {
  readonly deriveBatch: typeof import('../derivation/ethrexBased.ts').deriveBatch;
  readonly lastBlockOf: typeof import('../derivation/lastBlock.ts').lastBlockOf;
}

/** A batch whose blocks the engine holds as safe. */
export interface AppliedBatch {
  readonly batchNumber: number;
  readonly commit: Pick<BatchCommit, 'l1Block' | 'newStateRoot' | 'logIndex'> & {
    readonly transaction: Pick<BatchCommit['transaction'], 'hash' | 'from'>;
  };
  readonly firstBlock: number;
  readonly lastBlock: L2BlockId & { readonly timestamp: number };
  readonly privilegedCount: number;
  readonly transactionCount: number;
  readonly gasUsed: bigint;
  readonly source: DerivedBatch['source'];
  /** Milliseconds since 1970. */
  readonly appliedAt: number;
}
