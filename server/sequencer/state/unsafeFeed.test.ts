import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SealedBlock } from '../../protocol/block.ts';
import type { L2BlockRef } from '../../protocol/refs.ts';
import { chainText, l2Chain } from '../../testing/stringChain.ts';
import {
  type FeedLimits,
  type FeedState,
  type FeedView,
  headOf,
  heldAt,
  INITIAL_FEED_STATE,
  judge,
  planFetch,
  planFork,
  reduceFeed,
  type Vouch,
} from './unsafeFeed.ts';

const LIMITS: FeedLimits = { maxAheadBlocks: 6, maxAheadBytes: 1_000, maxOfferBlocks: 4 };
const LEADER = `0x${'1'.repeat(40)}` as const;
const NOBODY = { leader: null, vouch: null };

/** The view of an engine that holds this chain, with the block of that number as its safe head. */
const viewOf = (chain: string, safe: number, from: string | null = 'p'): FeedView => {
  const refs = l2Chain(chain);
  return { safe: refs[safe]!, unsafe: refs.slice(safe + 1).map((ref) => ({ ...ref, from, bytes: 10 })) };
};
const tip = (chain: string): L2BlockRef => l2Chain(chain).at(-1)!;
/** Blocks [from, …] of a chain, as a peer offers them. */
const blocksOf = (chain: string, from: number): SealedBlock[] =>
  l2Chain(chain).slice(from) as unknown as SealedBlock[];
const offer = (chain: string, from: number, leads = false) => ({ blocks: blocksOf(chain, from), leads });

// what we hold, safe height, peer's head → plan
const PLANS: readonly [string, number, string, object][] = [
  ['ABCD', 1, 'ABCD', { kind: 'nothing', why: 'level' }],
  ['ABCD', 1, 'ABC', { kind: 'nothing', why: 'behind' }],
  ['ABCD', 1, 'A', { kind: 'nothing', why: 'behind' }],
  ['ABCD', 1, 'AX', { kind: 'other_branch' }],
  ['ABCD', 1, 'ABCDEF', { kind: 'extend', from: 4, to: 5 }],
  ['AB', 1, 'ABCDEFGHI', { kind: 'extend', from: 2, to: 5 }],
  ['ABCDEF', 1, 'ABCDEFGHIJKLM', { kind: 'extend', from: 6, to: 7 }],
  ['ABCDEFGH', 1, 'ABCDEFGHIJKLM', { kind: 'nothing', why: 'limit' }],
  ['ABCD', 1, 'ABX', { kind: 'find_fork', low: 1, high: 1 }],
  ['ABCD', 1, 'ABCXY', { kind: 'find_fork', low: 1, high: 2 }],
  ['AB', 1, 'AXY', { kind: 'other_branch' }],
];

// what we hold, safe height, the peer's chain, first block offered → verdict, text of the blocks
const VERDICTS: readonly [string, number, string, number, string, string][] = [
  ['ABC', 1, 'ABCDE', 3, 'extend', 'DE'],
  ['ABC', 1, 'ABCDE', 1, 'extend', 'DE'],
  ['AB', 1, 'ABCDEFGHIJ', 2, 'extend', 'CDEFGH'],
  ['ABC', 1, 'ABC', 2, 'stale', ''],
  ['ABC', 1, 'ABCDE', 4, 'stale', ''],
  ['ABC', 1, 'ABXDE', 3, 'stale', ''],
  ['ABC', 2, 'ABXDE', 3, 'other_branch', ''],
  ['ABC', 2, 'ABXDE', 2, 'other_branch', ''],
  ['ABC', 1, 'ABXDE', 2, 'conflict', 'X'],
];

describe('what is asked of a peer', () => {
  it.each(PLANS)('holding %s, safe %i, a peer at %s', (chain, safe, peer, plan) => {
    expect(planFetch(viewOf(chain, safe), tip(peer), LIMITS)).toEqual(plan);
  });

  it('nothing while the branch is too long to look at, but a foreign safe block is noticed', () => {
    const view = { ...viewOf('ABC', 2), unsafe: null };
    expect(planFetch(view, tip('ABCDE'), LIMITS)).toEqual({ kind: 'nothing', why: 'limit' });
    expect(planFetch(view, tip('ABX'), LIMITS)).toEqual({ kind: 'other_branch' });
  });

  it('a next block on another parent leads to the fork, or below the safe head to nothing', () => {
    expect(planFork(viewOf('ABCDE', 1))).toEqual({ kind: 'find_fork', low: 1, high: 3 });
    expect(planFork(viewOf('AB', 1))).toEqual({ kind: 'other_branch' });
  });
});

