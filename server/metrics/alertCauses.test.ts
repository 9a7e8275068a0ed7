import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SequencerView, StatusView } from '../api/views.ts';
import type { Engine } from '../engine/engine.ts';
import type { CheckpointFacts, JournalStore, NewEvent } from '../journal/journal.ts';
import type { ProviderStatus } from '../l1/l1.ts';
import { nodeOps } from '../nodeOps.ts';
import { StatusBook } from '../status/book.ts';
import type { Identity } from '../status/present.ts';
import { world } from '../testing/driverWorld.ts';
import { promtool, promtoolMissing } from '../testing/promtool.ts';
import { scriptedStatus } from '../testing/scriptedStatus.ts';

/**
 * Every cause of an alert is brought about in a driver on string chains, or in what a node says of its sequencer; what
 * `/metrics` shows before and after is given to promtool, which runs the very rules that are shipped.
 */
const COMMITS = { c: 'ABC', e: 'ABCDE', g: 'ABCDEFG' };
const IDENTITY: Identity = {
  fleet: [],
  node: {
    name: 'strings',
    mode: 'drive',
    startedAt: 1_700_000_000_000,
    software: 'plumbline/1',
    engine: 'strings',
    l1ChainId: 1,
    l2ChainId: 2,
    l1Host: 'l1.example',
  },
  batchesPerSequencer: 32,
  ourSequencer: null,
  expectedEveryMs: 1_000,
};

type Options = Parameters<typeof world>[2];

/** A node's metrics over a world: fed by its driver and journal as `node.ts` feeds them. */
class Watched {
  readonly w: ReturnType<typeof world>;
  trouble: { code: string; message: string } | null = null;
  checkpoint: CheckpointFacts = { at: null, seq: 0, trouble: null };
  providers: ProviderStatus[] = [];
  /** Changes what the node says of itself. */
  say: (status: StatusView) => StatusView = (status) => status;
  readonly #book: StatusBook;
  readonly ops: ReturnType<typeof nodeOps>;
  #counted = 0;
  #seq = 0;

