import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { L1BlockRef } from '../protocol/refs.ts';
import { ZERO_HASH } from '../protocol/refs.ts';
import { chainText, l1Chain, l1Extend, l1Ref } from '../testing/stringChain.ts';
import { LocalChain, type Reconciled, reconcile } from './localChain.ts';

const holding = (refs: readonly L1BlockRef[], capacity?: number): LocalChain => {
  const chain = new LocalChain(capacity);
  for (const ref of refs) chain.append(ref);
  return chain;
};
const held = (chain: LocalChain): string => chainText(chain.above(-1));

/** One line that a table can compare: the kind and the blocks it names. */
function describeAnswer(answer: Reconciled): string {
  switch (answer.kind) {
    case 'extended':
      return `extended +${chainText(answer.adopted)}`;
    case 'stale':
      return `stale ${answer.reason}`;
    case 'gap':
      return `gap ${answer.from}-${answer.to}`;
    case 'needParent':
      return `needParent ${chainText([answer])}@${answer.number}`;
    case 'reorg':
      return `reorg ${chainText([answer.commonAncestor])} -${chainText(answer.dropped)} +${chainText(answer.adopted)} depth ${answer.depth}`;
    case 'beyondFinalized':
      return `beyondFinalized ${chainText([answer.finalized])}`;
    case 'beyondWindow':
      return `beyondWindow ${chainText([answer.oldest])}`;
  }
}

/** Sees `seen`, answering every `gap` and `needParent` from `branch`, as a caller with an L1 would. */
function follow(
  chain: LocalChain,
  branch: readonly L1BlockRef[],
  seen: L1BlockRef,
  finalized: L1BlockRef | null,
) {
  const known = [seen];
  for (;;) {
    const answer = reconcile(chain, known, finalized);
    if (answer.kind === 'gap') {
      known.unshift(...branch.slice(answer.from, answer.to + 1));
      continue;
    }
    if (answer.kind !== 'needParent') return { answer, fetched: known.length - 1 };
    const parent = branch.find((ref) => ref.hash === answer.hash);
    if (parent === undefined) throw new Error(`the test's branch has no block ${answer.number}`);
    known.unshift(parent);
  }
}

describe('reconcile, one look', () => {
  const cases: readonly [name: string, ours: string, seen: string, answer: string][] = [
    ['the first block is taken as it is', '', 'abcd', 'extended +d'],
    ['the next block extends', 'abcd', 'abcde', 'extended +e'],
    ['the same head again is not a reorg', 'abcd', 'abcd', 'stale known'],
    ['an older head on our branch is not a reorg', 'abcdefgh', 'abc', 'stale known'],
    ['our oldest block is not a reorg', 'abcd', 'a', 'stale known'],
    ['a jump ahead is a gap, not a reorg', 'abcd', 'abcdefgh', 'gap 4-6'],
    ['a jump of one is a gap of one', 'abcd', 'abcdef', 'gap 4-4'],
    ['a sibling of our head is a reorg one deep', 'abcd', 'abcx', 'reorg c -d +x depth 1'],
    ['a shorter new branch is a reorg', 'abcdefgh', 'abcx', 'reorg c -defgh +x depth 5'],
    ['a longer new branch needs its parents', 'abcd', 'abxyz', 'needParent y@3'],
    ['a child of a sibling of our head needs that sibling', 'abcd', 'abcxy', 'needParent x@3'],
    ['another first block cannot be placed', 'abcd', 'x', 'beyondWindow a'],
  ];
  test.each(cases)('%s', (_name, ours, seen, answer) => {
    expect(describeAnswer(reconcile(holding(l1Chain(ours)), [l1Ref(seen)]))).toBe(answer);
  });

  test('a zero hash is no evidence of anything', () => {
    const absent = { ...l1Ref('abx'), hash: ZERO_HASH };
    expect(describeAnswer(reconcile(holding(l1Chain('abcd')), [absent]))).toBe('stale absent');
    expect(describeAnswer(reconcile(new LocalChain(), [absent]))).toBe('stale absent');
  });
});

describe('reconcile, until it has decided', () => {
  const cases: readonly [name: string, ours: string, theirs: string, finalized: string, answer: string][] = [
    ['same height', 'abcdefgh', 'abcdexyz', '', 'reorg e -fgh +xyz depth 3'],
    ['longer', 'abcdef', 'abcxyzuvw', '', 'reorg c -def +xyzuvw depth 3'],
    ['shorter', 'abcdefgh', 'abxy', '', 'reorg b -cdefgh +xy depth 6'],
    ['down to our oldest block', 'abcdefgh', 'axyz', '', 'reorg a -bcdefgh +xyz depth 7'],
    ['below everything we hold', 'abcd', 'xyzu', '', 'beyondWindow a'],
    ['ending on finalized is allowed', 'abcdefgh', 'abcdexyz', 'abcde', 'reorg e -fgh +xyz depth 3'],
    ['one below finalized is refused', 'abcdefgh', 'abcdxyzu', 'abcde', 'beyondFinalized e'],
    ['far below finalized is refused', 'abcdefgh', 'axyzuvwq', 'abcde', 'beyondFinalized e'],
    ['a short branch below finalized is refused', 'abcdefgh', 'abx', 'abcde', 'beyondFinalized e'],
    ['a branch forking at our head with finalized at head', 'abcd', 'abcxy', 'abcd', 'beyondFinalized d'],
  ];
  test.each(cases)('%s: %s → %s', (_name, ours, theirs, finalized, answer) => {
    const branch = l1Chain(theirs);
    const final = finalized === '' ? null : l1Ref(finalized);
    const seen = branch.at(-1) as L1BlockRef;
    expect(describeAnswer(follow(holding(l1Chain(ours)), branch, seen, final).answer)).toBe(answer);
  });

  test('blocks we already hold in front of the branch are neither dropped nor adopted again', () => {
    const answer = reconcile(holding(l1Chain('abcdefgh')), l1Chain('abcdexyz').slice(2));
    expect(describeAnswer(answer)).toBe('reorg e -fgh +xyz depth 3');
    expect(describeAnswer(reconcile(holding(l1Chain('abcd')), l1Chain('abcdef')))).toBe('extended +ef');
  });

  test('finality stops the walk: no parent is fetched below the finalized number', () => {
    const ours = l1Chain('abcdefgh');
    const branch = l1Chain('axyzuvwq');
    const { answer, fetched } = follow(holding(ours), branch, branch[7] as L1BlockRef, ours[4] as L1BlockRef);
    expect(answer.kind).toBe('beyondFinalized');
    expect(fetched).toBe(3);
  });

  test('an unlinked branch is refused as a mistake of the caller', () => {
    const branch = [l1Ref('abx'), l1Ref('abcd')];
    expect(() => reconcile(holding(l1Chain('ab')), branch)).toThrow(RangeError);
    expect(() => reconcile(new LocalChain(), [])).toThrow(RangeError);
  });
});

