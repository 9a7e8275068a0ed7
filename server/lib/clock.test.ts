import { describe, expect, it } from 'vitest';
import { ManualClock, systemClock } from './clock.ts';

describe('ManualClock', () => {
  it('wakes sleepers in the order of their times and shows each its own time', async () => {
    const clock = new ManualClock(1_000);
    const seen: string[] = [];
    const sleeper = async (name: string, ms: number) => {
      await clock.sleep(ms);
      seen.push(`${name}@${clock.now()}`);
    };
    void sleeper('late', 30);
    void sleeper('early', 10);
    void sleeper('early too', 10);
    await clock.advance(29);
    expect(seen).toEqual(['early@1010', 'early too@1010']);
    await clock.advance(1);
    expect(seen).toEqual(['early@1010', 'early too@1010', 'late@1030']);
    expect(clock.now()).toBe(1_030);
  });

  it('wakes one that falls asleep again within the same advance as often as it is due', async () => {
    const clock = new ManualClock(0);
    let turns = 0;
    const loop = async () => {
      while (turns < 100) {
        await clock.sleep(10);
        turns++;
      }
    };
    void loop();
    await clock.advance(55);
    expect(turns).toBe(5);
    expect(clock.now()).toBe(55);
  });

  it('rejects an aborted sleeper with the reason and forgets it', async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const sleep = clock.sleep(10, controller.signal);
    expect(clock.sleeping).toBe(1);
    controller.abort('enough');
    await expect(sleep).rejects.toBe('enough');
    expect(clock.sleeping).toBe(0);
    await expect(clock.sleep(10, controller.signal)).rejects.toBe('enough');
  });
});

describe('systemClock', () => {
  it('rejects with the reason of the abort, before and during a sleep', async () => {
    const controller = new AbortController();
    const sleep = systemClock.sleep(60_000, controller.signal);
    controller.abort('enough');
    await expect(sleep).rejects.toBe('enough');
    await expect(systemClock.sleep(1, controller.signal)).rejects.toBe('enough');
  });

  it('ends a sleep of no time', async () => {
    await expect(systemClock.sleep(0)).resolves.toBeUndefined();
    await expect(systemClock.sleep(-5)).resolves.toBeUndefined();
  });
});
