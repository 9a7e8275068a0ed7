import { z } from 'zod';
import { boundedText } from '../lib/bounded.ts';
import type { Hash, L2BlockRef } from '../protocol/refs.ts';
import { redactText, redactUrl } from '../telemetry/redact.ts';
import { answers, hash, readAnswer, safeQuantity } from './answers.ts';
import { EngineError, type EngineLabels } from './engine.ts';
import { createHttpTransport } from './transport/http.ts';
import type { RpcTransport } from './transport/transport.ts';

/** All that is ever sent to an observed node: reads. The transport is reached through nothing else. */
export const OBSERVED_METHODS = [
  'eth_chainId',
  'eth_getBlockByNumber',
  'eth_getBlockByHash',
  'ethrex_batchNumber',
  'ethrex_getBatchByNumber',
] as const;
type ObservedMethod = (typeof OBSERVED_METHODS)[number];

/** Milliseconds for one read. */
const READ_MS = 8_000;
/** A health answer is text for people: this much of it. */
const MAX_HEALTH = 300;
const MAX_HEALTH_BYTES = 64 * 1024;

export interface EthrexBatch {
  readonly number: number;
  readonly firstBlock: number;
  readonly lastBlock: number;
  readonly stateRoot: Hash | null;
}

/** ethrex writes numbers as JSON numbers here, and names in snake case. */
const number = z.union([z.number().int().nonnegative(), safeQuantity]);
const batchSchema = z
  .object({ number, first_block: number, last_block: number, state_root: hash.nullish() })
  .transform(
    (batch): EthrexBatch => ({
      number: batch.number,
      firstBlock: batch.first_block,
      lastBlock: batch.last_block,
      stateRoot: batch.state_root ?? null,
    }),
  )
  .nullable();

export interface ObserveOptions {
  /** JSON-RPC of the node, `eth_` namespace. */
  readonly url: string;
  /** ethrex's `/health`, where it is reached; null when not asked. */
  readonly healthUrl?: string | null;
}

export interface ObserveDeps {
  readonly transport?: RpcTransport;
  readonly fetch?: typeof fetch;
}

/** A node that is read and never written to: it has no method that could. */
export class ObservedNode {
  readonly name: string;
  readonly #transport: RpcTransport;
  readonly #healthUrl: string | null;
  readonly #fetch: typeof fetch;
  /** Learned once: the node knows no `ethrex_` methods. */
  #plain = false;

  constructor({ url, healthUrl }: ObserveOptions, deps: ObserveDeps = {}) {
    this.name = new URL(url).host;
    this.#transport = deps.transport ?? createHttpTransport({ url, jwtSecret: null, now: Date.now });
    this.#healthUrl = healthUrl ?? null;
    this.#fetch = deps.fetch ?? fetch;
  }

  async chainId(signal?: AbortSignal): Promise<number> {
    return readAnswer(answers.chainId, 'eth_chainId', await this.#read('eth_chainId', [], signal));
  }

  /** Its own labels; one that it does not offer, or calls genesis, is null. */
  async labels(signal?: AbortSignal): Promise<EngineLabels> {
    const [latest, safe, finalized] = await Promise.all([
      this.#block('eth_getBlockByNumber', 'latest', signal),
      this.#label('safe', signal),
      this.#label('finalized', signal),
    ]);
    if (latest !== null) return { latest, safe, finalized };
    throw new EngineError('bad_answer', 'eth_getBlockByNumber', 'the node has no latest block');
  }

  blockByNumber(number_: number | 'latest' | 'earliest', signal?: AbortSignal): Promise<L2BlockRef | null> {
    const label = typeof number_ === 'number' ? `0x${number_.toString(16)}` : number_;
    return this.#block('eth_getBlockByNumber', label, signal);
  }

  blockByHash(wanted: Hash, signal?: AbortSignal): Promise<L2BlockRef | null> {
    return this.#block('eth_getBlockByHash', wanted, signal);
  }

  /** The newest batch that an ethrex node has sealed; null for a node that is no ethrex. */
  async batchNumber(signal?: AbortSignal): Promise<number | null> {
    if (this.#plain) return null;
    const method = 'ethrex_batchNumber';
    try {
      return readAnswer(number, method, await this.#read(method, [], signal));
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'method_not_found') throw error;
      this.#plain = true;
      return null;
    }
  }

  /** Null when the node does not have that batch. */
  async batch(number_: number, signal?: AbortSignal): Promise<EthrexBatch | null> {
    const method = 'ethrex_getBatchByNumber';
    const answer = await this.#read(method, [`0x${number_.toString(16)}`, false], signal).catch((error) => {
      // ethrex words "no such batch" as an error.
      if (error instanceof EngineError && error.code === 'rpc_error') return null;
      throw error;
    });
    return readAnswer(batchSchema, method, answer);
  }

  /** Null where no health endpoint is configured. Never rejects: no answer is an answer here. */
  async health(signal?: AbortSignal): Promise<{ readonly ok: boolean; readonly detail: string } | null> {
    const url = this.#healthUrl;
    if (url === null) return null;
    const deadline = AbortSignal.timeout(READ_MS);
    try {
      const response = await this.#fetch(url, {
        redirect: 'error',
        signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
      });
      const body = await boundedText(response, MAX_HEALTH_BYTES);
      const text = redactText((body ?? 'a long answer').slice(0, 4 * MAX_HEALTH), MAX_HEALTH);
      return { ok: response.ok, detail: `HTTP ${response.status}${text === '' ? '' : `: ${text}`}` };
    } catch {
      return { ok: false, detail: `${redactUrl(url)} does not answer` };
    }
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  async #label(label: 'safe' | 'finalized', signal?: AbortSignal): Promise<L2BlockRef | null> {
    try {
      const ref = await this.#block('eth_getBlockByNumber', label, signal);
      return ref === null || ref.number === 0 ? null : ref;
    } catch (error) {
      if (error instanceof EngineError && error.code === 'rpc_error') return null;
      throw error;
    }
  }

  async #block(
    method: 'eth_getBlockByNumber' | 'eth_getBlockByHash',
    which: string,
    signal?: AbortSignal,
  ): Promise<L2BlockRef | null> {
    return readAnswer(answers.blockRef, method, await this.#read(method, [which, false], signal));
  }

  #read(method: ObservedMethod, params: readonly unknown[], signal?: AbortSignal): Promise<unknown> {
    return this.#transport.call(method, params, { signal, timeout: READ_MS });
  }
}
