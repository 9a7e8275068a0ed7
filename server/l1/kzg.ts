import { Worker } from 'node:worker_threads';
import type { Hash } from '../protocol/refs.ts';
import type { KzgReply, KzgRequest } from './kzgWorker.ts';
import { L1Error } from './l1.ts';

/** EIP-4844: FIELD_ELEMENTS_PER_BLOB × BYTES_PER_FIELD_ELEMENT. */
export const BLOB_BYTES = 4096 * 32;

/** The points of the trusted setup take about 30 MB; the rest is short-lived and need not pile up. */
const WORKER_HEAP = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 };

interface Waiting {
  readonly resolve: (hash: Hash | null) => void;
  readonly reject: (error: L1Error) => void;
}

/** Computes versioned hashes on a thread of its own, which starts with the first blob and ends with `close`. */
export class KzgHasher {
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #nextId = 1;

  /**
   * The versioned hash of a blob's KZG commitment (EIP-4844), or null when the bytes are no blob. Rejects with
   * an L1Error when aborted or when the thread dies.
   */
  async versionedHash(blob: Uint8Array, signal?: AbortSignal): Promise<Hash | null> {
    if (blob.length !== BLOB_BYTES) return null;
    if (signal?.aborted) throw aborted();
    const id = this.#nextId++;
    const worker = this.#running();
    const onAbort = () => this.#settle(id, (waiting) => waiting.reject(aborted()));
    try {
      return await new Promise<Hash | null>((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject });
        signal?.addEventListener('abort', onAbort, { once: true });
        worker.ref();
        worker.postMessage({ id, blob } satisfies KzgRequest);
      });
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#fail(aborted());
    await worker?.terminate();
  }

  #running(): Worker {
    if (this.#worker !== null) return this.#worker;
    const worker = new Worker(new URL('./kzgWorker.ts', import.meta.url), { resourceLimits: WORKER_HEAP });
    worker.on('message', ({ id, versionedHash }: KzgReply) =>
      this.#settle(id, (waiting) => waiting.resolve(versionedHash)),
    );
    const died = (): void => {
      if (this.#worker === worker) this.#fail(new L1Error('blob_unavailable', 'kzg', 'the KZG thread ended'));
    };
    worker.on('error', died);
    worker.on('exit', died);
    this.#worker = worker;
    return worker;
  }

  #settle(id: number, settle: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    // An idle thread must not keep the process alive.
    if (this.#waiting.size === 0) this.#worker?.unref();
    if (waiting !== undefined) settle(waiting);
  }

  #fail(error: L1Error): void {
    this.#worker = null;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}

const aborted = (): L1Error => new L1Error('aborted', 'kzg', 'checking a blob was aborted');
