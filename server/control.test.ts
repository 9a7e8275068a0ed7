import { describe, expect, it } from 'vitest';
import { dutyOf } from './control.ts';
import type { SequencingFacts } from './status/sequencing.ts';

const [US, OTHER] = [`0x${'a'.repeat(40)}`, `0x${'b'.repeat(40)}`] as const;

const facts = (
  mode: SequencingFacts['sequencer']['mode'],
  nextBatch: number,
  leaders: readonly (typeof US | typeof OTHER)[],
): SequencingFacts =>
  ({
    address: US,
    sequencer: { mode },
    leadership: {
      nextBatch,
      upcoming: leaders.map((leader, term) => ({ first: term * 4, last: term * 4 + 3, leader })),
    },
  }) as unknown as SequencingFacts;

describe('what a node owes its rollup', () => {
  it.each([
    ['leads', facts('Sequencing', 5, [OTHER, US]), { kind: 'leading' }],
    [
      'leads with the next batch, and is not ready yet',
      facts('Syncing', 4, [OTHER, US]),
      { kind: 'soon', batches: 0 },
    ],
    ['leads in two batches', facts('Following', 6, [US, OTHER, US]), { kind: 'soon', batches: 2 }],
    ['leads in three batches', facts('Following', 5, [US, OTHER, US]), { kind: 'none' }],
    ['never leads', facts('Following', 5, [OTHER, OTHER]), { kind: 'none' }],
  ])('%s', (_, seen, duty) => {
    expect(dutyOf(seen)).toEqual(duty);
  });

  it('is nothing where there is no sequencer, or the registry was not read', () => {
    expect(dutyOf(null)).toEqual({ kind: 'none' });
    expect(dutyOf({ ...facts('Following', 1, []), leadership: null })).toEqual({ kind: 'none' });
  });
});
