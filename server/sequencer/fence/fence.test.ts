import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../lib/clock.ts';
import type { Address, Hash, L2BlockId } from '../../protocol/refs.ts';
import type { TransactionSigner, UnsignedTransaction } from '../ports.ts';
import { Fence } from './fence.ts';
import type { FenceStore } from './fenceStore.ts';
import { fencedLeadership, fencedSigner } from './guards.ts';
import { openSqliteFence } from './sqliteFenceStore.ts';
import { steadyClock } from './steadyClock.ts';

const SEQUENCER: Address = '0x00000000000000000000000000000000000000c1';
const PROPOSER: Address = '0x00000000000000000000000000000000000000b1';
const LEASE_MS = 10_000;
const hash = (n: number): Hash => `0x${n.toString(16).padStart(64, '0')}`;
const block = (number: number, content = number): L2BlockId => ({ number, hash: hash(content) });
const because = (l1Has: number) => ({ becauseL1Block: { number: 1, hash: hash(1) }, l1Has, why: 'test' });

class World {
  readonly clock = new ManualClock(0);
  readonly store = openSqliteFence({ file: null }, { now: () => this.clock.now() });
  readonly journal: { kind: string; payload: unknown }[] = [];

  fence(holder: string, store: FenceStore = this.store): Fence {
    const opts = { chainId: 1, sequencer: SEQUENCER, holder, leaseMs: LEASE_MS };
    return new Fence(opts, {
      store,
      clock: this.clock,
      steady: () => this.clock.now(),
      journal: {
        append: async (kind, payload, ref) => {
          this.journal.push({ kind, payload });
          return { seq: this.journal.length, at: 0, kind, ref: ref ?? null, payload };
        },
      },
    });
  }
}

/** A store that can be cut off: its calls fail before or after they were done. */
function cuttable(store: FenceStore): { store: FenceStore; cut: 'no' | 'before' | 'after' } {
  const state = { store, cut: 'no' as 'no' | 'before' | 'after' };
  state.store = new Proxy(store, {
    get:
      (target, name: keyof FenceStore) =>
      async (...args: unknown[]) => {
        if (state.cut === 'before') throw new Error('cut off');
        const answer = await (target[name] as (...all: unknown[]) => Promise<unknown>)(...args);
        if (state.cut === 'after') throw new Error('cut off');
        return answer;
      },
  });
  return state;
}

describe('fence', () => {
  it('lets one of two produce, and the other as soon as the first stops', async () => {
    const world = new World();
    const [a, b] = [world.fence('a'), world.fence('b')];
    expect(a.mayProduce()).toBe(false);
    await a.step();
    await b.step();
    expect([a.mayProduce(), b.mayProduce()]).toEqual([true, false]);
    expect(b.status()).toMatchObject({ state: 'waiting', other: { holder: 'a', term: 1 } });
    await expect(b.claimBlock(block(1))).rejects.toMatchObject({ code: 'not_holder' });
    await a.stop();
    expect(a.mayProduce()).toBe(false);
    await b.step();
    expect(b.status()).toMatchObject({ state: 'held', term: 2, remainingMs: 7_000 });
    expect(world.journal.map(({ kind }) => kind)).toEqual(['fence.held', 'fence.lost', 'fence.held']);
  });

  it('stops at 70 % of the lease without an answer, and goes on when the store is back', async () => {
    const world = new World();
    const cable = cuttable(world.store);
    const a = world.fence('a', cable.store);
    await a.step();
    cable.cut = 'before';
    await world.clock.advance(6_999);
    expect(await a.step()).toBe('failed');
    expect(a.mayProduce()).toBe(true);
    await world.clock.advance(1);
    expect(a.mayProduce()).toBe(false);
    expect(a.status().state).toBe('lapsed');
    expect(() => a.assertMayAct()).toThrow(expect.objectContaining({ code: 'not_holder' }));
    cable.cut = 'no';
    await a.step();
    expect(a.status()).toMatchObject({ state: 'held', term: 1 });
  });

  it('an answer that comes after the deadline does not revive the lease', async () => {
    const world = new World();
    const slow = new Proxy(world.store, {
      get:
        (target, name: keyof FenceStore) =>
        async (...args: unknown[]) => {
          const answer = await (target[name] as (...all: unknown[]) => Promise<unknown>)(...args);
          await world.clock.sleep(8_000);
          return answer;
        },
    });
    const a = world.fence('a', slow);
    const asked = a.step();
    await world.clock.advance(8_000);
    await asked;
    expect(a.status()).toMatchObject({ state: 'lapsed', term: 1 });
  });

  it('a claim that was answered late is not one to act on', async () => {
    const world = new World();
    const a = world.fence('a');
    await a.step();
    const claiming = new Proxy(world.store, {
      get:
        (target, name: keyof FenceStore) =>
        async (...args: unknown[]) => {
          const answer = await (target[name] as (...all: unknown[]) => Promise<unknown>)(...args);
          if (name === 'claim') await world.clock.sleep(7_001);
          return answer;
        },
    });
    const b = world.fence('b', claiming);
    await a.stop();
    await b.step();
    const claim = b.claimBlock(block(1));
    const refused = expect(claim).rejects.toMatchObject({ code: 'not_holder' });
    await world.clock.advance(7_001);
    await refused;
  });

  it('a claim whose answer is lost can be asked for again', async () => {
    const world = new World();
    const cable = cuttable(world.store);
    const a = world.fence('a', cable.store);
    await a.step();
    cable.cut = 'after';
    await expect(a.claimBatch(1, hash(1))).rejects.toMatchObject({ code: 'unreachable' });
    cable.cut = 'no';
    await a.claimBatch(1, hash(1));
    await expect(a.claimBatch(1, hash(2))).rejects.toMatchObject({ code: 'claimed_otherwise' });
    expect(a.status()).toMatchObject({ refusals: 1, lastClaimed: { batch: { number: 1, hash: hash(1) } } });
  });

  it('a process that was overtaken learns it with its next claim, and its successor keeps its marks', async () => {
    const world = new World();
    const [a, b] = [world.fence('a'), world.fence('b')];
    await a.step();
    await a.claimBlock(block(5));
    await world.clock.advance(LEASE_MS);
    await b.step();
    expect(b.mayProduce()).toBe(true);
    await expect(a.claimBlock(block(6))).rejects.toMatchObject({ code: 'not_holder' });
    await expect(b.claimBlock(block(5, 50))).rejects.toMatchObject({ code: 'claimed_otherwise' });
    await b.claimBlock(block(5));
  });

  it('a claim is superseded only for what L1 does not have, and that is journaled with its evidence', async () => {
    const world = new World();
    const a = world.fence('a');
    await a.step();
    await a.claimBatch(3, hash(3));
    await expect(a.supersedeBatch(3, because(3))).rejects.toMatchObject({ code: 'on_l1' });
    await expect(a.claimBatch(3, hash(30))).rejects.toMatchObject({ code: 'claimed_otherwise' });
    await a.supersedeBatch(3, because(2));
    await a.claimBatch(3, hash(30));
    await expect(a.claimBatch(3, hash(3))).rejects.toMatchObject({ code: 'claimed_otherwise' });
    expect(world.journal.find(({ kind }) => kind === 'fence.superseded')?.payload).toMatchObject({
      ...because(2),
      superseded: [{ kind: 'batch', number: 3, hash: hash(3), attempt: 1 }],
    });
  });

  it('a foreign head ends the tenure, and the lease is not asked for again for a while', async () => {
    const world = new World();
    const a = world.fence('a');
    await a.step();
    await a.claimBlock(block(1));
    await a.claimBlock(block(2));
    await a.checkHead(block(2), block(0));
    await a.checkHead(block(1), block(0));
    await a.checkHead(block(9), block(9));
    await expect(a.checkHead(block(2, 77), block(0))).rejects.toMatchObject({ code: 'foreign_head' });
    expect(a.mayProduce()).toBe(false);
    await a.step();
    expect(a.status().state).toBe('standing_down');
    await world.clock.advance(3 * LEASE_MS);
    await a.step();
    expect(a.status()).toMatchObject({ state: 'held', term: 2 });
  });

  it('marks of finalized blocks are dropped', async () => {
    const world = new World();
    const a = world.fence('a');
    await a.step();
    await a.claimBlock(block(1));
    await a.claimBlock(block(2));
    await a.finalized(1);
    await expect(a.claimBlock(block(1))).rejects.toThrow('block 1 is final');
    await a.claimBlock(block(2));
  });
});

