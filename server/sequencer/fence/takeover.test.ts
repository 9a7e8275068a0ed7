import { keccak256 } from 'viem';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../lib/clock.ts';
import type { SealedBlock } from '../../protocol/block.ts';
import { decodeBlock } from '../../protocol/blockCodec.ts';
import { fromHex } from '../../protocol/bytes.ts';
import type { Address, Hash } from '../../protocol/refs.ts';
import { ZERO_ADDRESS } from '../../protocol/refs.ts';
import { FakeEngine, makeBlock } from '../../testing/fakeEngine.ts';
import { FakeRollupL1 } from '../../testing/fakeRollupL1.ts';
import { seeded } from '../../testing/seeded.ts';
import type { L1Account } from '../ports.ts';
import { alwaysLeading, createSequencer, type Sequencer } from '../sequencer.ts';
import { DEFAULT_BATCH_LIMITS } from '../state/grouping.ts';
import { Fence } from './fence.ts';
import { openSqliteFence } from './sqliteFenceStore.ts';

const COMMITTER: Address = '0x00000000000000000000000000000000000000c1';
const VERIFIER: Address = '0x00000000000000000000000000000000000000c2';
const START = 1_700_000_000_000;
const LEASE_MS = 5_000;
const SCHEDULES = 10;

interface Node {
  readonly name: string;
  readonly engine: FakeEngine;
  readonly fence: Fence;
  readonly sequencer: Sequencer;
  /** Steps until which it stands still. */
  stalledFor: number;
}

/** Two nodes with engines of their own, one key, one fence, one L1. */
class World {
  readonly clock = new ManualClock(START);
  readonly l1 = new FakeRollupL1();
  readonly store = openSqliteFence({ file: null }, { now: () => this.clock.now() });
  readonly journal: { kind: string; payload: unknown }[] = [];
  /** Who handed what to L1's pool, in order. */
  readonly sent: { readonly term: number; readonly batch: number; readonly hash: Hash }[] = [];
  readonly nodes: Node[] = [];
  #lives = 0;

  constructor() {
    this.nodes.push(this.start(), this.start());
  }

  start(): Node {
    const name = `n${++this.#lives}`;
    const engine = new FakeEngine({ genesisTimestamp: START / 1000 - 10 });
    const append = async (kind: string, payload: unknown) => {
      this.journal.push({ kind, payload });
      return { seq: this.journal.length, at: 0, kind, ref: null, payload };
    };
    const fence = new Fence(
      { chainId: 1, sequencer: COMMITTER, holder: name, leaseMs: LEASE_MS },
      {
        store: this.store,
        clock: this.clock,
        steady: () => this.clock.now(),
        journal: { append },
        random: () => 0,
      },
    );
    const submitter = {
      resubmitAfterMs: 20_000,
      maxFeePerGas: 10n ** 30n,
      maxFeePerBlobGas: 1n,
      proposer: ZERO_ADDRESS,
    };
    const limits = DEFAULT_BATCH_LIMITS;
    const sequencer = createSequencer(
      {
        producer: { blockTimeMs: 1_000, feeRecipient: ZERO_ADDRESS, gasLimit: 30_000_000n, limits },
        watcher: { l2ChainId: this.l1.l2ChainId, startBlock: 0, confirmations: 0, maxRange: 7 },
        committer: { ...submitter, mode: 'validium', commitIntervalMs: 4_000, limits },
        verifier: { ...submitter, lagBatches: 0, maxBatches: 4 },
        l1PollMs: 1_000,
        tickMs: 100,
      },
      {
        clock: this.clock,
        engine,
        source: engine,
        pool: engine,
        outgoing: { outgoing: async () => [] },
        contracts: this.l1,
        bridgeLogs: this.l1,
        committerAccount: this.noting(this.l1.account(COMMITTER), fence),
        verifierAccount: this.l1.account(VERIFIER),
        leadership: alwaysLeading,
        journal: { append },
        fence,
      },
    );
    return { name, engine, fence, sequencer, stalledFor: 0 };
  }

