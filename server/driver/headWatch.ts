import type { Hash, L2BlockId } from '../protocol/refs.ts';
import type { AnnouncedMove, Refusal } from './plan/cause.ts';

/** Heads remembered. */
const TRAIL = 256;
/** Answers of INVALID remembered until the head is looked at. */
const REFUSALS = 16;

/** Knows which heads this driver asked the engine for, and which moves other parts of the node announced. */
export class HeadWatch {
  /** Heads asked for since the newest look at the labels, and before it since the one before, and so on. */
  #asked: readonly (readonly Hash[])[] = [[]];
  #announced: readonly AnnouncedMove[] = [];
  /** What the engine called INVALID lately, newest last. */
  #refused: readonly Refusal[] = [];
  /** Heads of the branch that the engine is on, newest last. */
  #trail: readonly Hash[] = [];

  asked(head: Hash): void {
    const [now = [], ...before] = this.#asked;
    this.#asked = [[...now, head], ...before];
  }

  /** The labels were read. They show what was asked for before, and an engine may be one look late with them. */
  read(): void {
    this.#asked = [[], ...this.#asked].slice(0, 3);
  }

  announce(move: AnnouncedMove): void {
    this.#announced = [...this.#announced, move].slice(-16);
  }

  /** The engine called a block INVALID. */
  refused(refusal: Refusal): void {
    this.#refused = [...this.#refused, refusal].slice(-REFUSALS);
  }

  /** The refusal with which the engine named this head as the latest valid one. */
  refusalTo({ hash }: L2BlockId): Refusal | null {
    return this.#refused.findLast(({ latestValid }) => latestValid === hash) ?? null;
  }

  get announced(): readonly AnnouncedMove[] {
    return this.#announced;
  }

  /** Whether we asked for this head just before: an update that timed out may have been applied. */
  isOurs({ hash }: L2BlockId): boolean {
    return this.#asked.some((heads) => heads.includes(hash));
  }

  /** Whether this was the head of the branch once. An engine that lost blocks cannot tell that any more. */
  wasHead({ hash }: L2BlockId): boolean {
    return this.#trail.includes(hash);
  }

  /** The head is this one now; `grew`: it stands on the one before. */
  looked({ hash }: L2BlockId, grew: boolean): void {
    this.#announced = [];
    this.#refused = [];
    if (this.#trail.at(-1) !== hash) this.#trail = [...(grew ? this.#trail : []), hash].slice(-TRAIL);
  }
}
