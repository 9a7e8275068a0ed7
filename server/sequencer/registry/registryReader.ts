import type { Result } from '../../lib/result.ts';
import { err, ok } from '../../lib/result.ts';
import type { Address, L1BlockId, L1BlockRef } from '../../protocol/refs.ts';
import { SequencerError } from '../errors.ts';
import type { JsonRpc } from '../ports.ts';
import type { RegistryState } from '../state/registry.ts';
import { applyOperation, emptyRegistry, leaderOf, sameList } from '../state/registry.ts';
import { type LocatedOperation, RegistryLogs } from './registryLogs.ts';
import { RegistryViews } from './registryViews.ts';

export interface RegistryReaderOptions {
  readonly registry: Address;
  readonly proposer: Address;
  /** First L1 block that can hold one of the registry's logs. */
  readonly deployedAt: number;
  /** L1 blocks asked for at a time. Default 10,000; a node that wants less is asked for half, and so on. */
  readonly maxRange?: number;
}

/** One operation with the state on both sides of it. */
export interface RegistryStep extends LocatedOperation {
  readonly before: RegistryState;
  readonly after: RegistryState;
}

/** How a reading follows from the one before it. */
export type RegistryContinuity =
  | { readonly kind: 'start' }
  /** The same L1 block, or an older one of the same branch, as a lagging node gives it: nothing was read. */
  | { readonly kind: 'same' }
  | { readonly kind: 'extended'; readonly steps: readonly RegistryStep[] }
  /**
   * L1 dropped the block of the reading before. `kept` is the newest reading that stands, and the steps lead on
   * from there; null when everything was read again, because none stands or logs were missing.
   */
  | {
      readonly kind: 'reorg';
      readonly kept: RegistryMark | null;
      readonly before: RegistryMark;
      readonly steps: readonly RegistryStep[];
    }
  /** Logs were missing: everything was read again. `before` is the last state that was found right. */
  | { readonly kind: 'reread'; readonly before: RegistryMark };

/** The registry as it is at one L1 block. */
export interface RegistryMark {
  readonly at: L1BlockRef;
  readonly state: RegistryState;
}

export interface RegistryReading extends RegistryMark {
  readonly since: RegistryContinuity;
}

const DEFAULT_MAX_RANGE = 10_000;
/** Readings to go back to after a reorg: 25 minutes of L1 heads. A deeper one costs reading all logs again. */
const KEPT_MARKS = 128;

/**
 * The registry at one L1 block, rebuilt from its events, because the contract does not tell the length of its list.
 * Logs may be missing or of another branch, so each reading is checked against the views at the same block's hash:
 * the proposer's counter, the leader, and the list itself (all of it after a change, else its end and one more
 * element in turn). A reading that fails is made again from the deployment on; if that fails too, `registry_mismatch`.
 */
export class RegistryReader {
  readonly #deployedAt: number;
  readonly #logs: RegistryLogs;
  /** The contracts' views, for what a reading does not hold. */
  readonly views: RegistryViews;
  /** Oldest first, all on one branch. */
  #marks: readonly RegistryMark[] = [];
  /** Which element of an unchanged list is checked next. */
  #turn = 0;

  constructor(opts: RegistryReaderOptions, deps: { rpc: JsonRpc }) {
    this.#deployedAt = opts.deployedAt;
    this.#logs = new RegistryLogs({ ...opts, maxRange: opts.maxRange ?? DEFAULT_MAX_RANGE }, deps);
    this.views = new RegistryViews(opts, deps);
  }

  /**
   * The registry at the node's latest block, or at `at`, a block of its canonical branch; when that block is behind
   * the last reading of the same branch, that reading (`since` says `same`). A reading that fails
   * changes nothing. Throws `SequencerError`: `bad_l1_answer` when the branch moved meanwhile (look again),
   * `registry_mismatch` when the node's logs and views contradict each other; and the node's own errors.
   */
  async read(signal?: AbortSignal, at?: L1BlockRef): Promise<RegistryReading> {
    const pin = at ?? (await this.views.block('latest', signal));
    if (pin === null) throw new SequencerError('bad_l1_answer', 'the L1 node has no latest block');
    const before = this.#marks.at(-1);
    if (before === undefined) {
      const first = await this.#fromScratch(pin, signal);
      this.#marks = [first];
      return { ...first, since: { kind: 'start' } };
    }
    const kept = await this.#keptUpTo(pin, before, signal);
    if (kept === 'stale') return { ...before, since: { kind: 'same' } };
    return this.#continue(pin, before, kept, signal);
  }

