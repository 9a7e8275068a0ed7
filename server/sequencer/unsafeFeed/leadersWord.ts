import type { Address, Hash, L2BlockId } from '../../protocol/refs.ts';
import { note } from '../note.ts';
import type { SequencerJournal } from '../ports.ts';
import { type Authority, type FeedView, heldAt, type Vouch } from '../state/unsafeFeed.ts';
import { type Equivocation, Equivocations } from './equivocations.ts';
import type { Peer } from './peerReader.ts';

/** Blocks of which it is remembered who led when they were first heard of. */
const KEEP_BLOCKS = 4_096;

/** When a block was first heard of. */
interface Heard {
  /** Who led then by our last look. */
  readonly leader: Address | null;
  /** The one peer that showed it while that one led; null when there were several. */
  readonly onlyFrom: string | null;
}

/** What peers, and above all the leader's own node, have said about which block. */
export class LeadersWord {
  readonly #leader: () => Address | null;
  readonly #journal: SequencerJournal;
  readonly #equivocations = new Equivocations();
  readonly #heard = new Map<Hash, Heard>();
  /** Blocks that a leader's own node showed as its own while it led. */
  readonly #spoken = new Map<Hash, Address>();
  #vouch: Vouch | null = null;

  constructor(deps: { readonly leader: () => Address | null; readonly journal: SequencerJournal }) {
    this.#leader = deps.leader;
    this.#journal = deps.journal;
  }

  get authority(): Authority {
    return { leader: this.#leader(), vouch: this.#vouch };
  }

  get equivocations(): { readonly count: number; readonly newest: readonly Equivocation[] } {
    return { count: this.#equivocations.count, newest: this.#equivocations.found };
  }

  /** Whether this is the present leader's own node. */
  leads(peer: Peer): boolean {
    const leader = this.#leader();
    return leader !== null && peer.sequencer === leader;
  }

  /** A peer showed this block. */
  tell(peer: Peer, { number, hash }: L2BlockId, at: number): void {
    this.#hear(peer, hash);
    const leads = (told: Hash): boolean => this.leads(peer) && this.#isItsOwn(peer, told);
    const leader = this.#leader();
    if (leader !== null && leads(hash)) this.#speak(hash, leader);
    const evidence = this.#equivocations.note(peer.name, leads, { number, hash }, at);
    // A follower's branch changes whenever L1 corrects it; two stories of the leader's own node are another matter.
    if (evidence?.leads) note(this.#journal, 'unsafe_feed.equivocation', evidence);
  }

  /** A block that we hold and the leader's own node shows has the leader's word, and so have its ancestors. */
  vouchFor(peer: Peer, { number, hash }: L2BlockId, view: FeedView | null): void {
    const leader = this.#leader();
    if (view === null || leader === null || !this.leads(peer) || !this.#isItsOwn(peer, hash)) return;
    if (heldAt(view, number)?.hash !== hash) return;
    const before = this.#vouch;
    // An older head, from a backend that lags, takes nothing back.
    const stands =
      before !== null &&
      before.leader === leader &&
      before.block.number > number &&
      heldAt(view, before.block.number)?.hash === before.block.hash;
    if (!stands) this.#vouch = { block: { number, hash }, leader };
  }

  /** The leader whose own node showed this block while it led; null when none did. */
  leaderOf(block: Hash): Address | null {
    return this.#spoken.get(block) ?? null;
  }

  #speak(block: Hash, leader: Address): void {
    if (this.#spoken.has(block)) return;
    this.#spoken.set(block, leader);
    if (this.#spoken.size > KEEP_BLOCKS) this.#spoken.delete(this.#spoken.keys().next().value!);
  }

  #hear(peer: Peer, hash: Hash): void {
    const leader = this.#leader();
    const heard = this.#heard.get(hash) ?? { leader, onlyFrom: peer.name };
    const again = heard.leader === leader && heard.onlyFrom !== peer.name;
    this.#heard.set(hash, again ? { leader, onlyFrom: null } : heard);
    if (this.#heard.size > KEEP_BLOCKS) this.#heard.delete(this.#heard.keys().next().value!);
  }

  /**
   * For a moment after a hand-over the new leader's node still shows its predecessor's blocks, which it took while
   * it followed and is about to give up: it gives no word for them. What it alone showed is its own, also when it
   * knew of the hand-over before us.
   */
  #isItsOwn(peer: Peer, hash: Hash): boolean {
    const heard = this.#heard.get(hash);
    return heard !== undefined && (heard.leader === this.#leader() || heard.onlyFrom === peer.name);
  }
}
