import { RLP } from '@ethereumjs/rlp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bigIntToBytes, concatBytes, fromHex, toHex } from './bytes.ts';
import { decodeRlp, encodeRlp, encodeRlpUint, type RlpItem, scanRlp } from './rlp.ts';

const reasonOf = (hex: string, limits?: { maxDepth: number; maxItems: number }): string => {
  const decoded = decodeRlp(fromHex(hex), limits);
  return decoded.ok ? 'accepted' : decoded.error.reason;
};

const item: fc.Arbitrary<RlpItem> = fc.letrec<{ item: RlpItem }>((tie) => ({
  item: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.uint8Array({ maxLength: 80 }),
    fc.array(tie('item'), { maxLength: 6 }),
  ),
})).item;

describe('what is accepted', () => {
  test.each([
    ['0x80', '0x'],
    ['0x00', '0x00'],
    ['0x7f', '0x7f'],
    ['0x8180', '0x80'],
    ['0x83646f67', '0x646f67'],
    [`0xb838${'61'.repeat(56)}`, `0x${'61'.repeat(56)}`],
  ])('string %s', (encoded, content) => {
    const decoded = decodeRlp(fromHex(encoded));
    expect(decoded).toEqual({ ok: true, value: fromHex(content) });
  });

  test("every item comes back from its encoding, which is @ethereumjs/rlp's", () => {
    fc.assert(
      fc.property(item, (value) => {
        const encoded = encodeRlp(value);
        expect(toHex(encoded)).toBe(toHex(RLP.encode(value as Parameters<typeof RLP.encode>[0])));
        expect(decodeRlp(encoded)).toEqual({ ok: true, value });
      }),
    );
  });

  test('strings of 55, 56, 255, 256 and 65,536 bytes come back', () => {
    for (const size of [55, 56, 255, 256, 65_536]) {
      const value = [new Uint8Array(size).fill(1)];
      expect(decodeRlp(encodeRlp(value))).toEqual({ ok: true, value });
    }
  });

  test('strings are views of the input, not copies', () => {
    const encoded = encodeRlp([new Uint8Array(40)]);
    const decoded = decodeRlp(encoded);
    expect(decoded.ok && (decoded.value[0] as Uint8Array).buffer === encoded.buffer).toBe(true);
  });

  test('an unsigned integer has no leading zeros, and zero is the empty string', () => {
    expect([0, 1, 127, 128, 256, 2 ** 53 - 1].map((value) => toHex(encodeRlpUint(value)))).toEqual([
      ...['0x80', '0x01', '0x7f', '0x8180', '0x820100', '0x871fffffffffffff'],
    ]);
  });
});

describe('what is refused', () => {
  test.each([
    ['a length that could be short', '0xb800'],
    ['a length of 55 that could be short', `0xb837${'61'.repeat(55)}`],
    ['a prefix on a byte below 0x80', '0x8100'],
    ['a list length that could be short', '0xf801c0'],
    ['a length with leading zeros', '0xbb00000001aa'],
    ['a list length with leading zeros', `0xf90038${'01'.repeat(56)}`],
    ['inside a list', '0xc28100'],
  ])('non-canonical: %s', (_, hex) => {
    expect(reasonOf(hex)).toBe('non_canonical_rlp');
  });

  test.each([
    ['nothing at all', '0x'],
    ['a string cut off', '0x83646f'],
    ['a length cut off', '0xb9'],
    ['a length of 2^32', '0xbc0100000000'],
    ['a length of 2^64 - 1', `0xbf${'ff'.repeat(8)}00`],
    ['a list length of 2^64 - 1', `0xff${'ff'.repeat(8)}00`],
    ['an item longer than its list', '0xc2836161'],
    ['a list that ends inside an item', '0xc18161'],
    ['a long item that begins in a list and ends behind it', `0xf83bc2b838${'61'.repeat(56)}`],
    ['bytes after the item', '0x8080'],
  ])('malformed: %s', (_, hex) => {
    expect(reasonOf(hex)).toBe('malformed_rlp');
  });

  test('lists nested deeper than the cap, whatever their number', () => {
    const nested = (depth: number): string => toHex(encodeNested(depth));
    const limits = { maxDepth: 8, maxItems: 1_000_000 };
    expect(reasonOf(nested(8), limits)).toBe('accepted');
    expect(reasonOf(nested(9), limits)).toBe('rlp_too_deep');
    expect(reasonOf(nested(10_000), limits)).toBe('rlp_too_deep');
  });

  test('nesting as deep as the input allows does not exhaust the stack of the scan', () => {
    const deep = encodeNested(100_000);
    expect(scanRlp(deep, 0, deep.length, { maxDepth: 200_000, maxItems: 200_000 })).toMatchObject({
      ok: true,
    });
  });

  test('three million items are refused before one of them is allocated', () => {
    const list = concatBytes(listPrefix(3_000_000), new Uint8Array(3_000_000).fill(0x01));
    const before = process.memoryUsage().heapUsed;
    expect(decodeRlp(list, { maxDepth: 8, maxItems: 100_000 })).toMatchObject({
      error: { reason: 'rlp_too_many_items' },
    });
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000);
  });

  test('every truncation of a valid item', () => {
    const encoded = encodeRlp([new Uint8Array(60), [new Uint8Array(3).fill(7), []], new Uint8Array(0)]);
    for (let size = 0; size < encoded.length; size++) {
      expect(decodeRlp(encoded.subarray(0, size))).toMatchObject({ error: { reason: 'malformed_rlp' } });
    }
  });
});

test('on any bytes it agrees with @ethereumjs/rlp about what is RLP, and re-encodes to the same bytes', () => {
  const mutated = fc
    .tuple(item, fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 3 }))
    .map(([value, edits]) => {
      const bytes = encodeRlp(value).slice();
      for (const [at, byte] of edits) if (bytes.length > 0) bytes[at % bytes.length] = byte;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ minLength: 1, maxLength: 40 })), (bytes) => {
      const ours = decodeRlp(bytes, { maxDepth: 1000, maxItems: 10_000 });
      let theirs: unknown = null;
      try {
        theirs = RLP.decode(bytes);
      } catch {
        // Refused; which error it is does not matter here.
      }
      expect(ours.ok).toBe(theirs !== null);
      if (ours.ok) expect(toHex(encodeRlp(ours.value))).toBe(toHex(bytes));
    }),
    { numRuns: 2_000 },
  );
});

/** `depth` lists, each the only item of the one around it. Built from the inside, without recursion. */
function encodeNested(depth: number): Uint8Array {
  const prefixes: Uint8Array[] = [];
  let size = 0;
  for (let level = 0; level < depth; level++) {
    const prefix = listPrefix(size);
    prefixes.push(prefix);
    size += prefix.length;
  }
  const encoded = new Uint8Array(size);
  let at = size;
  for (const prefix of prefixes) {
    at -= prefix.length;
    encoded.set(prefix, at);
  }
  return encoded;
}

/** The list header for a content of `size` bytes. */
function listPrefix(size: number): Uint8Array {
  if (size <= 55) return Uint8Array.of(0xc0 + size);
  const length = bigIntToBytes(BigInt(size));
  return concatBytes(Uint8Array.of(0xf7 + length.length), length);
}
