import { expect, it } from 'vitest';
import { L2_BRIDGE } from '../server/devnet/bridge.ts';
import { nonceWord } from './words.ts';

const ACCOUNT = `0x${'ab'.repeat(20)}`;

it.each([
  ['an L1 message', L2_BRIDGE, null, 'L1 message'],
  ['one whose sender is spelt in capitals', L2_BRIDGE.toUpperCase().replace('X', 'x'), null, 'L1 message'],
  ['the bridge with a nonce', L2_BRIDGE, 7, '7'],
  ['the first of an account', ACCOUNT, 0, '0'],
  ['an account whose nonce the engine did not say', ACCOUNT, null, null],
  ['nobody known', null, null, null],
])('the nonce of %s', (_, from, nonce, word) => {
  expect(nonceWord({ from, nonce })).toBe(word);
});
