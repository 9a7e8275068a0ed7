import { afterAll, beforeAll, expect, test } from 'vitest';
import { openEmbeddedEngine } from '../engine/embedded/open.ts';
import { decodeBlobPayload } from '../protocol/blob.ts';
import type { SealedBlock } from '../protocol/block.ts';
import { fromHex } from '../protocol/bytes.ts';
import type { Hash } from '../protocol/refs.ts';
import { isPrivileged, transactionHash } from '../protocol/transaction.ts';
import { messengerLogs, rawBlockSource, transactionPool } from '../sequencer/engineRpc.ts';
import { loadBlobCommitter } from '../sequencer/kzg.ts';
import type { BlobCommitter } from '../sequencer/localSigner.ts';
import type { JsonRpc } from '../sequencer/ports.ts';
import { FakeEngine } from '../testing/fakeEngine.ts';
import { type SequencerOnAnvil, sequencerOnAnvil, WORLD_START } from '../testing/sequencerOnAnvil.ts';
import { type Anvil, startAnvil } from './anvil.ts';
import { DEVNET_L2_CHAIN_ID, devAccounts, devnetGenesis } from './genesis.ts';
import { Traffic } from './traffic.ts';

let anvil: Anvil;
beforeAll(async () => {
  anvil = await startAnvil({ accounts: 4 });
});
afterAll(() => anvil.stop());

const recipient = devAccounts(1)[0]!.address;
const messagesIn = (blocks: readonly SealedBlock[]): readonly Hash[] =>
  blocks.flatMap((block) => block.transactions.filter(isPrivileged).map(transactionHash));

async function onFakeEngine(kzg: (() => Promise<BlobCommitter>) | null) {
  const engine = new FakeEngine({ genesisTimestamp: WORLD_START / 1000 - 10 });
  const world = await sequencerOnAnvil({
    anvil,
    kzg,
    genesisStateRoot: engine.genesis.header.stateRoot,
    engine: { engine, source: engine, pool: engine, outgoing: { outgoing: async () => [] } },
  });
  return { engine, world };
}

/** The engine's chain holds the block that L1 names, and nothing is in trouble. */
async function expectConsistent(world: SequencerOnAnvil, chain: readonly SealedBlock[]): Promise<void> {
  const { lastCommittedBlockHash } = await world.contracts.snapshot();
  expect(chain.map((block) => block.hash)).toContain(lastCommittedBlockHash);
  expect(world.sequencer.status()).toMatchObject({ mode: 'Sequencing', troubles: [] });
}

test('five batches with deposits and users’ transactions end on L1, and its rules accept each', async () => {
  const { engine, world } = await onFakeEngine(null);
  const queued = new Set<Hash>();
  for (let wei = 1n; wei <= 4n; wei++) {
    await world.bridge.deposit(recipient, wei);
    engine.pool.push(Uint8Array.of(0x02, Number(wei)));
    await world.run(3);
    for (const hash of (await world.contracts.snapshot()).pendingMessages) queued.add(hash);
  }
  await world.until(5);
  await world.run(8);
  await expectConsistent(world, engine.chain);
  expect(messagesIn(engine.chain)).toEqual([...queued]);
  expect(queued.size).toBe(4);
  const { lastVerifiedBatch, lastCommittedBatch } = await world.contracts.snapshot();
  expect(lastCommittedBatch).toBeGreaterThanOrEqual(5);
  expect(lastVerifiedBatch).toBeGreaterThanOrEqual(3);
});

test('a batch that an L1 reorg drops is committed again, with the same blocks', async () => {
  const { engine, world } = await onFakeEngine(null);
  await world.until(2);
  const before = engine.chain.map((block) => block.hash);
  const { at, lastCommittedBatch } = await world.contracts.snapshot();
  await anvil.rpc('anvil_reorg', [4, []]);
  const after = await world.contracts.snapshot();
  expect(after.at.hash).not.toBe(at.hash);
  expect(after.lastCommittedBatch).toBeLessThan(lastCommittedBatch);
  await world.until(4);
  await world.run(6);
  await expectConsistent(world, engine.chain);
  expect(engine.chain.slice(0, before.length).map((block) => block.hash)).toEqual(before);
});

