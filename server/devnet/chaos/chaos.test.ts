import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toFunctionSelector } from 'viem';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type EmbeddedEngine, openEmbeddedEngine } from '../../engine/embedded/open.ts';
import { systemClock } from '../../lib/clock.ts';
import { type Hex, ZERO_HASH } from '../../protocol/refs.ts';
import { httpRpc } from '../../sequencer/httpRpc.ts';
import { type Anvil, startAnvil } from '../anvil.ts';
import { deployContracts } from '../deploy.ts';
import { Fleet } from '../fleet/fleet.ts';
import { devAccounts, devnetGenesis } from '../genesis.ts';
import { Chaos } from './chaos.ts';
import { Forger } from './forger.ts';
import { L1Chaos } from './l1Chaos.ts';
import { argumentsOf, type ChaosCommand, readCommand, type VerbName } from './verbTable.ts';

/** A node that says it is ready and nothing more. Its engine is the one that the test runs. */
const STUB = `
  process.on('disconnect', () => process.exit());
  const [dashboard, engine] = process.argv.slice(2);
  process.stdout.write(JSON.stringify({ dashboard, engine }) + '\\n');
  setInterval(() => {}, 1000);
`;
const NAMES = ['node-1', 'node-2', 'node-3'];
const [deployer, stranger, ...sequencers] = devAccounts(5);
const genesis = devnetGenesis({ timestamp: 1_700_000_000 });
const dir = mkdtempSync(join(tmpdir(), 'plumbline-chaos-'));

let anvil: Anvil;
let engine: EmbeddedEngine;
let fleet: Fleet;
let chaos: Chaos;
const forger = new Forger({ genesis });

beforeAll(async () => {
  writeFileSync(join(dir, 'stub.mjs'), STUB);
  anvil = await startAnvil({ accounts: 5 });
  engine = await openEmbeddedEngine({ genesis, l2Rules: true, http: { host: '127.0.0.1', port: 0 } });
  const contracts = await deployContracts({
    l1Url: anvil.url,
    deployerKey: deployer!.privateKey,
    genesisStateRoot: `0x${'01'.repeat(32)}`,
    l2ChainId: 4711,
    batchesPerSequencer: 2,
    validium: true,
    sequencers: sequencers.map(({ address }) => address),
  });
  fleet = await Fleet.open(
    {
      l1Url: anvil.url,
      commits: { to: contracts.onChainProposer, selector: toFunctionSelector('commitBatch(uint256)') },
      members: NAMES.map((name, at) => ({
        name,
        sequencer: sequencers[at]!.address,
        command: () => ({
          file: process.execPath,
          args: [join(dir, 'stub.mjs'), `http://localhost:${3000 + at}`, engine.httpUrl!],
          env: {},
        }),
      })),
      backoff: { firstMs: 600_000, maxMs: 600_000, factor: 1, jitter: 0 },
    },
    { clock: systemClock },
  );
  const l1 = new L1Chaos(
    {
      l1Url: anvil.url,
      registry: contracts.sequencerRegistry,
      firstBlock: Number(await anvil.rpc('eth_blockNumber')) + 1,
      strangerKey: stranger!.privateKey,
    },
    { rpc: httpRpc(anvil.url, { timeoutMs: 10_000 }) },
  );
  chaos = new Chaos({ fleet, l1, forger, clock: systemClock });
  await fleet.start(AbortSignal.timeout(20_000));
});
afterAll(async () => {
  await fleet.stop();
  await forger.close();
  await engine.close();
  await anvil.stop();
  rmSync(dir, { recursive: true });
});

/** As a person would write it. */
async function say(verb: VerbName, ...words: string[]) {
  const args = argumentsOf(verb, words);
  const command = args.ok ? readCommand(verb, args.value) : args;
  if (!command.ok) throw new Error(command.error);
  return chaos.run(command.value as ChaosCommand);
}
const allUp = () => fleet.start(AbortSignal.timeout(20_000));
const stateOf = (name: string): string => fleet.node(name).state.kind;
const through = (url: string) => httpRpc(url, { timeoutMs: 5_000 });
const asks = (from: string, to: string) => through(fleet.peerProxy(from, to).url);

