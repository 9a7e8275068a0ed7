import type { Hash, L2BlockId } from '../../protocol/refs.ts';

/** One peer showed two blocks at one height. */
export interface Equivocation {
  readonly peer: string;
  /** Whether the peer was the leader's own: then it is the leader that told two stories. */
  readonly leads: boolean;
  readonly height: number;
  readonly first: Hash;
  readonly second: Hash;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Heights remembered of each peer, and pieces of evidence kept for people. */
const KEEP_HEIGHTS = 1_024;
const KEEP_EVIDENCE = 16;

/**
 * What each peer said about each height. A peer that reverts and builds anew shows two blocks too, so this is
 * evidence, not a verdict. A second story is told upwards from where it leaves the first: it counts where a peer goes
 * back, and not once more with each block that it builds on that.
 */
export class Equivocations {
  readonly #said = new Map<string, Map<number, Hash>>();
  /** Height of what each peer said last. */
  readonly #last = new Map<string, number>();
  #found: readonly Equivocation[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The newest pieces of evidence, newest last. */
  get found(): readonly Equivocation[] {
    return this.#found;
  }

  /** Answers the evidence when this begins a second story. `leads` says of a block whether it is the leader's own word. */
  note(peer: string, leads: (hash: Hash) => boolean, block: L2BlockId, at: number): Equivocation | null {
    const said = this.#said.get(peer) ?? new Map<number, Hash>();
    this.#said.set(peer, said);
    const first = said.get(block.number);
    said.set(block.number, block.hash);
    if (said.size > KEEP_HEIGHTS) said.delete(said.keys().next().value!);
    const goesOn = block.number > (this.#last.get(peer) ?? Number.POSITIVE_INFINITY);
    this.#last.set(peer, block.number);
    if (first === undefined || first === block.hash || goesOn) return null;
    const bothLead = leads(first) && leads(block.hash);
    const evidence = { peer, leads: bothLead, height: block.number, first, second: block.hash, at };
    this.#count++;
    this.#found = [...this.#found, evidence].slice(-KEEP_EVIDENCE);
    return evidence;
  }
}
