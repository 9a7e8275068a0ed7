import type { ReorgChange, ReorgRecord } from './reorgRecord.ts';

/** As much of a journal event as this takes. */
export interface ReorgEvent {
  readonly kind: string;
  readonly ref: string | null;
  readonly payload: unknown;
}

const RESUMED = 'the process ended before this was over; its next start took it up';

/**
 * The records that these events tell of, oldest first. What an older version wrote, and a change without its record,
 * is left out; a record still open is marked as taken up again.
 */
export function foldReorgs(events: readonly ReorgEvent[]): readonly ReorgRecord[] {
  const records = new Map<string, ReorgRecord>();
  for (const { kind, payload } of events) {
    if (kind === 'reorg.detected') {
      if (isRecord(payload)) records.set(payload.id, payload);
      continue;
    }
    const { id, ...change } = (payload ?? {}) as ReorgChange & { id?: string };
    const record = id === undefined ? undefined : records.get(id);
    if (record !== undefined) records.set(record.id, { ...record, ...change });
  }
  return [...records.values()].map((record) =>
    record.recoveredAt === null && !record.evidence.includes(RESUMED)
      ? { ...record, evidence: [...record.evidence, RESUMED] }
      : record,
  );
}

const isRecord = (payload: unknown): payload is ReorgRecord => {
  const seen = payload as Partial<ReorgRecord> | null;
  return (
    typeof seen?.id === 'string' &&
    typeof seen.heads === 'object' &&
    Array.isArray(seen.transactions) &&
    Array.isArray(seen.evidence)
  );
};
