import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JournalStore } from './journal.ts';
import { JournalError } from './journalError.ts';

export interface JournalUnderTest {
  readonly journal: JournalStore;
  /** Milliseconds since 1970 that the next append stamps. */
  setNow(ms: number): void;
  dispose(): Promise<void>;
}

/** What every journal must do, whatever stores it. Call it in the test file of each implementation. */
export function journalSuite(name: string, open: () => Promise<JournalUnderTest>): void {
  describe(`journal port on ${name}`, () => {
    let under: JournalUnderTest;
    beforeEach(async () => {
      under = await open();
    });
    afterEach(() => under.dispose());

    it('numbers events from 1, one after the other, and stamps them with the clock it was given', async () => {
      under.setNow(1_700_000_000_123);
      const first = await under.journal.append('node_started', { version: '0.1.0' });
      under.setNow(1_700_000_000_456);
      const second = await under.journal.append('batch_applied', { number: 1 }, 'batch-1');
      expect(first).toEqual({
        seq: 1,
        at: 1_700_000_000_123,
        kind: 'node_started',
        ref: null,
        payload: { version: '0.1.0' },
      });
      expect(second).toMatchObject({ seq: 2, at: 1_700_000_000_456, ref: 'batch-1' });
    });

    it('reads back exactly what append answered', async () => {
      const appended = [
        await under.journal.append('a', { z: 1, a: [null, true, 'é\u2028\n"'], nested: { b: -0.5 } }),
        await under.journal.append('b', null),
        await under.journal.append('c', 'text', 'ref'),
      ];
      expect(await under.journal.since(0, 10)).toEqual(appended);
      expect(await under.journal.list({ limit: 10 })).toEqual([...appended].reverse());
    });

    it('can be tried for writing without a trace', async () => {
      const first = await under.journal.append('a', 1);
      await Promise.all([under.journal.tryWrite(), under.journal.append('b', 2), under.journal.tryWrite()]);
      const kept = await under.journal.since(0, 10);
      expect(kept.map(({ seq, kind }) => [seq, kind])).toEqual([
        [1, 'a'],
        [2, 'b'],
      ]);
      expect(kept[0]).toEqual(first);
      await under.journal.close();
      await expect(under.journal.tryWrite()).rejects.toThrow(JournalError);
    });

    it('records bigints as decimal strings and leaves undefined members out', async () => {
      const event = await under.journal.append('gas', { used: 30_000_000_000_000_000_001n, none: undefined });
      expect(event.payload).toEqual({ used: '30000000000000000001' });
    });

    it('lists newest first below a cursor, so that pages neither overlap nor skip', async () => {
      for (let number = 1; number <= 25; number++) await under.journal.append('event', { number });
      const seen: number[] = [];
      let before: number | undefined;
      for (;;) {
        const page = await under.journal.list({ limit: 10, ...(before === undefined ? {} : { before }) });
        if (page.length === 0) break;
        seen.push(...page.map((event) => event.seq));
        before = page[page.length - 1]?.seq;
      }
      expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => 25 - index));
    });

    it('filters by kinds, still newest first and within the limit', async () => {
      for (let number = 1; number <= 30; number++)
        await under.journal.append(['a', 'b', 'c'][number % 3] ?? '', { number });
      const page = await under.journal.list({ kinds: ['a', 'c', 'a', 'absent'], before: 20, limit: 5 });
      expect(page.map((event) => [event.seq, event.kind])).toEqual([
        [18, 'a'],
        [17, 'c'],
        [15, 'a'],
        [14, 'c'],
        [12, 'a'],
      ]);
      expect(await under.journal.list({ kinds: [], limit: 5 })).toEqual([]);
    });

    it('gives what came after a seq, oldest first', async () => {
      for (let number = 1; number <= 5; number++) await under.journal.append('event', number);
      expect((await under.journal.since(2, 2)).map((event) => event.seq)).toEqual([3, 4]);
      expect(await under.journal.since(5, 10)).toEqual([]);
    });

    it('refuses a payload that is not plain data, without using up a number', async () => {
      const cycle: Record<string, unknown> = {};
      cycle['self'] = cycle;
      const bad: unknown[] = [
        Number.NaN,
        { a: [Number.POSITIVE_INFINITY] },
        () => 1,
        { at: new Date(0) },
        cycle,
        undefined,
      ];
      for (const payload of bad) {
        expect(await codeOf(under.journal.append('bad', payload))).toBe('bad_payload');
      }
      expect(await codeOf(under.journal.append('bad', 'x'.repeat(2 * 1024 * 1024)))).toBe('bad_payload');
      expect((await under.journal.append('good', {})).seq).toBe(1);
    });

    it('keeps the order of calls that nobody awaited, and reads what is written meanwhile', async () => {
      const writes = Array.from({ length: 50 }, (_, number) => under.journal.append('event', number));
      await under.journal.list({ limit: 1 });
      const events = await Promise.all(writes);
      expect(events.map(({ seq, payload }) => [seq, payload])).toEqual(
        Array.from({ length: 50 }, (_, number) => [number + 1, number]),
      );
      expect((await under.journal.since(0, 100)).map((event) => event.payload)).toEqual(
        events.map((event) => event.payload),
      );
    });

    it('writes many in one go, each with its own time, or none of them', async () => {
      under.setNow(1_700_000_000_000);
      const events = await under.journal.appendAll([
        { kind: 'a', payload: 1, ref: 'r', at: 1_600_000_000_000 },
        { kind: 'b', payload: { text: 'zwölf \u2028 Boxkämpfer' } },
      ]);
      expect(events.map(({ seq, at, kind, ref }) => [seq, at, kind, ref])).toEqual([
        [1, 1_600_000_000_000, 'a', 'r'],
        [2, 1_700_000_000_000, 'b', null],
      ]);
      expect(await under.journal.since(0, 10)).toEqual(events);
      const bad = [
        { kind: 'good', payload: 1 },
        { kind: 'bad', payload: Number.NaN },
      ];
      expect(await codeOf(under.journal.appendAll(bad))).toBe('bad_payload');
      expect(await under.journal.since(2, 10)).toEqual([]);
    });

    it('signs a checkpoint every hundred rows, a minute after the first unsigned one, and at its end', async () => {
      under.setNow(1_700_000_000_000);
      await under.journal.append('event', 0);
      expect(under.journal.checkpoint).toEqual({ at: null, seq: 0, trouble: null });
      under.setNow(1_700_000_060_000);
      await under.journal.tend();
      expect(under.journal.checkpoint).toEqual({ at: 1_700_000_060_000, seq: 1, trouble: null });
      for (let number = 1; number <= 100; number++) await under.journal.append('event', number);
      expect(under.journal.checkpoint.seq).toBe(101);
      await under.journal.append('event', 101);
      await under.journal.close();
      expect(under.journal.checkpoint).toMatchObject({ seq: 102, trouble: null });
    });

    it('refuses page sizes that are not positive whole numbers', async () => {
      for (const limit of [0, -1, 1.5, Number.NaN]) {
        await expect(under.journal.list({ limit })).rejects.toThrow(RangeError);
        await expect(under.journal.since(0, limit)).rejects.toThrow(RangeError);
      }
    });

    it('says that it is closed instead of answering, and closes twice without harm', async () => {
      await under.journal.append('event', 1);
      await under.journal.close();
      await under.journal.close();
      expect(await codeOf(under.journal.append('event', 2))).toBe('closed');
      expect(await codeOf(under.journal.list({ limit: 1 }))).toBe('closed');
      expect(await codeOf(under.journal.since(0, 1))).toBe('closed');
    });
  });
}

/** The code of the JournalError that `work` rejects with; undefined when it resolves. */
export async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
  } catch (error) {
    return error instanceof JournalError ? error.code : `not a JournalError: ${String(error)}`;
  }
  return undefined;
}
