import { describe, expect, it } from 'vitest';
import { checksOf } from '../api/checks.ts';
import type { ReorgRecord } from '../driver/plan/reorgRecord.ts';
import { INITIAL_STATE } from '../driver/state.ts';
import { SCENARIOS, type Scenario, scriptedStatus } from '../testing/scriptedStatus.ts';
import { CATALOG, type MetricRow, PREFIX } from './catalog.ts';
import { measured } from './measured.ts';
import { NodeMetrics } from './nodeMetrics.ts';
import { MetricRegistry } from './registry.ts';

const NOW = 1_790_000_000_000;

const scrape = (metrics: NodeMetrics, scenario: Scenario) => {
  const status = scriptedStatus(scenario, { version: 1, steps: 0, startedAt: NOW - 754_000 }, NOW);
  return metrics.scrape({
    status,
    checks: checksOf(status, NOW),
    committedBatch: 903,
    derivedBatch: 901,
    progressAt: NOW - 9_000,
    leaseRemainingMs: 4_000,
    engineSkewMs: 1_500,
    databaseBytes: null,
    journalTrouble: null,
    unsignedSince: null,
    now: NOW,
  });
};

/** Samples of the text form: name with labels → value. */
const samples = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [
        line.slice(0, line.lastIndexOf(' ')).replace(PREFIX, ''),
        line.slice(line.lastIndexOf(' ') + 1),
      ]),
  );

describe('the catalogue', () => {
  const rows = Object.entries(CATALOG) as [string, MetricRow][];

  it('explains every metric, and names it as Prometheus wants it', () => {
    for (const [name, { type, help, buckets }] of rows) {
      expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
      expect([name, help]).toEqual([name, expect.stringMatching(/\.$/)]);
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
      expect([name, buckets !== undefined]).toEqual([name, type === 'histogram']);
    }
  });

  it('has no label for what is without bound or secret', () => {
    const labels = rows.flatMap(([, { labels = [] }]) => labels);
    for (const label of labels) expect(label).not.toMatch(/url|host|hash|address|tx|peer/);
  });
});

describe('a scrape', () => {
  it('shows no hash, no address and no URL, in any scenario', async () => {
    for (const scenario of SCENARIOS) {
      const text = await scrape(new NodeMetrics(), scenario);
      expect(text).not.toMatch(/0x[0-9a-f]{8}|https?:/);
    }
  });

  it('shows heads, lag, verdict and batches of an aligned node', async () => {
    const seen = samples(await scrape(new NodeMetrics(), 'aligned'));
    expect(seen).toMatchObject({
      up: '1',
      ready: '1',
      'verdict{kind="aligned"}': '1',
      'verdict{kind="halted"}': '0',
      'refs_number{layer="l1",type="head"}': '21304118',
      derivation_lag_blocks: '0',
      l1_head_age_seconds: '2',
      clock_skew_seconds: '0',
      engine_clock_skew_seconds: '1.5',
      safe_head_age_seconds: '9',
      'batch_number{type="committed"}': '903',
      'batch_number{type="derived"}': '901',
      batch_blocked: '0',
      'engine_state{state="SYNCED"}': '1',
      'dependency_up{layer="l1"}': '1',
      leading: '0',
    });
    expect(Object.keys(seen).some((name) => name.startsWith('sequencer_state'))).toBe(false);
  });

  it('leaves out what is not known, instead of showing 0', async () => {
    const seen = samples(await scrape(new NodeMetrics(), 'first-start'));
    expect(seen).not.toHaveProperty('l1_head_age_seconds');
    expect(seen).not.toHaveProperty('refs_number{layer="l1",type="head"}');
    expect(seen['ready']).toBe('0');
  });

  it('takes back what is over', async () => {
    const metrics = new NodeMetrics();
    const before = samples(await scrape(metrics, 'halted'));
    expect(Object.keys(before).filter((name) => name.startsWith('halted{'))).toHaveLength(1);
    expect(before).toMatchObject({ 'verdict{kind="halted"}': '1' });
    const after = samples(await scrape(metrics, 'aligned'));
    expect(Object.keys(after).filter((name) => /^(halted|trouble_count)/.test(name))).toEqual([]);
  });

  it('shows the state of a sequencer', async () => {
    expect(samples(await scrape(new NodeMetrics(), 'leading'))).toMatchObject({
      'sequencer_state{state="Sequencing"}': '1',
      'sequencer_state{state="Following"}': '0',
      'sequencer_lease{state="held"}': '1',
      sequencer_lease_remaining_seconds: '4',
      l1_message_deadline_seconds: '2940',
      l1_messages_expired: '0',
      l1_balance_batches: '812',
      leading: '1',
    });
  });
});

