import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ZERO_ADDRESS } from '../../protocol/refs.ts';
import { NaiveRegistry, nameOf, sequencer } from '../../testing/registryWorld.ts';
import type { RegistryOperation, RegistryState } from './registry.ts';
import {
  applyOperation,
  batchesLeftFor,
  emptyRegistry,
  leaderOf,
  leadSequencerForBatch,
  MIN_COLLATERAL,
  termOf,
  upcomingLeaders,
} from './registry.ts';

const [A, B, C, D] = ['A', 'B', 'C', 'D'].map(sequencer) as [
  `0x${string}`,
  `0x${string}`,
  `0x${string}`,
  `0x${string}`,
];
const register = (address: `0x${string}`, collateral = MIN_COLLATERAL): RegistryOperation => ({
  kind: 'registered',
  sequencer: address,
  collateral,
});
const unregister = (address: `0x${string}`): RegistryOperation => ({
  kind: 'unregistered',
  sequencer: address,
});

/** Applies operations that must all be accepted. */
function state(batchesPerSequencer: number, ...operations: readonly RegistryOperation[]): RegistryState {
  return operations.reduce((before, operation) => {
    const after = applyOperation(before, operation);
    if (!after.ok) throw new Error(after.error);
    return after.value;
  }, emptyRegistry(batchesPerSequencer));
}
const committed = (before: RegistryState, count: number): RegistryState =>
  Array.from({ length: count }).reduce<RegistryState>((now) => {
    const after = applyOperation(now, { kind: 'committed', batch: now.lastCommittedBatch + 1 });
    if (!after.ok) throw new Error(after.error);
    return after.value;
  }, before);
const listOf = (of: RegistryState): string => of.sequencers.map(({ address }) => nameOf(address)).join('');

describe('terms', () => {
  test.each([
    [1, 32, { first: 1, last: 31, left: 31 }],
    [31, 32, { first: 1, last: 31, left: 1 }],
    [32, 32, { first: 32, last: 63, left: 32 }],
    [63, 32, { first: 32, last: 63, left: 1 }],
    [64, 32, { first: 64, last: 95, left: 32 }],
    [1, 2, { first: 1, last: 1, left: 1 }],
    [1, 1, { first: 1, last: 1, left: 1 }],
    [5, 1, { first: 5, last: 5, left: 1 }],
  ])('batch %i, terms of %i: %o', (batch, length, term) => {
    expect(termOf(batch, length)).toEqual(term);
  });

  test('with two sequencers batches 1 to 31 are the first one’s, 32 to 63 the second one’s, 64 the first one’s', () => {
    const two = state(32, register(A), register(B));
    const leaders = [1, 31, 32, 63, 64].map((batch) => nameOf(leadSequencerForBatch(two, batch)));
    expect(leaders.join('')).toBe('AABBA');
    expect(upcomingLeaders(two, 1, 3)).toEqual([
      { first: 1, last: 31, leader: A },
      { first: 32, last: 63, leader: B },
      { first: 64, last: 95, leader: A },
    ]);
    expect(upcomingLeaders(two, 40, 2).map((term) => term.first)).toEqual([32, 64]);
  });

  test('a leader has the rest of its term, one without others no end, and who does not lead nothing', () => {
    const two = committed(state(4, register(A), register(B)), 2);
    expect(batchesLeftFor(two, A, 2)).toBe(1);
    expect(batchesLeftFor(two, B, 2)).toBe(0);
    expect(batchesLeftFor(two, A, 3)).toBe(0);
    expect(batchesLeftFor(two, B, 3)).toBe(4);
    expect(batchesLeftFor(state(4, register(A)), A, 2)).toBe(Number.POSITIVE_INFINITY);
    expect(batchesLeftFor(emptyRegistry(4), A, 0)).toBe(0);
  });
});

describe('the list', () => {
  test('who is unregistered is replaced by the last one, so turns change at once', () => {
    const four = state(2, register(A), register(B), register(C), register(D));
    expect(nameOf(leaderOf(four))).toBe('A');
    const three = state(2, register(A), register(B), register(C), register(D), unregister(A));
    expect(listOf(three)).toBe('DBC');
    expect(nameOf(leaderOf(three))).toBe('D');
    expect(listOf(state(2, register(A), register(B), unregister(B)))).toBe('A');
  });

  test('without sequencers nobody leads, now or later, and nobody commits', () => {
    const none = state(2, register(A), unregister(A));
    expect(leaderOf(none)).toBe(null);
    expect(upcomingLeaders(none, 1, 2).map((term) => term.leader)).toEqual([null, null]);
    expect(applyOperation(none, { kind: 'committed', batch: 1 })).toEqual({
      ok: false,
      error: 'nobody_leads',
    });
  });

  test('what the contracts refuse is refused, by name', () => {
    const one = state(2, register(A));
    const refusal = (operation: RegistryOperation): unknown => {
      const answer = applyOperation(one, operation);
      return answer.ok ? null : answer.error;
    };
    expect(refusal(register(A))).toBe('already_registered');
    expect(refusal(register(B, MIN_COLLATERAL - 1n))).toBe('insufficient_collateral');
    expect(refusal(unregister(B))).toBe('not_registered');
    expect(refusal({ kind: 'committed', batch: 2 })).toBe('not_successor');
  });

  test('who committed is remembered when the list has changed, for the newest batches', () => {
    const before = committed(state(2, register(A), register(B)), 200);
    const left = applyOperation(before, unregister(A));
    if (!left.ok) throw new Error(left.error);
    expect(nameOf(leadSequencerForBatch(left.value, 196))).toBe('A');
    expect(leadSequencerForBatch(left.value, 200 - 128)).toBe(null);
    expect(left.value.committers.size).toBe(128);
  });
});

