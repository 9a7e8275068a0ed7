import type { LeaderView, SequencerView } from '../api/views.ts';
import type { Address } from '../protocol/refs.ts';
import type { FenceStatus } from '../sequencer/fence/fence.ts';
import type { MessageDeadlinesView } from '../sequencer/messageDeadlines.ts';
import type { SequencerStatus } from '../sequencer/sequencer.ts';
import type { LeadershipView } from '../sequencer/stateUpdater.ts';
import type { UnsafeFeedStatus } from '../sequencer/unsafeFeed/unsafeFeed.ts';

/** Standings in which a peer gives us nothing. */
const SILENT: readonly UnsafeFeedStatus['peers'][number]['standing'][] = ['down', 'benched'];

/** What a node that may lead says of itself. */
export interface SequencingFacts {
  readonly address: Address;
  readonly sequencer: SequencerStatus;
  readonly fence: FenceStatus;
  /** Null before the registry was read. */
  readonly leadership: LeadershipView | null;
  readonly feed: UnsafeFeedStatus;
}

/** The bridge's default, in seconds, while its own is not read. */
const USUAL_WAIT_S = 3_000;
/** Alarm in the last fifth of the time that a message may wait. */
const NEAR = 0.2;

export const messagesView = ({ listed, maxWait }: MessageDeadlinesView): SequencerView['messages'] =>
  listed.map(({ hash, included, deadline }) => ({
    hash,
    included,
    deadline: deadline * 1_000,
    warnAt: (deadline - NEAR * (maxWait ?? USUAL_WAIT_S)) * 1_000,
  }));

/** Terms to come, from the registry's list as it is today. */
export function upcomingOf(facts: SequencingFacts | null): Pick<LeaderView, 'next' | 'upcoming'> {
  const upcoming = facts?.leadership?.upcoming ?? [];
  const present = upcoming[0]?.leader ?? null;
  return {
    next: upcoming.find((term) => term.leader !== present)?.leader ?? null,
    upcoming: upcoming.map(({ first, last, leader }) => ({ first, last, leader })),
  };
}

/** Two blocks of one number, or null. */
export const conflictOf = ({ conflict }: Pick<UnsafeFeedStatus, 'conflict'>): string | null =>
  conflict === null
    ? null
    : `two blocks are shown at height ${conflict.height}: ${conflict.ours} here, ${conflict.theirs} by ${conflict.theirsFrom}`;

export function sequencerView({
  address,
  sequencer,
  fence,
  leadership,
  feed,
}: SequencingFacts): SequencerView {
  const troubles = [...sequencer.troubles, ...feed.troubles];
  return {
    mode: sequencer.mode,
    address,
    registered: leadership?.registered ?? false,
    uncommittedBlocks: sequencer.uncommittedBlocks,
    waitingMessages: sequencer.waitingMessages,
    messages: messagesView(sequencer.deadlines),
    funds: {
      balanceWei: sequencer.funds.balance?.toString() ?? null,
      batches: sequencer.funds.batches,
    },
    lease: { state: fence.state, term: fence.term, other: fence.other?.holder ?? null },
    feed: {
      state: feed.state,
      ahead: feed.ahead,
      // An error that is over is no error: a peer that answers again is one to count on.
      peers: feed.peers.map(({ name, height, standing, lastError }) => ({
        name,
        height,
        error: SILENT.includes(standing) ? (lastError?.message ?? standing) : null,
      })),
      medianMs: feed.latency?.medianMs ?? null,
      conflict: conflictOf(feed),
    },
    troubles: troubles.map(({ part, message, count, since }) => ({ part, message, count, since })),
  };
}
