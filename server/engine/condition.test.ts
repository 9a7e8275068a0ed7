import { describe, expect, it } from 'vitest';
import type { Hash } from '../protocol/refs.ts';
import {
  ENGINE_STATES,
  type EngineEvent,
  type EngineStateName,
  nextCondition,
  unaskedEngine,
} from './condition.ts';

const hash = (digit: string): Hash => `0x${digit.repeat(64)}`;
const block = (number: number, digit = String(number)) => ({ number, hash: hash(digit) });

const EVENTS = {
  answered: { kind: 'answered' },
  gone: { kind: 'failed', code: 'unreachable', message: 'connection refused' },
  slow: { kind: 'failed', code: 'timeout', message: 'no answer within 8000 ms' },
  refused: { kind: 'failed', code: 'auth_failed', message: 'the engine refused the token' },
  error: { kind: 'failed', code: 'too_deep_reorg', message: 'too deep' },
  abort: { kind: 'failed', code: 'aborted', message: 'aborted' },
  payload: { kind: 'status', call: 'newPayload', status: 'VALID' },
  invalid: { kind: 'status', call: 'newPayload', status: 'INVALID' },
  accepted: { kind: 'status', call: 'newPayload', status: 'ACCEPTED' },
  syncing: { kind: 'status', call: 'forkchoiceUpdated', status: 'SYNCING' },
  updated: { kind: 'status', call: 'forkchoiceUpdated', status: 'VALID' },
  foreign: { kind: 'identity', problem: 'it runs chain 5' },
  right: { kind: 'identity', problem: null },
} as const satisfies Record<string, EngineEvent>;

/** Plays the events one millisecond apart. */
const play = (...events: readonly EngineEvent[]) =>
  events.reduce((memory, event, index) => nextCondition(memory, event, index + 1), unaskedEngine(0));

describe('the condition of an engine', () => {
  // Row: state before; columns: state after each event. A dot means that it stays.
  const table: Readonly<Record<EngineStateName, Partial<Record<keyof typeof EVENTS, EngineStateName>>>> = {
    OFFLINE: {
      answered: 'ONLINE',
      refused: 'AUTH_FAILED',
      error: 'ONLINE',
      payload: 'ONLINE',
      invalid: 'ONLINE',
    },
    AUTH_FAILED: {
      answered: 'ONLINE',
      gone: 'OFFLINE',
      slow: 'OFFLINE',
      error: 'ONLINE',
      payload: 'ONLINE',
      invalid: 'ONLINE',
    },
    WRONG_CHAIN: {
      gone: 'OFFLINE',
      slow: 'OFFLINE',
      refused: 'AUTH_FAILED',
      accepted: 'WRONG_CHAIN',
      syncing: 'WRONG_CHAIN',
      updated: 'WRONG_CHAIN',
      right: 'ONLINE',
    },
    SYNCING: { gone: 'OFFLINE', slow: 'OFFLINE', refused: 'AUTH_FAILED', payload: 'ONLINE' },
    ONLINE: { gone: 'OFFLINE', slow: 'OFFLINE', refused: 'AUTH_FAILED' },
    SYNCED: { gone: 'OFFLINE', slow: 'OFFLINE', refused: 'AUTH_FAILED' },
    FOREIGN_HEAD: { gone: 'OFFLINE', slow: 'OFFLINE', refused: 'AUTH_FAILED', payload: 'ONLINE' },
  };
  const COMMON: Partial<Record<keyof typeof EVENTS, EngineStateName>> = {
    accepted: 'SYNCING',
    syncing: 'SYNCING',
    updated: 'SYNCED',
    foreign: 'WRONG_CHAIN',
  };
  const cases = ENGINE_STATES.flatMap((state) =>
    (Object.keys(EVENTS) as (keyof typeof EVENTS)[]).map(
      (event) => [state, event, table[state][event] ?? COMMON[event] ?? state] as const,
    ),
  );

  it.each(cases)('%s, %s: %s', (state, event, expected) => {
    const before = { ...unaskedEngine(0), state, reason: 'before' };
    const after = nextCondition(before, EVENTS[event], 7);
    expect(after.state).toBe(expected);
    expect(after.since).toBe(expected === state ? 0 : 7);
    expect(after.reason).not.toBe('');
  });
});

describe('a head that somebody else moved', () => {
  const ours: readonly EngineEvent[] = [
    { kind: 'asked', head: hash('3') },
    EVENTS.updated,
    { kind: 'head', head: block(3) },
  ];

  it('is told from ours, with both, until we set it again', () => {
    const moved = play(...ours, { kind: 'head', head: block(2) });
    expect(moved.state).toBe('FOREIGN_HEAD');
    expect(moved.reason).toContain(`2 ${hash('2')}, and was 3 ${hash('3')}`);
    const back = play(...ours, { kind: 'head', head: block(2) }, ...ours);
    expect(back.state).toBe('SYNCED');
  });

  it.each<[string, EngineEvent[]]>([
    ['the same head again', [{ kind: 'head', head: block(3) }]],
    [
      'our next head',
      [
        { kind: 'asked', head: hash('4') },
        { kind: 'head', head: block(4) },
      ],
    ],
    [
      'a head that the engine kept instead of ours',
      [
        { kind: 'asked', head: hash('1') },
        { kind: 'head', head: block(3) },
      ],
    ],
    ['fewer blocks after a restart', [EVENTS.gone, EVENTS.answered, { kind: 'head', head: block(1) }]],
  ])('is not %s', (_, events) => {
    expect(play(...ours, ...events).state).not.toBe('FOREIGN_HEAD');
  });
});
