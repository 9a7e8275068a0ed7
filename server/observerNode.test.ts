import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type StatusView, statusView } from './api/views.ts';
import { type Anvil, startAnvil } from './devnet/anvil.ts';
import { Forger } from './devnet/chaos/forger.ts';
import { devnetGenesis } from './devnet/genesis.ts';
import { type EmbeddedEngine, openEmbeddedEngine } from './engine/embedded/open.ts';
import { OBSERVED_METHODS, ObservedNode } from './engine/observedNode.ts';
import { createHttpTransport } from './engine/transport/http.ts';
import { openJournal } from './journal/sqlite.ts';
import { createL1 } from './l1/viemL1.ts';
import { ManualClock } from './lib/clock.ts';
import { createObserverNode, type ObserverNode } from './observerNode.ts';
import type { Hash } from './protocol/refs.ts';
import { DEFAULT_LIMITS, type RollupConfig } from './protocol/rollupConfig.ts';
import { messengerLogs, rawBlockSource, transactionPool } from './sequencer/engineRpc.ts';
import type { JsonRpc } from './sequencer/ports.ts';
import { startCommand } from './testing/process.ts';
import { scriptedHttp } from './testing/scriptedHttp.ts';
import { type SequencerOnAnvil, sequencerOnAnvil, WORLD_START } from './testing/sequencerOnAnvil.ts';

/** A rollup on anvil whose leader's engine is real, and a forger who holds another last block. */
interface Rollup {
  readonly anvil: Anvil;
  readonly leader: EmbeddedEngine;
  readonly l2: JsonRpc;
  readonly world: SequencerOnAnvil;
  readonly forger: Forger;
  readonly config: RollupConfig;
  readonly genesis: unknown;
}

let rollup: Rollup;
const nodes: ObserverNode[] = [];

beforeAll(async () => {
  const genesis = devnetGenesis({ timestamp: WORLD_START / 1000 - 10 });
  const anvil = await startAnvil({ accounts: 4 });
  const http = { host: '127.0.0.1', port: 0 };
  const leader = await openEmbeddedEngine({ genesis, l2Rules: true, http });
  const l2: JsonRpc = { request: (method, params) => leader.rpc(method, params) };
  type First = { hash: Hash; stateRoot: Hash; timestamp: string };
  const first = (await l2.request('eth_getBlockByNumber', ['0x0', false])) as First;
  const world = await sequencerOnAnvil({
    anvil,
    kzg: null,
    genesisStateRoot: first.stateRoot,
    engine: {
      engine: leader.engine,
      source: rawBlockSource(l2),
      pool: transactionPool(l2),
      outgoing: messengerLogs(l2),
    },
  });
  const config: RollupConfig = {
    name: 'observed',
    l1ChainId: world.addresses.l1ChainId,
    l2ChainId: await leader.engine.chainId(),
    onChainProposer: world.addresses.onChainProposer,
    sequencerRegistry: world.addresses.sequencerRegistry,
    bridge: world.addresses.bridge,
    l1StartBlock: 0,
    l2GenesisHash: first.hash,
    l2GenesisTimestamp: Number(first.timestamp),
    batchesPerSequencer: 32,
    limits: DEFAULT_LIMITS,
  };
  rollup = { anvil, leader, l2, world, forger: new Forger({ genesis }), config, genesis };
}, 120_000);

afterAll(async () => {
  for (const node of nodes) await node.stop();
  await rollup?.forger.close();
  await rollup?.leader.engine.close();
  await rollup?.anvil.stop();
});

/** Observes the node at that URL; answers what was asked of it. */
async function observe(url: string) {
  const asked: string[] = [];
  const transport = createHttpTransport({ url, jwtSecret: null, now: Date.now });
  const recorded = {
    call: (method: string, ...rest: [readonly unknown[], object?]) => {
      asked.push(method);
      return transport.call(method, ...rest);
    },
    close: () => transport.close(),
  };
  const clock = new ManualClock(WORLD_START + 600_000);
  const l1 = createL1({
    // Twice the same: a pool whose members agree, and believes neither.
    rpcUrls: [rollup.anvil.url, rollup.anvil.url],
    beaconUrl: rollup.anvil.beaconUrl,
    config: rollup.config,
  });
  const node = createObserverNode(
    { name: 'watch', software: 'plumbline', config: rollup.config, l1Host: 'anvil', pollIntervalMs: 1_000 },
    {
      l1,
      node: new ObservedNode({ url }, { transport: recorded }),
      journal: await openJournal({ file: null, clock }),
      clock,
      onError: (error) => {
        throw error;
      },
    },
  );
  nodes.push(node);
  const settle = async (): Promise<void> => {
    while ((await node.step()) === 'again');
  };
  return { node, asked, settle };
}

