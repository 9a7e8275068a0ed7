import { describe, expect, it } from 'vitest';
import { ManualClock } from '../lib/clock.ts';
import type { JournalEvent, JournalStore } from './journal.ts';
import { JournalError } from './journalError.ts';
import { codeOf } from './journalSuite.ts';
import { lastingJournal, MAX_WAITING } from './lasting.ts';
import { openJournal } from './sqlite.ts';

/** A store that can be told to fail. */
async function world() {
  const clock = new ManualClock(1_700_000_000_000);
  const store = await openJournal({ file: null, clock });
  const disk = { full: false, tries: 0, refuses: [] as string[], onNextTry: null as (() => void) | null };
  /** Somebody sets the machine's clock. */
  const set = { backMs: 0 };
  const losses: JournalError[] = [];
  const appendAll: JournalStore['appendAll'] = async (events) => {
    disk.tries += 1;
    disk.onNextTry?.();
    disk.onNextTry = null;
    if (disk.full) throw new JournalError('disk_full', 'no space left for the journal');
    if (events.some(({ kind }) => disk.refuses.includes(kind))) {
      throw new JournalError('refused', 'the journal will not have what it was given');
    }
    return store.appendAll(events);
  };
  const failing: JournalStore = {
    append: async (kind, payload, ref) => (await appendAll([{ kind, payload, ref }]))[0]!,
    appendAll,
    tryWrite: () => store.tryWrite(),
    tend: () => store.tend(),
    checkpoint: store.checkpoint,
    models: store.models,
    previous: store.previous,
    list: (query) => store.list(query),
    since: (after, limit) => store.since(after, limit),
    close: () => store.close(),
  };
  const journal = lastingJournal(failing, {
    clock: { now: () => clock.now() - set.backMs },
    onLoss: (error) => losses.push(error),
  });
  const kept = async (): Promise<readonly JournalEvent[]> => store.since(0, 1_000);
  return { clock, disk, journal, kept, losses, set };
}

