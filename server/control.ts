import type { Caller, OperatorView, PauseInput, Refused } from './api/operatorViews.ts';
import type { Driver } from './driver/driver.ts';
import { byLine, type Duty, isRunning, NO_DUTY, type ResyncPreview } from './driver/plan/resync.ts';
import { OPERATOR_KINDS, type Paused, restoreOrders } from './driver/plan/resyncJournal.ts';
import type { Journal } from './journal/journal.ts';
import type { OperatorActs } from './operator/operator.ts';
import type { SequencingFacts } from './status/sequencing.ts';

export interface ControlOptions {
  readonly nodeName: string;
  /** Without a token nobody could lift a pause, so none is taken over from an earlier process. */
  readonly hasOperator: boolean;
  readonly hasSequencer: boolean;
}

export interface ControlDeps {
  readonly driver: Driver;
  readonly journal: Journal;
  readonly clock: { now(): number };
  /** The loop has something to do now. */
  readonly hurry: () => void;
  /** What people see changed. */
  readonly onChange: () => void;
}

/** Orders read back at start. More of them were given only where somebody plays with them. */
const READ_BACK = 200;
const REFUSED = 'operator.resync_refused';
/** A preview that has no answer by then is given up, milliseconds. */
const PREVIEW_TIMEOUT_MS = 15_000;
/** A node that leads within so many batches must not be disturbed. */
const SOON_BATCHES = 2;

/** Whether the node owes the rollup blocks, now or soon. */
export function dutyOf(facts: SequencingFacts | null): Duty {
  if (facts === null) return NO_DUTY;
  if (facts.sequencer.mode === 'Sequencing') return { kind: 'leading' };
  const { leadership, address } = facts;
  if (leadership === null) return NO_DUTY;
  const next = leadership.upcoming.find(
    (term) => term.leader === address && term.last >= leadership.nextBatch,
  );
  const batches =
    next === undefined ? Number.POSITIVE_INFINITY : Math.max(0, next.first - leadership.nextBatch);
  return batches <= SOON_BATCHES ? { kind: 'soon', batches } : NO_DUTY;
}

/** What an operator orders, between the API and the loop that does it. */
export class Control implements OperatorActs {
  readonly #options: ControlOptions;
  readonly #deps: ControlDeps;
  readonly #ending = new AbortController();
  #sequencerPaused: Paused | null = null;
  #restored = false;

