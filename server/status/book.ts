import type { OperatorView } from '../api/operatorViews.ts';
import type { StatusView, Verdict } from '../api/views.ts';
import type { EngineCondition, ProviderStatus } from '../driver/ports.ts';
import type { DriverState } from '../driver/state.ts';
import type { JournalEvent } from '../journal/journal.ts';
import type { JournalTrouble } from '../journal/lasting.ts';
import { type Identity, present } from './present.ts';
import { conflictOf, messagesView, type SequencingFacts } from './sequencing.ts';
import { judge, type VerdictFacts } from './verdict.ts';

const REFERENCE = 'L1 contract and execution engine';

export interface BookDeps {
  readonly clock: { now(): number };
  /** Newest journal rows, newest first. */
  readonly activity: () => readonly JournalEvent[];
  /** Null, or left out: the journal takes what it is given. */
  readonly journalTrouble?: () => JournalTrouble | null;
  /** Left out: nothing is known of L1 endpoints. */
  readonly l1Providers?: () => readonly ProviderStatus[];
  /** Left out, or null: nobody keeps track of the engine's condition. */
  readonly engine?: () => EngineCondition | null;
  /** Left out, or null: none is configured. */
  readonly webhook?: () => StatusView['webhook'];
}

/**
 * Keeps the verdict up to date as the driver's state changes, and makes the view when somebody asks. A view stays
 * the same object, with the same version, until something in it changes.
 */
export class StatusBook {
  readonly #identity: Identity;
  readonly #deps: BookDeps;
  #state: DriverState;
  #verdict: Verdict;
  #view: StatusView | null = null;
  #sequencing: (() => SequencingFacts) | null = null;
  #operator: (() => OperatorView) | null = null;
  #version = 0;

  constructor(identity: Identity, initial: DriverState, deps: BookDeps) {
    this.#identity = identity;
    this.#deps = deps;
    this.#state = initial;
    this.#verdict = { ...this.#judge(), reference: REFERENCE, since: deps.clock.now() };
  }

  /** The node may lead: what it says of that comes into every view from now on. */
  watch(sequencing: () => SequencingFacts): void {
    this.#sequencing = sequencing;
  }

  /** What an operator may do and did comes into every view from now on. */
  watchOperator(operator: () => OperatorView): void {
    this.#operator = operator;
  }

  update(state: DriverState): void {
    this.#state = state;
    this.#view = null;
    this.#refresh();
  }

  /** Something beside the driver changed: the journal, or what it shows. */
  refresh(): void {
    this.#view = null;
    this.#refresh();
  }

  /** As it is now; cheap. */
  verdict(): Verdict {
    this.#refresh();
    return this.#verdict;
  }

  /** Time alone can change the verdict (an L1 that fell silent), so it is judged anew at each look. */
  view(): StatusView {
    this.#refresh();
    if (this.#view === null) {
      this.#version += 1;
      this.#view = present({
        identity: this.#identity,
        state: this.#state,
        verdict: this.#verdict,
        sequencing: this.#sequencing?.() ?? null,
        operator: this.#operator?.() ?? null,
        activity: this.#deps.activity(),
        journalTrouble: this.#deps.journalTrouble?.() ?? null,
        l1Providers: this.#deps.l1Providers?.() ?? [],
        engine: this.#deps.engine?.() ?? null,
        webhook: this.#deps.webhook?.() ?? null,
        now: this.#deps.clock.now(),
        version: this.#version,
      });
    }
    return this.#view;
  }

  #refresh(): void {
    const judged = this.#judge();
    const { kind, sentence, since } = this.#verdict;
    if (judged.kind === kind && judged.sentence === sentence) return;
    if (judged.kind !== kind) this.#view = null;
    this.#verdict = {
      ...judged,
      reference: REFERENCE,
      since: judged.kind === kind ? since : this.#deps.clock.now(),
    };
  }

  #judge(): Pick<Verdict, 'kind' | 'sentence'> {
    const { node, expectedEveryMs } = this.#identity;
    return judge({
      state: this.#state,
      now: this.#deps.clock.now(),
      startedAt: node.startedAt,
      l1Host: node.l1Host,
      expectedEveryMs,
      journalTrouble: this.#deps.journalTrouble?.() ?? null,
      ...this.#besides(),
      sequencerPaused: this.#operator?.().paused.sequencer ?? null,
    });
  }

  /** What a node that may lead adds. */
  #besides(): Pick<VerdictFacts, 'messages' | 'feedConflict'> {
    const facts = this.#sequencing?.() ?? null;
    if (facts === null) return {};
    return { messages: messagesView(facts.sequencer.deadlines), feedConflict: conflictOf(facts.feed) };
  }
}
