import { note } from './note.ts';
import type { Clock, SequencerJournal } from './ports.ts';

/** Something that does not work right now. */
export interface Trouble {
  readonly part: string;
  readonly code: string;
  readonly message: string;
  /** In a row, with this code. */
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** What is failing, by part. Only beginnings and ends are journaled: a failure repeats with every tick. */
export class Troubles {
  readonly #deps: { readonly clock: Clock; readonly journal: SequencerJournal };
  readonly #open = new Map<string, Trouble>();

  constructor(deps: { clock: Clock; journal: SequencerJournal }) {
    this.#deps = deps;
  }

  add(part: string, error: unknown): void {
    const before = this.#open.get(part);
    const code = codeOf(error);
    const message = error instanceof Error ? error.message : String(error);
    if (before?.code === code) {
      this.#open.set(part, { ...before, message, count: before.count + 1 });
      return;
    }
    const trouble: Trouble = { part, code, message, count: 1, since: this.#deps.clock.now() };
    this.#open.set(part, trouble);
    note(this.#deps.journal, 'sequencer.trouble', trouble);
  }

  clear(part: string): void {
    const trouble = this.#open.get(part);
    if (trouble === undefined) return;
    this.#open.delete(part);
    note(this.#deps.journal, 'sequencer.recovered', { part, code: trouble.code, count: trouble.count });
  }

  list(): readonly Trouble[] {
    return [...this.#open.values()];
  }
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' ? code : typeof code === 'number' ? `rpc_${code}` : 'unknown';
}
