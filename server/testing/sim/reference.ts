import type { L1Block } from './l1World.ts';
import type { L2Block } from './l2World.ts';

export interface ReferenceBatch {
  readonly number: number;
  readonly last: L2Block;
  /** Number of the L1 block that commits it. */
  readonly l1Number: number;
}

export interface Reference {
  /** The L2 chain that this L1 branch implies, by block number. */
  readonly chain: readonly L2Block[];
  readonly batches: readonly ReferenceBatch[];
  /** The batch that cannot be right and that nothing after it can pass; null when there is none. */
  readonly stoppedAt: number | null;
}

/**
 * The oracle: what the L1 branch that ends in `head` implies, derived from genesis each time, with no cache and no
 * code of the driver. A batch counts when its blocks are readable, follow one another from the chain's tip on, and
 * can be executed; the first that does not ends everything.
 */
export function derive(head: L1Block, genesis: L2Block): Reference {
  const branch: L1Block[] = [];
  for (let at: L1Block | null = head; at !== null; at = at.parent) branch.push(at);
  branch.reverse();
  const chain: L2Block[] = [genesis];
  const batches: ReferenceBatch[] = [];
  for (const block of branch) {
    for (const [index, content] of block.contents.entries()) {
      const number = block.commits[index]!.batchNumber;
      if (content.flaw === 'unreadable' || !follows(chain.at(-1)!, content.blocks)) {
        return { chain, batches, stoppedAt: number };
      }
      chain.push(...content.blocks);
      batches.push({ number, last: chain.at(-1)!, l1Number: block.ref.number });
    }
  }
  return { chain, batches, stoppedAt: null };
}

/** Whether these blocks, at least one, make a chain on `tip` that an honest engine can execute. */
function follows(tip: L2Block, blocks: readonly L2Block[]): boolean {
  let parent = tip;
  for (const block of blocks) {
    if (block.bad || block.parentHash !== parent.hash || block.number !== parent.number + 1) return false;
    parent = block;
  }
  return blocks.length > 0;
}

/** The last block of the newest batch that is final once L1 block `finalized` is; genesis before the first. */
export const finalOf = ({ batches, chain }: Reference, finalized: number): L2Block =>
  batches.findLast((batch) => batch.l1Number <= finalized)?.last ?? chain[0]!;
