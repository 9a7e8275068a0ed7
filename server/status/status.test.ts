import { describe, expect, it } from 'vitest';
import { statusView } from '../api/views.ts';
import { account } from '../driver/plan/failure.ts';
import { world } from '../testing/driverWorld.ts';
import { sentenceOf } from './activity.ts';
import { StatusBook } from './book.ts';
import { type Identity, leader, present } from './present.ts';
import { judge } from './verdict.ts';

const IDENTITY: Identity = {
  fleet: [],
  node: {
    name: 'strings',
    mode: 'drive',
    startedAt: 1_700_000_000_000,
    software: 'plumbline',
    engine: 'strings',
    l1ChainId: 1,
    l2ChainId: 2,
    l1Host: 'l1.example',
  },
  batchesPerSequencer: 32,
  ourSequencer: null,
  expectedEveryMs: 1_000,
};
const COMMITS = { c: 'ABC', e: 'ABCDE', g: 'ABCDEFG' };
type World = ReturnType<typeof world>;

const judged = (w: World, now = w.clock.at) =>
  judge({ state: w.driver.state, now, startedAt: w.clock.at, l1Host: 'l1.example', expectedEveryMs: 1_000 });

describe('the verdict', () => {
  it('is unknown before the first L1 block, and says what it waits for', () => {
    const w = world('abc', COMMITS);
    expect(judged(w)).toEqual({
      kind: 'unknown',
      sentence: 'Waiting for the first L1 block from l1.example.',
    });
  });

  it('is aligned only once every batch up to an L1 head was compared', async () => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    expect(judged(w)).toEqual({
      kind: 'aligned',
      sentence: 'In plumb with L1 up to block 7: batch 3 confirms L2 block 6.',
    });
  });

  it('is stalled when L1 falls silent, whatever the heads say, and names for how long', async () => {
    const w = world('abc', COMMITS);
    await w.settle();
    expect(judged(w, w.clock.at + 40_000)).toMatchObject({
      kind: 'stalled',
      sentence: expect.stringContaining('No answer from the L1 node l1.example for 40 s'),
    });
  });

  it('is stalled by a batch that cannot be right, with the reason and the head that stays', async () => {
    const w = world('abcde', { c: 'ABC', e: '!ABCDE' });
    await w.settle();
    expect(judged(w).kind).toBe('stalled');
    expect(judged(w).sentence).toContain('Batch 2 on L1 cannot be right (wrong_parent)');
    expect(judged(w).sentence).toContain('stays at 2');
  });

  it('is halted beyond finality', async () => {
    const w = world('abcdefgh', COMMITS);
    w.l1.finalize('abcdef');
    await w.settle();
    w.l1.switchTo('abcdxyz');
    await w.settle();
    expect(judged(w).kind).toBe('halted');
  });
});

describe('the verdict under trouble', () => {
  it('blames no L1 while the engine is busy with a long batch', async () => {
    const w = world('abcdefgh', COMMITS);
    const real = w.engine.newPayload.bind(w.engine);
    const seen: string[] = [];
    w.engine.newPayload = async (block) => {
      w.clock.at += 8_000;
      seen.push(judged(w).kind);
      return real(block);
    };
    const start = w.clock.at;
    const verdict = () =>
      judge({
        state: w.driver.state,
        now: w.clock.at,
        startedAt: start,
        l1Host: 'x',
        expectedEveryMs: 1_000,
      });
    await w.settle();
    expect(w.clock.at - start).toBe(48_000);
    expect(seen).not.toContain('stalled');
    expect(verdict().kind).toBe('aligned');
  });

  it('is stalled, with the reason, when the start cannot be found', async () => {
    const w = world('abc', COMMITS);
    w.l1.failNext('contractState', 'not_canonical', 3);
    for (let i = 0; i < 3; i++) await w.settle();
    expect(judged(w)).toMatchObject({
      kind: 'stalled',
      sentence: expect.stringMatching(/tried 3 times: .*not_canonical/),
    });
  });

  it('is stalled when L1 shows for long an older head than before, and names both', async () => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    w.l1.showHead('abcd');
    await w.settle();
    expect(judged(w).kind).toBe('aligned');
    w.clock.at += 30_000;
    await w.settle();
    expect(judged(w)).toMatchObject({
      kind: 'stalled',
      sentence: expect.stringMatching(/shows block 3 .* 30 s, after it had shown block 7/),
    });
  });

  it('does not call aligned an engine that keeps blocks which L1 took back', async () => {
    const commits = { ...COMMITS, abcdxyz: 'ABCXX' };
    const w = world('abcdefgh', commits, { engine: { keepsHeadOnAncestor: true } });
    await w.settle();
    w.l1.switchTo('abcdxy');
    await w.settle();
    expect(judged(w)).toMatchObject({
      kind: 'degraded',
      sentence: expect.stringContaining('ahead of L1 by 4 blocks'),
    });
    w.l1.mine('z');
    await w.settle();
    expect(judged(w).kind).toBe('aligned');
  });

  it('tells an operator of a halted node the reason and the way out', async () => {
    const w = world('abc', COMMITS, { engineChain: 'Z' });
    await w.settle();
    expect(judged(w)).toMatchObject({
      kind: 'halted',
      sentence: expect.stringMatching(/genesis is 0x.*Restart the node/),
    });
  });

  it('names the resync as the way out of a halt past finality', async () => {
    const w = world('abcdefgh', COMMITS);
    w.l1.finalize('abcdef');
    await w.settle();
    w.l1.switchTo('abcdxyzuvw');
    await w.settle();
    expect(judged(w)).toMatchObject({
      kind: 'halted',
      sentence: expect.stringContaining('plumbline resync'),
    });
  });
});

