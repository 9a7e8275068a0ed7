import { describe, expect, it, vi } from 'vitest';
import { COMMITS, WORLD_DERIVATION, world } from '../testing/driverWorld.ts';
import { l1Ref, l2Chain, l2Ref } from '../testing/stringChain.ts';
import { RECENT_BATCHES } from './recent.ts';

describe('the straight path', () => {
  it('derives every committed batch in order and marks its last block safe', async () => {
    const w = world('abcdefgh', COMMITS);
    expect(await w.settle()).toBe('idle');
    expect(await w.heads()).toBe('G / G / -');
    expect(w.engine.executed).toEqual(
      l2Chain('ABCDEFG')
        .slice(1)
        .map((block) => block.hash),
    );
    expect(w.driver.state.phase).toBe('following');
    expect(w.driver.state.position?.currentL1?.hash).toBe(l1Ref('abcdefgh').hash);
  });

  it('fetches and decodes the next batch while the engine executes', async () => {
    const w = world('abcdefgh', COMMITS);
    const derived: number[] = [];
    w.restart({
      deriveBatch: (config, cursor, commit, blob) => {
        derived.push(commit.batchNumber);
        return WORLD_DERIVATION.deriveBatch(config, cursor, commit, blob);
      },
    });
    const { newPayload } = w.engine;
    w.engine.newPayload = async (block) => {
      // The engine answers for a block of batch 1 only once batch 2 is derived.
      if (block.number <= 2) await vi.waitUntil(() => derived.includes(2));
      return newPayload.call(w.engine, block);
    };
    expect(await w.settle()).toBe('idle');
    expect(await w.heads()).toBe('G / G / -');
    expect(derived).toEqual([1, 2, 3]);
  });

  it('meets what went wrong ahead when it comes there, and asks again at the next step', async () => {
    const w = world('abcdefgh', COMMITS);
    const versionedHash = `0x${'01'.repeat(32)}` as const;
    w.restart({
      deriveBatch: (config, cursor, commit, blob) =>
        commit.batchNumber === 2 && blob === undefined
          ? { kind: 'needsBlob', commit, versionedHash }
          : WORLD_DERIVATION.deriveBatch(config, cursor, commit, blob),
    });
    expect(await w.settle()).toBe('failed');
    expect(w.driver.state.trouble).toMatchObject({ code: 'blob_unavailable' });
    expect(await w.heads()).toBe('C / C / -');
    w.l1.putBlob(versionedHash, new Uint8Array(1));
    expect(await w.settle()).toBe('idle');
    expect(await w.heads()).toBe('G / G / -');
  });

  it('derives several batches of one L1 block', async () => {
    const w = world('abc', { c: ['AB', 'ABC', 'ABCD'] });
    await w.settle();
    expect(await w.heads()).toBe('D / D / -');
    expect(w.driver.state.position?.cursor.batchNumber).toBe(3);
  });

  it('follows new L1 blocks as they come, asking for logs only when the contract counts a new batch', async () => {
    const w = world('ab', COMMITS);
    await w.settle();
    w.l1.mine('c');
    await w.settle();
    expect(await w.heads()).toBe('C / C / -');
    const asked = w.l1.calls.batchCommits;
    w.l1.mine('d');
    await w.settle();
    expect(w.l1.calls.batchCommits).toBe(asked);
  });

  it('finalizes the last block of the newest batch at or below the finalized L1 block', async () => {
    const w = world('abcdefgh', COMMITS);
    w.l1.finalize('abcdef');
    await w.settle();
    expect(await w.heads()).toBe('G / G / E');
    expect(w.driver.state.finalizedOrigin?.hash).toBe(l1Ref('abcde').hash);
  });
});

