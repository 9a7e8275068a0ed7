'use client';

import { useCallback, useEffect, useRef, useState } from 'react';
import { useLive } from '../live/LiveProvider.tsx';
import {
  answerOrder,
  EMPTY,
  type ListState,
  type Loaded,
  opened,
  refreshed,
  type Sequenced,
  shown,
  withOlder,
} from './liveList.ts';

/** What a page of the list was answered with, or why there is none. */
export type PageAnswer<Row, More> =
  | (Loaded<Row> & { readonly kind: 'page'; readonly more: More })
  | { readonly kind: 'none'; readonly sentence: string };

interface Options<Row, More> {
  /** Another filter, another key: the list begins anew. */
  readonly key: string;
  readonly load: (before: number | undefined) => Promise<PageAnswer<Row, More>>;
  /** The server's first page, for `firstKey`. */
  readonly first: PageAnswer<Row, More> | null;
  readonly firstKey: string;
  readonly idOf: (row: Row) => string;
  /** Changes with whatever may change the list. */
  readonly marker: string;
  /** Whether the reader is in the midst of the list, so that nothing may move. */
  readonly reading: () => boolean;
}

export interface LiveList<Row, More> {
  readonly state: ListState<Row>;
  /** What came beside the newest page. */
  readonly more: More | null;
  readonly loading: boolean;
  readonly loadingOlder: boolean;
  /** Why there is nothing to show. */
  readonly problem: string | null;
  /** When the rows were read, while a later look at them failed; null while they are as new as can be. */
  readonly asOf: number | null;
  readonly loadOlder: () => void;
  readonly showWaiting: () => void;
  readonly retry: () => void;
}

interface Told {
  /** The server's clock when it answered. Milliseconds. */
  readonly now: number;
}

/** The journal may be a moment behind the status that announced something. Milliseconds. */
const LOOK_AGAIN_MS = 1_200;

interface Held<Row, More> {
  readonly key: string;
  /** When the newest page was read, milliseconds on the server's clock. */
  readonly readAt: number;
  /** The look after that one failed. */
  readonly failed: boolean;
  readonly list: ListState<Row>;
  readonly more: More | null;
  readonly problem: string | null;
}

const NOT_REACHED = 'The list could not be read: the server did not answer.';

const begun = <Row, More extends Told>(
  key: string,
  answer: PageAnswer<Row, More>,
  idOf: (row: Row) => string,
): Held<Row, More> =>
  answer.kind === 'none'
    ? { key, readAt: 0, failed: false, list: EMPTY, more: null, problem: answer.sentence }
    : {
        key,
        readAt: answer.more.now,
        failed: false,
        list: opened(answer, idOf),
        more: answer.more,
        problem: null,
      };

/**
 * Keeps a list of the past up to date: the server's first page at once, older ones on demand, and the newest again
 * whenever `marker` changes. While the page is hidden or paused the marker stands still, and so does the list.
 */
export const useLiveList = <Row extends Sequenced, More extends Told>(
  options: Options<Row, More>,
): LiveList<Row, More> => {
  const { key, first, firstKey, idOf, marker } = options;
  const { paused } = useLive();
  const [held, setHeld] = useState<Held<Row, More> | null>(() =>
    first === null || firstKey !== key ? null : begun(key, first, idOf),
  );
  const [loadingOlder, setLoadingOlder] = useState(false);
  const latest = useRef(options);
  latest.current = options;

  const [order] = useState(answerOrder);
  const takeNewest = useCallback(
    async (forKey: string): Promise<void> => {
      const { load, idOf: id } = latest.current;
      const turn = order.ask();
      const answer = await load(undefined).catch(
        (): PageAnswer<Row, More> => ({ kind: 'none', sentence: NOT_REACHED }),
      );
      if (latest.current.key !== forKey || !order.takes(turn)) return;
      const reading = latest.current.reading();
      setHeld((old) => {
        if (old === null || old.key !== forKey || old.problem !== null) return begun(forKey, answer, id);
        // A list that is there stays when a later look fails, and says how old it is.
        if (answer.kind === 'none') return { ...old, failed: true };
        const { more } = answer;
        const list = refreshed(old.list, answer, id, reading);
        return { ...old, readAt: more.now, failed: false, list, more };
      });
    },
    [order],
  );

  const seen = useRef(first === null || firstKey !== key ? '' : `${key}\n${marker}`);
  useEffect(() => {
    const wanted = `${key}\n${marker}`;
    if (seen.current === wanted || paused) return;
    seen.current = wanted;
    void takeNewest(key);
    const timer = setTimeout(() => void takeNewest(key), LOOK_AGAIN_MS);
    return () => clearTimeout(timer);
  }, [key, marker, paused, takeNewest]);

  const present = held !== null && held.key === key ? held : null;
  const next = present?.list.next ?? null;
  const loadOlder = async (): Promise<void> => {
    if (next === null || loadingOlder) return;
    setLoadingOlder(true);
    const answer = await latest.current.load(next).catch(() => null);
    setLoadingOlder(false);
    if (answer?.kind !== 'page') return;
    setHeld((old) =>
      old === null || old.key !== key || old.list.next !== next
        ? old
        : { ...old, list: withOlder(old.list, answer, idOf) },
    );
  };
  return {
    state: present?.list ?? EMPTY,
    more: present?.more ?? null,
    loading: present === null,
    loadingOlder,
    problem: present?.problem ?? null,
    asOf: present?.failed === true ? present.readAt : null,
    loadOlder: () => void loadOlder(),
    showWaiting: () => {
      if (present?.list.gap === true) {
        setHeld(null);
        void takeNewest(key);
      } else setHeld((old) => old && { ...old, list: shown(old.list, idOf) });
    },
    retry: () => void takeNewest(key),
  };
};