describe('the verdict on fast confirmations', () => {
  it('falls when two blocks of one number are shown, and rises when L1 has decided', async () => {
    const w = world('abc', { c: 'ABC' });
    await w.settle();
    const verdict = (feedConflict: string | null) =>
      judge({
        state: w.driver.state,
        now: w.clock.at,
        startedAt: w.clock.at,
        l1Host: 'l1.example',
        expectedEveryMs: 1_000,
        feedConflict,
      });
    expect(verdict('two blocks are shown at height 7')).toMatchObject({
      kind: 'degraded',
      sentence: expect.stringContaining('two blocks are shown at height 7'),
    });
    expect(verdict(null).kind).toBe('aligned');
  });
});

describe('the verdict on the bridge’s messages', () => {
  const deadline = 1_700_000_100_000;
  const judgedAt = (w: World, now: number, included: boolean) =>
    judge({
      state: { ...w.driver.state, l1At: now, lastStepAt: now },
      now,
      startedAt: w.clock.at,
      l1Host: 'l1.example',
      expectedEveryMs: 1_000,
      messages: [
        { hash: `0x${'01'.repeat(32)}`, included, deadline, warnAt: deadline - 1 },
        { hash: `0x${'02'.repeat(32)}`, included: false, deadline: deadline + 5_000, warnAt: deadline },
      ],
    });

  it('is degraded as soon as one is past its deadline, and says how many and for how long', async () => {
    const w = world('abc', COMMITS);
    await w.settle();
    expect(judgedAt(w, deadline, false).kind).toBe('aligned');
    expect(judgedAt(w, deadline + 4_000, false)).toMatchObject({
      kind: 'degraded',
      sentence: expect.stringMatching(/^An L1 message is past .*the first by 4 s: .*will have it/),
    });
    expect(judgedAt(w, deadline + 6_000, true).sentence).toMatch(/^2 L1 messages are .*one that has it/);
  });
});

describe('the view', () => {
  const view = (w: World) =>
    present({
      identity: IDENTITY,
      state: w.driver.state,
      verdict: { ...judged(w), reference: 'test', since: 0 },
      sequencing: null,
      activity: w.events,
      now: w.clock.at,
      version: 1,
    });

  it('is what the API promises, in every phase', async () => {
    const w = world('abcdefgh', COMMITS);
    expect(() => statusView.parse(view(w))).not.toThrow();
    w.l1.finalize('abcd');
    await w.settle();
    expect(() => statusView.parse(view(w))).not.toThrow();
    w.l1.switchTo('abcdxyz');
    await w.settle();
    expect(() => statusView.parse(view(w))).not.toThrow();
  });

  it('puts each batch under its L1 block, and the batches of a dropped block beside the lane', async () => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    w.l1.switchTo('abcdxyzu');
    await w.settle();
    const { lanes, batches, reorgs, heads } = view(w);
    const canonical = lanes.filter((lane) => lane.canonical);
    expect(canonical.flatMap((lane) => lane.batches.map((batch) => batch.number))).toEqual([1]);
    const orphans = lanes.filter((lane) => !lane.canonical);
    expect(orphans.map((lane) => lane.number)).toEqual([4, 5, 6, 7]);
    expect(orphans.flatMap((lane) => lane.batches)).toMatchObject([
      { number: 2, progress: 'orphaned' },
      { number: 3, progress: 'orphaned' },
    ]);
    expect(batches.map((batch) => `${batch.number} ${batch.progress}`)).toEqual([
      '3 orphaned',
      '2 orphaned',
      '1 safe',
    ]);
    expect(reorgs[0]).toMatchObject({ layer: 'L1', droppedBatches: [2, 3] });
    expect(heads.safe?.origin?.number).toBe(2);
  });
});

