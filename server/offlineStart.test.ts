/** Nodes as processes, started while their engine or their L1 is not there or not as it should be, and what they say. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type StatusView, statusView } from './api/views.ts';
import { openEmbeddedEngine } from './engine/embedded/open.ts';
import { BranchingL1 } from './testing/branchingL1.ts';
import { Door } from './testing/door.ts';
import { startCommand } from './testing/process.ts';
import { scriptedHttp } from './testing/scriptedHttp.ts';

const SECRET = '11'.repeat(32);
let l1: BranchingL1;
let dir: string;
const undo: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  l1 = await BranchingL1.open({ l2Rules: true });
  await l1.grow(4, 2, 0xa0);
  dir = mkdtempSync(join(tmpdir(), 'plumbline-away-'));
  writeFileSync(join(dir, 'l2.json'), JSON.stringify(l1.genesis));
  writeFileSync(join(dir, 'jwt.hex'), SECRET, { mode: 0o600 });
}, 120_000);
afterEach(async () => {
  for (const end of undo.reverse().splice(0)) await end();
});
afterAll(async () => {
  await l1?.close();
  rmSync(dir, { recursive: true, force: true });
});

/** An engine that answers with the Engine API on a port of its own. */
async function engineOf(genesis: unknown = l1.genesis, secret = SECRET): Promise<string> {
  const jwtSecret = Buffer.from(secret, 'hex');
  const http = { host: '127.0.0.1', port: 0, jwtSecret };
  const engine = await openEmbeddedEngine({ genesis: genesis as never, l2Rules: true, http });
  undo.push(() => engine.close());
  return engine.httpUrl!;
}

interface Watched {
  readonly said: readonly string[];
  status(): Promise<StatusView>;
  ready(): Promise<{ status: number; reason: string; failed: readonly string[] }>;
  get(path: string): Promise<Response>;
  /** Its exit code. */
  stop(): Promise<number | null>;
}

async function start(
  args: readonly string[],
  l1Url = l1.l1.anvil.url,
  env: Readonly<Record<string, string>> = {},
): Promise<Watched> {
  const { config } = l1.l1;
  const said: string[] = [];
  const data = mkdtempSync(join(dir, 'data-'));
  const running = await startCommand<{ api: string }>(
    ['start', '--no-ui', '--port', '0', '--poll-ms', '100', '--data-dir', data]
      .concat(['--genesis', join(dir, 'l2.json'), '--l1-rpc-url', l1Url])
      .concat(['--on-chain-proposer', config.onChainProposer, '--bridge', config.bridge!])
      .concat(['--sequencer-registry', config.sequencerRegistry!], args),
    {
      env,
      // What is said beside the log of events.
      onSaid: (line) => {
        if (!/ kind=\S+ seq=\d+/.test(line)) said.push(line);
      },
    },
  );
  undo.push(() => running.stop());
  const get = (path: string) => fetch(`${running.ready.api}${path}`);
  return {
    said,
    get,
    stop: async () => {
      await running.stop();
      return running.child.exitCode;
    },
    status: async () => statusView.parse(await (await get('/api/v1/status')).json()),
    ready: async () => {
      const response = await get('/readyz');
      const { reason, checks } = (await response.json()) as {
        reason: string;
        checks: { id: string; state: string }[];
      };
      const failed = checks.filter(({ state }) => state === 'fail').map(({ id }) => id);
      return { status: response.status, reason, failed };
    },
  };
}

const remote = (url: string): readonly string[] => [
  '--engine-url',
  url,
  '--jwt-secret-file',
  join(dir, 'jwt.hex'),
];

/** The node holds what L1 confirms. */
async function comesLevel(node: Watched): Promise<void> {
  const safe = async () => (await node.status()).heads.safe?.hash ?? null;
  await expect.poll(safe, { timeout: 60_000 }).toBe(l1.tip.hash);
}

