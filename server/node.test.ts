import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { webhookBody } from './api/webhookView.ts';
import type { Engine } from './engine/engine.ts';
import { openJournal } from './journal/sqlite.ts';
import { ManualClock } from './lib/clock.ts';
import { createNode, type NodeDeps } from './node.ts';
import type { WebhookConfig } from './nodeWebhook.ts';
import type { Sequencing } from './sequencing.ts';
import { Secret } from './telemetry/secret.ts';
import { SecretUrl } from './telemetry/secretUrl.ts';
import { WORLD_CONFIG } from './testing/driverWorld.ts';
import { fakeL1 } from './testing/fakeL1.ts';
import { scriptedHttp } from './testing/scriptedHttp.ts';
import { StringEngine } from './testing/stringEngine.ts';

async function fixture(
  engineChain = 'A',
  webhook: WebhookConfig | null = null,
  sequencing?: NodeDeps['sequencing'],
  file: string | null = null,
) {
  const clock = new ManualClock();
  const strings = new StringEngine(engineChain);
  const closed: string[] = [];
  const engine = Object.assign(strings, {
    name: 'strings',
    chainId: async () => 2,
    close: async () => {
      closed.push('engine');
    },
  }) as unknown as Engine;
  const l1 = fakeL1('abc');
  const journal = await openJournal({ file, clock });
  const errors: unknown[] = [];
  const node = createNode(
    {
      name: 'n',
      mode: 'drive',
      software: 'plumbline',
      config: WORLD_CONFIG,
      l1Host: 'l1',
      pollIntervalMs: 1_000,
      ourSequencer: null,
      webhook,
    },
    { l1, engine, journal, clock, onError: (error) => errors.push(error), ...(sequencing && { sequencing }) },
  );
  return { node, clock, l1, engine, journal, closed, errors };
}

/** A node that may lead, follows, and has read nothing yet. */
const QUIET = {
  address: `0x${'a'.repeat(40)}`,
  sequencer: {
    mode: 'Following',
    state: { kind: 'following' },
    head: null,
    lastCommittedBatch: null,
    deadlines: { listed: [], maxWait: null },
    funds: null,
    commitInFlight: null,
    produced: { blocks: 0, transactions: 0, messages: 0 },
    troubles: [],
  },
  fence: { state: 'free', term: null, remainingMs: null, other: null },
  leadership: null,
  feed: { state: 'standing_by', conflict: null, peers: [], latency: null, troubles: [] },
} as unknown as ReturnType<Sequencing['view']>;

describe('a node that ends', () => {
  it('closes everything, whatever becomes of a part', async () => {
    const { node, l1, journal, closed, errors } = await fixture();
    l1.close = async () => {
      throw new Error('the socket is gone');
    };
    await node.step();
    await node.stop();
    expect(closed).toEqual(['engine']);
    await expect(journal.list({ limit: 1 })).rejects.toThrow('closed');
    expect(errors).toMatchObject([{ message: 'the socket is gone' }]);
  });

  it('cuts short what its sequencer waits for, and ends although that fails', async () => {
    let cut = (): void => {};
    let waits = false;
    const { node, closed, errors } = await fixture('A', null, () => ({
      tickMs: 50,
      step: () => {
        waits = true;
        return new Promise<void>((resolve) => {
          cut = resolve;
        });
      },
      start: () => {},
      stop: async () => {
        cut();
        throw new Error('the lease cannot be given back');
      },
      wake: () => {},
      view: () => QUIET,
      builderOf: () => null,
    }));
    const step = node.step();
    while (!waits) await new Promise((resolve) => setImmediate(resolve));
    await node.stop();
    await step;
    expect(closed).toEqual(['engine']);
    expect(errors).toMatchObject([{ message: 'the lease cannot be given back' }]);
  });

  it('steps no more', async () => {
    const { node } = await fixture();
    await node.stop();
    expect(await node.step()).toBe('stop');
  });
});

