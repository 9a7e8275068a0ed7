import type { CustomCrypto } from '@ethereumjs/common';
import type { SealedBlock } from '../../protocol/block.ts';
import type { ForkchoiceState, PayloadAttributes, PayloadStatus } from '../../protocol/forkchoice.ts';
import { keccak256Hex } from '../../protocol/keccak.ts';
import { type Hash, type Hex, ZERO_HASH } from '../../protocol/refs.ts';
import { isPrivileged, transactionHash } from '../../protocol/transaction.ts';
import { type BuilderDeps, type BuiltBlock, buildBlock, ForcedTransactionError } from './blockBuilder.ts';
import { BlockExecutor } from './blockExecutor.ts';
import type { Chain, HeadChange } from './chain.ts';
import { forkAt, type Genesis } from './genesis.ts';
import { PoolError, type PoolView, TransactionPool } from './pool.ts';
import { RPC_CODES, RpcError } from './rpcError.ts';
import { createSerial } from './serial.ts';
import type { StateDb } from './stateDb.ts';
import { readState, type StateReader } from './stateReader.ts';
import { requireSupported, UnsupportedTransactionError } from './transactions.ts';

/** Blocks remembered as invalid, so that their descendants are refused without a look. */
const MAX_INVALID = 1_024;
/** Payloads being built that a caller may still ask for. */
const MAX_PAYLOADS = 16;
/** Milliseconds spent on pool transactions of one block. */
const DEFAULT_BUILD_BUDGET = 1_500;

export interface CoreDeps {
  readonly genesis: Genesis;
  readonly chain: Chain;
  readonly stateDb: StateDb;
  readonly crypto: CustomCrypto;
  readonly l2Rules: boolean;
  readonly now: () => number;
  readonly buildBudget?: number;
}

/** Counters since the engine was opened. */
export interface EngineStats {
  /** Blocks whose transactions were run because of newPayload. */
  readonly executedBlocks: number;
  readonly executedTransactions: number;
  /** newPayload calls answered from what the engine had already. */
  readonly knownPayloads: number;
  readonly builtBlocks: number;
  readonly pooledTransactions: number;
}

interface InvalidBlock {
  readonly reason: string;
  readonly latestValidHash: Hash;
}

interface Building {
  readonly parent: SealedBlock;
  readonly attributes: PayloadAttributes;
  built: BuiltBlock | null;
}

/**
 * The engine behind its JSON-RPC face: validates blocks, keeps all their branches, follows the labels it is given and
 * builds blocks when asked. Calls that change anything run one after the other.
 */
export class EngineCore {
  readonly genesis: Genesis;
  readonly chain: Chain;
  readonly stateDb: StateDb;
  readonly executor: BlockExecutor;
  readonly pool = new TransactionPool();
  readonly crypto: CustomCrypto;
  readonly l2Rules: boolean;
  readonly #builder: BuilderDeps;
  readonly #serially = createSerial();
  readonly #invalid = new Map<Hash, InvalidBlock>();
  readonly #payloads = new Map<Hex, Building>();
  #stats = { executedBlocks: 0, executedTransactions: 0, knownPayloads: 0, builtBlocks: 0 };

  constructor(deps: CoreDeps) {
    this.genesis = deps.genesis;
    this.chain = deps.chain;
    this.stateDb = deps.stateDb;
    this.crypto = deps.crypto;
    this.l2Rules = deps.l2Rules;
    this.executor = new BlockExecutor(deps);
    const { executor, pool } = this;
    this.#builder = { ...deps, executor, pool, budget: deps.buildBudget ?? DEFAULT_BUILD_BUDGET };
  }

  get stats(): EngineStats {
    return { ...this.#stats, pooledTransactions: this.pool.size };
  }

  /** Waits for the call in flight. */
  idle(): Promise<void> {
    return this.#serially(async () => undefined);
  }

  /** execution-apis paris.md `engine_newPayloadV1`, on a block whose hash is computed already. */
  newPayload(block: SealedBlock): Promise<PayloadStatus> {
    return this.#serially(() => this.#newPayload(block));
  }

  async #newPayload(block: SealedBlock): Promise<PayloadStatus> {
    if ((await this.chain.block(block.hash)) !== null) {
      this.#stats.knownPayloads++;
      return { status: 'VALID', latestValidHash: block.hash };
    }
    const known = this.#invalid.get(block.hash) ?? this.#inherit(block);
    if (known !== undefined) return toInvalid(known);
    const parent = await this.chain.block(block.parentHash);
    if (parent === null) return { status: 'SYNCING' };
    const verdict = await this.#check(block, parent);
    if (verdict.kind === 'invalid') {
      return toInvalid(this.#remember(block.hash, verdict.reason, parent.hash));
    }
    await this.chain.add(block, verdict.receipts, this.stateDb.takePending());
    this.#stats.executedBlocks++;
    this.#stats.executedTransactions += block.transactions.length;
    return { status: 'VALID', latestValidHash: block.hash };
  }

  async #check(block: SealedBlock, parent: SealedBlock) {
    try {
      return await this.executor.check(block, parent);
    } catch (error) {
      if (error instanceof UnsupportedTransactionError) throw unsupported(error);
      throw error;
    }
  }