describe('what the engine already holds', () => {
  it('marks unsafe blocks that equal the derived ones without executing them, and keeps the unsafe head above', async () => {
    const w = world('abcde', COMMITS, { engineChain: 'ABCDEXY' });
    await w.settle();
    expect(w.engine.executed).toEqual([]);
    expect(await w.heads()).toBe('Y / E / -');
  });

  it('replaces unsafe blocks that differ: an L2 reorg, journaled before the engine is touched', async () => {
    const w = world('abcde', COMMITS, { engineChain: 'ABCXYZ' });
    await w.settle();
    expect(await w.heads()).toBe('E / E / -');
    const record = w.driver.state.reorgs.at(-1);
    expect(record).toMatchObject({
      layer: 'L2',
      cause: 'BATCH_MISMATCH',
      depth: 3,
      commonAncestor: { number: 2, hash: l2Ref('ABC').hash },
      oldTip: { hash: l2Ref('ABCXYZ').hash },
      newTip: { hash: l2Ref('ABCDE').hash },
    });
    expect(record?.droppedL2.map((block) => block.hash)).toEqual(
      l2Chain('ABCXYZ')
        .slice(3)
        .map((block) => block.hash),
    );
    expect(w.kinds().indexOf('reorg.detected')).toBeLessThan(w.kinds().indexOf('reorg.recovered'));
  });
});

describe('statelessness', () => {
  it('finds its place again after a restart without executing a block twice', async () => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    const executed = w.engine.executed.length;
    w.restart();
    await w.settle();
    expect(w.engine.executed).toHaveLength(executed);
    expect(w.driver.state.position?.cursor.batchNumber).toBe(3);
    expect(w.driver.state.position?.origin?.hash).toBe(l1Ref('abcdefg').hash);
    expect(w.driver.state.batches.map((batch) => batch.batchNumber)).toEqual([1, 2, 3]);
  });

  it('finds its place among 500 batches with O(log n) questions', async () => {
    const chain = 'A'.repeat(501);
    const commits = Object.fromEntries(
      Array.from({ length: 500 }, (_, i) => ['b'.repeat(i + 2), chain.slice(0, i + 2)]),
    );
    const w = world('b'.repeat(520), commits, { engineChain: chain });
    w.engine.label(chain.slice(0, 301));
    await w.step();
    expect(w.l1.calls.commitOfBatch).toBeLessThanOrEqual(20 + RECENT_BATCHES + 1);
    expect(w.driver.state.trouble).toBeNull();
    expect(w.events[0]).toMatchObject({ kind: 'driver.start_found', payload: { batch: 300 } });
  });

  it('derives again from genesis when the engine was wiped', async () => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    w.engine.wipe();
    await w.settle();
    expect(await w.heads()).toBe('G / G / -');
  });

  it('resumes in the middle of a batch that a kill cut short, executing only what is missing', async () => {
    const w = world('abcde', COMMITS, { engineChain: 'ABCD' });
    w.engine.label('ABC');
    await w.settle();
    expect(w.engine.executed).toEqual([l2Ref('ABCDE').hash]);
    expect(await w.heads()).toBe('E / E / -');
  });
});

