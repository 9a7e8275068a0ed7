/** The L1 port over JSON-RPC: a pool of endpoints, a beacon endpoint for blobs, and a feed of new heads. */
import { type Clock, systemClock } from '../lib/clock.ts';
import type { BatchCommit } from '../protocol/batch.ts';
import { toHex } from '../protocol/bytes.ts';
import type { Address, Hash, L1BlockId, L1BlockRef } from '../protocol/refs.ts';
import { BeaconClient } from './beacon.ts';
import { L1Endpoint, type L1Trust, type RollupOnL1 } from './endpoint.ts';
import { HeadFeed, type Schedule } from './headFeed.ts';
import { KzgHasher } from './kzg.ts';
import {
  type ContractState,
  type ExpectedBatches,
  type L1,
  L1Error,
  type L1Heads,
  type ProviderStatus,
} from './l1.ts';
import { ProviderPool } from './pool/pool.ts';

export interface L1Options {
  /** HTTP endpoints of the same chain, the preferred one first. */
  readonly rpcUrls: readonly string[];
  readonly wsUrl?: string | null;
  readonly beaconUrl?: string | null;
  readonly config: RollupOnL1;
  /** Endpoints that must show a block before it is followed. By default 2 where there are two, else 1. */
  readonly agree?: 1 | 2 | null;
  /** Whether endpoints are believed (endpoint.ts). By default all where there is one, and none where there are more. */
  readonly trust?: L1Trust | null;
  /** Hash of the L1's block 0, to tell chains of one id apart. Null: the first endpoint's counts. */
  readonly genesisHash?: Hash | null;
  /** Milliseconds between looks at the head when there is no subscription. */
  readonly pollIntervalMs?: number;
  /** Milliseconds for one HTTP exchange. */
  readonly timeoutMs?: number;
  /** Bytes of one answer. */
  readonly maxResponseBytes?: number;
  /** For tests: the timers of the head feed, and the clock of the pool. */
  readonly schedule?: Schedule;
  readonly clock?: Clock;
}

const DEFAULT_POLL_MS = 4_000;
const DEFAULT_TIMEOUT_MS = 20_000;
/** With another endpoint to go to, a silent one is given up sooner. */
const POOL_TIMEOUT_MS = 8_000;
const DEFAULT_MAX_RESPONSE_BYTES = 64 * 1024 * 1024;

/** The L1 reader. It sends nothing until it is used; `close` ends every request, timer, socket and thread. */
export const createL1 = (options: L1Options): ViemL1 => new ViemL1(options);

export class ViemL1 implements L1 {
  readonly #endpoints: readonly L1Endpoint[];
  readonly #pool: ProviderPool;
  /** Endpoints that must say the same. */
  readonly #agree: 1 | 2;
  readonly #kzg = new KzgHasher();
  readonly #beacon: BeaconClient | null;
  readonly #feed: HeadFeed;

