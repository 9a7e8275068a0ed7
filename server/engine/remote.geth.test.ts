/** What lies between this node and a geth: the token, the clock, the transport, and whose chain it is. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readJwtSecret } from '../config/jwtSecret.ts';
import { systemClock } from '../lib/clock.ts';
import { ZERO_HASH } from '../protocol/refs.ts';
import { type DrivenNode, openDrivenNode } from '../testing/drivenNode.ts';
import { type Geth, startGeth } from '../testing/geth.ts';
import { openRollupL1, type RollupL1 } from '../testing/rollupL1.ts';
import { type ConnectOptions, connectEngine } from './connect.ts';
import {
  buildBranch,
  buildOn,
  openTestEngine,
  privileged,
  type TestEngine,
  toHead,
} from './embedded/testChain.ts';
import { GuardedEngine } from './guardedEngine.ts';
import { suiteGenesis } from './suiteGenesis.ts';

const genesis = suiteGenesis();
let maker: TestEngine;
let l1: RollupL1;
let geth: Geth;
const undo: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  maker = await openTestEngine({ genesis });
  const { hash, timestamp, header } = maker.genesis;
  const chainId = genesis.config.chainId;
  l1 = await openRollupL1({
    chainId,
    genesisHash: hash,
    genesisTimestamp: timestamp,
    genesisStateRoot: header.stateRoot,
  });
  geth = await startGeth({ genesis });
});
afterEach(async () => {
  for (const end of undo.reverse().splice(0)) await end();
});
afterAll(async () => {
  await geth?.stop();
  await l1?.anvil.stop();
  await maker?.close();
});

/** A node as the program wires it: nothing is written to an engine that has not proved its chain. */
async function drive(
  options: Partial<ConnectOptions> = {},
  at = geth,
): Promise<{ driven: DrivenNode; engine: GuardedEngine }> {
  const inner = connectEngine({ url: at.engineUrl, jwtSecret: at.secret, ...options });
  const { l2ChainId: chainId, l2GenesisHash: genesisHash } = l1.config;
  const engine = new GuardedEngine({ chainId, genesisHash }, { engine: inner, clock: systemClock });
  const driven = await openDrivenNode(l1, engine);
  undo.push(() => driven.stop());
  return { driven, engine };
}

const troubleOf = async (driven: DrivenNode) => {
  await driven.settle('trouble');
  return driven.node.driver.state.trouble;
};

describe('the token', () => {
  test('of another secret: the driver says so, the condition is AUTH_FAILED, and nothing has changed', async () => {
    const { driven, engine } = await drive({ jwtSecret: 'ab'.repeat(32) });
    expect(await troubleOf(driven)).toMatchObject({ code: 'engine_auth_failed', severity: 'temporary' });
    expect(engine.condition()).toMatchObject({
      state: 'AUTH_FAILED',
      reason: expect.stringContaining('401'),
    });
  });

  test.each([
    [120, 'ahead of'],
    [-120, 'behind'],
  ])('of a clock that is %i s off: the reason is the clock, not the secret', async (skew, words) => {
    const { driven, engine } = await drive({ now: () => Date.now() + skew * 1_000 });
    const trouble = await troubleOf(driven);
    // An answer's Date has whole seconds, and may be a second old on a busy machine.
    expect(Math.abs(engine.clockSkewMs()! / 1_000 - skew)).toBeLessThan(5);
    expect(trouble?.code).toBe('engine_auth_failed');
    expect(trouble?.message).toMatch(new RegExp(`clock is 1(19|20|21) s ${words} the engine's`));
  });

  test('of a clock that is right is taken, and so the metric says', async () => {
    const { driven, engine } = await drive();
    await driven.settle();
    expect(Math.abs(engine.clockSkewMs()!)).toBeLessThan(5_000);
    expect(await driven.node.ops!.metrics()).toMatch(/^rollup_driver_engine_clock_skew_seconds -?\d/m);
  });

  test('whose secret was replaced: the file is read again, without a restart', async () => {
    const file = join(geth.home, 'own.hex');
    writeFileSync(file, 'cd'.repeat(32), { mode: 0o600 });
    const reread = () => {
      const read = readJwtSecret(file);
      return read.ok ? read.value.reveal() : null;
    };
    const { driven, engine } = await drive({ jwtSecret: reread()!, rereadSecret: reread });
    expect((await troubleOf(driven))?.code).toBe('engine_auth_failed');
    writeFileSync(file, Buffer.from(geth.secret).toString('hex'));
    expect(await troubleOf(driven)).toBeNull();
    expect(engine.condition().state).not.toBe('AUTH_FAILED');
  });
});

describe('over WebSocket', () => {
  const connect = (secret: Uint8Array | string, url = geth.engineWsUrl) => {
    const engine = connectEngine({ url, jwtSecret: secret });
    undo.push(() => engine.close());
    return engine;
  };

  test('blocks and labels go the same way', async () => {
    const engine = connect(geth.secret);
    const blocks = await buildBranch(maker.engine, maker.genesis, 3, 0x77);
    for (const block of blocks) {
      expect(await engine.newPayload(block)).toEqual({ status: 'VALID', latestValidHash: block.hash });
    }
    await engine.forkchoiceUpdated(toHead(blocks[2]!.hash), null);
    expect((await engine.labels()).latest.hash).toBe(blocks[2]!.hash);
    await expect(engine.getPayload('0x0300000000000000')).rejects.toMatchObject({ code: 'unknown_payload' });
  });

  test('a refused token is told from an engine that is not there', async () => {
    await expect(connect('ab'.repeat(32)).chainId()).rejects.toMatchObject({ code: 'auth_failed' });
    await expect(connect(geth.secret, 'ws://127.0.0.1:9').chainId()).rejects.toMatchObject({
      code: 'unreachable',
    });
  });
});

test('a geth of another genesis is given nothing, and its condition is WRONG_CHAIN with both hashes', async () => {
  const other = await startGeth({ genesis: { ...genesis, timestamp: '0x64' } });
  undo.push(() => other.stop());
  const [block] = await buildBranch(maker.engine, maker.genesis, 1, 0x78);
  await l1.commit(1, maker.genesis, [block!]);
  const { driven, engine } = await drive({}, other);
  expect(await troubleOf(driven)).not.toBeNull();
  await expect(engine.newPayload(block!)).rejects.toMatchObject({ code: 'wrong_chain' });
  expect(engine.condition()).toMatchObject({
    state: 'WRONG_CHAIN',
    reason: expect.stringContaining(maker.genesis.hash),
  });
  expect(await other.rpc('eth_getBlockByHash', [block!.hash, false])).toBeNull();
});

test('a block with an L1 message is told from an invalid one, and is no failure of the engine', async () => {
  const { driven, engine } = await drive();
  await driven.settle();
  const safe = (await engine.labels()).safe!;
  const block = await buildOn(maker.engine, (await maker.core.chain.block(safe.hash))!, {
    transactions: [privileged()],
    noTxPool: true,
  });
  const status = await engine.newPayload(block).catch((error: unknown) => error);
  expect(status).toMatchObject({ code: 'unsupported_transaction', message: expect.stringContaining('0x7e') });
  expect(engine.condition().state).not.toBe('OFFLINE');
  const { payloadStatus } = await engine.forkchoiceUpdated(toHead(safe.hash, ZERO_HASH), null);
  expect(payloadStatus.status).toBe('VALID');
});
