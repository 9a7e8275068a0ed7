import { describe, expect, it } from 'vitest';
import type { NodeHandle } from '../runtime.ts';
import { createScriptedNode } from '../testing/scriptedNode.ts';
import type { Scenario } from '../testing/scriptedStatus.ts';
import {
  activityAnswer,
  activityInput,
  batchAnswer,
  batchListAnswer,
  batchListInput,
  leadersAnswer,
  leadersInput,
  type ReorgListRow,
  reorgAnswer,
  reorgsAnswer,
  reorgsInput,
} from './historyViews.ts';
import {
  answerActivity,
  answerBatch,
  answerBatchList,
  answerLeaders,
  answerReorg,
  answerReorgs,
} from './queries.ts';
import { readReorg } from './readRecord.ts';

const NOW = Date.UTC(2026, 10, 21, 14, 2, 40);
const nodeIn = (scenario: Scenario): NodeHandle => {
  const node = createScriptedNode(scenario, () => NOW);
  node.show(scenario);
  return node;
};
const node = nodeIn('recovered');

const reorgsOf = async (input: object = {}, from: NodeHandle = node) => {
  const answer = await answerReorgs(from, NOW, reorgsInput.parse(input));
  expect(reorgsAnswer.safeParse(answer).error?.issues).toBeUndefined();
  if (answer.kind !== 'reorgs') throw new Error(answer.kind);
  return answer;
};

