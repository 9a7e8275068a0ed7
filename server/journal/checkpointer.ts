import { msLeft } from '../lib/wait.ts';
import type { Backend } from './backend.ts';
import { type CheckpointKey, type CheckpointSink, signCheckpoint } from './checkpoint.ts';
import type { CheckpointFacts } from './journal.ts';
import type { Tip } from './rowHash.ts';

/** A checkpoint is due after this many rows, or when the oldest row without one is this old (milliseconds). */
export const CHECKPOINT_ROWS = 100;
export const CHECKPOINT_MS = 60_000;

/** Signs the journal now and then. A failure is told and tried again; it never stops the journal. */
export class Checkpointer {
  readonly #backend: Backend;
  readonly #key: CheckpointKey;
  readonly #sink: CheckpointSink | null;
  readonly #clock: { now(): number };
  #seq: number | null = null;
  #at: number | null = null;
  /** When the first row without a checkpoint was seen. */
  #unsignedSince: number | null = null;
  #trouble: string | null = null;
  #unsent: string[] = [];

  constructor(backend: Backend, key: CheckpointKey, sink: CheckpointSink | null, clock: { now(): number }) {
    this.#backend = backend;
    this.#key = key;
    this.#sink = sink;
    this.#clock = clock;
  }

  get facts(): CheckpointFacts {
    return { at: this.#at, seq: this.#seq ?? 0, trouble: this.#trouble };
  }

  /** Never rejects. `now`: whether or not it is due. */
  async tend(tip: Tip, now: 'due' | 'now'): Promise<void> {
    try {
      if (this.#seq === null) await this.#readNewest();
      if (this.#isDue(tip, now)) await this.#make(tip);
      await this.#send();
      this.#trouble = null;
    } catch (error) {
      this.#trouble = error instanceof Error ? error.message : String(error);
    }
  }

  #isDue(tip: Tip, now: 'due' | 'now'): boolean {
    const rows = tip.seq - this.#seq!;
    if (rows <= 0) return false;
    this.#unsignedSince ??= this.#clock.now();
    const due = this.#unsignedSince + CHECKPOINT_MS;
    return now === 'now' || rows >= CHECKPOINT_ROWS || msLeft(due, CHECKPOINT_MS, this.#clock.now()) === 0;
  }

  async #readNewest(): Promise<void> {
    const { db, node } = this.#backend;
    let query = db.selectFrom('journal_checkpoint').select(['seq', 'at']).orderBy('seq', 'desc').limit(1);
    if (node !== null) query = query.where('node', '=', node);
    const newest = await query.executeTakeFirst();
    this.#seq = newest?.seq ?? 0;
    this.#at = newest?.at ?? null;
  }

  async #make(tip: Tip): Promise<void> {
    const { db, node, id } = this.#backend;
    const at = Math.trunc(this.#clock.now());
    const note = signCheckpoint(id, tip, at, this.#key);
    const row = { seq: tip.seq, at, note };
    await db
      .insertInto('journal_checkpoint')
      // `node` is a column of PostgreSQL alone.
      .values(
        (node === null ? row : { ...row, node }) as { node: string; seq: number; at: number; note: string },
      )
      .execute();
    this.#seq = tip.seq;
    this.#at = at;
    this.#unsignedSince = null;
    if (this.#sink !== null) this.#unsent.push(note);
  }

  /** What a sink did not take goes to it later, newest last; of many, the newest are worth the most. */
  async #send(): Promise<void> {
    this.#unsent = this.#unsent.slice(-CHECKPOINT_ROWS);
    for (let next = this.#unsent[0]; next !== undefined; next = this.#unsent[0]) {
      await this.#sink?.push(next);
      this.#unsent.shift();
    }
  }
}
