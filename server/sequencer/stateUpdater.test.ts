import { describe, expect, test } from 'vitest';
import { ManualClock } from '../lib/clock.ts';
import { FakeRegistryL1, nameOf, PROPOSER, REGISTRY, STRANGER, sequencer } from '../testing/registryWorld.ts';
import { RegistryReader } from './registry/registryReader.ts';
import type { RecordedChange } from './stateUpdater.ts';
import { StateUpdater } from './stateUpdater.ts';

const US = sequencer('A');

/** Terms of four batches; we are A. */
function world(words: string, us: `0x${string}` | null = US) {
  const l1 = new FakeRegistryL1(4);
  l1.mine(words);
  const clock = new ManualClock();
  const journal: { readonly kind: string; readonly payload: unknown }[] = [];
  const told: number[] = [];
  const updater = new StateUpdater(
    { us, intervalMs: 1_000, upcomingTerms: 3 },
    {
      clock,
      registry: new RegistryReader({ registry: REGISTRY, proposer: PROPOSER, deployedAt: 1 }, { rpc: l1 }),
      journal: {
        append: async (kind, payload, ref) => {
          journal.push({ kind, payload });
          return { seq: journal.length, at: 0, kind, ref: ref ?? null, payload };
        },
      },
      onLeaderChanged: () => told.push(journal.length),
    },
  );
  /** Changes so far: `A→B @7 batch 4 term_over`, with `mid` in the middle of a term and who sent it. */
  const changes = (): readonly string[] =>
    journal
      .filter((event) => event.kind === 'leader.changed')
      .map((event) => event.payload as RecordedChange)
      .map(({ from, to, atL1, batch, why, midTerm, by }) =>
        [
          `${nameOf(from)}→${nameOf(to)} @${atL1.number} batch ${batch} ${why}`,
          ...(midTerm ? ['mid'] : []),
          ...(by === null ? [] : [by === STRANGER ? 'stranger' : nameOf(by)]),
        ].join(' '),
      );
  const look = () => {
    const { at, ...rest } = updater.status().view!;
    return { ...rest, at: at.number };
  };
  const snapshot = (over: { number?: number; leader?: string | null } = {}) => {
    const leader = over.leader === undefined ? nameOf(l1.contracts.leaderSequencer()) : over.leader;
    const at = { ...l1.head, number: over.number ?? l1.head.number };
    const { lastCommittedBatch } = l1.contracts;
    return { at, leader: leader === null ? null : sequencer(leader), lastCommittedBatch };
  };
  return { l1, clock, journal, told, updater, changes, look, snapshot };
}