  noting(account: L1Account, fence: Fence): L1Account {
    return {
      address: account.address,
      minedNonce: (at, signal) => account.minedNonce(at, signal),
      pendingNonce: (signal) => account.pendingNonce(signal),
      balance: (at, signal) => account.balance(at, signal),
      quote: (call, signal) => account.quote(call, signal),
      submit: (call, terms, signal) => {
        if (call.data.length > 74) {
          const batch = Number(BigInt(`0x${call.data.slice(10, 74)}`));
          this.sent.push({ term: fence.status().term ?? 0, batch, hash: keccak256(call.data) });
        }
        return account.submit(call, terms, signal);
      },
    };
  }

  async second(): Promise<void> {
    await this.clock.advance(1_000);
    for (const node of this.nodes) {
      if (node.stalledFor-- > 0) continue;
      await node.fence.step();
      await this.follow(node);
      await node.sequencer.step();
    }
    if (Math.floor(this.clock.now() / 1_000) % 2 === 0) this.l1.mine();
  }

  /** What a driver does: the engine of a node that follows gets what L1 has. */
  async follow({ engine, sequencer }: Node): Promise<void> {
    if (sequencer.status().mode === 'Sequencing') return;
    const blocks = this.committedBlocks;
    const last = blocks.at(-1);
    if (last === undefined || engine.chain[last.number]?.hash === last.hash) return;
    for (const block of blocks) {
      if (engine.chain[block.number]?.hash !== block.hash) await engine.newPayload(block);
    }
    const at = { safeBlockHash: last.hash, finalizedBlockHash: `0x${'00'.repeat(32)}` as Hash };
    await engine.forkchoiceUpdated({ headBlockHash: last.hash, ...at }, null);
  }

  get committedBlocks(): readonly SealedBlock[] {
    return this.l1.committed.flatMap((batch) =>
      batch.blocks.map((rlp) => {
        const block = decodeBlock(fromHex(rlp));
        if (!block.ok) throw new Error(block.error.detail);
        return block.value;
      }),
    );
  }

  get holders(): readonly string[] {
    return this.nodes.filter(({ fence }) => fence.mayProduce()).map(({ name }) => name);
  }

  /** L1 has one chain, each block once; terms only rise; a batch number was sent with one content per attempt. */
  contradictions(): readonly string[] {
    const found: string[] = [];
    for (const [index, block] of this.committedBlocks.entries()) {
      const parent = index === 0 ? this.nodes[0]!.engine.genesis : this.committedBlocks[index - 1]!;
      if (block.parentHash !== parent.hash) found.push(`block ${block.number} does not follow its parent`);
    }
    const current = new Map<number, Hash>();
    let term = 0;
    for (const one of this.sent) {
      if (one.term < term) found.push(`term ${one.term} sent after term ${term}`);
      term = one.term;
      const before = current.get(one.batch);
      if (before !== undefined && before !== one.hash && !this.superseded.has(before)) {
        found.push(`batch ${one.batch} was sent as ${before} and ${one.hash}`);
      }
      current.set(one.batch, one.hash);
    }
    return found;
  }

  get superseded(): ReadonlySet<string> {
    const events = this.journal.filter(({ kind }) => kind === 'fence.superseded');
    return new Set(
      events.flatMap(({ payload }) =>
        (payload as { superseded: { hash: string }[] }).superseded.map((one) => one.hash),
      ),
    );
  }
}

