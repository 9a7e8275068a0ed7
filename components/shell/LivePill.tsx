'use client';

import type { ReactNode } from 'react';
import { duration } from '../format.ts';
import type { Pill } from '../live/connection.ts';
import { useLive, useMounted } from '../live/LiveProvider.tsx';
import { Icon } from '../parts/Icon.tsx';
import type { Shape } from '../words.ts';

const wordsOf = (pill: Pill): { readonly text: string; readonly shape: Shape } => {
  switch (pill.kind) {
    case 'connecting':
      return { text: 'Connecting', shape: 'ring' };
    case 'live':
      return { text: 'Live', shape: 'disc' };
    case 'reconnecting':
      return { text: `Reconnecting… (last ${duration(pill.lastAgo)} ago)`, shape: 'quarter' };
    case 'offline':
      return { text: 'Offline', shape: 'cross' };
  }
};

/** A pill that does something when it is pressed. */
const PillButton = (props: {
  readonly state: 'paused' | 'outdated';
  readonly shape: Shape;
  readonly text: ReactNode;
  readonly label: string;
  readonly onClick: () => void;
}) => (
  <button
    type="button"
    className={`pill pill-${props.state}`}
    data-testid="live-pill"
    data-state={props.state}
    onClick={props.onClick}
    aria-label={props.label}
  >
    <Icon shape={props.shape} />
    <span>{props.text}</span>
  </button>
);

/**
 * The state of the connection between this page and its server: `data-state` is `live` once the page's own stream is
 * open, and never before. While the server is heard, a newer build and a pause are said instead.
 */
export const LivePill = () => {
  const { pill, outdated, paused, setPaused } = useLive();
  const mounted = useMounted();
  const heard = pill.kind === 'connecting' || pill.kind === 'live';
  if (outdated && heard)
    return (
      <PillButton
        state="outdated"
        shape="triangle"
        text={
          <>
            New version<span className="pill-more">, reload</span>
          </>
        }
        label="New version, reload this page"
        onClick={() => window.location.reload()}
      />
    );
  if (paused)
    return (
      <PillButton
        state="paused"
        shape="pause"
        text="Paused"
        label="Paused: resume the live picture"
        onClick={() => setPaused(false)}
      />
    );
  const { text, shape } = wordsOf(pill);
  return (
    <span
      className={`pill pill-${pill.kind}`}
      data-testid="live-pill"
      data-state={pill.kind}
      data-hydrated={mounted}
    >
      {/* Keyed: another state is another word in its middle, not the same one on the move. */}
      <Icon key={`shape ${pill.kind}`} shape={shape} />
      <span key={`word ${pill.kind}`}>{text}</span>
    </span>
  );
};