describe('the freshness layers', () => {
  it('a driver that fails and waits is there: it is late only when the next try is', async () => {
    const w = world('abc', COMMITS);
    await w.settle();
    const away = () =>
      Promise.reject(Object.assign(new Error('away'), { name: 'EngineError', code: 'unreachable' }));
    Object.assign(w.engine, { labels: away });
    for (let tries = 0; tries < 10; tries++) {
      w.clock.at = w.driver.state.trouble?.nextTryAt ?? w.clock.at;
      await w.driver.step(new AbortController().signal);
    }
    const { trouble, lastStepAt } = w.driver.state;
    expect([trouble?.count, lastStepAt]).toEqual([10, w.clock.at]);
    const { driver, engine } = present({
      identity: IDENTITY,
      state: w.driver.state,
      verdict: { ...judged(w), reference: 'test', since: 0 },
      activity: [],
      sequencing: null,
      now: w.clock.at,
      version: 1,
    }).freshness;
    expect(driver).toMatchObject({ at: w.clock.at, ok: true, expectedEvery: 10_000 });
    expect(engine.ok).toBe(false);
  });

  it.each([
    ['a head that the engine does not move', 'head_not_moved', 'engine'],
    ['an engine that does not answer', 'engine_timeout', 'engine'],
    ['logs that L1 leaves out', 'incomplete_l1', 'l1'],
    ['a blob that is gone', 'blob_unavailable', 'blobs'],
    ['what nobody foresaw', 'unexpected', 'driver'],
  ] as const)('blame %s (%s) on %s alone', async (_, code, blamed) => {
    const w = world('abc', COMMITS);
    await w.settle();
    const at = w.clock.at;
    const trouble = account(null, { severity: 'temporary', code, message: 'm' }, at);
    const { freshness } = present({
      identity: IDENTITY,
      state: { ...w.driver.state, trouble },
      verdict: { ...judged(w), reference: 'test', since: 0 },
      activity: [],
      sequencing: null,
      now: at,
      version: 1,
    });
    const failing = Object.entries(freshness).filter(([, layer]) => !layer.ok);
    expect(failing.map(([name]) => name)).toEqual([blamed]);
  });
});

describe('the leader’s term', () => {
  const at = (lastCommittedBatch: number) =>
    leader(
      {
        at: { number: 1, hash: '0x' },
        lastCommittedBatch,
        lastVerifiedBatch: 0,
        leader: `0x${'aa'.repeat(20)}`,
      },
      IDENTITY,
    ).term;

  it.each([
    [0, { first: 1, last: 31, left: 31 }],
    [30, { first: 1, last: 31, left: 1 }],
    [31, { first: 32, last: 63, left: 32 }],
    [62, { first: 32, last: 63, left: 1 }],
  ])('after %i committed batches is %o: the first term has 31', (committed, term) => {
    expect(at(committed)).toEqual(term);
  });

  it('is unknown without a sequencer, and says that nobody can commit', () => {
    const contracts = {
      at: { number: 1, hash: '0x' as const },
      lastCommittedBatch: 0,
      lastVerifiedBatch: 0,
      leader: `0x${'00'.repeat(20)}` as const,
    };
    expect(leader(contracts, IDENTITY)).toMatchObject({
      address: null,
      detail: expect.stringContaining('nobody'),
    });
  });
});

describe('the status book', () => {
  it('answers the same view until something changes, and changes it when time alone changes the verdict', async () => {
    const w = world('abcdefgh', COMMITS);
    const clock = { now: () => w.clock.at };
    const book = new StatusBook(IDENTITY, w.driver.state, { clock, activity: () => [] });
    const first = book.view();
    expect(book.view()).toBe(first);
    await w.settle();
    book.update(w.driver.state);
    const aligned = book.view();
    expect(aligned.verdict.kind).toBe('aligned');
    expect(aligned.version).toBe(first.version + 1);
    expect(book.view()).toBe(aligned);
    w.clock.at += 60_000;
    expect(book.view()).toMatchObject({
      version: aligned.version + 1,
      verdict: { kind: 'stalled', since: w.clock.at },
    });
  });
});

describe('activity', () => {
  it.each([
    [
      'leader.changed',
      { from: `0x${'aa'.repeat(20)}`, to: null, batch: 9, why: 'unregistered' },
      'leader 0xaaaa…aaaa → nobody at batch 9 (it was unregistered)',
    ],
    ['sequencer.state', { from: 'following', to: 'sequencing' }, 'sequencer following → sequencing'],
    ['revert.intent', { dropped: [1, 2] }, 'taking back 2 uncommitted blocks'],
    ['batch.finalized', { batch: 7 }, 'batch 7 finalized'],
    ['batch.finalized', { fromBatch: 7, toBatch: 7 }, 'batch 7 finalized'],
    ['batch.finalized', { fromBatch: 7, toBatch: 9 }, 'batches 7–9 finalized'],
    [
      'reorg.updated',
      { id: 'L1-5-ab' },
      'reorg L1-5-ab looked at again: more is known of its blocks or transactions',
    ],
    ['commit.resent', { batch: 7 }, 'batch 7 sent to L1 again, with a higher fee'],
    ['something.new', {}, 'something.new'],
  ])('says %s in words', (kind, payload, sentence) => {
    expect(sentenceOf({ kind, payload })).toBe(sentence);
  });
});