  /**
   * How many of the marks stand on the branch of `pin`. `stale` when that block is behind the newest mark, and the
   * node has no other block in that mark's place: a lagging node looks like that, and a shorter branch until it has
   * grown, which nobody can tell apart.
   */
  async #keptUpTo(pin: L1BlockRef, newest: RegistryMark, signal?: AbortSignal): Promise<number | 'stale'> {
    if (this.#marks.some((mark) => mark.at.hash === pin.hash)) return 'stale';
    const there = await this.views.block(newest.at.number, signal);
    const replaced = there !== null && there.hash !== newest.at.hash;
    if (!replaced && pin.number < newest.at.number) return 'stale';
    if (there?.hash === newest.at.hash) return this.#marks.length;
    // A mark that stands has only marks that stand below it.
    let low = 0;
    let high = this.#marks.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      const { at } = this.#marks[middle]!;
      if (at.number <= pin.number && (await this.#stands(at, signal))) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  async #stands(at: L1BlockId, signal?: AbortSignal): Promise<boolean> {
    return (await this.views.block(at.number, signal))?.hash === at.hash;
  }

  async #continue(
    pin: L1BlockRef,
    before: RegistryMark,
    keptMarks: number,
    signal?: AbortSignal,
  ): Promise<RegistryReading> {
    const marks = this.#marks.slice(0, keptMarks);
    const kept = marks.at(-1) ?? null;
    const reorg = kept !== before;
    const steps = kept === null ? null : await this.#stepsFrom(kept, pin, { whole: reorg }, signal);
    if (kept === null || steps === null) {
      const read = await this.#fromScratch(pin, signal);
      this.#marks = [read];
      return {
        ...read,
        since: reorg ? { kind: 'reorg', kept: null, before, steps: [] } : { kind: 'reread', before },
      };
    }
    const state = steps.at(-1)?.after ?? kept.state;
    this.#marks = [...marks, { at: pin, state }].slice(-KEPT_MARKS);
    return {
      at: pin,
      state,
      since: reorg ? { kind: 'reorg', kept, before, steps } : { kind: 'extended', steps },
    };
  }

  /** Null when the logs do not lead to what the views say. */
  async #stepsFrom(
    kept: RegistryMark,
    pin: L1BlockRef,
    check: { readonly whole: boolean },
    signal?: AbortSignal,
  ): Promise<readonly RegistryStep[] | null> {
    const operations = await this.#operations(kept.at.number + 1, pin, { commits: true }, signal);
    const steps = replay(kept.state, operations);
    if (!steps.ok) return null;
    const state = steps.value.at(-1)?.after ?? kept.state;
    const whole = check.whole || !sameList(kept.state, state);
    return (await this.#agrees(state, pin, { whole }, signal)) ? steps.value : null;
  }

  async #fromScratch(pin: L1BlockRef, signal?: AbortSignal): Promise<RegistryMark> {
    const operations = await this.#operations(this.#deployedAt, pin, { commits: false }, signal);
    const [term, lastCommittedBatch] = await Promise.all([
      this.views.batchesPerSequencer(pin, signal),
      this.views.lastCommittedBatch(pin, signal),
    ]);
    const steps = replay({ ...emptyRegistry(term), lastCommittedBatch }, operations);
    if (!steps.ok) throw mismatch(pin, `a log says "${steps.error}"`);
    const state = steps.value.at(-1)?.after ?? { ...emptyRegistry(term), lastCommittedBatch };
    if (await this.#agrees(state, pin, { whole: true }, signal)) return { at: pin, state };
    throw mismatch(pin, `the logs make a list of ${state.sequencers.length} led by ${leaderOf(state)}`);
  }

  /** Logs are asked for by number: afterwards the branch must still be the pinned block's. */
  async #operations(
    from: number,
    pin: L1BlockRef,
    want: { readonly commits: boolean },
    signal?: AbortSignal,
  ): Promise<readonly LocatedOperation[]> {
    const operations = await this.#logs.operations(from, pin.number, want, signal);
    if (await this.#stands(pin, signal)) return operations;
    throw new SequencerError('bad_l1_answer', `L1 block ${pin.number} ${pin.hash} is not canonical any more`);
  }

  async #agrees(
    state: RegistryState,
    pin: L1BlockRef,
    check: { readonly whole: boolean },
    signal?: AbortSignal,
  ): Promise<boolean> {
    const list = state.sequencers.map((sequencer) => sequencer.address);
    const [leader, counter, listed] = await Promise.all([
      this.views.leader(pin, signal),
      this.views.lastCommittedBatch(pin, signal),
      check.whole
        ? this.views.listIs(list, pin, signal)
        : this.views.looksLike(list, this.#turn++ % Math.max(1, list.length), pin, signal),
    ]);
    return listed && counter === state.lastCommittedBatch && leader === leaderOf(state);
  }
}

/** The operations one after another; an error names why the contract would have refused one of them. */
function replay(
  start: RegistryState,
  operations: readonly LocatedOperation[],
): Result<readonly RegistryStep[], string> {
  const steps: RegistryStep[] = [];
  let before = start;
  for (const located of operations) {
    const after = applyOperation(before, located.operation);
    if (!after.ok) return err(`${after.error} at L1 block ${located.at.number}`);
    steps.push({ ...located, before, after: after.value });
    before = after.value;
  }
  return ok(steps);
}

const mismatch = (pin: L1BlockRef, what: string): SequencerError =>
  new SequencerError(
    'registry_mismatch',
    `at L1 block ${pin.number} ${what}, which is not what the registry itself says: ask another L1 node`,
  );
