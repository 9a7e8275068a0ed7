import type { DriverEngine } from '../../driver/ports.ts';
import type { EngineLabels, ForkchoiceAnswer } from '../../engine/engine.ts';
import type { ForkchoiceState, PayloadStatus } from '../../protocol/forkchoice.ts';
import type { Hash } from '../../protocol/refs.ts';
import type { Dice } from './dice.ts';
import { type Ask, type Caller, type Gate, nameOf } from './gate.ts';
import type { Fault } from './profile.ts';
import { type EnginePicture, engineError, type SimEngine } from './simEngine.ts';

export interface EnginePortDeps {
  readonly engine: SimEngine;
  readonly gate: Gate;
  readonly happens: (fault: Fault, dice: Dice) => boolean;
  readonly pass: (ms: number) => void;
  /** What a process knew when it asked for a forkchoice update; handed back to `onForkchoice`. */
  readonly knowledge: (caller: Caller) => unknown;
  /** An update reached the engine. `before` is its state then; look at the engine for the state now. */
  readonly onForkchoice: (
    state: ForkchoiceState,
    before: EnginePicture,
    knowledge: unknown,
    outsideChanges: number,
  ) => void;
}

/** The engine behind the driver's port, in the hands of one process: what goes wrong with a call is decided here. */
export class EnginePort implements DriverEngine {
  readonly #caller: Caller;
  readonly #deps: EnginePortDeps;
  /** `outsideChanges` of the engine when the process last read its labels. */
  #seenChanges = 0;
  #labelsBefore: EngineLabels | null = null;

  constructor(caller: Caller, deps: EnginePortDeps) {
    this.#caller = caller;
    this.#deps = deps;
  }

  labels(signal?: AbortSignal): Promise<EngineLabels> {
    return this.#ask('labels', '', false, signal, (dice) => {
      this.#seenChanges = this.#deps.engine.outsideChanges;
      const before = this.#labelsBefore;
      if (before === null || !this.#deps.happens('labels_lag', dice)) return this.#deps.engine.labels();
      // What the process now believes is not what the engine is.
      this.#seenChanges = -1;
      return before;
    });
  }

  blockByNumber(number: number | 'latest' | 'earliest', signal?: AbortSignal) {
    return this.#ask('blockByNumber', `${number}`, false, signal, () =>
      this.#deps.engine.blockByNumber(number),
    );
  }

  blockByHash(hash: Hash, signal?: AbortSignal) {
    return this.#ask('blockByHash', nameOf(hash), false, signal, (dice) =>
      this.#deps.happens('body_pruned', dice) ? null : this.#deps.engine.blockByHash(hash),
    );
  }

  newPayload({ hash }: { readonly hash: Hash }, signal?: AbortSignal): Promise<PayloadStatus> {
    const { engine, happens } = this.#deps;
    return this.#ask('newPayload', nameOf(hash), true, signal, (dice) => {
      if (happens('syncing', dice)) return { status: 'SYNCING' };
      if (happens('false_invalid', dice)) return engine.slander(hash);
      const answer = engine.newPayload(hash);
      if (happens('applied_timeout', dice)) this.#timeOut(dice);
      return answer.status === 'VALID' && happens('accepted', dice) ? { status: 'ACCEPTED' } : answer;
    });
  }

  forkchoiceUpdated(
    state: ForkchoiceState,
    _attributes: null,
    signal?: AbortSignal,
  ): Promise<ForkchoiceAnswer> {
    const { headBlockHash, safeBlockHash, finalizedBlockHash } = state;
    const about = `head ${nameOf(headBlockHash)} safe ${nameOf(safeBlockHash)} final ${nameOf(finalizedBlockHash)}`;
    const knowledge = this.#deps.knowledge(this.#caller);
    const seenChanges = this.#seenChanges;
    return this.#ask('forkchoiceUpdated', about, true, signal, (dice) =>
      this.#update(state, knowledge, seenChanges, dice),
    );
  }

  #update(state: ForkchoiceState, knowledge: unknown, seenChanges: number, dice: Dice): ForkchoiceAnswer {
    const { engine, happens, onForkchoice } = this.#deps;
    const bare = (payloadStatus: PayloadStatus): ForkchoiceAnswer => ({ payloadStatus, payloadId: null });
    if (happens('syncing', dice)) return bare({ status: 'SYNCING' });
    if (happens('forkchoice_invalid', dice))
      return bare({
        status: 'INVALID',
        latestValidHash: null,
        validationError: 'links to previously rejected block',
      });
    if (happens('valid_ignored', dice))
      return bare({ status: 'VALID', latestValidHash: state.headBlockHash });
    if (happens('too_deep', dice)) throw engineError('too_deep_reorg', 'Too deep reorg', -38006);
    if (happens('attributes_refused', dice))
      throw engineError('invalid_payload_attributes', 'Invalid payload attributes', -38003);
    const refused = happens('state_refused', dice);
    if (refused && dice.chance(0.5))
      throw engineError('invalid_forkchoice_state', 'Invalid forkchoice state', -38002);
    const before = engine.picture;
    this.#labelsBefore = engine.labels();
    try {
      const answer = engine.forkchoiceUpdated(state);
      if (refused) throw engineError('invalid_forkchoice_state', 'Invalid forkchoice state', -38002);
      if (happens('applied_timeout', dice)) this.#timeOut(dice);
      return answer;
    } finally {
      onForkchoice(state, before, knowledge, seenChanges);
    }
  }

  #timeOut(dice: Dice): never {
    this.#deps.pass(dice.between(1_000, 8_000));
    throw engineError('timeout', 'no answer in time');
  }

  #ask<T>(
    method: string,
    about: string,
    writes: boolean,
    signal: AbortSignal | undefined,
    serve: Ask<T>['serve'],
  ): Promise<T> {
    const { gate, happens } = this.#deps;
    return gate.call({
      caller: this.#caller,
      layer: 'engine',
      method,
      about,
      writes,
      shares: method === 'blockByNumber',
      signal,
      serve: (dice) => {
        if (happens('lost_timeout', dice)) this.#timeOut(dice);
        if (happens('engine_error', dice)) {
          const code = dice.pick(['unreachable', 'auth_failed', 'bad_answer', 'rpc_error'] as const);
          throw engineError(code, `the engine failed: ${code}`);
        }
        return serve(dice);
      },
      aborted: () => engineError('aborted', 'the call was aborted'),
    });
  }
}
