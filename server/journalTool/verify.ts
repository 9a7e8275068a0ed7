import { genesisHash, rowHash } from './chain.ts';
import { type Checkpoint, openNote, type VerifierKey } from './note.ts';
import type { Source, StoredRow } from './source.ts';

export interface Verdict {
  /** Empty: nothing was found. One sentence each, at most `MAX_FINDINGS`. */
  readonly findings: readonly string[];
  readonly first: number;
  readonly last: number;
  /** Checkpoints of the journal's own that hold, and those from outside. */
  readonly checkpoints: number;
  readonly outside: number;
  /** The newest row that a checkpoint from outside stands for; 0 when there is none. */
  readonly provedTo: number;
}

export interface VerifyOptions {
  /** Null: signatures are not looked at, and prove nothing. */
  readonly key: VerifierKey | null;
  /** Notes that were kept outside the journal. */
  readonly outside: readonly string[];
}

export const MAX_FINDINGS = 20;

/** What a checkpoint claims of a row, to be held against the row when it comes by. */
interface Claim {
  readonly checkpoint: Checkpoint;
  readonly where: 'inside' | 'outside';
}

/**
 * Reads the whole journal once. The chain of hashes shows a row that was changed, dropped, added or moved. A tail that
 * was cut off, and a journal that was written anew, are shown only by a checkpoint that its writer could not reach.
 */
export async function verify(source: Source, { key, outside }: VerifyOptions): Promise<Verdict> {
  const check = new Check(source);
  const start = check.start(key);
  if (key !== null) {
    for await (const note of source.notes()) check.claim(note, key, 'inside');
    for (const note of outside) check.claim(note, key, 'outside');
  } else if (outside.length > 0) check.find('checkpoints from outside need the public key: give --key');
  for await (const row of source.rows(start.seq)) {
    check.row(row);
    if (check.broken) break;
  }
  return check.end();
}

class Check {
  readonly #source: Source;
  readonly #findings: string[] = [];
  /** By size, in the order they were met. */
  readonly #claims = new Map<number, Claim[]>();
  #tip: { readonly seq: number; readonly hash: Buffer } = { seq: 0, hash: Buffer.alloc(0) };
  #first = 0;
  #held = { inside: 0, outside: 0 };
  #provedTo = 0;
  broken = false;

  constructor(source: Source) {
    this.#source = source;
  }

  find(what: string): void {
    if (this.#findings.length < MAX_FINDINGS) this.#findings.push(what);
  }

  /** Where the chain begins. */
  start(key: VerifierKey | null): { readonly seq: number } {
    const { id, floor, before } = this.#source;
    this.#tip = { seq: 0, hash: genesisHash(id) };
    if (floor !== null) {
      this.#tip = { seq: floor.seq, hash: floor.hash };
      const opened = key === null ? null : openNote(floor.note, key);
      if (typeof opened === 'string')
        this.find(
          `the rows up to ${floor.seq} were removed, and the checkpoint that stands for them does not hold: ${opened}`,
        );
      else if (opened !== null && !this.#is(opened, floor.seq, floor.hash)) {
        this.find(
          `the rows up to ${floor.seq} were removed, and the checkpoint that stands for them says something else`,
        );
      }
    } else if (before !== null) this.#tip = { seq: before.seq, hash: before.hash };
    this.#first = this.#tip.seq + 1;
    return this.#tip;
  }

  #is({ origin, size, root }: Checkpoint, seq: number, hash: Buffer): boolean {
    return origin === this.#origin && size === seq && root.equals(hash);
  }

  get #origin(): string {
    return `plumbline-journal/${this.#source.id}`;
  }

  claim(note: string, key: VerifierKey, where: Claim['where']): void {
    const opened = openNote(note, key);
    const name = where === 'inside' ? 'a checkpoint in the journal' : 'a checkpoint from outside';
    if (typeof opened === 'string') this.find(`${name} does not hold: ${opened}`);
    else if (opened.origin !== this.#origin) {
      this.find(`${name} is of another journal: ${opened.origin}, and this one is ${this.#origin}`);
    } else this.#keep({ checkpoint: opened, where });
  }

  #keep(claim: Claim): void {
    const { size } = claim.checkpoint;
    if (size < this.#first - 1) return;
    this.#claims.set(size, [...(this.#claims.get(size) ?? []), claim]);
    if (size === this.#first - 1) this.#settle(size, this.#tip.hash);
  }

  row(row: StoredRow): void {
    const expected = this.#tip.seq + 1;
    const hash = rowHash(this.#tip.hash, row);
    if (row.seq !== expected) {
      this.#break(`after row ${expected - 1} comes row ${row.seq}: rows are missing or out of order`);
    } else if (!hash.equals(row.hash)) {
      this.#break(
        `row ${row.seq} does not follow from the row before: it, its hash or the one before was changed`,
      );
    } else {
      this.#tip = { seq: row.seq, hash };
      this.#settle(row.seq, hash);
    }
  }

  /** What comes after it cannot be judged. */
  #break(what: string): void {
    this.broken = true;
    this.find(what);
  }

  #settle(seq: number, hash: Buffer): void {
    for (const { checkpoint, where } of this.#claims.get(seq) ?? []) {
      if (checkpoint.root.equals(hash)) {
        this.#held[where] += 1;
        if (where === 'outside') this.#provedTo = Math.max(this.#provedTo, seq);
        continue;
      }
      const name = where === 'inside' ? 'in the journal' : 'from outside';
      this.find(`a checkpoint ${name} says that row ${seq} was another one: the journal was written anew`);
    }
    this.#claims.delete(seq);
  }

  end(): Verdict {
    const last = this.#tip.seq;
    if (!this.broken) this.#endWhole(last);
    const { inside, outside } = this.#held;
    return {
      findings: this.#findings,
      first: this.#first,
      last,
      checkpoints: inside,
      outside,
      provedTo: this.#provedTo,
    };
  }

  #endWhole(last: number): void {
    for (const size of [...this.#claims.keys()].sort((a, b) => a - b)) {
      this.find(
        `a checkpoint stands for ${size} rows, and the journal ends with row ${last}: its tail was cut off`,
      );
    }
    if (this.#source.tip !== null && this.#source.tip !== last) {
      this.find(
        `the database says that row ${this.#source.tip} is the newest, and the rows end with ${last}`,
      );
    }
  }
}
