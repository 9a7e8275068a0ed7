'use client';

import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';

interface Options<Answer> {
  readonly queryKey: readonly unknown[];
  readonly load: () => Promise<Answer>;
  /** The server's answer, as the page was drawn with it. */
  readonly first: Answer;
  /** Changes with whatever may change the record. */
  readonly marker: string;
  /** How often to look all the same, milliseconds; false once it can change no more. */
  readonly every: (answer: Answer) => number | false;
}

/** One record of the past: at once as the server drew it, and again whenever something may have changed it. */
export const useRecord = <Answer extends { readonly now: number }>(options: Options<Answer>) => {
  const { queryKey, load, first, marker, every } = options;
  const query = useQuery({
    queryKey,
    queryFn: load,
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: ({ state }) => every(state.data ?? first),
    initialData: () => first as NonNullable<Answer>,
    retry: false,
    networkMode: 'always',
  });
  const { refetch, isError } = query;
  const data: Answer = query.data ?? first;
  const seen = useRef(marker);
  useEffect(() => {
    if (seen.current === marker) return;
    seen.current = marker;
    void refetch();
  }, [marker, refetch]);
  /** `asOf`: when it was read, while a later look failed. Milliseconds, server clock. */
  return { data, asOf: isError ? data.now : null };
};