describe('reorgs', () => {
  it('come newest first, page by page, each once', async () => {
    const seen: ReorgListRow[] = [];
    let before: number | undefined;
    do {
      const page = await reorgsOf({ limit: 7, before });
      expect(page.rows.length).toBeLessThanOrEqual(7);
      seen.push(...page.rows);
      before = page.next ?? undefined;
    } while (before !== undefined);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
    expect(seen).toHaveLength(58);
    const times = seen.map(({ detectedAt }) => detectedAt);
    expect(times).toEqual(times.toSorted((a, b) => b - a));
  });

  it('say what the filter matches, and sum up exactly that', async () => {
    const { rows, summary } = await reorgsOf({ cause: 'LEADER_HANDOVER', minDepth: 3, limit: 100 });
    expect(rows.length).toBeGreaterThan(3);
    expect(rows.every(({ cause, depth }) => cause === 'LEADER_HANDOVER' && depth >= 3)).toBe(true);
    expect(summary.count).toBe(rows.length);
    expect(summary.byCause).toEqual({ LEADER_HANDOVER: rows.length });
    expect(summary.maxDepth).toBe(Math.max(...rows.map(({ depth }) => depth)));
    expect(summary.points.map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
    expect(summary.medianLatencyMs).toBe(900);
  });

  it('tell an L2 reorg from the L1 reorg that caused it, and count the blocks of both once', async () => {
    const { rows, summary } = await reorgsOf({ cause: 'L1_REORG', limit: 100 });
    const effect = rows.find(({ layer, causedBy }) => layer === 'L2' && causedBy !== null)!;
    const origin = rows.find(({ id }) => id === effect.causedBy)!;
    expect(origin).toMatchObject({ layer: 'L1', droppedL2Count: effect.droppedL2Count });
    expect(rows.filter(({ causedBy }) => causedBy !== null)).toEqual([effect]);
    const all = rows.reduce((sum, { droppedL2Count }) => sum + droppedL2Count, 0);
    expect(summary).toMatchObject({
      sharedL2: effect.droppedL2Count,
      droppedL2: all - effect.droppedL2Count,
    });
    expect((await reorgsOf({ layer: 'L2', cause: 'L1_REORG' })).summary).toMatchObject({
      sharedL2: 0,
      droppedL2: effect.droppedL2Count,
    });
    expect(await answerReorg(node, NOW, effect.id)).toMatchObject({ causedBy: origin.id, caused: [] });
    expect(await answerReorg(node, NOW, origin.id)).toMatchObject({ causedBy: null, caused: [effect.id] });
  });

  it('say of a resync that is over how many of its blocks came back, and of no other what is not known', async () => {
    const { rows } = await reorgsOf({ cause: 'MANUAL_RESYNC', minDepth: 65 });
    expect(rows[0]).toMatchObject({ depth: 140, droppedL2Count: 0, returnedL2Count: 140 });
    const record = { seq: 1, id: 'r-1', layer: 'L2', cause: 'UNKNOWN', depth: 2, detectedAt: 5 } as const;
    expect(readReorg({ ...record, recoveredAt: 6, record: {} }).returnedL2Count).toBeNull();
    const l2Ancestor = { number: 4, hash: `0x${'1'.repeat(64)}` };
    const open = { ...record, recoveredAt: null, record: { l2Ancestor, droppedL2Count: 2 } };
    expect(readReorg(open).returnedL2Count).toBeNull();
    expect(readReorg({ ...open, recoveredAt: 6 }).returnedL2Count).toBe(0);
  });

  it('prove that somebody watched where there were none', async () => {
    const { rows, watching } = await reorgsOf({}, nodeIn('empty'));
    expect(rows).toEqual([]);
    expect(watching.since).toBe(NOW - 754_000 - 30 * 3_600_000);
    const { gaps } = (await reorgsOf()).watching;
    expect(gaps.length).toBeGreaterThan(0);
    for (const { from, to } of gaps) expect(to).toBeGreaterThan(from);
  });
});

describe('a second block that was refused', () => {
  const refused = (payload: object) => ({
    seq: 9,
    at: NOW,
    kind: 'fence.refused',
    ref: null,
    severity: 'critical' as const,
    actor: null,
    payload,
  });
  const told = async (payload: object) => {
    const activity = async () => ({ rows: [refused(payload)], next: null, upTo: 9 });
    const history = { ...node.history!, models: { ...node.history!.models, activity } };
    const answer = await answerActivity({ ...node, history }, NOW, activityInput.parse({}));
    if (answer.kind !== 'activity') throw new Error(answer.kind);
    return answer.rows[0]!;
  };

  it('leads to the resync that took the first one back, and to nothing where there was none', async () => {
    const resync = (await reorgsOf({ cause: 'MANUAL_RESYNC' })).rows[0]!;
    const number = resync.commonAncestor!.number + 1;
    expect(await told({ kind: 'block', number, hash: '0x2', claimed: '0x1' })).toMatchObject({
      sentence: `refused a second block ${number}: a manual resync had taken the first one back`,
      path: `/reorgs/${resync.id}`,
    });
    const [batch] = resync.droppedBatches;
    expect(await told({ kind: 'batch', number: batch, hash: '0x2', claimed: '0x1' })).toMatchObject({
      path: `/reorgs/${resync.id}`,
    });
    expect(await told({ kind: 'block', number: 7, hash: '0x2', claimed: '0x1' })).toMatchObject({
      sentence: 'refused a second block 7',
      path: null,
    });
  });

  it('leads to no reorg that took another block of that number back', async () => {
    const reorg = node.status().reorgs[1]!;
    const [{ number, hash }] = reorg.droppedL2 as [{ number: number; hash: string }];
    expect((await told({ kind: 'block', number, hash: '0x2', claimed: hash })).path).toBe('/reorgs/r-57');
    expect((await told({ kind: 'block', number, hash: '0x2', claimed: '0x1' })).path).toBeNull();
  });
});

describe('one reorg', () => {
  const reorgOf = async (id: string) => {
    const answer = await answerReorg(node, NOW, id);
    expect(reorgAnswer.safeParse(answer).error?.issues).toBeUndefined();
    return answer;
  };

  it('is found by its id, with the one before and the one after', async () => {
    const { rows } = await reorgsOf({ limit: 5 });
    expect(await reorgOf(rows[2]!.id)).toMatchObject({
      kind: 'reorg',
      reorg: { id: rows[2]!.id },
      older: rows[3]!.id,
      newer: rows[1]!.id,
    });
    expect(await reorgOf(rows[0]!.id)).toMatchObject({ newer: null });
  });

  it('that nobody knows is explained by when the log began', async () => {
    expect(await reorgOf('r-99999')).toMatchObject({
      kind: 'no_reorg',
      sentence: expect.stringMatching(/^There is no reorg r-99999 in the journal; this log began 2026-/),
    });
  });

  it.each([
    ['nothing but the old parts', { oldTip: { number: 4, hash: `0x${'1'.repeat(64)}` }, evidence: ['seen'] }],
    ['parts of another kind', { transactions: 'many', droppedL2: [{ number: -1 }], leader: 7, heads: null }],
    ['nothing at all', {}],
  ])('is read from a record with %s, and says null for the rest', (_, record) => {
    const row = {
      seq: 1,
      id: 'r-1',
      layer: 'L2',
      cause: 'NEW_CAUSE',
      depth: 2,
      detectedAt: 5,
      recoveredAt: null,
    } as const;
    const read = readReorg({ ...row, record });
    expect(read).toMatchObject({
      cause: 'UNKNOWN',
      latencyMs: null,
      recoveryMs: null,
      fates: null,
      transactions: [],
      transactionCount: null,
      droppedL2: [],
      leader: { before: null, after: null },
    });
  });
});

describe('batches', () => {
  it('are listed with every place that a number had', async () => {
    const answer = await answerBatchList(node, NOW, batchListInput.parse({ limit: 100 }));
    expect(batchListAnswer.safeParse(answer).error?.issues).toBeUndefined();
    if (answer.kind !== 'batch_list') throw new Error(answer.kind);
    const twice = answer.rows.find(({ status }) => status === 'orphaned')!;
    expect(answer.rows.filter(({ number }) => number === twice.number)).toHaveLength(2);
    expect(twice.orphanedBy).toBe(node.status().reorgs[0]!.id);
    const only = await answerBatchList(node, NOW, batchListInput.parse({ status: 'orphaned' }));
    expect(only).toMatchObject({ rows: [{ seq: twice.seq }], next: null });
  });

  it('have a page each, with who was on duty; one that is not there is explained', async () => {
    const { number } = node.status().batches[0]!;
    const answer = await answerBatch(node, NOW, number);
    expect(batchAnswer.safeParse(answer).error?.issues).toBeUndefined();
    expect(answer).toMatchObject({
      kind: 'batch',
      leader: node.status().leader.address,
      newer: null,
      older: number - 1,
    });
    expect(await answerBatch(node, NOW, 99_999)).toMatchObject({
      kind: 'no_batch',
      sentence: `Batch 99999 is ahead of the newest one on L1, ${number}.`,
    });
  });
});

describe('leaders', () => {
  it('have their terms, how late each began, and the reorgs of their time', async () => {
    const answer = await answerLeaders(node, NOW, leadersInput.parse({}));
    expect(leadersAnswer.safeParse(answer).error?.issues).toBeUndefined();
    if (answer.kind !== 'leaders') throw new Error(answer.kind);
    expect(answer.rows.length).toBeGreaterThan(5);
    expect(answer.rows[0]!.until).toBeNull();
    for (const { firstDelayMs } of answer.rows)
      if (firstDelayMs !== null) expect(firstDelayMs).toBeGreaterThanOrEqual(0);
    expect(answer.rows.some(({ firstDelayMs }) => firstDelayMs !== null)).toBe(true);
  });

  it('ask for the batches of a whole page at once', async () => {
    const { history, ...rest } = node;
    const { models } = history!;
    const asked: string[] = [];
    const counting = new Proxy(models, {
      get: (target, name: keyof typeof models) => {
        const ask = target[name] as (...given: unknown[]) => unknown;
        return (...given: unknown[]) => {
          asked.push(name);
          return ask.apply(target, given);
        };
      },
    });
    const handle = { ...rest, history: { ...history!, models: counting } };
    const answer = await answerLeaders(handle, NOW, leadersInput.parse({}));
    expect(answer.kind === 'leaders' && answer.rows.length).toBeGreaterThan(5);
    expect(asked.sort()).toEqual(['activity', 'commitsOf', 'leaders', 'reorgs']);
  });
});

describe('activity', () => {
  it('is found by group, actor and text, with the page that shows more', async () => {
    const find = async (input: object) => {
      const answer = await answerActivity(node, NOW, activityInput.parse(input));
      expect(activityAnswer.safeParse(answer).error?.issues).toBeUndefined();
      if (answer.kind !== 'activity') throw new Error(answer.kind);
      return answer.rows;
    };
    const ana = await find({ actor: 'ana' });
    expect(ana.length).toBeGreaterThan(0);
    expect(ana.every(({ kind, actor }) => kind.startsWith('operator.') && actor === 'ana')).toBe(true);
    const batches = await find({ kinds: ['batch', 'leader.changed'], limit: 100 });
    expect(new Set(batches.map(({ kind }) => kind.split('.')[0]))).toEqual(new Set(['batch', 'leader']));
    expect(batches[0]!.path).toBe(`/batches/${(batches[0]!.payload as { batch: number }).batch}`);
    expect((await find({ kinds: ['reorg'] }))[0]).toMatchObject({
      path: `/reorgs/${node.status().reorgs[0]!.id}`,
    });
  });
});

describe('without a past', () => {
  it.each<[string, NodeHandle | null, object]>([
    ['no node', null, { kind: 'no_node' }],
    [
      'no journal',
      { status: node.status, onChange: node.onChange },
      { kind: 'no_history', sentence: 'This node keeps no journal.' },
    ],
    [
      'a journal that fails',
      {
        ...node,
        history: { ...node.history!, beganAt: () => Promise.reject(new Error('the disk is full')) },
      },
      { kind: 'no_history', sentence: 'The journal does not answer: the disk is full' },
    ],
  ])('each read says so: %s', async (_, handle, said) => {
    expect(await answerReorgs(handle, NOW, reorgsInput.parse({}))).toMatchObject(said);
    expect(await answerBatchList(handle, NOW, batchListInput.parse({}))).toMatchObject(said);
    expect(await answerActivity(handle, NOW, activityInput.parse({}))).toMatchObject(said);
    expect(await answerLeaders(handle, NOW, leadersInput.parse({}))).toMatchObject(said);
  });
});