describe('a node whose engine, at the start,', () => {
  it('is not there waits for it, says so, and goes on when it comes', async () => {
    const door = await Door.reserve();
    undo.push(() => door.shut());
    const node = await start(remote(door.url));
    await expect.poll(async () => (await node.status()).trouble?.code).toBe('engine_unreachable');
    expect((await node.status()).engine).toMatchObject({
      state: 'OFFLINE',
      reason: expect.stringContaining('ECONNREFUSED'),
    });
    const { status, failed } = await node.ready();
    expect(status).toBe(503);
    expect(failed).toEqual(expect.arrayContaining(['engine_state', 'engine_answers']));
    expect(node.said).toEqual([
      expect.stringMatching(/execution engine at 127.0.0.1:\d+ is OFFLINE: .*waits/),
    ]);
    await door.open(await engineOf());
    await comesLevel(node);
    await expect.poll(async () => (await node.ready()).failed).not.toContain('engine_state');
    expect(node.said.slice(1)).toEqual(['The execution engine answers.']);
  }, 120_000);

  it('refuses the token, and then runs another chain, is written nothing until it is the right one', async () => {
    const door = await Door.reserve();
    undo.push(() => door.shut());
    await door.open(await engineOf(l1.genesis, '22'.repeat(32)));
    const node = await start(remote(door.url));
    const engine = async () => (await node.status()).engine;
    await expect.poll(engine).toMatchObject({ state: 'AUTH_FAILED', reason: expect.stringContaining('401') });
    expect((await node.ready()).failed).toContain('engine_state');

    const genesis = l1.genesis as { timestamp: string };
    const other = await engineOf({
      ...genesis,
      timestamp: `0x${(Number(genesis.timestamp) + 1).toString(16)}`,
    });
    await door.open(other);
    await expect.poll(engine, { timeout: 30_000 }).toMatchObject({
      state: 'WRONG_CHAIN',
      reason: expect.stringContaining(l1.l1.config.l2GenesisHash),
    });
    await expect.poll(async () => (await node.ready()).failed).toContain('chains');
    expect((await node.status()).heads.unsafe).toBeNull();

    await door.open(await engineOf());
    await comesLevel(node);
  }, 120_000);

  it('is syncing waits for it', async () => {
    const target = await engineOf();
    let syncing = true;
    const proxy = await scriptedHttp(async ({ json, authorization }) => {
      const { id, method } = json as { id: number; method: string };
      const status = { status: 'SYNCING', latestValidHash: null, validationError: null };
      if (syncing && method.startsWith('engine_newPayload'))
        return { kind: 'json', body: { jsonrpc: '2.0', id, result: status } };
      const headers = { 'content-type': 'application/json', authorization: authorization ?? '' };
      const answer = await fetch(target, { method: 'POST', headers, body: JSON.stringify(json) });
      return { kind: 'json', body: await answer.json() };
    });
    undo.push(() => proxy.close());
    const node = await start(remote(proxy.url));
    await expect.poll(async () => (await node.status()).engine).toMatchObject({ state: 'SYNCING' });
    expect((await node.ready()).status).toBe(503);
    syncing = false;
    await comesLevel(node);
  }, 120_000);
});

describe('a node whose L1 is not there at the start', () => {
  it.each(['drives', 'observes'])(
    '%s nothing yet, says so everywhere, and begins when it comes',
    async (how) => {
      const door = await Door.reserve();
      undo.push(() => door.shut());
      const observed = how === 'observes' ? await start(['--engine-port', '0']) : null;
      if (observed !== null) await comesLevel(observed);
      const url = how === 'observes' ? await engineOf() : '';
      const node = await start(how === 'observes' ? ['--observe', url] : [], door.url);
      await expect
        .poll(async () => (await node.status()).trouble)
        .toMatchObject({
          code: 'unreachable',
          message: expect.stringContaining(`The L1 node at 127.0.0.1:${door.port} does not answer`),
        });
      const status = await node.status();
      expect(status).toMatchObject({
        node: { l1ChainId: null, mode: how === 'observes' ? 'observe' : 'drive' },
        heads: { l1: null },
      });
      expect(['unknown', 'stalled']).toContain(status.verdict.kind);
      const ready = await node.ready();
      expect(ready.status).toBe(503);
      expect(ready.failed).toEqual(expect.arrayContaining(['verdict', 'chains', 'l1_answers']));
      expect((await node.get('/healthz')).status).toBe(200);
      expect((await node.get('/startupz')).status).toBe(503);
      expect(await (await node.get('/metrics')).text()).toMatch(/rollup_driver_ready 0/);
      expect(node.said).toEqual([expect.stringMatching(/^The L1 node at .* does not answer.*waits for it/)]);
      await door.open(l1.l1.anvil.url);
      const seen = async () => (await node.status()).heads.l1?.number ?? null;
      await expect.poll(seen, { timeout: 60_000 }).toBe(await l1.head());
      expect((await node.status()).node.l1ChainId).toBe(l1.l1.config.l1ChainId);
      if (how === 'drives') await comesLevel(node);
      expect(node.said.slice(1)).toEqual(['L1 answers: the node starts.']);
    },
    120_000,
  );

  it('ends in order while it waits', async () => {
    const door = await Door.reserve();
    const node = await start([], door.url);
    await expect.poll(async () => (await node.status()).trouble?.code).toBe('unreachable');
    expect(await node.stop()).toBe(0);
  }, 60_000);
});

it('a leader that starts with neither its engine nor L1 leads once both are there', async () => {
  const [near, far] = [await Door.reserve(), await Door.reserve()];
  undo.push(
    () => near.shut(),
    () => far.shut(),
  );
  const key = { LEADER_KEY: l1.l1.anvil.accounts[0]!.privateKey };
  const node = await start(
    [
      ...remote(near.url),
      '--sequence',
      '--sequencer-key-env',
      'LEADER_KEY',
      '--dangerous-key-in-environment',
    ].concat(['--l2-block-time-ms', '300', '--commit-interval-ms', '500']),
    // The first of two stays away: what it commits goes through the second.
    `${far.url},${(await Door.reserve()).url}`,
    key,
  );
  await expect.poll(async () => (await node.status()).trouble?.code).toBe('unreachable');
  expect((await node.status()).engine?.state).toBe('OFFLINE');
  await far.open(l1.l1.anvil.url);
  const seen = async () => (await node.status()).heads.l1?.number ?? null;
  await expect.poll(seen, { timeout: 60_000 }).not.toBeNull();
  expect((await node.status()).engine?.state).toBe('OFFLINE');
  await near.open(await engineOf());
  const { batch } = l1;
  const committed = async () => (await node.status()).batches.find(({ number }) => number > batch)?.progress;
  await expect.poll(committed, { timeout: 90_000 }).toMatch(/safe|finalized/);
  expect((await node.status()).sequencer?.mode).toBe('Sequencing');
}, 180_000);