  /** A child of an invalid block is invalid too, back to the same valid ancestor. */
  #inherit(block: SealedBlock): InvalidBlock | undefined {
    const parent = this.#invalid.get(block.parentHash);
    if (parent === undefined) return undefined;
    return this.#remember(block.hash, `ancestor ${block.parentHash} is invalid`, parent.latestValidHash);
  }

  #remember(hash: Hash, reason: string, latestValidHash: Hash): InvalidBlock {
    const invalid = { reason, latestValidHash };
    this.#invalid.set(hash, invalid);
    if (this.#invalid.size > MAX_INVALID) {
      const oldest = this.#invalid.keys().next();
      if (!oldest.done) this.#invalid.delete(oldest.value);
    }
    return invalid;
  }

  /**
   * execution-apis paris.md `engine_forkchoiceUpdatedV1`.
   *
   * Point 2 lets an engine skip an update to an ancestor of its finalized block. This one never skips: a rollup's head
   * goes where L1 says. A zero safe or finalized hash keeps that label while the new head descends from it.
   */
  forkchoiceUpdated(
    state: ForkchoiceState,
    attributes: PayloadAttributes | null,
  ): Promise<{ payloadStatus: PayloadStatus; payloadId: Hex | null }> {
    return this.#serially(() => this.#forkchoiceUpdated(state, attributes));
  }

  async #forkchoiceUpdated(state: ForkchoiceState, attributes: PayloadAttributes | null) {
    if (state.headBlockHash === ZERO_HASH) {
      throw new RpcError(
        RPC_CODES.invalidForkchoiceState,
        'Invalid forkchoice state: the head is the zero hash',
      );
    }
    const invalid = this.#invalid.get(state.headBlockHash);
    if (invalid !== undefined) return { payloadStatus: toInvalid(invalid), payloadId: null };
    const head = await this.chain.block(state.headBlockHash);
    if (head === null) return { payloadStatus: { status: 'SYNCING' } as const, payloadId: null };
    const { labels } = this.chain;
    const safe = await this.#label('safe', state.safeBlockHash, labels.safe, head);
    const finalized = await this.#label('finalized', state.finalizedBlockHash, labels.finalized, head);
    await this.#checkOrder(safe, finalized);
    const before = labels.head;
    const change = await this.chain.setLabels(head, safe?.hash ?? null, finalized?.hash ?? null);
    if (before !== head.hash) await this.#poolFollows(change);
    const payloadId = attributes === null ? null : this.#beginPayload(head, attributes);
    return { payloadStatus: { status: 'VALID', latestValidHash: head.hash } as const, payloadId };
  }

  async #label(
    name: string,
    wanted: Hash,
    current: Hash | null,
    head: SealedBlock,
  ): Promise<SealedBlock | null> {
    if (wanted === ZERO_HASH) {
      const kept = current === null ? null : await this.chain.block(current);
      return kept !== null && (await this.chain.isAncestor(kept, head)) ? kept : null;
    }
    const block = await this.chain.block(wanted);
    if (block !== null && (await this.chain.isAncestor(block, head))) return block;
    const what = block === null ? 'unknown' : 'not an ancestor of the head';
    throw new RpcError(
      RPC_CODES.invalidForkchoiceState,
      `Invalid forkchoice state: the ${name} block ${wanted} is ${what}`,
    );
  }

  async #checkOrder(safe: SealedBlock | null, finalized: SealedBlock | null): Promise<void> {
    if (finalized === null || safe === null || finalized.number <= safe.number) return;
    throw new RpcError(
      RPC_CODES.invalidForkchoiceState,
      `Invalid forkchoice state: finalized block ${finalized.number} is above the safe block ${safe.number}`,
    );
  }

  /** Included transactions leave the pool; those of dropped blocks get their chance again. */
  async #poolFollows({ removed, added }: HeadChange): Promise<void> {
    for (const block of added) {
      if (this.pool.size === 0) break;
      for (const encoded of block.transactions) this.pool.remove(transactionHash(encoded));
    }
    const back = removed
      .flatMap(({ transactions }) => transactions)
      .filter((encoded) => !isPrivileged(encoded));
    if (back.length === 0) return;
    const included = new Set(added.flatMap(({ transactions }) => transactions.map(transactionHash)));
    const view = await this.#poolView();
    for (const encoded of back) {
      const hash = transactionHash(encoded);
      if (included.has(hash)) continue;
      try {
        await this.pool.add(encoded, view);
      } catch (error) {
        if (!(error instanceof PoolError)) throw error;
        this.pool.drop(hash, `reorged out and no longer valid: ${error.message}`);
      }
    }
  }

  #beginPayload(parent: SealedBlock, attributes: PayloadAttributes): Hex {
    if (attributes.timestamp <= parent.timestamp) {
      throw invalidAttributes(`timestamp ${attributes.timestamp} is not after ${parent.timestamp}`);
    }
    const described = JSON.stringify([parent.hash, attributes], (_, value) =>
      typeof value === 'bigint' ? value.toString() : value,
    );
    const payloadId = keccak256Hex(new TextEncoder().encode(described)).slice(0, 18) as Hex;
    if (!this.#payloads.has(payloadId)) this.#payloads.set(payloadId, { parent, attributes, built: null });
    if (this.#payloads.size > MAX_PAYLOADS) {
      const oldest = this.#payloads.keys().next();
      if (!oldest.done) this.#payloads.delete(oldest.value);
    }
    return payloadId;
  }

  /**
   * execution-apis paris.md `engine_getPayloadV1`. The block is built when it is asked for, from the pool as it is then,
   * and stored as executed, so that handing it back with newPayload costs nothing.
   */
  getPayload(payloadId: Hex): Promise<BuiltBlock> {
    return this.#serially(async () => {
      const building = this.#payloads.get(payloadId);
      if (building === undefined) throw new RpcError(RPC_CODES.unknownPayload, 'Unknown payload');
      building.built ??= await this.#build(building);
      return building.built;
    });
  }

  async #build({ parent, attributes }: Building): Promise<BuiltBlock> {
    try {
      requireSupported((attributes.transactions ?? []).map(firstByte), this.l2Rules);
      const built = await buildBlock(this.#builder, parent, attributes);
      await this.chain.add(built.block, built.receipts, this.stateDb.takePending());
      this.#stats.builtBlocks++;
      return built;
    } catch (error) {
      this.stateDb.dropPending();
      if (error instanceof UnsupportedTransactionError) throw unsupported(error);
      if (error instanceof ForcedTransactionError) throw invalidAttributes(error.message);
      throw error;
    }
  }

  /** Offers a transaction to the pool. Throws PoolError. */
  async addTransaction(encoded: Uint8Array): Promise<Hash> {
    return this.pool.add(encoded, await this.#poolView());
  }

  async #poolView(): Promise<PoolView> {
    const head = await this.chain.head();
    const { common } = await this.executor.machineAt(head.timestamp);
    const { chainId } = this.genesis;
    const reader = await this.stateOf(head);
    return { chainId, gasLimit: head.header.gasLimit, common, account: (address) => reader.account(address) };
  }

  async stateOf(block: SealedBlock): Promise<StateReader> {
    const { common } = await this.executor.machineAt(block.timestamp);
    return readState(this.stateDb, common, block.header.stateRoot);
  }

  forkOf(timestamp: number) {
    return forkAt(this.genesis, timestamp);
  }
}

const firstByte = (hex: Hex): Uint8Array => Uint8Array.of(Number.parseInt(hex.slice(2, 4), 16));

const toInvalid = ({ reason, latestValidHash }: InvalidBlock): PayloadStatus => ({
  status: 'INVALID',
  latestValidHash,
  validationError: reason,
});

const invalidAttributes = (detail: string): RpcError =>
  new RpcError(RPC_CODES.invalidPayloadAttributes, `Invalid payload attributes: ${detail}`);

const unsupported = (error: UnsupportedTransactionError): RpcError =>
  new RpcError(RPC_CODES.unsupportedTransaction, error.message, { reason: error.code, type: error.type });
