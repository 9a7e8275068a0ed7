import type { SealedBlock } from '../protocol/block.ts';
import type { ForkchoiceState, PayloadAttributes, PayloadStatus } from '../protocol/forkchoice.ts';
import type { Hash, Hex, L2BlockRef } from '../protocol/refs.ts';
import { TRANSACTION_TYPE } from '../protocol/transaction.ts';
import { answers, readAnswer } from './answers.ts';
import {
  type BuiltPayload,
  type Engine,
  type EngineAbilities,
  EngineError,
  type EngineLabels,
  type ForkchoiceAnswer,
  type TransactionPlace,
  type TransactionRef,
} from './engine.ts';
import { quantity } from './executionPayload.ts';
import {
  CLIENT_CAPABILITIES,
  type Deadlines,
  FORCED_CAPABILITY,
  methodsOf,
  PAYLOAD_FORKS,
  type PayloadFork,
  PRIVILEGED_CAPABILITY,
  payloadForkOf,
} from './methods.ts';
import { attributesFor, isMisfit, newPayloadParams, readBuiltPayload } from './payloadCalls.ts';
import { placeOfTransaction, transactionsOfBlock } from './transactions.ts';
import type { RpcTransport } from './transport/transport.ts';

export interface EngineClientOptions {
  readonly name: string;
  readonly deadlines: Deadlines;
  /**
   * Milliseconds that an engine of others is given to fill a block: they answer `engine_getPayload` with what they have,
   * which right after the start is an empty block.
   */
  readonly buildMs?: number;
}

export interface EngineClientDeps {
  readonly transport: RpcTransport;
  /** The engine's debug namespace, where the operator allows to use it. Closed with the client. */
  readonly debug?: RpcTransport | undefined;
}

/** A payload being built, and what its answer does not repeat. */
interface Building {
  readonly fork: PayloadFork;
  /** Settles when the engine had its time. */
  readonly filled: Promise<void>;
  readonly parentBeaconBlockRoot: Hash;
}

/** geth undoes the state of each block on its way back. */
const SET_HEAD_TIMEOUT_MS = 120_000;
/** Payload ids the client can still ask for. */
const MAX_BUILDING = 64;

/**
 * The engine port over any JSON-RPC transport. Engine API calls go out one at a time in the order they were made, as
 * execution-apis wants them processed; reads may overlap them.
 */
export class EngineClient implements Engine {
  readonly name: string;
  readonly setHead?: NonNullable<Engine['setHead']>;
  readonly #transport: RpcTransport;
  readonly #debug: RpcTransport | undefined;
  readonly #deadlines: Deadlines;
  readonly #buildMs: number;
  readonly #building = new Map<Hex, Building>();
  #last: Promise<unknown> = Promise.resolve();
  #capabilities: ReadonlySet<string> | null = null;
  /** The fork whose methods built a block last: the first to try again. */
  #buildFork: PayloadFork | null = null;

  constructor({ name, deadlines, buildMs = 0 }: EngineClientOptions, { transport, debug }: EngineClientDeps) {
    this.name = name;
    this.#deadlines = deadlines;
    this.#buildMs = buildMs;
    this.#transport = transport;
    this.#debug = debug;
    if (debug !== undefined) this.setHead = (number, signal) => this.#setHead(debug, number, signal);
  }

