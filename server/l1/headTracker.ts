import { runSearch, searchLastMatch } from '../lib/search.ts';
import type { L1BlockId, L1BlockRef } from '../protocol/refs.ts';
import { type L1, L1Error, type L1Heads } from './l1.ts';
import type { L1Event, L1View } from './l1View.ts';
import { DEFAULT_WINDOW, LocalChain, type Reconciled, reconcile } from './localChain.ts';

/** Parents fetched one by one before asking by number instead: most reorgs are this shallow. */
const WALK_BACK = 4;
/** A gap up to this wide is filled; over a wider one (a long sleep) the window begins again. */
const FILL_GAP = 2_048;
/** Blocks remembered behind the head after a start, so that a reorg right then has an ancestor. */
const START_BEHIND = 96;
/** Blocks handed out for the picture of the last L1 blocks. */
const RECENT = 32;
/** Headers asked for at once. */
const CHUNK = 128;

type TrackerL1 = Pick<L1, 'heads' | 'blockByNumber' | 'blockByHash'>;

/**
 * Follows the L1 head: fetches what `reconcile` asks for and says how the branch moved. Canonicality is always
 * number → hash, so a block that the node merely still knows is not taken for canonical. Finding the common
 * ancestor costs O(log depth) calls.
 */
export class HeadTracker {
  readonly #l1: TrackerL1;
  #chain: LocalChain;
  /** The highest block L1 ever called finalized; it never goes back (fault R24). */
  #finalized: L1BlockRef | null = null;

  constructor(l1: TrackerL1, capacity: number = DEFAULT_WINDOW) {
    this.#l1 = l1;
    this.#chain = new LocalChain(capacity);
  }

  /** Forgets the branch and what L1 called final. For an operator's order only: a reorg past finality passes it. */
  forget(): void {
    this.#chain = new LocalChain(this.#chain.capacity);
    this.#finalized = null;
  }

