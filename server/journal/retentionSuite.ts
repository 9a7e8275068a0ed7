import { expect, it } from 'vitest';
import type { JournalStore } from './journal.ts';

const DAY = 86_400_000;

/** What a retention setting does on every store. `look` runs the verifier. */
export function retentionSuite(
  name: string,
  open: (
    clock: { now(): number },
    keepDays: number,
  ) => Promise<{
    readonly journal: JournalStore;
    look(): Promise<{ readonly findings: readonly string[]; readonly first: number; readonly last: number }>;
  }>,
): void {
  it(`${name}: old events give way to a signed checkpoint, and what is left can still be verified`, async () => {
    let now = 1_700_000_000_000;
    const clock = { now: () => now };
    const { journal, look } = await open(clock, 30);
    for (let day = 0; day < 60; day++) {
      now += DAY;
      await journal.append('batch.applied', { batch: day + 1 });
      await journal.append('node.started', {});
      // A minute later the rows of the day have their checkpoint.
      await journal.tend();
      now += 61_000;
      await journal.tend();
    }
    const first = (await journal.since(0, 1))[0]!;
    const kept = (now - first.at) / DAY;
    expect(kept).toBeGreaterThan(29);
    expect(kept).toBeLessThan(32);
    const pruned = (await journal.list({ kinds: ['journal.pruned'], limit: 1 }))[0]!;
    expect(pruned.payload).toMatchObject({ upTo: first.seq - 1 });
    // The lists of the past still have them: they were folded.
    expect((await journal.models.batches({ limit: 100 })).rows).toHaveLength(60);
    expect(await look()).toMatchObject({ findings: [], first: first.seq });
    await journal.close();
  });

  it(`${name}: what is still open is kept, however old it is`, async () => {
    let now = 1_700_000_000_000;
    const { journal } = await open({ now: () => now }, 1);
    await journal.append('node.started', {});
    await journal.append('commit.intent', { batch: 1 }, 'batch:1');
    for (let day = 0; day < 10; day++) {
      now += DAY;
      await journal.append('node.started', {});
      await journal.tend();
      now += 61_000;
      await journal.tend();
    }
    expect((await journal.models.openIntents()).rows.map(({ ref }) => ref)).toEqual(['batch:1']);
    expect((await journal.since(0, 1))[0]!.seq).toBeLessThanOrEqual(2);
    await journal.append('commit.landed', { batch: 1 }, 'batch:1');
    now += 3 * DAY;
    await journal.tend();
    now += DAY;
    await journal.tend();
    expect((await journal.since(0, 1))[0]!.seq).toBeGreaterThan(10);
    await journal.close();
  });
}
