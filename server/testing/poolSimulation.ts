/**
 * One schedule of a provider pool: a lagging, a lying and an honest provider, and a consumer that follows L1 through
 * the pool as the driver does. Answers what it saw; equal seeds give equal schedules.
 */

import { Driver } from '../driver/driver.ts';
import type { Derivation } from '../driver/ports.ts';
import { HeadTracker } from '../l1/headTracker.ts';
import { L1Error } from '../l1/l1.ts';
import { ProviderPool } from '../l1/pool/pool.ts';
import type { Clock } from '../lib/clock.ts';
import type { BatchCommit } from '../protocol/batch.ts';
import type { SealedBlock } from '../protocol/block.ts';
import { type Hash, ZERO_HASH } from '../protocol/refs.ts';
import { WORLD_CONFIG } from './driverWorld.ts';
import { seeded } from './seeded.ts';
import { type Behaviour, below, LIES, type Random, SimProvider, TrueL1, tail } from './simulatedL1.ts';
import { l2Ref } from './stringChain.ts';
import { StringEngine } from './stringEngine.ts';

export interface ScheduleResult {
  readonly seed: number;
  /** Null when every rule held; else what was wrong, and at which tick. */
  readonly broken: string | null;
  /** Milliseconds of virtual time from the calm until level with L1. */
  readonly levelAfterMs: number;
  /** Batches followed. */
  readonly batches: number;
  readonly reorgs: number;
  /** Times that the liar was caught. */
  readonly caught: number;
}

export interface ScheduleOptions {
  readonly ticks: number;
  /** Milliseconds of virtual time between two steps. */
  readonly tickMs: number;
  /** Ticks of calm in which the consumer has to become level. The liar goes on lying. */
  readonly calmTicks: number;
  /** Providers that must agree on a block. */
  readonly agree: 1 | 2;
  /** Who follows L1 through the pool: the real driver on an engine in memory, or a tenth of its code ten times as fast. */
  readonly follower: 'driver' | 'small';
}

/** Follows L1 through the pool. */
interface Follower {
  /** What must never happen, in words; null otherwise. A failed step is none: it is tried again. */
  step(): Promise<string | null>;
  /** The transactions of the batches that are safe, in order. */
  followed(): Promise<readonly Hash[]>;
  readonly reorgs: number;
  readonly lastError: string;
}

export const SCHEDULE: ScheduleOptions = {
  ticks: 40,
  tickMs: 2_000,
  calmTicks: 90,
  agree: 2,
  follower: 'small',
};

export async function runSchedule(
  seed: number,
  options: ScheduleOptions = SCHEDULE,
): Promise<ScheduleResult> {
  const random = seeded(seed);
  const l1 = new TrueL1(random);
  let now = 1_700_000_000_000;
  // Nothing here waits for time: simulated providers answer at once.
  const clock: Clock = { now: () => now, sleep: () => new Promise(() => {}) };
  const pool = new ProviderPool(
    { agree: options.agree, commits: { startBlock: 1, numbersRise: true }, graceMs: 0 },
    { providers: providersOf(l1, random), clock },
  );
  const follower: Follower =
    options.follower === 'small' ? new SmallFollower(pool) : new DriverFollower(pool, clock);
  let broken: string | null = null;
  let levelAt = -1;
  for (let tick = 0; tick < options.ticks + options.calmTicks && broken === null; tick++) {
    const calm = tick >= options.ticks;
    l1.tick(calm);
    const problem = await follower.step();
    const followed = await follower.followed();
    broken = problem ?? wrongBatch(followed, l1);
    if (broken !== null) broken = `tick ${tick}: ${broken}`;
    if (calm && sameBatches(followed, l1)) {
      levelAt = tick - options.ticks;
      break;
    }
    now += options.tickMs;
  }
  const { length } = await follower.followed();
  if (broken === null && levelAt < 0) {
    const state = pool
      .status()
      .map((one) => `${one.host} ${one.state} ${one.head?.number} ${one.reason ?? ''}`);
    broken = `not level after ${options.calmTicks} calm ticks: ${length} of ${l1.branch.at(-1)!.committed} batches, last error ${follower.lastError} (${state.join(' · ')})`;
  }
  const liar = pool.status().find(({ host }) => host === 'lying');
  return {
    seed,
    broken,
    levelAfterMs: levelAt * options.tickMs,
    batches: length,
    reorgs: follower.reorgs,
    caught: Object.values(liar?.inconsistencies ?? {}).reduce((sum, count) => sum + count, 0),
  };
}

