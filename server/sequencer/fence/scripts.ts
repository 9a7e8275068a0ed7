import type { Hash } from '../../protocol/refs.ts';
import type {
  AcquireOutcome,
  ClaimOutcome,
  FenceKey,
  Mark,
  MarkKind,
  Superseded,
  SupersedeEvidence,
  SupersedeOutcome,
  Tenure,
} from './fenceStore.ts';

/**
 * The transactions of the fence, once for every database: each is a generator that yields statements and is given
 * their rows. Whoever runs it begins a transaction that excludes other writers of the lease row, and commits when
 * it returns. `now` is answered with the database's time, read while the row is locked.
 */
export type Step = 'now' | { readonly sql: string; readonly args: readonly Value[] };
export type Value = string | number | null;
export type Row = Readonly<Record<string, unknown>>;
export type Script<T> = Generator<Step, T, readonly Row[]>;

/** What differs between databases. */
export interface Dialect {
  /** Type of a 64-bit integer. */
  readonly integer: string;
  /** Appended to a SELECT whose rows must not change before the end of the transaction. */
  readonly lock: string;
}

/** Schema by version: entry N takes version N to N + 1. Forward only; never edit an entry that was released. */
export const migrations = ({ integer }: Dialect): readonly (readonly string[])[] => [
  [
    `CREATE TABLE fence_lease (
       chain ${integer} NOT NULL, sequencer TEXT NOT NULL, holder TEXT NOT NULL, term ${integer} NOT NULL,
       lease_ms ${integer} NOT NULL, expires_at ${integer} NOT NULL, block_floor ${integer} NOT NULL,
       batch_floor ${integer} NOT NULL, PRIMARY KEY (chain, sequencer))`,
    `CREATE TABLE fence_mark (
       chain ${integer} NOT NULL, sequencer TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('block', 'batch')),
       number ${integer} NOT NULL, attempt ${integer} NOT NULL, hash TEXT, term ${integer} NOT NULL,
       PRIMARY KEY (chain, sequencer, kind, number))`,
    `CREATE TABLE fence_superseded (
       chain ${integer} NOT NULL, sequencer TEXT NOT NULL, kind TEXT NOT NULL, number ${integer} NOT NULL,
       attempt ${integer} NOT NULL, hash TEXT NOT NULL, term ${integer} NOT NULL, by_term ${integer} NOT NULL,
       l1_number ${integer} NOT NULL, l1_hash TEXT NOT NULL, l1_has ${integer} NOT NULL, why TEXT NOT NULL,
       PRIMARY KEY (chain, sequencer, kind, number, attempt))`,
  ],
];

const OF_KEY = 'chain = $1 AND sequencer = $2';

interface LeaseRow {
  readonly holder: string;
  readonly term: number;
  readonly leaseMs: number;
  readonly expiresAt: number;
  readonly floor: Readonly<Record<MarkKind, number>>;
}

/** Locks the row first and reads the time second: a time from before the wait for the lock would be old. */
function* lockLease(key: FenceKey, dialect: Dialect): Script<{ lease: LeaseRow; now: number }> {
  yield {
    sql: `INSERT INTO fence_lease (chain, sequencer, holder, term, lease_ms, expires_at, block_floor, batch_floor)
          VALUES ($1, $2, '', 0, 0, 0, -1, -1) ON CONFLICT DO NOTHING`,
    args: [key.chainId, key.sequencer],
  };
  const [row] = yield {
    sql: `SELECT holder, term, lease_ms, expires_at, block_floor, batch_floor FROM fence_lease WHERE ${OF_KEY}${dialect.lock}`,
    args: [key.chainId, key.sequencer],
  };
  const [time] = yield 'now';
  const lease = {
    holder: String(row?.['holder']),
    term: Number(row?.['term']),
    leaseMs: Number(row?.['lease_ms']),
    expiresAt: Number(row?.['expires_at']),
    floor: { block: Number(row?.['block_floor']), batch: Number(row?.['batch_floor']) },
  };
  return { lease, now: Number(time?.['now']) };
}

const isOf = (lease: LeaseRow, tenure: Tenure): boolean =>
  lease.holder === tenure.holder && lease.term === tenure.term;

const setLease = (key: FenceKey, tenure: Tenure, leaseMs: number, expiresAt: number): Step => ({
  sql: `UPDATE fence_lease SET holder = $3, term = $4, lease_ms = $5, expires_at = $6 WHERE ${OF_KEY}`,
  args: [key.chainId, key.sequencer, tenure.holder, tenure.term, leaseMs, expiresAt],
});

export function* acquire(
  key: FenceKey,
  holder: string,
  leaseMs: number,
  dialect: Dialect,
): Script<AcquireOutcome> {
  const { lease, now } = yield* lockLease(key, dialect);
  if (lease.holder !== holder && lease.holder !== '' && lease.expiresAt > now) {
    // The database's clock was set back, or the machine booted: without this, nobody could ever take over.
    if (lease.expiresAt > now + lease.leaseMs) yield setLease(key, lease, lease.leaseMs, now + lease.leaseMs);
    const remainingMs = Math.min(lease.expiresAt - now, lease.leaseMs);
    return { kind: 'taken', holder: lease.holder, term: lease.term, remainingMs };
  }
  const term = lease.holder === holder ? lease.term : lease.term + 1;
  yield setLease(key, { holder, term }, leaseMs, now + leaseMs);
  return { kind: 'held', term };
}