  constructor(options: ControlOptions, deps: ControlDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Nothing but the driver may move the head, and nothing is built, committed or taken from peers. */
  get sequencerRests(): boolean {
    return this.#sequencerPaused !== null || this.#deps.driver.resync.running;
  }

  /** Once, before the first step: what an earlier process left open. A journal that does not answer holds nothing up. */
  async restore(): Promise<void> {
    if (this.#restored) return;
    this.#restored = true;
    const { driver, journal, clock } = this.#deps;
    try {
      // Apart, so that no number of refused attempts can hide what was accepted.
      const [done, refused] = await Promise.all([
        journal.list({ kinds: OPERATOR_KINDS.filter((kind) => kind !== REFUSED), limit: READ_BACK }),
        journal.list({ kinds: [REFUSED], limit: READ_BACK }),
      ]);
      const events = [...done, ...refused].sort((a, b) => b.seq - a.seq);
      const { answers, open, paused } = restoreOrders(events, clock.now());
      const kept = this.#options.hasOperator ? paused : { driver: null, sequencer: null };
      driver.restore({ answers, open, paused: kept });
      this.#sequencerPaused = kept.sequencer;
      if (open !== null)
        await journal.append('operator.resync_resumed', { id: open.id, phase: open.phase }, open.id);
    } catch {
      // The chain does not depend on it: the driver finds its place from L1 and the engine.
    }
  }

  async preview(target: Parameters<OperatorActs['preview']>[0]): ReturnType<OperatorActs['preview']> {
    const signal = AbortSignal.any([this.#ending.signal, AbortSignal.timeout(PREVIEW_TIMEOUT_MS)]);
    const answer = await this.#deps.driver.resync.preview(target, signal);
    return answer.ok ? { ok: true, preview: this.#view(answer.preview) } : answer;
  }

  async execute(
    ...[input, caller]: Parameters<OperatorActs['execute']>
  ): ReturnType<OperatorActs['execute']> {
    const { unsafe, safe, finalized } = input.expected as Record<keyof typeof input.expected, `0x${string}`>;
    return this.#deps.driver.resync.execute(
      { ...input, expected: { unsafe, safe: safe ?? null, finalized: finalized ?? null } },
      caller,
    );
  }

  async setPaused(paused: boolean, input: PauseInput, caller: Caller): Promise<{ ok: true } | Refused> {
    const refused = this.#refusePause(paused, input);
    const { part, reason, idempotencyKey } = input;
    const by = { part, ...byLine(caller), reason, idempotencyKey };
    if (refused !== null) {
      const what = paused ? `pause of the ${part}` : `resume of the ${part}`;
      await this.#deps.journal
        .append('operator.refused', { what, ...by, code: refused.code, message: refused.message })
        .catch(() => undefined);
      return refused;
    }
    try {
      await this.#deps.journal.append(paused ? 'operator.paused' : 'operator.resumed', by);
    } catch {
      return no(
        'not_journaled',
        'The journal cannot be written, so nothing was done: mend it, then try again.',
      );
    }
    const now: Paused | null = paused ? { by: caller.name, reason, since: this.#deps.clock.now() } : null;
    if (part === 'sequencer') this.#sequencerPaused = now;
    else if (now === null) this.#deps.driver.resume();
    else this.#deps.driver.pause(now);
    this.#deps.onChange();
    this.#deps.hurry();
    return { ok: true };
  }

  #refusePause(paused: boolean, { part, confirm }: PauseInput): Refused | null {
    const { nodeName, hasSequencer } = this.#options;
    if (confirm !== nodeName) {
      return no(
        'wrong_confirmation',
        `The confirmation does not match: type the name of this node, ${nodeName}.`,
      );
    }
    if (part === 'sequencer' && !hasSequencer) return no('no_sequencer', 'This node has no sequencer.');
    const present = part === 'sequencer' ? this.#sequencerPaused : this.#deps.driver.state.paused;
    if (paused && present !== null) return no('paused', `The ${part} is paused already, by ${present.by}.`);
    if (!paused && present === null) return no('not_paused', `The ${part} is not paused.`);
    if (paused && part === 'driver' && isRunning(this.#deps.driver.state.resync)) {
      return no('in_progress', 'A resync is under way: it needs the driver. Wait until it has ended.');
    }
    return null;
  }

  /** For the status. */
  view(): OperatorView {
    const { paused, resync } = this.#deps.driver.state;
    return {
      enabled: this.#options.hasOperator,
      sequencer: this.#options.hasSequencer,
      paused: { driver: paused, sequencer: this.#sequencerPaused },
      resync: resync && {
        id: resync.id,
        phase: resync.phase,
        target: resync.target,
        toBlock: { number: resync.point.block.number, hash: resync.point.block.hash },
        by: resync.actor.name,
        reason: resync.reason,
        startedAt: resync.startedAt,
        endedAt: resync.endedAt,
        done: resync.done,
        of: resync.of,
        matches: resync.matches,
        resumed: resync.resumed,
        note: resync.note,
      },
    };
  }

  stop(): void {
    this.#ending.abort(new Error('the node is stopping'));
    this.#deps.driver.resync.refuseAll();
  }

  #view({ id, target, point, impact, expected, l1Head, duty, madeAt, validUntil }: ResyncPreview) {
    const idOf = ({ number, hash }: { number: number; hash: string }) => ({ number, hash });
    return {
      id,
      target,
      point: { batch: point.batch, block: idOf(point.block), origin: point.origin && idOf(point.origin) },
      impact: { ...impact, blocks: impact.blocks.map(idOf) },
      expected: {
        unsafe: idOf(expected.unsafe),
        safe: expected.safe && idOf(expected.safe),
        finalized: expected.finalized && idOf(expected.finalized),
      },
      l1Head: idOf(l1Head),
      duty,
      confirm: this.#options.nodeName,
      madeAt,
      validUntil,
    };
  }
}

const no = (code: string, message: string): Refused => ({ ok: false, code, message, retryAfterMs: null });
