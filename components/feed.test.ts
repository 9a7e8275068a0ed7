import { describe, expect, it } from 'vitest';
import type { SequencerView } from '../server/api/views.ts';
import { feedLine } from './feed.ts';

const PEERS = [
  { name: 'node-2', height: 12, error: null },
  { name: 'node-3', height: 12, error: null },
];
const FEED: SequencerView['feed'] = {
  state: 'following',
  ahead: 3,
  peers: PEERS,
  medianMs: 84.4,
  conflict: null,
};
const line = (over: Partial<SequencerView['feed']> = {}, mode: SequencerView['mode'] = 'Following') =>
  feedLine({ mode, feed: { ...FEED, ...over } });
/** With plain spaces, as one reads it. */
const text = (...args: Parameters<typeof line>): string => line(...args).text.replace(/\s/g, ' ');

describe('fast confirmations in one line', () => {
  it('tell peers, median and how far ahead of L1', () => {
    expect(text()).toBe('Fast confirmations: 2 peers, median 84 ms, 3 blocks ahead of L1');
    expect(line().tone).toBe('ok');
  });

  it('count only the peers that answer', () => {
    const peers = [PEERS[0]!, { name: 'node-3', height: null, error: 'refused' }];
    expect(text({ peers, ahead: 0 })).toContain('1 of 2 peers, median 84 ms, level with L1');
  });

  it('say that no peer answers instead of a median of the past', () => {
    const peers = PEERS.map((peer) => ({ ...peer, error: 'refused' }));
    expect(text({ peers })).toBe('Fast confirmations: none of 2 peers answers, 3 blocks ahead of L1');
    expect(line({ peers }).tone).toBe('warn');
  });

  it('make up no number that is not known', () => {
    expect(text({ medianMs: null, ahead: null })).toBe(
      'Fast confirmations: 2 peers, no block timed yet, not known how far ahead of L1',
    );
  });

  it('stand still in a conflict, in words of the node, whatever the mode', () => {
    const conflict = `two blocks are shown at height 7: 0x${'a'.repeat(64)} here, 0x${'b'.repeat(64)} by node-2`;
    expect(line({ conflict, state: 'conflict' })).toMatchObject({ tone: 'stop', shape: 'pause' });
    expect(line({ conflict, state: 'conflict' }).text).toContain(conflict);
    expect(line({ conflict, state: 'conflict' }, 'Syncing').text).toContain(conflict);
  });

  it('say why nothing is taken', () => {
    expect(text({ state: 'standing_by' }, 'Sequencing')).toContain('this node builds the blocks');
    expect(text({ state: 'standing_by' }, 'Syncing')).toContain('every committed block');
    expect(text({ peers: [] })).toContain('told of no peers');
  });
});
