import { describe, expect, it } from 'vitest';
import { COMMITS, type World, world } from '../testing/driverWorld.ts';
import { ANA, order, payloads, preview, requestFor, restarted, untilEnded } from '../testing/resyncOrders.ts';
import { l1Ref } from '../testing/stringChain.ts';
import type { ResyncRequest, ResyncTarget } from './plan/resync.ts';
import { restoreOrders } from './plan/resyncJournal.ts';

const signal = new AbortController().signal;

async function resynced(w: World, target: ResyncTarget, change: Partial<ResyncRequest> = {}) {
  const answer = await order(w, requestFor(await preview(w, target), change));
  await untilEnded(w);
  return { answer, resync: w.driver.state.resync };
}

describe('the preview', () => {
  it.each<[string, ResyncTarget, number, number, number, number]>([
    ['the safe head', { kind: 'safe' }, 6, 2, 2, 0],
    ['the finalized head', { kind: 'finalized' }, 2, 6, 2, 2],
    ['a batch', { kind: 'batch', batch: 2 }, 4, 4, 2, 1],
    ['an L1 block between two batches', { kind: 'l1Block', number: 3 }, 2, 6, 2, 2],
    ['an L1 block before the first batch', { kind: 'l1Block', number: 1 }, 0, 8, 2, 3],
    ['genesis', { kind: 'genesis' }, 0, 8, 2, 3],
  ])(
    'says what going back to %s drops and derives again',
    async (_, target, block, dropped, unsafe, batches) => {
      const w = world('abcdefgh', COMMITS, { engineChain: 'ABCDEFGXY' });
      w.l1.finalize('abcd');
      await w.settle();
      const { point, impact } = await preview(w, target);
      expect(point.block.number).toBe(block);
      expect(impact).toMatchObject({ dropped, unsafe, batches, transactions: expect.any(Number) });
      expect(impact.blocks).toHaveLength(dropped);
    },
  );

  it('touches nothing', async () => {
    const w = world('abcdefgh', COMMITS, { engineChain: 'ABCDEFGXY' });
    await w.settle();
    const before = [w.engine.updates.length, w.events.length, w.driver.state];
    await preview(w, { kind: 'genesis' });
    expect([w.engine.updates.length, w.events.length, w.driver.state]).toEqual(before);
  });

  it('moves nothing that a step in flight stands on, however many people look', async () => {
    const w = world('abcdefgh', { ...COMMITS, abcdx: 'ABCXX', abcdxyz: 'ABCXXYY' });
    await w.settle();
    w.l1.switchTo('abcdxyz');
    w.engine.failAfter('forkchoiceUpdated', 'timeout');
    expect(await w.settle()).toBe('failed');
    // The update was applied, and the loop has to find that out by the next labels that it reads itself.
    const looks = w.l1.calls.heads;
    for (let look = 0; look < 4; look++) await preview(w);
    expect(w.l1.calls.heads).toBe(looks);
    await w.settle();
    expect(w.driver.state.reorgs.map(({ layer }) => layer)).toEqual(['L1']);
  });

  it('of a driver that rests looks at L1 anew, which nobody else does', async () => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    w.driver.pause({ by: 'ana', reason: 'a look', since: 0 });
    w.l1.mine('i');
    expect((await preview(w)).l1Head.number).toBe(8);
  });

  it.each<[string, ResyncTarget, RegExp]>([
    ['a batch that L1 does not hold', { kind: 'batch', batch: 4 }, /no batch 4/],
    ['an L1 block to come', { kind: 'l1Block', number: 99 }, /L1 is at block 7/],
    ['a finalized head before there is one', { kind: 'finalized' }, /Nothing is finalized/],
  ])('is refused for %s', async (_, target, sentence) => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    const answer = await w.driver.resync.preview(target, signal);
    expect(answer).toMatchObject({
      ok: false,
      code: 'no_such_target',
      message: expect.stringMatching(sentence),
    });
  });

  it('says so when L1 does not answer', async () => {
    const w = world('abc', COMMITS);
    expect(await w.driver.resync.preview({ kind: 'safe' }, signal)).toMatchObject({
      ok: false,
      code: 'unavailable',
      message: expect.stringMatching(/just began/),
    });
    await w.settle();
    w.l1.failNext('contractState', 'unreachable');
    expect(await w.driver.resync.preview({ kind: 'safe' }, signal)).toMatchObject({
      ok: false,
      code: 'unavailable',
    });
  });
});

