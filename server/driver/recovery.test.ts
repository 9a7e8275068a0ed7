import { describe, expect, it } from 'vitest';
import { HeadTracker } from '../l1/headTracker.ts';
import { L1Error } from '../l1/l1.ts';
import { COMMITS, world } from '../testing/driverWorld.ts';
import { fakeL1 } from '../testing/fakeL1.ts';
import { l2Ref } from '../testing/stringChain.ts';

const REORG_TO_X = { ...COMMITS, abcdx: 'ABCXX', abcdxy: 'ABCXXYY' };

describe('a failure between seeing a reorg and acting on it', () => {
  it.each([
    ['the contract', 'contractState'],
    ['the search for the start', 'commitOfBatch'],
  ] as const)('does not lose the reorg when %s times out', async (_, method) => {
    const w = world('abcdefgh', REORG_TO_X);
    await w.settle();
    w.l1.switchTo('abcdxyz');
    w.l1.failNext(method, 'timeout');
    expect(await w.settle()).toBe('failed');
    await w.settle();
    expect(await w.heads()).toBe('Y / Y / -');
    expect(w.driver.state.reorgs.filter((record) => record.layer === 'L1')).toMatchObject([
      { cause: 'L1_REORG', depth: 4, droppedBatches: [2, 3], recoveredAt: expect.any(Number) },
    ]);
  });

  it('does not lose the reorg when the engine does not answer', async () => {
    const w = world('abcdefgh', REORG_TO_X);
    await w.settle();
    w.l1.switchTo('abcdxyz');
    w.engine.failNext('labels', 'timeout', 2);
    for (let i = 0; i < 2; i++) expect(await w.settle()).toBe('failed');
    await w.settle();
    expect(await w.heads()).toBe('Y / Y / -');
  });

  it('goes back to the lowest ancestor when another reorg follows before it could act', async () => {
    const w = world('abcdefgh', { ...REORG_TO_X, abcdef: 'ABCDEZZ' });
    await w.settle();
    w.l1.switchTo('abcdxyz');
    w.l1.failNext('contractState', 'timeout');
    await w.settle();
    w.l1.switchTo('abcdxyuv');
    await w.settle();
    expect(await w.heads()).toBe('Y / Y / -');
    expect(w.driver.state.reorgs.map(({ layer, depth }) => `${layer} ${depth}`)).toEqual(['L1 4', 'L1 1']);
  });

  it('tells of one reorg once, with no second record that claims nobody saw it', async () => {
    const w = world('abcdefgh', REORG_TO_X);
    await w.settle();
    w.l1.failNext('heads', 'not_canonical');
    w.l1.switchTo('abcdxyz');
    expect(await w.settle()).toBe('failed');
    await w.settle();
    const evidence = w.driver.state.reorgs.flatMap((record) => record.evidence).join();
    expect(evidence).not.toContain('no L1 reorg was seen');
  });

  it('tells of one L2 reorg once, however often the engine has to be asked', async () => {
    const w = world('abcde', COMMITS, { engineChain: 'ABCXYZ' });
    w.engine.failNext('newPayload', 'timeout', 3);
    for (let i = 0; i < 4; i++) await w.settle();
    expect(await w.heads()).toBe('E / E / -');
    expect(w.kinds().filter((kind) => kind === 'reorg.detected')).toHaveLength(1);
  });
});