afterEach(async () => {
  await say('heal');
  await say('resume');
  await say('register');
  await allUp();
});

test('the leader is stopped and started again, and each may be said twice', async () => {
  const { pid } = fleet.node('node-1');
  const first = await say('stop', 'leader');
  expect(first).toMatchObject({ changed: true, sentence: expect.stringContaining('Stopped node-1') });
  expect(stateOf('node-1')).toBe('stopped');
  expect(await say('stop', 'leader')).toMatchObject({ changed: false });
  expect((await say('status')).sentence).toContain('node-1 is stopped, leads');
  expect(await say('start')).toMatchObject({ changed: true, sentence: expect.stringContaining('node-1') });
  await allUp();
  expect(fleet.node('node-1').pid).not.toBe(pid);
  expect(await say('start')).toMatchObject({ changed: false });
});

test('a paused node has its process and goes on with it', async () => {
  const { pid } = fleet.node('node-2');
  expect(await say('pause', 'node-2')).toMatchObject({ changed: true });
  expect(await say('pause', 'node-2')).toMatchObject({ changed: false });
  expect(fleet.node('node-2')).toMatchObject({ pid, state: { kind: 'paused' } });
  expect(await say('resume')).toMatchObject({ changed: true });
  expect(await say('resume')).toMatchObject({ changed: false });
  expect(fleet.node('node-2')).toMatchObject({ pid, state: { kind: 'running' } });
});

test('a killed node shows why it is down, and its peers lose it', async () => {
  expect(await asks('node-1', 'node-3').request('eth_blockNumber', [])).toBe('0x0');
  expect(await say('kill', 'node-3')).toMatchObject({ changed: true });
  expect((await say('status')).sentence).toContain('node-3 is crashed (was ended by SIGKILL)');
  await expect(asks('node-1', 'node-3').request('eth_blockNumber', [])).rejects.toThrow();
  expect(await say('kill', 'node-3')).toMatchObject({ changed: false });
  await say('start', 'node-3');
  await allUp();
  expect(await asks('node-1', 'node-3').request('eth_blockNumber', [])).toBe('0x0');
});

test('a partitioned node reaches nobody and nobody reaches it, while the others talk; healing ends it', async () => {
  expect(await say('partition', 'node-1')).toMatchObject({ changed: true });
  expect(await say('partition', 'node-1')).toMatchObject({ changed: false });
  await say('partition', 'node-2');
  const l1 = through(fleet.l1Proxy('node-1').url);
  await expect(l1.request('eth_chainId', [])).rejects.toThrow();
  await expect(asks('node-1', 'node-3').request('eth_chainId', [])).rejects.toThrow();
  await expect(asks('node-3', 'node-1').request('eth_chainId', [])).rejects.toThrow();
  await say('heal', 'node-1');
  expect(await l1.request('eth_chainId', [])).toBe('0x7a69');
  expect(await asks('node-3', 'node-1').request('eth_blockNumber', [])).toBe('0x0');
  // The other one is still cut off, from the healed one too.
  await expect(asks('node-1', 'node-2').request('eth_chainId', [])).rejects.toThrow();
  expect(await say('heal')).toMatchObject({ changed: true });
  expect(await asks('node-1', 'node-2').request('eth_blockNumber', [])).toBe('0x0');
  expect(await say('heal')).toMatchObject({ changed: false, sentence: 'Nothing was disturbed.' });
});

test('faults of L1 stay apart by node and are told by status', async () => {
  await say('delay-l1', 'node-1', '250');
  await say('drop-commits', 'node-2');
  await say('delay-commits', 'node-3', '9000');
  expect(await say('drop-commits', 'node-2')).toMatchObject({ changed: false });
  expect(await say('refuse-commits', 'node-2')).toMatchObject({ changed: true });
  const { sentence } = await say('status');
  expect(sentence).toContain('node-1 is running, leads (L1 250 ms late)');
  expect(sentence).toContain('node-2 is running (commits refused)');
  expect(sentence).toContain('node-3 is running (commits delayed by 9000 ms)');
  expect(fleet.l1Proxy('node-1').rules.commits).toEqual({ kind: 'pass' });
});

