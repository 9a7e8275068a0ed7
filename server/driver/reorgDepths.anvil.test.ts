/** L1 reorgs of every depth on a real L1 with the real contracts, and the embedded engine. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openTestEngine, type TestEngine } from '../engine/embedded/testChain.ts';
import { BranchingL1 } from '../testing/branchingL1.ts';
import { type DrivenNode, openDrivenNode } from '../testing/drivenNode.ts';
import type { ReorgRecord } from './plan/reorgRecord.ts';

/** anvil takes most of it: a thousand blocks mined, taken back and mined again. */
const SLOW = { timeout: 120_000 };
const A = 0xa0;
const B = 0xb0;
let l1: BranchingL1;
let engine: TestEngine;
let driven: DrivenNode;

beforeAll(async () => {
  l1 = await BranchingL1.open();
  engine = await openTestEngine({ genesis: l1.genesis, l2Rules: false });
  driven = await openDrivenNode(l1.l1, engine.engine);
  await l1.grow(6, 3, 0x01);
});
afterAll(async () => {
  await driven?.stop();
  await l1?.close();
});
/** Each test begins level, on ground that it does not take back. */
beforeEach(async () => {
  await l1.grow(3, 1, 0x02);
  await expectLevel();
});

async function expectLevel(): Promise<void> {
  await driven.settle();
  const { latest, safe } = await engine.engine.labels();
  expect([latest.hash, safe?.hash]).toEqual([l1.tip.hash, l1.tip.hash]);
  expect(driven.node.driver.state.position?.cursor.batchNumber).toBe(l1.batch);
  expect(driven.node.driver.state.reorgs.filter(({ recoveredAt }) => recoveredAt === null)).toEqual([]);
}

const newest = (): ReorgRecord => driven.node.driver.state.reorgs.at(-1)!;

/** The old branch of that depth, then the new one in its place. */
async function replace(depth: number, blocks: number, batches: number, newBatches = batches): Promise<void> {
  await l1.grow(depth, batches, A);
  await expectLevel();
  await l1.rollback(depth);
  await l1.grow(blocks, newBatches, B);
}

describe('an L1 reorg', () => {
  it.each([1, 2, 7, 32, 64, 65, 256, 1_000])('%i deep is followed to the new branch', SLOW, async (depth) => {
    const batches = Math.min(depth, 8);
    const ground = l1.tip;
    await replace(depth, depth + 1, batches);
    await expectLevel();
    expect(newest()).toMatchObject({
      layer: 'L1',
      cause: 'L1_REORG',
      depth,
      exact: true,
      droppedL2Count: 2 * batches,
      adoptedL2Count: 2 * batches,
      l2Ancestor: { number: ground.number, hash: ground.hash },
      regainedAt: expect.any(Number),
    });
    expect(newest().droppedBatches).toHaveLength(batches);
  });

  it('to a shorter branch is followed', async () => {
    await replace(20, 6, 5, 2);
    await expectLevel();
    expect(newest()).toMatchObject({ depth: 20, droppedL2Count: 10, adoptedL2Count: 4, regainedAt: null });
  });

  it('to a branch of the same height is followed', async () => {
    await replace(9, 9, 3);
    await expectLevel();
    expect(newest().oldTip.number).toBe(newest().newTip.number);
  });

  it('that takes batches back and offers none leaves the heads at what is left', async () => {
    const ground = l1.tip;
    await replace(12, 13, 4, 0);
    await expectLevel();
    expect(l1.tip.hash).toBe(ground.hash);
    expect(newest()).toMatchObject({ droppedL2Count: 8, adoptedL2Count: 0, regainedAt: null });
  });

  it('there and back again ends where L1 ends', async () => {
    await replace(10, 11, 3);
    await expectLevel();
    const other = l1.tip;
    for (const mark of [A, B, A, B]) {
      await l1.rollback(11);
      await l1.grow(11, 3, mark);
      await expectLevel();
    }
    expect(l1.tip.hash).toBe(other.hash);
  });

  it('during a reorg, before the first was followed, is followed too', async () => {
    await replace(30, 31, 6);
    await driven.node.driver.step(new AbortController().signal);
    await l1.rollback(25);
    await l1.grow(40, 5, A);
    await driven.node.driver.step(new AbortController().signal);
    await l1.rollback(35);
    await l1.grow(36, 7, 0xc0);
    await expectLevel();
  });

  it('is one record each, all of them closed', async () => {
    const events = (await driven.events()).filter(({ kind }) => kind.startsWith('reorg.'));
    const ids = (kind: string) => events.filter((event) => event.kind === kind).map(({ ref }) => ref);
    expect(new Set(ids('reorg.detected')).size).toBe(ids('reorg.detected').length);
    expect(ids('reorg.recovered').toSorted()).toEqual(ids('reorg.detected').toSorted());
  });
});
