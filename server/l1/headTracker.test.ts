import { describe, expect, it } from 'vitest';
import { fakeL1 } from '../testing/fakeL1.ts';
import { l1Ref } from '../testing/stringChain.ts';
import { HeadTracker } from './headTracker.ts';

const long = (head: string, count: number): string => head + 'm'.repeat(count);

describe('the head tracker', () => {
  it.each([
    ['the same head again', 'abcdef', 'same'],
    ['one more block', 'abcdefg', 'extended'],
    ['many more blocks', 'abcdefghijklmnop', 'extended'],
    ['an older head on our branch', 'abcd', 'stale'],
  ])('calls %s %s → %s', async (_, branch, kind) => {
    const l1 = fakeL1('abcdef');
    const tracker = new HeadTracker(l1);
    expect((await tracker.track()).event.kind).toBe('started');
    if (kind === 'stale') l1.showHead(branch);
    else l1.switchTo(branch);
    expect((await tracker.track()).event.kind).toBe(kind);
  });

  it.each([
    ['abcdxyz', 'abcd', 'ef'],
    ['abcdx', 'abcd', 'ef'],
    ['abxyzuvw', 'ab', 'cdef'],
    ['abcdey', 'abcde', 'f'],
  ])('sees the reorg abcdef → %s above %s, dropping %s', async (branch, ancestor, dropped) => {
    const l1 = fakeL1('abcdef');
    const tracker = new HeadTracker(l1);
    await tracker.track();
    l1.switchTo(branch);
    const { event, recent } = await tracker.track();
    expect(event).toMatchObject({
      kind: 'reorg',
      exact: true,
      depth: dropped.length,
      commonAncestor: { hash: l1Ref(ancestor).hash },
      oldTip: { hash: l1Ref('abcdef').hash },
    });
    expect(recent.at(-1)?.hash).toBe(l1Ref(branch).hash);
    expect((await tracker.track()).event.kind).toBe('same');
  });

  it.each([[64], [256], [1000]])(
    'finds the ancestor of a reorg %i deep in O(log n) questions',
    async (depth) => {
      const trunk = long('a', 40);
      const l1 = fakeL1(trunk);
      const tracker = new HeadTracker(l1);
      await tracker.track();
      // The window after a start is short; a node that ran through the old branch knows all of it.
      for (let block = 0; block < depth; block++) {
        l1.switchTo(trunk + 'o'.repeat(block + 1));
        await tracker.track();
      }
      l1.switchTo(trunk + 'n'.repeat(depth + 1));
      const before = { ...l1.calls };
      const { event } = await tracker.track();
      expect(event).toMatchObject({ kind: 'reorg', depth, commonAncestor: { hash: l1Ref(trunk).hash } });
      const adopted = depth;
      const asked = l1.calls.blockByNumber - before.blockByNumber - adopted;
      expect(asked).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(depth)) + 4);
      expect(l1.calls.blockByHash - before.blockByHash).toBeLessThanOrEqual(5);
    },
  );

  it('is not exact about a branch that parts below all it remembers', async () => {
    const l1 = fakeL1(long('a', 300));
    const tracker = new HeadTracker(l1);
    await tracker.track();
    l1.switchTo(`a${'n'.repeat(310)}`);
    expect((await tracker.track()).event).toMatchObject({ kind: 'reorg', exact: false });
    expect((await tracker.track()).event.kind).toBe('same');
  });

  it('never crosses what L1 called finalized, however often it looks', async () => {
    const l1 = fakeL1('abcdefgh');
    l1.finalize('abcde');
    const tracker = new HeadTracker(l1);
    await tracker.track();
    l1.switchTo('abcxyzuvw');
    expect((await tracker.track()).event.kind).toBe('beyond_finalized');
    expect((await tracker.track()).event.kind).toBe('beyond_finalized');
  });

  it('never crosses finalized by way of the deep search either', async () => {
    const l1 = fakeL1(long('a', 60));
    l1.finalize(long('a', 30));
    const tracker = new HeadTracker(l1);
    await tracker.track();
    l1.switchTo(`${long('a', 20)}${'n'.repeat(60)}`);
    expect((await tracker.track()).event.kind).toBe('beyond_finalized');
  });

  it('notices, after sleeping through 3,000 blocks, that its tip was reorged away', async () => {
    const l1 = fakeL1(long('a', 50));
    const tracker = new HeadTracker(l1);
    await tracker.track();
    l1.switchTo(long(`${long('a', 45)}n`, 3_000));
    expect((await tracker.track()).event).toMatchObject({
      kind: 'reorg',
      commonAncestor: { hash: l1Ref(long('a', 45)).hash },
      depth: 5,
    });
  });

  it('asks to look again when the branch changes while it looks', async () => {
    const l1 = fakeL1('abcdef');
    const tracker = new HeadTracker(l1);
    await tracker.track();
    l1.switchTo('abcdefghij');
    l1.answerNext('blockByNumber', l1Ref('abcdefx'));
    await expect(tracker.track()).rejects.toMatchObject({ code: 'not_canonical' });
    expect((await tracker.track()).event.kind).toBe('extended');
  });
});