describe('a head below all that the tracker remembers', () => {
  const LONG = `abcdefgh${'m'.repeat(200)}`;

  it.each([
    ['with a finalized label', true],
    ['without one', false],
  ])('is a lagging L1 node, not a reorg and no reason to halt (%s)', async (_, labelled) => {
    const w = world(LONG, COMMITS);
    if (labelled) w.l1.finalize(LONG.slice(0, 190));
    await w.settle();
    const heads = await w.heads();
    w.l1.showHead(LONG.slice(0, 5));
    expect(await w.settle()).toBe('idle');
    expect(w.driver.state.reorgs).toEqual([]);
    expect(await w.heads()).toBe(heads);
    w.l1.showHead(null);
    w.l1.mine('n');
    expect(await w.settle()).toBe('idle');
    expect(w.driver.state.phase).toBe('following');
  });

  it('does not set back the L1 head that is shown', async () => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    w.l1.showHead('abcd');
    await w.settle();
    expect(w.driver.state.heads?.latest.number).toBe(7);
    expect(w.driver.state.stale?.seen.number).toBe(3);
    w.l1.showHead(null);
    await w.settle();
    expect(w.driver.state.stale).toBeNull();
  });

  it('beyond finality halts although the window does not reach down to the finalized block', async () => {
    const l1 = fakeL1(`abcd${'m'.repeat(300)}`);
    l1.finalize('abcdmm');
    const tracker = new HeadTracker(l1);
    await tracker.track();
    l1.switchTo(`abx${'n'.repeat(310)}`);
    expect((await tracker.track()).event.kind).toBe('beyond_finalized');
  });

  it('a finalized label of another branch is not believed', async () => {
    const l1 = fakeL1('abcdefgh');
    const other = fakeL1('abcdxyzu');
    other.finalize('abcdxyz');
    l1.answerNext('heads', { ...(await other.heads()), latest: l1.head });
    const tracker = new HeadTracker(l1);
    await tracker.track();
    l1.switchTo('abcdefgi');
    expect((await tracker.track()).event.kind).toBe('reorg');
    l1.switchTo('abcdefj');
    expect((await tracker.track()).event.kind).toBe('reorg');
  });
});

describe('a finality that cannot be read', () => {
  it('needs no state of old L1 blocks: a full node has pruned it', async () => {
    const w = world('abcdefgh', COMMITS);
    w.l1.finalize('abcdef');
    const real = w.l1.contractState.bind(w.l1);
    w.l1.contractState = async (at, signal) => {
      if (at.number < w.l1.head.number) throw new L1Error('rpc_error', 'eth_call', 'missing trie node');
      return real(at, signal);
    };
    expect(await w.settle()).toBe('idle');
    expect(await w.heads()).toBe('G / G / E');
    w.restart();
    expect(await w.settle()).toBe('idle');
    expect(w.driver.state.finalizedOrigin?.number).toBe(4);
  });

  it('neither stops derivation nor makes it begin again, and is said', async () => {
    const w = world('abcdef', COMMITS);
    await w.settle();
    w.l1.finalize('abcdef');
    w.l1.blockByNumber = async () => {
      throw new L1Error('rpc_error', 'eth_getBlockByNumber', 'history is pruned');
    };
    for (const block of 'ghijklm') {
      w.l1.mine(block);
      expect(await w.settle()).toBe('idle');
    }
    expect(await w.heads()).toBe('G / G / -');
    expect(w.driver.state).toMatchObject({
      phase: 'following',
      trouble: { severity: 'degraded', message: expect.stringContaining('history is pruned') },
    });
    expect(w.kinds().filter((kind) => kind === 'driver.start_found')).toHaveLength(1);
  });

  it('asks L1 nothing more while neither the finalized block nor the position moves', async () => {
    const w = world('abcdefgh', COMMITS);
    w.l1.finalize('abcdef');
    await w.settle();
    const { contractState, commitOfBatch, blockByNumber } = w.l1.calls;
    await w.settle();
    expect(w.l1.calls.contractState - contractState).toBe(1);
    expect(w.l1.calls.commitOfBatch).toBe(commitOfBatch);
    expect(w.l1.calls.blockByNumber).toBe(blockByNumber);
  });

  it('does not finalize by a label that is not on our branch', async () => {
    const w = world('abcdefgh', COMMITS);
    const other = fakeL1('abcdxyzu');
    other.finalize('abcdxyz');
    w.l1.answerNext('heads', { ...(await other.heads()), latest: w.l1.head });
    await w.step();
    expect(await w.heads()).toBe('G / G / -');
  });
});

