import { assertNever } from '../../lib/assertNever.ts';
import type { BackoffSchedule } from '../../lib/backoff.ts';
import { type Pace, SteppableLoop } from '../../lib/loop.ts';
import type { SealedBlock } from '../../protocol/block.ts';
import type { Address, Hash, L2BlockId } from '../../protocol/refs.ts';
import { note } from '../note.ts';
import type { BuildingEngine, Clock, EngineChain, SequencerJournal } from '../ports.ts';
import type { Conflict, Disagreement, FeedAction, FeedState, Verdict } from '../state/unsafeFeed.ts';
import { INITIAL_FEED_STATE, judge, reduceFeed } from '../state/unsafeFeed.ts';
import { type Trouble, Troubles } from '../troubles.ts';
import { adopt, execute } from './adopt.ts';
import type { Equivocation } from './equivocations.ts';
import { upToUnknownMessage } from './knownMessages.ts';
import { LeadersWord } from './leadersWord.ts';
import { type LocalView, type Origin, readLocalView } from './localView.ts';
import { type Offer, type Peer, PeerReader, type PeerStatus } from './peerReader.ts';
import type { FeedSettings } from './settings.ts';
import { Durations, Sightings } from './sightings.ts';

export interface UnsafeFeedDeps {
  readonly clock: Clock;
  readonly engine: EngineChain & Pick<BuildingEngine, 'newPayload' | 'forkchoiceUpdated'>;
  readonly peers: readonly Peer[];
  readonly journal: SequencerJournal;
  /** Whether this node follows: false while it sequences, is about to, or may not write. */
  readonly active: () => boolean;
  /** Who leads by the last look at L1, lower case; null when not known. */
  readonly leader: () => Address | null;
  /** Whether the bridge on L1, by the last look at it, has this message in its queue. Left out: all are believed. */
  readonly knowsMessage?: (message: Hash) => boolean;
  /** Blocks wait for `step`. Called from the readers' loops. */
  readonly onOffer?: () => void;
  /** Called before the engine is told. Must not throw. */
  readonly onReplacing?: (replacing: Replacing) => void;
  /** The engine's head is this block now. `shownAt` is when a peer first showed its height; milliseconds since 1970. */
  readonly onAdopted?: (block: SealedBlock, at: number, shownAt: number | null) => void;
}

/** Unsafe blocks are about to give way to the leader's own. */
export interface Replacing {
  /** The head before. */
  readonly from: L2BlockId;
  /** The lowest block that goes, and the one in its place. */
  readonly first: L2BlockId;
  readonly theirs: Hash;
  readonly theirsFrom: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface UnsafeFeedStatus {
  readonly state: FeedState['kind'];
  readonly conflict: Conflict | null;
  readonly head: L2BlockId | null;
  readonly safe: L2BlockId | null;
  /** Blocks that the unsafe head is ahead of the safe head. */
  readonly ahead: number | null;
  readonly adopted: number;
  /** Blocks given up because the leader's own node showed others. */
  readonly replaced: number;
  /** From the look that first showed a block until it was the engine's head, of the newest 256 blocks. */
  readonly latency: { readonly samples: number; readonly medianMs: number; readonly p95Ms: number } | null;
  readonly peers: readonly PeerStatus[];
  readonly equivocations: { readonly count: number; readonly newest: readonly Equivocation[] };
  readonly troubles: readonly Trouble[];
}

const BACKOFF: BackoffSchedule = { firstMs: 250, maxMs: 10_000, factor: 2, jitter: 0.2 };
/** Blocks executed in one step, so that the driver, which shares the loop, has its turn. */
const BLOCKS_A_STEP = 8;
const LATENCY_SAMPLES = 256;

/**
 * Fast confirmations: takes the leader's new blocks from peers as unsafe, before L1 has them. Two halves. The readers
 * look at the peers, each in its own loop and without touching the engine (`start`, `stop`, or `poll` by hand).
 * `step` gives what they found to the engine and has to run in the loop that owns the engine's head, beside the
 * driver: it moves the head alone, and passes the safe and finalized labels on as it finds them.
 */
export class UnsafeFeed {
  readonly #settings: FeedSettings;
  readonly #deps: UnsafeFeedDeps;
  readonly #readers: readonly PeerReader[];
  readonly #loops: readonly SteppableLoop[];
  readonly #troubles: Troubles;
  readonly #sightings = new Sightings();
  readonly #latency = new Durations(LATENCY_SAMPLES);
  readonly #word: LeadersWord;
  readonly #origins = new Map<Hash, Origin>();
  #state: FeedState = INITIAL_FEED_STATE;
  #view: LocalView | null = null;
  #adopted = 0;
  #replaced = 0;

