'use client';

import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import type { BatchListAnswer, BatchListRow } from '../../server/api/historyViews.ts';
import type { StatusView } from '../../server/api/views.ts';
import { batchMarker } from '../batches/overlay.ts';
import { useApi } from '../live/LiveProvider.tsx';

const PAGE = 100;
const NO_ROWS: readonly BatchListRow[] = [];

interface Chain {
  readonly rows: readonly BatchListRow[];
  readonly more: boolean;
  readonly loading: boolean;
  /** Why nothing of the past can be shown; null when it can. */
  readonly problem: string | null;
  readonly loadOlder: () => void;
}

/**
 * What is remembered of the batches, newest first: a page at once and again whenever a batch changes, older ones on
 * demand. Told by place and content, so that a reorg's repaint replaces and never doubles.
 */
export const useChain = (
  status: Pick<StatusView, 'batches' | 'reorgs'> | null,
  first: BatchListAnswer,
): Chain => {
  const api = useApi();
  const [older, setOlder] = useState<{ rows: readonly BatchListRow[]; next: number | null } | null>(null);
  const [loading, setLoading] = useState(false);
  const marker = status === null ? '' : `${batchMarker(status.batches)} ${status.reorgs.length}`;
  const { data, refetch } = useQuery({
    queryKey: ['chain'],
    queryFn: () => api.batchList.query({ limit: PAGE }),
    initialData: first,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    networkMode: 'always',
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the change of the marker that asks.
  useEffect(() => {
    void refetch();
  }, [marker, refetch]);
  const newest = data.kind === 'batch_list' ? data : null;
  const next = older === null ? (newest?.next ?? null) : older.next;
  const loadOlder = async (): Promise<void> => {
    if (next === null || loading) return;
    setLoading(true);
    const page = await api.batchList.query({ limit: PAGE, before: next }).catch(() => null);
    setLoading(false);
    if (page?.kind === 'batch_list')
      setOlder((old) => ({ rows: [...(old?.rows ?? []), ...page.rows], next: page.next }));
  };
  const rows = useMemo(() => {
    const byPlace = new Map<string, BatchListRow>();
    for (const row of [...(newest?.rows ?? NO_ROWS), ...(older?.rows ?? NO_ROWS)]) {
      const key = `${row.number} ${row.l1Block?.hash ?? row.seq}`;
      if (!byPlace.has(key)) byPlace.set(key, row);
    }
    return [...byPlace.values()];
  }, [newest, older]);
  const problem = data.kind === 'no_history' ? data.sentence : null;
  return { rows, more: next !== null, loading, problem, loadOlder: () => void loadOlder() };
};
