/** Leading on a real geth: it builds from its own pool, and what it builds ends on L1 as batches. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Anvil, startAnvil } from '../devnet/anvil.ts';
import { devAccounts } from '../devnet/genesis.ts';
import type { SealedBlock } from '../protocol/block.ts';
import { toHex } from '../protocol/bytes.ts';
import { messengerLogs, payloadBodySource, transactionPool } from '../sequencer/engineRpc.ts';
import type { JsonRpc } from '../sequencer/ports.ts';
import { type Geth, startGeth } from '../testing/geth.ts';
import { type SequencerOnAnvil, sequencerOnAnvil, WORLD_START } from '../testing/sequencerOnAnvil.ts';
import { openRemoteEngine, type RemoteEngine } from './connect.ts';
import { alice, CHAIN_ID, openTestEngine, sign } from './embedded/testChain.ts';
import { suiteGenesis } from './suiteGenesis.ts';

let anvil: Anvil;
let geth: Geth;
let remote: RemoteEngine;
let l2: JsonRpc;
let world: SequencerOnAnvil;
const genesis = { ...suiteGenesis(), timestamp: `0x${(WORLD_START / 1000 - 10).toString(16)}` };

beforeAll(async () => {
  anvil = await startAnvil({ accounts: 4 });
  geth = await startGeth({ genesis });
  remote = openRemoteEngine({ url: geth.engineUrl, jwtSecret: geth.secret });
  await remote.engine.exchangeCapabilities();
  l2 = { request: remote.rpc };
  const first = (await l2.request('eth_getBlockByNumber', ['0x0', false])) as { stateRoot: `0x${string}` };
  world = await sequencerOnAnvil({
    anvil,
    kzg: null,
    genesisStateRoot: first.stateRoot,
    l2ChainId: CHAIN_ID,
    engine: {
      engine: remote.engine,
      source: payloadBodySource(l2),
      pool: transactionPool(l2),
      outgoing: messengerLogs(l2),
    },
  });
});
afterAll(async () => {
  await remote?.engine.close();
  await geth?.stop();
  await anvil?.stop();
});

const chain = async (): Promise<readonly SealedBlock[]> => {
  const { latest } = await remote.engine.labels();
  const source = payloadBodySource(l2);
  const numbers = Array.from({ length: latest.number }, (_, index) => index + 1);
  return (await Promise.all(numbers.map((number) => source.sealedBlock(number)))).map((block) => block!);
};

test('blocks that geth built from its pool are committed, and the embedded engine executes each of them', async () => {
  const sent = [];
  for (let nonce = 0; nonce < 3; nonce++) {
    const raw = await sign(alice, { nonce, value: BigInt(nonce + 1) });
    sent.push(raw);
    await l2.request('eth_sendRawTransaction', [raw]);
    await world.run(2);
  }
  await world.until(2);
  const blocks = await chain();
  expect(blocks.flatMap(({ transactions }) => transactions.map(toHex))).toEqual(sent);
  const { lastCommittedBlockHash } = await world.contracts.snapshot();
  expect(blocks.map(({ hash }) => hash)).toContain(lastCommittedBlockHash);
  expect(world.sequencer.status()).toMatchObject({ mode: 'Sequencing', troubles: [] });
  const judge = await openTestEngine({ genesis, l2Rules: false });
  for (const block of blocks) {
    expect(await judge.engine.newPayload(block)).toEqual({ status: 'VALID', latestValidHash: block.hash });
  }
  await judge.close();
});

test('an L1 message that geth has no rules for is left out and said so, while blocks and batches go on', async () => {
  const before = await world.contracts.snapshot();
  await world.bridge.deposit(devAccounts(1)[0]!.address, 5n);
  await world.run(4);
  await world.until(before.lastCommittedBatch + 1);
  expect(world.sequencer.status()).toMatchObject({
    mode: 'Sequencing',
    waitingMessages: 1,
    troubles: [{ part: 'messages', code: 'messages_left_out', message: expect.stringContaining('0x7e') }],
  });
});