  constructor(settings: FeedSettings, deps: UnsafeFeedDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#troubles = new Troubles(deps);
    this.#word = new LeadersWord(deps);
    const share = Math.floor(settings.maxWaitingBytes / Math.max(1, deps.peers.length));
    this.#readers = deps.peers.map((peer) => new PeerReader(peer, settings, share, this.#readerDeps()));
    this.#loops = this.#readers.map((reader) => {
      const name = `unsafe feed of ${reader.peer.name}`;
      return new SteppableLoop(
        { name, idleMs: settings.pollMs, backoff: BACKOFF },
        {
          clock: deps.clock,
          unit: (signal) => reader.look(signal),
          onError: (error) => this.#troubles.add(name, error),
        },
      );
    });
  }

  #readerDeps(): ConstructorParameters<typeof PeerReader>[3] {
    const { clock, active, journal } = this.#deps;
    return {
      clock,
      active,
      // In a conflict only heights are of interest: nothing is taken before L1 has decided.
      view: () => (this.#state.kind === 'following' ? this.#view : null),
      onHead: (peer, head, at) => {
        this.#word.tell(peer, head, at);
        this.#word.vouchFor(peer, head, this.#view);
        return this.#sight(head.number, at);
      },
      onOffer: () => this.#deps.onOffer?.(),
      onBenched: (peer, reason, until) =>
        note(journal, 'unsafe_feed.peer_benched', { peer: peer.name, reason, until }),
    };
  }

  /** Heights beyond the bound are hearsay: one peer that makes them up must not spoil the times of all. */
  #sight(height: number, at: number): number | null {
    const top = (this.#view?.safe.number ?? -1) + this.#settings.limits.maxAheadBlocks;
    return this.#view === null || height > top ? null : this.#sightings.note(height, at);
  }

  /** Starts looking at the peers. */
  start(): void {
    for (const loop of this.#loops) loop.start();
  }

  /** Resolves when no peer is being asked any more. */
  async stop(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
  }

  /** One look at every peer, by hand. Never rejects. */
  async poll(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.step()));
  }

  /**
   * One unit: reads the engine's branch, and gives it at most one offer's blocks. Never rejects. `again` while more
   * blocks wait.
   */
  async step(signal: AbortSignal): Promise<Pace> {
    try {
      const pace = await this.#unit(signal);
      this.#troubles.clear('unsafe feed');
      return pace;
    } catch (error) {
      this.#dropOffers();
      if (!signal.aborted) this.#troubles.add('unsafe feed', error);
      return 'failed';
    }
  }

  status(): UnsafeFeedStatus {
    const view = this.#view;
    const head = view?.labels.latest ?? null;
    return {
      state: this.#state.kind,
      conflict: this.#state.kind === 'conflict' ? this.#state.conflict : null,
      head: head && idOf(head),
      safe: view && idOf(view.safe),
      ahead: view && view.labels.latest.number - view.safe.number,
      adopted: this.#adopted,
      replaced: this.#replaced,
      latency: this.#latency.summary(),
      peers: this.#readers.map((reader) => reader.status()),
      equivocations: this.#word.equivocations,
      troubles: this.#troubles.list(),
    };
  }

  /** The leader whose own node showed this block while it led; null when none did. */
  leaderOf(block: Hash): Address | null {
    return this.#word.leaderOf(block);
  }

  async #unit(signal: AbortSignal): Promise<Pace> {
    if (!this.#deps.active()) {
      this.#dispatch({ kind: 'stood_down' });
      this.#view = null;
      this.#dropOffers();
      return 'idle';
    }
    const view = await this.#look(signal);
    this.#dispatch({ kind: 'looked', view });
    if (this.#state.kind !== 'following') {
      this.#dropOffers();
      return 'idle';
    }
    const reader = this.#nextReader();
    const offer = reader?.take(BLOCKS_A_STEP);
    if (reader === undefined || offer == null) return 'idle';
    await this.#consider(reader, offer, view, signal);
    return this.#nextReader() === undefined ? 'idle' : 'again';
  }

  async #look(signal: AbortSignal): Promise<LocalView> {
    const { maxAheadBlocks } = this.#settings.limits;
    this.#view = await readLocalView(this.#deps.engine, this.#view, this.#origins, maxAheadBlocks, signal);
    const held = new Set(this.#view.unsafe?.map((block) => block.hash));
    for (const hash of this.#origins.keys()) if (!held.has(hash)) this.#origins.delete(hash);
    return this.#view;
  }

  /** The leader's own node first, then the longest offer. */
  #nextReader(): PeerReader | undefined {
    const offering = this.#readers.filter((reader) => reader.offer !== null);
    const top = (reader: PeerReader) => reader.offer?.blocks.at(-1)?.block.number ?? 0;
    const rank = (reader: PeerReader) => (this.#word.leads(reader.peer) ? 1 : 0);
    return offering.sort((a, b) => rank(b) - rank(a) || top(b) - top(a))[0];
  }

  async #consider(reader: PeerReader, offer: Offer, view: LocalView, signal: AbortSignal): Promise<void> {
    const offered = offer.blocks.map(({ block }) => block);
    for (const block of offered) this.#word.tell(reader.peer, block, this.#deps.clock.now());
    const { knowsMessage } = this.#deps;
    const vetted = knowsMessage && upToUnknownMessage(offered, knowsMessage);
    // It may yet turn up: our L1 node may be a block behind the leader's.
    if (vetted?.unknown) {
      const { block, message } = vetted.unknown;
      reader.refuse(
        'unknown_message',
        `block ${block} has L1 message ${message}, which is not in the bridge's queue`,
      );
    }
    const blocks = vetted?.blocks ?? offered;
    const leads = this.#word.leads(reader.peer);
    const verdict = judge(view, { blocks, leads }, this.#word.authority, this.#settings.limits);
    switch (verdict.kind) {
      case 'stale':
        return reader.drop();
      case 'inconsistent':
        return reader.refuse('down', verdict.detail);
      case 'other_branch':
        return reader.refuse(
          'other_branch',
          `its branch leaves ours at or below the safe block ${view.safe.number}`,
        );
      case 'outranked':
        return reader.refuse('outranked', disagreement(verdict.at));
      case 'conflict':
        return this.#conflict(reader, verdict, signal);
      case 'extend':
        return this.#adopt(reader, offer, verdict.blocks, view, signal);
      case 'replace':
        return this.#replace(reader, offer, verdict, view, signal);
      default:
        return assertNever(verdict, 'verdict');
    }
  }

  /** Halts, but only for a block that the engine finds valid: a made-up one is its peer's trouble alone. */
  async #conflict(
    reader: PeerReader,
    { block, at }: Extract<Verdict, { kind: 'conflict' }>,
    signal: AbortSignal,
  ): Promise<void> {
    const invalid = await execute(this.#deps.engine, block, signal);
    if (invalid !== null) return reader.bench(invalid);
    this.#dropOffers();
    const since = this.#deps.clock.now();
    this.#dispatch({ kind: 'conflicted', conflict: { ...at, theirsFrom: reader.peer.name, since } });
  }

  async #replace(
    reader: PeerReader,
    offer: Offer,
    verdict: Extract<Verdict, { kind: 'replace' }>,
    view: LocalView,
    signal: AbortSignal,
  ): Promise<void> {
    const invalid = await execute(this.#deps.engine, verdict.blocks[0]!, signal);
    if (invalid !== null) return reader.bench(invalid);
    await this.#deps.journal.append('unsafe_feed.replaced', {
      ...verdict.at,
      theirsFrom: reader.peer.name,
      leader: this.#deps.leader(),
      dropped: verdict.dropped.map(idOf),
    });
    this.#replaced += verdict.dropped.length;
    this.#deps.onReplacing?.({
      from: idOf(view.labels.latest),
      first: { number: verdict.at.height, hash: verdict.at.ours },
      theirs: verdict.at.theirs,
      theirsFrom: reader.peer.name,
      at: this.#deps.clock.now(),
    });
    await this.#adopt(reader, offer, verdict.blocks, view, signal);
  }

  async #adopt(
    reader: PeerReader,
    offer: Offer,
    blocks: readonly SealedBlock[],
    view: LocalView,
    signal: AbortSignal,
  ): Promise<void> {
    const { taken, invalid } = await adopt(this.#deps.engine, blocks, view.labels, signal);
    if (invalid !== null) reader.bench(invalid);
    const tip = taken.at(-1);
    if (tip === undefined) return;
    const sizes = new Map(offer.blocks.map(({ block, bytes }) => [block.hash, bytes]));
    for (const { hash } of taken)
      this.#origins.set(hash, { from: reader.peer.name, bytes: sizes.get(hash) ?? 0 });
    this.#adopted += taken.length;
    reader.adopted(taken);
    await this.#look(signal);
    this.#word.vouchFor(reader.peer, tip, this.#view);
    this.#report(taken);
  }

  #report(taken: readonly SealedBlock[]): void {
    const at = this.#deps.clock.now();
    for (const block of taken) {
      const shownAt = this.#sightings.firstShown(block.number);
      if (shownAt !== null) this.#latency.add(Math.max(0, at - shownAt));
      this.#deps.onAdopted?.(block, at, shownAt);
    }
  }

  #dispatch(action: FeedAction): void {
    const [next, news] = reduceFeed(this.#state, action);
    this.#state = next;
    if (news === null) return;
    const { kind, ...rest } = news;
    note(this.#deps.journal, `unsafe_feed.${kind}`, rest, `unsafe_feed:${news.conflict.theirs}`);
  }

  #dropOffers(): void {
    for (const reader of this.#readers) reader.drop();
  }
}

const idOf = ({ number, hash }: L2BlockId): L2BlockId => ({ number, hash });

const disagreement = ({ height, ours, theirs }: Disagreement): string =>
  `shows block ${height} ${theirs}; the leader's own node showed ${ours}`;
