import type { Hash, L2BlockId } from '../../protocol/refs.ts';
import type { SupersedeEvidence } from './fenceStore.ts';

/**
 * What producing asks of the fence. Each question costs one transaction in the shared database; `assertMayAct` costs
 * nothing and is asked again right before each act, without anything to wait for in between.
 * Errors: `FenceError`.
 */
export interface ProductionFence {
  /** Whether this process holds the lease, by its own steady clock and without asking anybody. */
  mayProduce(): boolean;
  /** Throws `not_holder` when it does not. */
  assertMayAct(): void;
  /** Proves against the database, right now, that the lease is this process's. Renews it. */
  confirm(signal?: AbortSignal): Promise<void>;
  /** Before a block becomes the engine's head. `claimed_otherwise`: another block has that number. */
  claimBlock(block: L2BlockId, signal?: AbortSignal): Promise<void>;
  /** Before a commit is signed; `hash` stands for everything the batch says, not for its transaction. */
  claimBatch(number: number, hash: Hash, signal?: AbortSignal): Promise<void>;
  /** Voids the claims of blocks above `number`, which were reverted or never became the head. */
  supersedeBlocksAbove(number: number, evidence: SupersedeEvidence, signal?: AbortSignal): Promise<void>;
  /** Voids the claim of a batch that L1 does not have and that can no longer land. `on_l1`: L1 has it. */
  supersedeBatch(number: number, evidence: SupersedeEvidence, signal?: AbortSignal): Promise<void>;
  /** Throws `foreign_head`, and stands down, when the engine's head is neither L1's nor a block claimed here. */
  checkHead(head: L2BlockId, committed: L2BlockId, signal?: AbortSignal): Promise<void>;
  /** L1 has finalized that block: its claims, and those below, need not be kept. */
  finalized(block: number, signal?: AbortSignal): Promise<void>;
}