export function* renew(key: FenceKey, tenure: Tenure, leaseMs: number, dialect: Dialect): Script<boolean> {
  const { lease, now } = yield* lockLease(key, dialect);
  if (!isOf(lease, tenure)) return false;
  yield setLease(key, tenure, leaseMs, now + leaseMs);
  return true;
}

export function* release(key: FenceKey, tenure: Tenure, dialect: Dialect): Script<void> {
  const { lease } = yield* lockLease(key, dialect);
  if (isOf(lease, tenure)) yield setLease(key, { holder: '', term: tenure.term }, 0, 0);
}

export function* claim(key: FenceKey, tenure: Tenure, mark: Mark, dialect: Dialect): Script<ClaimOutcome> {
  const { lease, now } = yield* lockLease(key, dialect);
  if (!isOf(lease, tenure) || lease.expiresAt <= now) return { kind: 'not_holder' };
  const floor = lease.floor[mark.kind];
  if (mark.number <= floor) return { kind: 'final', floor };
  const at = [key.chainId, key.sequencer, mark.kind, mark.number] as const;
  const [row] = yield {
    sql: `SELECT hash, attempt FROM fence_mark WHERE ${OF_KEY} AND kind = $3 AND number = $4`,
    args: at,
  };
  if (row === undefined) {
    yield {
      sql: `INSERT INTO fence_mark (chain, sequencer, kind, number, attempt, hash, term) VALUES ($1, $2, $3, $4, 1, $5, $6)`,
      args: [...at, mark.hash, tenure.term],
    };
    return { kind: 'claimed', attempt: 1 };
  }
  const attempt = Number(row['attempt']);
  if (row['hash'] === mark.hash) return { kind: 'again', attempt };
  if (row['hash'] !== null) return { kind: 'refused', hash: row['hash'] as Hash, attempt };
  yield {
    sql: `UPDATE fence_mark SET hash = $5, term = $6 WHERE ${OF_KEY} AND kind = $3 AND number = $4`,
    args: [...at, mark.hash, tenure.term],
  };
  return { kind: 'claimed', attempt };
}

export function* supersede(
  key: FenceKey,
  tenure: Tenure,
  range: { readonly kind: MarkKind; readonly from: number; readonly to: number },
  evidence: SupersedeEvidence,
  dialect: Dialect,
): Script<SupersedeOutcome> {
  const { lease, now } = yield* lockLease(key, dialect);
  if (!isOf(lease, tenure) || lease.expiresAt <= now) return { kind: 'not_holder' };
  const where = `${OF_KEY} AND kind = $3 AND number BETWEEN $4 AND $5 AND hash IS NOT NULL`;
  const args = [key.chainId, key.sequencer, range.kind, range.from, range.to] as const;
  const rows = yield {
    sql: `SELECT number, attempt, hash FROM fence_mark WHERE ${where} ORDER BY number`,
    args,
  };
  if (rows.length === 0) return { kind: 'done', superseded: [] };
  yield {
    sql: `INSERT INTO fence_superseded (chain, sequencer, kind, number, attempt, hash, term, by_term, l1_number, l1_hash, l1_has, why)
          SELECT chain, sequencer, kind, number, attempt, hash, term,
            CAST($6 AS ${dialect.integer}), CAST($7 AS ${dialect.integer}), CAST($8 AS TEXT),
            CAST($9 AS ${dialect.integer}), CAST($10 AS TEXT)
          FROM fence_mark WHERE ${where}`,
    args: [
      ...args,
      tenure.term,
      evidence.becauseL1Block.number,
      evidence.becauseL1Block.hash,
      evidence.l1Has,
      evidence.why,
    ],
  };
  yield { sql: `UPDATE fence_mark SET hash = NULL, attempt = attempt + 1 WHERE ${where}`, args };
  return { kind: 'done', superseded: rows.map((row) => supersededOf(range.kind, row)) };
}

const supersededOf = (kind: MarkKind, row: Row): Superseded => ({
  kind,
  number: Number(row['number']),
  hash: row['hash'] as Hash,
  attempt: Number(row['attempt']),
});

export function* claimed(key: FenceKey, kind: MarkKind, number: number): Script<Hash | null> {
  const [row] = yield {
    sql: `SELECT hash FROM fence_mark WHERE ${OF_KEY} AND kind = $3 AND number = $4`,
    args: [key.chainId, key.sequencer, kind, number],
  };
  return (row?.['hash'] ?? null) as Hash | null;
}

export function* forget(key: FenceKey, kind: MarkKind, upTo: number, dialect: Dialect): Script<void> {
  const { lease } = yield* lockLease(key, dialect);
  if (lease.floor[kind] >= upTo) return;
  yield {
    sql: `UPDATE fence_lease SET ${kind}_floor = $3 WHERE ${OF_KEY}`,
    args: [key.chainId, key.sequencer, upTo],
  };
  yield {
    sql: `DELETE FROM fence_mark WHERE ${OF_KEY} AND kind = $3 AND number <= $4`,
    args: [key.chainId, key.sequencer, kind, upTo],
  };
}