describe('guards', () => {
  const call = (data: `0x${string}`): UnsignedTransaction => ({
    chainId: 1,
    nonce: 0,
    gas: 1n,
    fees: { maxFeePerGas: 1n, maxPriorityFeePerGas: 1n, maxFeePerBlobGas: null },
    to: PROPOSER,
    data,
    value: 0n,
    blobs: [],
  });

  it('leads only with the lease', async () => {
    const world = new World();
    const a = world.fence('a');
    const leadership = fencedLeadership({ isLeader: () => true }, a);
    const snapshot = {} as Parameters<typeof leadership.isLeader>[0];
    expect(leadership.isLeader(snapshot)).toBe(false);
    await a.step();
    expect(leadership.isLeader(snapshot)).toBe(true);
    expect(fencedLeadership({ isLeader: () => false }, a).isLeader(snapshot)).toBe(false);
  });

  it('a second content of a batch number is never signed, nor anything by who was overtaken', async () => {
    const { encodeFunctionData } = await import('viem');
    const { onChainProposerAbi } = await import('../../protocol/contractsAbi.ts');
    const commit = (number: bigint, content: number) =>
      encodeFunctionData({
        abi: onChainProposerAbi,
        functionName: 'commitBatch',
        args: [number, hash(content), hash(0), hash(0), hash(0), 0n, hash(0), []],
      });
    const world = new World();
    const [a, b] = [world.fence('a'), world.fence('b')];
    const signed: string[] = [];
    const signer: TransactionSigner = {
      address: SEQUENCER,
      sign: async ({ data }) => {
        signed.push(data);
        return data;
      },
    };
    const guard = (fence: Fence) => fencedSigner(signer, { proposer: PROPOSER }, fence);
    await a.step();
    await guard(a).sign(call(commit(4n, 1)));
    await guard(a).sign(call(commit(4n, 1)));
    await guard(a).sign(call('0x'));
    await expect(guard(a).sign(call(commit(4n, 2)))).rejects.toMatchObject({ code: 'claimed_otherwise' });
    await world.clock.advance(LEASE_MS);
    await b.step();
    await expect(guard(a).sign(call('0x'))).rejects.toMatchObject({ code: 'not_holder' });
    await expect(guard(b).sign(call(commit(4n, 2)))).rejects.toMatchObject({ code: 'claimed_otherwise' });
    expect(signed).toEqual([commit(4n, 1), commit(4n, 1), '0x']);
  });
});

describe('steady clock', () => {
  it('counts the time that the machine slept, and never goes back', () => {
    let [running, uptime] = [1_000, 5_000];
    const now = steadyClock({ running: () => running, uptime: () => uptime });
    running += 100;
    uptime += 100;
    expect(now()).toBe(100);
    uptime += 60_000;
    expect(now()).toBe(60_080);
    running += 10;
    uptime += 10;
    expect(now()).toBe(60_090);
  });
});