  constructor(options: L1Options) {
    const { config, rpcUrls } = options;
    const several = rpcUrls.length > 1;
    const timeoutMs = options.timeoutMs ?? (several ? POOL_TIMEOUT_MS : DEFAULT_TIMEOUT_MS);
    const maxResponseBytes = options.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES;
    const trust = options.trust ?? (several ? 'none' : 'all');
    this.#endpoints = rpcUrls.map(
      (url) => new L1Endpoint({ url, config, timeoutMs, maxResponseBytes, trust }),
    );
    this.#agree = options.agree ?? (several ? 2 : 1);
    this.#pool = new ProviderPool(
      {
        agree: this.#agree,
        genesisHash: options.genesisHash ?? null,
        commits: { startBlock: config.l1StartBlock, numbersRise: config.sequencerRegistry !== null },
      },
      { providers: this.#endpoints, clock: options.clock ?? systemClock },
    );
    const beaconUrl = options.beaconUrl ?? null;
    this.#beacon =
      beaconUrl === null ? null : new BeaconClient({ url: beaconUrl, timeoutMs, kzg: this.#kzg });
    this.#feed = new HeadFeed({
      wsUrl: options.wsUrl ?? null,
      pollIntervalMs: options.pollIntervalMs ?? DEFAULT_POLL_MS,
      latestHash: (signal) => this.#latestHash(signal),
      ...(options.schedule === undefined ? {} : { schedule: options.schedule }),
    });
  }

  /** HTTP requests sent so far, to all endpoints. */
  get requests(): number {
    return this.#endpoints.reduce((sum, { requests }) => sum + requests, 0);
  }
  /** The host that answers now, fit for people. */
  get host(): string {
    return this.#pool.host;
  }
  /** Whether new heads arrive by subscription (else by poll). */
  get subscribed(): boolean {
    return this.#feed.subscribed;
  }

  /** How each endpoint answers, in the order of the configuration. */
  providers(): readonly ProviderStatus[] {
    return this.#pool.status();
  }

  chainId(signal?: AbortSignal): Promise<number> {
    return this.#pool.chainId(signal);
  }

  heads(signal?: AbortSignal): Promise<L1Heads> {
    return this.#pool.heads(signal);
  }

  blockByNumber(number: number, signal?: AbortSignal): Promise<L1BlockRef | null> {
    return this.#pool.blockByNumber(number, signal);
  }

  blockByHash(wanted: Hash, signal?: AbortSignal): Promise<L1BlockRef | null> {
    return this.#pool.blockByHash(wanted, signal);
  }

  contractState(at: L1BlockId, signal?: AbortSignal): Promise<ContractState> {
    return this.#pool.contractState(at, signal);
  }

  batchCommits(
    from: number,
    to: number,
    pinned: L1BlockId,
    signal?: AbortSignal,
    expected?: ExpectedBatches,
    most?: number,
  ): Promise<readonly BatchCommit[]> {
    return this.#pool.batchCommits(from, to, pinned, signal, expected, most);
  }

  commitOfBatch(batchNumber: number, pinned: L1BlockId, signal?: AbortSignal): Promise<BatchCommit | null> {
    return this.#pool.commitOfBatch(batchNumber, pinned, signal);
  }

  /** A trace proves itself by nothing, so as many endpoints must give the same as must agree on anything else. */
  async innerCalls(
    transaction: Hash,
    to: Address,
    signal?: AbortSignal,
  ): Promise<readonly Uint8Array[] | null> {
    const answers = await Promise.all(
      this.#endpoints.map((endpoint) =>
        endpoint.innerCalls(transaction, to, signal).catch((error: unknown) => {
          if (signal?.aborted || this.#endpoints.length === 1) throw error;
          return null;
        }),
      ),
    );
    const texts = answers.map((inputs) => inputs?.map(toHex).join());
    const agreed = answers.find((inputs, index) => {
      const same = texts.filter((text) => text === texts[index]).length;
      return inputs !== null && same >= Math.min(this.#agree, this.#endpoints.length);
    });
    return agreed ?? null;
  }

  async blob(block: L1BlockRef, versionedHash: Hash, signal?: AbortSignal): Promise<Uint8Array | null> {
    if (this.#beacon === null) {
      throw new L1Error(
        'blob_unavailable',
        'beacon blobs',
        'no beacon endpoint is configured, so blobs cannot be read',
      );
    }
    return this.#beacon.blob(block, versionedHash, signal);
  }

  async beacon(
    signal?: AbortSignal,
  ): Promise<{ readonly host: string; readonly version: string | null } | null> {
    return this.#beacon === null ? null : this.#beacon.answers(signal);
  }

  onHead(listener: () => void): () => void {
    return this.#feed.listen(listener);
  }

  async close(): Promise<void> {
    this.#feed.close();
    for (const endpoint of this.#endpoints) endpoint.close();
    await this.#kzg.close();
  }

  /** Of the endpoint that serves: the feed only says when to look, and the look asks them all. */
  #latestHash(signal: AbortSignal): Promise<Hash> {
    const serving = this.#endpoints.find(({ host }) => host === this.host) ?? this.#endpoints[0]!;
    return serving.latestHash(signal);
  }
}
