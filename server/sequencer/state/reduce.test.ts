import { describe, expect, test } from 'vitest';
import type { Hash, L2BlockId } from '../../protocol/refs.ts';
import { reduce } from './reduce.ts';
import type { Evidence, SequencerState } from './state.ts';
import { INITIAL_STATE, modeOf, SEQUENCER_STATES } from './state.ts';
import { TRANSITIONS } from './transitions.ts';

const hash = (letter: string): Hash => `0x${letter.repeat(64)}`;
const committed: L2BlockId = { number: 4, hash: hash('c') };
const before: L2BlockId = { number: 2, hash: hash('b') };

const evidence = (committedHead: L2BlockId | null): Evidence => ({
  at: { number: 10, hash: hash('a') },
  leader: null,
  lastCommittedBatch: 2,
  committedHead,
  localHead: { number: 7, hash: hash('f') },
});

const stateOf = (kind: SequencerState['kind'], head: L2BlockId | null = before): SequencerState =>
  kind === 'entering'
    ? { kind, evidence: evidence(head), committedHead: before }
    : { kind, evidence: evidence(head) };

// state before | synced | leader | state after | effects
const TABLE: readonly [SequencerState['kind'], boolean, boolean, SequencerState['kind'], string][] = [
  ['syncing', false, false, 'syncing', ''],
  ['syncing', false, true, 'syncing', ''],
  ['syncing', true, false, 'following', ''],
  ['syncing', true, true, 'entering', 'revertUncommitted(entering→c)'],
  ['following', false, false, 'syncing', ''],
  ['following', false, true, 'syncing', ''],
  ['following', true, false, 'following', ''],
  ['following', true, true, 'entering', 'revertUncommitted(entering→c)'],
  ['entering', false, false, 'syncing', ''],
  ['entering', false, true, 'syncing', ''],
  ['entering', true, false, 'following', 'revertUncommitted(leaving→c)'],
  ['entering', true, true, 'entering', 'revertUncommitted(entering→c)'],
  ['sequencing', false, false, 'syncing', 'revertUncommitted(leaving→b)'],
  ['sequencing', false, true, 'syncing', 'revertUncommitted(leaving→b)'],
  ['sequencing', true, false, 'following', 'revertUncommitted(leaving→c)'],
  ['sequencing', true, true, 'sequencing', ''],
];

describe('sequencer state', () => {
  test.each(TABLE)('%s, synced %s, leader %s → %s', (from, synced, isLeader, to, effects) => {
    const [next, list] = reduce(stateOf(from), {
      kind: 'evaluated',
      evidence: evidence(synced ? committed : null),
      isLeader,
    });
    expect(next.kind).toBe(to);
    const text = list.map((e) => `${e.kind}(${e.why}→${e.to.hash[2]})`);
    expect(text.join(' ')).toBe(effects);
  });

  test('the table covers every state, and no evaluation alone starts production', () => {
    expect(Object.keys(TRANSITIONS).sort()).toEqual([...SEQUENCER_STATES].sort());
    expect(TABLE).toHaveLength(SEQUENCER_STATES.length * 4);
    for (const [from, row] of Object.entries(TRANSITIONS)) {
      const entries = Object.values(row).filter((transition) => transition.to === 'sequencing');
      expect(entries.length === 0 || from === 'sequencing').toBe(true);
    }
  });

  test('production starts when the engine shows the committed head, and not at another one', () => {
    const entering = stateOf('entering');
    expect(reduce(entering, { kind: 'reverted', head: committed })).toEqual([entering, []]);
    const [next] = reduce(entering, { kind: 'reverted', head: before });
    expect(next).toEqual({ kind: 'sequencing', evidence: { ...evidence(before), localHead: before } });
  });

  test.each(['syncing', 'following', 'sequencing'] as const)(
    'a late answer to a revert changes nothing in %s',
    (kind) => {
      const state = stateOf(kind);
      expect(reduce(state, { kind: 'reverted', head: before })).toEqual([state, []]);
    },
  );

  test('a leader that starts behind never produces before it has caught up', () => {
    const [behind] = reduce(INITIAL_STATE, { kind: 'evaluated', evidence: evidence(null), isLeader: true });
    expect(modeOf(behind)).toBe('Syncing');
    const [caughtUp] = reduce(behind, { kind: 'evaluated', evidence: evidence(committed), isLeader: true });
    expect(caughtUp.kind).toBe('entering');
  });
});
