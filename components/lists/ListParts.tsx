'use client';

import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { WatchGap, Watching } from '../../server/api/historyViews.ts';
import { count, duration, groupDigits } from '../format.ts';
import { useLive, useNow } from '../live/LiveProvider.tsx';
import { Moment } from '../parts/Moment.tsx';
import type { LiveList } from './useLiveList.ts';

/** Whether new rows come by themselves, and what waits. Always there, so that it is heard when it speaks. */
export const NewRows = ({
  list,
  one,
  many,
}: {
  list: Pick<LiveList<unknown, unknown>, 'state' | 'showWaiting'>;
  one: string;
  many?: string;
}) => {
  const { waiting, gap } = list.state;
  return (
    <div role="status" className="new-rows">
      {waiting.length === 0 ? null : (
        <button type="button" className="button new-button" onClick={list.showWaiting}>
          ↑{' '}
          {gap
            ? `${groupDigits(waiting.length)} and more new`
            : count(waiting.length, `new ${one}`, `new ${many ?? `${one}s`}`)}
          <span className="quiet"> — the list waits while you read</span>
        </button>
      )}
    </div>
  );
};

/** Older rows: by the button once, then by themselves as the end comes near. */
export const Older = ({ list, begins }: { list: LiveList<unknown, unknown>; begins: ReactNode }) => {
  const end = useRef<HTMLDivElement>(null);
  const [asked, setAsked] = useState(false);
  const load = useRef(list.loadOlder);
  load.current = list.loadOlder;
  const more = list.state.next !== null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a page that brought rows moved the end: it is looked at anew.
  useEffect(() => {
    const element = end.current;
    if (element === null || !asked || !more) return;
    const observer = new IntersectionObserver(
      (entries) => {
        // A busy page is told of several turns at once, oldest first: how it is now stands last.
        const entry = entries.at(-1);
        if (entry?.isIntersecting === true) load.current();
      },
      { rootMargin: '900px' },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [asked, more, list.state.next]);
  return (
    <div ref={end} className="list-end">
      {more ? (
        <button
          type="button"
          className="button"
          aria-disabled={list.loadingOlder}
          onClick={() => {
            setAsked(true);
            list.loadOlder();
          }}
        >
          {list.loadingOlder ? 'Loading …' : 'Load older'}
        </button>
      ) : (
        begins
      )}
    </div>
  );
};

export const LogBegins = ({ watching }: { watching: Watching | null }) =>
  watching === null || watching.since === null ? null : (
    <p className="quiet">
      The log begins <Moment at={watching.since} />.
    </p>
  );

/** How long somebody has been watching, without the time when nobody did. */
export const Watched = ({ watching }: { watching: Watching }) => {
  const now = useNow();
  if (watching.since === null) return <>since this log began</>;
  const missed = watching.gaps.reduce((sum, gap) => sum + gap.to - gap.from, 0);
  return (
    <>
      since this log began (<Moment at={watching.since} />, {duration(now - watching.since - missed)} watched)
    </>
  );
};

/** While nobody watched, between the rows where it was. */
export const GapLine = ({ gap }: { gap: WatchGap }) => (
  <p className="gap-line">
    not watching from <Moment at={gap.from} /> to <Moment at={gap.to} /> ({duration(gap.to - gap.from)}, the
    node was not running)
  </p>
);

/** A list that is not there: being loaded, refused, or empty by filter or by nature. */
export const ListBlank = ({
  list,
  filters,
  onClear,
  what,
  children,
}: {
  list: LiveList<unknown, unknown>;
  /** How many filters are set. */
  filters: number;
  onClear: () => void;
  what: string;
  children: ReactNode;
}) => {
  const { pill } = useLive();
  if (list.loading)
    return (
      <div className="skeleton skeleton-list" aria-busy="true">
        <p className="sr-only" role="status">
          Loading
        </p>
      </div>
    );
  if (list.problem !== null)
    return (
      <div className="list-blank" role="alert">
        <p>{list.problem}</p>
        <p className="quiet">
          {pill.kind === 'offline'
            ? 'This page cannot reach its server.'
            : 'The rest of the page goes on without it.'}
        </p>
        <button type="button" className="button" onClick={list.retry}>
          Try again
        </button>
      </div>
    );
  if (filters > 0)
    return (
      <div className="list-blank">
        <p>
          No {what} matches {count(filters, 'filter')}.
        </p>
        <button type="button" className="button" onClick={onClear}>
          Clear
        </button>
      </div>
    );
  return <div className="list-blank">{children}</div>;
};

/** Exports of exactly what the filter matches, all of it and not only what is loaded. */
export const Exports = ({ path, search, feed }: { path: string; search: URLSearchParams; feed: boolean }) => {
  const query = search.toString();
  const href = (ending: string): string => `/api/v1/${path}.${ending}${query === '' ? '' : `?${query}`}`;
  return (
    <span className="exports">
      <a className="button" href={href('csv')} download>
        CSV
      </a>
      <a className="button" href={href('json')} download>
        JSON
      </a>
      {feed ? (
        <a className="button" href={href('rss')}>
          RSS
        </a>
      ) : null}
    </span>
  );
};