describe('changes of the leader', () => {
  test.each<[string, string, string, readonly string[]]>([
    ['the term ends with its last batch', '+A+B', 'ccc', ['A→B @2 batch 4 term_over']],
    ['a term with one batch left goes on', '+A+B', 'cc', []],
    ['the list goes round', '+A+B', 'ccc cccc', ['A→B @2 batch 4 term_over', 'B→A @3 batch 8 term_over']],
    ['one sequencer follows itself', '+A', 'ccc cccc', []],
    ['a stranger removes the leader', '+A+B c', '-A', ['A→B @3 batch 2 unregistered mid stranger']],
    ['the leader leaves', '+A+B c', '!A', ['A→B @3 batch 2 unregistered mid A']],
    ['a stranger removes the only one', '+A c', '-A', ['A→- @3 batch 2 unregistered mid stranger']],
    ['somebody is there again', '-A', '. +B', ['-→B @3 batch 1 list_changed']],
    ['another one leaves, and turns stay', '+A+B+C cccc', '-A', []],
    ['another one leaves, and turns shift', '+A+B+C ccc cccc', '-B', ['C→A @4 batch 8 list_changed mid']],
    [
      'the last one leaves, and the modulus changes',
      '+A+B+C ccc cccc',
      '-C',
      ['C→A @4 batch 8 unregistered mid stranger'],
    ],
    ['one more comes, and the modulus changes', '+A+B ccc cccc', '+C', ['A→C @4 batch 8 list_changed mid']],
    ['the leader leaves and comes back', '+A+B', '-A+A', ['A→B @2 batch 1 unregistered mid stranger']],
    [
      'each of many in one look has its own block',
      '+A+B',
      'ccc . -B . +C',
      [
        'A→B @2 batch 4 term_over',
        'B→A @4 batch 4 unregistered mid stranger',
        'A→C @6 batch 4 list_changed mid',
      ],
    ],
  ])('%s: "%s", then "%s"', async (_, before, after, expected) => {
    const { l1, updater, changes } = world(before);
    await updater.step();
    expect(changes()).toEqual([]);
    l1.mine(after);
    await updater.step();
    expect(changes()).toEqual(expected);
    await updater.step();
    expect(changes()).toEqual(expected);
  });

  test.each<[string, string, number, string, readonly string[]]>([
    ['drops the registration that made the leader', 'ccc', 1, '. .', ['B→A @3 batch 1 l1_reorg mid']],
    ['brings the same leader about again', 'ccc', 1, '. ccc .', []],
    ['drops a removal', '-A', 1, '. .', ['B→A @3 batch 1 l1_reorg mid']],
    ['makes nobody lead', 'ccc', 2, '. . .', ['B→- @3 batch 1 l1_reorg mid']],
    [
      'drops nothing that matters; the new branch removes the leader',
      '+C',
      1,
      '-A',
      ['A→B @2 batch 1 unregistered mid stranger'],
    ],
  ])('an L1 reorg that %s', async (_, words, depth, branch, expected) => {
    const { l1, updater, changes } = world('.');
    await updater.step();
    l1.reorg(1, '+A+B');
    await updater.step();
    l1.mine(words);
    await updater.step();
    const before = changes().length;
    l1.reorg(depth, branch);
    await updater.step();
    expect(changes().slice(before)).toEqual(expected);
  });

  test('also when the logs of the new branch are left out at first, the change is the reorg’s', async () => {
    const { l1, updater, changes } = world('+A+B');
    await updater.step();
    l1.mine('.');
    await updater.step();
    l1.reorg(1, '-A .');
    l1.faults.omits = { blocks: (block) => block === 2, times: 1 };
    await updater.step();
    expect(changes()).toEqual(['A→B @3 batch 1 l1_reorg mid']);
  });

  test('found only when logs that were left out are read again, it has its reason all the same', async () => {
    const { l1, updater, changes } = world('+A+B');
    await updater.step();
    l1.mine('-A .');
    l1.faults.omits = { blocks: (block) => block === 2, times: 1 };
    await updater.step();
    expect(changes()).toEqual(['A→B @3 batch 1 unregistered mid']);
  });

  test('the first look records who leads, so that a history has a beginning', async () => {
    const { l1, journal, updater } = world('+A+B ccc');
    await updater.step();
    const atL1 = { number: 2, hash: l1.head.hash };
    const sequencers = [sequencer('A'), sequencer('B')];
    expect(journal).toEqual([
      { kind: 'leader.seen', payload: { leader: sequencer('B'), atL1, batch: 4, sequencers } },
    ]);
  });

  test('whoever acts on the leader is told when the journal has it', async () => {
    const { l1, told, updater } = world('+A+B');
    await updater.step();
    l1.mine('-A');
    await updater.step();
    expect(told).toEqual([2]);
    expect(updater.status().view).toMatchObject({ leader: sequencer('B'), lastChange: { by: STRANGER } });
  });

  test('a record is made also when who sent the transaction cannot be learned', async () => {
    const { l1, updater, changes } = world('+A+B');
    await updater.step();
    l1.mine('-A');
    const answer = l1.request.bind(l1);
    l1.request = async (method, params, signal) => {
      if (method === 'eth_getTransactionByHash') throw new Error('no index');
      return answer(method, params, signal);
    };
    await updater.step();
    expect(changes()).toEqual(['A→B @2 batch 1 unregistered mid']);
    expect(updater.status().troubles).toEqual([]);
  });
});