describe('a resync', () => {
  it.each<[string, ResyncTarget]>([
    ['the safe head', { kind: 'safe' }],
    ['a batch', { kind: 'batch', batch: 1 }],
    ['an L1 block', { kind: 'l1Block', number: 5 }],
    ['genesis', { kind: 'genesis' }],
  ])('to %s ends in plumb with L1, without what L1 does not imply', async (_, target) => {
    const w = world('abcdefgh', COMMITS, { engineChain: 'ABCDEFGXY' });
    await w.settle();
    const { answer, resync } = await resynced(w, target);
    expect(answer).toMatchObject({ ok: true });
    expect(resync).toMatchObject({ phase: 'done', matches: 2, keptHead: false });
    expect(await w.heads()).toBe('G / G / -');
    expect(w.driver.state.position?.cursor.batchNumber).toBe(3);
  });

  it('is journaled before the engine is touched, and closed after it, by one reference', async () => {
    const w = world('abcdefgh', COMMITS, { engineChain: 'ABCDEFGXY' });
    await w.settle();
    const updates = w.engine.updates.length;
    const request = requestFor(await preview(w));
    const asked = w.driver.resync.execute(request, ANA);
    await w.driver.resync.decide(signal);
    expect(w.kinds().at(-1)).toBe('operator.resync_accepted');
    expect(w.engine.updates).toHaveLength(updates);
    await untilEnded(w);
    const answer = await asked;
    const about = w.events.filter((event) => event.ref !== null && answer.ok && event.ref === answer.id);
    expect(about.map((event) => event.kind)).toEqual([
      'operator.resync_accepted',
      'operator.resync_rewound',
      'operator.resync_done',
    ]);
    expect(about[0]?.payload).toMatchObject({
      actor: 'ana',
      reason: 'after an RPC swap',
      request: { idempotencyKey: request.idempotencyKey },
    });
  });

  it('claims success only after two looks that agree', async () => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    await order(w, requestFor(await preview(w)));
    await w.settle();
    expect(w.driver.state.resync).toMatchObject({ phase: 'verifying', matches: 1 });
    expect(payloads(w, 'operator.resync_done')).toHaveLength(0);
    await w.settle();
    expect(w.driver.state.resync).toMatchObject({ phase: 'done', matches: 2 });
  });

  it('shows how many batches it has derived again', async () => {
    const chain = 'A'.repeat(201);
    const commits = Object.fromEntries(
      Array.from({ length: 200 }, (_, i) => ['b'.repeat(i + 2), chain.slice(0, i + 2)]),
    );
    const w = world('b'.repeat(201), commits);
    await w.settle();
    await order(w, requestFor(await preview(w, { kind: 'genesis' })));
    expect(w.driver.state.resync).toMatchObject({ phase: 'rederiving', done: 0 });
    await untilEnded(w);
    expect(w.driver.state.resync).toMatchObject({ phase: 'done', done: 200, of: 200 });
  });

  it('follows an L1 reorg that comes in its middle', async () => {
    const w = world('abcdefgh', { ...COMMITS, abcdxy: 'ABCXX' });
    await w.settle();
    await order(w, requestFor(await preview(w, { kind: 'genesis' })));
    w.l1.switchTo('abcdxyz');
    await untilEnded(w);
    expect(w.driver.state.resync?.phase).toBe('done');
    expect(await w.heads()).toBe('X / X / -');
  });

  it('ends as failed, leaving the chain, when L1 takes the target back before the rewind', async () => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    const asked = w.driver.resync.execute(requestFor(await preview(w, { kind: 'batch', batch: 3 })), ANA);
    await w.driver.resync.decide(signal);
    expect(await asked).toMatchObject({ ok: true });
    w.l1.switchTo('abcdxyzu');
    const updates = w.engine.updates.length;
    await w.step();
    expect(w.driver.state.resync).toMatchObject({
      phase: 'failed',
      note: expect.stringContaining('no longer implies'),
    });
    expect(w.engine.updates).toHaveLength(updates);
    await w.settle();
    expect(await w.heads()).toBe('C / C / -');
  });

  it('waits out an engine that is away, and goes on', async () => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    const request = requestFor(await preview(w));
    const asked = w.driver.resync.execute(request, ANA);
    await w.driver.resync.decide(signal);
    w.engine.failNext('forkchoiceUpdated', 'timeout', 2);
    expect(await w.settle()).toBe('failed');
    expect(w.driver.state).toMatchObject({
      trouble: { code: 'engine_timeout' },
      resync: { phase: 'rewinding' },
    });
    await untilEnded(w);
    expect(await asked).toMatchObject({ ok: true });
    expect(w.driver.state.resync?.phase).toBe('done');
  });

  it('on an engine that ignores rewinds compares in place and says so', async () => {
    const w = world('abcdefgh', COMMITS, { engine: { keepsHeadOnAncestor: true } });
    await w.settle();
    const { resync } = await resynced(w, { kind: 'batch', batch: 1 });
    expect(resync).toMatchObject({
      phase: 'done',
      keptHead: true,
      note: expect.stringContaining('keeps its head'),
    });
    expect(await w.heads()).toBe('G / G / -');
    expect(new Set(w.engine.executed).size).toBe(w.engine.executed.length);
  });
});

