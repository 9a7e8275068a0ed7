import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { checksOf } from '../api/checks.ts';
import { promtool, promtoolMissing, promtoolOn } from '../testing/promtool.ts';
import { scriptedStatus } from '../testing/scriptedStatus.ts';
import { CATALOG, type MetricRow, PREFIX } from './catalog.ts';
import { NodeMetrics } from './nodeMetrics.ts';
import { OWN } from './processMetrics.ts';
import { MetricRegistry } from './registry.ts';

const OPS = join(import.meta.dirname, '..', '..', 'ops');
const read = (...path: string[]): string => readFileSync(join(OPS, ...path), 'utf8');

const RULES = read('prometheus', 'alerts.yml');
const CASES = read('prometheus', 'alerts.test.yml');
const ALERTS = [...new Set([...RULES.matchAll(/- alert: (\w+)/g)].map(([, name]) => name!))];

/** The sixteen of the operations design, by name (its sixteenth is two here), and those that were added. */
const PROMISED = [
  ...[
    'L1HeadStale',
    'L1ProvidersDegraded',
    'L1Inconsistency',
    'SafeHeadStall',
    'DerivationLag',
    'ReorgDepth',
  ],
  ...['InvalidBatch', 'WrongChain', 'EngineNotSynced', 'EngineAuthFailed', 'EngineForeignHead', 'ClockSkew'],
  ...['LeaderIdle', 'LeaseFlap', 'CommitterBalance', 'JournalBroken', 'CheckpointOld'],
  ...['L1MessageDeadline', 'Diverged', 'NodeDown', 'WebhookDeadLetters'],
];

/** `name{labels}` → the row it belongs to; a histogram's series end in `_bucket`, `_count` or `_sum`. */
function rowOf(name: string): MetricRow | undefined {
  const rows: Readonly<Record<string, MetricRow>> = CATALOG;
  const own = rows[name];
  if (own !== undefined) return own.type === 'histogram' ? undefined : own;
  const base = rows[name.replace(/_(bucket|count|sum)$/, '')];
  return base?.type === 'histogram' ? base : undefined;
}

/** Every metric of ours named in a text, with the labels that are asked of it. */
const named = (text: string): { name: string; labels: string[] }[] =>
  [...text.matchAll(new RegExp(`\\b${PREFIX}(\\w+)(?:\\{([^}]*)\\})?`, 'g'))].map(
    ([, name, labels = '']) => ({
      name: name!,
      labels: [...labels.matchAll(/(\w+)\s*(?:=~|!=|!~|=)\s*\\?"/g)].map(([, label]) => label!),
    }),
  );

describe.each([
  ['the alerts', RULES],
  ['the alerts’ cases', CASES],
  ['the board', read('grafana', 'overview.json')],
  ['the runbook', read('runbook.md')],
])('%s', (_, text) => {
  it('names only metrics and labels that a node serves', () => {
    const found = named(text);
    expect(found.length).toBeGreaterThan(0);
    for (const { name, labels } of found) {
      const row = rowOf(name);
      expect([name, row !== undefined]).toEqual([name, true]);
      const theirs = ['instance', 'job', ...(row?.labels ?? []), ...(name.endsWith('_bucket') ? ['le'] : [])];
      for (const label of labels) expect([name, theirs]).toEqual([name, expect.arrayContaining([label])]);
    }
  });
});

describe('the alerts', () => {
  it('are the promised ones', () => {
    expect([...ALERTS].sort()).toEqual([...PROMISED].sort());
  });

  it.each(ALERTS)(
    '%s has its section in the runbook, a case in which it fires and one in which it is silent',
    (name) => {
      expect(read('runbook.md')).toContain(`\n## ${name}\n`);
      expect(RULES).toContain(`runbook: ops/runbook.md#${name.toLowerCase()}`);
      expect(CASES).toMatch(new RegExp(`- alertname: ${name}\\n +eval_time: \\w+\\n +exp_alerts:\\n`));
      expect(CASES).toContain(`{ alertname: ${name}, eval_time: 60m, exp_alerts: [] }`);
    },
  );
});

describe('the board', () => {
  const board = JSON.parse(read('grafana', 'overview.json')) as {
    panels: { id: number; type: string; title: string; targets?: { expr: string }[] }[];
  };

  it('has panels with a title of their own and a question each', () => {
    expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
    for (const { type, title, targets = [] } of board.panels) {
      expect(title).not.toBe('');
      expect([title, targets.length > 0]).toEqual([title, type !== 'row']);
    }
  });

  it('asks of the process only what is measured', async () => {
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    const served = new Set((await registry.getMetricsAsJSON()).map(({ name }) => name));
    const asked = [...JSON.stringify(board).matchAll(/\b((?:process|nodejs)_\w+)/g)].map(([, name]) => name!);
    expect(asked.length).toBeGreaterThan(0);
    for (const name of asked) expect([...served]).toContain(name);
  });
});

describe.skipIf(promtoolMissing())('promtool', () => {
  it('finds every rule sound', () => {
    expect(promtool('check', 'rules', join(OPS, 'prometheus', 'alerts.yml'))).toMatchObject({ code: 0 });
  });

  it('takes the example of a configuration', () => {
    expect(promtool('check', 'config', join(OPS, 'prometheus', 'prometheus.yml'))).toMatchObject({ code: 0 });
  });

  it('sees every alert fire on its cause and stay silent in a healthy hour', () => {
    const ran = promtool('test', 'rules', join(OPS, 'prometheus', 'alerts.test.yml'));
    expect(ran).toMatchObject({ code: 0, output: expect.stringContaining('SUCCESS') });
  });

  it('has nothing to say of what a leading node serves', async () => {
    const metrics = new NodeMetrics();
    const status = scriptedStatus('leading', { version: 1, steps: 0, startedAt: 0 }, 1_790_000_000_000);
    const text = await metrics.scrape({
      status,
      checks: checksOf(status, status.at),
      committedBatch: 1,
      derivedBatch: 1,
      progressAt: null,
      leaseRemainingMs: 1,
      engineSkewMs: 1_500,
      databaseBytes: 1,
      journalTrouble: null,
      unsignedSince: null,
      now: status.at,
    });
    const own = new MetricRegistry(OWN);
    own.set('event_loop_lag_seconds', 0.1, { percentile: '99' });
    for (const one of [text, await own.text()])
      expect(promtoolOn(one, 'check', 'metrics')).toEqual({ code: 0, output: '' });
  });

  it('notices a threshold that is another', () => {
    const dir = mkdtempSync(join(tmpdir(), 'plumbline-alerts-'));
    try {
      copyFileSync(join(OPS, 'prometheus', 'alerts.test.yml'), join(dir, 'alerts.test.yml'));
      writeFileSync(join(dir, 'alerts.yml'), RULES.replace('balance_batches < 50', 'balance_batches < 49'));
      const ran = promtool('test', 'rules', join(dir, 'alerts.test.yml'));
      expect(ran?.code).not.toBe(0);
      expect(ran?.output).toContain('CommitterBalance');
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
