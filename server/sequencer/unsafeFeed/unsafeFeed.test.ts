import { describe, expect, it, vi } from 'vitest';
import { feedWorld, peerDown, sequencer } from '../../testing/feedWorld.ts';
import { l2Ref } from '../../testing/stringChain.ts';
import { PeerError } from './peerChain.ts';

/** L1 block c commits B and C, e commits D and E. Two ticks: the first tells the readers what is held. */
const COMMITS = { c: 'ABC', e: 'ABCDE' };

describe('fast confirmations', () => {
  it('a peer’s new blocks are the unsafe head, the safe head stays where L1 has it', async () => {
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { p: 'ABCDEF' } });
    await w.tick(2);
    expect(await w.heads()).toBe('F / C / -');
    expect(w.adopted.join('')).toBe('DEF');
    expect(w.feed.status()).toMatchObject({ state: 'following', ahead: 3, adopted: 3 });
    w.peers['p']!.chain = 'ABCDEFG';
    await w.tick();
    expect(await w.heads()).toBe('G / C / -');
  });

  it('blocks that L1 confirms later are not executed again', async () => {
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { p: 'ABCDEF' } });
    await w.tick(2);
    const before = w.engine.executed.length;
    w.l1.mine('e');
    await w.tick();
    expect(await w.heads()).toBe('F / E / -');
    expect(w.engine.executed.length).toBe(before);
  });

  it('moves the head alone: safe and finalized are passed on as they are', async () => {
    const w = feedWorld({ l1: 'abcde', commits: COMMITS, peers: { p: 'ABCDEFGH' } });
    w.l1.finalize('abcd');
    await w.tick(2);
    expect(await w.heads()).toBe('H / E / C');
    const last = w.engine.updates.at(-1);
    expect(last).toEqual({
      headBlockHash: l2Ref('ABCDEFGH').hash,
      safeBlockHash: l2Ref('ABCDE').hash,
      finalizedBlockHash: l2Ref('ABC').hash,
    });
  });

  it('where L1 confirms other blocks, the driver replaces them, and the feed goes on from there', async () => {
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { p: 'ABCXYZ' } });
    await w.tick(2);
    expect(await w.heads()).toBe('Z / C / -');
    w.l1.mine('e');
    await w.tick();
    expect(await w.heads()).toBe('E / E / -');
    expect(w.driver.state.reorgs.at(-1)).toMatchObject({ layer: 'L2', cause: 'BATCH_MISMATCH' });
    w.peers['p']!.chain = 'ABCDEF';
    await w.tick();
    expect(await w.heads()).toBe('F / E / -');
    expect(w.feed.status().state).toBe('following');
  });

  it('after an L1 reorg takes a batch back, its blocks are unsafe or gone, and the feed continues', async () => {
    const w = feedWorld({ l1: 'abcde', commits: COMMITS, peers: { p: 'ABCDEF' } });
    await w.tick(2);
    expect(await w.heads()).toBe('F / E / -');
    w.l1.switchTo('abcdxy');
    await w.tick(3);
    expect(await w.heads()).toBe('F / C / -');
    expect(w.feed.status()).toMatchObject({ state: 'following', ahead: 3 });
  });

  it('a restart forgets nothing that matters: what the engine holds is followed on', async () => {
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { p: 'ABCDEF' } });
    await w.tick(2);
    w.restart();
    w.peers['p']!.chain = 'ABCDEFG';
    await w.tick(2);
    expect(await w.heads()).toBe('G / C / -');
    expect(w.adopted.join('')).toBe('DEFG');
  });
});

describe('bounds', () => {
  const far = `ABC${'D'.repeat(700)}`;

  it('a peer far ahead is followed up to the bound, in bounded pieces, and then no further', async () => {
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { p: far } });
    await w.tick(40);
    expect(w.feed.status()).toMatchObject({ ahead: 512, adopted: 512 });
    expect(w.feed.status().peers[0]).toMatchObject({ standing: 'far_ahead', height: 702 });
    const asked = w.peers['p']!.asked.length;
    await w.tick(5);
    expect(w.peers['p']!.asked.length).toBe(asked);
  });

  it('not more bytes ahead of L1 than allowed', async () => {
    const limits = { maxAheadBlocks: 512, maxAheadBytes: 4_000, maxOfferBlocks: 4 };
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { p: far }, settings: { limits } });
    await w.tick(10);
    expect(w.feed.status().ahead).toBe(8);
  });

  it('an engine ahead of L1 by more than the bound is left alone', async () => {
    const engineChain = `ABC${'D'.repeat(600)}`;
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { p: far }, engineChain });
    await w.tick();
    const questions = vi.spyOn(w.engine, 'blockByHash');
    await w.tick(3);
    expect(w.feed.status()).toMatchObject({ ahead: 600, adopted: 0 });
    expect(questions).not.toHaveBeenCalled();
  });
});

