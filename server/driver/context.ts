import type { DerivationCursor } from '../derivation/derivation.ts';
import type { Address, Hash, L1BlockRef } from '../protocol/refs.ts';
import type { RollupConfig } from '../protocol/rollupConfig.ts';
import type { CommitReader } from './commitReader.ts';
import type { HeadWatch } from './headWatch.ts';
import type { DriverMemory } from './memory.ts';
import type { Builder } from './plan/cause.ts';
import type { ReorgHeads } from './plan/reorgRecord.ts';
import type { UnsettledReorgs } from './plan/unsettled.ts';
import type {
  ContractState,
  Derivation,
  DriverEngine,
  DriverJournal,
  DriverL1,
  EngineLabels,
  L1View,
} from './ports.ts';
import type { ReorgBook } from './reorgBook.ts';

/** What the parts of a step share: the outside through ports, and the driver's own memory. */
export interface StepContext {
  readonly config: RollupConfig;
  readonly genesisCursor: DerivationCursor;
  readonly l1: DriverL1;
  readonly engine: DriverEngine;
  readonly derivation: Derivation;
  readonly reader: CommitReader;
  readonly memory: DriverMemory;
  readonly unsettled: UnsettledReorgs;
  readonly journal: DriverJournal;
  readonly reorgs: ReorgBook;
  readonly watch: HeadWatch;
  /** Whose an unsafe block is, where its builder's own word is known; null where not. */
  readonly builderOf: (block: Hash) => Builder | null;
  /** Resolves once what was asked of the engine is on its way to it. */
  readonly nextTurn: () => Promise<void>;
}

export interface Before {
  readonly labels: EngineLabels | null;
  readonly leader: Address | null;
  readonly heads: ReorgHeads;
}

/** What one step works on: all of it was read at, or checked against, one pinned L1 head. */
export interface Pinned {
  readonly view: L1View;
  readonly head: L1BlockRef;
  readonly contracts: ContractState;
  /** How things stood at the end of the step before. */
  readonly before: Before;
  /** When this L1 head was first heard of: the first evidence of what it shows. Milliseconds since 1970. */
  readonly evidenceAt: number;
  readonly signal: AbortSignal;
}
