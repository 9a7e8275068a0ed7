import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../lib/clock.ts';
import type { SealedBlock } from '../protocol/block.ts';
import { decodeBlock } from '../protocol/blockCodec.ts';
import { fromHex } from '../protocol/bytes.ts';
import type { Address, Hash } from '../protocol/refs.ts';
import { ZERO_ADDRESS, ZERO_HASH } from '../protocol/refs.ts';
import { isPrivileged, transactionHash } from '../protocol/transaction.ts';
import { FakeEngine, makeBlock } from '../testing/fakeEngine.ts';
import { FakeRollupL1 } from '../testing/fakeRollupL1.ts';
import type { Sequencer, SequencerOptions } from './sequencer.ts';
import { alwaysLeading, createSequencer } from './sequencer.ts';
import { DEFAULT_BATCH_LIMITS } from './state/grouping.ts';

const COMMITTER: Address = '0x00000000000000000000000000000000000000c1';
const VERIFIER: Address = '0x00000000000000000000000000000000000000c2';
const START = 1_700_000_000_000;

class World {
  readonly clock = new ManualClock(START);
  readonly engine = new FakeEngine({ genesisTimestamp: START / 1000 - 10 });
  readonly l1 = new FakeRollupL1();
  readonly journal: { kind: string; payload: unknown }[] = [];
  readonly sequencer: Sequencer;
  leads = true;
  #nextUser = 0;

  constructor(over: { confirmations?: number; verify?: boolean; maxFee?: bigint; engine?: FakeEngine } = {}) {
    if (over.engine !== undefined) this.engine = over.engine;
    this.sequencer = this.start(over);
  }

  start(over: { confirmations?: number; verify?: boolean; maxFee?: bigint } = {}): Sequencer {
    const submitter = {
      resubmitAfterMs: 20_000,
      maxFeePerGas: over.maxFee ?? 1_000_000n,
      maxFeePerBlobGas: 1n,
      proposer: ZERO_ADDRESS,
    };
    const limits = DEFAULT_BATCH_LIMITS;
    const options: SequencerOptions = {
      producer: { blockTimeMs: 1_000, feeRecipient: ZERO_ADDRESS, gasLimit: 30_000_000n, limits },
      watcher: {
        l2ChainId: this.l1.l2ChainId,
        startBlock: 0,
        confirmations: over.confirmations ?? 0,
        maxRange: 7,
      },
      committer: { ...submitter, mode: 'validium', commitIntervalMs: 4_000, limits },
      verifier: over.verify === false ? null : { ...submitter, lagBatches: 0, maxBatches: 4 },
      l1PollMs: 1_000,
      tickMs: 100,
    };
    return createSequencer(options, {
      clock: this.clock,
      engine: this.engine,
      source: this.engine,
      pool: this.engine,
      outgoing: { outgoing: async () => [] },
      contracts: this.l1,
      bridgeLogs: this.l1,
      committerAccount: this.l1.account(COMMITTER),
      verifierAccount: this.l1.account(VERIFIER),
      leadership: { isLeader: (at) => this.leads && alwaysLeading.isLeader(at) },
      journal: {
        append: async (kind, payload, ref) => {
          this.journal.push({ kind, payload });
          return { seq: this.journal.length, at: 0, kind, ref: ref ?? null, payload };
        },
      },
    });
  }

  /** Seconds of quiet life, with an L1 block every second one. */
  async run(seconds: number, sequencer = this.sequencer): Promise<void> {
    for (let second = 1; second <= seconds; second++) {
      await this.clock.advance(1_000);
      await this.drive();
      await sequencer.step();
      if (second % 2 === 0) this.l1.mine();
    }
  }

  /**
   * The driver's part: what L1 committed is the engine's chain. Our own batch needs it too: its blocks are reverted
   * when a reorg takes their message, and it lands all the same when another reorg brings message and transaction back.
   */
  async drive(): Promise<void> {
    const blocks = this.committedBlocks;
    const last = blocks.at(-1);
    if (last === undefined || this.engine.chain[last.number]?.hash === last.hash) return;
    for (const block of blocks) await this.engine.newPayload(block);
    const state = { headBlockHash: last.hash, safeBlockHash: last.hash, finalizedBlockHash: ZERO_HASH };
    await this.engine.forkchoiceUpdated(state, null);
  }

