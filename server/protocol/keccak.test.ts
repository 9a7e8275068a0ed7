import { keccak_256 } from '@noble/hashes/sha3.js';
import { keccak256 as viemKeccak } from 'viem';
import { afterAll, expect, test } from 'vitest';
import { installFastKeccak } from './fastKeccak.ts';
import { installKeccak, keccak256, keccak256Hex } from './keccak.ts';

afterAll(() => installKeccak(keccak_256));

const INPUTS = [0, 1, 135, 136, 137, 1_000].map((size) =>
  Uint8Array.from({ length: size }, (_, index) => index),
);

test('the built-in and the fast Keccak give the digests that viem gives', async () => {
  const expected = INPUTS.map((input) => viemKeccak(input));
  expect(INPUTS.map((input) => keccak256Hex(input))).toEqual(expected);
  await installFastKeccak();
  expect(INPUTS.map((input) => keccak256Hex(input))).toEqual(expected);
});

test('a fast digest stays what it was while others are computed', async () => {
  await installFastKeccak();
  const first = keccak256(INPUTS[1]!);
  const before = first.slice();
  keccak256(INPUTS[2]!);
  expect(first).toEqual(before);
});

test('a function that is not Keccak-256 is not installed', () => {
  expect(() => installKeccak(() => new Uint8Array(32))).toThrow('wrong on 0 bytes');
  const shared = new Uint8Array(32);
  expect(() =>
    installKeccak((bytes) => {
      shared.set(keccak_256(bytes));
      return shared;
    }),
  ).toThrow('wrong');
  expect(keccak256Hex(INPUTS[1]!)).toBe(viemKeccak(INPUTS[1]!));
});
