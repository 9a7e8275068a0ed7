/**
 * An L1 in memory that speaks the L1 port: one fake world instead of many mocks. It owns blocks on any number
 * of branches, the commits in them, finality labels and blobs, and it can be told to misbehave. Nothing in it
 * depends on time or chance.
 *
 * ```ts
 * const l1 = fakeL1('abcdefgh', { commits: { c: [fakeCommit(1)], e: [fakeCommit(2), fakeCommit(3)] } });
 * l1.finalize('abcd');
 * l1.switchTo('abcdxyz');                             // a reorg 4 deep; listeners are called
 * l1.failNext('batchCommits', 'rate_limited');        // the next call fails with that code
 * l1.beforeNext('contractState', () => l1.switchTo('abx')); // the branch moves in the middle of a step
 * l1.showHead('abc');                                 // a stale head, until showHead(null)
 * ```
 */
import {
  type ContractState,
  type ExpectedBatches,
  type L1,
  L1Error,
  type L1ErrorCode,
  type L1Heads,
} from '../l1/l1.ts';
import type { BatchCommit } from '../protocol/batch.ts';
import type { Address, Hash, Hex, L1BlockId, L1BlockRef } from '../protocol/refs.ts';
import { ZERO_ADDRESS } from '../protocol/refs.ts';
import { blockName, l1Chain, l1Extend, l1Ref } from './stringChain.ts';

/** A commit without its place: the fake puts it into a block. */
export interface FakeCommit {
  readonly batchNumber: number;
  readonly newStateRoot: Hash;
  readonly from: Address;
  readonly to: Address | null;
  readonly input: Uint8Array;
  readonly blobVersionedHashes: readonly Hash[];
  /** Set it to put two commits into one transaction; derived from block and position otherwise. */
  readonly transactionHash: Hash | null;
}

const word = (value: number, tag: string): Hash =>
  `0x${tag}${value.toString(16).padStart(64 - tag.length, '0')}`;

/** A commit of that batch; every field has a deterministic default that depends on the batch number only. */
export const fakeCommit = (batchNumber: number, fields: Partial<FakeCommit> = {}): FakeCommit => ({
  batchNumber,
  newStateRoot: word(batchNumber, '5e'),
  from: `0x${'aa'.repeat(20)}`,
  to: `0x${'0c'.repeat(20)}`,
  input: new Uint8Array(),
  blobVersionedHashes: [],
  transactionHash: null,
  ...fields,
});

export interface FakeL1Options {
  /**
   * Commits by block, in log order. A one-letter key is every block of that letter, on any branch; a longer
   * key is the last block of exactly that branch: `{ c: […], abxyc: […] }`.
   */
  readonly commits?: Readonly<Record<string, readonly FakeCommit[]>>;
  /** `lastVerifiedBatch` from that block on; keys as in `commits`. */
  readonly verified?: Readonly<Record<string, number>>;
  readonly leader?: Address | null;
  readonly chainId?: number;
  /** geth still answers for an orphaned block by its hash (default); anvil answers null. */
  readonly keepOrphans?: boolean;
}

/** Port methods that failures can be injected into and calls are counted of. */
export type FakeMethod = Exclude<keyof L1, 'onHead' | 'providers' | 'close' | 'innerCalls' | 'beacon'>;

type Injection =
  | { readonly kind: 'fail'; readonly code: L1ErrorCode }
  | { readonly kind: 'answer'; readonly value: unknown }
  | { readonly kind: 'before'; readonly run: () => void }
  | { readonly kind: 'hang' };

const METHODS: readonly FakeMethod[] = [
  'chainId',
  'heads',
  'blockByNumber',
  'blockByHash',
  'contractState',
  'batchCommits',
  'commitOfBatch',
  'blob',
];

export class FakeL1 implements L1 {
  /** Calls so far, by method. */
  readonly calls: Record<FakeMethod, number>;
  /** What `leaderSequencer()` says, at every block. */
  leader: Address | null;
  closed = false;
  readonly #options: FakeL1Options;
  readonly #known = new Map<Hash, L1BlockRef>();
  readonly #commits: BlockTable<readonly FakeCommit[]>;
  readonly #verified: BlockTable<number>;
  readonly #blobs = new Map<Hash, Uint8Array>();
  readonly #listeners = new Set<() => void>();
  readonly #injected = new Map<FakeMethod, Injection[]>();
  #branch = '';
  #canonical: readonly L1BlockRef[] = [];
  #safe: number | null = null;
  #finalized: number | null = null;
  #shown: L1BlockRef | null = null;

