import { expect, it } from 'vitest';
import type { VerdictKind } from '../api/views.ts';
import { VerdictWatch } from './verdictWatch.ts';

/** Looks once a second; a letter a second: a aligned, c catching_up, s stalled, h halted. */
function told(story: string): string[] {
  const kinds: Readonly<Record<string, VerdictKind>> = {
    a: 'aligned',
    c: 'catching_up',
    s: 'stalled',
    h: 'halted',
  };
  const watch = new VerdictWatch();
  let since = 0;
  return [...story].flatMap((letter, second) => {
    if (letter !== story[second - 1]) since = second * 1_000;
    const verdict = { kind: kinds[letter]!, sentence: letter, reference: '', since };
    const change = watch.look(verdict, second * 1_000);
    return change === null ? [] : [`${second}: ${change.from} → ${change.to}`];
  });
}

it.each([
  ['what lasts is told once', 'aaaaaaaaaa', ['5: unknown → aligned']],
  ['catching up with each new block is not told', 'aaaaaaacaacaaccaa', ['5: unknown → aligned']],
  [
    'a stall is told at once, and its end when it lasts',
    'aaaaaasaaaaaaa',
    ['5: unknown → aligned', '6: aligned → stalled', '12: stalled → aligned'],
  ],
  ['a halt after a stall is told too', 'sh', ['0: unknown → stalled', '1: stalled → halted']],
])('%s (%s)', (_, story, changes) => {
  expect(told(story)).toEqual(changes);
});