/** In an order of chance, so that the liar is the operator's favourite in a third of the schedules. */
function providersOf(l1: TrueL1, random: Random): readonly SimProvider[] {
  let lag = below(random, 6);
  const lagging = (): number => {
    if (random() < 0.1) lag = below(random, 6);
    return lag;
  };
  const faults = random() < 0.5 ? 0 : random() * 0.15;
  // Some tell one kind of lie, some many, from now and then to at every second call.
  const kinds = random() < 0.5 ? LIES : [LIES[below(random, LIES.length)]!];
  const plain = { faults, lies: 0, kinds: [] };
  const behaviours: Behaviour[] = [
    { ...plain, host: 'honest', lag: () => 0 },
    { ...plain, host: 'lagging', lag: lagging },
    { host: 'lying', faults, lies: random() * 0.5, kinds, lag: () => 0 },
  ];
  for (let i = behaviours.length - 1; i > 0; i--) {
    const j = below(random, i + 1);
    [behaviours[i], behaviours[j]] = [behaviours[j]!, behaviours[i]!];
  }
  return behaviours.map((behaviour) => new SimProvider(l1, behaviour, random));
}

/** Follows L1 as the driver does (driver/forward.ts), with batches in the place of an engine. */
class SmallFollower implements Follower {
  readonly #pool: ProviderPool;
  readonly #tracker: HeadTracker;
  batches: readonly BatchCommit[] = [];
  reorgs = 0;
  lastError = 'none';
  #scanFrom = 1;

  constructor(pool: ProviderPool) {
    this.#pool = pool;
    this.#tracker = new HeadTracker(pool);
  }

  async followed(): Promise<readonly Hash[]> {
    return this.batches.map(({ transaction }) => transaction.hash);
  }

  async step(): Promise<string | null> {
    try {
      return await this.#tryStep();
    } catch (error) {
      if (!(error instanceof L1Error)) throw error;
      this.lastError = `${error.code} ${error.message}`;
      return error.severity === 'halt' ? `halted: ${error.message}` : null;
    }
  }

  async #tryStep(): Promise<string | null> {
    const { heads, event } = await this.#tracker.track();
    if (event.kind === 'beyond_finalized')
      return `halted: L1 left its finalized block ${event.finalized.number}`;
    if (event.kind === 'stale') return null;
    if (event.kind === 'reorg') {
      this.reorgs += 1;
      const ancestor = event.exact ? event.commonAncestor.number : 0;
      this.batches = this.batches.filter(({ l1Block }) => l1Block.number <= ancestor);
      this.#scanFrom = Math.min(this.#scanFrom, ancestor + 1);
    }
    const { latest } = heads;
    const { lastCommittedBatch } = await this.#pool.contractState(latest);
    if (lastCommittedBatch === this.batches.length) {
      this.#scanFrom = latest.number + 1;
      return null;
    }
    const commits =
      this.#scanFrom > latest.number
        ? []
        : await this.#pool.batchCommits(this.#scanFrom, latest.number, latest);
    for (const commit of commits) {
      if (commit.batchNumber <= this.batches.length) continue;
      if (commit.batchNumber !== this.batches.length + 1) return this.#readAgain();
      this.batches = [...this.batches, commit];
    }
    if (this.batches.length !== lastCommittedBatch) return this.#readAgain();
    this.#scanFrom = latest.number + 1;
    return null;
  }

  /** The logs do not add up: from the last batch that is held. */
  #readAgain(): null {
    this.#scanFrom = this.batches.at(-1)?.l1Block.number ?? 1;
    return null;
  }
}

const GENESIS = l2Ref('A');

/** One L2 block a batch; its hash stands for the transaction that commits it. */
const blockHash = (transaction: Hash): Hash => `0x22${transaction.slice(4)}`;

