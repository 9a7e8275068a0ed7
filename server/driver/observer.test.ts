import { describe, expect, test } from 'vitest';
import type { JournalEvent } from '../journal/journal.ts';
import { HeadTracker } from '../l1/headTracker.ts';
import type { L2BlockRef } from '../protocol/refs.ts';
import { type Commits, WORLD_CONFIG, WORLD_DERIVATION, world } from '../testing/driverWorld.ts';
import { chainText, l2Chain, l2Ref } from '../testing/stringChain.ts';
import { type ObservedNodePort, Observer } from './observer.ts';
import type { EthrexFacts } from './state.ts';

/** A node whose chain is a text. It can be asked and nothing else. */
class TextNode implements ObservedNodePort {
  chain: readonly L2BlockRef[];
  safe: L2BlockRef | null = null;
  batchNumbers: number | null = null;
  batchAnswer: EthrexFacts['batch'] = null;
  asked = 0;

  constructor(text: string) {
    this.chain = l2Chain(text);
  }
  become(text: string): void {
    this.chain = l2Chain(text);
  }
  labels = async () => ({ latest: this.chain.at(-1)!, safe: this.safe, finalized: null });
  blockByNumber = async (number: number | 'latest' | 'earliest') => {
    this.asked += 1;
    return (typeof number === 'number' ? this.chain[number] : this.chain.at(-1)) ?? null;
  };
  blockByHash = async (hash: string) => this.chain.find((ref) => ref.hash === hash) ?? null;
  batchNumber = async () => this.batchNumbers;
  batch = async () => this.batchAnswer;
  health = async () => null;
}

const COMMITS: Commits = { c: 'ABC', e: 'ABCDE', g: ['ABCDEFG', 'ABCDEFGHI'] };

function rig(nodeChain: string, branch = 'abcdefgh', commits: Commits = COMMITS) {
  const { l1 } = world(branch, commits);
  const node = new TextNode(nodeChain);
  const events: JournalEvent[] = [];
  const clock = { at: 1_700_000_000_000 };
  const genesis = l2Ref('A');
  const observer = new Observer(
    { config: WORLD_CONFIG, genesisCursor: { batchNumber: 0, lastBlock: genesis } },
    {
      l1,
      tracker: new HeadTracker(l1),
      node,
      derivation: WORLD_DERIVATION,
      journal: {
        append: async (kind, payload, ref) => {
          const event = { seq: events.length + 1, at: clock.at, kind, payload, ref: ref ?? null };
          events.push(event);
          return event;
        },
        list: async () => [],
      },
      clock: { now: () => clock.at },
    },
  );
  const signal = new AbortController().signal;
  const settle = async (): Promise<string> => {
    clock.at += 10_000;
    for (let i = 0; i < 100; i++) {
      const outcome = await observer.step(signal);
      if (outcome !== 'more') return outcome;
    }
    throw new Error('it did not come to rest');
  };
  const heads = (): string => {
    const { labels } = observer.state;
    return [labels?.latest, labels?.safe, labels?.finalized]
      .map((ref) => (ref ? chainText([ref]) : '-'))
      .join(' / ');
  };
  const divergence = () => observer.state.observed?.divergence ?? null;
  return { l1, node, observer, settle, heads, divergence, events, clock };
}

