/**
 * An execution engine in memory whose blocks are string-chain blocks (`l2Chain('ABCD')`). It keeps every branch
 * it was given, answers as real engines do, and counts what it executed. Nothing depends on time or chance.
 */
import {
  type Engine,
  EngineError,
  type EngineErrorCode,
  type EngineLabels,
  type TransactionPlace,
  type TransactionRef,
} from '../engine/engine.ts';
import type { SealedBlock } from '../protocol/block.ts';
import type { ForkchoiceState, PayloadStatus } from '../protocol/forkchoice.ts';
import type { Hash, L2BlockRef } from '../protocol/refs.ts';
import { ZERO_HASH } from '../protocol/refs.ts';
import { l2Chain } from './stringChain.ts';

type EngineMethod = 'labels' | 'newPayload' | 'forkchoiceUpdated';

export interface StringEngineOptions {
  /** As vanilla engines do: a forkchoice update to an ancestor of the head is answered VALID and ignored. */
  readonly keepsHeadOnAncestor?: boolean;
  /** ACCEPTED for a block beside its chain, which it executes only when it becomes the head. */
  readonly acceptsSiblings?: boolean;
  /** -38006 for a forkchoice update to an ancestor of the head. */
  readonly refusesAncestors?: boolean;
}

export class StringEngine
  implements
    Pick<
      Engine,
      | 'labels'
      | 'blockByNumber'
      | 'blockByHash'
      | 'newPayload'
      | 'forkchoiceUpdated'
      | 'transactionsOfBlock'
      | 'placeOfTransaction'
    >
{
  readonly #blocks = new Map<Hash, L2BlockRef>();
  readonly #options: StringEngineOptions;
  readonly #failures = new Map<EngineMethod, EngineErrorCode[]>();
  readonly #failuresAfter = new Map<EngineMethod, EngineErrorCode[]>();
  readonly #invalid = new Set<Hash>();
  readonly #carried = new Map<Hash, readonly TransactionRef[]>();
  /** Hashes of transactions that wait. */
  readonly pool = new Set<Hash>();
  /** Hashes of transactions whose nonce another one used. */
  readonly outdone = new Set<Hash>();
  #missesByHash = false;
  #canonical: readonly L2BlockRef[];
  #safe: Hash | null = null;
  #finalized: Hash | null = null;
  /** Hashes in the order of their execution; a block executed twice appears twice. */
  readonly executed: Hash[] = [];
  /** Head, safe, finalized of every update that was asked for. */
  readonly updates: ForkchoiceState[] = [];

  constructor(chain = 'A', options: StringEngineOptions = {}) {
    this.#options = options;
    this.#canonical = l2Chain(chain);
    for (const ref of this.#canonical) this.#blocks.set(ref.hash, ref);
  }

  /** The canonical chain's head, as another program (or an administrator) would set it. */
  moveHead(chain: string): void {
    this.#canonical = l2Chain(chain);
    for (const ref of this.#canonical) this.#blocks.set(ref.hash, ref);
    if (this.#safe !== null && !this.#isCanonical(this.#safe)) this.#safe = null;
    if (this.#finalized !== null && !this.#isCanonical(this.#finalized)) this.#finalized = null;
  }
  /** The last block of that chain carries these transactions, whenever it is there. */
  carry(chain: string, transactions: readonly TransactionRef[]): void {
    this.#carried.set(l2Chain(chain).at(-1)!.hash, transactions);
  }
  /** Sets the labels directly, as a database that outlived its driver has them. */
  label(safe: string | null, finalized: string | null = null): void {
    this.#safe = safe === null ? null : (l2Chain(safe).at(-1)?.hash ?? null);
    this.#finalized = finalized === null ? null : (l2Chain(finalized).at(-1)?.hash ?? null);
  }
  /** Loses everything but genesis. */
  wipe(): void {
    const genesis = this.#canonical[0] as L2BlockRef;
    this.#blocks.clear();
    this.#blocks.set(genesis.hash, genesis);
    this.#canonical = [genesis];
    this.#safe = null;
    this.#finalized = null;
  }
  /** Executing the last block of that chain fails. */
  callInvalid(chain: string): void {
    this.#invalid.add(l2Chain(chain).at(-1)?.hash as Hash);
  }
  /** Executing anything works again. */
  callValid(): void {
    this.#invalid.clear();
  }
  /** The next answer by hash is null although it holds the block. */
  missNextByHash(): void {
    this.#missesByHash = true;
  }
  failNext(method: EngineMethod, code: EngineErrorCode, times = 1): void {
    const codes = Array.from({ length: times }, () => code);
    this.#failures.set(method, [...(this.#failures.get(method) ?? []), ...codes]);
  }
  /** The next calls are done, and their answers lost. */
  failAfter(method: EngineMethod, code: EngineErrorCode, times = 1): void {
    const codes = Array.from({ length: times }, () => code);
    this.#failuresAfter.set(method, [...(this.#failuresAfter.get(method) ?? []), ...codes]);
  }

  async labels(): Promise<EngineLabels> {
    this.#maybeFail('labels');
    const label = (hash: Hash | null) => (hash === null ? null : (this.#blocks.get(hash) ?? null));
    return {
      latest: this.#canonical.at(-1) as L2BlockRef,
      safe: label(this.#safe),
      finalized: label(this.#finalized),
    };
  }
  async blockByNumber(number: number | 'latest' | 'earliest'): Promise<L2BlockRef | null> {
    if (number === 'latest') return this.#canonical.at(-1) ?? null;
    return this.#canonical[number === 'earliest' ? 0 : number] ?? null;
  }
  async blockByHash(hash: Hash): Promise<L2BlockRef | null> {
    const misses = this.#missesByHash;
    this.#missesByHash = false;
    return misses ? null : (this.#blocks.get(hash) ?? null);
  }

  async transactionsOfBlock(hash: Hash): Promise<readonly TransactionRef[] | null> {
    return this.#blocks.has(hash) ? (this.#carried.get(hash) ?? []) : null;
  }
  async placeOfTransaction({ hash }: TransactionRef): Promise<TransactionPlace> {
    const carries = (block: L2BlockRef) => this.#carried.get(block.hash)?.some((one) => one.hash === hash);
    const block = this.#canonical.find(carries);
    if (block !== undefined) return { kind: 'included', block };
    if (this.pool.has(hash)) return { kind: 'pending' };
    return { kind: 'nowhere', nonceUsed: this.outdone.has(hash) };
  }

  async newPayload(block: SealedBlock): Promise<PayloadStatus> {
    this.#maybeFail('newPayload');
    const { number, hash, parentHash, timestamp } = block;
    if (this.#blocks.has(hash)) return { status: 'VALID', latestValidHash: hash };
    if (!this.#blocks.has(parentHash)) return { status: 'SYNCING' };
    if (this.#options.acceptsSiblings && parentHash !== this.#canonical.at(-1)?.hash) {
      this.#blocks.set(hash, { number, hash, parentHash, timestamp });
      return { status: 'ACCEPTED' };
    }
    if (this.#invalid.has(hash)) {
      return { status: 'INVALID', latestValidHash: parentHash, validationError: 'state root mismatch' };
    }
    this.executed.push(hash);
    this.#blocks.set(hash, { number, hash, parentHash, timestamp });
    this.#maybeFail('newPayload', this.#failuresAfter);
    return { status: 'VALID', latestValidHash: hash };
  }

  async forkchoiceUpdated(state: ForkchoiceState) {
    this.#maybeFail('forkchoiceUpdated');
    this.updates.push(state);
    const answer = (payloadStatus: PayloadStatus) => ({ payloadStatus, payloadId: null });
    const branch = this.#branchTo(state.headBlockHash);
    if (branch === null) return answer({ status: 'SYNCING' });
    if (branch.some((block) => this.#invalid.has(block.hash))) {
      return answer({ status: 'INVALID', latestValidHash: null, validationError: 'state root mismatch' });
    }
    const goesBack = this.#isCanonical(state.headBlockHash) && branch.length < this.#canonical.length;
    if (this.#options.refusesAncestors && goesBack)
      throw new EngineError('too_deep_reorg', 'engine_forkchoiceUpdatedV3', 'Too deep reorg', -38006);
    const ignored =
      this.#options.keepsHeadOnAncestor === true &&
      this.#isCanonical(state.headBlockHash) &&
      state.headBlockHash !== this.#canonical.at(-1)?.hash;
    if (!ignored) this.#canonical = branch;
    for (const hash of [state.safeBlockHash, state.finalizedBlockHash]) {
      if (hash !== ZERO_HASH && !this.#isCanonical(hash)) {
        throw new EngineError(
          'invalid_forkchoice_state',
          'engine_forkchoiceUpdatedV3',
          'invalid forkchoice state',
          -38002,
        );
      }
    }
    if (state.safeBlockHash !== ZERO_HASH) this.#safe = state.safeBlockHash;
    if (state.finalizedBlockHash !== ZERO_HASH) this.#finalized = state.finalizedBlockHash;
    this.#maybeFail('forkchoiceUpdated', this.#failuresAfter);
    return answer({ status: 'VALID', latestValidHash: state.headBlockHash });
  }

  #isCanonical(hash: Hash): boolean {
    const ref = this.#blocks.get(hash);
    return ref !== undefined && this.#canonical[ref.number]?.hash === hash;
  }
  #branchTo(hash: Hash): readonly L2BlockRef[] | null {
    const branch: L2BlockRef[] = [];
    for (let at = this.#blocks.get(hash); at !== undefined; at = this.#blocks.get(at.parentHash))
      branch.unshift(at);
    return branch[0]?.number === 0 ? branch : null;
  }
  #maybeFail(method: EngineMethod, failures = this.#failures): void {
    const code = failures.get(method)?.shift();
    if (code !== undefined) throw new EngineError(code, method, `injected ${code}`);
  }
}