const ONE_BLOCK_A_BATCH: Derivation = {
  deriveBatch: (_config, { batchNumber, lastBlock }, commit) => {
    if (commit.batchNumber !== batchNumber + 1) {
      const detail = `batch ${commit.batchNumber} after ${batchNumber}`;
      return { kind: 'invalid', commit, batchNumber: commit.batchNumber, reason: 'batch_gap', detail };
    }
    const hash = blockHash(commit.transaction.hash);
    const number = lastBlock.number + 1;
    const block = { number, hash, parentHash: lastBlock.hash, timestamp: lastBlock.timestamp + 2 };
    return {
      kind: 'derived',
      commit,
      batchNumber: commit.batchNumber,
      blocks: [block as SealedBlock],
      firstBlock: number,
      lastBlock: number,
      lastBlockHash: hash,
      stateRoot: commit.newStateRoot,
      privilegedCount: 0,
      privilegedRollingHash: ZERO_HASH,
      nonPrivilegedCount: 0,
      gasUsed: 0n,
      source: 'calldata',
      warnings: [],
    };
  },
  lastBlockOf: (_config, commit) => ({ kind: 'hash', hash: blockHash(commit.transaction.hash) }),
};

/** The real driver. */
class DriverFollower implements Follower {
  readonly #engine = new StringEngine('A');
  readonly #driver: Driver;
  #events = 0;

  constructor(pool: ProviderPool, clock: Clock) {
    const l1 = Object.assign(pool, { blob: async () => null });
    this.#driver = new Driver(
      { config: WORLD_CONFIG, genesisCursor: { batchNumber: 0, lastBlock: GENESIS } },
      {
        l1,
        tracker: new HeadTracker(pool),
        engine: this.#engine,
        derivation: ONE_BLOCK_A_BATCH,
        clock,
        journal: {
          append: async (kind, payload, ref) => {
            this.#events += 1;
            return { seq: this.#events, at: clock.now(), kind, payload, ref: ref ?? null };
          },
          list: async () => [],
        },
      },
    );
  }

  get reorgs(): number {
    return this.#driver.state.reorgs.length;
  }

  get lastError(): string {
    return this.#driver.state.trouble?.message ?? 'none';
  }

  async step(): Promise<string | null> {
    const signal = new AbortController().signal;
    let outcome = await this.#driver.step(signal);
    for (let more = 0; outcome === 'more' && more < 50; more++) outcome = await this.#driver.step(signal);
    const { trouble, blocked } = this.#driver.state;
    if (outcome === 'halted') return `halted: ${trouble?.message}`;
    return blocked === null ? null : `batch ${blocked.batchNumber} blocks: ${blocked.detail}`;
  }

  async followed(): Promise<readonly Hash[]> {
    const { safe } = await this.#engine.labels();
    const blocks = Array.from({ length: safe?.number ?? 0 }, (_, i) => this.#engine.blockByNumber(i + 1));
    return (await Promise.all(blocks)).map((block) => block?.hash ?? ZERO_HASH);
  }
}

/** A batch that never was on the true L1: a wrong safe head. */
function wrongBatch(followed: readonly Hash[], l1: TrueL1): string | null {
  for (const [index, hash] of followed.entries()) {
    if (l1.batchOf(hash) === index + 1) continue;
    return `wrong safe head: batch ${index + 1} as ${hash} never was on L1`;
  }
  return null;
}

const sameBatches = (followed: readonly Hash[], l1: TrueL1): boolean => {
  const all = l1.branch.flatMap((block) => block.commits);
  return (
    all.length === followed.length &&
    all.every(({ transaction }, index) => tail(transaction.hash) === tail(followed[index]!))
  );
};

/** `npm run sim -- --pool --from SEED --count N`: each schedule with the real driver. The exit code. */
export async function runPool(
  { from, count, enough }: { readonly from: number; readonly count: number; readonly enough: number },
  out: (line: string) => void,
): Promise<number> {
  let slowest = 0;
  let broken = 0;
  let caught = 0;
  let done = 0;
  for (; done < count && broken < enough; done++) {
    const result = await runSchedule(from + done, { ...SCHEDULE, follower: 'driver' });
    slowest = Math.max(slowest, result.levelAfterMs);
    caught += result.caught;
    if (result.broken === null) continue;
    broken += 1;
    out(`seed ${result.seed}: ${result.broken}`);
  }
  out(
    `seeds ${from} to ${from + done - 1}: the liar was caught ${caught} times, level with L1 at most ${slowest / 1000} virtual s after its last change`,
  );
  out(`schedules ${done} diverged ${broken} converged ${done - broken}`);
  return broken === 0 ? 0 : 1;
}