describe('a node that is observed', () => {
  test('and holds what L1 implies is confirmed by L1, and what is above is counted as not to be judged', async () => {
    const { settle, heads, observer, l1 } = rig('ABCDEFGHIJKL');
    l1.finalize('abcde');
    expect(await settle()).toBe('idle');
    expect(heads()).toBe('L / I / E');
    expect(observer.state.phase).toBe('following');
    expect(observer.state.observed).toMatchObject({ divergence: null, missing: 0, beyond: 3 });
  });

  const tampered: readonly [chain: string, block: number, batch: number][] = [
    ['ABCDEFGXI', 7, 4],
    ['ABCDEFXHI', 6, 3],
    ['ABCDXFGHI', 4, 2],
    ['AXCDEFGHIJKLMNOP', 1, 1],
    ['ABCDEFGHXYZ', 8, 4],
    ['ABCX', 3, 2],
  ];
  test.each(tampered)(
    'and holds %s is told to differ first at block %i, of batch %i, by both hashes',
    async (chain, block, batch) => {
      const { settle, divergence, events, observer } = rig(chain);
      await settle();
      const right = l2Chain('ABCDEFGHI')[block]!;
      expect(divergence()).toMatchObject({
        block,
        batchNumber: batch,
        derived: right.hash,
        held: l2Chain(chain)[block]!.hash,
      });
      expect(observer.state.labels?.safe?.number ?? 0).toBeLessThan(block);
      await settle();
      expect(events.filter(({ kind }) => kind === 'node.diverged')).toHaveLength(1);
    },
  );

  test('is found to differ in a batch of 2,000 blocks with a few questions', async () => {
    const text = `A${'BCDEFGHI'.repeat(250)}`;
    const forged = `${text.slice(0, 1_235)}X${text.slice(1_236)}`;
    const { node, settle, divergence } = rig(forged, 'abc', { c: text });
    await settle();
    expect(divergence()).toMatchObject({ block: 1_235, batchNumber: 1 });
    expect(node.asked).toBeLessThan(40);
  });

  test('is behind, and is right as far as it is', async () => {
    const { node, settle, observer, divergence, heads } = rig('ABCDEF');
    await settle();
    expect(divergence()).toBeNull();
    expect(observer.state.observed?.missing).toBe(1);
    expect(heads()).toBe('F / E / -');
    node.become('ABCDEFGHI');
    await settle();
    expect(heads()).toBe('I / I / -');
    expect(observer.state.observed?.missing).toBe(0);
  });

  test('heals when it comes back to what L1 implies', async () => {
    const { node, settle, divergence } = rig('ABCDXF');
    await settle();
    expect(divergence()?.block).toBe(4);
    node.become('ABCDEFGHIJ');
    await settle();
    expect(divergence()).toBeNull();
  });

  test('and rolled back is compared again from where both agree', async () => {
    const { node, settle, heads, divergence } = rig('ABCDEFGHI');
    await settle();
    node.become('ABXYZ');
    await settle();
    expect(divergence()).toMatchObject({ block: 2, batchNumber: 1 });
    expect(heads()).toBe('Z / - / -');
  });

  test('is wrong after an L1 reorg that it did not follow, and the reorg is on record', async () => {
    const { l1, settle, divergence, events } = rig('ABCDEFGHI', 'abcdefgh', {
      ...COMMITS,
      x: 'ABCDEPQ',
    });
    await settle();
    l1.switchTo('abcdefxyz');
    await settle();
    expect(divergence()).toMatchObject({
      block: 5,
      derived: l2Ref('ABCDEP').hash,
      held: l2Ref('ABCDEF').hash,
    });
    expect(events.find(({ kind }) => kind === 'reorg.detected')?.payload).toMatchObject({
      layer: 'L1',
      depth: 2,
      droppedBatches: [3, 4],
    });
  });

  test.each(['labels', 'blockByHash'] as const)(
    'is wrong after an L1 reorg during which it did not answer (%s), though it has as many batches',
    async (call) => {
      const { l1, node, settle, divergence, events } = rig('ABCDEFGHI', 'abcdefgh', {
        ...COMMITS,
        x: ['ABCDEPQ', 'ABCDEPQRS'],
      });
      await settle();
      l1.switchTo('abcdefxyz');
      const answers = node[call];
      Object.assign(node, { [call]: () => Promise.reject(new Error('it is away')) });
      expect(await settle()).toBe('failed');
      Object.assign(node, { [call]: answers });
      await settle();
      expect(divergence()).toMatchObject({ block: 5, derived: l2Ref('ABCDEP').hash });
      expect(events.filter(({ kind }) => kind === 'reorg.detected')).toHaveLength(1);
    },
  );

  test('of another genesis is told so, and looked at again', async () => {
    const { settle, observer, node } = rig('ZBC');
    expect(await settle()).toBe('failed');
    expect(observer.state.trouble).toMatchObject({ code: 'foreign_genesis' });
    node.become('ABCDEFGHI');
    expect(await settle()).toBe('idle');
    expect(observer.state).toMatchObject({ phase: 'following', trouble: null });
  });

  test('and claims more than L1 confirms, or other batches, is told where it differs', async () => {
    const { node, settle, observer } = rig('ABCDEFGHIJ');
    node.safe = l2Ref('ABCDEFGHIJ');
    node.batchNumbers = 3;
    node.batchAnswer = { number: 4, firstBlock: 6, lastBlock: 8, stateRoot: l2Ref('A').hash };
    await settle();
    await settle();
    const disagreements = observer.state.observed?.disagreements ?? [];
    expect(disagreements.map(({ what }) => what)).toEqual([
      'safe head',
      'newest batch',
      'batch 4',
      'state root of batch 4',
    ]);
    expect(disagreements[2]).toMatchObject({ node: 'blocks 6 to 8', l1: 'blocks 7 to 8' });
  });
});

test('an observer has nothing to write with', () => {
  const writes = ['newPayload', 'forkchoiceUpdated', 'setHead', 'getPayload'] as const;
  type Writes = Extract<keyof ObservedNodePort, (typeof writes)[number]>;
  const none: [Writes] extends [never] ? true : false = true;
  expect(none).toBe(true);
});
