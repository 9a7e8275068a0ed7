import type { Hash } from '../protocol/refs.ts';
import type { BridgeDeadlines, RollupSnapshot } from './ports.ts';

/** One message of the bridge's queue that is not verified yet. */
export interface MessageDeadline {
  readonly hash: Hash;
  /** Whether a committed batch has it; then only its verification is awaited. */
  readonly included: boolean;
  /** `privilegedTxDeadline` of the bridge: an L1 block later than this finds it expired. Seconds since 1970. */
  readonly deadline: number;
}

export interface MessageDeadlinesView {
  /** The oldest unverified message and the first unincluded ones, in queue order, which is that of deadlines. */
  readonly listed: readonly MessageDeadline[];
  /** How long the bridge lets a message wait, seconds; null before it was read. */
  readonly maxWait: number | null;
}

/** Unincluded messages whose deadlines are read; those behind them expire later. */
const LISTED = 16;

/**
 * Follows until when the bridge's messages have to be included (protocol.md, "Expiry"): once the oldest unverified one
 * is past its deadline, no batch with user transactions can be verified. Deadlines are read from the contract. They
 * never change on one branch of L1, so each is read once; the two that matter most are read again at each L1 block,
 * and when one differs an L1 reorg sent the message anew, and everything is read again.
 */
export class MessageDeadlines {
  readonly #contracts: BridgeDeadlines;
  #known = new Map<Hash, number>();
  #view: MessageDeadlinesView = { listed: [], maxWait: null };
  #at: Hash | null = null;

  constructor(deps: { contracts: BridgeDeadlines }) {
    this.#contracts = deps.contracts;
  }

  view(): MessageDeadlinesView {
    return this.#view;
  }

  async step(snapshot: RollupSnapshot, signal?: AbortSignal): Promise<void> {
    const { at, pendingMessages, unverifiedMessages } = snapshot;
    if (this.#at === at.hash) return;
    const oldest = pendingMessages.slice(0, Math.min(1, unverifiedMessages));
    const unincluded = pendingMessages.slice(unverifiedMessages, unverifiedMessages + LISTED);
    const watched = [...oldest, ...unincluded];
    const maxWait = this.#view.maxWait ?? (watched.length > 0 ? await this.#maxWait(snapshot, signal) : null);
    await this.#read([...oldest, ...unincluded.slice(0, 1)], watched, snapshot, signal);
    const listed = watched.map((hash, index) => ({
      hash,
      included: index < oldest.length,
      deadline: this.#known.get(hash)!,
    }));
    this.#view = { listed, maxWait };
    // Only now: what failed is read at the next look, however old the head is then.
    this.#at = at.hash;
  }

  #maxWait({ at }: RollupSnapshot, signal?: AbortSignal): Promise<number> {
    return this.#contracts.maxWait(at, signal);
  }

  async #read(
    again: readonly Hash[],
    watched: readonly Hash[],
    { at }: RollupSnapshot,
    signal?: AbortSignal,
  ): Promise<void> {
    const asked = watched.filter((hash) => again.includes(hash) || !this.#known.has(hash));
    const answers = await this.#contracts.deadlines(asked, at, signal);
    const changed = asked.some((hash, index) => (this.#known.get(hash) ?? answers[index]) !== answers[index]);
    const rest = changed ? watched.filter((hash) => !asked.includes(hash)) : [];
    const restAnswers = rest.length === 0 ? [] : await this.#contracts.deadlines(rest, at, signal);
    const read = new Map([
      ...asked.map((hash, index) => [hash, answers[index]!] as const),
      ...rest.map((hash, index) => [hash, restAnswers[index]!] as const),
    ]);
    this.#known = new Map(watched.map((hash) => [hash, read.get(hash) ?? this.#known.get(hash)!]));
  }
}