  constructor(branch: string, options: FakeL1Options = {}) {
    this.#options = options;
    this.#commits = new BlockTable(options.commits ?? {});
    this.#verified = new BlockTable(options.verified ?? {});
    this.leader = options.leader === undefined ? ZERO_ADDRESS : options.leader;
    this.calls = Object.fromEntries(METHODS.map((method) => [method, 0])) as Record<FakeMethod, number>;
    this.switchTo(branch);
  }

  /** The canonical branch as a string. */
  get branch(): string {
    return this.#branch;
  }
  get head(): L1BlockRef {
    return this.#canonical.at(-1) as L1BlockRef;
  }

  /** Makes this branch canonical (a reorg, an extension or a shortening) and tells the listeners. */
  switchTo(branch: string): void {
    if (branch === '') throw new RangeError('an L1 has at least a genesis block');
    this.#become(branch, l1Chain(branch));
  }
  /** Adds blocks to the canonical branch. */
  mine(blocks: string): void {
    this.#become(this.#branch + blocks, [...this.#canonical, ...l1Extend(this.head, blocks)]);
  }
  /** Labels the last block of that text: a number on whatever is canonical, as anvil's labels are. Null: no label. */
  finalize(text: string | null): void {
    this.#finalized = text === null ? null : [...text].length - 1;
  }
  markSafe(text: string | null): void {
    this.#safe = text === null ? null : [...text].length - 1;
  }
  /** Shows this block as latest whatever is canonical: a lagging or lying backend. Null ends it. */
  showHead(text: string | null): void {
    this.#shown = text === null ? null : (l1Chain(text).at(-1) ?? null);
  }
  putBlob(versionedHash: Hash, bytes: Uint8Array): void {
    this.#blobs.set(versionedHash, bytes);
  }
  /** Calls every listener, as a new head does. */
  announce(): void {
    for (const listener of this.#listeners) listener();
  }

  /** The next `times` calls of the method fail with this code. Injections are used up in the order given. */
  failNext(method: FakeMethod, code: L1ErrorCode, times = 1): void {
    for (let i = 0; i < times; i += 1) this.#inject(method, { kind: 'fail', code });
  }
  /** The next call of the method answers this, right or wrong: null, a block of another branch, no commits. */
  answerNext<M extends FakeMethod>(method: M, value: Awaited<ReturnType<L1[M]>>): void {
    this.#inject(method, { kind: 'answer', value });
  }
  /** Runs before the next call of the method looks at the chain: switch the branch in the middle of a step. */
  beforeNext(method: FakeMethod, run: () => void): void {
    this.#inject(method, { kind: 'before', run });
  }
  /** The next call of the method never answers; it ends only when its signal aborts. */
  hangNext(method: FakeMethod): void {
    this.#inject(method, { kind: 'hang' });
  }

  chainId(signal?: AbortSignal): Promise<number> {
    return this.#answer('chainId', signal, () => this.#options.chainId ?? 1);
  }

  heads(signal?: AbortSignal): Promise<L1Heads> {
    return this.#answer('heads', signal, () => ({
      latest: this.#shown ?? this.head,
      safe: this.#label(this.#safe),
      finalized: this.#label(this.#finalized),
    }));
  }

  blockByNumber(number: number, signal?: AbortSignal): Promise<L1BlockRef | null> {
    return this.#answer('blockByNumber', signal, () => this.#canonical[number] ?? null);
  }

  blockByHash(hash: Hash, signal?: AbortSignal): Promise<L1BlockRef | null> {
    return this.#answer('blockByHash', signal, () => {
      const found = this.#known.get(hash) ?? null;
      return found === null || this.#options.keepOrphans !== false || this.#isCanonical(found) ? found : null;
    });
  }

  contractState(at: L1BlockId, signal?: AbortSignal): Promise<ContractState> {
    return this.#answer('contractState', signal, () => {
      this.#requireCanonical(at, 'contractState');
      const upTo = this.#canonical.slice(0, at.number + 1);
      const verified = upTo.map((ref) => this.#verified.at(ref) ?? 0);
      return {
        at: { number: at.number, hash: at.hash },
        lastCommittedBatch: upTo.flatMap((ref) => this.#commitsIn(ref)).at(-1)?.batchNumber ?? 0,
        lastVerifiedBatch: Math.max(0, ...verified),
        leader: this.leader,
      };
    });
  }

  batchCommits(
    from: number,
    to: number,
    pinned: L1BlockId,
    signal?: AbortSignal,
    _expected?: ExpectedBatches,
    most = Number.POSITIVE_INFINITY,
  ): Promise<readonly BatchCommit[]> {
    return this.#answer('batchCommits', signal, () => {
      if (to > pinned.number)
        throw new RangeError(`range ends at ${to}, above the pinned block ${pinned.number}`);
      this.#requireCanonical(pinned, 'batchCommits');
      const all = this.#canonical.slice(Math.max(0, from), to + 1).flatMap((ref) => this.#commitsIn(ref));
      const last = all[most - 1]?.l1Block.number ?? to;
      return all.filter((commit) => commit.l1Block.number <= last);
    });
  }

  commitOfBatch(batchNumber: number, pinned: L1BlockId, signal?: AbortSignal): Promise<BatchCommit | null> {
    return this.#answer('commitOfBatch', signal, () => {
      this.#requireCanonical(pinned, 'commitOfBatch');
      const commits = this.#canonical.slice(0, pinned.number + 1).flatMap((ref) => this.#commitsIn(ref));
      return commits.findLast((commit) => commit.batchNumber === batchNumber) ?? null;
    });
  }

  blob(_block: L1BlockRef, versionedHash: Hash, signal?: AbortSignal): Promise<Uint8Array | null> {
    return this.#answer('blob', signal, () => this.#blobs.get(versionedHash) ?? null);
  }

  onHead(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  close(): Promise<void> {
    this.closed = true;
    this.#listeners.clear();
    return Promise.resolve();
  }

  #become(branch: string, refs: readonly L1BlockRef[]): void {
    this.#branch = branch;
    this.#canonical = refs;
    for (const ref of refs) this.#known.set(ref.hash, ref);
    this.announce();
  }

  #inject(method: FakeMethod, injection: Injection): void {
    this.#injected.set(method, [...(this.#injected.get(method) ?? []), injection]);
  }

  /** Answers on a later microtask, as a network does, after whatever was injected for this call. */
  async #answer<T>(method: FakeMethod, signal: AbortSignal | undefined, compute: () => T): Promise<T> {
    this.calls[method] += 1;
    const injection = this.#injected.get(method)?.shift();
    await Promise.resolve();
    if (injection?.kind === 'hang') await untilAborted(signal);
    if (signal?.aborted) throw new L1Error('aborted', method, 'the call was aborted');
    if (injection?.kind === 'fail') throw new L1Error(injection.code, method, `injected ${injection.code}`);
    if (injection?.kind === 'answer') return injection.value as T;
    if (injection?.kind === 'before') injection.run();
    return compute();
  }

  #label(number: number | null): L1BlockRef | null {
    return number === null ? null : (this.#canonical[Math.min(number, this.#canonical.length - 1)] ?? null);
  }
  #isCanonical(id: L1BlockId): boolean {
    return this.#canonical[id.number]?.hash === id.hash;
  }
  #requireCanonical(id: L1BlockId, method: FakeMethod): void {
    if (this.#isCanonical(id)) return;
    throw new L1Error('not_canonical', method, `L1 block ${id.number} ${id.hash} is not canonical any more`);
  }
  #commitsIn(ref: L1BlockRef): readonly BatchCommit[] {
    const commits = this.#commits.at(ref) ?? [];
    return commits.map((commit, logIndex) => placed(commit, ref, logIndex));
  }
}

