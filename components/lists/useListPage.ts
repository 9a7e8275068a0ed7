'use client';

import { type RefObject, useMemo, useRef } from 'react';
import { useNow } from '../live/LiveProvider.tsx';
import { cleared, filtersIn, keyOf } from './filters.ts';
import { type ListedOf, type RowOf, toPage } from './toPage.ts';
import { type Changes, useAddress } from './useAddress.ts';
import { type LiveList, useLiveList } from './useLiveList.ts';
import { useReading } from './useReading.ts';

interface Options<Wish, Answer> {
  /** Parameters of the address that filter. */
  readonly names: readonly string[];
  readonly wishOf: (search: URLSearchParams, now: number) => Wish;
  /** The server's first page, for the filters of `firstKey`. */
  readonly first: Answer;
  readonly firstKey: string;
  readonly load: (wish: Wish & { before: number | undefined }) => Promise<Answer>;
  readonly idOf: (row: RowOf<Answer>) => string;
  /** Changes with whatever may change the list. */
  readonly marker: string;
}

export interface ListPage<Wish, Row, More> {
  readonly search: URLSearchParams;
  readonly change: (changes: Changes, push?: boolean) => void;
  readonly wish: Wish;
  /** How many filters are set. */
  readonly filters: number;
  readonly clear: () => void;
  readonly list: LiveList<Row, More>;
  /** To be put where the rows begin. */
  readonly top: RefObject<HTMLDivElement | null>;
}

/** A live list whose filters are the address: what the four pages of lists share. */
export const useListPage = <Wish extends object, Answer extends { readonly kind: string }>(
  options: Options<Wish, Answer>,
): ListPage<Wish, RowOf<Answer>, ListedOf<Answer>> => {
  const { names, first, load } = options;
  const now = useNow();
  const [search, change] = useAddress();
  const top = useRef<HTMLDivElement>(null);
  const wish = options.wishOf(search, now);
  const list = useLiveList<RowOf<Answer>, ListedOf<Answer>>({
    key: keyOf(search, names),
    firstKey: options.firstKey,
    first: useMemo(() => toPage(first), [first]),
    load: async (before) => toPage(await load({ ...wish, before })),
    idOf: options.idOf,
    marker: options.marker,
    reading: useReading(top),
  });
  return { search, change, wish, filters: filtersIn(wish), clear: () => change(cleared(names)), list, top };
};
