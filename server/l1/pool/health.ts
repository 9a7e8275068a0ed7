/**
 * What a provider is worth at the moment: how it answered lately, what it was caught at, when it may be asked again.
 * No I/O; time comes in as milliseconds since 1970.
 */
import { backoffMs } from '../../lib/backoff.ts';
import { msLeft } from '../../lib/wait.ts';
import type { L1BlockRef } from '../../protocol/refs.ts';
import {
  INCONSISTENCY_RULES,
  InconsistencyError,
  type InconsistencyRule,
  type L1Error,
  type ProviderState,
  type ProviderStatus,
} from '../l1.ts';

/** A benched provider comes back on probation after this long, doubled each time. */
const BENCH = { firstMs: 15_000, maxMs: 600_000, factor: 2, jitter: 0 };
/** One that does not answer is asked again after this long, doubled each time. */
const RETRY = { firstMs: 1_000, maxMs: 15_000, factor: 2, jitter: 0 };
/** What a provider that limits our rate without saying for how long is given. */
const LIMITED = { firstMs: 1_000, maxMs: 60_000, factor: 2, jitter: 0 };
/** A provider cannot have us wait longer than this before we look again. */
const MAX_RETRY_AFTER_MS = 600_000;
/** Failures in a row before it counts as failing: one lost packet is nothing. */
const FAILING_AFTER = 2;
/** So many doubts, each within a minute of the one before, and it is left alone for a while. */
const DOUBTS = 3;
const DOUBT_LASTS_MS = 60_000;
const DOUBTED_MS = 5_000;
/** Right answers that end a probation. */
const PROBATION_ANSWERS = 2;
/** A provider without offence for so long begins at the shortest bench again. */
const FORGIVEN_AFTER_MS = 3_600_000;
/** Answers that rates and means are about. */
const WINDOW = 32;

export class ProviderHealth {
  readonly host: string;
  head: L1BlockRef | null = null;
  #state: ProviderState = 'good';
  #until: number | null = null;
  /** The whole of the wait that ends then. */
  #waits = 0;
  #reason: string | null = null;
  #answers = 0;
  #failures = 0;
  #recent: readonly boolean[] = [];
  #latencies: readonly number[] = [];
  #failedInRow = 0;
  #limitedInRow = 0;
  #doubts = 0;
  #doubtedAt = 0;
  #offences = 0;
  #offendedAt = 0;
  #rightInRow = 0;
  #lastAnswerAt: number | null = null;
  readonly #inconsistencies: Partial<Record<InconsistencyRule, number>> = {};

  constructor(host: string) {
    this.host = host;
  }