describe('two sequencers with one key', () => {
  it('the second goes on where L1 is when the first stands still, and the first stays out when it wakes', async () => {
    const world = new World();
    const [first, second] = world.nodes as [Node, Node];
    for (let second = 0; second < 20; second++) await world.second();
    expect(first.sequencer.status().mode).toBe('Sequencing');
    expect(second.sequencer.status().mode).toBe('Following');
    const before = world.l1.committed.length;
    first.stalledFor = 15;
    for (let second = 0; second < 15; second++) await world.second();
    expect(second.sequencer.status().mode).toBe('Sequencing');
    for (let second = 0; second < 25; second++) await world.second();
    expect(first.sequencer.status().mode).not.toBe('Sequencing');
    expect(world.holders).toEqual([second.name]);
    expect(world.l1.committed.length).toBeGreaterThan(before + 3);
    expect(world.contradictions()).toEqual([]);
    expect(second.sequencer.status().troubles).toEqual([]);
  });

  it('an L1 reorg that drops a batch lets its number be committed again, also with other content', async () => {
    const world = new World();
    for (let second = 0; second < 16; second++) await world.second();
    expect(world.l1.committed.length).toBeGreaterThan(1);
    world.l1.reorg(world.l1.head.number, 'lost');
    for (let second = 0; second < 60; second++) await world.second();
    expect(world.l1.committed.length).toBeGreaterThan(3);
    expect(world.contradictions()).toEqual([]);
    expect(world.nodes[0]!.sequencer.status().troubles).toEqual([]);
  });

  it('a block that was claimed and never became the head does not stop the chain', async () => {
    const world = new World();
    for (let second = 0; second < 5; second++) await world.second();
    const [{ engine, sequencer }] = world.nodes as [Node, Node];
    engine.faults.headStuck = true;
    for (let second = 0; second < 3; second++) await world.second();
    engine.faults.headStuck = false;
    const before = engine.head.number;
    for (let second = 0; second < 10; second++) await world.second();
    expect(engine.head.number).toBeGreaterThan(before + 5);
    expect(sequencer.status().troubles).toEqual([]);
  });

  it('a head that another program put there ends the tenure, and the other process takes over', async () => {
    const world = new World();
    for (let second = 0; second < 8; second++) await world.second();
    const [{ engine, fence }, second] = world.nodes as [Node, Node];
    const foreign = makeBlock(engine.head, START / 1000 + 100, [Uint8Array.of(0x02, 1)]);
    await engine.newPayload(foreign);
    const at = { safeBlockHash: engine.genesis.hash, finalizedBlockHash: engine.genesis.hash };
    await engine.forkchoiceUpdated({ headBlockHash: foreign.hash, ...at }, null);
    await world.second();
    expect(fence.status().state).toBe('standing_down');
    for (let second = 0; second < 10; second++) await world.second();
    expect(second.sequencer.status().mode).toBe('Sequencing');
    expect(world.committedBlocks.map((block) => block.hash)).not.toContain(foreign.hash);
    expect(world.contradictions()).toEqual([]);
  });

  it(`L1 keeps one chain over ${SCHEDULES} schedules of standstill, kill and reorg`, async () => {
    const first = Number(process.env['PLUMBLINE_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
    console.log(`seeds ${first} to ${first + SCHEDULES - 1}`);
    let [batches, terms] = [0, 0];
    for (let seed = first; seed < first + SCHEDULES; seed++) {
      const random = seeded(seed);
      const world = new World();
      for (let second = 0; second < 120; second++) {
        const index = random() < 0.5 ? 0 : 1;
        const what = random();
        if (what < 0.05) world.nodes[index]!.stalledFor = Math.ceil(random() * 15);
        else if (what < 0.07) world.nodes[index] = world.start();
        else if (what < 0.09) {
          const depth = Math.min(Math.ceil(random() * 3), world.l1.head.number);
          world.l1.reorg(depth, random() < 0.5 ? 'lost' : 'return');
        }
        await world.second();
        expect(world.holders.length).toBeLessThan(2);
      }
      expect({ seed, found: world.contradictions() }).toEqual({ seed, found: [] });
      batches += world.l1.committed.length;
      terms += world.sent.at(-1)?.term ?? 0;
    }
    expect(batches).toBeGreaterThan(SCHEDULES * 5);
    expect(terms).toBeGreaterThan(SCHEDULES * 2);
    console.log(`${batches} batches in ${terms} terms`);
  }, 120_000);
});
