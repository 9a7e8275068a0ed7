import { concat, encodePacked, keccak256 as viemKeccak } from 'viem';
import { describe, expect, test } from 'vitest';
import { hashOf } from '../testing/sampleBatch.ts';
import { fromHex } from './bytes.ts';
import { privilegedRollingHash, privilegedTransactionHash } from './privileged.ts';
import { ZERO_ADDRESS, ZERO_HASH } from './refs.ts';

const MESSAGE = {
  chainId: 65_536_999n,
  from: '0x00000000000000000000000000000000000000aa',
  to: '0x00000000000000000000000000000000000000bb',
  messageId: 5n,
  value: 10n ** 18n,
  gasLimit: 105_000n,
  data: fromHex('0xb0f4d395'),
} as const;

test('a message hashes as the bridge packs it', () => {
  const { chainId, from, to, messageId, value, gasLimit } = MESSAGE;
  const packed = encodePacked(
    ['uint256', 'address', 'address', 'uint256', 'uint256', 'uint256', 'bytes32'],
    [chainId, from, to, messageId, value, gasLimit, viemKeccak('0xb0f4d395')],
  );
  expect(privilegedTransactionHash(MESSAGE)).toBe(viemKeccak(packed));
});

test('a message without a recipient hashes like one to the zero address', () => {
  const { to: _, ...rest } = MESSAGE;
  const toZero = privilegedTransactionHash({ ...rest, to: ZERO_ADDRESS });
  expect(privilegedTransactionHash({ ...rest, to: null })).toBe(toZero);
});

describe('the rolling hash', () => {
  test('is the count in two bytes and 30 bytes of the digest', () => {
    const hashes = [hashOf(1), hashOf(2), hashOf(3)];
    expect(privilegedRollingHash(hashes)).toBe(`0x0003${viemKeccak(concat(hashes)).slice(6)}`);
  });

  test('is zero for no messages', () => {
    expect(privilegedRollingHash([])).toBe(ZERO_HASH);
  });

  test('counts as far as two bytes go', () => {
    expect(privilegedRollingHash(new Array(0xffff).fill(ZERO_HASH))).toMatch(/^0xffff/);
    expect(() => privilegedRollingHash(new Array(0x10000).fill(ZERO_HASH))).toThrow(RangeError);
  });
});
