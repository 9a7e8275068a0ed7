import { describe, expect, test } from 'vitest';
import { ManualClock } from '../lib/clock.ts';
import type { SealedBlock } from '../protocol/block.ts';
import type { Address } from '../protocol/refs.ts';
import { ZERO_ADDRESS } from '../protocol/refs.ts';
import { FakeEngine, makeBlock } from '../testing/fakeEngine.ts';
import { FakeRollupL1 } from '../testing/fakeRollupL1.ts';
import { FakeRegistryL1, PROPOSER, REGISTRY, STRANGER, sequencer } from '../testing/registryWorld.ts';
import { RegistryReader } from './registry/registryReader.ts';
import type { Sequencer } from './sequencer.ts';
import { createSequencer } from './sequencer.ts';
import { DEFAULT_BATCH_LIMITS } from './state/grouping.ts';
import { StateUpdater } from './stateUpdater.ts';

const START = 1_700_000_000_000;
const US = sequencer('A');
const OTHER = sequencer('B');
const VERIFIER: Address = '0x00000000000000000000000000000000000000c2';

interface Event {
  readonly kind: string;
  readonly payload: Record<string, unknown>;
}

/** A sequencer whose batch 1 is committed and ends with block 1; it commits nothing itself. */
class World {
  readonly clock = new ManualClock(START);
  readonly engine = new FakeEngine({ genesisTimestamp: START / 1000 - 100 });
  readonly l1 = new FakeRollupL1();
  readonly journal: Event[] = [];
  readonly sequencer: Sequencer;
  /** Says who leads at the L1 head. */
  leader: () => Address | null = () => OTHER;
  /** Says what the sequencer makes of that. */
  isLeader = (leader: Address | null): boolean => leader === US;
  /** Batches that may follow the last committed one in our turn. */
  batchesLeft = Number.POSITIVE_INFINITY;
  readonly committed: SealedBlock;

  constructor() {
    this.committed = makeBlock(this.engine.genesis, START / 1000 - 90, []);
    this.l1.commitByAnother(this.committed.hash);
    const submitter = {
      resubmitAfterMs: 1e6,
      maxFeePerGas: 1_000n,
      maxFeePerBlobGas: 1n,
      proposer: ZERO_ADDRESS,
    };
    const limits = DEFAULT_BATCH_LIMITS;
    const { l2ChainId } = this.l1;
    this.sequencer = createSequencer(
      {
        producer: { blockTimeMs: 1_000, feeRecipient: ZERO_ADDRESS, gasLimit: 30_000_000n, limits },
        watcher: { l2ChainId, startBlock: 0, confirmations: 0, maxRange: 100 },
        committer: { ...submitter, mode: 'validium', commitIntervalMs: 1e9, limits },
        verifier: null,
        l1PollMs: 1_000,
        tickMs: 100,
      },
      {
        clock: this.clock,
        engine: this.engine,
        source: this.engine,
        pool: this.engine,
        outgoing: { outgoing: async () => [] },
        contracts: {
          snapshot: async () => ({ ...(await this.l1.snapshot()), leader: this.leader() }),
          deadlines: (messages) => this.l1.deadlines(messages),
          maxWait: () => this.l1.maxWait(),
        },
        bridgeLogs: this.l1,
        committerAccount: this.l1.account(US),
        verifierAccount: this.l1.account(VERIFIER),
        leadership: {
          isLeader: ({ leader }) => this.isLeader(leader),
          batchesLeft: () => this.batchesLeft,
        },
        journal: {
          append: async (kind, payload, ref) => {
            this.journal.push({ kind, payload: payload as Record<string, unknown> });
            return { seq: this.journal.length, at: 0, kind, ref: ref ?? null, payload };
          },
        },
      },
    );
  }

  /** The engine takes a block and makes it its head: from the leader's feed, or from L1. */
  async receive(block: SealedBlock): Promise<void> {
    await this.engine.newPayload(block);
    const head = { headBlockHash: block.hash, safeBlockHash: block.hash, finalizedBlockHash: block.hash };
    await this.engine.forkchoiceUpdated(head, null);
  }

  async step(): Promise<void> {
    await this.clock.advance(1_000);
    await this.sequencer.step();
  }

  get transitions(): readonly string[] {
    return this.journal
      .filter((event) => event.kind === 'sequencer.state')
      .map(({ payload }) => `${payload['from']}→${payload['to']}`);
  }
}

