import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { httpRpc } from '../../sequencer/httpRpc.ts';
import { readCommand } from '../chaos/verbTable.ts';
import { DEVNET_L2_CHAIN_ID } from '../genesis.ts';
import { type FleetDevnet, startFleetDevnet } from './fleetDevnet.ts';
import { KEY_VARIABLE, nodeCommand, readSurroundings } from './nodeCommand.ts';

const dir = mkdtempSync(join(tmpdir(), 'plumbline-devnet-'));
const env = { PATH: process.env['PATH'], PLUMBLINE_POLL_MS: 'of the parent alone' };
const said: string[] = [];
let devnet: FleetDevnet;

beforeAll(async () => {
  devnet = await startFleetDevnet(
    {
      dir,
      nodes: 2,
      batchesPerSequencer: 4,
      l1Port: 0,
      port: null,
      sequence: false,
      pollMs: 100,
      l2BlockTimeMs: 1_000,
      commitIntervalMs: 4_000,
      traffic: 20,
      seed: 1,
      env,
    },
    { clock: systemClock, progress: (line) => said.push(line), signal: AbortSignal.timeout(140_000) },
  );
}, 150_000);
afterAll(async () => {
  await devnet?.stop();
  rmSync(dir, { recursive: true });
});

const asks = (from: string, to: string) =>
  httpRpc(devnet.fleet.peerProxy(from, to).url, { timeoutMs: 20_000 });
const command = (verb: string, args: object) => {
  const read = readCommand(verb, args);
  if (!read.ok) throw new Error(read.error);
  return devnet.chaos.run(read.value);
};

test('real nodes run beside each other, each a process with an engine that its peers reach', async () => {
  const nodes = devnet.fleet.nodes();
  expect(nodes.map(({ state }) => state.kind)).toEqual(['running', 'running']);
  expect(new Set([process.pid, ...nodes.map(({ pid }) => pid)]).size).toBe(3);
  expect(Number(await asks('node-1', 'node-2').request('eth_chainId', []))).toBe(DEVNET_L2_CHAIN_ID);
  expect(Number(await asks('node-2', 'node-1').request('eth_chainId', []))).toBe(DEVNET_L2_CHAIN_ID);
  const answer = await command('status', {});
  expect(answer.sentence).toBe('node-1 is running, leads; node-2 is running.');
});

test('they see L1 through proxies of their own, by calls and by WebSocket', async () => {
  const passed = (name: string) => devnet.fleet.l1Proxy(name).stats.passed;
  const before = ['node-1', 'node-2'].map(passed);
  await devnet.l1.anvil.rpc('evm_mine');
  await expect
    .poll(() => ['node-1', 'node-2'].map((name, at) => passed(name) > before[at]!), { timeout: 25_000 })
    .toEqual([true, true]);
});

test('users’ transactions are in the pool of every node', async () => {
  const waiting = async (from: string, to: string): Promise<number> => {
    const status = (await asks(from, to).request('txpool_status', [])) as { readonly pending: string };
    return Number(status.pending);
  };
  await expect
    .poll(async () => Math.min(await waiting('node-1', 'node-2'), await waiting('node-2', 'node-1')), {
      timeout: 25_000,
    })
    .toBeGreaterThan(2);
  expect(devnet.traffic.status().lastError).toBeNull();
});

test('a killed node comes back with its data, and its peers find its new engine', {
  timeout: 120_000,
}, async () => {
  const { pid } = devnet.fleet.node('node-2');
  await command('kill', { node: 'node-2' });
  expect(said.at(-1)).toMatch(/^node-2 crashed \(was ended by SIGKILL\), starts again in 1 s$/);
  await devnet.fleet.child('node-2').whenRunning(AbortSignal.timeout(90_000));
  expect(devnet.fleet.node('node-2').pid).not.toBe(pid);
  expect(Number(await asks('node-1', 'node-2').request('eth_chainId', []))).toBe(DEVNET_L2_CHAIN_ID);
});

test('the end of the devnet is the end of all of it', { timeout: 60_000 }, async () => {
  const pids = devnet.fleet.nodes().map(({ pid }) => pid!);
  await devnet.stop();
  expect(devnet.fleet.nodes().map(({ state }) => state.kind)).toEqual(['stopped', 'stopped']);
  for (const pid of [...pids, devnet.l1.anvil.pid]) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  expect(existsSync(devnet.control.file)).toBe(false);
});

test('a sequencer’s key is in its environment and not on its command line; our settings are in neither', () => {
  const privateKey = devnet.l1.nodes[0]!.sequencer.privateKey;
  const other = devnet.l1.nodes[1]!.sequencer.address;
  const surroundings = {
    dashboards: [{ name: 'node-1', url: 'http://localhost:3000' }],
    controlFile: devnet.control.file,
  };
  const { args, env: theirs } = nodeCommand(
    {
      name: 'node-1',
      dataDir: dir,
      dashboardPort: 3000,
      config: devnet.l1.config,
      genesisFile: devnet.l1.genesisFile,
      pollMs: 500,
      sequencing: {
        address: devnet.l1.nodes[0]!.sequencer.address,
        privateKey,
        blockTimeMs: 1_000,
        commitIntervalMs: 4_000,
      },
      surroundings,
      env,
    },
    {
      l1RpcUrl: 'http://a',
      l1WsUrl: 'ws://a',
      beaconUrl: 'http://a',
      peers: [{ name: 'node-2', sequencer: other, url: 'http://b' }],
    },
  );
  expect(args).toEqual(
    expect.arrayContaining(['--sequence', '--peers', `${other}@http://b`, '--sequencer-key-env']),
  );
  expect(args.join(' ')).not.toContain(privateKey.slice(2));
  expect(theirs).toMatchObject({ PATH: env.PATH, [KEY_VARIABLE]: privateKey });
  expect(Object.keys(theirs)).not.toContain('PLUMBLINE_POLL_MS');
  expect(readSurroundings(theirs)).toEqual(surroundings);
  expect([readSurroundings({}), readSurroundings({ DEVNET_SURROUNDINGS: '{' })]).toEqual([null, null]);
});
