import { describe, expect, it } from 'vitest';
import { BlockBuilders, moveOfReplaced, moveOfRevert } from './headMoves.ts';
import type { Address } from './protocol/refs.ts';
import { l2Ref } from './testing/stringChain.ts';

const address = (byte: string): Address => `0x${byte.repeat(20)}`;
const [US, ANNA, BERT] = [address('00'), address('aa'), address('bb')];

describe('whose an unsafe block is', () => {
  it('is known of those built here and those that a leader showed as its own, and of no other', () => {
    const builders = new BlockBuilders(US, (block) => (block === l2Ref('ABX').hash ? ANNA : null));
    builders.builtHere(l2Ref('ABC').hash);
    expect(builders.of(l2Ref('ABC').hash)).toEqual({ kind: 'us', address: US });
    expect(builders.of(l2Ref('ABX').hash)).toEqual({ kind: 'leader', address: ANNA });
    expect(builders.of(l2Ref('ABY').hash)).toBeNull();
  });
});

describe('a revert of uncommitted blocks', () => {
  it.each([
    ['entering', true, 'LEADER_HANDOVER'],
    ['leaving', false, 'LEADER_HANDOVER'],
    ['leaving', true, 'UNKNOWN'],
    ['messages_gone', true, 'L1_REORG'],
  ] as const)('on %s, leading: %s, is called %s', (why, leads, cause) => {
    const reverting = { why, leads, from: l2Ref('ABCD'), to: l2Ref('AB'), at: 7 };
    const move = moveOfRevert(reverting, BERT);
    expect(move).toMatchObject({ cause, from: { hash: l2Ref('ABCD').hash }, at: 7 });
    expect(move.evidence.join()).toContain('blocks above 1');
  });
});

describe("unsafe blocks that give way to the leader's own", () => {
  const replacing = {
    from: l2Ref('ABCD'),
    first: l2Ref('ABC'),
    theirs: l2Ref('ABX').hash,
    theirsFrom: 'peer-1',
    at: 7,
  };
  it.each([
    ['nobody gave his word for', null, 'UNKNOWN'],
    ['another leader had shown', { kind: 'leader', address: ANNA }, 'LEADER_HANDOVER'],
    ['the same leader had shown', { kind: 'leader', address: BERT }, 'LEADER_EQUIVOCATION'],
    ['were built here', { kind: 'us', address: US }, 'LEADER_HANDOVER'],
  ] as const)('which %s', (_, builder, cause) => {
    const move = moveOfReplaced(replacing, builder, BERT);
    expect(move.cause).toBe(cause);
    expect(move.evidence.join()).toContain(l2Ref('ABX').hash);
  });
});
