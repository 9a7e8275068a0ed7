import type { SequencerView } from '../server/api/views.ts';
import { count, groupDigits } from './format.ts';
import type { Shape, Tone } from './words.ts';

/** The unsafe feed in one line. `conflict` is said in the node's own words, with both hashes. */
export interface FeedLine {
  readonly shape: Shape;
  readonly tone: Tone;
  readonly text: string;
}

const NAME = 'Fast confirmations';

const ahead = (blocks: number | null): string => {
  if (blocks === null) return 'not known how far ahead of L1';
  return blocks <= 0 ? 'level with L1' : `${count(blocks, 'block')} ahead of L1`;
};

const latency = (ms: number | null): string =>
  ms === null ? 'no block timed yet' : `median ${groupDigits(Math.round(ms))}\u00a0ms`;

const peersOf = (peers: SequencerView['feed']['peers']): string => {
  const answering = peers.filter(({ error }) => error === null).length;
  return answering === peers.length
    ? count(peers.length, 'peer')
    : `${answering} of ${count(peers.length, 'peer')}`;
};

/** What fast confirmations do, or why they stand still. */
export const feedLine = ({ mode, feed }: Pick<SequencerView, 'mode' | 'feed'>): FeedLine => {
  if (feed.conflict !== null) {
    return { shape: 'pause', tone: 'stop', text: `${NAME} stand still: ${feed.conflict}` };
  }
  if (mode === 'Sequencing') {
    return { shape: 'ring', tone: 'mute', text: `${NAME}: none taken, this node builds the blocks` };
  }
  if (feed.peers.length === 0) {
    return { shape: 'ring', tone: 'mute', text: `${NAME}: off, this node was told of no peers` };
  }
  if (feed.state !== 'following') {
    const until = 'standing by until this node has every committed block';
    return { shape: 'ring', tone: 'mute', text: `${NAME}: ${until}` };
  }
  const silent = feed.peers.every(({ error }) => error !== null);
  if (silent) {
    const none = `none of ${count(feed.peers.length, 'peer')} answers, ${ahead(feed.ahead)}`;
    return { shape: 'triangle', tone: 'warn', text: `${NAME}: ${none}` };
  }
  const facts = [peersOf(feed.peers), latency(feed.medianMs), ahead(feed.ahead)].join(', ');
  return { shape: 'disc', tone: 'ok', text: `${NAME}: ${facts}` };
};
