import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  buildBranch,
  buildOn,
  openTestEngine,
  privileged,
  type TestEngine,
  tamper,
  toHead,
} from '../../engine/embedded/testChain.ts';
import { ManualClock } from '../../lib/clock.ts';
import type { SealedBlock } from '../../protocol/block.ts';
import { fromHex } from '../../protocol/bytes.ts';
import type { Hash } from '../../protocol/refs.ts';
import { transactionHash } from '../../protocol/transaction.ts';
import { sequencer } from '../../testing/feedWorld.ts';
import type { PeerChain } from './peerChain.ts';
import { DEFAULT_FEED_SETTINGS } from './settings.ts';
import { UnsafeFeed } from './unsafeFeed.ts';

/** An engine that executes, so that a peer's blocks are judged by what they do. */
let follower: TestEngine;
let builder: TestEngine;
beforeEach(async () => {
  [follower, builder] = await Promise.all([openTestEngine(), openTestEngine()]);
}, 30_000);
afterEach(async () => {
  await Promise.all([follower.close(), builder.close()]);
});

const signal = new AbortController().signal;
const LEADER = sequencer('1');

/** A peer that shows these blocks on the genesis block; tests put others in their place. */
class ListPeer implements PeerChain {
  blocks: readonly SealedBlock[];
  constructor(blocks: readonly SealedBlock[]) {
    this.blocks = blocks;
  }
  at(number: number): SealedBlock | null {
    return number === 0 ? follower.genesis : (this.blocks[number - 1] ?? null);
  }
  async latest() {
    return this.at(this.blocks.length)!;
  }
  async hashAt(number: number) {
    return this.at(number)?.hash ?? null;
  }
  async block(number: number) {
    const block = this.at(number);
    return block && { block, bytes: 1 };
  }
}

function feedOf(peers: Record<string, ListPeer>, knowsMessage?: (message: Hash) => boolean) {
  const notes: string[] = [];
  const feed = new UnsafeFeed(DEFAULT_FEED_SETTINGS, {
    clock: new ManualClock(),
    engine: follower.engine,
    peers: Object.entries(peers).map(([name, chain]) => ({
      name,
      chain,
      sequencer: name === 'leader' ? LEADER : null,
    })),
    journal: {
      append: async (kind, payload) => {
        notes.push(kind);
        return { seq: 1, at: 0, kind, ref: null, payload };
      },
    },
    active: () => true,
    ...(knowsMessage && { knowsMessage }),
    leader: () => LEADER,
  });
  const turn = async () => {
    await feed.poll();
    while ((await feed.step(signal)) === 'again');
  };
  return { feed, notes, turn };
}

describe('on an engine that executes', () => {
  it('a block with a state root of its own is INVALID: its peer is benched, the blocks before it stay', async () => {
    const [one, two] = await buildBranch(builder.engine, builder.genesis, 2);
    const forged = tamper(two!, { stateRoot: `0x${'12'.repeat(32)}` });
    const { feed, notes, turn } = feedOf({ liar: new ListPeer([one!, forged]) });
    await turn();
    await turn();
    expect((await follower.engine.labels()).latest.hash).toBe(one!.hash);
    expect(feed.status().peers[0]).toMatchObject({
      standing: 'benched',
      lastError: { code: 'invalid_block' },
    });
    expect(notes).toEqual(['unsafe_feed.peer_benched']);
  });

  it('the leader’s branch replaces another, and the labels of confirmed blocks stay where they are', async () => {
    const base = await buildBranch(builder.engine, builder.genesis, 2, 0x01);
    const stray = await buildBranch(builder.engine, base[1]!, 3, 0x02);
    const leaders = await buildBranch(builder.engine, base[1]!, 2, 0x03);
    for (const block of base) await follower.engine.newPayload(block);
    await follower.engine.forkchoiceUpdated(toHead(base[1]!.hash, base[1]!.hash, base[0]!.hash), null);
    const leader = new ListPeer(base);
    const { feed, notes, turn } = feedOf({ other: new ListPeer([...base, ...stray]), leader });
    await turn();
    await turn();
    expect((await follower.engine.labels()).latest.hash).toBe(stray[2]!.hash);
    leader.blocks = [...base, ...leaders];
    await turn();
    const { latest, safe, finalized } = await follower.engine.labels();
    expect([latest.hash, safe?.hash, finalized?.hash]).toEqual([
      leaders[1]!.hash,
      base[1]!.hash,
      base[0]!.hash,
    ]);
    expect(notes).toEqual(['unsafe_feed.replaced']);
    expect(feed.status()).toMatchObject({ state: 'following', replaced: 3 });
  });

  it('an L1 message that L1 does not know keeps its block out, until L1 knows it', async () => {
    const message = privileged({ value: 5n });
    const plain = await buildOn(builder.engine, builder.genesis);
    const minting = await buildOn(builder.engine, plain, { transactions: [message] });
    const after = await buildOn(builder.engine, minting);
    const known = new Set<Hash>();
    const { feed, turn } = feedOf({ leader: new ListPeer([plain, minting, after]) }, (hash) =>
      known.has(hash),
    );
    await turn();
    await turn();
    await turn();
    expect((await follower.engine.labels()).latest.hash).toBe(plain.hash);
    expect(feed.status().peers[0]).toMatchObject({ standing: 'unknown_message', refused: 1 });
    known.add(transactionHash(fromHex(message)));
    await turn();
    expect((await follower.engine.labels()).latest.hash).toBe(after.hash);
    expect(feed.status().peers[0]?.standing).toBe('level');
  });
});
