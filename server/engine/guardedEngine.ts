import type { Clock } from '../lib/clock.ts';
import type { SealedBlock } from '../protocol/block.ts';
import type { ForkchoiceState, PayloadAttributes, PayloadStatus } from '../protocol/forkchoice.ts';
import type { Hash, Hex, L2BlockRef } from '../protocol/refs.ts';
import {
  type EngineCondition,
  type EngineEvent,
  type EngineMemory,
  nextCondition,
  unaskedEngine,
} from './condition.ts';
import {
  type BuiltPayload,
  type Engine,
  type EngineAbilities,
  EngineError,
  type EngineLabels,
  type ForkchoiceAnswer,
} from './engine.ts';

/** The chain that an engine has to run. */
export interface ExpectedChain {
  readonly chainId: number;
  readonly genesisHash: Hash;
}

export interface GuardDeps {
  readonly engine: Engine;
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * An engine that keeps track of its condition, and to which nothing is written before it has shown that it runs the
 * right chain: at first, and again whenever it was away or lacks blocks, because what comes back may be another one.
 */
export class GuardedEngine implements Engine {
  readonly setHead?: NonNullable<Engine['setHead']>;
  readonly transactionsOfBlock?: NonNullable<Engine['transactionsOfBlock']>;
  readonly placeOfTransaction?: NonNullable<Engine['placeOfTransaction']>;
  readonly #expected: ExpectedChain;
  readonly #deps: GuardDeps;
  #memory: EngineMemory;
  #proved = false;
  readonly #listeners = new Set<(condition: EngineCondition) => void>();

  constructor(expected: ExpectedChain, deps: GuardDeps) {
    this.#expected = expected;
    this.#deps = deps;
    this.#memory = unaskedEngine(deps.clock.now());
    const { setHead, transactionsOfBlock, placeOfTransaction } = deps.engine;
    if (setHead !== undefined)
      this.setHead = (...args) => this.#forceHead(setHead.bind(deps.engine), ...args);
    if (transactionsOfBlock !== undefined) {
      this.transactionsOfBlock = (...args) => this.#ask(() => transactionsOfBlock.call(deps.engine, ...args));
    }
    if (placeOfTransaction !== undefined) {
      this.placeOfTransaction = (...args) => this.#ask(() => placeOfTransaction.call(deps.engine, ...args));
    }
  }

