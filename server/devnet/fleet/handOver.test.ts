import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeFunctionResult, encodeFunctionData } from 'viem';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { onChainProposerAbi, sequencerRegistryAbi } from '../../protocol/contractsAbi.ts';
import type { Hash, Hex } from '../../protocol/refs.ts';
import { isPrivileged, transactionHash } from '../../protocol/transaction.ts';
import { rawBlockSource } from '../../sequencer/engineRpc.ts';
import { httpRpc } from '../../sequencer/httpRpc.ts';
import { readCommand } from '../chaos/verbTable.ts';
import { type FleetDevnet, startFleetDevnet } from './fleetDevnet.ts';

/**
 * The devnet's promise in its shortest form: three real nodes lead in turn while they are killed, cut off and
 * unregistered and L1 takes blocks back; in the end all hold the same safe chain, and no deposit is in it twice.
 */
const NODES = 3;
/** Of L1 time at a block a second; on a busy machine a batch takes a few times as long. */
const BATCH_TIMEOUT_MS = 60_000;
const SETTLE_TIMEOUT_MS = 60_000;

const dir = mkdtempSync(join(tmpdir(), 'plumbline-handover-'));
let devnet: FleetDevnet;

beforeAll(async () => {
  devnet = await startFleetDevnet(
    {
      dir,
      nodes: NODES,
      batchesPerSequencer: 2,
      l1BlockTime: 1,
      slotsInAnEpoch: 8,
      l1Port: 0,
      port: null,
      sequence: true,
      pollMs: 200,
      l2BlockTimeMs: 500,
      commitIntervalMs: 1_000,
      traffic: 4,
      seed: 1,
      env: { PATH: process.env['PATH'] },
    },
    { clock: systemClock, progress: () => {}, signal: AbortSignal.timeout(100_000) },
  );
}, 120_000);
afterAll(async () => {
  await devnet?.stop();
  rmSync(dir, { recursive: true });
});

async function say(verb: string, args: object = {}): Promise<void> {
  const command = readCommand(verb, args);
  if (!command.ok) throw new Error(command.error);
  expect(await devnet.chaos.run(command.value)).toMatchObject({ changed: true });
}
const l1Call = async (to: Hex, data: Hex): Promise<Hex> =>
  devnet.l1.anvil.rpc<Hex>('eth_call', [{ to, data }, 'latest']);
async function committed(): Promise<number> {
  const data = encodeFunctionData({ abi: onChainProposerAbi, functionName: 'lastCommittedBatch' });
  return Number(await l1Call(devnet.l1.addresses.onChainProposer, data));
}
async function committer(batch: number): Promise<Hex> {
  const about = { abi: sequencerRegistryAbi, functionName: 'sequencerForBatch' } as const;
  const data = encodeFunctionData({ ...about, args: [BigInt(batch)] });
  return decodeFunctionResult({ ...about, data: await l1Call(devnet.l1.addresses.sequencerRegistry, data) });
}
async function moreBatches(count: number): Promise<void> {
  const wanted = (await committed()) + count;
  await expect.poll(committed, { timeout: BATCH_TIMEOUT_MS, interval: 200 }).toBeGreaterThanOrEqual(wanted);
}
const engines = () =>
  devnet.fleet
    .nodes()
    .map(({ engineRpc }) => httpRpc(engineRpc ?? 'http://127.0.0.1:1', { timeoutMs: 20_000 }));
/** Number of the safe block of each node. */
const safeHeads = async (): Promise<readonly number[]> =>
  Promise.all(
    engines().map(async (engine) => {
      const block = await engine.request('eth_getBlockByNumber', ['safe', false]).catch(() => null);
      return block === null ? 0 : Number((block as { readonly number: Hex }).number);
    }),
  );
const chainOf = async (engine: ReturnType<typeof httpRpc>, height: number) => {
  const source = rawBlockSource(engine);
  return Promise.all(Array.from({ length: height }, async (_, at) => (await source.sealedBlock(at + 1))!));
};

test('leaders change while nodes and L1 are disturbed, and all nodes end with one safe chain', {
  timeout: 400_000,
}, async () => {
  await moreBatches(3);
  await say('kill');
  await moreBatches(2);
  await say('reorg', { depth: 3, transactions: 'drop' });
  await moreBatches(2);
  await say('unregister');
  await moreBatches(2);
  await say('register');
  await say('partition', { node: 'node-2' });
  await say('heal', { node: 'node-2' });
  await moreBatches(4);
  // Users fall silent; what they sent before is still committed.
  await devnet.traffic.stop();
  const reached = await committed();
  await moreBatches(2);

  const terms = await Promise.all(Array.from({ length: reached }, (_, at) => committer(at + 1)));
  const turns = terms.filter((leader, at) => leader !== terms[at - 1]).length;
  expect(new Set(terms).size).toBe(NODES);
  expect(turns).toBeGreaterThanOrEqual(5);

  const height = Math.max(...(await safeHeads()));
  await expect
    .poll(async () => Math.min(...(await safeHeads())), { timeout: SETTLE_TIMEOUT_MS, interval: 200 })
    .toBeGreaterThanOrEqual(height);
  const chains = await Promise.all(engines().map((engine) => chainOf(engine, height)));
  const hashes = chains.map((chain) => chain.map((block) => block.hash));
  for (const one of hashes.slice(1)) expect(one).toEqual(hashes[0]);

  const { all, distinct } = await messagesInSafeChain();
  expect(all).toBeGreaterThan(0);
  expect(distinct).toBe(all);
});

async function messagesInSafeChain(): Promise<{ readonly all: number; readonly distinct: number }> {
  const chain = await chainOf(engines()[0]!, (await safeHeads())[0]!);
  const hashes: readonly Hash[] = chain.flatMap((block) =>
    block.transactions.filter(isPrivileged).map(transactionHash),
  );
  return { all: hashes.length, distinct: new Set(hashes).size };
}