  /** One look. Throws L1Error; after `not_canonical` (the branch moved while we looked) simply look again. */
  async track(signal?: AbortSignal): Promise<L1View> {
    const heads = await this.#l1.heads(signal);
    const event =
      this.#chain.newest === null ? await this.#start(heads, signal) : await this.#compare(heads, signal);
    if (event.kind !== 'stale' && event.kind !== 'beyond_finalized') this.#rememberFinalized(heads);
    return { heads, event, recent: this.#chain.above(heads.latest.number - RECENT) };
  }

  /** Whether a block is on the branch of the last look; null below the window, where nothing is known. */
  onBranch(id: L1BlockId): boolean | null {
    const { oldest } = this.#chain;
    return oldest === null || id.number < oldest.number ? null : this.#chain.has(id);
  }

  #rememberFinalized({ finalized }: L1Heads): void {
    if (finalized === null || finalized.number <= (this.#finalized?.number ?? -1)) return;
    // Below the window nothing contradicts the label; within it, a label of another branch is a wrong answer.
    const below = finalized.number < (this.#chain.oldest?.number ?? 0);
    if (below || this.#chain.has(finalized)) this.#finalized = finalized;
  }

  async #start({ latest, finalized }: L1Heads, signal?: AbortSignal): Promise<L1Event> {
    const floor = Math.max(0, latest.number - START_BEHIND, (finalized?.number ?? 0) - 1);
    const branch = await this.#branchAbove(Math.min(floor, latest.number) - 1, latest, signal);
    this.#chain.reset(branch[0]);
    for (const ref of branch.slice(1)) this.#chain.append(ref);
    return { kind: 'started' };
  }

  async #compare(heads: L1Heads, signal?: AbortSignal): Promise<L1Event> {
    const { latest } = heads;
    let branch: readonly L1BlockRef[] = [latest];
    for (let walked = 0; ; ) {
      const answer = reconcile(this.#chain, branch, this.#finalized);
      switch (answer.kind) {
        case 'needParent': {
          if (walked++ >= WALK_BACK) return this.#searchAncestor(heads, signal);
          const parent = await this.#l1.blockByHash(answer.hash, signal);
          if (parent === null) throw moved(`the parent ${answer.hash} of a block it just showed`);
          branch = [parent, ...branch];
          break;
        }
        case 'gap': {
          if (answer.to - answer.from >= FILL_GAP) return this.#jump(heads, signal);
          branch = await this.#branchAbove(answer.from - 1, latest, signal);
          break;
        }
        case 'beyondWindow':
          return this.#searchAncestor(heads, signal);
        default:
          return this.#settle(answer, heads);
      }
    }
  }

  #settle(
    answer: Exclude<Reconciled, { kind: 'needParent' | 'gap' | 'beyondWindow' }>,
    heads: L1Heads,
  ): L1Event {
    const { latest } = heads;
    const oldTip = this.#chain.newest as L1BlockRef;
    switch (answer.kind) {
      case 'stale':
        return answer.reason === 'known' && latest.hash === oldTip.hash
          ? { kind: 'same' }
          : { kind: 'stale', seen: answer.seen };
      case 'extended':
        this.#chain.apply(answer);
        return { kind: 'extended' };
      case 'reorg': {
        this.#chain.apply(answer);
        const { commonAncestor, dropped, depth } = answer;
        return { kind: 'reorg', commonAncestor, oldTip, dropped, depth, exact: true };
      }
      case 'beyondFinalized':
        return this.#leftFinalized(heads, answer.finalized);
    }
  }

  /**
   * The branch of that head lacks a block that L1 called final. It takes L1's own word to believe that it broke the
   * promise: a finalized block that contradicts ours. A backend that was left on a dead branch has none, and is stale.
   */
  #leftFinalized({ latest, finalized: label }: L1Heads, ours: L1BlockId): L1Event {
    const seen = idOf(latest);
    const contradicts =
      label !== null && label.number >= ours.number && label.hash !== ours.hash && !this.#chain.has(label);
    return contradicts ? { kind: 'beyond_finalized', finalized: ours, seen } : { kind: 'stale', seen };
  }

  /** A deep reorg: ask L1 by number where our branch is still its branch, and adopt everything above. */
  async #searchAncestor(heads: L1Heads, signal?: AbortSignal): Promise<L1Event> {
    const { latest } = heads;
    const oldest = this.#chain.oldest as L1BlockRef;
    const oldTip = this.#chain.newest as L1BlockRef;
    if (latest.number < oldest.number) return this.#belowWindow(heads, signal);
    const number = await runSearch(
      searchLastMatch(oldest.number, Math.min(oldTip.number, latest.number)),
      async (at) => {
        const there = await this.#l1.blockByNumber(at, signal);
        // None where there must be one says nothing of ours.
        if (there === null) throw moved(`block ${at}, below its own head`);
        return there.hash === this.#chain.at(at)?.hash;
      },
    );
    const finalized = this.#finalized;
    if (
      finalized !== null &&
      (number ?? -1) < finalized.number &&
      (await this.#lacks(finalized, latest, signal))
    )
      return this.#leftFinalized(heads, finalized);
    if (number === null) return this.#beginAgain(latest, signal);
    const above = await this.#branchAbove(number, latest, signal);
    if (above[0]?.parentHash !== this.#chain.at(number)?.hash)
      throw moved(`a branch that leaves ours at block ${number}`);
    // An answer that was missing or of another backend made the search go too far down.
    const adopted = above.filter((ref) => !this.#chain.has(ref));
    const ancestor = this.#chain.at((adopted[0] ?? latest).number - 1) as L1BlockRef;
    const dropped = this.#chain.rewindTo(ancestor);
    for (const ref of adopted) this.#chain.append(ref);
    const commonAncestor = { number: ancestor.number, hash: ancestor.hash };
    return { kind: 'reorg', commonAncestor, oldTip, dropped, depth: dropped.length, exact: true };
  }

  /**
   * A head below all that we remember: most likely a backend that lags. Only a finalized block that L1 replaced
   * proves more; else we wait until L1 reaches what we know, and whoever reads the state sees for how long.
   */
  async #belowWindow(heads: L1Heads, signal?: AbortSignal): Promise<L1Event> {
    const finalized = this.#finalized;
    const { latest } = heads;
    const replaced = finalized !== null && (await this.#lacks(finalized, latest, signal));
    return replaced ? this.#leftFinalized(heads, finalized) : { kind: 'stale', seen: idOf(latest) };
  }

  /**
   * True when the branch of that head has another block at that number. The blocks between are linked to the head
   * where they are not too many, so that backends which disagree prove nothing; beyond the head there is none.
   */
  async #lacks(block: L1BlockId, head: L1BlockRef, signal?: AbortSignal): Promise<boolean> {
    if (head.number < block.number) return false;
    if (head.number - block.number < FILL_GAP) {
      const [there] = await this.#branchAbove(block.number - 1, head, signal);
      return there?.hash !== block.hash;
    }
    const there = await this.#l1.blockByNumber(block.number, signal);
    return there !== null && there.hash !== block.hash;
  }

  /** Nothing we remember is canonical any more: all of it is dropped, and the true ancestor lies below. */
  async #beginAgain(latest: L1BlockRef, signal?: AbortSignal): Promise<L1Event> {
    const oldest = this.#chain.oldest as L1BlockRef;
    const oldTip = this.#chain.newest as L1BlockRef;
    const branch = await this.#branchAbove(Math.max(-1, latest.number - START_BEHIND), latest, signal);
    if (branch.some((ref) => this.#chain.has(ref))) throw moved('the blocks that its own head builds on');
    const dropped = this.#chain.above(oldest.number - 1);
    this.#chain.reset(branch[0]);
    for (const ref of branch.slice(1)) this.#chain.append(ref);
    const commonAncestor = { number: Math.max(0, oldest.number - 1), hash: oldest.parentHash };
    return { kind: 'reorg', commonAncestor, oldTip, dropped, depth: dropped.length, exact: false };
  }

  /** After a long sleep: is our tip still canonical? Then the window begins again near the head. */
  async #jump(heads: L1Heads, signal?: AbortSignal): Promise<L1Event> {
    const { latest } = heads;
    const oldTip = this.#chain.newest as L1BlockRef;
    const there = await this.#l1.blockByNumber(oldTip.number, signal);
    if (there?.hash !== oldTip.hash) return this.#searchAncestor(heads, signal);
    const branch = await this.#branchAbove(latest.number - START_BEHIND, latest, signal);
    this.#chain.reset(branch[0]);
    for (const ref of branch.slice(1)) this.#chain.append(ref);
    return { kind: 'extended' };
  }

  /** The blocks above `below` up to and including `tip`, by number, checked to be linked to `tip`. */
  async #branchAbove(below: number, tip: L1BlockRef, signal?: AbortSignal): Promise<readonly L1BlockRef[]> {
    const refs: L1BlockRef[] = [];
    for (let from = below + 1; from < tip.number; from += CHUNK) {
      const count = Math.min(CHUNK, tip.number - from);
      const chunk = await Promise.all(
        Array.from({ length: count }, (_, i) => this.#l1.blockByNumber(from + i, signal)),
      );
      for (const ref of chunk) {
        if (ref === null) throw moved(`a block between ${below} and its own head ${tip.number}`);
        refs.push(ref);
      }
    }
    refs.push(tip);
    for (let i = 1; i < refs.length; i++) {
      if (refs[i]?.parentHash !== refs[i - 1]?.hash) throw moved(`one branch up to its head ${tip.number}`);
    }
    return refs;
  }
}

const idOf = ({ number, hash }: L1BlockId): L1BlockId => ({ number, hash });

const moved = (what: string): L1Error =>
  new L1Error(
    'not_canonical',
    'eth_getBlockByNumber',
    `the L1 node does not show ${what}: its branch is changing`,
  );
