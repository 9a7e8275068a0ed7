import { Driver } from '../../driver/driver.ts';
import type { Derivation, DriverEngine, DriverJournal } from '../../driver/ports.ts';
import type { DriverState } from '../../driver/state.ts';
import { HeadTracker } from '../../l1/headTracker.ts';
import { DEFAULT_LIMITS, type RollupConfig } from '../../protocol/rollupConfig.ts';
import type { Caller } from './gate.ts';
import type { L2Block } from './l2World.ts';
import type { NodeL1 } from './simL1.ts';
import type { VirtualTime } from './virtualTime.ts';

/** How long an idle driver waits for a new head before it looks by itself, milliseconds. */
const POLL_MS = 4_000;

export interface LifeDeps {
  readonly l1: (caller: Caller) => NodeL1;
  readonly engine: (caller: Caller) => DriverEngine;
  readonly journal: (caller: Caller) => DriverJournal;
  readonly derivation: Derivation;
  readonly genesis: L2Block;
  readonly time: VirtualTime;
  readonly onState: (life: Life, state: DriverState) => void;
  readonly onBug: (error: unknown) => void;
}

const configOf = ({ hash, timestamp }: L2Block): RollupConfig => ({
  name: 'simulation',
  l1ChainId: 1,
  l2ChainId: 2,
  onChainProposer: `0x${'0c'.repeat(20)}`,
  sequencerRegistry: null,
  bridge: null,
  l1StartBlock: 1,
  l2GenesisHash: hash,
  l2GenesisTimestamp: timestamp,
  batchesPerSequencer: 32,
  limits: DEFAULT_LIMITS,
});

/** One life of the node's process: the real driver and head tracker, and a loop that paces them as `nodeLoop.ts` does. */
export class Life implements Caller {
  readonly name: string;
  readonly driver: Driver;
  readonly #time: VirtualTime;
  readonly #ending = new AbortController();
  readonly #onBug: (error: unknown) => void;
  dead = false;
  /** The loop has come to its end: stopped in order, or halted. */
  ended = false;
  #asleep = false;
  #woken = false;

  constructor(name: string, deps: LifeDeps) {
    this.name = name;
    this.#time = deps.time;
    this.#onBug = deps.onBug;
    const l1 = deps.l1(this);
    const { number, hash, timestamp } = deps.genesis;
    this.driver = new Driver(
      {
        config: configOf(deps.genesis),
        genesisCursor: { batchNumber: 0, lastBlock: { number, hash, timestamp } },
      },
      {
        l1,
        tracker: new HeadTracker(l1),
        engine: deps.engine(this),
        journal: deps.journal(this),
        derivation: deps.derivation,
        clock: { now: () => deps.time.now },
        onState: (state) => {
          if (!this.dead) deps.onState(this, state);
        },
      },
    );
  }

  get asleep(): boolean {
    return this.#asleep;
  }

  start(): void {
    this.#live().catch((error: unknown) => this.#onBug(error));
  }

  /** L1 has a new head. A driver that waits after a failure is not hurried by it. */
  wake(): void {
    this.#woken = true;
    if (this.#asleep && this.driver.state.trouble === null) this.#time.wake(this.name);
  }

  /** Asks the loop to end, as SIGTERM does. */
  stop(): void {
    this.#ending.abort(new Error('the node is stopping'));
    this.#time.wake(this.name);
  }

  /** Gone at once, as after SIGKILL. */
  kill(): void {
    this.dead = true;
    this.#time.cancel(this.name);
  }

  async #live(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      this.#woken = false;
      const outcome = await this.driver.step(signal);
      if (outcome === 'halted') break;
      if (outcome === 'more' || signal.aborted) continue;
      const { trouble } = this.driver.state;
      const wait = outcome === 'failed' ? (trouble?.nextTryAt ?? 0) - this.#time.now : POLL_MS;
      if (wait <= 0 || (outcome === 'idle' && this.#woken)) continue;
      this.#asleep = true;
      await this.#time.sleep(wait, this.name);
      this.#asleep = false;
    }
    this.ended = true;
  }
}
