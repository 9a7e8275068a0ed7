import { isAbort, withDeadline } from '../../lib/abort.ts';
import type { Pace } from '../../lib/loop.ts';
import { runSearch, searchLastMatch } from '../../lib/search.ts';
import { msLeft } from '../../lib/wait.ts';
import type { SealedBlock } from '../../protocol/block.ts';
import type { Address, L2BlockId, L2BlockRef } from '../../protocol/refs.ts';
import type { Clock } from '../ports.ts';
import { type FeedView, type FetchPlan, headOf, heldAt, planFetch, planFork } from '../state/unsafeFeed.ts';
import { type PeerBlock, type PeerChain, PeerError } from './peerChain.ts';
import type { FeedSettings } from './settings.ts';

/** A peer by the operator's configuration. */
export interface Peer {
  /** For people; unique. */
  readonly name: string;
  /** The sequencer whose node this is; null when not known. Its word outranks others' while it leads. */
  readonly sequencer: Address | null;
  readonly chain: PeerChain;
}

/** Blocks of one peer that wait for the engine, oldest first. */
export interface Offer {
  readonly blocks: readonly PeerBlock[];
}

/** How a peer stands to this node. */
export type PeerStanding =
  | 'unseen'
  | 'level'
  | 'behind'
  /** Its blocks are being taken. */
  | 'ahead'
  /** Further ahead of L1 than this node may follow. */
  | 'far_ahead'
  /** Its branch contradicts what L1 confirmed here. */
  | 'other_branch'
  /** Its branch contradicts the leader's. */
  | 'outranked'
  /** Its next block has an L1 message that this node does not find on L1. */
  | 'unknown_message'
  | 'down'
  | 'benched';

export interface PeerStatus {
  readonly name: string;
  readonly sequencer: Address | null;
  readonly standing: PeerStanding;
  readonly height: number | null;
  /** How much later than the first peer it showed its height, milliseconds. */
  readonly lagMs: number | null;
  /** Of its last answer, milliseconds since 1970. */
  readonly seenAt: number | null;
  readonly lastError: { readonly code: string; readonly message: string; readonly at: number } | null;
  readonly benchedUntil: number | null;
  /** Blocks of it that the engine took. */
  readonly adopted: number;
  /** Times that its blocks were not taken; the same refusal in a row counts once. */
  readonly refused: number;
}

export interface ReaderDeps {
  readonly clock: Clock;
  /** Null while nothing should be fetched; heights are looked at all the same. */
  readonly view: () => FeedView | null;
  /** False: leave the peer in peace. */
  readonly active: () => boolean;
  /** A peer's head, each time it is seen. Answers how late it is, in milliseconds; null where that says nothing. */
  readonly onHead: (peer: Peer, head: L2BlockRef, at: number) => number | null;
  /** Blocks wait to be taken. */
  readonly onOffer: (peer: Peer) => void;
  readonly onBenched: (peer: Peer, reason: string, until: number) => void;
}

/** Blocks asked for at the same time. */
const PARALLEL = 4;

