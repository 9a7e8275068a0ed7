import { describe, expect, it } from 'vitest';
import {
  count,
  dayInWords,
  duration,
  elapsed,
  groupDigits,
  groupInText,
  shortHash,
  signed,
  spanDigits,
  tailDigits,
  utc,
} from './format.ts';

const plain = (text: string): string => text.replace(/[\u202f\u00a0]/g, ' ');

describe('numbers', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1000, '1 000'],
    [21304118, '21 304 118'],
  ])('groups %d', (value, text) => expect(plain(groupDigits(value))).toBe(text));

  it('signs a difference with a true minus', () => {
    expect([signed(7), signed(-12), signed(0)]).toEqual(['+7', '−12', '±0']);
  });

  it('leaves hashes, addresses, ports and words with digits alone in a sentence', () => {
    const hash = `0x${'1234567890'.repeat(6)}abcd`;
    expect(plain(groupInText(`block 8412072 is ${hash} at 10.0.0.1:18545, v3, ENGINE_12345`))).toBe(
      `block 8 412 072 is ${hash} at 10.0.0.1:18545, v3, ENGINE_12345`,
    );
  });

  it('leaves the id of a reorg as the list and the search have it', () => {
    expect(groupInText('reorg L1-1795723219452-cdc87161 recovered')).toBe(
      'reorg L1-1795723219452-cdc87161 recovered',
    );
  });

  it('shortens to the last four digits and to spans', () => {
    expect([
      tailDigits(42),
      tailDigits(8412007),
      spanDigits(8412072, 8412077),
      spanDigits(1, 6),
      spanDigits(5, 5),
    ]).toEqual(['42', '…2007', '…2072–2077', '1–6', '5']);
  });

  it('counts one and many', () => {
    expect([plain(count(1, 'batch', 'batches')), plain(count(1200, 'batch', 'batches'))]).toEqual([
      '1 batch',
      '1 200 batches',
    ]);
  });

  it('keeps both ends of a hash', () => {
    expect(shortHash(`0x4d21${'0'.repeat(56)}9f02`)).toBe('0x4d21…9f02');
  });
});

describe('days', () => {
  it.each([
    ['2026-11-26', 'Today'],
    ['2026-11-25', 'Yesterday'],
    ['2026-11-24', 'Tuesday, 2026-11-24'],
    ['2026-11-27', 'Friday, 2026-11-27'],
  ])('%s is %s', (day, words) => expect(dayInWords(day, '2026-11-26')).toBe(words));
});

describe('times', () => {
  it.each([
    [-5_000, '0.0 s'],
    [400, '0.4 s'],
    [1_000, '1 s'],
    [59_900, '59 s'],
    [60_000, '1 m 00 s'],
    [100_000, '1 m 40 s'],
    [754_000, '12 m'],
    [3_600_000, '1 h 00 m'],
    [100_000_000, '1 d 3 h'],
  ])('tells %d ms', (ms, text) => expect(duration(ms)).toBe(text));

  it('tells a step in milliseconds, and a long one in seconds', () =>
    expect([elapsed(0.4), elapsed(24), elapsed(999), elapsed(1_400)]).toEqual([
      '0 ms',
      '24 ms',
      '999 ms',
      '1 s',
    ]));

  it('writes UTC', () => expect(utc(Date.UTC(2026, 10, 21, 14, 2, 40, 120))).toBe('2026-11-21 14:02:40 UTC'));
});