  user(bytes = 100): Uint8Array {
    const transaction = new Uint8Array(bytes).fill(0xaa);
    transaction[0] = 0x02;
    new DataView(transaction.buffer).setUint32(1, ++this.#nextUser);
    this.engine.pool.push(transaction);
    return transaction;
  }

  kinds(prefix: string): readonly string[] {
    return this.journal.map((event) => event.kind).filter((kind) => kind.startsWith(prefix));
  }

  /** Batch numbers that the journal has as landed, in order. */
  landed(): readonly unknown[] {
    return this.journal
      .filter((event) => event.kind === 'commit.landed')
      .map((event) => (event.payload as { batch: number }).batch);
  }

  /** All blocks on L1 now, in order, decoded from the batches that carry them. */
  get committedBlocks(): readonly SealedBlock[] {
    return this.l1.committed.flatMap((batch) =>
      batch.blocks.map((rlp) => {
        const block = decodeBlock(fromHex(rlp));
        if (!block.ok) throw new Error(block.error.detail);
        return block.value;
      }),
    );
  }

  /** The rule of the whole thing: what L1 has is the engine's chain from block 1 on, each block once. */
  expectOneChain(): void {
    const onL1 = this.committedBlocks.map((block) => block.hash);
    expect(onL1).toEqual(this.engine.chain.slice(1, onL1.length + 1).map((block) => block.hash));
    for (const [index, batch] of this.l1.committed.entries()) expect(batch.number).toBe(index + 1);
  }

  get committedMessages(): readonly Hash[] {
    return this.committedBlocks.flatMap((b) => b.transactions.filter(isPrivileged).map(transactionHash));
  }

  /** All messages of the bridge's queue, verified ones included. */
  async queue(): Promise<readonly Hash[]> {
    const { pendingMessages } = await this.l1.snapshot();
    const verified = this.committedMessages.slice(
      0,
      this.committedMessages.length - (await this.unverified()),
    );
    return [...verified, ...pendingMessages];
  }

  private async unverified(): Promise<number> {
    return (await this.l1.snapshot()).unverifiedMessages;
  }
}

describe('sequencer', () => {
  test('blocks with users’ transactions and deposits end on L1, each once and in order', async () => {
    const world = new World();
    const users = [world.user(), world.user()];
    for (let value = 1n; value <= 5n; value++) world.l1.deposit(value);
    world.l1.mine();
    await world.run(30);
    world.expectOneChain();
    expect(world.l1.committed.length).toBeGreaterThanOrEqual(4);
    const included = world.committedBlocks.flatMap((block) => block.transactions);
    expect(included.filter((tx) => !isPrivileged(tx))).toEqual(users);
    expect(world.committedMessages).toEqual(await world.queue());
    expect(world.committedMessages).toHaveLength(5);
    expect(world.sequencer.status()).toMatchObject({ mode: 'Sequencing', troubles: [], waitingMessages: 0 });
    expect((await world.l1.snapshot()).lastVerifiedBatch).toBeGreaterThan(0);
  });

  test('messages of a second batch wait until the first batch with messages is verified', async () => {
    const world = new World({ verify: false });
    world.l1.deposit(1n);
    world.l1.mine();
    await world.run(12);
    world.l1.deposit(2n);
    await world.run(20);
    expect(world.committedMessages).toHaveLength(1);
    expect(world.sequencer.status().waitingMessages).toBe(1);
    expect(world.l1.committed.length).toBeGreaterThan(4);
    expect(world.sequencer.status().troubles).toEqual([]);
  });

  test('a deposit is included only when its block has the confirmations asked for', async () => {
    const world = new World({ confirmations: 3, verify: false });
    world.l1.deposit(1n);
    const { number } = world.l1.mine();
    await world.run(4);
    expect(world.l1.head.number).toBeLessThan(number + 3);
    expect(world.engine.chain.some((block) => block.transactions.length > 0)).toBe(false);
    await world.run(6);
    expect(world.engine.chain.filter((block) => block.transactions.length > 0)).toHaveLength(1);
  });

  test('no block before the state is Sequencing, none after losing the lead; users’ transactions return', async () => {
    const world = new World();
    world.leads = false;
    await world.run(5);
    expect(world.engine.head.number).toBe(0);
    expect(world.sequencer.status().mode).toBe('Following');
    world.leads = true;
    await world.run(2);
    const transaction = world.user();
    await world.run(1);
    const [last] = world.engine.head.transactions;
    expect(last).toEqual(transaction);
    world.leads = false;
    await world.run(1);
    expect(world.engine.head.number).toBe(0);
    expect(world.engine.pool).toContainEqual(transaction);
    await world.run(5);
    expect(world.engine.head.number).toBe(0);
  });

  test('a start with uncommitted blocks of an earlier life goes back to the committed one first', async () => {
    const world = new World();
    await world.run(3);
    const before = world.engine.head;
    expect(before.number).toBe(3);
    const second = world.start();
    await world.run(1, second);
    expect(world.engine.chain.some((block) => block.hash === before.hash)).toBe(false);
    await world.run(10, second);
    world.expectOneChain();
  });

  test('an engine that keeps its head is reported, and nothing is built on what should be gone', async () => {
    const world = new World();
    await world.run(3);
    const before = world.engine.head;
    world.engine.faults.ignoresRewinds = true;
    const second = world.start();
    await world.run(3, second);
    expect(world.engine.head).toBe(before);
    expect(second.status().troubles).toMatchObject([{ part: 'look', code: 'engine_will_not_rewind' }]);
    world.engine.faults.ignoresRewinds = false;
    await world.run(8, second);
    world.expectOneChain();
    expect(second.status().troubles).toEqual([]);
  });

  test('deposits that an L1 reorg dropped leave the chain with the blocks that held them', async () => {
    const world = new World({ verify: false });
    await world.run(6);
    world.l1.deposit(7n);
    world.l1.mine();
    await world.run(1);
    const message = world.engine.head.transactions.map(transactionHash);
    expect(message).toHaveLength(1);
    world.l1.reorg(1, 'return');
    await world.run(20);
    const now = world.engine.chain.flatMap((block) => block.transactions.map(transactionHash));
    expect(now).toEqual([]);
    expect(world.kinds('revert.')).toEqual(['revert.intent', 'revert.done']);
    world.expectOneChain();
  });
});

describe('block production', () => {
  const trouble = async (fault: (engine: FakeEngine) => void): Promise<string | undefined> => {
    const world = new World();
    world.l1.deposit(1n);
    world.l1.mine();
    await world.run(1);
    world.l1.deposit(2n);
    world.l1.mine();
    fault(world.engine);
    await world.run(1);
    return world.sequencer.status().troubles[0]?.code;
  };

  test.each([
    ['refuses to build', 'build_refused', (e: FakeEngine) => (e.faults.refusesToBuild = true)],
    ['leaves a forced message out', 'payload_mismatch', (e: FakeEngine) => (e.faults.dropsForced = true)],
    ['says VALID and keeps its head', 'head_not_applied', (e: FakeEngine) => (e.faults.headStuck = true)],
  ])('an engine that %s is named %s', async (_, code, fault) => {
    expect(await trouble(fault)).toBe(code);
  });

  test('a block is never larger than one batch can carry', async () => {
    const world = new World();
    for (let count = 0; count < 40; count++) world.user(10_000);
    await world.run(60);
    world.expectOneChain();
    const users = world.committedBlocks.flatMap((block) => block.transactions);
    expect(users).toHaveLength(40);
    expect(world.sequencer.status().troubles).toEqual([]);
  });

  test('timestamps rise also when the parent is ahead of the clock', async () => {
    const engine = new FakeEngine({ genesisTimestamp: START / 1000 + 60 });
    const world = new World({ engine });
    await world.run(3);
    const times = engine.chain.map((block) => block.timestamp);
    expect(times).toEqual([0, 1, 2, 3].map((n) => START / 1000 + 60 + n));
  });
});

describe('each batch lands exactly once', () => {
  /** A world whose first commit has just been handed in. */
  const sending = async (over: { maxFee?: bigint } = {}): Promise<World> => {
    const world = new World(over);
    await world.run(3);
    return world;
  };
  const untilCommitted = async (world: World): Promise<void> => {
    await world.run(60);
    world.expectOneChain();
    expect(world.l1.committed.length).toBeGreaterThan(3);
    expect(world.sequencer.status().troubles).toEqual([]);
  };

  test('when the answer to the send is lost and the transaction is mined', async () => {
    const world = await sending();
    world.l1.nextSend = 'answer_lost';
    await untilCommitted(world);
    expect(world.landed()).toEqual(world.l1.committed.map((batch) => batch.number));
  });

  test('when the transaction never reaches the pool', async () => {
    const world = await sending();
    world.l1.nextSend = 'lost';
    await untilCommitted(world);
    expect(world.kinds('commit.resent')).toHaveLength(1);
  });

  test('when neither the transaction nor the answer arrives', async () => {
    const world = await sending();
    world.l1.nextSend = 'lost_and_answer_lost';
    await untilCommitted(world);
  });

  test('when the pool forgets it', async () => {
    const world = await sending();
    for (let second = 0; second < 10 && world.l1.pool.length === 0; second++) {
      await world.clock.advance(1_000);
      await world.sequencer.step();
    }
    expect(world.l1.pool.length).toBeGreaterThan(0);
    world.l1.emptyPool();
    await untilCommitted(world);
    expect(world.kinds('commit.resent')).toHaveLength(1);
  });

  test.each(['lost', 'return'] as const)('when a reorg drops it and its transaction is %s', async (fate) => {
    const world = await sending();
    await world.run(8);
    expect(world.l1.committed.length).toBeGreaterThan(0);
    const blocks = world.engine.chain.length;
    world.l1.reorg(world.l1.head.number, fate);
    await untilCommitted(world);
    expect(world.engine.chain.length).toBeGreaterThan(blocks);
    expect(world.kinds('revert.')).toEqual([]);
  });

  test('when another process holds the same nonce in the pool: it is outbid, and one of the two lands', async () => {
    const world = await sending();
    const second = world.start();
    for (let round = 0; round < 30; round++) {
      await world.clock.advance(1_000);
      await second.step();
      if (round % 3 === 0) world.l1.mine();
      world.expectOneChain();
    }
    expect(world.l1.committed.length).toBeGreaterThan(2);
  });

  test('when someone else commits the same number, the loser stops and says so', async () => {
    const world = await sending();
    for (let second = 0; second < 10 && world.l1.pool.length === 0; second++) {
      await world.clock.advance(1_000);
      await world.sequencer.step();
    }
    const foreign = makeBlock(world.engine.genesis, START / 1000 + 1, [Uint8Array.of(0x02, 1)]);
    world.l1.commitByAnother(foreign.hash);
    await world.run(10);
    expect(world.sequencer.status().mode).toBe('Syncing');
    expect(world.l1.committed.map((batch) => batch.lastBlockHash)).toEqual([foreign.hash]);
    expect(world.engine.head.number).toBe(0);
  });

  test('a call that would revert is not sent, and its error is named', async () => {
    const world = await sending();
    world.l1.refuses = 'CallerHasNoSequencingRights';
    await world.run(10);
    expect(world.l1.seen).toEqual([]);
    const [trouble] = world.sequencer.status().troubles;
    expect(trouble).toMatchObject({ part: 'commit', code: 'call_reverts' });
    expect(trouble?.message).toContain('CallerHasNoSequencingRights');
  });

  test('fees above the cap are never offered', async () => {
    const world = await sending({ maxFee: 150n });
    world.l1.fees = { ...world.l1.fees, maxFeePerGas: 151n };
    await world.run(10);
    expect(world.l1.seen).toEqual([]);
    expect(world.sequencer.status().troubles).toMatchObject([{ part: 'commit', code: 'fee_cap' }]);
  });

  const action = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({ kind: fc.constant('run' as const), seconds: fc.integer({ min: 1, max: 6 }) }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('deposit' as const) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('user' as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('reorg' as const),
        depth: fc.integer({ min: 1, max: 6 }),
        fate: fc.constantFrom('lost' as const, 'return' as const),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('emptyPool' as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('fault' as const),
        fault: fc.constantFrom('lost' as const, 'answer_lost' as const, 'lost_and_answer_lost' as const),
      }),
    },
  );

  test('a batch given up with its message lands when L1 brings both back, and is followed', async () => {
    const world = new World();
    await world.run(1);
    world.l1.deposit(1n);
    await world.run(4);
    world.l1.reorg(2, 'return');
    await world.run(3);
    expect(world.kinds('revert.')).toEqual(['revert.intent', 'revert.done']);
    world.l1.deposit(1n);
    world.l1.reorg(2, 'return');
    await world.run(20);
    world.expectOneChain();
    expect(world.l1.committed.length).toBeGreaterThan(2);
    expect(world.committedMessages).toHaveLength(1);
  });

  test('through any schedule of faults and reorgs, once they end', { timeout: 240_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 30 }), async (actions) => {
        const world = new World();
        for (const each of actions) {
          if (each.kind === 'run') await world.run(each.seconds);
          else if (each.kind === 'deposit') world.l1.deposit(1n);
          else if (each.kind === 'user') world.user();
          else if (each.kind === 'emptyPool') world.l1.emptyPool();
          else if (each.kind === 'fault') world.l1.nextSend = each.fault;
          else world.l1.reorg(Math.min(each.depth, world.l1.head.number), each.fate);
        }
        await world.run(70);
        world.expectOneChain();
        expect(world.sequencer.status().troubles).toEqual([]);
        expect(world.engine.head.number - world.committedBlocks.length).toBeLessThan(15);
        expect(world.committedMessages).toEqual(await world.queue());
      }),
      { numRuns: 60 },
    );
  });
});