/** Looks at one peer, on its own time: a slow peer delays nobody else. Touches no engine. */
export class PeerReader {
  readonly peer: Peer;
  readonly #settings: FeedSettings;
  readonly #maxBytes: number;
  readonly #deps: ReaderDeps;
  #offer: Offer | null = null;
  #status: Omit<PeerStatus, 'name' | 'sequencer'> = {
    standing: 'unseen',
    height: null,
    lagMs: null,
    seenAt: null,
    lastError: null,
    benchedUntil: null,
    adopted: 0,
    refused: 0,
  };

  /** `share` is this peer's part of the bytes that may wait. */
  constructor(peer: Peer, settings: FeedSettings, share: number, deps: ReaderDeps) {
    this.peer = peer;
    this.#settings = settings;
    this.#maxBytes = share;
    this.#deps = deps;
  }

  get offer(): Offer | null {
    return this.#offer;
  }

  status(): PeerStatus {
    return { name: this.peer.name, sequencer: this.peer.sequencer, ...this.#status };
  }

  /** One look: its head, and the blocks that we miss, at most one offer of them. */
  async look(signal: AbortSignal): Promise<Pace> {
    const { clock, active } = this.#deps;
    if (!active()) return 'idle';
    if (msLeft(this.#status.benchedUntil ?? 0, this.#settings.benchMs, clock.now()) > 0) return 'idle';
    const what = `peer ${this.peer.name}`;
    try {
      await withDeadline({ signal, ms: this.#settings.lookTimeoutMs, what }, (cut) => this.#look(cut));
      return 'idle';
    } catch (error) {
      if (isAbort(error, signal)) throw error;
      const code = codeOf(error);
      const message = error instanceof Error ? error.message : String(error);
      if (code === 'malformed_block') this.bench(message);
      else this.#set({ standing: 'down', lastError: { code, message, at: clock.now() } });
      return 'failed';
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { clock, onHead, view: currentView } = this.#deps;
    const head = await this.peer.chain.latest(signal);
    const at = clock.now();
    const heard = onHead(this.peer, head, at);
    // Only the first look at a height says how late the peer was with it.
    const lagMs = head.number === this.#status.height ? (this.#status.lagMs ?? heard) : heard;
    this.#set({ lagMs, height: head.number, seenAt: at, benchedUntil: null });
    const view = currentView();
    if (view === null) return;
    const plan = planFetch(view, head, this.#settings.limits);
    this.#set({ standing: standingOf(plan) });
    if (this.#offer === null) await this.#follow(plan, view, head, signal);
  }

  async #follow(plan: FetchPlan, view: FeedView, head: L2BlockRef, signal: AbortSignal): Promise<void> {
    if (plan.kind === 'other_branch')
      return this.refuse('other_branch', `shows block ${head.number} ${head.hash}`);
    if (plan.kind === 'find_fork') return this.#takeFork(plan, view, head, signal);
    if (plan.kind !== 'extend') return;
    const blocks = await this.#fetch(plan.from, plan.to, signal);
    const first = blocks[0]?.block;
    if (first !== undefined && first.parentHash !== headOf(view).hash) {
      return this.#follow(planFork(view), view, head, signal);
    }
    this.#put(blocks);
  }

  async #takeFork(
    { low, high }: { readonly low: number; readonly high: number },
    view: FeedView,
    head: L2BlockId,
    signal: AbortSignal,
  ): Promise<void> {
    const { chain } = this.peer;
    const fork = await runSearch(
      searchLastMatch(low, high),
      async (number) => (await chain.hashAt(number, signal)) === heldAt(view, number)?.hash,
    );
    if (fork === null) {
      return this.refuse(
        'other_branch',
        `its branch to block ${head.number} ${head.hash} leaves ours below the safe block`,
      );
    }
    const { maxOfferBlocks, maxAheadBlocks } = this.#settings.limits;
    const to = Math.min(head.number, fork + maxOfferBlocks, view.safe.number + maxAheadBlocks);
    this.#put(await this.#fetch(fork + 1, to, signal));
  }

  async #fetch(from: number, to: number, signal: AbortSignal): Promise<readonly PeerBlock[]> {
    const blocks: PeerBlock[] = [];
    let bytes = 0;
    for (let number = from; number <= to && bytes < this.#maxBytes; number += PARALLEL) {
      const count = Math.min(PARALLEL, to - number + 1);
      const group = await this.#group(number, count, blocks.length > 0, signal);
      for (const one of group) {
        if (one === null) return blocks;
        blocks.push(one);
        bytes += one.bytes;
      }
    }
    return blocks;
  }

  /** With blocks in hand already, a failure only ends the list: a peer too slow for all of them still gives some. */
  async #group(
    from: number,
    count: number,
    some: boolean,
    signal: AbortSignal,
  ): Promise<readonly (PeerBlock | null)[]> {
    const asked = Array.from({ length: count }, (_, i) => this.peer.chain.block(from + i, signal));
    try {
      return await Promise.all(asked);
    } catch (error) {
      if (!some || signal.aborted || codeOf(error) === 'malformed_block') throw error;
      return [null];
    }
  }

  #put(blocks: readonly PeerBlock[]): void {
    if (blocks.length === 0) return;
    this.#offer = { blocks };
    this.#deps.onOffer(this.peer);
  }

  /** Hands the waiting blocks over, the first `max` of them; the others go on waiting. */
  take(max: number): Offer | null {
    const offer = this.#offer;
    if (offer === null) return null;
    this.#offer = offer.blocks.length > max ? { blocks: offer.blocks.slice(max) } : null;
    return { blocks: offer.blocks.slice(0, max) };
  }

  drop(): void {
    this.#offer = null;
  }

  /** Its blocks were not taken, for a reason that may pass. */
  refuse(standing: 'other_branch' | 'outranked' | 'unknown_message' | 'down', detail: string): void {
    const at = this.#deps.clock.now();
    const again = this.#status.lastError?.message === detail;
    this.drop();
    this.#set({
      standing,
      refused: this.#status.refused + (again ? 0 : 1),
      lastError: { code: standing === 'down' ? 'inconsistent' : standing, message: detail, at },
    });
  }

  /** It gave a block that no honest node gives: not asked again for a while. */
  bench(reason: string): void {
    const at = this.#deps.clock.now();
    const until = at + this.#settings.benchMs;
    this.drop();
    this.#set({
      standing: 'benched',
      benchedUntil: until,
      refused: this.#status.refused + 1,
      lastError: { code: 'invalid_block', message: reason, at },
    });
    this.#deps.onBenched(this.peer, reason, until);
  }

  adopted(blocks: readonly SealedBlock[]): void {
    const reached = (blocks.at(-1)?.number ?? 0) >= (this.#status.height ?? 0);
    const standing = reached && this.#status.standing === 'ahead' ? 'level' : this.#status.standing;
    this.#set({ standing, adopted: this.#status.adopted + blocks.length });
  }

  #set(change: Partial<PeerStatus>): void {
    this.#status = { ...this.#status, ...change };
  }
}

function standingOf(plan: FetchPlan): PeerStanding {
  if (plan.kind !== 'nothing') return plan.kind === 'other_branch' ? 'other_branch' : 'ahead';
  return plan.why === 'limit' ? 'far_ahead' : plan.why;
}

const codeOf = (error: unknown): string => {
  if (error instanceof PeerError) return error.code;
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'unexpected';
};