type From = 'syncing' | 'following' | 'sequencing';
interface Before extends World {
  /** The uncommitted block at the engine's head; a user's transaction is in it. */
  readonly unsafe: SealedBlock;
  readonly transaction: Uint8Array;
}

/** A world in a state, with one uncommitted block that holds a user's transaction. */
async function worldIn(from: From): Promise<Before> {
  const world = new World();
  const transaction = Uint8Array.of(0x02, 1, 2, 3);
  await world.receive(world.committed);
  if (from === 'sequencing') {
    world.leader = () => US;
    world.engine.pool.push(transaction);
    await world.step();
  } else {
    if (from === 'following') await world.step();
    await world.receive(makeBlock(world.committed, START / 1000 - 80, [transaction]));
  }
  expect(world.sequencer.status().state.kind).toBe(from);
  expect(world.engine.head.transactions).toEqual([transaction]);
  return Object.assign(world, { unsafe: world.engine.head, transaction });
}

const STAYS = 'the unsafe block stays';
const GONE = 'the unsafe block is gone, its transaction waits in the pool';
const REBUILT = 'the unsafe block is gone, its transaction is in a new block on the committed one';
const GROWS = 'the chain grows on';

// driver.md: state before | holds the last committed batch | leads | transitions | what becomes of uncommitted blocks
const TABLE: readonly [From, boolean, boolean, readonly string[], string][] = [
  ['syncing', false, false, [], STAYS],
  ['syncing', false, true, [], STAYS],
  ['syncing', true, false, ['syncing→following'], STAYS],
  ['syncing', true, true, ['syncing→entering', 'entering→sequencing'], REBUILT],
  ['following', false, false, ['following→syncing'], STAYS],
  ['following', false, true, ['following→syncing'], STAYS],
  ['following', true, false, [], STAYS],
  ['following', true, true, ['following→entering', 'entering→sequencing'], REBUILT],
  ['sequencing', false, false, ['sequencing→syncing'], GONE],
  ['sequencing', false, true, ['sequencing→syncing'], GONE],
  ['sequencing', true, false, ['sequencing→following'], GONE],
  ['sequencing', true, true, [], GROWS],
];

function fateOf(world: Before): string {
  const { engine, committed, unsafe, transaction } = world;
  const pooled = engine.pool.some((each) => each === transaction);
  if (engine.head === unsafe && !pooled) return STAYS;
  if (engine.head.parentHash === unsafe.hash && !pooled) return GROWS;
  if (engine.head.hash === committed.hash && pooled) return GONE;
  const rebuilt = engine.head.parentHash === committed.hash && engine.head.hash !== unsafe.hash;
  if (rebuilt && engine.head.transactions.includes(transaction) && !pooled) return REBUILT;
  return `head ${engine.head.number}, ${engine.pool.length} in the pool`;
}

describe('each transition with its side effects', () => {
  test.each(TABLE)(
    '%s, synced %s, leader %s → %j, and %s',
    async (from, synced, leads, transitions, fate) => {
      const world = await worldIn(from);
      const past = world.journal.length;
      if (synced) world.l1.mine();
      else world.l1.commitByAnother(makeBlock(world.committed, START / 1000, [Uint8Array.of(0x02, 9)]).hash);
      world.leader = () => (leads ? US : OTHER);
      await world.step();
      expect(world.transitions.slice(world.transitions.length - transitions.length)).toEqual(transitions);
      expect(fateOf(world)).toBe(fate);

      const { head } = world.l1;
      const committedHead = synced ? { number: 1, hash: world.committed.hash } : null;
      const { number, hash } = world.unsafe;
      const news = world.journal.slice(past);
      const states = news.filter((event) => event.kind === 'sequencer.state').map((event) => event.payload);
      expect(states).toHaveLength(transitions.length);
      for (const [index, state] of states.entries()) {
        // The second transition is decided from what the revert left.
        const localHead = index === 0 ? { number, hash } : committedHead;
        const at = { number: head.number, hash: head.hash };
        const decidedFrom = {
          at,
          leader: leads ? US : OTHER,
          lastCommittedBatch: synced ? 1 : 2,
          committedHead,
          localHead,
        };
        expect(state).toMatchObject({ ...decidedFrom, isLeader: leads });
      }
      const reverts = fate === GONE || fate === REBUILT;
      const order = reverts
        ? ['revert.intent', 'revert.done', ...states.map(() => 'sequencer.state')]
        : states.map(() => 'sequencer.state');
      expect(news.map((event) => event.kind)).toEqual(order);
      if (reverts) {
        const why = fate === GONE ? 'leaving' : 'entering';
        expect(news[0]!.payload).toMatchObject({ why, dropped: [{ number, hash }], to: { number: 1 } });
        expect(news[1]!.payload).toMatchObject({ offered: 1, refused: 0 });
      }
    },
  );
});

