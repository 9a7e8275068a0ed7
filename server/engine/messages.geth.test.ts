/** A rollup with L1 messages on an engine that has no rules for them: what is said, and what heals it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Anvil, startAnvil } from '../devnet/anvil.ts';
import { devAccounts } from '../devnet/genesis.ts';
import { rollupConfig } from '../devnet/runningChain.ts';
import { systemClock } from '../lib/clock.ts';
import type { Hash } from '../protocol/refs.ts';
import type { RollupConfig } from '../protocol/rollupConfig.ts';
import { TRANSACTION_TYPE } from '../protocol/transaction.ts';
import { messengerLogs, rawBlockSource, transactionPool } from '../sequencer/engineRpc.ts';
import type { JsonRpc } from '../sequencer/ports.ts';
import { type DrivenNode, openDrivenNode } from '../testing/drivenNode.ts';
import { type Geth, startGeth } from '../testing/geth.ts';
import { type SequencerOnAnvil, sequencerOnAnvil, WORLD_START } from '../testing/sequencerOnAnvil.ts';
import { connectEngine } from './connect.ts';
import { type EmbeddedEngine, openEmbeddedEngine } from './embedded/open.ts';
import { CHAIN_ID } from './embedded/testChain.ts';
import type { Engine } from './engine.ts';
import { GuardedEngine } from './guardedEngine.ts';
import { suiteGenesis } from './suiteGenesis.ts';

const genesis = { ...suiteGenesis(), timestamp: `0x${(WORLD_START / 1000 - 10).toString(16)}` };
let anvil: Anvil;
let leader: EmbeddedEngine;
let world: SequencerOnAnvil;
let geth: Geth;
let config: RollupConfig;
const undo: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  anvil = await startAnvil({ accounts: 4 });
  leader = await openEmbeddedEngine({ genesis: genesis as never, l2Rules: true });
  const l2: JsonRpc = { request: (method, params) => leader.rpc(method, params) };
  type First = { hash: Hash; stateRoot: Hash; timestamp: string };
  const first = (await l2.request('eth_getBlockByNumber', ['0x0', false])) as First;
  world = await sequencerOnAnvil({
    anvil,
    kzg: null,
    genesisStateRoot: first.stateRoot,
    l2ChainId: CHAIN_ID,
    engine: {
      engine: leader.engine,
      source: rawBlockSource(l2),
      pool: transactionPool(l2),
      outgoing: messengerLogs(l2),
    },
  });
  config = rollupConfig({
    name: 'messages',
    l2ChainId: CHAIN_ID,
    addresses: world.addresses,
    genesisHash: first.hash,
    genesisTimestamp: Number(first.timestamp),
    batchesPerSequencer: 32,
  });
  geth = await startGeth({ genesis });
});
afterAll(async () => {
  for (const end of undo.reverse()) await end();
  await geth?.stop();
  await leader?.engine.close();
  await anvil?.stop();
});

async function drive(engine: Engine): Promise<{ driven: DrivenNode; engine: GuardedEngine }> {
  const chain = { chainId: config.l2ChainId, genesisHash: config.l2GenesisHash };
  const guarded = new GuardedEngine(chain, { engine, clock: systemClock });
  const driven = await openDrivenNode({ anvil, config }, guarded);
  undo.push(() => driven.stop());
  return { driven, engine: guarded };
}

/** The block of the leader's chain that holds an L1 message, and the last block of each batch. */
async function blockWithMessage(): Promise<number> {
  const { latest } = await leader.engine.labels();
  for (let number = 1; number <= latest.number; number++) {
    const block = (await leader.rpc('eth_getBlockByNumber', [`0x${number.toString(16)}`, true])) as {
      transactions: { type: string }[];
    };
    if (block.transactions.some(({ type }) => Number(type) === TRANSACTION_TYPE.privileged)) return number;
  }
  throw new Error('the leader built no block with an L1 message');
}

test('the status names batch, block and type; the safe head stays below it, and the embedded engine goes on', async () => {
  await world.until(2);
  await world.bridge.deposit(devAccounts(1)[0]!.address, 5n);
  await world.run(4);
  const { lastCommittedBatch: before } = await world.contracts.snapshot();
  await world.until(before + 2);
  const message = await blockWithMessage();

  const { driven, engine } = await drive(connectEngine({ url: geth.engineUrl, jwtSecret: geth.secret }));
  await driven.settle();
  const status = driven.node.status();
  const { blocked } = driven.node.driver.state;
  expect(blocked).toMatchObject({
    reason: 'unsupported_transaction',
    detail: expect.stringMatching(new RegExp(`block ${message} .*0x7e`)),
  });
  const { batchNumber } = blocked!;
  // A property of engine and rollup: the engine itself is well, and nothing is retried as a failure.
  expect(status.trouble).toBeNull();
  expect(engine.condition().state).toBe('SYNCED');
  expect(status.verdict).toMatchObject({
    kind: 'stalled',
    sentence: expect.stringContaining(
      `no rules for a transaction of batch ${batchNumber} (unsupported_transaction)`,
    ),
  });
  expect(status.batches[0]).toMatchObject({
    number: batchNumber,
    progress: 'dropped',
    reason: expect.stringContaining('unsupported_transaction'),
  });
  const invalid = (await driven.events()).filter(({ kind }) => kind === 'batch.invalid');
  expect(invalid).toMatchObject([{ payload: { batch: batchNumber, reason: 'unsupported_transaction' } }]);
  expect(status.heads.safe!.number).toBeLessThan(message);
  expect(batchNumber).toBeGreaterThan(1);
  await driven.stop();
  undo.pop();

  const fresh = await openEmbeddedEngine({ genesis: genesis as never, l2Rules: true });
  const healed = await drive(fresh.engine);
  await healed.driven.settle();
  const { lastCommittedBlockHash } = await world.contracts.snapshot();
  expect(healed.driven.node.status()).toMatchObject({
    verdict: { kind: 'aligned' },
    heads: { safe: { hash: lastCommittedBlockHash } },
  });
  expect(healed.driven.node.status().heads.safe!.number).toBeGreaterThanOrEqual(message);
});
