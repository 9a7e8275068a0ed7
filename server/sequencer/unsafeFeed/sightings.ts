/** Heights remembered: more than may lie ahead of L1, so that every block on its way has its time. */
const KEEP = 1_024;

/** When any peer first showed each height. Times in milliseconds. */
export class Sightings {
  readonly #first = new Map<number, number>();
  #highest = -1;

  /** Notes a peer's head, and answers how much later than the first peer this one shows it. */
  note(height: number, at: number): number {
    for (let number = Math.max(this.#highest + 1, height - KEEP + 1); number <= height; number++) {
      this.#first.set(number, at);
    }
    if (height > this.#highest) {
      this.#highest = height;
      for (const number of this.#first.keys()) {
        if (number > height - KEEP) break;
        this.#first.delete(number);
      }
    }
    return Math.max(0, at - (this.#first.get(height) ?? at));
  }

  firstShown(height: number): number | null {
    return this.#first.get(height) ?? null;
  }
}

/** Durations in milliseconds, the newest of them. */
export class Durations {
  readonly #keep: number;
  readonly #values: number[] = [];

  constructor(keep: number) {
    this.#keep = keep;
  }

  add(ms: number): void {
    this.#values.push(ms);
    if (this.#values.length > this.#keep) this.#values.shift();
  }

  /** Null without a sample. */
  summary(): { readonly samples: number; readonly medianMs: number; readonly p95Ms: number } | null {
    const sorted = [...this.#values].sort((a, b) => a - b);
    const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!;
    return sorted.length === 0 ? null : { samples: sorted.length, medianMs: at(0.5), p95Ms: at(0.95) };
  }
}
