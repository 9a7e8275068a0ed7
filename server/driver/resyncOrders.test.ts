import { describe, expect, it } from 'vitest';
import { COMMITS, type World, world } from '../testing/driverWorld.ts';
import { ANA, order, payloads, preview, requestFor, restarted, untilEnded } from '../testing/resyncOrders.ts';
import type { ResyncPreview, ResyncRequest } from './plan/resync.ts';
import { restoreOrders } from './plan/resyncJournal.ts';

const signal = new AbortController().signal;

const later = (w: World, ms: number): undefined => {
  w.clock.at += ms;
};

describe('an order is refused, journaled and changes nothing', () => {
  it.each<[string, string, (w: World, from: ResyncPreview) => Partial<ResyncRequest> | undefined]>([
    ['with another name typed', 'wrong_confirmation', () => ({ confirm: 'Strings' })],
    ['without its preview', 'unknown_preview', () => ({ previewId: 'guess' })],
    ['31 s after the preview', 'expired', (w) => later(w, 30_001)],
    [
      'with other heads than were shown',
      'not_what_was_shown',
      (_, from) => ({ expected: { unsafe: from.expected.unsafe.hash, safe: null, finalized: null } }),
    ],
    [
      'after the engine’s head went elsewhere',
      'heads_moved',
      (w) => w.engine.moveHead('ABCDEFGQQ') as undefined,
    ],
    ['after L1 took the target back', 'heads_moved', (w) => w.l1.switchTo('abcdxyzu') as undefined],
    [
      'after more blocks came than anybody looked at',
      'heads_moved',
      (w) => w.engine.moveHead(`ABCDEFGXY${'Z'.repeat(65)}`) as undefined,
    ],
    [
      'while the driver is paused',
      'paused',
      (w) => w.driver.pause({ by: 'bob', reason: 'disk', since: 0 }) as undefined,
    ],
  ])('%s', async (_, code, change) => {
    const w = world('abcdefgh', COMMITS, { engineChain: 'ABCDEFGXY' });
    await w.settle();
    const from = await preview(w);
    const updates = w.engine.updates.length;
    const request = requestFor(from, change(w, from) ?? {});
    const asked = w.driver.resync.execute(request, ANA);
    await w.driver.resync.decide(signal);
    expect(await asked).toMatchObject({ ok: false, code });
    expect(w.driver.state.resync).toBeNull();
    expect(w.engine.updates).toHaveLength(updates);
    expect(payloads(w, 'operator.resync_refused')).toMatchObject([
      {
        code,
        actor: 'ana',
        from: '127.0.0.1',
        request: { idempotencyKey: request.idempotencyKey, reason: request.reason },
      },
    ]);
  });

  it('while another runs, and within 30 s after it', async () => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    const [one, two] = [await preview(w), await preview(w)];
    expect(await order(w, requestFor(one))).toMatchObject({ ok: true });
    expect(await order(w, requestFor(two))).toMatchObject({ ok: false, code: 'in_progress' });
    await untilEnded(w);
    w.clock.at += 1_000;
    const third = await order(w, requestFor(await preview(w)));
    expect(third).toMatchObject({ ok: false, code: 'cooldown', retryAfterMs: 29_000 });
    w.clock.at += 29_000;
    expect(await order(w, requestFor(await preview(w)))).toMatchObject({ ok: true });
  });

  it.each([
    ['leads', { kind: 'leading' }, 'leading'],
    ['leads two batches from now', { kind: 'soon', batches: 2 }, 'leading_soon'],
  ] as const)('while the node %s, unless it is overridden', async (_, duty, code) => {
    const w = world('abcdefgh', COMMITS, { duty: () => duty });
    await w.settle();
    expect(await order(w, requestFor(await preview(w)))).toMatchObject({ ok: false, code });
    expect(await order(w, requestFor(await preview(w), { override: true }))).toMatchObject({ ok: true });
  });

  it('when it cannot be written down first', async () => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    w.failJournal = true;
    expect(await order(w, requestFor(await preview(w)))).toMatchObject({ ok: false, code: 'not_journaled' });
    expect(w.driver.state.resync).toBeNull();
  });

  it('by a node that stops: who waits for its loop and who comes later hear so', async () => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    const shown = await preview(w);
    const waits = w.driver.resync.execute(requestFor(shown), ANA);
    w.driver.resync.refuseAll();
    const late = w.driver.resync.execute(requestFor(shown), ANA);
    for (const answer of [await waits, await late]) {
      expect(answer).toMatchObject({ ok: false, code: 'unavailable' });
    }
  });

  it('of a preview that was executed already', async () => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    const from = await preview(w);
    await order(w, requestFor(from));
    await untilEnded(w);
    w.clock.at += 30_000;
    expect(await order(w, requestFor(from))).toMatchObject({ ok: false, code: 'unknown_preview' });
  });
});

describe('one idempotency key', () => {
  it('runs once however many ask at the same time, and all hear the same', async () => {
    const w = world('abcdefgh', COMMITS, { engineChain: 'ABCDEFGXY' });
    await w.settle();
    const request = requestFor(await preview(w));
    const asked = Array.from({ length: 50 }, () => w.driver.resync.execute({ ...request }, ANA));
    await w.step();
    const answers = await Promise.all(asked);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({ ok: true });
    await untilEnded(w);
    expect(payloads(w, 'operator.resync_accepted')).toHaveLength(1);
    expect(payloads(w, 'operator.resync_rewound')).toHaveLength(1);
    expect(await w.driver.resync.execute({ ...request }, ANA)).toEqual(answers[0]);
  });

  it('is not taken for another request', async () => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    const request = requestFor(await preview(w));
    await order(w, request);
    expect(await w.driver.resync.execute({ ...request, reason: 'another' }, ANA)).toMatchObject({
      ok: false,
      code: 'key_reused',
    });
  });

  it.each([
    ['L1 did not answer', (w: World) => w.l1.failNext('contractState', 'unreachable'), 'unavailable'],
    ['the journal could not be written', (w: World) => (w.failJournal = true), 'not_journaled'],
  ])('may be tried again when %s, also by the next process', async (_, fail, code) => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    const request = requestFor(await preview(w));
    const waits = [w.driver.resync.execute(request, ANA), w.driver.resync.execute(request, ANA)];
    fail(w);
    await w.step();
    for (const answer of await Promise.all(waits)) expect(answer).toMatchObject({ ok: false, code });
    w.failJournal = false;
    expect(await order(w, request)).toMatchObject({ ok: true });
    const [first] = w.events.filter(({ kind }) => kind === 'operator.resync_refused');
    if (first === undefined) return;
    const later = world('abcdefgh', COMMITS);
    later.driver.restore(restoreOrders([first], later.clock.at));
    expect(await order(later, request)).toMatchObject({ code: 'unknown_preview' });
  });

  it('is still known after a restart', async () => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    const request = requestFor(await preview(w));
    const answer = await order(w, request);
    await untilEnded(w);
    restarted(w);
    expect(await w.driver.resync.execute(request, ANA)).toEqual(answer);
    await w.settle();
    expect(payloads(w, 'operator.resync_accepted')).toHaveLength(1);
  });
});
