import type { JsonRpcClient, RpcCall, RpcOutcome } from './jsonRpc.ts';
import { L1Error } from './l1.ts';

interface Pending {
  readonly call: RpcCall;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Puts calls that are made in the same tick under the same signal into one HTTP request: a caller that asks for
 * a hundred headers at once pays one round trip, and does not have to know about batches.
 */
export class CallCoalescer {
  readonly #rpc: Pick<JsonRpcClient, 'batch'>;
  readonly #size: number;
  readonly #queues = new Map<AbortSignal | undefined, Pending[]>();

  /** `size`: calls of one request at most. */
  constructor(rpc: Pick<JsonRpcClient, 'batch'>, size: number) {
    this.#rpc = rpc;
    this.#size = size;
  }

  /** The result of one call. Rejects with an L1Error, as a call of its own would. */
  call(method: string, params: readonly unknown[], signal?: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const pending = { call: { method, params }, resolve, reject };
      const queue = this.#queues.get(signal);
      if (queue !== undefined) {
        queue.push(pending);
        return;
      }
      this.#queues.set(signal, [pending]);
      queueMicrotask(() => {
        const all = this.#queues.get(signal) ?? [];
        this.#queues.delete(signal);
        for (let start = 0; start < all.length; start += this.#size) {
          void this.#send(all.slice(start, start + this.#size), signal);
        }
      });
    });
  }

  async #send(part: readonly Pending[], signal: AbortSignal | undefined): Promise<void> {
    let outcomes: readonly RpcOutcome[];
    try {
      outcomes = await this.#rpc.batch(
        part.map((pending) => pending.call),
        signal,
      );
    } catch (error) {
      for (const pending of part) pending.reject(error);
      return;
    }
    part.forEach((pending, index) => {
      const outcome = outcomes[index];
      if (outcome?.ok) pending.resolve(outcome.result);
      else
        pending.reject(
          outcome?.error ?? new L1Error('bad_answer', pending.call.method, 'the call was not answered'),
        );
    });
  }
}