describe('L1 reorgs', () => {
  it('L1 abcdefgh → abcdxyz takes back batches 2 and 3: heads C / C', async () => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    w.l1.switchTo('abcdxyz');
    await w.settle();
    expect(await w.heads()).toBe('C / C / -');
    expect(w.driver.state.reorgs.at(-1)).toMatchObject({
      layer: 'L1',
      cause: 'L1_REORG',
      depth: 4,
      commonAncestor: { number: 3, hash: l1Ref('abcd').hash },
      droppedBatches: [2, 3],
      recoveredAt: expect.any(Number),
    });
  });

  it('follows the new branch to other contents of the same batch number', async () => {
    const w = world('abcdefgh', { ...COMMITS, abcdx: 'ABCXX', abcdxy: 'ABCXXY' });
    await w.settle();
    w.l1.switchTo('abcdxyz');
    await w.settle();
    expect(await w.heads()).toBe('Y / Y / -');
    expect(w.driver.state.position?.origin?.hash).toBe(l1Ref('abcdxy').hash);
  });

  it('does not rewind L2 when the new branch commits the same batch in another block', async () => {
    const w = world('abcde', { ...COMMITS, abcdxy: 'ABCDE' });
    await w.settle();
    const updates = w.engine.updates.length;
    w.l1.switchTo('abcdxy');
    await w.settle();
    expect(await w.heads()).toBe('E / E / -');
    expect(w.engine.executed).toHaveLength(4);
    expect(
      w.engine.updates.slice(updates).every((state) => state.headBlockHash === l2Ref('ABCDE').hash),
    ).toBe(true);
    expect(w.driver.state.position?.origin?.hash).toBe(l1Ref('abcdxy').hash);
    expect(w.driver.state.reorgs.at(-1)?.layer).toBe('L1');
  });

  it('leaves L2 alone when no batch of ours was in the dropped blocks', async () => {
    const w = world('abcdefgh', { c: 'ABC' });
    await w.settle();
    const updates = w.engine.updates.length;
    w.l1.switchTo('abcdxyzuv');
    await w.settle();
    expect(w.engine.updates).toHaveLength(updates);
    expect(w.driver.state.reorgs.at(-1)).toMatchObject({ depth: 4, droppedBatches: [] });
  });

  it.each([
    ['shorter', 'abcdx'],
    ['same height', 'abcdxyzu'],
    ['longer', 'abcdxyzuvw'],
    ['before the first batch', 'abx'],
  ])('sees a %s branch (%s)', async (_, branch) => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    w.l1.switchTo(branch);
    await w.settle();
    expect(await w.heads()).toBe(branch === 'abx' ? 'A / A / -' : 'C / C / -');
  });

  it('flip-flop ends where L1 ends, without executing what the engine kept', async () => {
    const w = world('abcdefgh', { ...COMMITS, abcdx: 'ABCXX' });
    await w.settle();
    for (const branch of ['abcdxy', 'abcdefghi', 'abcdxyz', 'abcdefghij']) {
      w.l1.switchTo(branch);
      await w.settle();
    }
    expect(await w.heads()).toBe('G / G / -');
    expect(new Set(w.engine.executed).size).toBe(w.engine.executed.length);
  });

  it('an older head on our own branch is stale, not a reorg', async () => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    w.l1.showHead('abcd');
    await w.settle();
    expect(w.driver.state.reorgs).toEqual([]);
    expect(await w.heads()).toBe('G / G / -');
  });

  it('survives a branch change in the middle of a step', async () => {
    const w = world('abcdefgh', { ...COMMITS, abcdxy: 'ABCXX' });
    w.l1.beforeNext('batchCommits', () => w.l1.switchTo('abcdxyz'));
    expect(await w.settle()).toBe('failed');
    expect(w.driver.state.trouble).toMatchObject({ code: 'not_canonical', severity: 'reset' });
    await w.settle();
    expect(await w.heads()).toBe('X / X / -');
  });

  it('finds at start the reorg that happened while it was away', async () => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    w.l1.switchTo('abcdxyz');
    w.restart();
    await w.settle();
    expect(await w.heads()).toBe('C / C / -');
    expect(w.driver.state.reorgs.at(-1)).toMatchObject({ cause: 'L1_REORG', depth: 4 });
  });

  it('halts, and writes nothing, when L1 leaves what it had called final', async () => {
    const w = world('abcdefgh', COMMITS);
    w.l1.finalize('abcdef');
    await w.settle();
    const updates = w.engine.updates.length;
    w.l1.switchTo('abcdxyzuvw');
    expect(await w.settle()).toBe('halted');
    expect(w.driver.state).toMatchObject({ phase: 'halted', trouble: { code: 'beyond_finalized' } });
    expect(w.engine.updates).toHaveLength(updates);
  });
});