test('a node that becomes leader while it is behind builds nothing until it has caught up', async () => {
  const world = await worldIn('following');
  const missing = makeBlock(world.committed, START / 1000 - 70, [Uint8Array.of(0x02, 9)]);
  world.l1.commitByAnother(missing.hash);
  world.leader = () => US;
  for (let second = 0; second < 5; second++) await world.step();
  expect(world.sequencer.status().mode).toBe('Syncing');
  expect(world.engine.head).toBe(world.unsafe);
  await world.receive(missing);
  await world.step();
  expect(world.sequencer.status().mode).toBe('Sequencing');
  expect(world.engine.head.parentHash).toBe(missing.hash);
});

describe('with the State Updater', () => {
  /** Both L1s in step: one knows the batches, the other the registry. Terms are so long that they never end. */
  async function led(words: string) {
    const world = new World();
    const registry = new FakeRegistryL1(1_000);
    registry.mine(words);
    await world.receive(world.committed);
    const journal = {
      append: async (kind: string, payload: unknown) => {
        world.journal.push({ kind, payload: payload as Record<string, unknown> });
        return { seq: 1, at: 0, kind, ref: null, payload };
      },
    };
    const source = new RegistryReader(
      { registry: REGISTRY, proposer: PROPOSER, deployedAt: 1 },
      { rpc: registry },
    );
    const updater = new StateUpdater(
      { us: US, intervalMs: 1_000, upcomingTerms: 2 },
      { clock: world.clock, registry: source, journal, onLeaderChanged: () => world.sequencer.wake() },
    );
    world.leader = () => registry.contracts.leaderSequencer();
    world.isLeader = (leader) => updater.isLeader({ at: registry.head, leader });
    await updater.step();
    await world.step();
    return { world, registry, updater };
  }

  test('a leader whom a stranger unregisters in the middle of its term steps down at once and reverts', async () => {
    const { world, registry, updater } = await led('+A+B');
    const transaction = Uint8Array.of(0x02, 1);
    world.engine.pool.push(transaction);
    await world.step();
    expect(world.engine.head.transactions).toEqual([transaction]);
    registry.mine('-A');
    world.l1.mine();
    await updater.step();
    // Woken, it looks again although neither its interval nor its block time is over.
    await world.sequencer.step();
    expect(world.sequencer.status().mode).toBe('Following');
    expect(world.engine.head.hash).toBe(world.committed.hash);
    expect(world.engine.pool).toEqual([transaction]);
    const changed = world.journal.find((event) => event.kind === 'leader.changed');
    expect(changed?.payload).toMatchObject({
      from: US,
      to: OTHER,
      why: 'unregistered',
      by: STRANGER,
      midTerm: true,
    });
    expect(world.journal.at(-1)?.payload).toMatchObject({
      from: 'sequencing',
      to: 'following',
      leader: OTHER,
    });
  });

  test('a leader whose registration L1 drops steps down, and leads again when it is back', async () => {
    const { world, registry, updater } = await led('+B +A -B');
    expect(world.sequencer.status().mode).toBe('Sequencing');
    const next = async (): Promise<string> => {
      world.l1.mine();
      await updater.step();
      await world.step();
      return world.sequencer.status().mode;
    };
    registry.reorg(2, '. . .');
    expect(await next()).toBe('Following');
    expect(world.engine.head.hash).toBe(world.committed.hash);
    registry.mine('+A -B');
    expect(await next()).toBe('Sequencing');
    expect(world.transitions.slice(-3)).toEqual([
      'sequencing→following',
      'following→entering',
      'entering→sequencing',
    ]);
  });
});

test('a leader builds no block for which its turn has no batch left, and goes on when there is one', async () => {
  const world = await worldIn('sequencing');
  world.batchesLeft = 0;
  const spent = world.engine.head;
  await world.step();
  await world.step();
  expect(world.engine.head).toBe(spent);
  world.batchesLeft = 1;
  await world.step();
  expect(world.engine.head.parentHash).toBe(spent.hash);
});
