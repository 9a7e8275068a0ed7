import { describe, expect, it } from 'vitest';
import { BATCH_STATUSES, CAUSES } from '../../server/api/chainViews.ts';
import { activityInput, batchListInput, leadersInput, reorgsInput } from '../../server/api/historyViews.ts';
import {
  ACTIVITY_FILTERS,
  activityWish,
  batchWish,
  CAUSE_CHOICES,
  exportSearch,
  filtersIn,
  keyOf,
  leaderWish,
  reorgWish,
  STATUS_CHOICES,
  searchOf,
} from './filters.ts';
import { changedSearch } from './useAddress.ts';

const NOW = Date.UTC(2026, 10, 21, 14, 2, 40);
const of = (text: string) => new URLSearchParams(text);

describe('filters in an address', () => {
  it('offer every cause and status that the API knows', () => {
    expect(CAUSE_CHOICES).toEqual(CAUSES);
    expect(STATUS_CHOICES).toEqual(BATCH_STATUSES);
  });

  it('become what the API takes', () => {
    const reorgs = reorgWish(of('range=24h&layer=L2&cause=LEADER_HANDOVER&minDepth=3&q=0xab'), NOW);
    expect(reorgsInput.parse(reorgs)).toMatchObject({
      layer: 'L2',
      cause: 'LEADER_HANDOVER',
      minDepth: 3,
      q: '0xab',
    });
    expect(reorgs.from).toBe(Date.UTC(2026, 10, 20, 14, 2));
    expect(filtersIn(reorgs)).toBe(5);
    expect(batchListInput.parse(batchWish(of('status=orphaned'), NOW))).toMatchObject({ status: 'orphaned' });
    expect(leadersInput.parse(leaderWish(of(`who=0x${'AB'.repeat(20)}`)))).toMatchObject({
      leader: `0x${'ab'.repeat(20)}`,
    });
    expect(leadersInput.parse(leaderWish(of('missed=1')))).toMatchObject({ missed: true });
    expect(filtersIn(leaderWish(of('missed=0')))).toBe(0);
    expect(exportSearch(leaderWish(of('missed=1'))).toString()).toBe('missed=true');
    expect(activityInput.parse(activityWish(of('kinds=reorg,operator&actor=ana'), NOW))).toMatchObject({
      kinds: ['reorg', 'operator'],
      actor: 'ana',
    });
  });

  it.each(['layer=L3&cause=x&minDepth=-1&range=9y', 'minDepth=1e9&q=%20', 'kinds=,evil&actor='])(
    'that are none of ours filter nothing: %s',
    (text) => {
      for (const wish of [reorgWish(of(text), NOW), batchWish(of(text), NOW), activityWish(of(text), NOW)]) {
        expect(filtersIn(wish)).toBe(0);
      }
    },
  );

  it('go to the exports whole', () => {
    const wish = activityWish(of('kinds=reorg,leader&q=a%26b&range=1h'), NOW);
    const search = exportSearch(wish);
    expect(search.get('kinds')).toBe('reorg,leader');
    expect(search.get('q')).toBe('a&b');
    expect(search.get('from')).toBe(String(wish.from));
    expect(search.has('limit')).toBe(false);
  });

  it('are one key whatever their order, and one value each', () => {
    expect(keyOf(of('q=1&range=1h'), ACTIVITY_FILTERS)).toBe(keyOf(of('range=1h&q=1'), ACTIVITY_FILTERS));
    expect(searchOf({ q: ['a', 'b'], x: undefined }).toString()).toBe('q=a');
  });

  it('change without touching what else is in the address', () => {
    expect(changedSearch('?at=5&q=x', { q: null, layer: 'L1' })).toBe('?at=5&layer=L1');
    expect(changedSearch('?q=x', { q: '' })).toBe('');
  });
});