describe('peers that are not as they should be', () => {
  it('a peer that is behind, or down, holds nobody up', async () => {
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { p: 'ABCDEF', q: 'ABCD', r: 'AB' } });
    w.peers['r']!.fails = peerDown();
    await w.tick(3);
    expect(await w.heads()).toBe('F / C / -');
    const [p, q, r] = w.feed.status().peers;
    expect([p?.standing, q?.standing, r?.standing]).toEqual(['level', 'behind', 'down']);
    expect(r?.lastError).toMatchObject({ code: 'unreachable', message: 'nobody listens' });
  });

  it('a peer on a branch that leaves below the safe head is refused and counted, and nothing moves', async () => {
    const w = feedWorld({ l1: 'abcde', commits: COMMITS, peers: { p: 'ABXYZVWU', q: 'ABCDX' } });
    await w.tick(3);
    expect(await w.heads()).toBe('E / E / -');
    for (const peer of w.feed.status().peers)
      expect(peer).toMatchObject({ standing: 'other_branch', refused: 1 });
    expect(w.feed.status().state).toBe('following');
  });

  it('a block that the engine calls INVALID benches its peer with the reason; others are followed', async () => {
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { liar: 'ABCDX', p: 'ABC' } });
    w.engine.callInvalid('ABCDX');
    await w.tick(2);
    expect(await w.heads()).toBe('D / C / -');
    expect(w.feed.status().peers[0]).toMatchObject({
      standing: 'benched',
      lastError: { code: 'invalid_block' },
    });
    expect(w.notes('unsafe_feed.peer_benched')).toHaveLength(1);
    const asked = w.peers['liar']!.asked.length;
    w.peers['p']!.chain = 'ABCDE';
    await w.tick(2);
    expect(await w.heads()).toBe('E / C / -');
    expect(w.peers['liar']!.asked.length).toBe(asked);
    await w.time.advance(600_000);
    w.peers['liar']!.chain = 'ABCDE';
    await w.tick();
    expect(w.feed.status().peers[0]).toMatchObject({ standing: 'level', benchedUntil: null });
  });

  it('an invalid block cannot halt the feed', async () => {
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { p: 'ABCD', liar: 'ABC' } });
    await w.tick(2);
    w.engine.callInvalid('ABCX');
    w.peers['liar']!.chain = 'ABCX';
    await w.tick();
    expect(w.feed.status().state).toBe('following');
    expect(w.feed.status().peers[1]?.standing).toBe('benched');
  });

  it('bytes that are no block bench their peer', async () => {
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { p: 'ABCD' } });
    w.peers['p']!.fails = new PeerError('malformed_block', 'block 3: rlp');
    await w.tick();
    expect(w.feed.status().peers[0]?.standing).toBe('benched');
  });

  it('a slow peer delays nobody', async () => {
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { slow: 'ABCDE', p: 'ABCDE' } });
    await w.tick();
    let release = () => {};
    w.peers['slow']!.delay = () => new Promise((resolve) => (release = resolve));
    const looks = w.feed.poll();
    const settled = new Promise((resolve) => setImmediate(resolve));
    await settled;
    await w.feed.step(new AbortController().signal);
    expect(await w.heads()).toBe('E / C / -');
    w.peers['slow']!.delay = null;
    release();
    await looks;
  });

  it('a peer that gives only some of its blocks is followed as far as those go', async () => {
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { p: 'ABCDEFGHIJKL' } });
    await w.tick();
    const block = w.peers['p']!.block.bind(w.peers['p']);
    w.peers['p']!.block = async (number) => {
      if (number > 7) throw peerDown();
      return block(number);
    };
    await w.tick();
    expect(await w.heads()).toBe('G / C / -');
  });

  it('what waits for the engine is not fetched again', async () => {
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { p: 'ABCDE' } });
    await w.tick();
    await w.feed.poll();
    await w.feed.poll();
    expect(w.peers['p']!.asked).toEqual([3, 4]);
  });

  it('blocks held already are not asked of the engine again', async () => {
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { p: 'ABCDEFGH' } });
    await w.tick(2);
    const questions = vi.spyOn(w.engine, 'blockByHash');
    await w.tick(2);
    expect(questions).not.toHaveBeenCalled();
    w.peers['p']!.chain = 'ABCDEFGHI';
    await w.tick();
    expect(questions).not.toHaveBeenCalled();
  });

  it('a VALID that moves nothing is no success', async () => {
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { p: 'ABCDE' } });
    await w.tick();
    const deaf = vi.spyOn(w.engine, 'forkchoiceUpdated').mockImplementation(async ({ headBlockHash }) => ({
      payloadStatus: { status: 'VALID', latestValidHash: headBlockHash },
      payloadId: null,
    }));
    await w.tick();
    expect(w.feed.status()).toMatchObject({ adopted: 0, troubles: [{ code: 'head_not_applied' }] });
    deaf.mockRestore();
    await w.tick();
    expect(w.feed.status()).toMatchObject({ adopted: 2, troubles: [] });
  });

  it('an engine that fails once is asked again', async () => {
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { p: 'ABCDEF' } });
    await w.tick();
    w.engine.failNext('newPayload', 'timeout');
    await w.tick();
    expect(w.feed.status().troubles).toMatchObject([{ code: 'timeout', count: 1 }]);
    await w.tick();
    expect(w.feed.status().troubles).toEqual([]);
    expect(await w.heads()).toBe('F / C / -');
  });
});

