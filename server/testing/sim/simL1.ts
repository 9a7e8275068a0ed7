import type { DriverL1 } from '../../driver/ports.ts';
import { type ContractState, L1Error, type L1ErrorCode, type L1Heads } from '../../l1/l1.ts';
import type { BatchCommit } from '../../protocol/batch.ts';
import { type Hash, type L1BlockId, type L1BlockRef, sameBlock, ZERO_ADDRESS } from '../../protocol/refs.ts';
import type { Dice } from './dice.ts';
import type { Caller, Gate } from './gate.ts';
import { nameOf } from './gate.ts';
import { blobContentId, inputOf, type L1Block, type L1World } from './l1World.ts';
import type { Fault, Profile } from './profile.ts';

/** A backend behind the L1 endpoint: it follows L1, lags behind it, or sits on a branch that L1 has left. */
export interface Backend {
  /** Blocks behind the branch it follows. */
  lag: number;
  /** Stays at this block whatever L1 does; null follows L1. */
  stuckAt: L1Block | null;
}

export interface SimL1Deps {
  readonly world: L1World;
  readonly profile: Profile;
  readonly gate: Gate;
  /** Whether this fault happens now. */
  readonly happens: (fault: Fault, dice: Dice) => boolean;
  /** Moves virtual time, milliseconds. */
  readonly pass: (ms: number) => void;
  /** The node hears of these heads. */
  readonly onHeads: (caller: Caller, heads: L1Heads) => void;
}

export type NodeL1 = DriverL1 & {
  heads(signal?: AbortSignal): Promise<L1Heads>;
  blockByHash(hash: Hash, signal?: AbortSignal): Promise<L1BlockRef | null>;
};

/** L1 blocks below its head that every node still remembers; one that just started remembers no more than 96. */
const REMEMBERED = 80;

const ERRORS: readonly L1ErrorCode[] = ['unreachable', 'rate_limited', 'rpc_error', 'bad_answer', 'timeout'];

/**
 * L1 behind the driver's port, as one endpoint with several backends. It keeps what the real client promises: what
 * is asked by hash is right or an error, a contradiction that the client can see is a `bad_answer`, and a pinned
 * block that is not canonical (on whichever backend is asked) is `not_canonical`. All else may go wrong.
 */
export class SimL1 {
  readonly backends: Backend[];
  readonly #deps: SimL1Deps;
  #current = 0;

  constructor(deps: SimL1Deps) {
    this.#deps = deps;
    this.backends = Array.from({ length: deps.profile.backends }, () => ({ lag: 0, stuckAt: null }));
  }

  heal(): void {
    for (const backend of this.backends) {
      backend.lag = 0;
      backend.stuckAt = null;
    }
  }

