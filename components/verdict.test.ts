import { describe, expect, it } from 'vitest';
import type { StatusAnswer } from '../server/api/views.ts';
import { createScriptedNode } from '../server/testing/scriptedNode.ts';
import type { Scenario } from '../server/testing/scriptedStatus.ts';
import { claimOf, titleOf } from './verdict.ts';

const NOW = Date.UTC(2026, 10, 21, 14, 2, 40);
const LIVE = { kind: 'live' } as const;

const answerOf = (scenario: Scenario): StatusAnswer => ({
  kind: 'status',
  now: NOW,
  status: createScriptedNode(scenario, () => NOW).status(),
});

describe('what the page claims', () => {
  it("is the node's verdict while both layers are fresh", () => {
    expect(claimOf(answerOf('aligned'), LIVE, NOW)).toMatchObject({
      word: { word: 'Aligned' },
      lastKnown: null,
      stale: false,
    });
  });

  it('is Unknown with the last known when the page is cut off', () => {
    const claim = claimOf(answerOf('halted'), { kind: 'offline', lastAgo: 12_000 }, NOW);
    expect(claim).toMatchObject({ word: { word: 'Unknown' }, lastKnown: { word: 'Halted' }, stale: true });
    expect(claim.asOf).toBe(NOW - 12_000);
  });

  it('is Unknown when the driver is silent for two intervals, though the page is live', () => {
    const claim = claimOf(answerOf('aligned'), LIVE, NOW + 9_000);
    expect(claim).toMatchObject({ word: { word: 'Unknown' }, lastKnown: { word: 'Aligned' }, stale: true });
  });

  it('stays while the stream is being mended', () => {
    expect(claimOf(answerOf('aligned'), { kind: 'reconnecting', lastAgo: 4_000 }, NOW + 4_000).stale).toBe(
      false,
    );
  });

  it('names the host that a first start waits for', () => {
    expect(claimOf(answerOf('first-start'), LIVE, NOW).sentence).toBe(
      'Waiting for the first L1 block from 127.0.0.1:8545.',
    );
  });

  it('never shows a verdict of a node that is not there', () => {
    const none: StatusAnswer = { kind: 'no_node', now: NOW, sentence: 'No node is running in this process.' };
    expect(claimOf(none, LIVE, NOW)).toMatchObject({ word: { word: 'Unknown' }, sentence: none.sentence });
    expect(titleOf(none, false)).toBe('◌ No node · Plumbline');
  });
});
