import { describe, expect, it } from 'vitest';
import type { SealedBlock } from '../protocol/block.ts';
import { type Hash, ZERO_HASH } from '../protocol/refs.ts';
import { l2Chain } from '../testing/stringChain.ts';
import { StringEngine } from '../testing/stringEngine.ts';
import { type Engine, EngineError } from './engine.ts';
import { GuardedEngine } from './guardedEngine.ts';

const [genesis, first] = l2Chain('AB');
const block = first as unknown as SealedBlock;

/** A string engine that runs a chain of some id, is away when it should be, and counts what is sent to it. */
class Stub extends StringEngine {
  readonly name = 'stub';
  chain = 7;
  away: 'unreachable' | 'auth_failed' | null = null;
  readonly calls: string[] = [];
  #sent(method: string): void {
    this.calls.push(method);
    if (this.away !== null) throw new EngineError(this.away, method, `${method}: ${this.away}`);
  }
  async chainId() {
    this.#sent('chainId');
    return this.chain;
  }
  async exchangeCapabilities() {
    this.#sent('exchangeCapabilities');
    return [];
  }
  override async labels() {
    this.#sent('labels');
    return super.labels();
  }
  override async newPayload(sealed: SealedBlock) {
    this.#sent('newPayload');
    return super.newPayload(sealed);
  }
  async getPayload(): Promise<never> {
    throw new Error('not here');
  }
  async close() {}
}

function open(genesisHash: Hash = genesis!.hash) {
  const stub = new Stub();
  const engine = new GuardedEngine(
    { chainId: 7, genesisHash },
    { engine: stub as unknown as Engine, clock: { now: () => 5 } },
  );
  return { stub, engine };
}

describe('an engine whose chain is not proved', () => {
  it('is asked what it runs before the first block, and only once', async () => {
    const { stub, engine } = open();
    expect(engine.condition()).toMatchObject({ state: 'OFFLINE', reason: 'it has not been asked yet' });
    await engine.newPayload(block);
    await engine.newPayload(block);
    expect(stub.calls).toEqual(['chainId', 'exchangeCapabilities', 'newPayload', 'newPayload']);
  });

  it.each([
    ['of another chain id', { chain: 8 }, genesis!.hash, 'chain 8, and this rollup is chain 7'],
    [
      'of another genesis',
      {},
      ZERO_HASH,
      `first block is ${genesis!.hash}, and this rollup's is ${ZERO_HASH}`,
    ],
  ])('%s is written nothing, and says both', async (_, change, expected, words) => {
    const { stub, engine } = open(expected);
    Object.assign(stub, change);
    const refused = { code: 'wrong_chain', message: expect.stringContaining(words) };
    await expect(engine.newPayload(block)).rejects.toMatchObject(refused);
    const state = { headBlockHash: genesis!.hash, safeBlockHash: ZERO_HASH, finalizedBlockHash: ZERO_HASH };
    await expect(engine.forkchoiceUpdated(state, null)).rejects.toMatchObject(refused);
    expect([stub.calls.includes('newPayload'), stub.updates]).toEqual([false, []]);
    expect(engine.condition()).toMatchObject({
      state: 'WRONG_CHAIN',
      reason: expect.stringContaining(words),
    });
  });

  it.each(['unreachable', 'auth_failed'] as const)('is asked again after it was %s', async (away) => {
    const { stub, engine } = open();
    await engine.newPayload(block);
    stub.away = away;
    await expect(engine.labels()).rejects.toMatchObject({ code: away });
    const state = away === 'unreachable' ? 'OFFLINE' : 'AUTH_FAILED';
    expect(engine.condition()).toMatchObject({ state, reason: `labels: ${away}` });
    Object.assign(stub, { away: null, chain: 8 });
    await expect(engine.newPayload(block)).rejects.toMatchObject({ code: 'wrong_chain' });
    stub.chain = 7;
    await engine.newPayload(block);
    expect(engine.condition().state).toBe('ONLINE');
  });

  it('is asked again when it lacks a block that it had', async () => {
    const { stub, engine } = open();
    const [, , third] = l2Chain('AXY') as unknown as SealedBlock[];
    expect((await engine.newPayload(third!)).status).toBe('SYNCING');
    expect(engine.condition().state).toBe('SYNCING');
    stub.chain = 8;
    await expect(engine.newPayload(third!)).rejects.toMatchObject({ code: 'wrong_chain' });
  });
});

it('tells that somebody else moved the head', async () => {
  const { stub, engine } = open();
  await engine.newPayload(block);
  await engine.forkchoiceUpdated(
    { headBlockHash: block.hash, safeBlockHash: ZERO_HASH, finalizedBlockHash: ZERO_HASH },
    null,
  );
  await engine.labels();
  expect(engine.condition().state).toBe('SYNCED');
  stub.moveHead('A');
  await engine.labels();
  expect(engine.condition().state).toBe('FOREIGN_HEAD');
});
