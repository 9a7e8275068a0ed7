import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { L1Chaos } from './devnet/chaos/l1Chaos.ts';
import { type FleetL1, startFleetL1 } from './devnet/fleet/fleetL1.ts';
import { type EmbeddedEngine, openEmbeddedEngine } from './engine/embedded/open.ts';
import { openJournal } from './journal/sqlite.ts';
import { createL1 } from './l1/viemL1.ts';
import { systemClock } from './lib/clock.ts';
import { createNode, type RollupNode } from './node.ts';
import type { Address, Hash, Hex } from './protocol/refs.ts';
import { openSqliteFence } from './sequencer/fence/sqliteFenceStore.ts';
import { httpRpc } from './sequencer/httpRpc.ts';
import { L1Contracts } from './sequencer/l1Contracts.ts';
import { LocalSigner } from './sequencer/localSigner.ts';
import { createSequencing, type Sequencing } from './sequencing.ts';

/** Two whole nodes in this process, each with an engine of its own that executes, on the real contracts. */
const TERM = 4;
const PATIENCE = { timeout: 60_000, interval: 50 };

interface Member {
  readonly address: Address;
  readonly engine: EmbeddedEngine;
  readonly node: RollupNode;
  readonly sequencing: Sequencing;
  /** Whether its key is kept from it: it goes on with blocks, and commits none. */
  readonly key: { away: boolean };
  /** Kinds and payloads of its journal, oldest first. */
  readonly journal: () => readonly { kind: string; payload: unknown }[];
}

const dir = mkdtempSync(join(tmpdir(), 'plumbline-sequencing-'));
const undo: (() => Promise<unknown>)[] = [];
let l1: FleetL1;
let contracts: L1Contracts;
let first: Member;
let second: Member;

beforeAll(async () => {
  const signal = AbortSignal.timeout(140_000);
  l1 = await startFleetL1(
    { dir, nodes: 2, batchesPerSequencer: TERM, l1Port: 0 },
    { clock: systemClock, signal },
  );
  undo.push(() => l1.stop());
  const { onChainProposer: proposer, bridge, sequencerRegistry: registry } = l1.addresses;
  contracts = new L1Contracts(
    { proposer, bridge, registry },
    { rpc: httpRpc(l1.anvil.url, { timeoutMs: 20_000 }) },
  );
  const engines = await Promise.all(
    l1.nodes.map(() => openEmbeddedEngine({ genesis: l1.genesis, l2Rules: true, http: { port: 0 } })),
  );
  first = await member(0, engines);
  second = await member(1, engines);
}, 150_000);

afterAll(async () => {
  for (const end of undo.reverse()) await end();
  rmSync(dir, { recursive: true, force: true });
});

async function member(at: number, engines: readonly EmbeddedEngine[]): Promise<Member> {
  const { address, privateKey } = l1.nodes[at]!.sequencer;
  const engine = engines[at]!;
  const other = 1 - at;
  const memory = await openJournal({ file: null, clock: systemClock });
  const written: { kind: string; payload: unknown }[] = [];
  let sequencing: Sequencing | null = null;
  const signer = new LocalSigner({ privateKey }, { kzg: null });
  const key = { away: false };
  const node = createNode(
    {
      name: `node-${at + 1}`,
      mode: 'devnet',
      software: 'test',
      config: l1.config,
      l1Host: 'localhost',
      pollIntervalMs: 100,
      ourSequencer: address,
    },
    {
      l1: createL1({ rpcUrls: [l1.anvil.url], config: l1.config, pollIntervalMs: 100 }),
      engine: engine.engine,
      journal: {
        append: (kind, payload, ref) => memory.append(kind, payload, ref),
        appendAll: (events) => {
          written.push(...events);
          return memory.appendAll(events);
        },
        list: (query) => memory.list(query),
        since: (after, limit) => memory.since(after, limit),
        tryWrite: () => memory.tryWrite(),
        tend: () => memory.tend(),
        checkpoint: memory.checkpoint,
        models: memory.models,
        previous: memory.previous,
        close: () => memory.close(),
      },
      clock: systemClock,
      onError: (error) => {
        throw error;
      },
      sequencing: ({ journal, onWork, onHeadMove }) => {
        sequencing = createSequencing(
          {
            config: l1.config,
            l1Urls: [l1.anvil.url],
            peers: [{ url: engines[other]!.httpUrl!, sequencer: l1.nodes[other]!.sequencer.address }],
            blockTimeMs: 200,
            commitIntervalMs: 4_000,
            l1PollMs: 100,
            mode: 'validium',
            gasLimit: 30_000_000n,
          },
          {
            clock: systemClock,
            engine: engine.engine,
            engineRpc: { request: (method, params) => engine.rpc(method, params) },
            signer: {
              address: signer.address,
              sign: async (transaction) => {
                if (key.away) throw new Error('the key is away');
                return signer.sign(transaction);
              },
            },
            fenceStore: openSqliteFence({ file: join(dir, `fence-${at}.db`) }),
            holder: `test-${at}`,
            journal,
            onWork,
            ...(onHeadMove && { onHeadMove }),
          },
        );
        return sequencing;
      },
    },
  );
  undo.push(() => node.stop());
  return { address, engine, node, sequencing: sequencing!, key, journal: () => written };
}

const committed = async (): Promise<number> => (await contracts.snapshot()).lastCommittedBatch;
const heads = ({ engine }: Member) => engine.engine.labels();

