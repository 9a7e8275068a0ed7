import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedEngine, openEmbeddedEngine } from '../../engine/embedded/open.ts';
import { alice, attributesAfter, GWEI, sign, testGenesis, toHead } from '../../engine/embedded/testChain.ts';
import { systemClock } from '../../lib/clock.ts';
import { SteppableLoop } from '../../lib/loop.ts';
import type { SealedBlock } from '../../protocol/block.ts';
import type { Hash } from '../../protocol/refs.ts';
import { httpPeer } from './httpPeer.ts';
import { DEFAULT_FEED_SETTINGS } from './settings.ts';
import { Durations } from './sightings.ts';
import { UnsafeFeed } from './unsafeFeed.ts';

/** Real engines over HTTP on the system's clock: what is measured is the way from one process' block to another's head. */
const BLOCKS = 40;
const BLOCK_TIME_MS = 100;
const TRANSFERS_A_BLOCK = 5;
const FOLLOWERS = 2;

let leader: EmbeddedEngine;
let followers: EmbeddedEngine[];

beforeAll(async () => {
  const genesis = testGenesis();
  leader = await openEmbeddedEngine({ genesis, l2Rules: true, http: { port: 0 } });
  followers = await Promise.all(
    Array.from({ length: FOLLOWERS }, () => openEmbeddedEngine({ genesis, l2Rules: true })),
  );
}, 60_000);

afterAll(async () => {
  await Promise.all([leader, ...(followers ?? [])].map((one) => one?.close()));
});

/** A follower's feed in a loop of its own that a new offer wakes, as a node's loop is. */
function follow({ engine }: EmbeddedEngine, onAdopted: (block: SealedBlock, at: number) => void) {
  const feed: UnsafeFeed = new UnsafeFeed(DEFAULT_FEED_SETTINGS, {
    clock: systemClock,
    engine,
    peers: [
      { name: 'leader', sequencer: null, chain: httpPeer({ url: leader.httpUrl!, timeoutMs: 20_000 }) },
    ],
    journal: { append: async (kind, payload) => ({ seq: 1, at: 0, kind, ref: null, payload }) },
    active: () => true,
    leader: () => null,
    onOffer: () => loop.wake(),
    onAdopted,
  });
  const loop = new SteppableLoop(
    { name: 'follower', idleMs: 1_000 },
    {
      clock: systemClock,
      unit: (signal) => feed.step(signal),
      onError: (error) => {
        throw error;
      },
    },
  );
  loop.start();
  feed.start();
  const stop = async () => {
    await feed.stop();
    await loop.stop();
  };
  return { feed, stop };
}

const sendTransfers = async (from: number): Promise<void> => {
  for (let i = 0; i < TRANSFERS_A_BLOCK; i++) {
    const raw = await sign(alice, { nonce: from + i, value: 1n, gas: 21_000n, maxFeePerGas: 100n * GWEI });
    await leader.rpc('eth_sendRawTransaction', [raw]);
  }
};

/** A block on the head, made the head; answers when it became so. */
async function produce(parent: Pick<SealedBlock, 'hash' | 'timestamp'>) {
  const attributes = attributesAfter(parent as SealedBlock);
  const { payloadId } = await leader.engine.forkchoiceUpdated(toHead(parent.hash), attributes);
  const { block } = await leader.engine.getPayload(payloadId!);
  await leader.engine.newPayload(block);
  await leader.engine.forkchoiceUpdated(toHead(block.hash), null);
  return { block, at: systemClock.now() };
}

describe('from the leader’s new block to every follower’s unsafe head', () => {
  it('every block arrives once, in real time; how long it takes is printed here and measured in bench/feed.ts', async () => {
    const arrivals: Map<Hash, number>[] = followers.map(() => new Map());
    let last: Hash | null = null;
    let arrived = () => {};
    const everywhere = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const all = () => last !== null && arrivals.every((seen) => seen.has(last!));
    const feeds = followers.map((engine, index) =>
      follow(engine, (block, at) => {
        expect(arrivals[index]!.has(block.hash)).toBe(false);
        arrivals[index]!.set(block.hash, at);
        if (all()) arrived();
      }),
    );
    const made: { block: SealedBlock; at: number }[] = [];
    let parent: Pick<SealedBlock, 'hash' | 'timestamp'> = (await leader.engine.labels()).latest;
    for (let n = 0; n < BLOCKS; n++) {
      const pace = systemClock.sleep(BLOCK_TIME_MS);
      await sendTransfers(n * TRANSFERS_A_BLOCK);
      const one = await produce(parent);
      made.push(one);
      parent = one.block;
      if (n === BLOCKS - 1) last = one.block.hash;
      await pace;
    }
    if (all()) arrived();
    await everywhere;
    const toAll = new Durations(BLOCKS);
    for (const { block, at } of made) {
      toAll.add(Math.max(...arrivals.map((seen) => seen.get(block.hash)! - at)));
    }
    const statuses = feeds.map(({ feed }) => feed.status());
    await Promise.all(feeds.map(({ stop }) => stop()));
    process.stdout.write(
      `leader's block to every follower's head: ${JSON.stringify(toAll.summary())}; ` +
        `by the feeds: ${JSON.stringify(statuses.map(({ latency }) => latency))}\n`,
    );
    expect(made.every(({ block }) => block.transactions.length > 0)).toBe(true);
    for (const status of statuses)
      expect(status).toMatchObject({ adopted: BLOCKS, state: 'following', ahead: BLOCKS });
    expect(toAll.summary()?.samples).toBe(BLOCKS);
  });
});
