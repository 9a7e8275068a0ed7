import type { SequencerView, StatusView } from '../api/views.ts';
import { hashOf, SEQUENCERS } from './scriptedLabels.ts';

/** Three nodes that may lead, seen from one of them: while it leads, while it follows, and in a conflict. */

const TERM = 32;
const TERMS_SHOWN = 6;
const [US, SECOND, THIRD] = SEQUENCERS;

const FLEET: StatusView['fleet'] = [
  { name: 'scripted', url: 'http://localhost:3000' },
  { name: 'node-2', url: 'http://localhost:3001' },
  { name: 'node-3', url: 'http://localhost:3002' },
];

/** The present term and those after it, with `order[0]` leading now. */
function leaderOf(base: StatusView, order: readonly string[]): StatusView['leader'] {
  const term = base.leader.term!;
  const upcoming = Array.from({ length: TERMS_SHOWN }, (_, i) => ({
    first: term.first + i * TERM,
    last: term.last + i * TERM,
    leader: order[i % order.length]!,
  }));
  return { ...base.leader, address: order[0]!, isUs: order[0] === US, next: order[1]!, upcoming };
}

const NO_FEED: SequencerView['feed'] = {
  state: 'standing_by',
  ahead: null,
  peers: [],
  medianMs: null,
  conflict: null,
};

function following(base: StatusView): SequencerView {
  const height = base.heads.unsafe!.number;
  const peers = [
    { name: 'node-2', height, error: null },
    { name: 'node-3', height: height - 1, error: null },
  ];
  return {
    mode: 'Following',
    address: US,
    registered: true,
    uncommittedBlocks: 0,
    waitingMessages: 2,
    funds: { balanceWei: '2000000000000000000', batches: 812 },
    messages: [60, 48].map((age, index) => ({
      hash: hashOf(`message ${index}`),
      included: false,
      deadline: base.at + (3_000 - age) * 1_000,
      warnAt: base.at + (2_400 - age) * 1_000,
    })),
    lease: { state: 'held', term: 4, other: null },
    feed: {
      state: 'following',
      ahead: height - base.heads.safe!.number,
      peers,
      medianMs: 84,
      conflict: null,
    },
    troubles: [],
  };
}

/** It is our turn: seven blocks are built and on no L1 yet. */
export const leading = (base: StatusView): StatusView => ({
  ...base,
  fleet: FLEET,
  leader: leaderOf(base, [US, SECOND, THIRD]),
  sequencer: {
    ...following(base),
    mode: 'Sequencing',
    uncommittedBlocks: base.heads.unsafe!.number - base.heads.safe!.number,
    feed: NO_FEED,
  },
});

/** Another leads, and its new blocks come from two peers before L1 has them. */
export const followingWithFeed = (base: StatusView): StatusView => ({
  ...base,
  fleet: FLEET,
  leader: leaderOf(base, [SECOND, THIRD, US]),
  sequencer: following(base),
});

/** Two blocks of one height: the feed stands still until L1 decides, and another part has a trouble of its own. */
export function feedConflict(base: StatusView, now: number): StatusView {
  const status = followingWithFeed(base);
  const height = base.heads.unsafe!.number;
  const ours = base.heads.unsafe!.hash;
  const sequencer = following(base);
  const refused = 'connection refused (127.0.0.1:8551)';
  return {
    ...status,
    sequencer: {
      ...sequencer,
      feed: {
        ...sequencer.feed,
        state: 'conflict',
        peers: [sequencer.feed.peers[0]!, { name: 'node-3', height: null, error: refused }],
        conflict: `two blocks are shown at height ${height}: ${ours} here, ${hashOf(`l2 ${height}x`)} by node-2`,
      },
      troubles: [
        {
          part: 'peer node-3',
          message: refused,
          count: 14,
          since: now - 21_000,
        },
      ],
    },
  };
}
