import type { L1BlockId } from '../protocol/refs.ts';

/**
 * When each L1 head was first heard of, so that a reorg's detection latency begins with the first evidence and not
 * with the step that understood it. Milliseconds since 1970.
 */
export class Sightings {
  readonly #clock: { now(): number };
  #announcedAt: number | null = null;
  #lookingSince: number;
  #head: { readonly hash: string; readonly at: number } | null = null;

  constructor(clock: { now(): number }) {
    this.#clock = clock;
    this.#lookingSince = clock.now();
  }

  /** L1 said that there is a new head; which one is not known yet. */
  announced(): void {
    this.#announcedAt ??= this.#clock.now();
  }

  /** A look at L1 begins. */
  looking(): void {
    this.#lookingSince = this.#clock.now();
  }

  /** The look showed this head. */
  of(head: L1BlockId): number {
    if (this.#head?.hash !== head.hash) {
      this.#head = { hash: head.hash, at: this.#announcedAt ?? this.#lookingSince };
    }
    this.#announcedAt = null;
    return this.#head.at;
  }
}