describe('observing a node of a devnet', () => {
  test('an honest one is aligned; a tampered one has diverged, at the right block, by both hashes', async () => {
    const { world, l2, leader, forger } = rollup;
    await world.until(2);
    const { real, forged, url } = await forger.forge(l2);
    await world.until(4);
    // Whatever was the leader's head when it was forged is committed by now.
    await world.run(6);
    const honest = await observe(leader.httpUrl!);
    await honest.settle();
    expect(honest.node.status()).toMatchObject({
      node: { mode: 'observe' },
      verdict: { kind: 'aligned' },
      observed: { divergence: null, missing: 0, ethrex: null },
      l1Providers: [
        { state: 'good', lag: 0, failures: 0, inconsistencies: [] },
        { state: 'good', lag: 0, failures: 0, inconsistencies: [] },
      ],
    });
    expect(honest.node.status().heads.safe?.number).toBeGreaterThanOrEqual(real.number);

    const tampered = await observe(url);
    await tampered.settle();
    const status = tampered.node.status();
    expect(status.observed?.divergence).toMatchObject({
      block: real.number,
      derived: real.hash,
      held: forged.hash,
    });
    expect(status.verdict.kind).toBe('diverged');
    expect(status.verdict.sentence).toContain(real.hash);
    expect(status.verdict.sentence).toContain(forged.hash);
    expect(status.verdict.sentence).toContain(`block ${real.number}`);
  }, 120_000);

  test('as a process: start --observe says DIVERGED of the forger’s chain', async () => {
    const { anvil, config, forger, l2, world, genesis } = rollup;
    const { real, url } = await forger.forge(l2);
    await world.run(12);
    const dir = mkdtempSync(join(tmpdir(), 'plumbline-observe-'));
    writeFileSync(join(dir, 'l2.json'), JSON.stringify(genesis));
    const contracts = ['--on-chain-proposer', config.onChainProposer, '--bridge', config.bridge!];
    const files = ['--genesis', join(dir, 'l2.json'), '--data-dir', join(dir, 'data')];
    const watcher = await startCommand<{ api: string }>(
      [
        'start',
        '--observe',
        url,
        '--l1-rpc-url',
        anvil.url,
        ...contracts,
        ...files,
        '--port',
        '0',
        '--no-ui',
      ],
      { quiet: true },
    );
    try {
      const status = async (): Promise<StatusView> =>
        statusView.parse(await (await fetch(`${watcher.ready.api}/api/v1/status`)).json());
      // Slower than the guard allows: asked in a row, it answers 429 before it has come to a verdict.
      const patience = { timeout: 110_000, interval: 100 };
      await expect.poll(async () => (await status()).verdict.kind, patience).toBe('diverged');
      const seen = await status();
      expect(seen.node.mode).toBe('observe');
      expect(seen.observed?.divergence).toMatchObject({ block: real.number, derived: real.hash });
    } finally {
      await watcher.stop();
      rmSync(dir, { recursive: true });
    }
  }, 120_000);

  test('as a process, an ethrex node: its batches and its health beside L1’s, and it is sent nothing but reads', async () => {
    const { anvil, config, world, genesis, leader } = rollup;
    await world.run(4);
    const asked = new Set<string>();
    const confirmed = async () => (await world.contracts.snapshot()).lastCommittedBatch;
    // The leader's own chain, with batches that end elsewhere than on L1.
    const node = await scriptedHttp(async ({ path, json }) => {
      if (path === '/health') return { kind: 'text', status: 503, body: '{"l1_committer":"stopped"}' };
      const { id, method, params } = json as { id: number; method: string; params: [string] };
      asked.add(method);
      const result = async (): Promise<unknown> => {
        if (method === 'ethrex_batchNumber') return `0x${((await confirmed()) - 1).toString(16)}`;
        if (method !== 'ethrex_getBatchByNumber') return leader.rpc(method, params);
        const number = Number(params[0]);
        return { number, first_block: 1, last_block: 2, state_root: `0x${'ab'.repeat(32)}`, commit_tx: null };
      };
      return { kind: 'json', body: { jsonrpc: '2.0', id, result: await result() } };
    });
    const dir = mkdtempSync(join(tmpdir(), 'plumbline-observe-'));
    writeFileSync(join(dir, 'l2.json'), JSON.stringify(genesis));
    const watcher = await startCommand<{ api: string }>(
      ['start', '--observe', node.url, '--observe-health-url', `${node.url}/health`]
        .concat(['--l1-rpc-url', anvil.url, '--on-chain-proposer', config.onChainProposer])
        .concat(['--bridge', config.bridge!, '--genesis', join(dir, 'l2.json')])
        .concat(['--data-dir', join(dir, 'data'), '--port', '0', '--no-ui', '--poll-ms', '200']),
      { quiet: true },
    );
    try {
      const observed = async () =>
        statusView.parse(await (await fetch(`${watcher.ready.api}/api/v1/status`)).json()).observed;
      await expect.poll(async () => (await observed())?.disagreements.length, { timeout: 60_000 }).toBe(3);
      const { divergence, disagreements, health, ethrex } = (await observed())!;
      expect(divergence).toBeNull();
      expect(disagreements.map(({ what }) => what)).toEqual([
        'newest batch',
        expect.stringMatching(/^batch \d+$/),
        expect.stringMatching(/^state root of batch \d+$/),
      ]);
      expect(health).toEqual({ ok: false, detail: 'HTTP 503: {"l1_committer":"stopped"}' });
      expect(ethrex?.batch).toMatchObject({ firstBlock: 1, lastBlock: 2 });
      const reads: readonly string[] = OBSERVED_METHODS;
      expect([...asked].filter((method) => !reads.includes(method))).toEqual([]);
      expect(asked).toContain('ethrex_getBatchByNumber');
    } finally {
      await watcher.stop();
      await node.close();
      rmSync(dir, { recursive: true });
    }
  }, 120_000);

  test('sends it nothing but reads', async () => {
    const { node, asked, settle } = await observe(rollup.leader.httpUrl!);
    await settle();
    await settle();
    expect(node.status().batches.length).toBeGreaterThan(0);
    expect(asked.length).toBeGreaterThan(0);
    const reads: readonly string[] = OBSERVED_METHODS;
    expect(asked.filter((method) => !reads.includes(method))).toEqual([]);
    expect(reads.filter((method) => !/^(eth|ethrex)_(get|chainId|batchNumber)/.test(method))).toEqual([]);
  });

  test('that does not answer is said to, and is looked at again', async () => {
    const { node } = await observe('http://127.0.0.1:9');
    await node.observer.step(new AbortController().signal);
    expect(node.status().trouble).toMatchObject({ code: 'engine_unreachable' });
    expect(node.status().verdict.kind).not.toBe('aligned');
  });
});
