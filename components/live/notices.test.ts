import { describe, expect, it } from 'vitest';
import type { StatusAnswer } from '../../server/api/views.ts';
import { createScriptedNode } from '../../server/testing/scriptedNode.ts';
import type { Scenario } from '../../server/testing/scriptedStatus.ts';
import { DEFAULT_SETTINGS } from '../settings/settings.ts';
import { noticesOf } from './notices.ts';

const NOW = Date.UTC(2026, 10, 21, 14, 2, 40);
const node = createScriptedNode('aligned', () => NOW);
const at = (scenario: Scenario): StatusAnswer => {
  node.show(scenario);
  return { kind: 'status', now: NOW, status: node.status() };
};
const ALL = { ...DEFAULT_SETTINGS.notify, ownTurn: true };

describe('notices', () => {
  it('tell of each new reorg that is deep enough, once', () => {
    const [before, after] = [at('aligned'), at('reorg')];
    expect(noticesOf(before, after, ALL).map(({ title }) => title)).toEqual([
      '↯ L1 reorg, depth 2 · scripted',
      '↯ L2 reorg, depth 4 · scripted',
    ]);
    expect(noticesOf(before, after, { ...ALL, reorgDepth: 3 })).toHaveLength(1);
    expect(noticesOf(before, after, { ...ALL, reorgDepth: 0 })).toEqual([]);
    expect(noticesOf(after, at('recovered'), ALL)).toEqual([]);
  });

  it('tell of a verdict that somebody has to look at, and not of a better one', () => {
    const [good, bad] = [at('aligned'), at('l1-down')];
    expect(noticesOf(good, bad, ALL)).toMatchObject([{ title: '■ Stalled · scripted', path: '/health' }]);
    expect(noticesOf(bad, good, ALL)).toEqual([]);
    expect(noticesOf(good, bad, { ...ALL, verdict: false })).toEqual([]);
  });

  it('tell of our own turn when it begins', () => {
    const [others, ours] = [at('following-with-feed'), at('leading')];
    expect(noticesOf(others, ours, ALL)).toMatchObject([{ id: 'turn-902' }]);
    expect(noticesOf(ours, others, ALL)).toEqual([]);
    expect(noticesOf(others, ours, DEFAULT_SETTINGS.notify)).toEqual([]);
  });

  it('say nothing across a restart: everything would be new', () => {
    const before = at('aligned');
    const other = createScriptedNode('reorg', () => NOW + 60_000);
    expect(noticesOf(before, { kind: 'status', now: NOW, status: other.status() }, ALL)).toEqual([]);
  });
});
