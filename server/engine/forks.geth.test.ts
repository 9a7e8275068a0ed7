/** One chain through every hardfork that the version table knows, on a real geth, and what that geth offers. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SealedBlock } from '../protocol/block.ts';
import { type Geth, startGeth } from '../testing/geth.ts';
import { type SchemaProxy, startSchemaProxy } from '../testing/schemaProxy.ts';
import { connectEngine } from './connect.ts';
import { attributesAfter, openTestEngine, toHead } from './embedded/testChain.ts';
import type { Engine } from './engine.ts';
import { CLIENT_CAPABILITIES, methodsOf, type PayloadFork, payloadForkOf } from './methods.ts';
import { suiteGenesis } from './suiteGenesis.ts';

/** Seconds between two hardforks, and blocks in that time. */
const SPAN = 4;
const FORKS: readonly PayloadFork[] = ['paris', 'shanghai', 'cancun', 'prague', 'osaka'];

/** A chain that begins with Paris and takes one hardfork after the other. */
function risingGenesis() {
  const { config, ...genesis } = suiteGenesis();
  const { cancunTime: _, pragueTime: __, shanghaiTime: ___, ...rest } = config as Record<string, unknown>;
  const begin = Number(genesis.timestamp);
  const times = FORKS.slice(1).map((fork, index) => [`${fork}Time`, begin + SPAN * (index + 1)]);
  const { prague } = suiteGenesis().config.blobSchedule;
  const blobSchedule = { ...suiteGenesis().config.blobSchedule, osaka: prague };
  return { ...genesis, config: { ...rest, ...Object.fromEntries(times), blobSchedule } };
}

let geth: Geth;
let follower: Geth;
let proxy: SchemaProxy;
let engine: Engine;

beforeAll(async () => {
  const genesis = risingGenesis();
  [geth, follower] = await Promise.all([startGeth({ genesis }), startGeth({ genesis })]);
  proxy = await startSchemaProxy(geth.engineUrl);
  engine = connectEngine({ url: proxy.url, jwtSecret: geth.secret });
  // The first answer of a new process may take longer than the second that the capabilities have.
  await engine.chainId();
});
afterAll(async () => {
  await engine?.close();
  await proxy?.close();
  await Promise.all([geth?.stop(), follower?.stop()]);
});

describe('what geth offers', () => {
  test('has every method of the table, and what is newer is Amsterdam’s, whose access lists no batch carries', async () => {
    const offered = await engine.exchangeCapabilities();
    expect(CLIENT_CAPABILITIES.filter((method) => !offered.includes(method))).toEqual([]);
    const versioned = /^engine_(newPayload|forkchoiceUpdated|getPayload)V\d+$/;
    const unused = offered.filter(
      (method) => versioned.test(method) && !CLIENT_CAPABILITIES.includes(method),
    );
    expect(unused.sort()).toEqual([
      'engine_forkchoiceUpdatedV4',
      'engine_getPayloadV6',
      'engine_newPayloadV5',
    ]);
  });
});

test('blocks of Paris to Osaka are built by geth, read back whole, and taken by another geth', async () => {
  await engine.exchangeCapabilities();
  const other = await follower.connect();
  const first = (await engine.blockByNumber(0))!;
  let parent = { hash: first.hash, timestamp: first.timestamp } as SealedBlock;
  const seen: string[] = [];
  for (let number = 1; number < SPAN * FORKS.length; number++) {
    const { payloadId } = await engine.forkchoiceUpdated(toHead(parent.hash), attributesAfter(parent));
    const { block } = await engine.getPayload(payloadId!);
    const fork = FORKS[Math.floor(number / SPAN)]!;
    // Osaka's header has the fields of Prague's.
    expect([number, payloadForkOf(block.header)]).toEqual([number, fork === 'osaka' ? 'prague' : fork]);
    expect(await engine.newPayload(block)).toEqual({ status: 'VALID', latestValidHash: block.hash });
    expect(await other.newPayload(block)).toEqual({ status: 'VALID', latestValidHash: block.hash });
    expect((await other.forkchoiceUpdated(toHead(block.hash), null)).payloadStatus.status).toBe('VALID');
    if (seen.at(-1) !== fork) seen.push(fork);
    parent = block;
  }
  await engine.forkchoiceUpdated(toHead(parent.hash), null);
  expect(seen).toEqual(FORKS);
  const [ours, theirs] = [(await engine.labels()).latest, (await other.labels()).latest];
  expect([ours.hash, theirs.hash]).toEqual([parent.hash, parent.hash]);
  const used = FORKS.flatMap((fork) => [methodsOf(fork).newPayload, methodsOf(fork).getPayload]);
  // geth builds Shanghai's blocks by the methods of Paris too, so a client that began there stays with them.
  const missing = used.filter((method) => !proxy.methods.has(method));
  expect(missing).toEqual([methodsOf('shanghai').getPayload]);
  // Where geth departs from the description: fields of later versions, null, which the client passes over.
  expect([...proxy.problems].sort()).toEqual([
    expect.stringMatching(/^engine_getPayloadV1, answer: .*withdrawals.*blobGasUsed.*excessBlobGas/),
    expect.stringMatching(/^engine_getPayloadV3, answer: .*executionRequests/),
  ]);
  await other.close();
});

test('the embedded engine, which ends with Prague, says so of a genesis with Osaka', async () => {
  await expect(openTestEngine({ genesis: risingGenesis() })).rejects.toThrow(/hardforks up to Prague/);
});
