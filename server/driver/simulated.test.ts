/** What the simulation (docs/simulation.md) found, each as a story that reads aloud. */
import { describe, expect, it } from 'vitest';
import { HeadTracker } from '../l1/headTracker.ts';
import type { BatchCommit } from '../protocol/batch.ts';
import { COMMITS, WORLD_DERIVATION, world } from '../testing/driverWorld.ts';
import { fakeL1 } from '../testing/fakeL1.ts';
import { l1Ref, l2Ref } from '../testing/stringChain.ts';
import { HEAD_STRIDE } from './applyBatch.ts';
import { ASK_AGAIN_MS } from './forward.ts';

describe('a backend left on a dead branch', () => {
  it('is stale and halts nothing, because nothing it calls final contradicts L1', async () => {
    const l1 = fakeL1('abcdef');
    l1.finalize('abcd');
    const tracker = new HeadTracker(l1);
    await tracker.track();
    const dead = { latest: l1Ref('abxyzu'), safe: null, finalized: l1Ref('ab') };
    l1.answerNext('heads', dead);
    for (const parent of ['abxyz', 'abxy', 'abx']) l1.answerNext('blockByHash', l1Ref(parent));
    expect((await tracker.track()).event.kind).toBe('stale');
    expect((await tracker.track()).event.kind).toBe('same');
  });

  it('does not halt a node that starts on it: the engine has finalized more, and L1 has not', async () => {
    const w = world('abcdefgh', { ...COMMITS, abcxy: 'ABCX' });
    w.l1.finalize('abcde');
    await w.settle();
    expect(await w.heads()).toBe('G / G / E');
    w.l1.switchTo('abcxy');
    w.l1.finalize('abc');
    w.restart();
    expect(await w.settle()).toBe('failed');
    expect(w.driver.state.trouble?.code).toBe('l1_behind');
    w.l1.switchTo('abcdefgh');
    await w.settle();
    expect(await w.heads()).toBe('G / G / E');
    expect(w.driver.state.reorgs.flatMap((record) => record.droppedL2)).toEqual([]);
  });

  it('does not put its batches into the chain: a commit counts only on the branch of the head', async () => {
    const w = world('abcd', { ...COMMITS, abcdx: 'ABCXX' });
    await w.settle();
    w.l1.switchTo('abcdx');
    let other: readonly BatchCommit[] = await w.l1.batchCommits(4, 4, l1Ref('abcdx'));
    expect(other).toHaveLength(1);
    w.l1.switchTo('abcdef');
    w.l1.answerNext('batchCommits', other);
    other = [];
    expect(await w.settle()).toBe('failed');
    expect(w.driver.state.trouble?.code).toBe('other_branch');
    await w.settle();
    expect(await w.heads()).toBe('E / E / -');
  });
});

describe('one wrong answer', () => {
  it('of none does not make a reorg look deeper than it is', async () => {
    const l1 = fakeL1('abcdefghijkl');
    const tracker = new HeadTracker(l1);
    await tracker.track();
    l1.switchTo('abcdefuvwxyz');
    l1.answerNext('blockByNumber', null);
    await expect(tracker.track()).rejects.toMatchObject({ code: 'not_canonical' });
    expect((await tracker.track()).event).toMatchObject({ kind: 'reorg', depth: 6 });
  });

  it('of another backend does not make a reorg look deeper than it is', async () => {
    const l1 = fakeL1('abcdefghijkl');
    const tracker = new HeadTracker(l1);
    await tracker.track();
    l1.switchTo('abcdefuvwxyz');
    for (let i = 0; i < 4; i++) l1.answerNext('blockByNumber', l1Ref('axyz'));
    expect((await tracker.track()).event).toMatchObject({ kind: 'reorg', depth: 6, exact: true });
  });

  it('of the engine, which holds the block, takes nothing back at a start', async () => {
    const w = world('abcdefgh', COMMITS);
    w.l1.finalize('abcdefg');
    await w.settle();
    w.restart();
    w.engine.missNextByHash();
    expect(await w.settle()).toBe('failed');
    expect(w.driver.state.trouble).toMatchObject({ code: 'engine_contradicts', severity: 'temporary' });
    await w.settle();
    expect(await w.heads()).toBe('G / G / G');
    expect(w.driver.state.reorgs).toEqual([]);
  });
});

describe('an L1 that lags behind the engine at a start', () => {
  it('halts nothing and takes back nothing that was final', async () => {
    const w = world('abcdefgh', COMMITS);
    w.l1.finalize('abcdefg');
    await w.settle();
    w.l1.switchTo('abcd');
    w.restart();
    expect(await w.settle()).toBe('failed');
    expect(w.driver.state).toMatchObject({ phase: 'starting', trouble: { code: 'l1_behind' } });
    expect(await w.heads()).toBe('G / G / G');
    w.l1.switchTo('abcdefgh');
    await w.settle();
    expect(await w.heads()).toBe('G / G / G');
  });
});

