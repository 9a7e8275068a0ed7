import { describe, expect, it } from 'vitest';
import { ManualClock } from './clock.ts';
import { type Pace, SteppableLoop } from './loop.ts';

/** A loop whose units answer what the test says, one after the other, and then `idle`. */
function scripted(paces: readonly (Pace | Error)[]) {
  const clock = new ManualClock(0);
  const unitsAt: number[] = [];
  const errors: unknown[] = [];
  const loop = new SteppableLoop(
    { name: 'test', idleMs: 1_000, backoff: { firstMs: 100, maxMs: 400, factor: 2, jitter: 0 } },
    {
      clock,
      unit: async () => {
        const pace = paces[unitsAt.length] ?? 'idle';
        unitsAt.push(clock.now());
        if (pace instanceof Error) throw pace;
        return pace;
      },
      onError: (error) => errors.push(error),
    },
  );
  return { clock, loop, unitsAt, errors };
}

describe('SteppableLoop', () => {
  it('does one unit a step, without starting anything', async () => {
    const { loop, unitsAt, clock } = scripted(['again', 'idle']);
    expect(await loop.step()).toBe('again');
    expect(await loop.step()).toBe('idle');
    await clock.advance(10_000);
    expect(unitsAt).toHaveLength(2);
    expect(loop.running).toBe(false);
  });

  it('goes on at once, waits when idle, and backs off by doubling until a unit succeeds', async () => {
    const { loop, unitsAt, clock } = scripted([
      'again',
      'idle',
      'failed',
      'failed',
      'failed',
      'failed',
      'again',
      'failed',
    ]);
    loop.start();
    await clock.advance(3_000);
    expect(unitsAt).toEqual([0, 0, 1_000, 1_100, 1_300, 1_700, 2_100, 2_100, 2_200]);
    await loop.stop();
  });

  it('wakes from an idle wait, and not from a backoff', async () => {
    const { loop, unitsAt, clock } = scripted(['idle', 'failed', 'idle']);
    loop.start();
    await clock.advance(10);
    loop.wake();
    await clock.advance(50);
    expect(unitsAt).toEqual([0, 10]);
    loop.wake();
    await clock.advance(50);
    expect(unitsAt).toEqual([0, 10, 110, 110]);
    await loop.stop();
  });

  it('does not lose a wake that comes while a unit is at work', async () => {
    const clock = new ManualClock(0);
    let units = 0;
    const loop = new SteppableLoop(
      { name: 'test', idleMs: 1_000 },
      {
        clock,
        unit: async () => {
          if (units++ === 0) loop.wake();
          return 'idle';
        },
        onError: () => {},
      },
    );
    loop.start();
    await clock.advance(1);
    expect(units).toBe(2);
    await loop.stop();
  });

  it('never runs two units at once: a second caller joins the first', async () => {
    let open = () => {};
    let units = 0;
    const loop = new SteppableLoop(
      { name: 'test', idleMs: 1 },
      {
        clock: new ManualClock(),
        unit: () => {
          units++;
          return new Promise<Pace>((resolve) => {
            open = () => resolve('idle');
          });
        },
        onError: () => {},
      },
    );
    const first = loop.step();
    const second = loop.step();
    open();
    expect([await first, await second]).toEqual(['idle', 'idle']);
    expect(units).toBe(1);
  });

  it('stop aborts the unit in flight, waits for it, and lets no other begin', async () => {
    const events: string[] = [];
    const loop = new SteppableLoop(
      { name: 'test', idleMs: 1 },
      {
        clock: new ManualClock(),
        unit: async (signal) => {
          events.push('begin');
          await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
          await Promise.resolve();
          events.push('end');
          return 'again';
        },
        onError: () => {},
      },
    );
    loop.start();
    await loop.stop();
    events.push('stopped');
    expect(events).toEqual(['begin', 'end', 'stopped']);
    expect(loop.running).toBe(false);
    expect(await loop.step()).toBe('stop');
    expect(() => loop.start()).toThrow('the test loop was stopped');
  });

  it('stop ends a wait', async () => {
    const { loop, clock } = scripted(['failed']);
    loop.start();
    await clock.advance(1);
    await loop.stop();
    expect(clock.sleeping).toBe(0);
  });

  it('reports what a unit throws, counts it as failed and goes on', async () => {
    const bug = new Error('a bug');
    const { loop, errors, unitsAt, clock } = scripted([bug, 'idle']);
    loop.start();
    await clock.advance(0);
    expect(loop.failures).toBe(1);
    await clock.advance(100);
    expect(errors).toEqual([bug]);
    expect(unitsAt).toEqual([0, 100]);
    expect(loop.failures).toBe(0);
    await loop.stop();
  });
});
