/**
 * A true L1 that grows, reorganises and finalizes by chance, and providers that show it: on time, late, or not at all
 * as it is. Everything comes from one seed. Used by the simulation of the provider pool.
 */
import {
  type ContractState,
  InconsistencyError,
  type InconsistencyRule,
  L1Error,
  type L1ErrorCode,
  type L1Heads,
} from '../l1/l1.ts';
import type { ProviderReads } from '../l1/pool/member.ts';
import type { BatchCommit } from '../protocol/batch.ts';
import { type Hash, type L1BlockId, type L1BlockRef, ZERO_ADDRESS } from '../protocol/refs.ts';
import { l1Chain } from './stringChain.ts';

/** [0, 1). */
export type Random = () => number;

export interface SimBlock {
  readonly ref: L1BlockRef;
  readonly commits: readonly BatchCommit[];
  /** Batches committed up to and including this block. */
  readonly committed: number;
}
export type Branch = readonly SimBlock[];

const word = (value: number, tag: string): Hash => `0x${tag}${value.toString(16).padStart(62, '0')}`;
export const below = (random: Random, bound: number): number => Math.floor(random() * bound);

/** No two blocks have the same: 96 bits by chance, which stand for the content. */
function freshHash(random: Random): Hash {
  const part = (): string =>
    below(random, 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return `0x11${'00'.repeat(19)}${part()}${part()}${part()}`;
}

/** A block on top of another one, with a batch or two in some of them. */
export function extend(parent: SimBlock, random: Random, forged = false): SimBlock {
  const ref: L1BlockRef = {
    number: parent.ref.number + 1,
    hash: freshHash(random),
    parentHash: parent.ref.hash,
    timestamp: parent.ref.timestamp + 12,
  };
  const count = random() < 0.5 ? 0 : 1 + below(random, 2);
  const commits = Array.from({ length: count }, (_, index): BatchCommit => {
    const batchNumber = parent.committed + 1 + index;
    return {
      batchNumber,
      newStateRoot: word(batchNumber, forged ? 'ff' : '5e'),
      l1Block: ref,
      logIndex: index,
      transaction: {
        hash: word((forged ? 2 ** 52 : 0) + batchNumber * 1_000_000 + below(random, 1_000_000), '7a'),
        from: ZERO_ADDRESS,
        to: ZERO_ADDRESS,
        input: new Uint8Array(),
        blobVersionedHashes: [],
      },
    };
  });
  return { ref, commits, committed: parent.committed + count };
}

/** Blocks behind the head that nothing reorganises any more. */
const FINAL_BEHIND = 10;
const SAFE_BEHIND = 6;
export const MAX_DEPTH = 5;

/** What tells transactions apart, whatever stands for their layer in front. */
export const tail = (hash: Hash): string => hash.slice(4);

/** The chain as it is, and every branch it ever was. */
export class TrueL1 {
  /** The canonical branch at each tick, oldest first. */
  readonly history: Branch[] = [];
  readonly known = new Map<Hash, SimBlock>();
  /** Batch numbers by the tail of the transaction that commits them. */
  readonly #batches = new Map<string, number>();
  readonly #random: Random;
  /** Number of the highest block that was ever final: no reorg drops it. */
  #final = 0;

  constructor(random: Random) {
    this.#random = random;
    const branch: SimBlock[] = [{ ref: l1Chain('a')[0] as L1BlockRef, commits: [], committed: 0 }];
    for (let i = 0; i < 15; i++) branch.push(extend(branch.at(-1)!, random));
    this.#become(branch);
  }

  get branch(): Branch {
    return this.history.at(-1)!;
  }

  /** The number under which that transaction ever committed a batch; undefined for one that never was on L1. */
  batchOf(transaction: Hash): number | undefined {
    return this.#batches.get(tail(transaction));
  }

  tick(calm: boolean): void {
    const chance = this.#random();
    if (calm || chance > 0.45) this.#become(this.branch);
    else if (chance > 0.08) this.#become([...this.branch, extend(this.branch.at(-1)!, this.#random)]);
    else this.#reorg(1 + below(this.#random, MAX_DEPTH));
  }

  #reorg(wanted: number): void {
    const depth = Math.min(wanted, this.branch.length - 1 - this.#final);
    const branch = this.branch.slice(0, this.branch.length - depth);
    // Also shorter than before: L1 owes nobody a replacement at once.
    for (let count = below(this.#random, depth + 2); count >= 0; count--) {
      branch.push(extend(branch.at(-1)!, this.#random));
    }
    this.#become(branch);
  }

  #become(branch: Branch): void {
    this.history.push(branch);
    this.#final = Math.max(this.#final, branch.length - 1 - FINAL_BEHIND);
    const fresh = this.history.length === 1 ? branch : branch.slice(-2 * MAX_DEPTH - 2);
    for (const block of fresh) {
      this.known.set(block.ref.hash, block);
      for (const { batchNumber, transaction } of block.commits) {
        this.#batches.set(tail(transaction.hash), batchNumber);
      }
    }
  }
}

export interface Behaviour {
  readonly host: string;
  /** Chance of a call that fails for no reason. */
  readonly faults: number;
  /** Ticks that its view is behind. */
  lag(): number;
  /** Chance of a call that is answered with a lie, and the kinds it tells. */
  readonly lies: number;
  readonly kinds: readonly Lie[];
}

/** `forged`: a branch of its own, consistent in itself · the rest: what single answers get wrong. */
export const LIES = [
  'forged_head',
  'forged_branch',
  'backward_head',
  'jump_ahead',
  'hidden_logs',
  'no_logs',
  'counter_low',
  'counter_high',
  'no_commit',
  'no_block',
  'other_block',
  'other_genesis',
  'labels',
  'wrong_chain',
  'proof_fails',
  'not_canonical',
] as const;
export type Lie = (typeof LIES)[number];

const FAULTS: readonly L1ErrorCode[] = ['timeout', 'unreachable', 'rate_limited', 'rpc_error', 'bad_answer'];
/** Lies that a verifying reader turns into errors before the pool sees them. */
const PROVED: readonly InconsistencyRule[] = [
  'receipts_root',
  'transactions_root',
  'header_hash',
  'log_forged',
];

/** One provider of a TrueL1. */
export class SimProvider implements ProviderReads {
  readonly host: string;
  readonly #l1: TrueL1;
  readonly #random: Random;
  readonly #behaviour: Behaviour;
  #forged: Branch | null = null;
  #answering = false;

  constructor(l1: TrueL1, behaviour: Behaviour, random: Random) {
    this.host = behaviour.host;
    this.#l1 = l1;
    this.#behaviour = behaviour;
    this.#random = random;
  }

  async chainId(): Promise<number> {
    this.#fail('chainId');
    return 1;
  }

  async heads(): Promise<L1Heads> {
    this.#fail('heads');
    const lie = this.#lie();
    if (lie === 'wrong_chain') {
      throw new InconsistencyError('wrong_chain', 'eth_chainId', 'chain 5, not 1', 'wrong_chain');
    }
    if (lie === 'forged_head' || lie === 'jump_ahead') this.#forge(lie === 'jump_ahead' ? 20 : 3);
    if (lie === 'forged_branch' && this.#forged === null) this.#forge(2);
    const branch = this.#view();
    const shown =
      lie === 'backward_head' ? Math.max(1, branch.length - 1 - below(this.#random, 12)) : branch.length;
    const at = (behind: number): L1BlockRef => branch[Math.max(0, shown - 1 - behind)]!.ref;
    const early = lie === 'labels';
    return {
      latest: at(0),
      safe: early ? at(0) : at(SAFE_BEHIND),
      finalized: early ? at(0) : at(FINAL_BEHIND),
    };
  }

  async blockByNumber(number: number): Promise<L1BlockRef | null> {
    this.#fail('blockByNumber');
    const lie = this.#lie();
    if (lie === 'no_block') return null;
    const block = this.#view()[number] ?? null;
    if (lie === 'other_block' && number > 0 && block !== null) return this.#twin(number).ref;
    if (lie === 'other_genesis' && number === 0) return { ...this.#twin(1).ref, number: 0 };
    return block?.ref ?? null;
  }

  async blockByHash(hash: Hash): Promise<L1BlockRef | null> {
    this.#fail('blockByHash');
    if (this.#lie() === 'no_block') return null;
    const block = this.#l1.known.get(hash) ?? this.#forged?.find(({ ref }) => ref.hash === hash);
    return block?.ref ?? null;
  }

  async contractState(at: L1BlockId): Promise<ContractState> {
    this.#fail('contractState');
    const { committed } = this.#at(at, 'contractState');
    const lie = this.#lie();
    const shift = lie === 'counter_low' ? -1 : lie === 'counter_high' ? 1 : 0;
    const lastCommittedBatch = Math.max(0, committed + shift * (1 + below(this.#random, 2)));
    return { at, lastCommittedBatch, lastVerifiedBatch: 0, leader: ZERO_ADDRESS };
  }

  async batchCommits(from: number, to: number, pinned: L1BlockId): Promise<readonly BatchCommit[]> {
    this.#fail('batchCommits');
    const branch = this.#branchOf(pinned, 'batchCommits');
    const commits = branch.slice(Math.max(0, from), to + 1).flatMap((block) => block.commits);
    const lie = this.#lie();
    if (lie === 'proof_fails') throw this.#proved();
    if (lie === 'no_logs') return [];
    if (lie === 'hidden_logs' && commits.length > 0)
      return commits.toSpliced(below(this.#random, commits.length), 1);
    return commits;
  }

  async commitOfBatch(batchNumber: number, pinned: L1BlockId): Promise<BatchCommit | null> {
    this.#fail('commitOfBatch');
    const branch = this.#branchOf(pinned, 'commitOfBatch');
    const lie = this.#lie();
    if (lie === 'proof_fails') throw this.#proved();
    if (lie === 'no_commit') return null;
    const upTo = branch.slice(0, pinned.number + 1).flatMap((block) => block.commits);
    return upTo.findLast((commit) => commit.batchNumber === batchNumber) ?? null;
  }

  /** Whatever it shows at the moment: the truth of some ticks ago, or its own forgery. */
  #view(): Branch {
    const { history } = this.#l1;
    return this.#forged ?? history[Math.max(0, history.length - 1 - this.#behaviour.lag())]!;
  }

  #forge(length: number): void {
    const truth = this.#l1.branch;
    const branch = truth.slice(0, truth.length - below(this.#random, MAX_DEPTH));
    for (let i = 0; i < length; i++) branch.push(extend(branch.at(-1)!, this.#random, true));
    this.#forged = branch;
  }

  #twin(number: number): SimBlock {
    return extend(this.#view()[number - 1]!, this.#random, true);
  }

  #branchOf(pinned: L1BlockId, method: string): Branch {
    const branch = this.#view();
    const gone = branch[pinned.number]?.ref.hash !== pinned.hash || this.#lie() === 'not_canonical';
    if (gone) throw new L1Error('not_canonical', method, `${pinned.number} is not canonical here`);
    return branch;
  }

  #at(id: L1BlockId, method: string): SimBlock {
    return this.#branchOf(id, method)[id.number]!;
  }

  #lie(): Lie | null {
    const { lies, kinds } = this.#behaviour;
    // A forger now and then shows the truth again, with another forgery later.
    if (this.#forged !== null && this.#random() < 0.02) this.#forged = null;
    return this.#random() < lies ? (kinds[below(this.#random, kinds.length)] ?? null) : null;
  }

  #proved(): L1Error {
    const rule = PROVED[below(this.#random, PROVED.length)]!;
    return new InconsistencyError(rule, 'eth_getBlockReceipts', `caught by ${rule}`);
  }

  /** Headers asked for at once are one request, which fails or does not as a whole. */
  #fail(method: string): void {
    if (method === 'blockByNumber' && this.#answering) return;
    if (this.#random() >= this.#behaviour.faults) {
      this.#answering = true;
      queueMicrotask(() => {
        this.#answering = false;
      });
      return;
    }
    const code = FAULTS[below(this.#random, FAULTS.length)]!;
    const retryAfterMs = code === 'rate_limited' && this.#random() < 0.5 ? 3_000 : null;
    throw new L1Error(code, method, `${this.host}: ${code}`, undefined, retryAfterMs);
  }
}
