import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bigIntToBytes,
  bigIntToWord,
  bytesToBigInt,
  bytesToSafeNumber,
  concatBytes,
  equalBytes,
  fromHex,
  isZero,
  toHex,
  tryFromHex,
} from './bytes.ts';

const uint256 = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n });

describe('hex', () => {
  test('is what Buffer writes, at every size', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(toHex(bytes)).toBe(`0x${Buffer.from(bytes).toString('hex')}`);
        expect(fromHex(toHex(bytes))).toEqual(bytes);
        expect(fromHex(`0x${toHex(bytes).slice(2).toUpperCase()}`)).toEqual(bytes);
      }),
    );
    for (const size of [2_047, 2_048, 2_049, 200_000]) {
      const bytes = Uint8Array.from({ length: size }, (_, index) => index * 7);
      expect(toHex(bytes)).toBe(`0x${Buffer.from(bytes).toString('hex')}`);
    }
  });

  test.each(['', '0', '0x0', 'x0', '1234', '0xzz', '0x0g', '0x‑1', '0xｆｆ', '0x 1'])(
    '%j is refused',
    (text) => {
      expect(tryFromHex(text)).toBeNull();
      expect(() => fromHex(text)).toThrow(RangeError);
    },
  );
});

describe('integers', () => {
  test('come back from words and from their shortest bytes', () => {
    fc.assert(
      fc.property(uint256, (value) => {
        expect(bytesToBigInt(bigIntToWord(value))).toBe(value);
        expect(bytesToBigInt(bigIntToBytes(value))).toBe(value);
        expect(bigIntToBytes(value)[0]).not.toBe(0);
      }),
    );
  });

  test('are numbers only up to 2^53 - 1, wherever they stand', () => {
    const at = (value: bigint) =>
      bytesToSafeNumber(concatBytes(Uint8Array.of(9), bigIntToWord(value), Uint8Array.of(9)), 1, 33);
    for (const value of [0n, 1n, 255n, 256n, 2n ** 32n, 2n ** 53n - 1n])
      expect(at(value)).toBe(Number(value));
    for (const value of [2n ** 53n, 2n ** 56n, 2n ** 64n, 2n ** 256n - 1n]) expect(at(value)).toBeNull();
  });

  test('outside uint256 have no word', () => {
    expect(() => bigIntToWord(2n ** 256n)).toThrow(RangeError);
    expect(() => bigIntToWord(-1n)).toThrow(RangeError);
  });
});

test('equality and zeros look at every byte', () => {
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
  expect(equalBytes(Uint8Array.of(1), Uint8Array.of(1, 0))).toBe(false);
  expect(isZero(Uint8Array.of(1, 0, 0, 2), 1, 3)).toBe(true);
  expect(isZero(Uint8Array.of(1, 0, 0, 2), 1)).toBe(false);
});
