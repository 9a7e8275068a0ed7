import { seeded } from '../seeded.ts';

/** All chance of a simulation comes from dice that a seed brings back. */
export class Dice {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seeded(seed);
  }

  /** [0, 1). */
  roll(): number {
    return this.#random();
  }

  /** A whole number in [0, below). */
  int(below: number): number {
    return Math.floor(this.#random() * below);
  }

  /** A whole number in [low, high]. */
  between(low: number, high: number): number {
    return low + this.int(high - low + 1);
  }

  /** 32 bits, to seed other dice with. */
  seed(): number {
    return Math.floor(this.#random() * 2 ** 32);
  }

  /** Costs no roll when it cannot happen. */
  chance(probability: number): boolean {
    return probability > 0 && this.#random() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)] as T;
  }

  /** One of the keys, each as often as its weight says. Some weight must be above 0. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries(weights) as [K, number][];
    let left = this.#random() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) {
      left -= weight;
      if (left < 0) return key;
    }
    return entries.findLast(([, weight]) => weight > 0)?.[0] as K;
  }
}