describe('a peer’s blocks', () => {
  it.each(VERDICTS)(
    'holding %s, safe %i, offered %s from %i: %s %s',
    (chain, safe, peer, from, kind, text) => {
      const verdict = judge(viewOf(chain, safe), offer(peer, from), NOBODY, LIMITS);
      expect(verdict.kind).toBe(kind);
      if (verdict.kind === 'extend') expect(chainText(verdict.blocks)).toBe(text);
      if (verdict.kind === 'conflict') expect(chainText([verdict.block])).toBe(text);
    },
  );

  it.each([
    ['a gap', [blocksOf('ABCD', 2)[0]!, ...blocksOf('ABCDE', 4)]],
    ['another parent', [blocksOf('ABCD', 2)[0]!, ...blocksOf('ABXD', 3)]],
    ['time standing still', blocksOf('ABCD', 2).map((block) => ({ ...block, timestamp: 1_700_000_004 }))],
    ['time before the head’s', blocksOf('ABCD', 2).map((block) => ({ ...block, timestamp: block.number }))],
  ])('that are no chain are not taken: %s', (_what, blocks) => {
    expect(judge(viewOf('AB', 1), { blocks, leads: false }, NOBODY, LIMITS).kind).toBe('inconsistent');
  });

  it.each([
    // ours shown by the leader, theirs by the leader
    [false, false, 'conflict'],
    [true, true, 'conflict'],
    [false, true, 'replace'],
    [true, false, 'outranked'],
  ])('against ours: vouched for %s, theirs from the leader %s: %s', (vouched, leads, kind) => {
    const vouch: Vouch | null = vouched ? { block: tip('ABCD'), leader: LEADER } : null;
    const verdict = judge(viewOf('ABCDE', 1), offer('ABXY', 2, leads), { leader: LEADER, vouch }, LIMITS);
    expect(verdict).toMatchObject({ kind, at: { height: 2, ours: tip('ABC').hash, oursFrom: 'p' } });
    if (verdict.kind === 'replace') expect(chainText(verdict.dropped)).toBe('CDE');
  });

  it('the word of a leader that lost the lead, or about blocks that are gone, counts as anybody’s', () => {
    const theirs = offer('ABXY', 2, true);
    const old: Vouch = { block: tip('ABCD'), leader: `0x${'2'.repeat(40)}` };
    expect(judge(viewOf('ABCD', 1), theirs, { leader: LEADER, vouch: old }, LIMITS).kind).toBe('replace');
    const gone: Vouch = { block: tip('ABCZ'), leader: LEADER };
    expect(judge(viewOf('ABCD', 1), theirs, { leader: LEADER, vouch: gone }, LIMITS).kind).toBe('replace');
    const lower: Vouch = { block: tip('ABC'), leader: LEADER };
    const above = offer('ABCX', 3, true);
    expect(judge(viewOf('ABCD', 1), above, { leader: LEADER, vouch: lower }, LIMITS).kind).toBe('replace');
  });
});

describe('conflict and resumption', () => {
  const conflict = {
    height: 3,
    ours: tip('ABCD').hash,
    oursFrom: 'p',
    theirs: tip('ABCX').hash,
    theirsFrom: 'q',
    since: 1,
  };
  const halted: FeedState = { kind: 'conflict', conflict };

  it.each([
    ['still the same branch', viewOf('ABCDEF', 2), null],
    ['a branch too long to look at', { ...viewOf('ABC', 2), unsafe: null }, null],
    ['L1 confirmed ours', viewOf('ABCDE', 3), 'decided'],
    ['L1 confirmed theirs', viewOf('ABCX', 3), 'decided'],
    ['ours was rewound', viewOf('ABC', 2), 'rewound'],
    ['ours was replaced', viewOf('ABCZ', 2), 'rewound'],
  ])('%s', (_what, view, why) => {
    const [next, note] = reduceFeed(halted, { kind: 'looked', view });
    expect(next.kind).toBe(why === null ? 'conflict' : 'following');
    expect(note).toEqual(why === null ? null : { kind: 'resumed', conflict, why });
  });

  it('is noted once when it begins, and only while following', () => {
    const action = { kind: 'conflicted', conflict } as const;
    expect(reduceFeed({ kind: 'following' }, action)).toEqual([halted, { kind: 'halted', conflict }]);
    expect(reduceFeed(halted, action)).toEqual([halted, null]);
    expect(reduceFeed(INITIAL_FEED_STATE, action)).toEqual([INITIAL_FEED_STATE, null]);
  });

  it('ends when this node stands down', () => {
    const [next, note] = reduceFeed(halted, { kind: 'stood_down' });
    expect([next.kind, note]).toEqual(['standing_by', { kind: 'resumed', conflict, why: 'stood_down' }]);
    expect(reduceFeed({ kind: 'following' }, { kind: 'stood_down' })).toEqual([
      { kind: 'standing_by' },
      null,
    ]);
  });
});

