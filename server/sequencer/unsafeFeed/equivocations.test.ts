import { expect, it } from 'vitest';
import { l2Chain } from '../../testing/stringChain.ts';
import { Equivocations } from './equivocations.ts';

/** The heights at which evidence is found when peers show these chains' tips, one after the other. */
const found = (...tips: readonly string[]): readonly number[] => {
  const all = new Equivocations();
  return tips.flatMap((text) => all.note('p', () => true, l2Chain(text).at(-1)!, 0)?.height ?? []);
};

it('a story that goes on is none, nor is one that is told again', () => {
  expect(found('AB', 'ABC', 'ABC', 'AB', 'ABC', 'ABCD')).toEqual([]);
});

it('a second story counts where it begins, and not with each block that is built on it', () => {
  expect(found('AB', 'ABC', 'ABCD', 'ABCDE', 'AX', 'AXC', 'AXCD', 'AXCDE', 'AXCDEF')).toEqual([1]);
});

it('a third one counts again, and so does a return to the first', () => {
  expect(found('AB', 'ABC', 'AX', 'AXC', 'AY', 'AYC', 'AB')).toEqual([1, 1, 1]);
});

it('peers are told apart', () => {
  const all = new Equivocations();
  const tip = (text: string) => l2Chain(text).at(-1)!;
  all.note('p', () => true, tip('ABC'), 0);
  expect(all.note('q', () => true, tip('AXC'), 0)).toBeNull();
  expect(all.note('p', () => true, tip('AXC'), 0)).toMatchObject({ peer: 'p', height: 2 });
  expect(all.count).toBe(1);
});