  constructor(branch = 'abcdefgh', commits: Parameters<typeof world>[1] = COMMITS, options: Options = {}) {
    this.w = world(branch, commits, options);
    const clock = { now: () => this.w.clock.at, sleep: async () => {} };
    const self = this;
    const journal = {
      get checkpoint() {
        return self.checkpoint;
      },
      appendAll: async (events: readonly NewEvent[]) =>
        events.map(({ kind, payload }) => ({
          seq: ++this.#seq,
          at: this.w.clock.at,
          kind,
          ref: null,
          payload,
        })),
    } as unknown as JournalStore;
    const l1 = Object.assign(this.w.l1, { providers: () => this.providers });
    this.ops = nodeOps({ l1, engine: this.w.engine as unknown as Engine, journal }, clock);
    this.#book = new StatusBook(IDENTITY, this.w.driver.state, {
      clock,
      activity: () => [],
      l1Providers: () => this.providers,
    });
    this.freshL1();
  }

  /** Sets the clock two seconds behind the newest L1 block. */
  freshL1(): void {
    const head = this.w.driver.state.heads?.latest;
    if (head !== undefined) this.w.clock.at = (head.timestamp + 2) * 1_000;
  }

  async settle(): Promise<this> {
    await this.w.settle();
    return this;
  }

  async metrics(): Promise<string> {
    const { state } = this.w.driver;
    this.ops.metrics.driver(state);
    for (const { kind, payload } of this.w.events.slice(this.#counted))
      this.ops.metrics.event(kind, payload, 0.001);
    this.#counted = this.w.events.length;
    this.#book.update(state);
    return this.ops
      .handle({
        status: () => this.say(this.#book.view()),
        driver: () => state,
        sequencing: () => null,
        journalTrouble: () => this.trouble,
      })
      .metrics();
  }
}

const provider = (state: ProviderStatus['state'], over: Partial<ProviderStatus> = {}): ProviderStatus => ({
  host: 'l1.example',
  state,
  current: false,
  head: null,
  lag: null,
  answers: 1,
  failures: 0,
  errorRate: 0,
  latencyMs: 5,
  lastAnswerAt: 0,
  until: null,
  reason: null,
  inconsistencies: {},
  ...over,
});

const leading = scriptedStatus('leading', { version: 1, steps: 0, startedAt: 0 }, 1_700_000_000_000)
  .sequencer!;
const withSequencer =
  (over: Partial<SequencerView>) =>
  (status: StatusView): StatusView => ({ ...status, sequencer: { ...leading, ...over } });

interface Case {
  readonly alert: string;
  readonly cause: string;
  /** A quiet world, and what is done to it. */
  readonly quiet: () => Promise<Watched>;
  readonly happens: (node: Watched) => Promise<void> | void;
  /** Minutes until the alert has to fire. */
  readonly within?: number;
}

const quiet = async (): Promise<Watched> => {
  const node = await new Watched().settle();
  node.freshL1();
  return (await node.settle()) as Watched;
};
const event =
  (kind: string, times = 1) =>
  (node: Watched) => {
    for (let i = 0; i < times; i++) node.ops.metrics.event(kind, {}, 0.001);
  };
const later = (seconds: number) => (node: Watched) => {
  node.w.clock.at += seconds * 1_000;
};

const CASES: readonly Case[] = [
  { alert: 'L1HeadStale', cause: 'no new L1 block for four minutes', quiet, happens: later(240) },
  {
    alert: 'L1ProvidersDegraded',
    cause: 'two of three providers fail',
    quiet: async () => {
      const node = await quiet();
      node.providers = [provider('good'), provider('good'), provider('good')];
      return node;
    },
    happens: (node) => {
      node.providers = [provider('good'), provider('failing'), provider('benched')];
    },
    within: 4,
  },
  {
    alert: 'L1Inconsistency',
    cause: 'a provider hides a log',
    quiet: async () => {
      const node = await quiet();
      node.providers = [provider('good')];
      return node;
    },
    happens: (node) => {
      node.providers = [provider('benched', { inconsistencies: { log_hidden: 1 } })];
    },
  },
  {
    alert: 'L1Inconsistency',
    cause: 'logs that do not add up to the contract’s counter',
    quiet,
    happens: (node) => node.ops.metrics.l1Call('batchCommits', 0.1, 'incomplete_logs', null),
  },
  {
    alert: 'SafeHeadStall',
    cause: 'a batch that cannot be right, for eleven minutes',
    quiet,
    happens: async (node) => {
      const bad = await new Watched('abcde', { c: 'ABC', e: '!ABCDE' }).settle();
      bad.w.clock.at += 660_000;
      Object.assign(node, { w: bad.w });
    },
  },
  {
    alert: 'DerivationLag',
    cause: '100 L1 blocks that cannot be derived',
    quiet,
    happens: (node) => {
      node.say = (status) => ({
        ...status,
        heads: { ...status.heads, l1: { ...status.heads.l1!, number: status.heads.currentL1!.number + 100 } },
      });
    },
    within: 18,
  },
  {
    alert: 'ReorgDepth',
    cause: 'an L1 reorg of depth 4',
    quiet,
    happens: async (node) => {
      node.w.l1.switchTo('abcdxyzu');
      await node.settle();
    },
  },
  {
    alert: 'ReorgDepth',
    cause: 'a reorg beyond what L1 called final',
    quiet: async () => {
      const node = new Watched();
      node.w.l1.finalize('abcdef');
      await node.settle();
      node.freshL1();
      return node;
    },
    happens: async (node) => {
      node.w.l1.switchTo('abcdxyzu');
      node.w.l1.finalize('abcdxyz');
      await node.settle();
      expect(node.w.driver.state.phase).toBe('halted');
    },
  },
  {
    alert: 'InvalidBatch',
    cause: 'a batch that cannot be right',
    quiet,
    happens: async (node) => {
      Object.assign(node, { w: (await new Watched('abcde', { c: 'ABC', e: '!ABCDE' }).settle()).w });
    },
  },
  {
    alert: 'Diverged',
    cause: 'an observed node that holds another block',
    quiet,
    happens: (node) => {
      node.say = (status) => ({ ...status, verdict: { ...status.verdict, kind: 'diverged' } });
    },
  },
  {
    alert: 'WrongChain',
    cause: 'an engine of another genesis',
    quiet,
    happens: async (node) => {
      Object.assign(node, { w: (await new Watched('abc', COMMITS, { engineChain: 'Z' }).settle()).w });
    },
  },
  {
    alert: 'EngineNotSynced',
    cause: 'an engine that does not answer',
    quiet,
    happens: async (node) => {
      node.w.l1.mine('i');
      node.w.engine.failNext('labels', 'unreachable');
      await node.settle();
    },
    within: 8,
  },
  {
    alert: 'EngineAuthFailed',
    cause: 'an engine that refuses our secret',
    quiet,
    happens: async (node) => {
      node.w.l1.mine('i');
      node.w.engine.failNext('labels', 'auth_failed');
      await node.settle();
    },
  },
  {
    alert: 'EngineForeignHead',
    cause: 'another program moved the head',
    quiet,
    happens: event('fence.foreign_head'),
  },
  {
    alert: 'EngineForeignHead',
    cause: 'the engine’s condition says so',
    quiet,
    happens: (node) => {
      const engine: StatusView['engine'] = { state: 'FOREIGN_HEAD', reason: 'moved by somebody', since: 0 };
      node.say = (status) => ({ ...status, engine });
    },
  },
  { alert: 'ClockSkew', cause: 'a clock 25 s behind L1', quiet, happens: later(-27), within: 3 },
  { alert: 'LeaderIdle', cause: 'no batch for 71 minutes', quiet, happens: later(71 * 60) },
  {
    alert: 'LeaseFlap',
    cause: 'the lease taken five times in an hour',
    quiet,
    happens: event('fence.held', 5),
  },
  {
    alert: 'LeaseFlap',
    cause: 'five second blocks of one number refused',
    quiet,
    happens: event('fence.refused', 5),
  },
  {
    alert: 'CommitterBalance',
    cause: 'ether for 49 batches',
    quiet: async () => Object.assign(await quiet(), { say: withSequencer({}) }),
    happens: (node) => {
      node.say = withSequencer({ funds: { balanceWei: '1', batches: 49 } });
    },
  },
  {
    alert: 'L1MessageDeadline',
    cause: 'a message that no batch includes, past its deadline',
    quiet: async () => {
      const node = await quiet();
      const deadline = node.w.clock.at + 900_000;
      const message = { hash: `0x${'01'.repeat(32)}`, included: false, deadline, warnAt: deadline - 600_000 };
      node.say = withSequencer({ messages: [message] });
      return node;
    },
    happens: later(901),
  },
  {
    alert: 'JournalBroken',
    cause: 'a journal that cannot be written',
    quiet,
    happens: (node) => {
      node.trouble = { code: 'disk_full', message: 'no space' };
    },
    within: 3,
  },
  {
    alert: 'JournalBroken',
    cause: 'a damaged journal',
    quiet,
    happens: (node) => {
      node.trouble = { code: 'corrupt', message: 'damaged' };
    },
    within: 3,
  },
  {
    alert: 'CheckpointOld',
    cause: 'an event that no checkpoint covers for eleven minutes',
    quiet,
    happens: async (node) => {
      await node.ops.journal.append('node.started', {});
      later(660)(node);
    },
  },
  {
    alert: 'WebhookDeadLetters',
    cause: 'a receiver that takes nothing',
    quiet: async () => {
      const node = await quiet();
      node.ops.metrics.registry.count('webhook_deliveries_total', { result: 'dead' }, 0);
      return node;
    },
    happens: (node) => node.ops.metrics.registry.count('webhook_deliveries_total', { result: 'dead' }),
  },
];

/** Samples as promtool's series: the values before for ten minutes, then those after. */
function seriesOf(before: string, after: string): string[] {
  const read = (text: string): Map<string, string> =>
    new Map(
      text
        .split('\n')
        .filter((line) => line.startsWith('rollup_driver_'))
        .map((line) => [line.slice(0, line.lastIndexOf(' ')), line.slice(line.lastIndexOf(' ') + 1)]),
    );
  const [old, now] = [read(before), read(after)];
  const named = (series: string): string =>
    series.replace(/\{|$/, (end) => (end === '{' ? '{job="plumbline",' : '{job="plumbline"}'));
  return [...new Set([...old.keys(), ...now.keys()])].map((series) => {
    // `1x9` is ten samples, `_x9` is nine that are missing.
    const part = (value: string | undefined, times: number) =>
      value === undefined ? `_x${times + 1}` : `${value}x${times}`;
    const values = `${part(old.get(series), 9)} ${part(now.get(series), 90)}`;
    return `      - series: ${JSON.stringify(named(series))}\n        values: ${JSON.stringify(values)}`;
  });
}

async function storyOf({ alert, cause, quiet: begin, happens, within = 2 }: Case): Promise<string> {
  const node = await begin();
  const before = await node.metrics();
  await happens(node);
  const after = await node.metrics();
  const firing = `count(ALERTS{alertname="${alert}", alertstate="firing"}) > bool 0`;
  return `  - name: ${JSON.stringify(`${alert}: ${cause}`)}
    interval: 1m
    input_series:
${seriesOf(before, after).join('\n')}
    promql_expr_test:
      - expr: ${JSON.stringify(firing)}
        eval_time: 9m
        exp_samples: []
      - expr: ${JSON.stringify(firing)}
        eval_time: ${10 + within}m
        exp_samples: [{ labels: '{}', value: 1 }]`;
}

const rules = (dir: string, stories: readonly string[]): { code: number; output: string } | null => {
  copyFileSync(
    join(import.meta.dirname, '..', '..', 'ops', 'prometheus', 'alerts.yml'),
    join(dir, 'alerts.yml'),
  );
  const text = `rule_files: [alerts.yml]\nevaluation_interval: 1m\ntests:\n${stories.join('\n')}\n`;
  writeFileSync(join(dir, 'causes.yml'), text);
  return promtool('test', 'rules', join(dir, 'causes.yml'));
};

describe.skipIf(promtoolMissing())('each alert', () => {
  it('fires on its cause, through /metrics of the node that has it, and is silent before', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'plumbline-causes-'));
    try {
      const stories = [];
      for (const one of CASES) stories.push(await storyOf(one));
      expect(rules(dir, stories)).toMatchObject({ code: 0, output: expect.stringContaining('SUCCESS') });
      const nothing = await storyOf({ ...CASES[0]!, happens: () => {} });
      expect(rules(dir, [nothing])?.code).not.toBe(0);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('of an old checkpoint waits for an event: a node in which nothing happens has no need of one', async () => {
    const node = await quiet();
    const age = async () =>
      /^rollup_driver_journal_checkpoint_age_seconds (\S+)$/m.exec(await node.metrics())?.[1];
    later(3_600)(node);
    expect(await age()).toBe('0');
    await node.ops.journal.append('node.started', {});
    later(60)(node);
    await node.ops.journal.append('node.stopped', {});
    later(60)(node);
    expect(await age()).toBe('120');
    node.checkpoint = { at: node.w.clock.at - 10_000, seq: 1, trouble: null };
    expect(await age()).toBe('10');
    node.checkpoint = { ...node.checkpoint, seq: 2 };
    expect(await age()).toBe('0');
  });
});
