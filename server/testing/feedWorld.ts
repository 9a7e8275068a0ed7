/**
 * The unsafe feed on string chains: a driver world with peers whose chains are texts too. `tick` is one turn of a
 * node: every peer is looked at, then the driver and the feed have the engine in turn, as one loop gives it to them.
 */
import { ManualClock } from '../lib/clock.ts';
import type { SealedBlock } from '../protocol/block.ts';
import type { Address, L2BlockRef } from '../protocol/refs.ts';
import { type PeerBlock, type PeerChain, PeerError } from '../sequencer/unsafeFeed/peerChain.ts';
import { DEFAULT_FEED_SETTINGS, type FeedSettings } from '../sequencer/unsafeFeed/settings.ts';
import { UnsafeFeed } from '../sequencer/unsafeFeed/unsafeFeed.ts';
import { type Commits, type World, type WorldOptions, world } from './driverWorld.ts';
import { l2Chain } from './stringChain.ts';

/** A peer that shows a chain written as a text. */
export class StringPeer implements PeerChain {
  /** What it shows; tests change it at any time. */
  chain: string;
  /** Rejects everything with this while set. */
  fails: PeerError | null = null;
  /** Resolves before each answer: a slow peer. */
  delay: (() => Promise<void>) | null = null;
  /** Blocks it was asked for. */
  readonly asked: number[] = [];
  #made: { readonly text: string; readonly blocks: readonly L2BlockRef[] } | null = null;

  constructor(chain: string) {
    this.chain = chain;
  }

  get #blocks(): readonly L2BlockRef[] {
    if (this.#made?.text !== this.chain) this.#made = { text: this.chain, blocks: l2Chain(this.chain) };
    return this.#made.blocks;
  }

  async latest(): Promise<L2BlockRef> {
    await this.#answer();
    return this.#blocks.at(-1)!;
  }

  async hashAt(number: number) {
    await this.#answer();
    return this.#blocks[number]?.hash ?? null;
  }

  async block(number: number): Promise<PeerBlock | null> {
    await this.#answer();
    this.asked.push(number);
    const block = this.#blocks[number];
    return block === undefined ? null : { block: block as SealedBlock, bytes: 500 };
  }

  async #answer(): Promise<void> {
    await this.delay?.();
    if (this.fails !== null) throw this.fails;
  }
}

export const peerDown = (): PeerError => new PeerError('unreachable', 'nobody listens');
export const sequencer = (digit: string): Address => `0x${digit.repeat(40)}`;

export interface FeedWorld extends Omit<World, 'restart'> {
  readonly peers: Readonly<Record<string, StringPeer>>;
  feed: UnsafeFeed;
  readonly time: ManualClock;
  leader: Address | null;
  active: boolean;
  readonly adopted: string[];
  /** Looks at the peers, steps the driver until it rests, then the feed until it does. */
  tick(times?: number): Promise<void>;
  /** A new feed and driver on the same engine. */
  restart(): void;
  notes(kind: string): readonly unknown[];
}

export interface FeedWorldOptions extends WorldOptions {
  readonly l1: string;
  readonly commits: Commits;
  /** Chains by name. A peer named `a1` is the node of sequencer `0x11…`: the last character says whose. */
  readonly peers: Readonly<Record<string, string>>;
  readonly settings?: Partial<FeedSettings>;
}

const ownerOf = (name: string): Address | null => (/\d$/.test(name) ? sequencer(name.slice(-1)) : null);

export function feedWorld({ l1, commits, peers: chains, settings, ...rest }: FeedWorldOptions): FeedWorld {
  const base = world(l1, commits, rest);
  const time = new ManualClock(base.clock.at);
  const peers = Object.fromEntries(
    Object.entries(chains).map(([name, chain]) => [name, new StringPeer(chain)]),
  );
  const signal = new AbortController().signal;
  const start = (): UnsafeFeed =>
    new UnsafeFeed(
      { ...DEFAULT_FEED_SETTINGS, ...settings },
      {
        clock: time,
        engine: base.engine,
        peers: Object.entries(peers).map(([name, chain]) => ({ name, chain, sequencer: ownerOf(name) })),
        journal: {
          append: async (kind, payload, ref) => {
            const event = { seq: base.events.length + 1, at: time.now(), kind, payload, ref: ref ?? null };
            base.events.push(event);
            return event;
          },
        },
        active: () => self.active,
        leader: () => self.leader,
        onAdopted: (block) =>
          self.adopted.push(String.fromCodePoint(Number.parseInt(block.hash.slice(40, 42), 16))),
      },
    );
  const self: FeedWorld = {
    ...base,
    peers,
    time,
    leader: null,
    active: true,
    adopted: [],
    feed: start(),
    step: () => self.driver.step(signal),
    tick: async (times = 1) => {
      for (let turn = 0; turn < times; turn++) {
        await self.feed.poll();
        for (let n = 0; n < 200 && (await self.driver.step(signal)) === 'more'; n++);
        for (let n = 0; n < 200 && (await self.feed.step(signal)) === 'again'; n++);
        await time.advance(100);
      }
    },
    restart: () => {
      base.restart();
      self.driver = base.driver;
      self.feed = start();
    },
    notes: (kind) => base.events.filter((event) => event.kind === kind).map((event) => event.payload),
  };
  return self;
}
