import { describe, expect, it } from 'vitest';
import { createScriptedNode } from '../../server/testing/scriptedNode.ts';
import { SCENARIOS, type Scenario } from '../../server/testing/scriptedStatus.ts';
import { cadenceOf } from '../cadence.ts';
import { GEOMETRY, layoutLanes, SHOWN_L1_BLOCKS } from './layout.ts';

const NOW = Date.UTC(2026, 10, 21, 14, 2, 40);
const statusOf = (scenario: Scenario) => createScriptedNode(scenario, () => NOW).status();
const pictureOf = (scenario: Scenario) => {
  const { lanes, heads } = statusOf(scenario);
  return layoutLanes(lanes, heads);
};

describe('the alignment picture', () => {
  it.each(SCENARIOS)('stays inside its frame: %s', (scenario) => {
    const picture = pictureOf(scenario);
    expect(picture.columns.length).toBeLessThanOrEqual(SHOWN_L1_BLOCKS);
    const runs = [
      ...picture.columns.flatMap((column) => column.run ?? []),
      ...(picture.tail === null ? [] : [picture.tail]),
    ];
    for (const { x, width } of runs) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x + width).toBeLessThanOrEqual(GEOMETRY.width);
    }
    for (const { x } of picture.marks) expect(x).toBeLessThanOrEqual(GEOMETRY.width);
  });

  it('hangs true when L1 is derived to its head', () => {
    const { plumb } = pictureOf('aligned');
    expect(plumb).toMatchObject({ behind: 0, offLeft: false, blockedBy: null });
    expect(plumb?.bottom).toBe(plumb?.top);
  });

  it('leaves the picture to the left when derivation is far behind', () => {
    expect(pictureOf('catching-up').plumb).toMatchObject({ behind: 4_120, offLeft: true });
  });

  it('points at the dropped batch that holds L2 back', () => {
    const status = statusOf('invalid-batch');
    const picture = layoutLanes(status.lanes, status.heads);
    const column = picture.columns.find((one) => one.run?.state === 'dropped');
    expect(picture.plumb).toMatchObject({ blockedBy: status.batches[0]!.number, bottom: column?.x });
  });

  it('hangs orphans below, from the common ancestor on', () => {
    const picture = pictureOf('reorg');
    expect(picture.orphans.map((orphan) => orphan.fromOrphan)).toEqual([false, true]);
    const ancestor = picture.columns.find(
      (column) => column.block.number === picture.orphans[0]!.block.number - 1,
    );
    expect(picture.orphans[0]!.parentX).toBe(ancestor?.x);
  });

  it('puts heads that are one block under one mark', () => {
    expect(pictureOf('reorg').marks.map((mark) => mark.kinds)).toContainEqual(['safe', 'unsafe']);
  });

  it('collapses long runs to a bar and keeps short ones as cells', () => {
    expect(new Set(pictureOf('huge').columns.map((column) => column.run?.cells))).toEqual(
      new Set([1, undefined]),
    );
    expect(new Set(pictureOf('aligned').columns.map((column) => column.run?.cells))).toEqual(
      new Set([6, undefined]),
    );
  });

  it('shows blocks that were not decoded as not known', () => {
    expect(pictureOf('catching-up').columns.flatMap((column) => column.run?.state ?? [])).toEqual(
      Array(10).fill('missing'),
    );
  });
});

describe('the posting cadence', () => {
  it('is measured between L1 blocks that hold batches, however many each holds', () => {
    expect(cadenceOf(statusOf('huge').batches)?.beats.map((beat) => beat.seconds)).toEqual(
      cadenceOf(statusOf('aligned').batches)?.beats.map((beat) => beat.seconds),
    );
    expect(cadenceOf(statusOf('aligned').batches)?.longest).toBe(24);
  });

  it('is silent while there are too few', () => {
    expect(cadenceOf(statusOf('empty').batches)).toBeNull();
  });
});
