/** The whole driver on a real geth, while L1 takes back what it had implied and geth is not what it was. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../lib/clock.ts';
import type { SealedBlock } from '../protocol/block.ts';
import type { Hash } from '../protocol/refs.ts';
import { type DrivenNode, openDrivenNode } from '../testing/drivenNode.ts';
import { type Geth, startGeth } from '../testing/geth.ts';
import { openRollupL1, type RollupL1 } from '../testing/rollupL1.ts';
import { connectEngine } from './connect.ts';
import { buildBranch, openTestEngine, type TestEngine } from './embedded/testChain.ts';
import { GuardedEngine } from './guardedEngine.ts';
import { suiteGenesis } from './suiteGenesis.ts';

/** One L1, one engine and one node for a group of tests, each of which goes on where the one before ended. */
class World {
  readonly l1: RollupL1;
  readonly maker: TestEngine;
  geth: Geth;
  driven!: DrivenNode;
  /** The last block that L1 confirms for good, and its batch. */
  tip: SealedBlock;
  batch = 0;

  private constructor(l1: RollupL1, maker: TestEngine, geth: Geth) {
    this.l1 = l1;
    this.maker = maker;
    this.geth = geth;
    this.tip = maker.genesis;
  }

  static async open(): Promise<World> {
    const genesis = suiteGenesis();
    const maker = await openTestEngine({ genesis, l2Rules: false });
    const l1 = await openRollupL1({
      chainId: genesis.config.chainId,
      genesisHash: maker.genesis.hash,
      genesisTimestamp: maker.genesis.timestamp,
      genesisStateRoot: maker.genesis.header.stateRoot,
    });
    return new World(l1, maker, await startGeth({ genesis }));
  }

  /** A new node on the same L1: nothing is remembered but what geth holds. */
  async drive(options: { rewind?: boolean; now?: () => number; secret?: Uint8Array } = {}): Promise<void> {
    await this.driven?.stop();
    const { engineUrl, rpcUrl, secret } = this.geth;
    const engine = connectEngine({
      url: engineUrl,
      jwtSecret: options.secret ?? secret,
      rewindUrl: options.rewind === true ? rpcUrl : undefined,
      now: options.now,
    });
    const { l2ChainId: chainId, l2GenesisHash: genesisHash } = this.l1.config;
    const guarded = new GuardedEngine({ chainId, genesisHash }, { engine, clock: systemClock });
    this.driven = await openDrivenNode(this.l1, guarded);
  }

  /** Blocks on the tip, committed as the next batch; the tip stays. */
  async commit(blocks: readonly SealedBlock[]): Promise<void> {
    await this.l1.commit(this.batch + 1, this.tip, blocks);
  }

  /** The blocks are confirmed for good. */
  settleOn(blocks: readonly SealedBlock[]): void {
    this.tip = blocks.at(-1)!;
    this.batch += 1;
  }

  async confirm(count: number, mark: number): Promise<readonly SealedBlock[]> {
    const blocks = await buildBranch(this.maker.engine, this.tip, count, mark);
    await this.commit(blocks);
    this.settleOn(blocks);
    return blocks;
  }

  async heads(): Promise<{ latest: Hash; safe: Hash | undefined }> {
    const engine = await this.geth.connect();
    const { latest, safe } = await engine.labels();
    await engine.close();
    return { latest: latest.hash, safe: safe?.hash };
  }

  /** Once level with L1, head and safe are the tip. */
  async expectLevel(): Promise<void> {
    await this.driven.settle();
    expect(await this.heads()).toEqual({ latest: this.tip.hash, safe: this.tip.hash });
  }

  async kinds(): Promise<readonly string[]> {
    return (await this.driven.events()).map(({ kind }) => kind);
  }

  async close(): Promise<void> {
    await this.driven?.stop();
    await this.l1.anvil.stop();
    await this.maker.close();
    await this.geth.stop();
  }
}

let world: World;
const openWorld = (): void => {
  beforeAll(async () => {
    world = await World.open();
  });
  afterAll(() => world?.close());
};

/** L1 commits a batch of `depth` blocks, takes it back, and commits another one in its place. */
async function replaceBatch(depth: number): Promise<{ dropped: SealedBlock[]; adopted: SealedBlock[] }> {
  const { l1, maker, driven } = world;
  const dropped = await buildBranch(maker.engine, world.tip, depth, 0xa0);
  const adopted = await buildBranch(maker.engine, world.tip, depth, 0xb0);
  const snapshot = await l1.anvil.rpc('evm_snapshot');
  await world.commit(dropped);
  await driven.settle();
  expect(await world.heads()).toEqual({ latest: dropped.at(-1)!.hash, safe: dropped.at(-1)!.hash });
  await l1.anvil.rpc('evm_revert', [snapshot]);
  await l1.anvil.rpc('anvil_mine', ['0x3']);
  await driven.settle();
  return { dropped, adopted };
}

