import type { Address } from '../../protocol/refs.ts';
import type { L1Reorg } from '../ports.ts';
import type { ReorgHeads } from './reorgRecord.ts';

/** An L1 reorg, and how things stood when it was seen. */
export interface SeenReorg {
  readonly event: L1Reorg;
  /** Milliseconds since 1970. */
  readonly firstEvidenceAt: number;
  readonly before: { readonly leader: Address | null; readonly heads: ReorgHeads };
}

/** Reorgs that wait for a record, each with its own. With more of them the two oldest become one. */
const MOST_UNRECORDED = 32;

/** Two reorgs, one after the other, as the one that leads from before the first to after the second. */
export function joinReorgs(first: L1Reorg, second: L1Reorg): L1Reorg {
  const { commonAncestor } = second.commonAncestor.number < first.commonAncestor.number ? second : first;
  // What the second dropped above the first's ancestor came with the first: it never was the branch we acted on.
  const older = second.dropped.filter((ref) => ref.number <= first.commonAncestor.number);
  const dropped = [...older, ...first.dropped];
  return {
    kind: 'reorg',
    commonAncestor,
    oldTip: first.oldTip,
    dropped,
    depth: dropped.length,
    exact: first.exact && second.exact,
  };
}

/**
 * L1 reorgs that were seen and not yet acted on. The tracker tells of a reorg once, and whatever comes between that
 * and the rewind may fail; without this the next step would take the new branch for the one it knows.
 */
export class UnsettledReorgs {
  #unrecorded: readonly SeenReorg[] = [];
  #joined: L1Reorg | null = null;

  /** All of them as one; null when nothing is unsettled. */
  get joined(): L1Reorg | null {
    return this.#joined;
  }

  see(seen: SeenReorg): void {
    const { event } = seen;
    this.#unrecorded = [...this.#unrecorded, seen];
    const [first, second, ...newer] = this.#unrecorded;
    if (this.#unrecorded.length > MOST_UNRECORDED && first !== undefined && second !== undefined) {
      this.#unrecorded = [{ ...first, event: joinReorgs(first.event, second.event) }, ...newer];
    }
    this.#joined = this.#joined === null ? event : joinReorgs(this.#joined, event);
  }

  /** The oldest that is not journaled yet. */
  get unrecorded(): SeenReorg | null {
    return this.#unrecorded[0] ?? null;
  }

  recorded(): void {
    this.#unrecorded = this.#unrecorded.slice(1);
  }

  /** All of it is old news: an operator had the driver start again elsewhere. */
  forget(): void {
    this.#unrecorded = [];
    this.#joined = null;
  }

  /** The engine and the position are on the new branch. */
  settled(): void {
    this.#joined = null;
  }
}
