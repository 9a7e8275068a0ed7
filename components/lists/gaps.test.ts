import { describe, expect, it } from 'vitest';
import { withDays, withGaps } from './gaps.ts';

const gap = (from: number, to: number) => ({ from, to, seq: to });
const told = (
  chunks: readonly { key: string; bundle: number; rows: readonly number[] }[],
  gaps: ReturnType<typeof gap>[],
  all: boolean,
) =>
  withGaps(chunks, gaps, (row) => row, all).map(({ items }) =>
    items
      .map((item) =>
        item.kind === 'row'
          ? String(item.row)
          : item.kind === 'gap'
            ? `(${item.gap.from}-${item.gap.to})`
            : item.day,
      )
      .join(' '),
  );

describe('times when nobody watched', () => {
  const chunks = [
    { key: 'a', bundle: 0, rows: [90, 80] },
    { key: 'b', bundle: 0, rows: [50, 40] },
  ];
  it('stand between the rows where they were', () => {
    expect(told(chunks, [gap(60, 70), gap(95, 99), gap(81, 85)], true)).toEqual([
      '(95-99) 90 (81-85) 80',
      '(60-70) 50 40',
    ]);
  });
  it('that are older than the last row wait for the rows before them', () => {
    expect(told(chunks, [gap(10, 20)], false)).toEqual(['90 80', '50 40']);
    expect(told(chunks, [gap(10, 20)], true)).toEqual(['90 80', '50 40 (10-20)']);
  });
});

describe('days', () => {
  it('are named once, before their first row, also where a chunk ends within one', () => {
    const chunks = withGaps(
      [
        { key: 'a', bundle: 0, rows: [23, 21] },
        { key: 'b', bundle: 0, rows: [20, 11] },
      ],
      [gap(12, 19)],
      (row) => row,
      true,
    );
    const days = withDays(
      chunks,
      (row) => row,
      (ms) => `day ${Math.floor(ms / 10)}`,
    );
    const told = days.map(({ items }) =>
      items.map((item) => (item.kind === 'row' ? item.row : item.kind === 'day' ? item.day : 'gap')),
    );
    expect(told).toEqual([
      ['day 2', 23, 21],
      [20, 'day 1', 'gap', 11],
    ]);
  });
});
