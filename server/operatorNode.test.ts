import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Caller, ExecuteInput } from './api/operatorViews.ts';
import type { Engine } from './engine/engine.ts';
import { JournalError } from './journal/journalError.ts';
import { openJournal } from './journal/sqlite.ts';
import { ManualClock } from './lib/clock.ts';
import { createNode, type RollupNode } from './node.ts';
import { parseTokens } from './operator/tokens.ts';
import { WORLD_CONFIG } from './testing/driverWorld.ts';
import { type FakeL1, fakeCommit, fakeL1 } from './testing/fakeL1.ts';
import { SCRIPTED_OPERATOR_TOKEN } from './testing/scriptedOperator.ts';
import { StringEngine } from './testing/stringEngine.ts';

/** A whole node on a journal file: what an operator orders, over the handle that the API has, and over restarts. */
const ANA: Caller = {
  name: 'ana',
  role: 'operator',
  via: 'token',
  address: '::1',
  fresh: true,
  freshUntil: null,
  expiresAt: null,
};

let dir: string;
let clock: ManualClock;
let l1: FakeL1;
let strings: StringEngine;
let node: RollupNode;
let diskFull = false;

async function start(): Promise<void> {
  const holders = parseTokens(`operator ana ${SCRIPTED_OPERATOR_TOKEN}`);
  if (!holders.ok) throw new Error(holders.error);
  const engine = Object.assign(strings, {
    name: 'strings',
    chainId: async () => 2,
    close: async () => undefined,
  }) as unknown as Engine;
  const journal = await openJournal({ file: join(dir, 'journal.db'), clock });
  const appendAll = journal.appendAll.bind(journal);
  journal.appendAll = async (events) => {
    if (diskFull) throw new JournalError('disk_full', 'no space left');
    return appendAll(events);
  };
  node = createNode(
    {
      name: 'n',
      mode: 'drive',
      software: 'plumbline',
      config: WORLD_CONFIG,
      l1Host: 'l1',
      pollIntervalMs: 1_000,
      ourSequencer: null,
      holders: holders.value,
    },
    {
      l1: Object.assign(l1, { close: async () => undefined }),
      engine,
      journal,
      clock,
      onError: (error) => {
        throw error;
      },
    },
  );
  await node.step();
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'plumbline-operator-'));
  clock = new ManualClock();
  l1 = fakeL1('abc', { commits: { z: [fakeCommit(1)] } });
  strings = new StringEngine('ABC');
  await start();
});
afterEach(async () => {
  await node.stop();
  rmSync(dir, { recursive: true });
});

let keys = 0;
async function requestFor(): Promise<ExecuteInput> {
  const answer = await node.operator!.preview({ kind: 'genesis' });
  if (!answer.ok) throw new Error(answer.message);
  const { id, expected } = answer.preview;
  return {
    previewId: id,
    expected: { unsafe: expected.unsafe.hash, safe: expected.safe?.hash ?? null, finalized: null },
    reason: 'why not',
    confirm: 'n',
    idempotencyKey: `key-${++keys}-00000`,
    override: false,
  };
}

describe('an order to a node', () => {
  it('is done by the loop, shown in the status, and 50 at once with one key are one', async () => {
    const request = await requestFor();
    const asked = Array.from({ length: 50 }, () => node.operator!.execute(request, ANA));
    await node.step();
    const answers = await Promise.all(asked);
    expect(new Set(answers.map((one) => JSON.stringify(one))).size).toBe(1);
    for (let i = 0; i < 4; i++) {
      await clock.advance(1_000);
      await node.step();
    }
    expect(node.status().operator.resync).toMatchObject({ phase: 'done', by: 'ana', reason: 'why not' });
    expect(node.status().activity.filter(({ kind }) => kind === 'operator.resync_accepted')).toHaveLength(1);
    expect(node.status().verdict.kind).toBe('aligned');
  });

  it('is taken up by the next process when this one ends in between', async () => {
    const asked = node.operator!.execute(await requestFor(), ANA);
    await node.step();
    expect(await asked).toMatchObject({ ok: true });
    await node.stop();
    await start();
    for (let i = 0; i < 5; i++) {
      await clock.advance(1_000);
      await node.step();
    }
    expect(node.status().operator.resync).toMatchObject({ phase: 'done', resumed: true });
    const kinds = node.status().activity.map(({ kind }) => kind);
    expect(kinds).toContain('operator.resync_resumed');
    expect(kinds.filter((kind) => kind === 'operator.resync_done')).toHaveLength(1);
  });

  it('that waits when the node stops is answered, and nothing was done', async () => {
    const request = await requestFor();
    const asked = node.operator!.execute(request, ANA);
    await node.stop();
    expect(await asked).toMatchObject({ ok: false, code: 'unavailable' });
    await start();
    expect(node.status().operator.resync).toBeNull();
  });

  it('a pause outlives the process, and is what the verdict says', async () => {
    const order = { part: 'driver', reason: 'disk', confirm: 'n', idempotencyKey: 'pause-0001' } as const;
    expect(await node.operator!.pause({ ...order, confirm: 'm' }, ANA)).toMatchObject({
      code: 'wrong_confirmation',
    });
    expect(await node.operator!.pause({ ...order, idempotencyKey: 'pause-0002' }, ANA)).toEqual({ ok: true });
    expect(node.status().verdict).toMatchObject({ kind: 'halted', sentence: expect.stringContaining('ana') });
    await node.stop();
    await start();
    expect(node.status().operator.paused.driver).toMatchObject({ by: 'ana', reason: 'disk' });
    const asked = l1.calls.heads;
    await clock.advance(5_000);
    await node.step();
    expect(l1.calls.heads).toBe(asked);
    expect(await node.operator!.resume({ ...order, idempotencyKey: 'resume-0001' }, ANA)).toEqual({
      ok: true,
    });
    await node.step();
    expect(l1.calls.heads).toBeGreaterThan(asked);
  });

  it('a pause that could not be written down is tried anew with the same key', async () => {
    const order = { part: 'driver', reason: 'disk', confirm: 'n', idempotencyKey: 'pause-0004' } as const;
    diskFull = true;
    expect(await node.operator!.pause(order, ANA)).toMatchObject({ code: 'not_journaled' });
    diskFull = false;
    await clock.advance(1_000);
    await node.step();
    expect(await node.operator!.pause(order, ANA)).toEqual({ ok: true });
    // From now on it is the answer.
    expect(await node.operator!.pause(order, ANA)).toEqual({ ok: true });
    expect(await node.operator!.pause({ ...order, reason: 'other' }, ANA)).toMatchObject({
      code: 'key_reused',
    });
  });

  it('there is no sequencer to pause here', async () => {
    const order = { part: 'sequencer', reason: 'disk', confirm: 'n', idempotencyKey: 'pause-0003' } as const;
    expect(await node.operator!.pause(order, ANA)).toMatchObject({ ok: false, code: 'no_sequencer' });
    expect(node.status().activity.map(({ kind }) => kind)).toContain('operator.refused');
  });
});