  /** The port, in the hands of one process. */
  portOf(caller: Caller): NodeL1 {
    const ask = <T>(
      method: string,
      about: string,
      signal: AbortSignal | undefined,
      serve: (dice: Dice) => T,
      onHeard?: (answer: T) => void,
    ): Promise<T> =>
      this.#deps.gate.call({
        caller,
        layer: 'l1',
        method,
        about,
        writes: false,
        shares: method === 'blockByNumber' || method === 'blockByHash',
        signal,
        serve: (dice) => {
          this.#maybeFail(method, dice);
          return serve(dice);
        },
        ...(onHeard === undefined ? {} : { onHeard }),
        aborted: () => new L1Error('aborted', method, 'the call was aborted'),
      });
    return {
      heads: (signal) =>
        ask(
          'heads',
          '',
          signal,
          (dice) => this.#heads(dice),
          (heads) => this.#deps.onHeads(caller, heads),
        ),
      blockByNumber: (number, signal) =>
        ask('blockByNumber', `${number}`, signal, (dice) => this.#blockByNumber(number, dice)),
      blockByHash: (hash, signal) =>
        ask('blockByHash', nameOf(hash), signal, (dice) => this.#blockByHash(hash, dice)),
      contractState: (at, signal) =>
        ask('contractState', nameOf(at.hash), signal, (dice) => this.#contractState(at, dice)),
      batchCommits: (from, to, pinned, signal, _expected, most) =>
        ask('batchCommits', `${from} to ${to} at ${nameOf(pinned.hash)}`, signal, (dice) => {
          const commits = this.#commits({ from, to, pinned }, 'batchCommits', dice);
          const last = most === undefined ? undefined : commits[most - 1]?.l1Block.number;
          return last === undefined ? commits : commits.filter(({ l1Block }) => l1Block.number <= last);
        }),
      commitOfBatch: (batchNumber, pinned, signal) =>
        ask('commitOfBatch', `${batchNumber} at ${nameOf(pinned.hash)}`, signal, (dice) => {
          const range = { from: 0, to: pinned.number, pinned };
          const commits = this.#commits(range, 'commitOfBatch', dice);
          return commits.findLast((commit) => commit.batchNumber === batchNumber) ?? null;
        }),
      blob: (_block, versionedHash, signal) =>
        ask('blob', versionedHash.slice(-6), signal, (dice) =>
          this.#deps.happens('blob_missing', dice) ? null : inputOf(blobContentId(versionedHash)),
        ),
    };
  }

  /** The branch that the backend which answers now calls canonical. */
  #branch(dice: Dice): readonly L1Block[] {
    const { world, happens } = this.#deps;
    if (this.backends.length > 1 && happens('other_backend', dice))
      this.#current = dice.int(this.backends.length);
    const { lag, stuckAt } = this.backends[this.#current]!;
    const branch = world.branchOf(stuckAt ?? world.head);
    return lag === 0 ? branch : branch.slice(0, Math.max(1, branch.length - lag));
  }

  #maybeFail(method: string, dice: Dice): void {
    const { happens, pass } = this.#deps;
    if (happens('l1_timeout', dice)) {
      pass(dice.between(1_000, 20_000));
      throw new L1Error('timeout', method, 'no answer in time');
    }
    if (happens('l1_error', dice)) {
      const code = dice.pick(ERRORS);
      throw new L1Error(code, method, `the provider failed: ${code}`);
    }
  }

  #heads(dice: Dice): L1Heads {
    const { world, happens } = this.#deps;
    const branch = this.#branch(dice);
    const latest = branch.at(-1)!.ref;
    if (happens('labels_disordered', dice))
      throw new L1Error('bad_answer', 'heads', 'its labels are out of order');
    if (happens('label_missing', dice)) return { latest, safe: null, finalized: null };
    let finalized = Math.min(world.finalized.ref.number, latest.number);
    if (happens('label_back', dice)) finalized = Math.max(0, finalized - dice.between(1, 10));
    const safe = dice.between(finalized, latest.number);
    // A backend on a branch that finality has since excluded finalized nothing that contradicts it: it hangs.
    const known = world.commonAncestor(branch.at(-1)!, world.finalized).ref.number;
    return { latest, safe: branch[safe]!.ref, finalized: branch[Math.min(finalized, known)]!.ref };
  }

  #blockByNumber(number: number, dice: Dice): L1BlockRef | null {
    if (this.#deps.happens('block_missing', dice)) return null;
    return this.#branch(dice)[number]?.ref ?? null;
  }

  #blockByHash(hash: Hash, dice: Dice): L1BlockRef | null {
    const { world, profile, happens } = this.#deps;
    const block = world.blocks.get(hash);
    if (block === undefined || happens('block_missing', dice)) return null;
    return profile.keepsOrphans || sameBlock(this.#branch(dice)[block.ref.number]?.ref ?? null, block.ref)
      ? block.ref
      : null;
  }

  #contractState(at: L1BlockId, dice: Dice): ContractState {
    this.#requireCanonical(at, 'contractState', dice);
    const block = this.#deps.world.blocks.get(at.hash)!;
    const { number, hash } = at;
    return {
      at: { number, hash },
      lastCommittedBatch: block.lastBatch,
      lastVerifiedBatch: Math.max(0, block.lastBatch - 3),
      leader: ZERO_ADDRESS,
    };
  }

  #requireCanonical(at: L1BlockId, method: string, dice: Dice): void {
    if (sameBlock(this.#branch(dice)[at.number]?.ref ?? null, at)) return;
    throw new L1Error('not_canonical', method, `L1 block ${nameOf(at.hash)} is not canonical any more`);
  }

  /** Logs of whichever backend is asked, headers of another when they mix, and at the end the pinned block of a third. */
  #commits(
    { from, to, pinned }: { readonly from: number; readonly to: number; readonly pinned: L1BlockId },
    method: string,
    dice: Dice,
  ): readonly BatchCommit[] {
    const { happens, profile, world } = this.#deps;
    const former = profile.faults.foreign_logs > 0 ? this.#formerNear(pinned) : [];
    if (former.length > 0 && happens('foreign_logs', dice)) {
      const other = world.branchOf(dice.pick(former));
      this.#requireCanonical(pinned, method, dice);
      return other.slice(Math.max(0, from), to + 1).flatMap((block) => block.commits);
    }
    const branch = this.#branch(dice);
    let commits = branch.slice(Math.max(0, from), to + 1).flatMap((block) => block.commits);
    if (happens('log_omitted', dice) && commits.length > 0) {
      const [at, count] = [dice.int(commits.length), dice.between(1, 3)];
      commits = commits.filter((_, index) => index < at || index >= at + count);
    }
    if (happens('log_doubled', dice) || happens('log_unsorted', dice))
      throw new L1Error('bad_answer', method, 'a log comes twice or out of order');
    if (happens('mixed_backends', dice)) this.#current = dice.int(this.backends.length);
    else {
      // One backend answers all of it: the pinned block is looked up where the logs came from.
      if (sameBlock(branch[pinned.number]?.ref ?? null, pinned)) return commits;
      throw new L1Error('not_canonical', method, `L1 block ${nameOf(pinned.hash)} is not canonical any more`);
    }
    this.#requireCanonical(pinned, method, dice);
    return commits;
  }

  /** Heads of branches that left ours where a node still remembers ours: above finality, and not far below its head. */
  #formerNear({ hash, number }: L1BlockId): readonly L1Block[] {
    const { world } = this.#deps;
    const ours = world.blocks.get(hash)!;
    const floor = Math.max(world.finalized.ref.number, number - REMEMBERED);
    return world.formerHeads.filter((head) => world.commonAncestor(ours, head).ref.number >= floor);
  }
}
