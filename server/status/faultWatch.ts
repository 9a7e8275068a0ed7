import type { Trouble } from '../driver/plan/failure.ts';

/** An event for the journal: `l1.fault`, `l1.recovered`, `engine.fault`, `engine.recovered`, `driver.recovered`. */
export interface FaultChange {
  readonly kind: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface FaultFacts {
  /** `reason`: why it is not well; null when it is. */
  readonly providers: readonly {
    readonly host: string;
    readonly state: string;
    readonly reason: string | null;
  }[];
  readonly engine: { readonly state: string; readonly reason: string } | null;
  readonly trouble: Pick<Trouble, 'code' | 'count' | 'since'> | null;
}

/** A fault is told when it has lasted this long, and is over when it was gone for as long. Milliseconds. */
const HOLD_MS = 5_000;
/** What comes and goes is waited for longer each time, so that it cannot fill the journal: 12 rows an hour. */
const MAX_HOLD_MS = 600_000;
/** So long without a fault, and the next one is the first again. Milliseconds. */
const CALM_MS = 3_600_000;

/** Each is a row when it begins: the driver mends it within a step, but somebody else did write to this engine. */
const AT_ONCE = 'FOREIGN_HEAD';
const SICK_ENGINE: ReadonlySet<string> = new Set([
  'OFFLINE',
  'AUTH_FAILED',
  'WRONG_CHAIN',
  'SYNCING',
  AT_ONCE,
]);

/** One thing that can be well or not: told once when it fails and once when it works again, not with each try. */
interface Watched {
  readonly code: string | null;
  readonly since: number;
  /** Of the fault that was told; null while none is. */
  readonly told: { readonly code: string; readonly since: number; readonly count: number } | null;
  /** Rows since it was calm, and when the last one was told. */
  readonly rows: number;
  readonly toldAt: number;
}

const WELL: Omit<Watched, 'since'> = { code: null, told: null, rows: 0, toldAt: Number.NEGATIVE_INFINITY };

/** How long a change must have lasted to be told. */
function holdOf({ code, told, rows }: Watched): number {
  if (told === null && code === AT_ONCE && rows === 0) return 0;
  return Math.min(MAX_HOLD_MS, HOLD_MS * 2 ** Math.max(0, Math.floor((rows - 1) / 2)));
}

/**
 * Tells faults of L1 providers and of the engine as they begin and end, and the end of a driver's trouble (its
 * beginning is the driver's to tell). To be asked now and then.
 */
export class FaultWatch {
  readonly #watched = new Map<string, Watched>();
  #trouble: FaultFacts['trouble'] = null;

  look({ providers, engine, trouble }: FaultFacts, now: number): readonly FaultChange[] {
    const changes: FaultChange[] = [];
    for (const { host, state, reason } of providers) {
      const code = reason === null ? null : state;
      changes.push(...this.#look(`l1 ${host}`, 'l1', code, { provider: host, message: reason }, now));
    }
    if (engine !== null) {
      const code = SICK_ENGINE.has(engine.state) ? engine.state : null;
      changes.push(...this.#look('engine', 'engine', code, { message: engine.reason }, now));
    }
    return [...changes, ...this.#troubleOver(trouble)];
  }

  #look(
    name: string,
    group: 'l1' | 'engine',
    code: string | null,
    about: Readonly<Record<string, unknown>>,
    now: number,
  ): readonly FaultChange[] {
    const before = this.#watched.get(name) ?? { ...WELL, since: now };
    const same = before.code === code;
    const rows = now - before.toldAt > CALM_MS && before.told === null ? 0 : before.rows;
    const at: Watched = { ...before, rows, ...(same ? {} : { code, since: now }) };
    this.#watched.set(name, at);
    if (now - at.since < holdOf(at) || at.code === (at.told?.code ?? null)) return [];
    const row = { rows: at.rows + 1, toldAt: now };
    if (at.code === null) {
      this.#watched.set(name, { ...at, ...row, told: null });
      const { provider } = about;
      const of = provider === undefined ? {} : { provider };
      return [{ kind: `${group}.recovered`, payload: { ...of, ...at.told } }];
    }
    const told = { code: at.code, since: at.since, count: (at.told?.count ?? 0) + 1 };
    this.#watched.set(name, { ...at, ...row, told });
    return [{ kind: `${group}.fault`, payload: { ...about, ...told } }];
  }

  #troubleOver(trouble: FaultFacts['trouble']): readonly FaultChange[] {
    const before = this.#trouble;
    this.#trouble = trouble;
    if (before === null || trouble !== null) return [];
    const { code, count, since } = before;
    return [{ kind: 'driver.recovered', payload: { code, count, since } }];
  }
}