describe('times', () => {
  it('a block’s way is measured from the first look that showed it, and a peer’s lag from the first peer', async () => {
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { p: 'ABC', q: 'ABC', liar: 'ABC' } });
    w.peers['liar']!.latest = async () => ({ ...l2Ref('ABC'), number: 2 ** 40 });
    await w.tick(2);
    w.peers['p']!.chain = 'ABCD';
    await w.feed.poll();
    await w.time.advance(70);
    await w.feed.step(new AbortController().signal);
    expect(w.feed.status().latency).toEqual({ samples: 1, medianMs: 70, p95Ms: 70 });
    w.peers['q']!.chain = 'ABCD';
    await w.time.advance(30);
    await w.feed.poll();
    expect(w.feed.status().peers.map((peer) => peer.lagMs)).toEqual([0, 100, null]);
  });
});

describe('conflict', () => {
  const disagreeing = async () => {
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { p: 'ABCD', q: 'ABC' } });
    await w.tick(2);
    w.peers['q']!.chain = 'ABCXYZ';
    await w.tick();
    return w;
  };

  it('two peers with different blocks at one height halt the feed, journaled once with both', async () => {
    const w = await disagreeing();
    w.peers['p']!.chain = 'ABCDEF';
    await w.tick(5);
    expect(await w.heads()).toBe('D / C / -');
    const conflict = {
      height: 3,
      ours: l2Ref('ABCD').hash,
      oursFrom: 'p',
      theirs: l2Ref('ABCX').hash,
      theirsFrom: 'q',
    };
    expect(w.feed.status()).toMatchObject({ state: 'conflict', conflict });
    expect(w.notes('unsafe_feed.halted')).toMatchObject([{ conflict }]);
    expect(w.feed.status().peers.map((peer) => peer.height)).toEqual([5, 5]);
  });

  it('blocks that were on their way when it began are not taken', async () => {
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { p: 'ABCD', q: 'ABC', slow: 'ABC' } });
    await w.tick(2);
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    w.peers['slow']!.chain = 'ABCDE';
    const block = w.peers['slow']!.block.bind(w.peers['slow']);
    w.peers['slow']!.block = async (number) => held.then(() => block(number));
    w.peers['q']!.chain = 'ABCX';
    const looks = w.feed.poll();
    await new Promise((resolve) => setImmediate(resolve));
    const { signal } = new AbortController();
    await w.feed.step(signal);
    expect(w.feed.status().state).toBe('conflict');
    release();
    await looks;
    await w.feed.step(signal);
    expect(await w.heads()).toBe('D / C / -');
  });

  it('a disagreement below our head is found, however far the other branch has come', async () => {
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { p: 'ABCDEFGH', q: 'ABC' } });
    await w.tick(2);
    w.peers['q']!.chain = 'ABCDEXYZVWU';
    await w.tick();
    expect(w.feed.status()).toMatchObject({ state: 'conflict', conflict: { height: 5 } });
  });

  it('resumes when L1 has decided the height, for whichever side', async () => {
    const w = await disagreeing();
    w.peers['p']!.chain = 'ABCDEF';
    w.l1.mine('e');
    await w.tick(2);
    expect(w.notes('unsafe_feed.resumed')).toMatchObject([{ why: 'decided' }]);
    expect(await w.heads()).toBe('F / E / -');
    expect(w.feed.status().peers.map((peer) => peer.standing)).toEqual(['level', 'other_branch']);
  });

  it('resumes when our own blocks were rewound', async () => {
    const w = await disagreeing();
    w.engine.moveHead('ABC');
    w.peers['p']!.chain = 'ABC';
    await w.tick(2);
    expect(w.notes('unsafe_feed.resumed')).toMatchObject([{ why: 'rewound' }]);
    await w.tick();
    expect(await w.heads()).toBe('Z / C / -');
  });
});