  async #setHead(debug: RpcTransport, number: number, signal: AbortSignal | undefined): Promise<void> {
    const method = 'debug_setHead';
    await this.#inOrder(signal, method, () =>
      debug.call(method, [quantity(number)], { signal, timeout: SET_HEAD_TIMEOUT_MS }),
    );
  }

  async exchangeCapabilities(signal?: AbortSignal): Promise<readonly string[]> {
    const method = 'engine_exchangeCapabilities';
    const answer = await this.#inOrder(signal, method, () =>
      this.#call(method, [CLIENT_CAPABILITIES], this.#deadlines.exchangeCapabilities, signal),
    );
    const capabilities = readAnswer(answers.capabilities, method, answer);
    this.#capabilities = new Set(capabilities);
    return capabilities;
  }

  clockSkewMs(): number | null {
    return this.#transport.skewMs?.() ?? null;
  }

  abilities(): EngineAbilities {
    return {
      forcedTransactions: this.#offers(FORCED_CAPABILITY),
      privilegedTransactions: this.#offers(PRIVILEGED_CAPABILITY),
    };
  }

  #offers(capability: string): boolean {
    return this.#capabilities?.has(capability) === true;
  }

  /** Before the exchange every method is worth a try; after it, what is not named is not there. */
  #mayCall(method: string): boolean {
    return this.#capabilities === null || this.#capabilities.size === 0 || this.#capabilities.has(method);
  }

  async chainId(signal?: AbortSignal): Promise<number> {
    const method = 'eth_chainId';
    return readAnswer(answers.chainId, method, await this.#read(method, [], signal));
  }

  /** `web3_clientVersion`; an engine that serves no such question on this port says nothing of itself. */
  async version(signal?: AbortSignal): Promise<string | null> {
    const method = 'web3_clientVersion';
    try {
      return readAnswer(answers.version, method, await this.#read(method, [], signal));
    } catch (error) {
      if (error instanceof EngineError && error.code === 'method_not_found') return null;
      throw error;
    }
  }

  async labels(signal?: AbortSignal): Promise<EngineLabels> {
    const [latest, safe, finalized] = await Promise.all([
      this.#blockByTag('latest', signal),
      this.#label('safe', signal),
      this.#label('finalized', signal),
    ]);
    if (latest === null)
      throw new EngineError('bad_answer', 'eth_getBlockByNumber', 'the engine has no latest block');
    return { latest, safe, finalized };
  }

  /** Before the first forkchoice update some engines answer an error (-39001), some null and some genesis. */
  async #label(tag: 'safe' | 'finalized', signal?: AbortSignal): Promise<L2BlockRef | null> {
    try {
      const ref = await this.#blockByTag(tag, signal);
      return ref === null || ref.number === 0 ? null : ref;
    } catch (error) {
      if (error instanceof EngineError && error.code === 'rpc_error') return null;
      throw error;
    }
  }

  blockByNumber(number: number | 'latest' | 'earliest', signal?: AbortSignal): Promise<L2BlockRef | null> {
    return this.#blockByTag(typeof number === 'number' ? quantity(number) : number, signal);
  }

  async #blockByTag(tag: string, signal?: AbortSignal): Promise<L2BlockRef | null> {
    const method = 'eth_getBlockByNumber';
    return readAnswer(answers.blockRef, method, await this.#read(method, [tag, false], signal));
  }

  async blockByHash(hash: Hash, signal?: AbortSignal): Promise<L2BlockRef | null> {
    const method = 'eth_getBlockByHash';
    return readAnswer(answers.blockRef, method, await this.#read(method, [hash, false], signal));
  }

  transactionsOfBlock(hash: Hash, signal?: AbortSignal): Promise<readonly TransactionRef[] | null> {
    return transactionsOfBlock((method, params) => this.#read(method, params, signal), hash);
  }

  placeOfTransaction(transaction: TransactionRef, signal?: AbortSignal): Promise<TransactionPlace> {
    return placeOfTransaction((method, params) => this.#read(method, params, signal), transaction);
  }

  /**
   * Throws EngineError `unsupported_transaction` when the engine has no rules for a transaction type in the block, and
   * `bad_answer` never for the block itself: a block that no payload can express is INVALID.
   */
  async newPayload(block: SealedBlock, signal?: AbortSignal): Promise<PayloadStatus> {
    const fork = payloadForkOf(block.header);
    const method = methodsOf(fork).newPayload;
    const params = newPayloadParams(block, fork);
    if (params.kind === 'unrepresentable') {
      return { status: 'INVALID', latestValidHash: null, validationError: params.reason };
    }
    if (!this.#mayCall(method)) {
      const message = `block ${block.number} is of ${fork} and needs ${method}, which ${this.name} does not offer`;
      throw new EngineError('method_not_found', method, message);
    }
    const answer = await this.#inOrder(signal, method, () =>
      this.#call(method, params.value, this.#deadlines.newPayload, signal),
    );
    const status = readAnswer(answers.payloadStatus, method, answer);
    if (status.status === 'INVALID') this.#requireRulesFor(block, method);
    return status;
  }

  /** An engine that never heard of a rollup's transaction types calls the block INVALID without having judged it. */
  #requireRulesFor(block: SealedBlock, method: string): void {
    const known = this.#offers(PRIVILEGED_CAPABILITY);
    for (const encoded of block.transactions) {
      const type = encoded[0];
      const foreign = type === TRANSACTION_TYPE.feeToken || (type === TRANSACTION_TYPE.privileged && !known);
      if (!foreign) continue;
      const hex = `0x${type.toString(16)}`;
      const message = `block ${block.number} has a transaction of type ${hex}, which ${this.name} cannot execute`;
      throw new EngineError('unsupported_transaction', method, message);
    }
  }

  async forkchoiceUpdated(
    state: ForkchoiceState,
    attributes: PayloadAttributes | null,
    signal?: AbortSignal,
  ): Promise<ForkchoiceAnswer> {
    const { headBlockHash, safeBlockHash, finalizedBlockHash } = state;
    const stateJson = { headBlockHash, safeBlockHash, finalizedBlockHash };
    if (attributes !== null) return this.#startBuilding(stateJson, attributes, signal);
    // Without attributes the newest version that the engine has serves every hardfork.
    const methods = PAYLOAD_FORKS.map((fork) => methodsOf(fork).forkchoiceUpdated);
    const method = methods.find((name) => this.#mayCall(name)) ?? methods[0]!;
    const answer = await this.#inOrder(signal, method, () =>
      this.#call(method, [stateJson, null], this.#deadlines.forkchoiceUpdated, signal),
    );
    return readAnswer(answers.forkchoice, method, answer);
  }

  /** Which version fits depends on the engine's fork times: the first that does not answer "unsupported fork". */
  #startBuilding(
    state: ForkchoiceState,
    attributes: PayloadAttributes,
    signal: AbortSignal | undefined,
  ): Promise<ForkchoiceAnswer> {
    return this.#inOrder(signal, 'engine_forkchoiceUpdated', () =>
      this.#firstFitting('forkchoiceUpdated', async (method, fork) => {
        const params = [state, attributesFor(fork, this.#understood(attributes, method))];
        const raw = await this.#call(method, params, this.#deadlines.forkchoiceUpdated, signal);
        const answer = readAnswer(answers.forkchoice, method, raw);
        if (answer.payloadId !== null) this.#rememberBuilding(answer.payloadId, fork, attributes);
        return answer;
      }),
    );
  }

  #requireMethod(method: string): void {
    if (this.#mayCall(method)) return;
    throw new EngineError('method_not_found', method, `${this.name} does not offer ${method}`);
  }

  /** Extensions that the engine would pass over in silence are left out, or refused where the block depends on them. */
  #understood(attributes: PayloadAttributes, method: string): PayloadAttributes {
    if (this.#capabilities === null || this.#offers(FORCED_CAPABILITY)) return attributes;
    const { transactions = [], noTxPool = false, gasLimit: _, ...standard } = attributes;
    if (transactions.length === 0 && !noTxPool) return standard;
    const message = `${this.name} builds from its own pool alone: it cannot be told which transactions a block has`;
    throw new EngineError('unsupported_transaction', method, message);
  }

  #rememberBuilding(payloadId: Hex, fork: PayloadFork, { parentBeaconBlockRoot }: PayloadAttributes): void {
    const wait = this.#offers(FORCED_CAPABILITY) ? 0 : this.#buildMs;
    const filled = wait === 0 ? Promise.resolve() : new Promise<void>((done) => setTimeout(done, wait));
    this.#building.set(payloadId, { fork, filled, parentBeaconBlockRoot });
    if (this.#building.size <= MAX_BUILDING) return;
    const oldest = this.#building.keys().next();
    if (!oldest.done) this.#building.delete(oldest.value);
  }

  async getPayload(payloadId: Hex, signal?: AbortSignal): Promise<BuiltPayload> {
    const building = this.#building.get(payloadId);
    await building?.filled;
    return this.#inOrder(signal, 'engine_getPayload', () =>
      this.#firstFitting(
        'getPayload',
        async (method, fork) => {
          const answer = await this.#call(method, [payloadId], this.#deadlines.getPayload, signal);
          return readBuiltPayload(method, fork, answer, building?.parentBeaconBlockRoot ?? null);
        },
        building?.fork,
      ),
    );
  }

  /** Tries a method's versions, the one that fitted last first, until one is not refused as another hardfork's. */
  async #firstFitting<T>(
    kind: 'forkchoiceUpdated' | 'getPayload',
    attempt: (method: string, fork: PayloadFork) => Promise<T>,
    first = this.#buildFork,
  ): Promise<T> {
    const forks = first === null ? PAYLOAD_FORKS : [first, ...PAYLOAD_FORKS.filter((fork) => fork !== first)];
    const tried = new Set<string>();
    let refusal: unknown;
    for (const fork of forks) {
      const method = methodsOf(fork)[kind];
      if (tried.has(method)) continue;
      tried.add(method);
      try {
        this.#requireMethod(method);
        const answer = await attempt(method, fork);
        this.#buildFork = fork;
        return answer;
      } catch (error) {
        if (!(error instanceof EngineError) || !isMisfit(error, method)) throw error;
        // What is said of the attributes tells more than that an older method is none for this hardfork.
        if (refusal === undefined || error.code === 'invalid_payload_attributes') refusal = error;
      }
    }
    throw refusal;
  }

  async close(): Promise<void> {
    await Promise.all([this.#transport.close(), this.#debug?.close()]);
  }

  #read(method: string, params: readonly unknown[], signal: AbortSignal | undefined): Promise<unknown> {
    return this.#call(method, params, this.#deadlines.read, signal);
  }

  #call(
    method: string,
    params: readonly unknown[],
    timeout: number,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    return this.#transport.call(method, params, { signal, timeout });
  }

  /** A call that was aborted while it waited for its turn is never sent. */
  #inOrder<T>(signal: AbortSignal | undefined, method: string, task: () => Promise<T>): Promise<T> {
    const run = this.#last.then(() => {
      if (signal?.aborted) throw new EngineError('aborted', method, `${method}: aborted`);
      return task();
    });
    this.#last = run.catch(() => undefined);
    return run;
  }
}
