import { describe, expect, test } from 'vitest';
import { L1Error } from '../l1/l1.ts';
import { fakeCommit, fakeL1 } from './fakeL1.ts';
import { l1Chain, l1Ref } from './stringChain.ts';

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof L1Error ? error.code : String(error)),
  );

describe('the fake L1', () => {
  test('answers the port from one canonical branch', async () => {
    const l1 = fakeL1('abcdef', { commits: { c: [fakeCommit(1)], e: [fakeCommit(2), fakeCommit(3)] } });
    l1.finalize('ab');
    const heads = await l1.heads();
    expect(heads).toEqual({ latest: l1Ref('abcdef'), safe: null, finalized: l1Ref('ab') });
    expect(await l1.blockByNumber(2)).toEqual(l1Ref('abc'));
    expect(await l1.blockByNumber(6)).toBeNull();
    const commits = await l1.batchCommits(0, 5, heads.latest);
    expect(commits.map((commit) => [commit.batchNumber, commit.l1Block.number, commit.logIndex])).toEqual([
      [1, 2, 0],
      [2, 4, 0],
      [3, 4, 1],
    ]);
    expect((await l1.contractState(l1Ref('abcd'))).lastCommittedBatch).toBe(1);
    expect((await l1.commitOfBatch(3, heads.latest))?.l1Block).toEqual(l1Ref('abcde'));
    expect(await l1.commitOfBatch(3, l1Ref('abcd'))).toBeNull();
    expect(l1.calls.batchCommits).toBe(1);
  });

  test('a pinned block that was reorged away is not canonical, although it is still known by hash', async () => {
    const l1 = fakeL1('abcdef', {
      commits: { c: [fakeCommit(1)], x: [fakeCommit(1, { from: `0x${'bb'.repeat(20)}` })] },
    });
    const pinned = l1Ref('abcdef');
    l1.switchTo('abxyz');
    expect(await codeOf(l1.batchCommits(0, 5, pinned))).toBe('not_canonical');
    expect(await codeOf(l1.contractState(pinned))).toBe('not_canonical');
    expect(await l1.blockByHash(pinned.hash)).toEqual(pinned);
    expect((await l1.commitOfBatch(1, l1Ref('abxyz')))?.transaction.from).toBe(`0x${'bb'.repeat(20)}`);
    const anvilLike = fakeL1('abcdef', { keepOrphans: false });
    anvilLike.switchTo('abx');
    expect(await anvilLike.blockByHash(pinned.hash)).toBeNull();
  });

  test('a longer key is one block of one branch, a letter is every block of that letter', async () => {
    const l1 = fakeL1('abc', {
      commits: { c: [fakeCommit(1)], abxc: [fakeCommit(2)] },
      verified: { abxyc: 1 },
    });
    const batches = async (branch: string) => {
      l1.switchTo(branch);
      return (await l1.batchCommits(0, l1.head.number, l1.head)).map((commit) => commit.batchNumber);
    };
    expect([await batches('abc'), await batches('abxc'), await batches('abxyc')]).toEqual([[1], [2], [1]]);
    expect((await l1.contractState(l1.head)).lastVerifiedBatch).toBe(1);
    l1.mine('zz');
    expect(l1.branch).toBe('abxyczz');
    expect(l1.head).toEqual(l1Ref('abxyczz'));
  });

  test('misbehaves once for each injection, in order, and then answers again', async () => {
    const l1 = fakeL1('abcd');
    l1.failNext('heads', 'rate_limited');
    l1.answerNext('heads', { latest: l1Ref('ab'), safe: null, finalized: null });
    l1.beforeNext('heads', () => l1.switchTo('abxyz'));
    expect(await codeOf(l1.heads())).toBe('rate_limited');
    expect((await l1.heads()).latest).toEqual(l1Ref('ab'));
    expect((await l1.heads()).latest).toEqual(l1Ref('abxyz'));
    l1.showHead('abc');
    expect((await l1.heads()).latest).toEqual(l1Chain('abc')[2]);
    l1.showHead(null);
    expect((await l1.heads()).latest).toEqual(l1.head);
    expect(l1.calls.heads).toBe(5);
  });

  test('a call that hangs ends with its signal', async () => {
    const l1 = fakeL1('abcd');
    l1.hangNext('contractState');
    const controller = new AbortController();
    const call = codeOf(l1.contractState(l1.head, controller.signal));
    controller.abort();
    expect(await call).toBe('aborted');
  });

  test('tells listeners of each switch until they unsubscribe', () => {
    const l1 = fakeL1('ab');
    let heard = 0;
    const stop = l1.onHead(() => {
      heard += 1;
    });
    l1.mine('c');
    l1.switchTo('abx');
    stop();
    l1.mine('y');
    expect(heard).toBe(2);
  });
});