/** What happens to a feed: a peer shows a chain (leading or not), L1 confirms some of the head's branch, or other blocks. */
const letters = fc.constantFrom('B', 'C', 'X');
const chains = fc.array(letters, { maxLength: 9 }).map((rest) => `A${rest.join('')}`);
const happenings = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('offer'), chain: chains, leads: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('confirm'), blocks: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('l1_says'), chain: chains }) },
  ),
  { maxLength: 30 },
);
type Happening = { kind: string; chain?: string; leads?: boolean; blocks?: number };

/** The feed's decisions on a model of an engine: a text, the safe height, the state, the leader's word. */
interface Model {
  chain: string;
  safe: number;
  state: FeedState;
  vouch: Vouch | null;
}

function offered(model: Model, chain: string, leads: boolean): void {
  const view = viewOf(model.chain, model.safe);
  const safeText = model.chain.slice(0, model.safe + 1);
  const plan = planFetch(view, tip(chain), LIMITS);
  if (plan.kind === 'nothing' || plan.kind === 'other_branch') return;
  let from = plan.kind === 'extend' ? plan.from : plan.low + 1;
  while (from > model.safe + 1 && l2Chain(chain)[from - 1]?.hash !== heldAt(view, from - 1)?.hash) from--;
  const blocks = blocksOf(chain, from).slice(0, LIMITS.maxOfferBlocks);
  const verdict = judge(view, { blocks, leads }, { leader: LEADER, vouch: model.vouch }, LIMITS);
  if (!chain.startsWith(safeText)) expect(['other_branch', 'stale']).toContain(verdict.kind);
  if (verdict.kind === 'conflict') {
    const at = { ...verdict.at, theirsFrom: 'q', since: 0 };
    [model.state] = reduceFeed(model.state, { kind: 'conflicted', conflict: at });
  }
  if (verdict.kind !== 'extend' && verdict.kind !== 'replace') return;
  const last = verdict.blocks.at(-1)!;
  if (verdict.kind === 'extend') expect(chain.startsWith(model.chain)).toBe(true);
  else expect(leads).toBe(true);
  model.chain = chain.slice(0, last.number + 1);
  if (leads) model.vouch = { block: last, leader: LEADER };
}

function happen(model: Model, { kind, chain = 'A', leads = false, blocks = 0 }: Happening): void {
  const before = { ...model };
  if (kind === 'confirm') model.safe = Math.min(model.safe + blocks, model.chain.length - 1);
  // L1 only ever adds to what it has confirmed; it need not be what the peers said.
  if (kind === 'l1_says' && chain.startsWith(model.chain.slice(0, model.safe + 1))) {
    if (!model.chain.startsWith(chain)) model.chain = chain;
    model.safe = chain.length - 1;
  }
  [model.state] = reduceFeed(model.state, { kind: 'looked', view: viewOf(model.chain, model.safe) });
  if (kind === 'offer' && model.state.kind === 'following') offered(model, chain, leads);
  const halted = model.state.kind === 'conflict' && before.state.kind === 'conflict';
  if (kind === 'offer' && halted) expect(model.chain).toBe(before.chain);
  if (kind === 'offer')
    expect(model.chain.slice(0, model.safe + 1)).toBe(before.chain.slice(0, before.safe + 1));
  if (model.state.kind === 'conflict') expect(model.state.conflict.height).toBeGreaterThan(model.safe);
}

describe('whatever peers and L1 say', () => {
  it('safe blocks never move, nothing is taken in a conflict or beyond the bound, and L1 always ends it', () => {
    fc.assert(
      fc.property(happenings, (list) => {
        const model: Model = { chain: 'A', safe: 0, state: { kind: 'following' }, vouch: null };
        for (const one of list) {
          const before = headOf(viewOf(model.chain, model.safe)).number;
          happen(model, one as Happening);
          if (one.kind === 'offer') {
            const bound = Math.max(before, model.safe + LIMITS.maxAheadBlocks);
            expect(model.chain.length - 1).toBeLessThanOrEqual(bound);
          }
        }
        happen(model, { kind: 'confirm', blocks: model.chain.length });
        expect(model.state.kind).toBe('following');
      }),
      { numRuns: 2_000 },
    );
  });
});