describe('an engine that is not what it was', () => {
  it('on another genesis halts the driver, and says so, before anything is written', async () => {
    const w = world('abcde', COMMITS, { engineChain: 'Z' });
    expect(await w.settle()).toBe('halted');
    expect(w.driver.state.trouble).toMatchObject({ code: 'foreign_genesis' });
    expect(w.driver.state.trouble?.message).toContain(l2Ref('Z').hash);
    expect(w.engine.updates).toEqual([]);
  });

  it('wiped while a batch blocks is filled again up to that batch', async () => {
    const w = world('abcdefgh', { c: 'ABC', e: '!ABCDE' });
    await w.settle();
    w.engine.wipe();
    await w.settle();
    expect(await w.heads()).toBe('C / C / -');
    expect(w.driver.state).toMatchObject({ phase: 'blocked', blocked: { batchNumber: 2 } });
  });

  it('without a safe label is taken up at its finalized block, not at genesis', async () => {
    const w = world('abcdefgh', COMMITS, { engineChain: 'ABCDEFG' });
    w.engine.label(null, 'ABCDE');
    await w.settle();
    expect(w.events[0]).toMatchObject({ kind: 'driver.start_found', payload: { batch: 2 } });
    expect(await w.heads()).toBe('G / G / E');
    expect(w.engine.executed).toEqual([]);
  });

  it('without a safe label at the newest batch gets it back, and the driver comes to rest', async () => {
    const w = world('abcde', COMMITS, { engineChain: 'ABCDE' });
    w.engine.label(null, 'ABCDE');
    await w.settle();
    await w.settle();
    expect(await w.heads()).toBe('E / E / E');
    expect(w.kinds().filter((kind) => kind === 'driver.start_found')).toHaveLength(1);
  });

  it.each([
    ['in the middle of a batch', 'ABCDEFG', 'ABCD'],
    ['ahead of all batches', 'ABCDEFGHI', 'ABCDEFGHI'],
  ])('with its safe label %s ends where L1 ends, executing nothing twice', async (_, chain, safe) => {
    const w = world('abcdefgh', COMMITS, { engineChain: chain });
    w.engine.label(safe);
    await w.settle();
    expect(await w.heads()).toBe('G / G / -');
    expect(w.engine.executed).toEqual([]);
  });
});

describe('L1 that lost what it had', () => {
  it.each([
    ['shorter than the first batch', 'ab', 'A / A / -'],
    ['only its genesis', 'x', 'A / A / -'],
  ])('%s (%s): waits or rewinds, and never halts without a finalized label', async (_, branch) => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    w.l1.switchTo(branch);
    expect(await w.settle()).toBe('idle');
    w.l1.switchTo('xbcdefghijkl');
    await w.settle();
    expect(w.driver.state.phase).not.toBe('halted');
    expect(w.driver.state.position?.cursor.batchNumber).toBe(3);
  });
});

describe('a batch that blocks', () => {
  it('is let go when the contract takes it back on the same branch', async () => {
    const w = world('abcdefgh', { c: 'ABC', e: '!ABCDE' });
    await w.settle();
    const { at, lastVerifiedBatch, leader } = await w.l1.contractState(w.l1.head);
    w.l1.answerNext('contractState', { at, lastCommittedBatch: 1, lastVerifiedBatch, leader });
    await w.settle();
    expect(w.driver.state).toMatchObject({ blocked: null, phase: 'following' });
  });
});

describe('blobs that are gone', () => {
  it('stop the search for the start with a reason; the engine is not taken back to genesis', async () => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    w.restart({
      lastBlockOf: () => ({ kind: 'needsBlob', versionedHash: `0x${'01'.repeat(32)}` }),
    });
    expect(await w.settle()).toBe('failed');
    expect(w.driver.state.trouble).toMatchObject({ code: 'blob_unavailable', severity: 'degraded' });
    expect(await w.heads()).toBe('G / G / -');
  });
});

describe('trouble that lasts', () => {
  it('is journaled when it changes, not at each try', async () => {
    const w = world('abc', COMMITS, { engine: {} });
    w.restart({
      deriveBatch: (_config, _cursor, commit) => ({
        kind: 'needsBlob',
        commit,
        versionedHash: `0x${'01'.repeat(32)}`,
      }),
    });
    for (let i = 0; i < 20; i++) await w.settle();
    expect(w.driver.state.trouble).toMatchObject({ code: 'blob_unavailable', count: 20 });
    expect(w.kinds().filter((kind) => kind === 'driver.trouble')).toHaveLength(1);
  });

  it('is published even when the journal cannot be written', async () => {
    const w = world('abc', COMMITS);
    w.events.push = () => {
      throw new Error('disk full');
    };
    expect(await w.settle()).toBe('failed');
    expect(w.driver.state.trouble?.message).toContain('disk full');
  });
});
