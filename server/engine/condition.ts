import { assertNever } from '../lib/assertNever.ts';
import { type Hash, type L2BlockId, sameBlock } from '../protocol/refs.ts';

/**
 * How the engine is, as seen from here.
 * OFFLINE: no answer · AUTH_FAILED: it refuses the token · WRONG_CHAIN: it runs another chain, and nothing is written to
 * it · SYNCING: it fetches what it lacks itself · ONLINE: it answers · SYNCED: it took our last head · FOREIGN_HEAD:
 * somebody else moved its head.
 */
export type EngineStateName =
  | 'OFFLINE'
  | 'AUTH_FAILED'
  | 'WRONG_CHAIN'
  | 'SYNCING'
  | 'ONLINE'
  | 'SYNCED'
  | 'FOREIGN_HEAD';

export const ENGINE_STATES: readonly EngineStateName[] = [
  'OFFLINE',
  'AUTH_FAILED',
  'WRONG_CHAIN',
  'SYNCING',
  'ONLINE',
  'SYNCED',
  'FOREIGN_HEAD',
];

export interface EngineCondition {
  readonly state: EngineStateName;
  /** One sentence. */
  readonly reason: string;
  /** Since when it is in this state. Milliseconds since 1970. */
  readonly since: number;
}

/** The condition, and what it takes to tell our head from somebody else's. */
export interface EngineMemory extends EngineCondition {
  /** The engine's head as this node set or found it; null when that says nothing, as after a restart. */
  readonly ours: L2BlockId | null;
  /** The head that was asked for since `ours` was seen. */
  readonly asked: Hash | null;
}

export type EngineEvent =
  /** An answer that says no more than that there is one. */
  | { readonly kind: 'answered' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  | {
      readonly kind: 'status';
      readonly call: 'newPayload' | 'forkchoiceUpdated';
      readonly status: 'VALID' | 'INVALID' | 'SYNCING' | 'ACCEPTED';
    }
  /** What is wrong with the engine's chain; null when it is the rollup's. */
  | { readonly kind: 'identity'; readonly problem: string | null }
  | { readonly kind: 'asked'; readonly head: Hash }
  | { readonly kind: 'head'; readonly head: L2BlockId };

export const unaskedEngine = (now: number): EngineMemory => ({
  state: 'OFFLINE',
  reason: 'it has not been asked yet',
  since: now,
  ours: null,
  asked: null,
});

/** What an event makes of the condition. `since` moves only with the state. */
export function nextCondition(memory: EngineMemory, event: EngineEvent, now: number): EngineMemory {
  const turn = (state: EngineStateName, reason: string, more: Partial<EngineMemory> = {}): EngineMemory => ({
    ...memory,
    ...more,
    state,
    reason,
    since: state === memory.state ? memory.since : now,
  });
  switch (event.kind) {
    case 'answered':
      return isLost(memory.state) ? turn('ONLINE', 'it answers') : memory;
    case 'failed':
      return failed(memory, event, turn);
    case 'identity':
      if (event.problem !== null) return turn('WRONG_CHAIN', event.problem, { ours: null, asked: null });
      return memory.state === 'WRONG_CHAIN' ? turn('ONLINE', 'it runs the right chain now') : memory;
    case 'status':
      return answered(memory, event, turn);
    case 'asked':
      return { ...memory, asked: event.head };
    case 'head':
      return headSeen(memory, event.head, turn);
    default:
      return assertNever(event, 'engine event');
  }
}

type Turn = (state: EngineStateName, reason: string, more?: Partial<EngineMemory>) => EngineMemory;

const isLost = (state: EngineStateName): boolean => state === 'OFFLINE' || state === 'AUTH_FAILED';

function failed(
  memory: EngineMemory,
  { code, message }: Extract<EngineEvent, { kind: 'failed' }>,
  turn: Turn,
): EngineMemory {
  switch (code) {
    case 'aborted':
      return memory;
    case 'unreachable':
      // It may come back as it was, with fewer blocks, or empty: none of that is somebody else's doing.
      return turn('OFFLINE', message, { ours: null, asked: null });
    case 'timeout':
      return turn('OFFLINE', message);
    case 'auth_failed':
      return turn('AUTH_FAILED', message);
    case 'wrong_chain':
      return turn('WRONG_CHAIN', message);
    default:
      // It answered with an error of its own: that is an answer.
      return isLost(memory.state) ? turn('ONLINE', 'it answers') : memory;
  }
}

function answered(
  memory: EngineMemory,
  { call, status }: Extract<EngineEvent, { kind: 'status' }>,
  turn: Turn,
): EngineMemory {
  if (memory.state === 'WRONG_CHAIN') return memory;
  switch (status) {
    case 'SYNCING':
    case 'ACCEPTED':
      return turn('SYNCING', `it answers ${status} to ${call}: it lacks blocks or their state`);
    case 'VALID':
      if (call === 'forkchoiceUpdated') return turn('SYNCED', 'it took the last head it was given');
      return memory.state === 'SYNCED' ? memory : turn('ONLINE', 'it executes the blocks it is given');
    case 'INVALID':
      return isLost(memory.state) ? turn('ONLINE', 'it answers') : memory;
    default:
      return assertNever(status, 'payload status');
  }
}

function headSeen(memory: EngineMemory, head: L2BlockId, turn: Turn): EngineMemory {
  const { ours, asked, state } = memory;
  const seen = { ours: { number: head.number, hash: head.hash }, asked: null };
  const expected = ours === null || asked !== null || sameBlock(head, ours);
  if (!expected && state !== 'WRONG_CHAIN') {
    const reason = `its head is ${head.number} ${head.hash}, and was ${ours.number} ${ours.hash} when this node saw it last`;
    return turn('FOREIGN_HEAD', reason, seen);
  }
  return isLost(state) ? turn('ONLINE', 'it answers', seen) : { ...memory, ...seen };
}
