import { describe, expect, test } from 'vitest';
import { ZERO_HASH } from '../protocol/refs.ts';
import { blockName, chainText, l1Chain, l1Extend, l1Ref, l2Chain, l2Ref } from './stringChain.ts';

describe('string chains', () => {
  test('number from 0 and are linked by parent hash', () => {
    const refs = l1Chain('abcd');
    expect(refs.map((ref) => ref.number)).toEqual([0, 1, 2, 3]);
    expect(refs.map((ref) => ref.parentHash)).toEqual([
      ZERO_HASH,
      ...refs.slice(0, 3).map((ref) => ref.hash),
    ]);
    expect(new Set(refs.map((ref) => ref.hash)).size).toBe(4);
    for (const ref of refs) expect(ref.hash).toMatch(/^0x[0-9a-f]{64}$/);
  });

  test('equal prefixes are equal blocks, and the same letter elsewhere is another block', () => {
    expect(l1Chain('abcd').slice(0, 2)).toEqual(l1Chain('abxd').slice(0, 2));
    expect(l1Ref('abcd').hash).not.toBe(l1Ref('abxd').hash);
    expect(l1Ref('abc')).toEqual(l1Chain('abcd')[2]);
  });

  test('the layers never share a block', () => {
    expect(l1Ref('abc').hash).not.toBe(l2Ref('abc').hash);
    expect(l2Chain('AB')[1]?.timestamp).not.toBe(l1Chain('ab')[1]?.timestamp);
  });

  test('extending equals writing it out, and names read back', () => {
    expect(l1Extend(l1Ref('ab'), 'cd')).toEqual(l1Chain('abcd').slice(2));
    expect(chainText(l1Chain('abxy'))).toBe('abxy');
    expect(blockName(l2Ref('ABC').hash)).toBe('C');
  });
});