describe('an engine that accepts side chains without executing them', () => {
  const REORG = { ...COMMITS, abcdx: 'ABCXX' };

  it('is led onto another branch', async () => {
    const w = world('abcdefgh', REORG, { engine: { acceptsSiblings: true, keepsHeadOnAncestor: true } });
    await w.settle();
    w.l1.switchTo('abcdx');
    await w.settle();
    expect(await w.heads()).toBe('X / X / -');
  });

  it('says late that a batch is wrong, and that blocks the batch and is not asked for ever', async () => {
    const w = world('abcdefgh', REORG, { engine: { acceptsSiblings: true, keepsHeadOnAncestor: true } });
    await w.settle();
    w.engine.callInvalid('ABCXX');
    w.l1.switchTo('abcdx');
    expect(await w.settle()).toBe('idle');
    expect(w.driver.state).toMatchObject({
      phase: 'blocked',
      trouble: null,
      blocked: { batchNumber: 2, reason: 'rejected_by_engine' },
    });
  });
});

describe('an engine that refuses to go back', () => {
  it('because it is too deep keeps its head, and its safe label is lowered', async () => {
    const w = world('abcdefgh', COMMITS, { engine: { refusesAncestors: true } });
    await w.settle();
    w.l1.switchTo('abcdxyz');
    expect(await w.settle()).toBe('idle');
    expect(await w.heads()).toBe('G / C / -');
    expect(w.driver.state.keptHead).not.toBeNull();
  });
});

describe('a batch that the engine refused', () => {
  it('is given to it again, because a restart heals what it wrongly holds against a block', async () => {
    const w = world('abcdefgh', COMMITS);
    w.engine.callInvalid('ABCDE');
    await w.settle();
    expect(w.driver.state.phase).toBe('blocked');
    w.clock.at += ASK_AGAIN_MS;
    await w.settle();
    w.engine.callValid();
    expect(await w.settle()).toBe('idle');
    expect(await w.heads()).toBe('C / C / -');
    w.clock.at += ASK_AGAIN_MS;
    await w.settle();
    expect(await w.heads()).toBe('G / G / -');
    expect(w.driver.state).toMatchObject({ phase: 'following', blocked: null });
    expect(w.kinds().filter((kind) => kind === 'batch.invalid')).toHaveLength(1);
  });

  it('does not wait longer for it when the machine’s clock is set back', async () => {
    const w = world('abcdefgh', COMMITS);
    w.engine.callInvalid('ABCDE');
    await w.settle();
    w.engine.callValid();
    w.clock.at -= 3_600_000;
    await w.settle();
    expect(await w.heads()).toBe('G / G / -');
  });
});

describe('batches that a reorg only moved', () => {
  it('are remembered without a gap, so that the finalized head does not lag', async () => {
    const moved = { abcdx: 'ABCDE', abcdxy: 'ABCDEFG' };
    const w = world('abcdefgh', { ...COMMITS, ...moved });
    await w.settle();
    w.l1.switchTo('abcdxyz');
    w.l1.finalize('abcdxy');
    await w.settle();
    expect(await w.heads()).toBe('G / G / G');
    expect(w.driver.state.batches.map(({ batchNumber }) => batchNumber)).toEqual([1, 2, 3]);
  });
});

describe('a reorg onto a branch with a wrong batch', () => {
  it('is over when the node is level with what L1 offers, and its record is closed', async () => {
    const w = world('abcdefgh', { ...COMMITS, abcdx: '!ABCXX' });
    await w.settle();
    w.l1.switchTo('abcdx');
    await w.settle();
    expect(w.driver.state.phase).toBe('blocked');
    expect(w.driver.state.reorgs.filter((record) => record.recoveredAt === null)).toEqual([]);
  });
});

describe('a branch on which a wrong batch stands before one that repeats what the engine holds', () => {
  const REPEATS = { ...COMMITS, abx: '!ABZ', abxy: 'ABCDE', abv: 'ABZ', abvw: 'ABCDE' };

  it.each([
    ['after a reorg', false],
    ['at a start', true],
  ])('is not passed by %s: derivation from genesis would never get there', async (_, restarts) => {
    const w = world('abcdefgh', REPEATS);
    await w.settle();
    w.l1.switchTo('abxyz');
    if (restarts) w.restart();
    await w.settle();
    expect(w.driver.state).toMatchObject({ phase: 'blocked', blocked: { batchNumber: 1 } });
    expect(await w.heads()).toBe('A / A / -');
  });

  it('is met again from what the engine holds, where batches before it differ too', async () => {
    const w = world('abcdefgh', REPEATS);
    await w.settle();
    w.l1.switchTo('abvwz');
    await w.settle();
    expect(w.driver.state).toMatchObject({ phase: 'blocked', blocked: { batchNumber: 2 } });
    expect(await w.heads()).toBe('Z / Z / -');
  });
});