describe('a journal whose store fails', () => {
  it('keeps the order of calls that nobody awaited', async () => {
    const { journal, kept } = await world();
    await Promise.all([1, 2, 3, 4, 5].map((number) => journal.append('event', number)));
    expect((await kept()).map((event) => event.payload)).toEqual([1, 2, 3, 4, 5]);
  });

  it('takes events on, says so, and writes them in their order with their times when there is space', async () => {
    const { clock, disk, journal, kept } = await world();
    await journal.append('before', 0);
    disk.full = true;
    for (let number = 1; number <= 3; number++) {
      const event = await journal.append('during', { number });
      expect(event).toMatchObject({ seq: -number, at: clock.now(), payload: { number } });
      await clock.advance(100);
    }
    expect(journal.trouble).toMatchObject({ code: 'disk_full', waiting: 3, lost: 0, count: 1 });
    expect(journal.recent().map((event) => event.kind)).toEqual(['during', 'during', 'during', 'before']);
    disk.full = false;
    await clock.advance(60_000);
    await journal.append('after', 4);
    expect(journal.trouble).toBeNull();
    await journal.tend();
    expect((await kept()).map(({ seq, at, kind }) => [seq, at - 1_700_000_000_000, kind])).toEqual([
      [1, 0, 'before'],
      [2, 0, 'during'],
      [3, 100, 'during'],
      [4, 200, 'during'],
      [5, 60_300, 'after'],
    ]);
    expect(journal.recent().map((event) => event.seq)).toEqual([5, 4, 3, 2, 1]);
  });

  it('does not ask a store that is down for every event, but tries again when the time has come', async () => {
    const { clock, disk, journal } = await world();
    disk.full = true;
    for (let number = 0; number < 100; number++) await journal.append('event', number);
    expect(disk.tries).toBe(1);
    await clock.advance(500);
    await journal.tend();
    await journal.tend();
    expect(disk.tries).toBe(2);
    expect(journal.trouble).toMatchObject({ count: 2, nextTryAt: clock.now() + 1_000 });
  });

  it('tries again, and writes each event once, when the machine’s clock is set back', async () => {
    const { clock, disk, journal, kept, set } = await world();
    disk.full = true;
    await journal.append('event', 1);
    disk.full = false;
    await clock.advance(500);
    // In the middle of the try, and something is appended before that has ended.
    let later: Promise<JournalEvent> | null = null;
    disk.onNextTry = () => {
      set.backMs = 1_000;
      later = journal.append('event', 3);
    };
    await journal.append('operator.resync_accepted', 2, 'rs-1');
    await later;
    expect((await kept()).map(({ payload }) => payload)).toEqual([1, 2, 3]);
    disk.full = true;
    await journal.append('event', 4);
    disk.full = false;
    set.backMs = 3_600_000;
    await journal.tend();
    expect((await kept()).map(({ payload }) => payload)).toEqual([1, 2, 3, 4]);
  });

  it('refuses what an operator orders, and only that', async () => {
    const { disk, journal, kept } = await world();
    disk.full = true;
    expect(await codeOf(journal.append('operator.resync_requested', {}))).toBe('unwritten');
    await journal.append('driver.trouble', {});
    expect((await journal.append('operator.resync_done', {}, 'rs-0')).seq).toBeLessThan(1);
    disk.full = false;
    await journal.close();
    expect(await codeOf(journal.append('late', {}))).toBe('closed');
    expect(await codeOf(kept())).toBe('closed');
  });

  it('closes an order that it refused, because the store may have written it all the same', async () => {
    const { clock, disk, journal, kept } = await world();
    disk.full = true;
    const order = journal.append('operator.resync_accepted', { id: 'rs-1' }, 'rs-1');
    expect(await codeOf(order)).toBe('unwritten');
    disk.full = false;
    await clock.advance(60_000);
    await journal.tend();
    expect(await kept()).toMatchObject([
      { kind: 'operator.resync_failed', ref: 'rs-1', payload: { id: 'rs-1' } },
    ]);
  });

  it('puts an event that the store refuses aside, with all of it, and holds up none of the others', async () => {
    const { clock, disk, journal, kept, losses } = await world();
    disk.refuses = ['cursed'];
    const kinds = Array.from({ length: 300 }, (_, index) => (index === 177 ? 'cursed' : 'event'));
    const answers = await Promise.all(
      kinds.map((kind, index) => journal.append(kind, { index }, `r${index}`)),
    );
    expect(answers[177]).toMatchObject({ seq: 178, at: clock.now(), kind: 'journal.refused' });
    const rows = await kept();
    expect(rows.map(({ kind }) => kind)).toEqual(
      kinds.map((kind) => (kind === 'cursed' ? 'journal.refused' : kind)),
    );
    const { kind, why, base64 } = rows[177]!.payload as Record<string, string>;
    expect([kind, why]).toEqual(['cursed', 'the journal will not have what it was given']);
    expect(JSON.parse(Buffer.from(base64!, 'base64').toString())).toEqual({
      kind: 'cursed',
      ref: 'r177',
      payload: { index: 177 },
    });
    expect([journal.trouble, losses]).toEqual([null, []]);
  });

  it('keeps everything, and says so, while the store refuses whatever it is given', async () => {
    const { clock, disk, journal, kept } = await world();
    disk.refuses = ['event', 'journal.refused'];
    await journal.append('event', 1);
    await journal.append('event', 2);
    expect(journal.trouble).toMatchObject({ code: 'refused', waiting: 2, lost: 0 });
    disk.refuses = [];
    await clock.advance(60_000);
    await journal.tend();
    expect(journal.trouble).toBeNull();
    expect((await kept()).map(({ kind, payload }) => [kind, payload])).toEqual([
      ['event', 1],
      ['event', 2],
    ]);
  });

  it('refuses an order that the store refuses, and never writes it as one later', async () => {
    const { clock, disk, journal, kept } = await world();
    const order = 'operator.resync_accepted';
    disk.refuses = [order, 'journal.refused'];
    expect(await codeOf(journal.append(order, { id: 'rs-1' }, 'rs-1'))).toBe('refused');
    disk.refuses = [];
    await clock.advance(60_000);
    await journal.tend();
    expect((await kept()).map(({ kind }) => kind)).toEqual(['journal.refused']);
  });

  it('counts what memory cannot hold, and journals the gap', async () => {
    const { clock, disk, journal, kept, losses } = await world();
    disk.full = true;
    for (let number = 0; number < MAX_WAITING + 7; number++) await journal.append('event', number);
    expect(journal.trouble).toMatchObject({ waiting: MAX_WAITING, lost: 7 });
    expect(losses).toHaveLength(1);
    disk.full = false;
    await clock.advance(60_000);
    await journal.tend();
    const gap = (await journal.list({ limit: 1 }))[0];
    expect(gap).toMatchObject({ seq: MAX_WAITING + 1, kind: 'journal.gap', payload: { count: 7 } });
    expect((await kept())[0]?.payload).toBe(0);
  }, 20_000);

  it('hands a bug of its caller back, and stays well', async () => {
    const { disk, journal, losses } = await world();
    expect(await codeOf(journal.append('bad', Number.NaN))).toBe('bad_payload');
    expect(journal.trouble).toBeNull();
    expect(losses).toMatchObject([{ code: 'bad_payload' }]);
    disk.full = true;
    const payload = { number: 1 };
    const kept = await journal.append('event', payload);
    payload.number = 2;
    expect(kept.payload).toEqual({ number: 1 });
  });
});
