import { describe, expect, it } from 'vitest';
import type { FleetRow } from '../../server/api/historyViews.ts';
import { compareFleet } from './compare.ts';

const hash = (label: string): string => `0x${Buffer.from(label).toString('hex').padStart(64, '0')}`;
const node = (name: string, over: Partial<FleetRow> = {}): FleetRow => ({
  name,
  url: '',
  us: false,
  problem: null,
  at: 0,
  answeredAt: 0,
  verdict: 'aligned',
  sentence: '',
  heads: {
    l1: { number: 9, hash: hash('l1 9') },
    unsafe: { number: 30, hash: hash('30') },
    safe: { number: 20, hash: hash('20') },
    finalized: null,
  },
  leader: null,
  leads: false,
  role: 'Following',
  nextBatch: 5,
  batches: [
    { number: 4, lastBlock: 20, lastBlockHash: hash('20') },
    { number: 3, lastBlock: 14, lastBlockHash: hash('14') },
  ],
  ...over,
});

describe('a fleet', () => {
  it('that agrees has no conflict, and says up to which batch', () => {
    const behind = node('c', {
      heads: { l1: null, unsafe: null, safe: { number: 14, hash: hash('14') }, finalized: null },
      batches: [{ number: 3, lastBlock: 14, lastBlockHash: hash('14') }],
    });
    const told = compareFleet([node('a', { leads: true }), node('b'), behind]);
    expect(told).toMatchObject({
      conflicts: [],
      agreedBatch: 4,
      leading: ['a'],
      highest: { unsafe: 30, safe: 20, l1: 9 },
    });
  });

  it('that parts says where it parted first, and who is on which side', () => {
    const other = node('b', {
      heads: { ...node('b').heads, safe: { number: 20, hash: hash('20x') } },
      batches: [
        { number: 4, lastBlock: 20, lastBlockHash: hash('20x') },
        { number: 3, lastBlock: 14, lastBlockHash: hash('14') },
      ],
    });
    const told = compareFleet([node('a'), other, node('c')]);
    expect(told.conflicts[0]).toEqual({
      what: 'last block of batch',
      at: 4,
      sides: [
        { hash: hash('20'), nodes: ['a', 'c'] },
        { hash: hash('20x'), nodes: ['b'] },
      ],
    });
    expect(told.conflicts.map(({ what }) => what)).toContain('L2 safe block');
    expect(told.agreedBatch).toBe(3);
  });

  it('is not judged by a node that does not answer, nor by blocks of different numbers', () => {
    const silent = node('b', {
      problem: 'it did not answer',
      heads: { ...node('b').heads, unsafe: { number: 30, hash: hash('x') } },
    });
    const ahead = node('c', { heads: { ...node('c').heads, unsafe: { number: 31, hash: hash('31') } } });
    expect(compareFleet([node('a'), silent, ahead]).conflicts).toEqual([]);
    expect(compareFleet([])).toMatchObject({ conflicts: [], agreedBatch: null, leading: [] });
  });
});