/** Values by block, keyed as `FakeL1Options.commits` says. */
class BlockTable<T> {
  readonly #byLetter: ReadonlyMap<string, T>;
  readonly #byHash: ReadonlyMap<Hash, T>;
  constructor(table: Readonly<Record<string, T>>) {
    const entries = Object.entries(table);
    this.#byLetter = new Map(entries.filter(([key]) => [...key].length === 1));
    this.#byHash = new Map(
      entries.filter(([key]) => [...key].length > 1).map(([key, value]) => [l1Ref(key).hash, value]),
    );
  }
  at(ref: L1BlockRef): T | undefined {
    return this.#byHash.get(ref.hash) ?? this.#byLetter.get(blockName(ref.hash));
  }
}

function placed(commit: FakeCommit, block: L1BlockRef, logIndex: number): BatchCommit {
  const derived: Hex = `0x7a${block.hash.slice(4, 60)}${commit.batchNumber.toString(16).padStart(4, '0')}${logIndex.toString(16).padStart(2, '0')}`;
  return {
    batchNumber: commit.batchNumber,
    newStateRoot: commit.newStateRoot,
    l1Block: block,
    logIndex,
    transaction: {
      hash: commit.transactionHash ?? derived,
      from: commit.from,
      to: commit.to,
      input: commit.input,
      blobVersionedHashes: commit.blobVersionedHashes,
    },
  };
}

const untilAborted = (signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted) resolve();
    else signal?.addEventListener('abort', () => resolve(), { once: true });
  });

/** An L1 whose canonical branch is that string; block 0 is its first character. */
export const fakeL1 = (branch: string, options: FakeL1Options = {}): FakeL1 => new FakeL1(branch, options);
