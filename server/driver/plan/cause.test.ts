import { describe, expect, it } from 'vitest';
import type { Address } from '../../protocol/refs.ts';
import { l2Ref } from '../../testing/stringChain.ts';
import { type AnnouncedMove, type BatchFacts, explainBatch, explainMove, onMovedGround } from './cause.ts';

const address = (byte: string): Address => `0x${byte.repeat(20)}`;
const [A, B] = [address('aa'), address('bb')];

describe('why a batch replaced unsafe blocks', () => {
  const facts = (change: Partial<BatchFacts>): BatchFacts => ({
    batchNumber: 7,
    poster: B,
    transaction: '0xfeed',
    derived: l2Ref('ABCD'),
    held: l2Ref('ABCX'),
    builder: null,
    takenBackByL1: false,
    ...change,
  });

  it.each([
    ['nobody gave his word for them: a mismatch, and no guess', {}, 'BATCH_MISMATCH'],
    ['we built them and another committed', { builder: { kind: 'us', address: A } }, 'LEADER_HANDOVER'],
    ['one leader showed, the next committed', { builder: { kind: 'leader', address: A } }, 'LEADER_HANDOVER'],
    [
      'one leader showed, and committed others',
      { builder: { kind: 'leader', address: B } },
      'LEADER_EQUIVOCATION',
    ],
    ['our own key committed others', { builder: { kind: 'us', address: B } }, 'BATCH_MISMATCH'],
    ['L1 had taken them back', { builder: { kind: 'us', address: A }, takenBackByL1: true }, 'L1_REORG'],
  ] as const)('%s', (_, change, cause) => {
    const explained = explainBatch(facts(change));
    expect(explained.cause).toBe(cause);
    expect(explained.evidence.join()).toContain(l2Ref('ABCX').hash);
    expect(explained.evidence.join()).toContain('0xfeed');
  });
});

describe("why the engine's head moved", () => {
  const announced: AnnouncedMove = {
    cause: 'LEADER_HANDOVER',
    evidence: ['the turn ended'],
    from: l2Ref('ABCD'),
    at: 1,
  };
  const move = (from: string, to: string, ancestor: string | null, stillHeld = true, told = false) =>
    explainMove({
      from: l2Ref(from),
      to: l2Ref(to),
      ancestor: ancestor === null ? null : l2Ref(ancestor),
      stillHeld,
      announced: told ? [announced] : [],
      refused: null,
    });

  it('back to what the engine calls the latest valid block, after INVALID', () => {
    const refused = { block: l2Ref('ABCDE').hash, latestValid: l2Ref('AB').hash, reason: 'bad root' };
    const explained = explainMove({
      from: l2Ref('ABCD'),
      to: l2Ref('AB'),
      ancestor: l2Ref('AB'),
      stillHeld: true,
      announced: [],
      refused,
    });
    expect(explained.cause).toBe('INVALID_PAYLOAD');
    expect(explained.evidence.join()).toContain('bad root');
  });

  it.each([
    ['back along its own branch', move('ABCD', 'ABC', 'ABC'), 'EL_ROLLBACK'],
    ['back, having lost blocks', move('ABCD', 'AB', null, false), 'EL_ROLLBACK'],
    ['aside: no guess', move('ABCD', 'ABXYZ', 'AB'), 'UNKNOWN'],
    ['down to another branch: no guess', move('ABCD', 'AX', 'A'), 'UNKNOWN'],
    ['as a part of this node had announced', move('ABCD', 'ABC', 'ABC', true, true), 'LEADER_HANDOVER'],
  ] as const)('%s', (_, explained, cause) => {
    expect(explained.cause).toBe(cause);
    expect(explained.evidence[0]).toContain(l2Ref('ABCD').hash);
  });
});

it('after an L1 reorg no leader is accused, and what L1 took back is L1’s doing', () => {
  const accused = { cause: 'LEADER_EQUIVOCATION', evidence: ['its word'] } as const;
  const other = { cause: 'LEADER_HANDOVER', evidence: ['its word'] } as const;
  expect(onMovedGround(accused, null)).toBe(accused);
  expect(onMovedGround(other, { reorg: 'L1-1', tookBack: true })).toBe(other);
  expect(onMovedGround(accused, { reorg: 'L1-1', tookBack: true })).toEqual({
    cause: 'L1_REORG',
    evidence: ['its word', 'an L1 reorg (L1-1) had taken the replaced block back before'],
  });
  expect(onMovedGround(accused, { reorg: null, tookBack: false }).cause).toBe('UNKNOWN');
});
