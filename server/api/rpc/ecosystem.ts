import type { BlockFacts, ChainFacts, L2BlockFacts } from './chainFacts.ts';

/**
 * The methods by which monitors read other rollup nodes, in those nodes' shapes. What a based rollup does not have is
 * zeroed, as they zero it themselves before it is known; a method whose answer could not be true (OP's rollup
 * configuration, its output roots) is not offered.
 */

const ZERO = `0x${'00'.repeat(32)}`;
const NO_BLOCK: BlockFacts = { number: 0, hash: ZERO, parentHash: ZERO, timestamp: 0 };

const l1Ref = (block: BlockFacts | null) => {
  const { hash, number, parentHash, timestamp } = block ?? NO_BLOCK;
  return { hash, number, parentHash, timestamp };
};

const l2Ref = (block: L2BlockFacts | null) => ({
  ...l1Ref(block),
  l1origin: { hash: block?.origin?.hash ?? ZERO, number: block?.origin?.number ?? 0 },
  sequenceNumber: block?.sequenceNumber ?? 0,
});

/**
 * `optimism_syncStatus` (op-node: op-service/eth/sync_status.go). Safe is safe at once here: there is no pending safe
 * block, and no other chain to check a block against, so the older and newer fields repeat the head they would equal.
 */
export const syncStatus = ({ l1, l2 }: ChainFacts) => ({
  current_l1: l1Ref(l1.current),
  current_l1_finalized: l1Ref(l1.currentFinalized),
  head_l1: l1Ref(l1.head),
  safe_l1: l1Ref(l1.safe),
  finalized_l1: l1Ref(l1.finalized),
  unsafe_l2: l2Ref(l2.unsafe),
  safe_l2: l2Ref(l2.safe),
  finalized_l2: l2Ref(l2.finalized),
  pending_safe_l2: l2Ref(l2.safe),
  cross_unsafe_l2: l2Ref(l2.unsafe),
  local_safe_l2: l2Ref(l2.safe),
  queued_unsafe_l2: l2Ref(null),
});

const blockInfo = (block: BlockFacts | null) => ({ number: block?.number ?? 0, hash: block?.hash ?? ZERO });

/** `rollupNode_status` (Scroll's rollup-node: crates/chain-orchestrator/src/status.rs). */
export const rollupNodeStatus = ({ l1, l2, synced, batchesToDerive }: ChainFacts) => {
  const status = synced ? 'Synced' : 'Syncing';
  return {
    l1: {
      status: l1.head === null ? 'Syncing' : status,
      latest: l1.head?.number ?? 0,
      finalized: l1.finalized?.number ?? 0,
      processed: l1.current?.number ?? 0,
    },
    l2: {
      status: l2.unsafe === null ? 'Syncing' : status,
      head: blockInfo(l2.unsafe),
      safe: blockInfo(l2.safe),
      finalized: blockInfo(l2.finalized),
    },
    derivation:
      synced && batchesToDerive === 0
        ? { state: 'idle' }
        : { state: 'deriving', queued: Math.max(1, batchesToDerive) },
  };
};

export interface EcosystemDeps {
  /** Null in a process without a node. */
  readonly chain: ChainFacts | null;
  readonly software: string;
}

export type MethodAnswer =
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'unknown_method' }
  | { readonly kind: 'no_node' };

const METHODS: Readonly<Record<string, (chain: ChainFacts, software: string) => unknown>> = {
  optimism_syncStatus: syncStatus,
  rollupNode_status: rollupNodeStatus,
  optimism_version: (_, software) => software,
};

export const RPC_METHODS: readonly string[] = Object.keys(METHODS);

export function callMethod(method: string, { chain, software }: EcosystemDeps): MethodAnswer {
  const run = Object.hasOwn(METHODS, method) ? METHODS[method] : undefined;
  if (run === undefined) return { kind: 'unknown_method' };
  if (chain === null) return { kind: 'no_node' };
  return { kind: 'result', result: run(chain, software) };
}