describe('a node that begins', () => {
  it('closes what the process before left open only when it is level, not while it is paused', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'plumbline-node-'));
    const file = join(dir, 'journal.db');
    const before = await openJournal({ file, clock: new ManualClock() });
    const lastBlock = { number: 3, hash: `0x${'3'.repeat(64)}` };
    await before.append('commit.intent', { batch: 1, firstBlock: 1, lastBlock }, 'batch:1');
    await before.close();
    const { node, clock, journal } = await fixture('A', null, undefined, file);
    const closed = async () =>
      (await journal.list({ kinds: ['commit.unknown', 'commit.superseded'], limit: 5 })).length;
    node.driver.pause({ by: 'somebody', reason: 'a look', since: clock.now() });
    await node.step();
    expect(await closed()).toBe(0);
    node.driver.resume();
    await clock.advance(1_000);
    await node.step();
    expect(await closed()).toBe(1);
    await node.stop();
    await rm(dir, { recursive: true });
  });
});

describe('a node whose clock is set back an hour', () => {
  const HOUR = 3_600_000;
  const asleep = async (clock: ManualClock): Promise<void> => {
    while (clock.sleeping === 0) await new Promise((resolve) => setImmediate(resolve));
  };

  it('tries again as soon as ever after a failure', async () => {
    const { node, clock, l1 } = await fixture();
    l1.failNext('heads', 'unreachable');
    // Between the moment that the driver's next try was set and the wait for it.
    const unsubscribe = node.onChange(() => {
      if (node.driver.state.trouble !== null) {
        unsubscribe();
        clock.set(-HOUR);
      }
    });
    const step = node.step();
    await asleep(clock);
    await clock.advance(250);
    expect(await step).toBe('again');
    expect(await node.step()).toBe('idle');
    expect(l1.calls.heads).toBe(2);
    await node.stop();
  });

  it.each(['a failure', 'an idle step'])('looks at L1 on its interval after %s', async (before) => {
    const { node, clock, l1 } = await fixture('A', null, () => ({
      tickMs: 50,
      step: async () => {},
      start: () => {},
      stop: async () => {},
      wake: () => {},
      view: () => QUIET,
      builderOf: () => null,
    }));
    if (before === 'a failure') l1.failNext('heads', 'unreachable');
    await node.step();
    clock.set(-HOUR);
    await clock.advance(1_000);
    await node.step();
    expect(l1.calls.heads).toBe(2);
    await node.stop();
  });
});

describe('a node that halts', () => {
  it('keeps answering with the reason, and asks nothing of L1 any more', async () => {
    const { node, l1 } = await fixture('Z');
    expect(await node.step()).toBe('idle');
    const asked = l1.calls.heads;
    expect(await node.step()).toBe('idle');
    expect(l1.calls.heads).toBe(asked);
    expect(node.status()).toMatchObject({
      verdict: { kind: 'halted' },
      trouble: { code: 'foreign_genesis' },
    });
    await node.stop();
  });
});

describe('a node with a webhook', () => {
  it('tells, signed, that it halted, and again when the receiver failed', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'plumbline-node-'));
    let tries = 0;
    let done = (): void => {};
    const taken = new Promise<void>((resolve) => {
      done = resolve;
    });
    const sink = await scriptedHttp(() => {
      tries += 1;
      if (tries === 2) done();
      return { kind: 'text', status: tries === 1 ? 500 : 204, body: '' };
    });
    const webhook = {
      url: SecretUrl.parse(`${sink.url}/hook`, ['http:'])!,
      secret: new Secret('k'.repeat(32)),
      stateFile: join(dir, 'webhook.json'),
    };
    const { node, clock, journal } = await fixture('Z', webhook);
    node.start();
    // The wait after the failed try is the clock's; it is moved once somebody sleeps on it.
    while (node.status().webhook?.failing == null) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(2_000);
    await taken;
    const [first, second] = sink.requests.map(({ json }) => webhookBody.parse(json));
    expect(first).toMatchObject({ kind: 'verdict.changed', data: { from: 'unknown', to: 'halted' } });
    expect(second).toEqual(first);
    expect((await journal.list({ kinds: ['verdict.changed'], limit: 5 })).map(({ seq }) => seq)).toEqual([
      first!.seq,
    ]);
    await node.stop();
    await sink.close();
    await rm(dir, { recursive: true });
  });
});