describe('a batch whose blob is not offered once, when batches are read back', () => {
  it('leaves no gap among them, so that what comes after it becomes final', async () => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    // The first time it is derived to prove the start that was found.
    let times = 0;
    w.restart({
      deriveBatch: (config, cursor, commit, blob) =>
        commit.batchNumber === 2 && ++times === 2
          ? { kind: 'needsBlob', commit, versionedHash: `0x${'01'.repeat(32)}` }
          : WORLD_DERIVATION.deriveBatch(config, cursor, commit, blob),
    });
    w.l1.finalize('abcdefg');
    await w.settle();
    expect(w.driver.state.batches.map(({ batchNumber }) => batchNumber)).toEqual([3]);
    expect(await w.heads()).toBe('G / G / G');
  });
});

describe('labels that lag once', () => {
  it('do not let the driver begin at genesis under a safe head', async () => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    w.restart();
    const { labels } = w.engine;
    w.engine.labels = async () => ({ ...(await labels.call(w.engine)), safe: null, finalized: null });
    w.l1.failNext('batchCommits', 'timeout');
    expect(await w.settle()).toBe('failed');
    w.engine.labels = labels;
    const before = w.engine.updates.length;
    await w.settle();
    expect(
      w.engine.updates.slice(before).every(({ safeBlockHash }) => safeBlockHash === l2Ref('ABCDEFG').hash),
    ).toBe(true);
    expect(await w.heads()).toBe('G / G / -');
  });
});

describe('a long batch that the engine refuses near its end', () => {
  it('leaves the head where it had come to: what becomes final then takes no block back unrecorded', async () => {
    const good = `AB${'C'.repeat(HEAD_STRIDE)}`;
    const w = world('abcdef', { b: 'AB', d: `${good}DD` });
    w.engine.callInvalid(`${good}D`);
    w.l1.finalize('ab');
    await w.settle();
    expect(w.driver.state).toMatchObject({ phase: 'blocked', blocked: { reason: 'rejected_by_engine' } });
    await w.settle();
    const { latest, safe, finalized } = await w.engine.labels();
    expect([latest.number, safe?.number, finalized?.number]).toEqual([1 + HEAD_STRIDE, 1, 1]);
  });
});

describe('a finalized block above the safe one, on no branch of the head', () => {
  it('is not named in an update before derivation has come back to it', async () => {
    const w = world('abcdefgh', COMMITS);
    w.l1.finalize('abcdefg');
    await w.settle();
    expect(await w.heads()).toBe('G / G / G');
    // An update meant for another engine went to this one: it says nothing about what is final.
    w.engine.moveHead('ABCXYZWV');
    w.engine.label('ABC', 'ABCDEFG');
    await w.settle();
    expect(await w.heads()).toBe('G / G / G');
  });
});

describe('a finalized label that an answer shows lower than it was', () => {
  it('is not lowered by the next update, and is set again', async () => {
    const w = world('abcdefgh', { ...COMMITS, i: 'ABCDEFGHI' });
    w.l1.finalize('abcd');
    await w.settle();
    expect(await w.heads()).toBe('G / G / C');
    w.l1.finalize('abcdef');
    await w.settle();
    expect(await w.heads()).toBe('G / G / E');
    const { labels } = w.engine;
    w.engine.labels = async () => ({ ...(await labels.call(w.engine)), finalized: l2Ref('ABC') });
    w.l1.switchTo('abcdefghi');
    const before = w.engine.updates.length;
    await w.settle();
    w.engine.labels = labels;
    const named = w.engine.updates.slice(before).map(({ finalizedBlockHash }) => finalizedBlockHash);
    expect(new Set(named)).toEqual(new Set([l2Ref('ABCDE').hash]));
    expect(await w.heads()).toBe('I / I / E');
  });

  it('is set again when the engine forgot it, though L1 shows nothing new', async () => {
    const w = world('abcdefgh', COMMITS);
    w.l1.finalize('abcdef');
    await w.settle();
    w.engine.label('ABCDEFG');
    expect(await w.heads()).toBe('G / G / -');
    await w.settle();
    expect(await w.heads()).toBe('G / G / E');
  });
});

describe('an engine on a branch that its own finality excludes', () => {
  it('is set back to its finalized block, on record, and derived on from there', async () => {
    const w = world('abcdefgh', COMMITS);
    w.l1.finalize('abcdef');
    await w.settle();
    expect(await w.heads()).toBe('G / G / E');
    // It refused an update and followed it all the same.
    w.engine.moveHead('ABCXYZ');
    w.engine.label('ABCDEFG', 'ABCDE');
    w.restart();
    expect(await w.settle()).toBe('failed');
    expect(w.driver.state.trouble?.message).toContain('its head was set back to it');
    expect(w.driver.state.reorgs).toMatchObject([{ layer: 'L2', oldTip: { hash: l2Ref('ABCXYZ').hash } }]);
    await w.settle();
    expect(await w.heads()).toBe('G / G / E');
    expect(w.driver.state.trouble).toBeNull();
  });
});