  /** The state at that time: a bench or a wait that is over has become what follows it. */
  state(now: number): ProviderState {
    if (this.#until === null || msLeft(this.#until, this.#waits, now) > 0) return this.#state;
    if (this.#state === 'benched' || this.#state === 'wrong_chain') {
      this.#state = 'probation';
      this.#rightInRow = 0;
    }
    if (this.#state === 'limited' || this.#state === 'failing') this.#state = 'good';
    this.#until = null;
    return this.#state;
  }

  /** Whether it may be asked at all. */
  mayAsk(now: number): boolean {
    const state = this.state(now);
    return state === 'good' || state === 'probation';
  }

  /** When it may be asked again; null when it may be now. */
  get until(): number | null {
    return this.#until;
  }

  /** It gave reason to doubt it within the last minute: others serve before it. */
  doubtful(now: number): boolean {
    return now - this.#doubtedAt <= DOUBT_LASTS_MS;
  }

  get lastAnswerAt(): number | null {
    return this.#lastAnswerAt;
  }

  answered(now: number, tookMs: number): void {
    this.#count(true);
    this.#latencies = [...this.#latencies, tookMs].slice(-WINDOW);
    this.#lastAnswerAt = now;
    this.#failedInRow = 0;
    this.#limitedInRow = 0;
    if (this.state(now) === 'good') this.#reason = null;
  }

  /** What it showed lies on the branch of the others: a probation comes nearer to its end. */
  confirmed(now: number): void {
    if (this.state(now) !== 'probation') return;
    this.#rightInRow += 1;
    if (this.#rightInRow < PROBATION_ANSWERS) return;
    this.#state = 'good';
    this.#reason = null;
  }

  /** Sorts a failure. `request` is what was asked, for the report to its operator. */
  failed(now: number, error: L1Error, request: string | null): void {
    this.#count(false);
    if (error.code === 'rate_limited') this.#limit(now, error.retryAfterMs);
    else if (error instanceof InconsistencyError) this.caught(now, error.rule, error.message, request);
    else if (error.code === 'bad_answer') this.caught(now, 'malformed', error.message, request);
    else if (error.code === 'wrong_chain') this.caught(now, 'wrong_chain', error.message, request);
    else if (error.code === 'timeout' || error.code === 'unreachable') this.#fail(now, error.message);
  }

  /** It contradicted itself, what is proved, or the others. */
  caught(now: number, rule: InconsistencyRule, what: string, request: string | null): void {
    this.#inconsistencies[rule] = (this.#inconsistencies[rule] ?? 0) + 1;
    const doubtful = INCONSISTENCY_RULES[rule] === 'doubt' && this.state(now) !== 'probation';
    this.#doubts = now - this.#doubtedAt > DOUBT_LASTS_MS ? 1 : this.#doubts + 1;
    this.#doubtedAt = now;
    const report = `${rule}: ${what.replace(/; report this to its operator$/, '')}. Report this to the RPC operator.${request === null ? '' : ` It was asked: ${request}`}`;
    if (doubtful) {
      if (this.#doubts < DOUBTS) return;
      this.#doubts = 0;
      this.#wait('failing', now, DOUBTED_MS, report);
      return;
    }
    this.#doubts = 0;
    if (now - this.#offendedAt > FORGIVEN_AFTER_MS) this.#offences = 0;
    this.#offences += 1;
    this.#offendedAt = now;
    const wrongChain = rule === 'wrong_chain' || rule === 'wrong_genesis';
    this.#state = wrongChain ? 'wrong_chain' : 'benched';
    this.#waits = backoffMs(BENCH, this.#offences);
    this.#until = now + this.#waits;
    this.#reason = report;
  }

  #limit(now: number, retryAfterMs: number | null): void {
    this.#limitedInRow += 1;
    const wait = retryAfterMs ?? backoffMs(LIMITED, this.#limitedInRow);
    this.#wait('limited', now, Math.min(MAX_RETRY_AFTER_MS, wait), 'it limits our rate');
  }

  #fail(now: number, what: string): void {
    this.#failedInRow += 1;
    if (this.#failedInRow < FAILING_AFTER) return;
    this.#wait('failing', now, backoffMs(RETRY, this.#failedInRow - FAILING_AFTER + 1), what);
  }

  /** Never shortens a bench. */
  #wait(state: ProviderState, now: number, ms: number, reason: string): void {
    if (this.#state === 'benched' || this.#state === 'wrong_chain') return;
    // On probation it stays: silence is no right answer.
    if (this.#state === 'probation') {
      this.#state = 'benched';
    } else {
      this.#state = state;
    }
    this.#waits = ms;
    this.#until = now + ms;
    this.#reason = reason;
  }

  #count(good: boolean): void {
    if (good) this.#answers += 1;
    else this.#failures += 1;
    this.#recent = [...this.#recent, good].slice(-WINDOW);
  }

  status(now: number, highest: number | null, current: boolean): ProviderStatus {
    const state = this.state(now);
    const failed = this.#recent.filter((good) => !good).length;
    const latency = this.#latencies.reduce((sum, ms) => sum + ms, 0) / (this.#latencies.length || 1);
    return {
      host: this.host,
      state,
      current,
      head: this.head,
      lag: this.head === null || highest === null ? null : Math.max(0, highest - this.head.number),
      answers: this.#answers,
      failures: this.#failures,
      errorRate: this.#recent.length === 0 ? 0 : failed / this.#recent.length,
      latencyMs: this.#latencies.length === 0 ? null : Math.round(latency),
      lastAnswerAt: this.#lastAnswerAt,
      until: this.#until,
      reason: state === 'good' ? null : this.#reason,
      inconsistencies: { ...this.#inconsistencies },
    };
  }
}