describe('the view', () => {
  test('shows leader, term, what is left of it, who is next, and who is registered with what', async () => {
    const { updater, look } = world('+A+B+C ccccc');
    expect(updater.status().view).toBe(null);
    await updater.step();
    const ether = 10n ** 18n;
    expect(look()).toEqual({
      at: 2,
      leader: sequencer('B'),
      nextBatch: 6,
      term: { first: 4, last: 7, left: 2 },
      batchesLeft: 2,
      upcoming: [
        { first: 4, last: 7, leader: sequencer('B') },
        { first: 8, last: 11, leader: sequencer('C') },
        { first: 12, last: 15, leader: sequencer('A') },
      ],
      sequencers: ['A', 'B', 'C'].map((name) => ({ address: sequencer(name), collateral: 2n * ether })),
      us: sequencer('A'),
      registered: true,
      leading: false,
      lastChange: null,
    });
  });

  test('with one sequencer no end of its turn is shown, with none no beginning', async () => {
    const { l1, updater, look } = world('+A c');
    await updater.step();
    expect(look()).toMatchObject({ leading: true, batchesLeft: null, term: { left: 2 } });
    l1.mine('-A');
    await updater.step();
    expect(look()).toMatchObject({ leader: null, leading: false, registered: false, batchesLeft: 0 });
    expect(look().upcoming.map((term) => term.leader)).toEqual([null, null, null]);
  });

  test('who committed a batch is told from memory or from the contract, and nobody for one that is not', async () => {
    const { l1, updater } = world('+A+B cccc');
    expect(await updater.committerOf(1)).toBe(null);
    await updater.step();
    l1.mine('c -A');
    await updater.step();
    const names = await Promise.all([1, 3, 4, 5, 6].map((batch) => updater.committerOf(batch)));
    expect(names.map(nameOf).join('')).toBe('AABB-');
  });
});

describe('leading', () => {
  test('is what the sequencer’s own look at L1 says', async () => {
    const { l1, updater, snapshot } = world('+A+B');
    expect(updater.isLeader(snapshot())).toBe(true);
    await updater.step();
    expect(updater.isLeader(snapshot())).toBe(true);
    l1.mine('-A');
    expect(updater.isLeader(snapshot())).toBe(false);
    expect(updater.isLeader(snapshot({ leader: null }))).toBe(false);
    expect(world('+A', null).updater.isLeader(snapshot({ leader: 'A' }))).toBe(false);
  });

  test('ends with what a later block says, when the sequencer’s look is older', async () => {
    const { l1, updater, snapshot } = world('+A+B');
    l1.mine('-A');
    await updater.step();
    expect(updater.isLeader(snapshot({ number: 1, leader: 'A' }))).toBe(false);
    expect(updater.isLeader(snapshot({ number: 3, leader: 'A' }))).toBe(true);
  });

  test('leaves as many batches as the term has, and none to who does not lead or does not know', async () => {
    const { l1, updater, snapshot } = world('+A+B c');
    expect(updater.batchesLeft(snapshot())).toBe(0);
    await updater.step();
    expect(updater.batchesLeft(snapshot())).toBe(2);
    l1.mine('c');
    expect(updater.batchesLeft(snapshot())).toBe(1);
    l1.mine('c');
    expect(updater.batchesLeft(snapshot())).toBe(0);
    l1.mine('-B');
    await updater.step();
    expect(updater.batchesLeft(snapshot())).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('looking', () => {
  test('happens on the interval, and at once when a new L1 head is known', async () => {
    const { l1, clock, updater, look } = world('+A+B');
    updater.start();
    await clock.advance(0);
    expect(look().at).toBe(1);
    l1.mine('c');
    await clock.advance(999);
    expect(look().at).toBe(1);
    await clock.advance(1);
    expect(look().at).toBe(2);
    l1.mine('-A');
    updater.wake();
    await clock.advance(0);
    expect(look()).toMatchObject({ at: 3, leader: sequencer('B') });
    await updater.stop();
  });

  test('that fails keeps the view, says why, and recovers', async () => {
    const { l1, journal, updater, changes, look } = world('+A+B');
    await updater.step();
    l1.faults.down = true;
    l1.mine('-A');
    expect(await updater.step()).toBe('failed');
    expect(await updater.step()).toBe('failed');
    expect(look().leader).toBe(US);
    expect(updater.status().troubles).toMatchObject([{ part: 'registry', count: 2 }]);
    l1.faults.down = false;
    await updater.step();
    expect(changes()).toEqual(['A→B @2 batch 1 unregistered mid stranger']);
    expect(updater.status().troubles).toEqual([]);
    expect(journal.map((event) => event.kind)).toEqual([
      'leader.seen',
      'sequencer.trouble',
      'sequencer.recovered',
      'leader.changed',
    ]);
  });

  test('while the branch moves is done again at once, and is no trouble', async () => {
    const { l1, updater, look, changes } = world('+A');
    await updater.step();
    l1.mine('+B');
    l1.faults.afterLogs = () => l1.reorg(1, '-A+C .');
    expect(await updater.step()).toBe('idle');
    expect(look()).toMatchObject({ at: 3, leader: sequencer('C') });
    expect(changes()).toHaveLength(2);
    expect(updater.status().troubles).toEqual([]);
  });
});