type Command =
  | { readonly kind: 'register'; readonly who: number; readonly milliEther: number }
  | { readonly kind: 'unregister'; readonly who: number }
  | { readonly kind: 'commit'; readonly who: number | 'leader'; readonly ahead: number }
  | { readonly kind: 'reorg'; readonly depth: number };

const NAMES = ['A', 'B', 'C', 'D', 'E'].map(sequencer);
const who = fc.nat({ max: NAMES.length - 1 });
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('register' as const),
      who,
      milliEther: fc.constantFrom(999, 1000, 5000),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('unregister' as const), who }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      who: fc.oneof({ weight: 4, arbitrary: fc.constant('leader' as const) }, { weight: 1, arbitrary: who }),
      ahead: fc.constantFrom(1, 1, 1, 1, 0, 2),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('reorg' as const), depth: fc.integer({ min: 1, max: 4 }) }),
  },
);

/** Runs a command on both; answers whether each accepted it. */
function apply(model: RegistryState, naive: NaiveRegistry, each: Exclude<Command, { kind: 'reorg' }>) {
  const attempt = (call: () => void): boolean => {
    try {
      call();
      return true;
    } catch {
      return false;
    }
  };
  if (each.kind === 'register') {
    const collateral = BigInt(each.milliEther) * 10n ** 15n;
    const address = NAMES[each.who]!;
    const after = applyOperation(model, { kind: 'registered', sequencer: address, collateral });
    return { after, accepted: attempt(() => naive.register(address, collateral)) };
  }
  if (each.kind === 'unregister') {
    const address = NAMES[each.who]!;
    return {
      after: applyOperation(model, unregister(address)),
      accepted: attempt(() => naive.unregister(address)),
    };
  }
  const sender = each.who === 'leader' ? naive.leaderSequencer() : NAMES[each.who]!;
  const batch = naive.lastCommittedBatch + each.ahead;
  // The event has no sender: who commits without the right is the contract's business, and leaves no event.
  const accepted = sender !== ZERO_ADDRESS && attempt(() => naive.commitBatch(batch, sender));
  const tried = each.who === 'leader' || accepted;
  return { after: tried ? applyOperation(model, { kind: 'committed', batch }) : null, accepted };
}

function expectSame(model: RegistryState, naive: NaiveRegistry): void {
  const real = (address: `0x${string}` | null): `0x${string}` => address ?? ZERO_ADDRESS;
  const problems: string[] = [];
  const same = (what: string, a: unknown, b: unknown): void => {
    if (a !== b) problems.push(`${what}: ${a} is not ${b}`);
  };
  same(
    'list',
    model.sequencers.map((s) => `${s.address}:${s.collateral}`).join(),
    naive.sequencers.map((s) => `${s}:${naive.collateral[s]}`).join(),
  );
  same('counter', model.lastCommittedBatch, naive.lastCommittedBatch);
  same('leader', real(leaderOf(model)), naive.leaderSequencer());
  const next = naive.lastCommittedBatch + 1;
  for (let batch = 0; batch < next + 3 * naive.BATCHES_PER_SEQUENCER; batch++) {
    same(`leader of ${batch}`, real(leadSequencerForBatch(model, batch)), naive.leadSequencerForBatch(batch));
  }
  for (const term of upcomingLeaders(model, next, 3)) {
    same(
      `first of term ${term.first}`,
      real(term.leader),
      naive.leadSequencerForBatch(Math.max(next, term.first)),
    );
    same(`last of term ${term.first}`, real(term.leader), naive.leadSequencerForBatch(term.last));
  }
  for (const address of NAMES)
    same(`left for ${address}`, batchesLeftFor(model, address, next - 1), leftBySearch(naive, address));
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

/** Counts instead of calculating. */
function leftBySearch(naive: NaiveRegistry, address: `0x${string}`): number {
  const next = naive.lastCommittedBatch + 1;
  for (let count = 0; count <= 2 * naive.BATCHES_PER_SEQUENCER; count++) {
    if (naive.leadSequencerForBatch(next + count) !== address) return count;
  }
  return Number.POSITIVE_INFINITY;
}

test('any sequence of calls and reorgs leads to what the contract says', { timeout: 120_000 }, () => {
  const kinds = new Map<string, number>();
  fc.assert(
    fc.property(
      fc.array(command, { minLength: 1, maxLength: 24, size: 'max' }),
      fc.integer({ min: 1, max: 5 }),
      (commands, batchesPerSequencer) => {
        let branch = [
          { model: emptyRegistry(batchesPerSequencer), naive: new NaiveRegistry(batchesPerSequencer) },
        ];
        for (const each of commands) {
          if (each.kind === 'reorg') {
            branch = branch.slice(0, Math.max(1, branch.length - each.depth));
          } else {
            const { model, naive: before } = branch.at(-1)!;
            const naive = before.clone();
            const { after, accepted } = apply(model, naive, each);
            if (after !== null && after.ok !== accepted)
              throw new Error(`${JSON.stringify(each)}: ${after.ok}, but ${accepted}`);
            branch.push({ model: after?.ok ? after.value : model, naive });
            kinds.set(`${each.kind} ${accepted}`, (kinds.get(`${each.kind} ${accepted}`) ?? 0) + 1);
          }
          const { model, naive } = branch.at(-1)!;
          expectSame(model, naive);
        }
      },
    ),
    { numRuns: 20_000 },
  );
  // Every call was both taken and refused, many times: the sequences reach what they are meant to reach.
  for (const kind of ['register', 'unregister', 'commit']) {
    for (const accepted of [true, false]) expect(kinds.get(`${kind} ${accepted}`)).toBeGreaterThan(5_000);
  }
});