describe('the leader’s word', () => {
  it('is taken first, and another peer cannot halt the feed against it', async () => {
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { q: 'ABCXYZ', a1: 'ABCD' } });
    w.leader = sequencer('1');
    await w.tick(4);
    expect(await w.heads()).toBe('D / C / -');
    expect(w.feed.status()).toMatchObject({ state: 'following', replaced: 0 });
    expect(w.feed.status().peers[0]?.standing).toBe('outranked');
  });

  it('replaces what came from others, journaled with what is dropped', async () => {
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { q: 'ABCXYZ', a1: 'ABC' } });
    w.leader = sequencer('1');
    await w.tick(2);
    expect(await w.heads()).toBe('Z / C / -');
    w.peers['a1']!.chain = 'ABCD';
    await w.tick();
    expect(await w.heads()).toBe('D / C / -');
    expect(w.notes('unsafe_feed.replaced')).toMatchObject([
      { height: 3, dropped: [{ number: 3 }, { number: 4 }, { number: 5 }] },
    ]);
  });

  it('is not taken back by an older head of the same node', async () => {
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { a1: 'ABCDE', q: 'ABC' } });
    w.leader = sequencer('1');
    await w.tick(2);
    w.peers['a1']!.chain = 'ABCD';
    w.peers['q']!.chain = 'ABCDX';
    await w.tick(2);
    expect(w.feed.status().state).toBe('following');
    expect(w.feed.status().peers[1]?.standing).toBe('outranked');
  });

  it('of a follower, changed, is counted and not journaled', async () => {
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { a1: 'ABCDE', q: 'ABCX' } });
    w.leader = sequencer('1');
    await w.tick(2);
    w.peers['q']!.chain = 'ABCD';
    await w.tick();
    expect(w.feed.status().equivocations).toMatchObject({ count: 1, newest: [{ peer: 'q', leads: false }] });
    expect(w.notes('unsafe_feed.equivocation')).toEqual([]);
  });

  it('passes with the lead: the new leader’s blocks replace those the old one did not commit', async () => {
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { a1: 'ABCXY', b2: 'ABC' } });
    w.leader = sequencer('1');
    await w.tick(2);
    expect(await w.heads()).toBe('Y / C / -');
    // The new leader builds before this node has seen on L1 that it leads.
    w.peers['b2']!.chain = 'ABCD';
    await w.tick();
    expect(await w.heads()).toBe('Y / C / -');
    w.leader = sequencer('2');
    await w.tick();
    expect(await w.heads()).toBe('D / C / -');
    expect(w.feed.status()).toMatchObject({ state: 'following', replaced: 2 });
  });

  it('begins with the lead: what the new leader’s node took as a follower and gives up is no story of its own', async () => {
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { a1: 'ABCXY', b2: 'ABCXY' } });
    w.leader = sequencer('1');
    await w.tick(2);
    // This node sees the hand-over on L1 before the new leader has given up its predecessor's blocks.
    w.leader = sequencer('2');
    await w.tick(2);
    w.peers['b2']!.chain = 'ABCDE';
    await w.tick(2);
    expect(await w.heads()).toBe('E / C / -');
    expect(w.feed.status()).toMatchObject({ state: 'following', replaced: 2 });
    expect(w.notes('unsafe_feed.equivocation')).toEqual([]);
  });

  it('twice at one height is an equivocation: evidence, and a halt until L1 has decided', async () => {
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { a1: 'ABCX' } });
    w.leader = sequencer('1');
    await w.tick(2);
    w.peers['a1']!.chain = 'ABCD';
    await w.tick(2);
    const evidence = {
      peer: 'a1',
      leads: true,
      height: 3,
      first: l2Ref('ABCX').hash,
      second: l2Ref('ABCD').hash,
    };
    expect(w.notes('unsafe_feed.equivocation')).toMatchObject([evidence]);
    expect(w.feed.status()).toMatchObject({
      state: 'conflict',
      equivocations: { count: 1, newest: [evidence] },
    });
  });
});

describe('while this node sequences', () => {
  it('nothing is asked and the engine is not touched; following again continues', async () => {
    const w = feedWorld({ l1: 'abcd', commits: COMMITS, peers: { p: 'ABCDE' } });
    await w.tick();
    await w.feed.poll();
    w.active = false;
    const { length } = w.engine.updates;
    w.peers['p']!.asked.length = 0;
    await w.tick(3);
    expect(w.engine.updates.length).toBe(length);
    expect(w.peers['p']!.asked).toEqual([]);
    expect(w.feed.status().state).toBe('standing_by');
    w.active = true;
    await w.tick(2);
    expect(await w.heads()).toBe('E / C / -');
  });
});