test('unregistering the leader gives the turn to another, and a chain without any says so', async () => {
  expect((await say('unregister')).sentence).toContain('unregistered node-1');
  expect(await say('unregister', 'node-1')).toMatchObject({ changed: false });
  await say('unregister');
  expect((await say('unregister')).sentence).toContain('nobody leads now');
  await expect(say('stop', 'leader')).rejects.toMatchObject({ code: 'not_now' });
  expect((await say('status')).sentence).toContain('nobody leads');
  expect((await say('register', 'node-1')).sentence).toContain('node-1 leads now');
});

test('a reorg of L1 says what it replaced', async () => {
  await anvil.rpc('anvil_mine', ['0x4']);
  const { sentence } = await say('reorg', '2', 'drop');
  expect(sentence).toMatch(/^Replaced 2 L1 blocks from \d+ on \(0x\w{8}… is now 0x\w{8}…\)/);
});

test('peers of an equivocating node see another block of the same height and parent; the node keeps its own', async () => {
  await expect(say('equivocate', 'node-1')).rejects.toMatchObject({ code: 'not_now' });
  for (let at = 1; at <= 3; at++) await addBlock(at);
  expect((await say('equivocate', 'node-1')).sentence).toContain('served block 3 as');
  type Block = { readonly hash: Hex; readonly parentHash: Hex; readonly number: Hex };
  const read = async (rpc: ReturnType<typeof asks>) =>
    (await rpc.request('eth_getBlockByNumber', ['latest', false])) as Block;
  const [real, forged, other] = await Promise.all([
    read(through(engine.httpUrl!)),
    read(asks('node-2', 'node-1')),
    read(asks('node-1', 'node-2')),
  ]);
  expect(forged.hash).not.toBe(real.hash);
  expect([forged.number, forged.parentHash]).toEqual([real.number, real.parentHash]);
  expect(other.hash).toBe(real.hash);
  expect((await say('status')).sentence).toContain(
    'node-1 is running, leads (peers are served a forged block)',
  );
  // The chain goes on, and the forger goes on with it.
  await addBlock(4);
  expect((await say('equivocate', 'node-1')).sentence).toContain('served block 4 as');
  await say('heal');
  expect((await read(asks('node-2', 'node-1'))).number).toBe('0x4');
});

async function addBlock(number: number): Promise<void> {
  const parent = (await engine.engine.blockByNumber('latest'))!;
  const labels = { safeBlockHash: ZERO_HASH, finalizedBlockHash: ZERO_HASH };
  const { payloadId } = await engine.engine.forkchoiceUpdated(
    { headBlockHash: parent.hash, ...labels },
    {
      timestamp: 1_700_000_000 + number,
      prevRandao: ZERO_HASH,
      suggestedFeeRecipient: sequencers[0]!.address,
      withdrawals: [],
      parentBeaconBlockRoot: ZERO_HASH,
    },
  );
  const { block } = await engine.engine.getPayload(payloadId!);
  await engine.engine.newPayload(block);
  await engine.engine.forkchoiceUpdated({ headBlockHash: block.hash, ...labels }, null);
}

test('words that are not understood are refused with what is', async () => {
  await expect(say('stop', 'node-9')).rejects.toMatchObject({
    code: 'bad_request',
    message: 'There is no node "node-9"; there are: node-1, node-2, node-3, leader.',
  });
  await expect(say('reorg', 'many')).rejects.toThrow('depth: a whole number is expected');
  await expect(say('reorg', '3', 'perhaps')).rejects.toThrow('"keep" or "drop" is expected');
  await expect(say('stop', 'a', 'b')).rejects.toThrow('Usage: plumbline chaos stop [NODE]');
  expect(readCommand('explode', {})).toMatchObject({ ok: false, error: expect.stringContaining('no verb') });
  expect(readCommand('toString', {})).toMatchObject({ ok: false });
  expect(readCommand('stop', { node: 'leader', force: true })).toMatchObject({ ok: false });
});