describe('applying', () => {
  const see = (chain: LocalChain, text: string): string => {
    const branch = l1Chain(text);
    const { answer } = follow(chain, branch, branch.at(-1) as L1BlockRef, null);
    chain.apply(answer);
    return describeAnswer(answer);
  };

  test('flip-flop between two branches ends where L1 ends, each flip a reorg of its own', () => {
    const chain = holding(l1Chain('abcd'));
    expect(see(chain, 'abxy')).toBe('reorg b -cd +xy depth 2');
    expect(see(chain, 'abcd')).toBe('reorg b -xy +cd depth 2');
    expect(see(chain, 'abxyz')).toBe('reorg b -cd +xyz depth 2');
    expect(see(chain, 'abxy')).toBe('stale known');
    expect(held(chain)).toBe('abxyz');
  });

  test('a second reorg while parents of the first are being fetched', () => {
    const chain = holding(l1Chain('abcdefgh'));
    const first = l1Chain('abcxyzuv');
    expect(reconcile(chain, [first[7] as L1BlockRef]).kind).toBe('needParent');
    expect(see(chain, 'abpqrstuvw')).toBe('reorg b -cdefgh +pqrstuvw depth 6');
    expect(held(chain)).toBe('abpqrstuvw');
  });

  test('stale, gap and needParent change nothing', () => {
    const chain = holding(l1Chain('abcd'));
    for (const seen of ['abc', 'abcdefgh', 'abxyz', 'x']) chain.apply(reconcile(chain, [l1Ref(seen)]));
    expect(held(chain)).toBe('abcd');
  });

  test('rewinding to a block of another branch is refused', () => {
    expect(() => holding(l1Chain('abcd')).rewindTo(l1Ref('abx'))).toThrow(RangeError);
    expect(() => holding(l1Chain('abcd')).append(l1Ref('abcxe'))).toThrow(RangeError);
  });

  test('any sequence of branches leaves a linked window that ends where L1 ended (property)', () => {
    const branch = fc
      .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 12 })
      .map((c) => `g${c.join('')}`);
    fc.assert(
      fc.property(fc.array(branch, { minLength: 1, maxLength: 12 }), (branches) => {
        const chain = new LocalChain();
        chain.append(l1Ref('g'));
        let expected = 'g';
        for (const text of branches) {
          const known = [...l1Chain(text)];
          chain.apply(reconcile(chain, known, null));
          // A head that is an ancestor of ours is a lagging answer; everything else is where L1 is now.
          if (!expected.startsWith(text)) expected = text;
          expect(held(chain)).toBe(expected);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('the window', () => {
  test('forgets the oldest beyond its capacity and stays linked', () => {
    const chain = holding(l1Chain('abcdefghij'), 4);
    expect(held(chain)).toBe('ghij');
    expect(chain.at(5)).toBeNull();
    expect(chain.at(6)).toEqual(l1Ref('abcdefg'));
    expect(describeAnswer(reconcile(chain, [l1Ref('abc')]))).toBe('beyondWindow g');
  });

  test('a reorg deeper than the window is named, not guessed', () => {
    const ours = holding(l1Chain('abcdefghij'), 4);
    const branch = l1Chain('abcdxyzuvw');
    const { answer, fetched } = follow(ours, branch, branch[9] as L1BlockRef, null);
    expect(describeAnswer(answer)).toBe('beyondWindow g');
    expect(fetched).toBe(3);
  });

  test('holds 8,192 blocks through 100,000 appends and a reorg 1,000 deep', () => {
    const chain = new LocalChain();
    let number = 0;
    let tip: L1BlockRef = { number, hash: fakeHash(0), parentHash: ZERO_HASH, timestamp: 0 };
    chain.append(tip);
    while (number < 100_000) {
      number += 1;
      tip = { number, hash: fakeHash(number), parentHash: tip.hash, timestamp: number };
      chain.append(tip);
    }
    expect(chain.size).toBe(8_192);
    const ancestor = chain.at(number - 1_000) as L1BlockRef;
    const answer = reconcile(chain, l1Extend(ancestor, 'x'.repeat(1_200)));
    if (answer.kind !== 'reorg') throw new Error(answer.kind);
    chain.apply(answer);
    expect(answer.depth).toBe(1_000);
    expect(chain.newest?.number).toBe(number + 200);
  });
});

const fakeHash = (number: number): `0x${string}` => `0x${number.toString(16).padStart(64, '0')}`;
