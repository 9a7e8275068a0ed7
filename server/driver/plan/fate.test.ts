import { describe, expect, it } from 'vitest';
import { l2Ref } from '../../testing/stringChain.ts';
import { isOpen, type TransactionPlace, withFate } from './fate.ts';
import { bothEnds, type DroppedTransaction } from './reorgRecord.ts';

const DROPPED: DroppedTransaction = {
  hash: `0x${'77'.repeat(32)}`,
  from: `0x${'aa'.repeat(20)}`,
  nonce: 4,
  oldBlock: l2Ref('ABC'),
  newBlock: null,
  fate: 'not_known',
};

describe('what became of a transaction of a dropped block', () => {
  it.each([
    ['in a block of the same number', { kind: 'included', block: l2Ref('ABX') }, 'same', false],
    ['in another block', { kind: 'included', block: l2Ref('ABXY') }, 're_included', false],
    ['in the pool', { kind: 'pending' }, 'pending', true],
    ['nowhere, its nonce free', { kind: 'nowhere', nonceUsed: false }, 'dropped', false],
    ['nowhere, its nonce not told', { kind: 'nowhere', nonceUsed: null }, 'dropped', false],
    ['nowhere, its nonce used by another', { kind: 'nowhere', nonceUsed: true }, 'conflicting', false],
    ['not told', { kind: 'not_known' }, 'not_known', true],
  ] as [string, TransactionPlace, string, boolean][])('%s', (_, place, fate, open) => {
    const told = withFate(DROPPED, place);
    expect(told.fate).toBe(fate);
    expect(isOpen(told)).toBe(open);
    expect(told.newBlock?.hash ?? null).toBe(place.kind === 'included' ? place.block.hash : null);
  });
  it('stays open for a message of L1 that is nowhere: the next leader may take it from L1', () => {
    const message = withFate({ ...DROPPED, nonce: null }, { kind: 'nowhere', nonceUsed: null });
    expect(message.fate).toBe('dropped');
    expect(isOpen(message)).toBe(true);
  });
});

describe('a row too long to list', () => {
  it('is shown by both ends, in order, and a short one whole', () => {
    const row = Array.from({ length: 100 }, (_, i) => i);
    expect(bothEnds(row, 4)).toEqual([0, 1, 98, 99]);
    expect(bothEnds(row, 100)).toBe(row);
  });
});
