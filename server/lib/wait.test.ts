import { expect, it } from 'vitest';
import { msLeft } from './wait.ts';

it.each([
  ['has all of it before it', 1_000, 250],
  ['has some of it left', 1_200, 50],
  ['is over', 1_250, 0],
  ['is over for long', 9_000, 0],
  ['is over when the clock was set back', 999, 0],
])('a wait %s', (_, now, left) => {
  expect(msLeft(1_250, 250, now)).toBe(left);
});