test('a node whose turn comes while it is behind builds nothing until it holds all that L1 has', {
  timeout: 90_000,
}, async () => {
  first.node.start();
  await expect.poll(committed, PATIENCE).toBe(TERM - 1);
  const { leader, lastCommittedBlockHash } = await contracts.snapshot();
  expect(leader).toBe(second.address);
  second.sequencing.start();
  // The fence and the registry look by themselves; the node is stepped by hand.
  await expect.poll(() => second.sequencing.view().leadership?.leader, PATIENCE).toBe(second.address);
  const modes: string[] = [];
  await expect
    .poll(async () => {
      const { mode, produced } = second.sequencing.view().sequencer;
      if (mode !== 'Sequencing') expect(produced.blocks).toBe(0);
      if (modes.at(-1) !== mode) modes.push(mode);
      if (mode === 'Sequencing') return mode;
      await second.node.step();
      return mode;
    }, PATIENCE)
    .toBe('Sequencing');
  expect(modes[0]).toBe('Syncing');
  expect((await heads(second)).safe?.hash).toBe(lastCommittedBlockHash);
  expect(second.journal().filter(({ kind }) => kind === 'sequencer.state')).not.toContainEqual(
    expect.objectContaining({ payload: expect.objectContaining({ to: 'entering', committedHead: null }) }),
  );
});

test('a leader that loses the turn reverts, and its users’ transactions land in the next leader’s blocks', {
  timeout: 120_000,
}, async () => {
  second.node.start();
  const before = await committed();
  await expect.poll(committed, PATIENCE).toBeGreaterThan(before);
  // No batch until it has lost the turn, however long what comes before that takes.
  second.key.away = true;
  const hash = await transfer(second, 0);
  await expect.poll(() => blockOf(second, hash), PATIENCE).not.toBeNull();
  const reverted = (await blockOf(second, hash))!;
  // The follower has it from the leader's unsafe block, and from nowhere else.
  await expect.poll(() => blockOf(first, hash), PATIENCE).toEqual(reverted);
  expect(reverted.number).toBeGreaterThan((await heads(second)).safe?.number ?? 0);
  const chaos = new L1Chaos(
    {
      l1Url: l1.anvil.url,
      registry: l1.addresses.sequencerRegistry,
      firstBlock: l1.firstOpenBlock,
      strangerKey: l1.stranger.privateKey,
    },
    { rpc: httpRpc(l1.anvil.url, { timeoutMs: 20_000 }) },
  );
  // And one that the other has perhaps not even seen in a block.
  const late = await transfer(second, 1);
  await expect.poll(() => blockOf(second, late), { ...PATIENCE, interval: 5 }).not.toBeNull();
  expect(await chaos.unregister(second.address)).toBe(true);
  second.key.away = false;
  await expect.poll(() => second.sequencing.view().sequencer.mode, PATIENCE).toBe('Following');
  await expect
    .poll(() => second.journal(), PATIENCE)
    .toContainEqual(
      expect.objectContaining({
        kind: 'revert.done',
        payload: expect.objectContaining({ offered: expect.any(Number), refused: 0 }),
      }),
    );
  const landed = async (one: Member, transaction: Hash = hash) => {
    const block = await blockOf(one, transaction);
    const safe = (await heads(one)).safe?.number ?? 0;
    return block === null || block.number > safe ? null : block;
  };
  await expect.poll(() => landed(first), PATIENCE).not.toBeNull();
  await expect.poll(() => landed(second), PATIENCE).toEqual(await landed(first));
  await expect.poll(() => landed(first, late), PATIENCE).not.toBeNull();
  const final = (await landed(first))!;
  expect(final.hash).not.toBe(reverted.hash);
  expect([reverted.miner, final.miner]).toEqual([second.address, first.address]);
  // Both know why: it gave its blocks up, and the other saw them replaced by a batch of the next leader.
  for (const one of [second, first]) {
    const about = () =>
      one.node.driver.state.reorgs.find(
        ({ cause, transactions }) =>
          cause === 'LEADER_HANDOVER' && transactions.some((transaction) => transaction.hash === hash),
      );
    await expect.poll(() => about()?.recoveredAt, PATIENCE).toEqual(expect.any(Number));
    await expect
      .poll(() => about()?.transactions.find((each) => each.hash === hash)?.fate, PATIENCE)
      .toMatch(/^(same|re_included)$/);
  }
});

/** Sent to that node alone: the other has it from a block or not at all. */
async function transfer(to: Member, nonce: number): Promise<Hash> {
  const [sender] = l1.users;
  const raw = await privateKeyToAccount(sender!.privateKey).signTransaction({
    type: 'eip1559',
    chainId: l1.config.l2ChainId,
    nonce,
    to: sender!.address,
    value: 1n,
    gas: 21_000n,
    maxFeePerGas: 10n ** 11n,
    maxPriorityFeePerGas: 1n,
  });
  return (await to.engine.rpc('eth_sendRawTransaction', [raw])) as Hash;
}

/** The block of a transaction in that node's chain; null when it is in none. */
async function blockOf({ engine }: Member, transaction: Hash) {
  const receipt = (await engine.rpc('eth_getTransactionReceipt', [transaction])) as {
    blockHash: Hash;
  } | null;
  if (receipt === null) return null;
  const block = (await engine.rpc('eth_getBlockByHash', [receipt.blockHash, false])) as {
    number: Hex;
    hash: Hash;
    miner: Address;
  };
  return { number: Number(block.number), hash: block.hash, miner: block.miner.toLowerCase() };
}