describe('the halt past finality', () => {
  const halted = async () => {
    const w = world('abcdefgh', { ...COMMITS, abcdxyz: 'ABCXY' });
    w.l1.finalize('abcdef');
    await w.settle();
    w.l1.switchTo('abcdxyzuvw');
    expect(await w.settle()).toBe('halted');
    return w;
  };

  it('is left by a resync, and by nothing else', async () => {
    const w = await halted();
    for (let i = 0; i < 3; i++) expect(await w.settle()).toBe('halted');
    const { answer, resync } = await resynced(w, { kind: 'safe' });
    expect(answer).toMatchObject({ ok: true });
    expect(resync?.phase).toBe('done');
    expect(w.driver.state.phase).toBe('following');
    expect(await w.heads()).toBe('Y / Y / C');
  });

  it('is shown with what would be lowered', async () => {
    const { impact, point } = await preview(await halted());
    expect(point.block.number).toBe(2);
    expect(impact).toMatchObject({ lowersFinalized: true });
  });

  it('stays when the resync is refused', async () => {
    const w = await halted();
    const answer = await order(w, requestFor(await preview(w), { confirm: 'mainnet' }));
    expect(answer).toMatchObject({ ok: false, code: 'wrong_confirmation' });
    expect(await w.settle()).toBe('halted');
  });
});

describe('a process that ends in the middle', () => {
  /** Steps after the order until the kill: 0 is right after it was accepted. */
  it.each([0, 1, 2, 3, 4])('after %d steps: the next one takes it up and closes it', async (steps) => {
    const w = world('abcdefgh', COMMITS, { engineChain: 'ABCDEFGXY' });
    await w.settle();
    const asked = w.driver.resync.execute(requestFor(await preview(w, { kind: 'batch', batch: 1 })), ANA);
    await w.driver.resync.decide(signal);
    expect(await asked).toMatchObject({ ok: true });
    for (let i = 0; i < steps; i++) await w.step();
    const ended = payloads(w, 'operator.resync_done').length;
    restarted(w);
    expect(w.driver.resync.running).toBe(ended === 0);
    await untilEnded(w);
    await w.settle();
    expect(payloads(w, 'operator.resync_done')).toHaveLength(1);
    expect(restoreOrders([...w.events].reverse(), w.clock.at).open).toBeNull();
    expect(await w.heads()).toBe('G / G / -');
  });

  it('while the engine was half way: the rewind is simply done again', async () => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    const asked = w.driver.resync.execute(requestFor(await preview(w, { kind: 'batch', batch: 1 })), ANA);
    await w.driver.resync.decide(signal);
    await asked;
    const real = w.engine.forkchoiceUpdated.bind(w.engine);
    // The engine does it, and the process dies before it hears so.
    w.engine.forkchoiceUpdated = async (state) => {
      await real(state);
      throw new Error('killed');
    };
    await w.step().catch(() => undefined);
    w.engine.forkchoiceUpdated = real;
    w.events.splice(w.events.findIndex((event) => event.kind === 'operator.resync_failed') >>> 0);
    restarted(w);
    await untilEnded(w);
    expect(w.driver.state.resync).toMatchObject({ phase: 'done', resumed: true });
    expect(await w.heads()).toBe('G / G / -');
  });

  it('with its journal lost is in plumb all the same', async () => {
    const w = world('abcdefgh', COMMITS, { engineChain: 'ABCDEFGXY' });
    await w.settle();
    await order(w, requestFor(await preview(w, { kind: 'genesis' })));
    w.events.splice(0);
    w.restart();
    await w.settle();
    expect(await w.heads()).toMatch(/^G \/ G \/ -$/);
  });
});

describe('a pause', () => {
  it('keeps the driver from looking and writing until it is resumed', async () => {
    const w = world('abc', COMMITS);
    await w.settle();
    w.driver.pause({ by: 'ana', reason: 'disk', since: w.clock.at });
    w.l1.mine('defg');
    const [calls, updates] = [w.l1.calls.heads, w.engine.updates.length];
    expect(await w.settle()).toBe('idle');
    expect([w.l1.calls.heads, w.engine.updates.length]).toEqual([calls, updates]);
    w.driver.resume();
    await w.settle();
    expect(await w.heads()).toBe('G / G / -');
  });

  it('outlives the process by what the journal holds', () => {
    const event = (kind: string, at: number) => ({
      kind,
      at,
      ref: null,
      payload: { part: 'driver', actor: 'ana', reason: 'disk' },
    });
    const paused = restoreOrders([event('operator.paused', 5)], 9).paused;
    expect(paused).toEqual({ driver: { by: 'ana', reason: 'disk', since: 5 }, sequencer: null });
    expect(
      restoreOrders([event('operator.resumed', 6), event('operator.paused', 5)], 9).paused.driver,
    ).toBeNull();
  });
});

it('the target’s L1 origin is where the driver reads on', async () => {
  const w = world('abcdefgh', COMMITS);
  await w.settle();
  const { point } = await preview(w, { kind: 'batch', batch: 2 });
  expect(point.origin?.hash).toBe(l1Ref('abcde').hash);
});