describe('L1 takes a batch back and commits another in its place', () => {
  openWorld();

  test.each([1, 2, 7, 32, 33, 64])('%i L2 blocks deep', async (depth) => {
    await world.drive();
    await world.confirm(1, 0x01);
    const { dropped, adopted } = await replaceBatch(depth);
    // geth goes back 32 blocks and no further; beyond that the safe label alone says what L1 confirms.
    const head = depth <= 32 ? world.tip : dropped.at(-1)!;
    expect(await world.heads()).toEqual({ latest: head.hash, safe: world.tip.hash });
    expect(world.driven.node.driver.state.keptHead?.hash).toBe(depth <= 32 ? undefined : head.hash);
    await world.commit(adopted);
    world.settleOn(adopted);
    await world.expectLevel();
    expect(await world.kinds()).toEqual(expect.arrayContaining(['reorg.detected', 'reorg.recovered']));
  });

  test('64 deep, where the operator allows debug_setHead: the head goes back at once', async () => {
    await world.drive({ rewind: true });
    const { adopted } = await replaceBatch(64);
    expect(await world.heads()).toEqual({ latest: world.tip.hash, safe: world.tip.hash });
    await world.commit(adopted);
    world.settleOn(adopted);
    await world.expectLevel();
  });

  test('deeper than geth keeps states: it says so and what to do, and debug_setHead heals it', async () => {
    await world.drive();
    const { adopted } = await replaceBatch(140);
    await world.commit(adopted);
    await world.driven.settle('trouble');
    expect(world.driven.node.driver.state.trouble).toMatchObject({
      code: 'engine_cannot_reorg',
      severity: 'degraded',
      message: expect.stringContaining('PLUMBLINE_ENGINE_REWIND_URL'),
    });
    expect((await world.heads()).safe).toBe(world.tip.hash);
    world.settleOn(adopted);
    await world.drive({ rewind: true });
    await world.expectLevel();
  });
});

describe('geth is not what it was, and the node goes on', () => {
  openWorld();

  test('restarted in order: the node finds it again', async () => {
    await world.drive();
    await world.confirm(5, 0x11);
    await world.expectLevel();
    await away('halt', () => world.confirm(2, 0x12));
    await world.expectLevel();
  });

  test('killed, and back with fewer blocks: what is missing is derived again', async () => {
    await world.confirm(5, 0x13);
    await world.expectLevel();
    await away('kill', () => world.confirm(1, 0x14));
    await world.expectLevel();
  });

  test('wiped: everything is derived again', async () => {
    const { secret, engineUrl } = world.geth;
    await world.geth.stop();
    await world.driven.settle('trouble');
    world.geth = await startGeth({ genesis: suiteGenesis(), secret, port: portOf(engineUrl) });
    await world.expectLevel();
  });

  test('its head moved by somebody else: that is noticed and recorded, and the head is brought back', async () => {
    const target = world.tip.number - 3;
    await world.geth.rpc('debug_setHead', [`0x${target.toString(16)}`]);
    await world.expectLevel();
    const records = (await world.driven.events()).filter(({ kind }) => kind === 'reorg.detected');
    expect(records.at(-1)?.payload).toMatchObject({ layer: 'L2', cause: 'EL_ROLLBACK' });
    // The driver mended it within that step; that somebody else writes to this engine is on record all the same.
    const faults = (await world.driven.events()).filter(({ kind }) => kind === 'engine.fault');
    expect(faults.map(({ payload }) => payload)).toContainEqual(
      expect.objectContaining({
        code: 'FOREIGN_HEAD',
        message: expect.stringContaining(`its head is ${target} `),
      }),
    );
  });

  test('two nodes that know nothing of each other’s life come to the same head', async () => {
    await world.confirm(3, 0x15);
    await world.drive();
    await world.expectLevel();
  });

  const portOf = (url: string): number => Number(new URL(url).port);

  /** Ends geth; the node meets that and L1 goes on meanwhile; then geth is back at its address with its folder. */
  async function away(how: 'halt' | 'kill', meanwhile: () => Promise<unknown>): Promise<void> {
    const { home, engineUrl } = world.geth;
    await world.geth[how]();
    await meanwhile();
    await world.driven.settle('trouble');
    expect(world.driven.node.driver.state.trouble).toMatchObject({ code: 'engine_unreachable' });
    world.geth = await startGeth({ genesis: null, home, port: portOf(engineUrl) });
  }
});
