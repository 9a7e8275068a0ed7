import type { SequencerJournal } from './ports.ts';

/**
 * Journals something that has happened, where nobody can wait for it. The journal keeps the order of the calls and
 * tells its own troubles; an intent is not noted like this, but awaited.
 */
export function note(journal: SequencerJournal, kind: string, payload: unknown, ref?: string): void {
  journal.append(kind, payload, ref).catch(() => undefined);
}
