import { expect, it } from 'vitest';
import { boundedText } from './bounded.ts';

it.each([
  ['abcd', 4, 'abcd'],
  ['abcde', 4, null],
  ['€€', 6, '€€'],
  ['', 0, ''],
])('%j within %i bytes is %j, however it is cut', async (text, most, expected) => {
  const bytes = new TextEncoder().encode(text);
  async function* one(): AsyncGenerator<Uint8Array> {
    for (const byte of bytes) yield Uint8Array.of(byte);
  }
  expect(await boundedText({ body: one() }, most)).toBe(expected);
  expect(await boundedText(new Response(text), most)).toBe(expected);
});

it('an answer without an end is left at the bound', async () => {
  let ended = false;
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield new Uint8Array(1_000);
    } finally {
      ended = true;
    }
  }
  expect(await boundedText({ body: endless() }, 10_000)).toBeNull();
  expect(ended).toBe(true);
  expect(await boundedText({ body: null }, 1)).toBe('');
});