test('in rollup mode each batch carries its blocks in a blob too', { timeout: 60_000 }, async () => {
  const { engine, world } = await onFakeEngine(loadBlobCommitter);
  await world.until(1);
  await expectConsistent(world, engine.chain);
  const { number } = (await world.contracts.snapshot()).at;
  const tag = `0x${number.toString(16)}`;
  const block = await anvil.rpc<{ transactions: unknown[] }>('eth_getBlockByNumber', [tag, true]);
  expect(block.transactions).toMatchObject([{ type: '0x3', blobVersionedHashes: [expect.any(String)] }]);
  const answer = await fetch(`${anvil.beaconUrl}/eth/v1/beacon/blobs/${number}`);
  const { data } = (await answer.json()) as { data: string[] };
  const payload = decodeBlobPayload(fromHex(data[0]!));
  const blocks = payload.ok ? payload.value.blocks.map(({ hash }) => hash) : [];
  expect(blocks.length).toBeGreaterThan(0);
  expect(blocks).toEqual(engine.chain.slice(1, blocks.length + 1).map(({ hash }) => hash));
});

async function onEmbeddedEngine() {
  const embedded = await openEmbeddedEngine({
    genesis: devnetGenesis({ timestamp: WORLD_START / 1000 - 10 }),
    l2Rules: true,
  });
  const l2: JsonRpc = { request: (method, params) => embedded.rpc(method, params) };
  const genesis = (await l2.request('eth_getBlockByNumber', ['0x0', false])) as { stateRoot: Hash };
  const source = rawBlockSource(l2);
  const world = await sequencerOnAnvil({
    anvil,
    kzg: null,
    genesisStateRoot: genesis.stateRoot,
    engine: { engine: embedded.engine, source, pool: transactionPool(l2), outgoing: messengerLogs(l2) },
  });
  const users = new Traffic(
    {
      seed: 7,
      perSecond: 5,
      depositEvery: 10,
      l2ChainId: DEVNET_L2_CHAIN_ID,
      accounts: devAccounts(8).slice(4),
    },
    { clock: world.clock, l2, bridge: world.bridge },
  );
  /** The canonical chain without its genesis, read back from the engine. */
  const chain = async (): Promise<readonly SealedBlock[]> => {
    const { latest } = await embedded.engine.labels();
    const numbers = Array.from({ length: latest.number }, (_, index) => index + 1);
    return Promise.all(numbers.map(async (number) => (await source.sealedBlock(number))!));
  };
  return { embedded, l2, world, users, chain };
}

const stranger = '0x00000000000000000000000000000000000beef1';
const usersTransactions = (blocks: readonly SealedBlock[]): readonly Hash[] =>
  blocks.flatMap((block) => block.transactions.filter((each) => !isPrivileged(each)).map(transactionHash));

test('on the embedded engine deposits arrive and the blocks read back are the committed ones', {
  timeout: 60_000,
}, async () => {
  const { embedded, l2, world, users, chain } = await onEmbeddedEngine();
  try {
    await world.bridge.deposit(stranger, 12_345n);
    for (let second = 0; second < 24; second++) {
      await users.step();
      await world.run(1);
    }
    await world.run(8);
    const blocks = await chain();
    await expectConsistent(world, blocks);
    expect((await world.contracts.snapshot()).lastCommittedBatch).toBeGreaterThanOrEqual(5);
    const { sent, failed, lastError } = users.status();
    expect({ failed, lastError }).toEqual({ failed: 0, lastError: null });
    expect(messagesIn(blocks)).toHaveLength(sent.deposit + 1);
    expect(usersTransactions(blocks)).toHaveLength(sent.transfer + sent.token + sent.counter);
    expect(BigInt((await l2.request('eth_getBalance', [stranger, 'latest'])) as Hash)).toBe(12_345n);
  } finally {
    await embedded.close();
  }
});

test('a deposit that an L1 reorg takes back leaves the embedded engine, and users’ transactions stay', {
  timeout: 60_000,
}, async () => {
  const { embedded, l2, world, users, chain } = await onEmbeddedEngine();
  try {
    await world.run(6);
    await users.step();
    await world.clock.advance(1_000);
    await users.step();
    await world.bridge.deposit(stranger, 5n);
    await anvil.rpc('evm_mine');
    await world.run(1);
    const before = await chain();
    expect(messagesIn(before)).toHaveLength(1);
    const waiting = usersTransactions(before);
    expect(waiting.length).toBeGreaterThan(0);
    await anvil.rpc('anvil_reorg', [2, []]);
    await world.run(12);
    const after = await chain();
    expect(messagesIn(after)).toEqual([]);
    expect([...usersTransactions(after)].sort()).toEqual([...waiting].sort());
    expect(BigInt((await l2.request('eth_getBalance', [stranger, 'latest'])) as Hash)).toBe(0n);
    await expectConsistent(world, after);
  } finally {
    await embedded.close();
  }
});