  #forceHead(
    setHead: NonNullable<Engine['setHead']>,
    number: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    return this.#write('debug_setHead', signal, async () => {
      const target = await this.#deps.engine.blockByNumber(number, signal);
      if (target !== null) this.#note({ kind: 'asked', head: target.hash });
      await setHead(number, signal);
    });
  }

  get name(): string {
    return this.#deps.engine.name;
  }

  condition(): EngineCondition {
    const { state, reason, since } = this.#memory;
    return { state, reason, since };
  }

  onCondition(listener: (condition: EngineCondition) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  clockSkewMs(): number | null {
    return this.#deps.engine.clockSkewMs?.() ?? null;
  }

  abilities(): EngineAbilities {
    return this.#deps.engine.abilities?.() ?? { forcedTransactions: true, privilegedTransactions: true };
  }

  exchangeCapabilities(signal?: AbortSignal): Promise<readonly string[]> {
    return this.#ask(() => this.#deps.engine.exchangeCapabilities(signal));
  }
  chainId(signal?: AbortSignal): Promise<number> {
    return this.#ask(() => this.#deps.engine.chainId(signal));
  }
  async version(signal?: AbortSignal): Promise<string | null> {
    return this.#ask(async () => (await this.#deps.engine.version?.(signal)) ?? null);
  }
  blockByNumber(number: number | 'latest' | 'earliest', signal?: AbortSignal): Promise<L2BlockRef | null> {
    return this.#ask(() => this.#deps.engine.blockByNumber(number, signal));
  }
  blockByHash(hash: Hash, signal?: AbortSignal): Promise<L2BlockRef | null> {
    return this.#ask(() => this.#deps.engine.blockByHash(hash, signal));
  }
  /** Of the right chain: the heads of another one would look like blocks that somebody moved. */
  async labels(signal?: AbortSignal): Promise<EngineLabels> {
    if (!this.#proved) await this.#prove('eth_getBlockByNumber', signal);
    const labels = await this.#ask(() => this.#deps.engine.labels(signal));
    this.#note({ kind: 'head', head: labels.latest });
    return labels;
  }

  newPayload(block: SealedBlock, signal?: AbortSignal): Promise<PayloadStatus> {
    return this.#write('engine_newPayload', signal, async () => {
      const status = await this.#deps.engine.newPayload(block, signal);
      this.#heard('newPayload', status);
      return status;
    });
  }

  forkchoiceUpdated(
    state: ForkchoiceState,
    attributes: PayloadAttributes | null,
    signal?: AbortSignal,
  ): Promise<ForkchoiceAnswer> {
    return this.#write('engine_forkchoiceUpdated', signal, async () => {
      this.#note({ kind: 'asked', head: state.headBlockHash });
      const answer = await this.#deps.engine.forkchoiceUpdated(state, attributes, signal);
      this.#heard('forkchoiceUpdated', answer.payloadStatus);
      return answer;
    });
  }

  getPayload(payloadId: Hex, signal?: AbortSignal): Promise<BuiltPayload> {
    return this.#ask(() => this.#deps.engine.getPayload(payloadId, signal));
  }

  close(): Promise<void> {
    return this.#deps.engine.close();
  }

  /** An engine of another chain lacks every block that it is given: that is when to look again whose it is. */
  #heard(call: 'newPayload' | 'forkchoiceUpdated', { status }: PayloadStatus): void {
    if (status === 'SYNCING' || status === 'ACCEPTED') this.#proved = false;
    this.#note({ kind: 'status', call, status });
  }

  async #write<T>(method: string, signal: AbortSignal | undefined, call: () => Promise<T>): Promise<T> {
    if (!this.#proved) await this.#prove(method, signal);
    return this.#ask(call);
  }

  /** Throws EngineError `wrong_chain`. What the engine offers is asked for again too: it may be a newer one. */
  async #prove(method: string, signal: AbortSignal | undefined): Promise<void> {
    const { engine } = this.#deps;
    const [chainId, first] = await this.#ask(() =>
      Promise.all([engine.chainId(signal), engine.blockByNumber(0, signal)]),
    );
    const problem = this.#problem(chainId, first);
    this.#note({ kind: 'identity', problem });
    if (problem !== null) throw new EngineError('wrong_chain', method, `${method}: not sent, ${problem}`);
    await this.#ask(() => engine.exchangeCapabilities(signal)).catch((error: unknown) => {
      // Old engines have no such method; then every method is tried.
      if (!(error instanceof EngineError) || error.code !== 'method_not_found') throw error;
    });
    this.#proved = true;
  }

  #problem(chainId: number, first: L2BlockRef | null): string | null {
    const expected = this.#expected;
    if (chainId !== expected.chainId)
      return `the engine runs chain ${chainId}, and this rollup is chain ${expected.chainId}`;
    if (first?.hash === expected.genesisHash) return null;
    return `the engine's first block is ${first?.hash ?? 'unknown'}, and this rollup's is ${expected.genesisHash}`;
  }

  async #ask<T>(call: () => Promise<T>): Promise<T> {
    try {
      const answer = await call();
      this.#note({ kind: 'answered' });
      return answer;
    } catch (error) {
      const { code, message } = error as { code?: unknown; message?: unknown };
      if (code === 'unreachable' || code === 'auth_failed') this.#proved = false;
      this.#note({ kind: 'failed', code: String(code), message: String(message) });
      throw error;
    }
  }

  #note(event: EngineEvent): void {
    const before = this.#memory;
    this.#memory = nextCondition(before, event, this.#deps.clock.now());
    const changed = before.state !== this.#memory.state || before.reason !== this.#memory.reason;
    if (changed) for (const listener of this.#listeners) listener(this.condition());
  }
}
