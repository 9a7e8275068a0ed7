import { describe, expect, it } from 'vitest';
import { statusView } from '../api/views.ts';
import { createScriptedNode } from './scriptedNode.ts';
import { SCENARIOS } from './scriptedStatus.ts';

const NOW = Date.UTC(2026, 10, 21, 14, 2, 40);

describe('a scripted node', () => {
  it.each(SCENARIOS)('tells a status of the agreed shape: %s', (scenario) => {
    const node = createScriptedNode(scenario, () => NOW);
    for (let step = 0; step < 4; step++) {
      expect(statusView.safeParse(node.status()).error?.issues).toBeUndefined();
      node.advance();
    }
  });

  it('gives the same object until something changes', () => {
    const node = createScriptedNode('aligned', () => NOW);
    const before = node.status();
    expect(node.status()).toBe(before);
    node.advance();
    expect(node.status()).not.toBe(before);
    expect(node.status().version).toBeGreaterThan(before.version);
  });

  it('keeps a batch in its L1 block while the chain grows', () => {
    const node = createScriptedNode('aligned', () => NOW);
    const before = node.status().batches[0]!;
    node.advance();
    node.advance();
    const after = node.status().batches.find((batch) => batch.number === before.number);
    expect(after?.l1Block.number).toBe(before.l1Block.number);
    expect(after?.txHash).toBe(before.txHash);
  });
});
