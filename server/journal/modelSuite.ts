import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JournalUnderTest } from './journalSuite.ts';
import type { ReadModels } from './readModels.ts';
import { SEARCHED_ROWS } from './storedModels.ts';

const hash = (digit: string): string => `0x${digit.repeat(64)}`;
const ANA = 'ana';

/** What every store must answer of the past. Call it in the test file of each. */
export function modelSuite(name: string, open: () => Promise<JournalUnderTest>): void {
  describe(`read models on ${name}`, () => {
    let under: JournalUnderTest;
    let models: ReadModels;
    let now = 0;
    beforeEach(async () => {
      under = await open();
      models = under.journal.models;
      now = 1_700_000_000_000;
    });
    afterEach(() => under.dispose());

    const append = (kind: string, payload: unknown, ref?: string) => {
      now += 1_000;
      under.setNow(now);
      return under.journal.append(kind, payload, ref);
    };
    const detect = (id: string, rest: object = {}) =>
      append(
        'reorg.detected',
        { id, layer: 'L2', cause: 'UNKNOWN', depth: 1, detectedAt: now, recoveredAt: null, ...rest },
        id,
      );
    const apply = (batch: number, l1: string, rest: object = {}) =>
      append('batch.applied', {
        batch,
        firstBlock: batch * 10,
        lastBlock: { number: batch * 10 + 9, hash: hash('a') },
        l1Block: { number: batch, hash: l1 },
        txHash: hash('7'),
        gasUsed: '21000',
        source: 'calldata',
        ...rest,
      });

    it('a reorg is one row: what opened it, and every change since', async () => {
      const opened = await detect('r1', { layer: 'L1', cause: 'L1_REORG', depth: 3, evidence: ['seen'] });
      expect((await models.reorgs({ limit: 10 })).rows).toMatchObject([
        { seq: opened.seq, id: 'r1', recoveredAt: null, record: { evidence: ['seen'] } },
      ]);
      await append('reorg.updated', { id: 'r1', regainedAt: 5 }, 'r1');
      await append('reorg.recovered', { id: 'r1', recoveredAt: now }, 'r1');
      const page = await models.reorgs({ limit: 10 });
      expect(page).toMatchObject({ next: null, upTo: 3 });
      expect(page.rows).toHaveLength(1);
      expect(page.rows[0]).toMatchObject({
        layer: 'L1',
        cause: 'L1_REORG',
        depth: 3,
        recoveredAt: now - 1_000,
        record: { evidence: ['seen'], regainedAt: 5 },
      });
      expect(await models.reorg('r1')).toEqual(page.rows[0]);
      expect(await models.reorg(opened.seq)).toEqual(page.rows[0]);
      expect(await models.reorg('r2')).toBeNull();
    });

    it('reorgs are filtered by layer, cause, depth, time and text, and paged without gap or overlap', async () => {
      for (let number = 1; number <= 30; number++) {
        await detect(`r${number}`, {
          layer: number % 2 === 0 ? 'L1' : 'L2',
          cause: number % 3 === 0 ? 'L1_REORG' : 'UNKNOWN',
          depth: number,
          detectedAt: number * 1_000,
          oldTip: { number, hash: hash((number % 10).toString()) },
        });
      }
      const ids = async (query: object) =>
        (await models.reorgs({ limit: 100, ...query })).rows.map(({ id }) => Number(id.slice(1)));
      expect(await ids({ layer: 'L1', cause: 'L1_REORG' })).toEqual([30, 24, 18, 12, 6]);
      expect(await ids({ minDepth: 29 })).toEqual([30, 29]);
      expect(await ids({ from: 4_000, to: 5_000 })).toEqual([5, 4]);
      expect(await ids({ q: `0X${'7'.repeat(20)}` })).toEqual([27, 17, 7]);
      expect(await ids({ q: '100%_!' })).toEqual([]);
      expect(await models.reorgTotals({ layer: 'L1' })).toEqual({ count: 15, open: 15, maxDepth: 30 });
      expect(await models.reorgTotals({ layer: 'L1', minDepth: 99 })).toEqual({
        count: 0,
        open: 0,
        maxDepth: 0,
      });
      const seen: number[] = [];
      for (let before: number | null = 1_000_000; before !== null; ) {
        const page: Awaited<ReturnType<ReadModels['reorgs']>> = await models.reorgs({ limit: 7, before });
        seen.push(...page.rows.map(({ seq }) => seq));
        before = page.next;
      }
      expect(seen).toEqual(Array.from({ length: 30 }, (_, index) => 30 - index));
    });

    it('a batch goes its way, is taken back by a reorg, and comes again as another row', async () => {
      await append('batch.seen', { batch: 1, l1Block: { number: 5, hash: hash('5') }, poster: hash('f') });
      expect(await models.batch(1)).toMatchObject([{ status: 'seen', poster: hash('f') }]);
      await apply(1, hash('5'), { l1Block: { number: 5, hash: hash('5') }, steps: { fetched: 7 } });
      expect(await models.batch(1)).toMatchObject([
        { seq: 1, status: 'safe', firstBlock: 10, lastBlock: 19, gasUsed: '21000', poster: hash('f') },
      ]);
      expect((await models.batch(1))[0]?.steps).toEqual({
        seen: now - 1_000,
        fetched: 7,
        applied: now,
        safe: now,
      });
      await detect('L1-1', { layer: 'L1', droppedBatches: [1, 2] });
      await apply(1, hash('6'));
      expect(await models.batch(1)).toMatchObject([
        { seq: 4, status: 'safe', l1Block: { number: 1, hash: hash('6') }, orphanedBy: null },
        { seq: 1, status: 'orphaned', orphanedBy: 'L1-1' },
      ]);
      expect((await models.commitsOf([7, 1])).map(({ seq }) => seq)).toEqual([1, 4]);
      expect(await models.commitsOf([])).toEqual([]);
      await append('batch.finalized', { fromBatch: 1, toBatch: 3 });
      await append('batch.invalid', {
        batch: 2,
        reason: 'wrong_parent',
        l1Block: { number: 9, hash: hash('9') },
      });
      const all = await models.batches({ limit: 10 });
      expect(all.rows.map(({ batch, status }) => [batch, status])).toEqual([
        [2, 'dropped'],
        [1, 'finalized'],
        [1, 'orphaned'],
      ]);
      expect((await models.batches({ limit: 10, status: 'dropped' })).rows).toMatchObject([
        { batch: 2, reason: 'wrong_parent' },
      ]);
      expect((await models.batches({ limit: 10, q: '2' })).rows.map(({ batch }) => batch)).toContain(2);
      expect((await models.batches({ limit: 10, q: hash('9').slice(0, 20) })).rows).toHaveLength(1);
      expect((await models.batches({ limit: 1 })).next).toBe(6);
    });

    it('leaders are terms: one begins where the other ends, and a restart begins none', async () => {
      await append('leader.seen', { leader: '0xa', batch: 1 });
      await append('leader.changed', { from: '0xa', to: '0xb', batch: 32, why: 'term_over', by: null });
      await append('leader.seen', { leader: '0xb', batch: 40 });
      await append('leader.changed', { from: '0xb', to: null, batch: 41, why: 'unregistered', by: '0xc' });
      const { rows } = await models.leaders({ limit: 10 });
      expect(rows).toMatchObject([
        { leader: null, firstBatch: 41, lastBatch: null, until: null, why: 'unregistered', by: '0xc' },
        { leader: '0xb', firstBatch: 32, lastBatch: 40, until: rows[0]!.since, why: 'term_over' },
        { leader: '0xa', firstBatch: 1, lastBatch: 31, until: rows[1]!.since, why: 'seen' },
      ]);
      expect((await models.leaders({ limit: 10, leader: '0xb' })).rows).toHaveLength(1);
    });

    it('a missed term is one that is over and in which its leader committed no batch', async () => {
      await append('leader.seen', { leader: '0xa', batch: 1 });
      await append('leader.changed', { from: '0xa', to: '0xb', batch: 32, why: 'term_over', by: null });
      await append('leader.changed', { from: '0xb', to: null, batch: 32, why: 'unregistered', by: '0xc' });
      await append('leader.changed', { from: null, to: '0xa', batch: 32, why: 'list_changed', by: '0xc' });
      const missed = async (query: object) =>
        (await models.leaders({ limit: 10, missed: true, ...query })).rows.map(({ leader }) => leader);
      await append('leader.changed', { from: '0xa', to: '0xc', batch: 40, why: 'term_over', by: null });
      await append('leader.changed', { from: '0xc', to: '0xa', batch: 39, why: 'l1_reorg', by: null });
      expect(await missed({})).toEqual(['0xb']);
      expect((await models.leaders({ limit: 2 })).rows).toMatchObject([
        { leader: '0xa', endedWhy: null },
        { leader: '0xc', lastBatch: null, endedWhy: 'l1_reorg' },
      ]);
      expect(await missed({ leader: '0xa' })).toEqual([]);
      expect((await models.leaders({ limit: 10, missed: false })).rows).toHaveLength(6);
    });

    it('activity is filtered by kind or group, actor, text and time', async () => {
      await append('node.started', {});
      await append('batch.applied', { batch: 1 });
      await append('operator.paused', { actor: ANA, reason: 'Wartung 100%' });
      await append('operator.resumed', { actor: 'ben' });
      await append('commit.sent', { batch: 1 });
      const seqs = async (query: object) =>
        (await models.activity({ limit: 10, ...query })).rows.map(({ seq }) => seq);
      expect(await seqs({})).toEqual([5, 4, 3, 2, 1]);
      expect(await seqs({ kinds: ['operator', 'commit.sent'] })).toEqual([5, 4, 3]);
      expect(await seqs({ kinds: [] })).toEqual([]);
      expect(await seqs({ actor: ANA })).toEqual([3]);
      expect(await seqs({ q: 'wartung' })).toEqual([3]);
      expect(await seqs({ q: '0%' })).toEqual([3]);
      expect(await seqs({ q: '_0%' })).toEqual([]);
      expect(await seqs({ from: 1_700_000_002_000, to: 1_700_000_003_500 })).toEqual([3, 2]);
      expect(await seqs({ from: now + 1 })).toEqual([]);
      expect(await models.activity({ limit: 2 })).toMatchObject({ next: 4, upTo: 5 });
      const [paused] = (await models.activity({ limit: 1, actor: ANA })).rows;
      expect(paused).toMatchObject({ actor: ANA, severity: 'warning', kind: 'operator.paused' });
    });

    it('a text that is nowhere is looked for in one stretch at a time, and the page says where to go on', async () => {
      const events = Array.from({ length: 1_000 }, (_, number) => ({ kind: 'event', payload: number }));
      for (let slice = 0; slice <= SEARCHED_ROWS / 1_000; slice++) await under.journal.appendAll(events);
      const page = await models.activity({ limit: 10, q: 'nowhere' });
      expect(page).toMatchObject({ rows: [], next: 1_001 });
      expect(await models.activity({ limit: 10, q: 'nowhere', before: page.next! })).toMatchObject({
        rows: [],
        next: null,
      });
    });

    it('an intent is open until an outcome of its kind and ref', async () => {
      await append('commit.intent', { batch: 7 }, 'batch:7');
      await detect('r1');
      await append('revert.intent', { to: 1 }, 'revert:x');
      await append('commit.sent', { batch: 7 }, 'batch:7');
      await append('revert.done', { to: 1 }, 'revert:y');
      expect((await models.openIntents()).rows.map(({ kind, ref }) => [kind, ref])).toEqual([
        ['commit.intent', 'batch:7'],
        ['reorg.detected', 'r1'],
        ['revert.intent', 'revert:x'],
      ]);
      await append('commit.landed', { batch: 7 }, 'batch:7');
      await append('revert.done', { to: 1 }, 'revert:x');
      await append('reorg.recovered', { id: 'r1', recoveredAt: 1 }, 'r1');
      expect((await models.openIntents()).rows).toEqual([]);
    });

    it('events of another version, or without what a row needs, change nothing and break nothing', async () => {
      for (const payload of [null, 1, 'x', [], {}, { id: 5, batch: 'one' }, { id: 'r9', depth: 'deep' }]) {
        for (const kind of [
          'reorg.detected',
          'reorg.later',
          'batch.applied',
          'batch.later',
          'leader.changed',
        ]) {
          await append(kind, payload);
        }
      }
      expect((await models.reorgs({ limit: 10 })).rows).toMatchObject([{ id: 'r9', depth: 0 }]);
      expect((await models.batches({ limit: 10 })).rows).toEqual([]);
      expect((await models.leaders({ limit: 10 })).upTo).toBe(35);
    });
  });
}