describe('what happens', () => {
  const record = (over: Partial<ReorgRecord>): ReorgRecord =>
    ({
      id: 'r1',
      layer: 'L1',
      depth: 3,
      cause: 'L1_REORG',
      detectedAt: NOW,
      recoveredAt: null,
      ...over,
    }) as ReorgRecord;

  it('a reorg is counted once, however often it is shown, and its recovery once', async () => {
    const metrics = new NodeMetrics();
    const l2 = record({ id: 'r2', layer: 'L2', depth: 2, cause: 'BATCH_MISMATCH' });
    for (const recoveredAt of [null, null, NOW + 2_000, NOW + 2_000])
      metrics.driver({ ...INITIAL_STATE, reorgs: [record({ recoveredAt }), l2] });
    expect(samples(await metrics.registry.text())).toMatchObject({
      l1_reorgs_total: '1',
      'l1_reorg_depth_bucket{le="2"}': '0',
      'l1_reorg_depth_bucket{le="4"}': '1',
      'l2_reorgs_total{cause="BATCH_MISMATCH"}': '1',
      'l2_reorgs_total{cause="LEADER_HANDOVER"}': '0',
      'reorg_recovery_seconds_count{layer="L1"}': '1',
      'reorg_recovery_seconds_sum{layer="L1"}': '2',
    });
  });

  it('each failed step is counted, and pictures between do not count it again', async () => {
    const metrics = new NodeMetrics();
    const trouble = { severity: 'temporary', code: 'timeout', count: 1 } as NonNullable<
      typeof INITIAL_STATE.trouble
    >;
    const again = { ...trouble, count: 2 };
    for (const one of [trouble, trouble, again, null]) metrics.driver({ ...INITIAL_STATE, trouble: one });
    expect(samples(await metrics.registry.text())['errors_total{class="temporary",code="timeout"}']).toBe(
      '2',
    );
  });

  it('events of the journal are counted by kind, and batches by result', async () => {
    const metrics = new NodeMetrics();
    metrics.event('batch.applied', { batch: 1 }, 0.001);
    const steps = { seen: 1_000, fetched: 2_000, decoded: 2_500, applied: 4_500 };
    metrics.event('batch.applied', { batch: 2, steps }, 0.001);
    metrics.event('batch.invalid', { batch: 2, reason: 'wrong_parent' }, 0.001);
    metrics.event('commit.landed', { batch: 1 }, 0.001);
    metrics.event('driver.start_found', { why: 'boot' }, 0.001);
    metrics.eventFailed();
    expect(samples(await metrics.registry.text())).toMatchObject({
      'journal_events_total{kind="batch.applied"}': '2',
      'batches_total{result="applied",reason=""}': '2',
      batch_decode_seconds_count: '1',
      batch_decode_seconds_sum: '0.5',
      batch_apply_seconds_sum: '2',
      batch_latency_seconds_sum: '3.5',
      'batches_total{result="invalid",reason="wrong_parent"}': '1',
      'commit_total{result="landed"}': '1',
      'derivation_resets_total{reason="boot"}': '1',
      journal_append_seconds_count: '5',
      journal_failures_total: '1',
    });
  });

  it('answers of L1 that contradict themselves count as inconsistent, and a timeout does not', async () => {
    const metrics = new NodeMetrics();
    metrics.l1Call('heads', 0.1, 'timeout', null);
    metrics.l1Call('batchCommits', 0.1, 'incomplete_logs', null);
    expect(samples(await metrics.registry.text())).toMatchObject({
      'rpc_requests_total{method="heads",outcome="timeout"}': '1',
      'rpc_inconsistency_total{rule="incomplete_logs"}': '1',
      'rpc_inconsistency_total{rule="bad_answer"}': '0',
    });
  });

  it('payload statuses of the engine are counted, of both kinds of answer', async () => {
    const metrics = new NodeMetrics();
    metrics.engineCall('newPayload', 0.1, 'ok', { status: 'INVALID' });
    metrics.engineCall('forkchoiceUpdated', 0.1, 'ok', {
      payloadStatus: { status: 'SYNCING' },
      payloadId: null,
    });
    expect(samples(await metrics.registry.text())).toMatchObject({
      'engine_status_total{method="newPayload",status="INVALID"}': '1',
      'engine_status_total{method="forkchoiceUpdated",status="SYNCING"}': '1',
    });
  });
});

describe('a measured port', () => {
  class Port {
    readonly #secret = 7;
    readonly name = 'port';
    async ask(add: number): Promise<number> {
      if (add < 0) throw Object.assign(new Error('no'), { code: add === -1 ? 'timeout' : 'aborted' });
      return this.#secret + add;
    }
    async other(): Promise<number> {
      return this.#secret;
    }
  }

  it('answers as before, and tells of each named call that ended with its outcome', async () => {
    const calls: unknown[] = [];
    let at = 0;
    const port = measured(
      new Port(),
      ['ask'],
      (...call) => calls.push(call),
      () => (at += 500),
    );
    expect(await port.ask(1)).toBe(8);
    expect(await port.other()).toBe(7);
    expect(port.name).toBe('port');
    await expect(port.ask(-1)).rejects.toThrow('no');
    await expect(port.ask(-2)).rejects.toThrow('no');
    expect(calls).toEqual([
      ['ask', 0.5, 'ok', 8],
      ['ask', 0.5, 'timeout', null],
    ]);
  });
});

describe('a registry', () => {
  it('cuts a label that somebody else wrote', async () => {
    const registry = new MetricRegistry(['batches_total']);
    registry.count('batches_total', { result: 'invalid', reason: 'x'.repeat(1_000) });
    expect((await registry.text()).length).toBeLessThan(300);
  });
});
