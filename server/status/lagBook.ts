import type { LagSample } from '../api/historyViews.ts';
import type { DriverState } from '../driver/state.ts';

/** One sample in this time, and as many as fill half an hour. */
const EVERY_MS = 5_000;
const SAMPLES = 360;

/** How far the node was behind, over the last half hour: a ring in memory, for people alone. */
export class LagBook {
  readonly #now: () => number;
  #samples: LagSample[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Looks at a new state; keeps it when the last sample is old enough. */
  look({ heads, position, labels }: Pick<DriverState, 'heads' | 'position' | 'labels'>): void {
    const at = this.#now();
    const last = this.#samples.at(-1);
    if (last !== undefined && at - last.at < EVERY_MS) return;
    const current = position?.currentL1 ?? null;
    const sample: LagSample = {
      at,
      l1Blocks: heads === null || current === null ? null : Math.max(0, heads.latest.number - current.number),
      l2Blocks: labels?.safe == null ? null : Math.max(0, labels.latest.number - labels.safe.number),
      current: current?.number ?? null,
      target: heads?.latest.number ?? null,
    };
    this.#samples = [...this.#samples.slice(1 - SAMPLES), sample];
  }

  /** Oldest first. */
  samples(): readonly LagSample[] {
    return this.#samples;
  }
}
