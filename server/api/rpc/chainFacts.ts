/** What other programs ask of a rollup node's chain, as plain data (it crosses from the node's process to the API). */
export interface BlockFacts {
  readonly number: number;
  readonly hash: string;
  readonly parentHash: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
}

/** An L2 block with the L1 block that confirms it; null while no L1 block does. */
export interface L2BlockFacts extends BlockFacts {
  readonly origin: { readonly number: number; readonly hash: string } | null;
  /** Blocks between it and the first L2 block of the same L1 origin. */
  readonly sequenceNumber: number;
}

export interface ChainFacts {
  readonly l1: {
    readonly head: BlockFacts | null;
    readonly safe: BlockFacts | null;
    readonly finalized: BlockFacts | null;
    /** The L1 block fully derived. */
    readonly current: BlockFacts | null;
    /** L1 origin of the finalized L2 head. */
    readonly currentFinalized: BlockFacts | null;
  };
  readonly l2: {
    readonly unsafe: L2BlockFacts | null;
    readonly safe: L2BlockFacts | null;
    readonly finalized: L2BlockFacts | null;
  };
  /** Every L1 block up to the head is derived. */
  readonly synced: boolean;
  /** Committed batches that are not derived yet. */
  readonly batchesToDerive: number;
}