describe('engines that do not do as they say', () => {
  it('lowers only the safe label where the engine keeps its head, and moves on with the replacement', async () => {
    const w = world('abcdefgh', { ...COMMITS, abcdxyz: 'ABCXX' }, { engine: { keepsHeadOnAncestor: true } });
    await w.settle();
    w.l1.switchTo('abcdxy');
    await w.settle();
    expect(await w.heads()).toBe('G / C / -');
    w.l1.mine('z');
    await w.settle();
    expect(await w.heads()).toBe('X / X / -');
  });

  it('a lost answer to newPayload is asked again and not executed twice', async () => {
    const w = world('abc', COMMITS);
    w.engine.failNext('newPayload', 'timeout');
    expect(await w.settle()).toBe('failed');
    expect(w.driver.state.trouble).toMatchObject({ severity: 'temporary', count: 1 });
    await w.settle();
    expect(await w.heads()).toBe('C / C / -');
    expect(w.driver.state.trouble).toBeNull();
  });

  it('a temporary failure that repeats becomes a reset, and is never silent', async () => {
    const w = world('abc', COMMITS);
    w.engine.failNext('labels', 'unreachable', 5);
    for (let i = 0; i < 5; i++) expect(await w.settle()).toBe('failed');
    expect(w.driver.state.trouble).toMatchObject({ severity: 'reset', count: 5 });
    expect(w.kinds().filter((kind) => kind === 'driver.trouble')).toHaveLength(2);
  });
});

describe('batches that cannot be right', () => {
  it('block the position, keep the safe head, and are healed by an L1 reorg without help', async () => {
    const w = world('abcdefgh', { c: 'ABC', e: '!ABCDE', abcdxy: 'ABCDE' });
    await w.settle();
    expect(await w.heads()).toBe('C / C / -');
    expect(w.driver.state).toMatchObject({
      phase: 'blocked',
      blocked: { batchNumber: 2, reason: 'wrong_parent' },
    });
    w.l1.switchTo('abcdxyz');
    await w.settle();
    expect(w.driver.state.blocked).toBeNull();
    expect(await w.heads()).toBe('E / E / -');
  });

  it('are journaled once, however often the loop looks', async () => {
    const w = world('abcde', { c: 'ABC', e: '!ABCDE' });
    await w.settle();
    for (const block of 'fgh') {
      w.l1.mine(block);
      await w.settle();
    }
    expect(w.kinds().filter((kind) => kind === 'batch.invalid')).toHaveLength(1);
  });

  it('include those that only the engine can refute', async () => {
    const w = world('abcde', COMMITS);
    w.engine.callInvalid('ABCDE');
    await w.settle();
    expect(w.driver.state.blocked).toMatchObject({ batchNumber: 2, reason: 'rejected_by_engine' });
    expect(await w.heads()).toBe('C / C / -');
  });
});

describe('an L1 that leaves logs out', () => {
  it('is caught by the contract’s own count, and the range is read again', async () => {
    const w = world('abcdefgh', COMMITS);
    w.l1.answerNext('batchCommits', []);
    expect(await w.settle()).toBe('failed');
    expect(w.driver.state.trouble?.code).toBe('incomplete_l1');
    await w.settle();
    expect(await w.heads()).toBe('G / G / -');
  });

  it('is not taken for a batch out of turn: one that is missing in the middle blocks nothing', async () => {
    const w = world('abcdefgh', COMMITS);
    const all = await w.l1.batchCommits(1, 7, w.l1.head);
    w.l1.answerNext(
      'batchCommits',
      all.filter((commit) => commit.batchNumber !== 2),
    );
    expect(await w.settle()).toBe('failed');
    expect(w.driver.state).toMatchObject({
      blocked: null,
      trouble: { code: 'incomplete_l1', severity: 'temporary' },
    });
    await w.settle();
    expect(await w.heads()).toBe('G / G / -');
  });
});
