import { msLeft } from '../lib/wait.ts';
import { type Backend, rowsOf, type Tables } from './backend.ts';

const DAY_MS = 86_400_000;
/** How often it is looked for what is too old. Milliseconds. */
const LOOK_EVERY_MS = 3_600_000;
/** Rows removed in one transaction, so that an append does not wait for long. */
const SLICE = 5_000;

export interface Pruned {
  /** Rows up to this `seq` are gone. */
  readonly upTo: number;
  /** The signed note that stands for them. */
  readonly checkpoint: string;
}

/**
 * Removes events that are older than they are to be kept. What is removed ends at a signed checkpoint, whose note and
 * hash stay as the journal's floor: the chain above it goes on from there, and can be verified as before. What the
 * read models have folded stays in them, until they are built again. To be called in the journal's turn.
 */
export class Retention {
  readonly #backend: Backend;
  readonly #keepDays: number;
  readonly #clock: { now(): number };
  #nextLook = 0;

  /** `keepDays` 0: everything is kept. */
  constructor(backend: Backend, keepDays: number, clock: { now(): number }) {
    this.#backend = backend;
    this.#keepDays = keepDays;
    this.#clock = clock;
  }

  get isDue(): boolean {
    return this.#keepDays > 0 && msLeft(this.#nextLook, LOOK_EVERY_MS, this.#clock.now()) === 0;
  }

  /** Raises the floor; the rows below it are removed by `sweep`. Null when nothing is old enough. `foldedTo`: see above. */
  async raiseFloor(foldedTo: number): Promise<Pruned | null> {
    this.#nextLook = this.#clock.now() + LOOK_EVERY_MS;
    const { db, node } = this.#backend;
    const mine = rowsOf(node);
    const intent = await db
      .selectFrom('journal_intent')
      .select('seq')
      .where(mine)
      .orderBy('seq')
      .limit(1)
      .executeTakeFirst();
    // What is still open has to be found by whoever closes it.
    const below = Math.min(foldedTo, intent?.seq ?? Number.MAX_SAFE_INTEGER);
    const found = await db
      .selectFrom('journal_checkpoint')
      .select(['seq', 'note'])
      .where(mine)
      .where('at', '<', this.#clock.now() - this.#keepDays * DAY_MS)
      .where('seq', '<', below)
      .orderBy('seq', 'desc')
      .limit(1)
      .executeTakeFirst();
    if (found === undefined) return null;
    const row = await db
      .selectFrom('journal_event')
      .select('hash')
      .where(mine)
      .where('seq', '=', found.seq)
      .executeTakeFirst();
    // Gone already: the floor is there or higher.
    if (row === undefined) return null;
    await db.transaction().execute(async (transaction) => {
      await transaction.deleteFrom('journal_floor').where(mine).execute();
      const floor = { seq: found.seq, hash: row.hash, note: found.note };
      // `node` is a column of PostgreSQL alone.
      const own = (node === null ? floor : { ...floor, node }) as Tables['journal_floor'];
      await transaction.insertInto('journal_floor').values(own).execute();
    });
    return { upTo: found.seq, checkpoint: found.note };
  }

  /** Removes some of what lies below the floor. True while there is more. Goes on where a killed process stopped. */
  async sweep(): Promise<boolean> {
    const { db, node } = this.#backend;
    const mine = rowsOf(node);
    const floor = await db.selectFrom('journal_floor').select('seq').where(mine).executeTakeFirst();
    const first = await db
      .selectFrom('journal_event')
      .select('seq')
      .where(mine)
      .orderBy('seq')
      .limit(1)
      .executeTakeFirst();
    if (floor === undefined || first === undefined || first.seq > floor.seq) return false;
    const to = Math.min(floor.seq, first.seq + SLICE - 1);
    await db.transaction().execute(async (transaction) => {
      await transaction.deleteFrom('journal_event').where(mine).where('seq', '<=', to).execute();
      await transaction.deleteFrom('journal_checkpoint').where(mine).where('seq', '<=', to).execute();
    });
    return to < floor.seq;
  }
}
