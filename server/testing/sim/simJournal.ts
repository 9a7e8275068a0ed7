import type { DriverJournal } from '../../driver/ports.ts';
import type { JournalEvent } from '../../journal/journal.ts';
import type { Dice } from './dice.ts';
import type { Caller, Gate } from './gate.ts';
import type { Fault } from './profile.ts';

export interface SimJournalDeps {
  readonly gate: Gate;
  readonly now: () => number;
  readonly happens: (fault: Fault, dice: Dice) => boolean;
  /** `told`: whoever wrote it was told that it is written. */
  readonly onEvent: (event: JournalEvent, caller: Caller, told: boolean) => void;
}

/** The journal behind the driver's port. It outlives processes, unless a step loses it. */
export class SimJournal {
  readonly #deps: SimJournalDeps;
  #events: JournalEvent[] = [];
  #seq = 0;

  constructor(deps: SimJournalDeps) {
    this.#deps = deps;
  }

  get events(): readonly JournalEvent[] {
    return this.#events;
  }

  lose(): void {
    this.#events = [];
  }

  portOf(caller: Caller): DriverJournal {
    return {
      list: ({ kinds, before, limit }) =>
        this.#deps.gate.call({
          caller,
          layer: 'journal',
          method: 'list',
          about: '',
          writes: false,
          shares: false,
          signal: undefined,
          serve: (dice) => {
            if (this.#deps.happens('journal_fails', dice)) throw new JournalBroken();
            const wanted = this.#events.filter(
              ({ kind, seq }) => (kinds === undefined || kinds.includes(kind)) && seq < (before ?? Infinity),
            );
            return wanted.slice(-limit).reverse();
          },
          aborted: () => new Error('the journal is closed'),
        }),
      append: (kind, payload, ref) =>
        this.#deps.gate.call({
          caller,
          layer: 'journal',
          method: 'append',
          about: ref === undefined ? kind : `${kind} ${ref}`,
          writes: true,
          shares: false,
          signal: undefined,
          serve: (dice) => this.#append(caller, { kind, payload, ref: ref ?? null }, dice),
          aborted: () => new Error('the journal is closed'),
        }),
    };
  }

  #append(caller: Caller, row: Pick<JournalEvent, 'kind' | 'payload' | 'ref'>, dice: Dice): JournalEvent {
    const { happens, now, onEvent } = this.#deps;
    if (happens('journal_fails', dice)) throw new JournalBroken();
    const event: JournalEvent = { seq: ++this.#seq, at: now(), ...row };
    this.#events.push(event);
    const unsaid = happens('journal_fails_after', dice);
    onEvent(event, caller, !unsaid);
    if (unsaid) throw new JournalBroken();
    return event;
  }
}

class JournalBroken extends Error {
  override readonly name = 'JournalError';
  readonly code = 'disk_full';
  readonly severity = 'temporary';
  constructor() {
    super('the journal cannot be written');
  }
}
