import type { Verdict, VerdictKind } from '../api/views.ts';

/** A change of the verdict that lasted, as the journal has it. */
export interface VerdictChange {
  readonly from: VerdictKind;
  readonly to: VerdictKind;
  readonly sentence: string;
  /** When it began to hold, milliseconds since 1970. */
  readonly since: number;
}

/** What is worth waking people for is told at once; the rest when it has held for a while. */
const AT_ONCE: readonly VerdictKind[] = ['stalled', 'diverged', 'halted'];
const HOLD_MS = 5_000;

/**
 * Tells changes of the verdict that last. While each new batch is derived a node is catching up for an instant; said
 * each time, that would drown what matters. To be asked now and then; each change is told once.
 */
export class VerdictWatch {
  #told: VerdictKind = 'unknown';

  look({ kind, sentence, since }: Verdict, now: number): VerdictChange | null {
    if (kind === this.#told) return null;
    if (!AT_ONCE.includes(kind) && now - since < HOLD_MS) return null;
    const change = { from: this.#told, to: kind, sentence, since };
    this.#told = kind;
    return change;
  }
}
