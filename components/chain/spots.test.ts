import { describe, expect, it } from 'vitest';
import { createScriptedNode } from '../../server/testing/scriptedNode.ts';
import { layoutLanes, stepOf } from '../lanes/layout.ts';
import { across, beside, endOf, isChosen, type Spot, spotsOf } from './spots.ts';

const NOW = Date.UTC(2026, 10, 21, 14, 2, 40);
const { lanes, heads } = createScriptedNode('recovered', () => NOW).status();
const picture = layoutLanes(lanes, heads);
const spots = spotsOf(picture, stepOf());
const nameOf = (spot: Spot | null): string | undefined => spot?.name.replaceAll('\u202f', ' ');

describe('what the keys reach in the picture', () => {
  it('walks a lane to both of its ends, and no further', () => {
    const [first, last] = [endOf(spots, 0, false)!, endOf(spots, 0, true)!];
    expect(beside(spots, first, -1)).toBeNull();
    expect(beside(spots, last, 1)).toBeNull();
    let at: Spot | null = first;
    let steps = 0;
    while (at !== null && at.key !== last.key) {
      at = beside(spots, at, 1);
      steps += 1;
    }
    expect(steps).toBe(picture.columns.length - 1);
  });

  it('goes from L1 over the orphans and batches to L2 and back, to what is nearest', () => {
    const from = spots.find(({ name }) => name.startsWith('L1 block 21\u202f304\u202f117, unsafe'))!;
    const orphan = across(spots, from, 1)!;
    expect(nameOf(orphan)).toMatch(/^L1 block 21 304 117, orphaned/);
    const batch = across(spots, orphan, 1)!;
    expect(nameOf(batch)).toBe('Batch 901, safe');
    const run = across(spots, batch, 1)!;
    expect(nameOf(run)).toMatch(/^L2 blocks 8 412 067 to 8 412 072, safe, batch 901$/);
    expect(across(spots, run, 1)).toBeNull();
    expect(across(spots, from, -1)).toBeNull();
    expect(across(spots, run, -1)?.key).toBe(batch.key);
  });

  it('takes a run for chosen when it holds the L2 block that is', () => {
    const runs = picture.columns.flatMap(({ run }) => (run === null ? [] : [run]));
    const chosen = spots.filter((spot) => isChosen(spot, { kind: 'l2', number: 8_412_069 }, runs));
    expect(chosen.map(nameOf)).toEqual(['L2 blocks 8 412 067 to 8 412 072, safe, batch 901']);
    expect(spots.some((spot) => isChosen(spot, null, runs))).toBe(false);
  });
});
