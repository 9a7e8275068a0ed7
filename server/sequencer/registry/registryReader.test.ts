import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  FakeRegistryL1,
  nameOf,
  PROPOSER,
  REGISTRY,
  type RegistryFaults,
  STRANGER,
  sequencer,
} from '../../testing/registryWorld.ts';
import { leaderOf } from '../state/registry.ts';
import { type RegistryMark, RegistryReader, type RegistryReading } from './registryReader.ts';

function world(words: string, batchesPerSequencer = 4, maxRange?: number) {
  const l1 = new FakeRegistryL1(batchesPerSequencer);
  l1.mine(words);
  const reader = new RegistryReader(
    { registry: REGISTRY, proposer: PROPOSER, deployedAt: 1, maxRange },
    { rpc: l1 },
  );
  return { l1, reader };
}

/** The list in order, its leader, the counter: `ABC>B 5`. */
const textOf = ({ state }: RegistryMark): string =>
  `${state.sequencers.map(({ address }) => nameOf(address)).join('')}>${nameOf(leaderOf(state))} ${state.lastCommittedBatch}`;

const sinceOf = ({ since }: RegistryReading): string =>
  'steps' in since
    ? `${since.kind} ${since.steps.map((step) => `${step.operation.kind}@${step.at.number}`).join(' ')}`
    : since.kind;

/** What the contracts of the fake say at its head, in the same form. */
function truth(l1: FakeRegistryL1): string {
  const { sequencers, lastCommittedBatch } = l1.contracts;
  const leader = l1.contracts.leaderSequencer();
  const name = sequencers.length === 0 ? '-' : nameOf(leader);
  return `${sequencers.map(nameOf).join('')}>${name} ${lastCommittedBatch}`;
}

describe('registry reader', () => {
  test('the list is rebuilt from events, with what each put down, and read on from where it was', async () => {
    const { l1, reader } = world('+A+B . +C ccccc -A');
    const first = await reader.read();
    expect(textOf(first)).toBe('CB>B 5');
    expect(sinceOf(first)).toBe('start');
    expect(first.at).toMatchObject({ number: 5, hash: l1.head.hash });
    expect(first.state.sequencers[0]).toEqual({ address: sequencer('C'), collateral: 2n * 10n ** 18n });
    l1.mine('c . !C+D');
    l1.asked.length = 0;
    const second = await reader.read();
    expect(textOf(second)).toBe('BD>D 6');
    expect(sinceOf(second)).toBe('extended committed@6 unregistered@8 registered@8');
    expect(l1.asked.filter((each) => /^\d/.test(each))).toEqual(['6-8']);
    expect(sinceOf(await reader.read())).toBe('same');
  });

  test('an L1 head without news costs a handful of calls, however long the list is', async () => {
    const { l1, reader } = world([...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].map((name) => `+${name}`).join(''));
    await reader.read();
    l1.mine('.');
    l1.asked.length = 0;
    await reader.read();
    expect(l1.asked.filter((method) => method === 'eth_call')).toHaveLength(5);
    expect(l1.asked.filter((method) => method === 'eth_getBlockByNumber')).toHaveLength(3);
  });

  test('a registration that L1 drops is gone, and what the new branch has instead is read', async () => {
    const { l1, reader } = world('+A . . .');
    await reader.read();
    l1.mine('.');
    await reader.read();
    l1.mine('+B cccc');
    expect(textOf(await reader.read())).toBe('AB>B 4');
    l1.reorg(2, '. c +C');
    const after = await reader.read();
    expect(textOf(after)).toBe('AC>A 1');
    expect(sinceOf(after)).toBe('reorg committed@7 registered@8');
    expect(after.since).toMatchObject({ kept: { at: { number: 5 } }, before: { at: { number: 7 } } });
  });

  test('a reorg deeper than everything remembered reads all logs again', async () => {
    const { l1, reader } = world('. +A +B');
    await reader.read();
    l1.reorg(2, '+C . .');
    const after = await reader.read();
    expect(textOf(after)).toBe(truth(l1));
    expect(sinceOf(after)).toBe('reorg ');
  });

  test('an older head of the same branch, as a lagging node gives it, changes nothing', async () => {
    const { l1, reader } = world('+A . +B');
    const before = await reader.read();
    for (const lag of [1, 2]) {
      l1.faults.lag = lag;
      const again = await reader.read();
      expect(again.at).toEqual(before.at);
      expect(sinceOf(again)).toBe('same');
    }
    l1.faults.lag = 0;
    l1.mine('c');
    expect(sinceOf(await reader.read())).toBe('extended committed@4');
  });

  test.each<[string, (faults: RegistryFaults) => void]>([
    ['ranges of three blocks', (faults) => (faults.maxRange = 3)],
    ['single blocks', (faults) => (faults.maxRange = 1)],
    ['logs twice and backwards', (faults) => (faults.shuffles = true)],
    ['logs of a contract that looks like it', (faults) => (faults.foreign = true)],
  ])('a node that gives %s is read all the same', async (_, fault) => {
    const { l1, reader } = world('+A+B . +C cc . -B . +D ccc');
    fault(l1.faults);
    expect(textOf(await reader.read())).toBe(truth(l1));
    l1.mine('. -A ccc +E');
    const second = await reader.read();
    expect(second.since.kind).toBe('extended');
    expect(textOf(second)).toBe(truth(l1));
  });

  test('no more blocks are asked for at a time than configured', async () => {
    const { l1, reader } = world('+A . . . . . +B', 4, 3);
    await reader.read();
    expect(l1.asked.filter((each) => /^\d/.test(each))).toEqual(['1-3', '4-6', '7-7']);
  });

  test.each([
    ['registration', '+C'],
    ['unregistration', '-A'],
    ['commit', 'c'],
  ])('a %s that a node leaves out is noticed, and everything is read again', async (_, word) => {
    const { l1, reader } = world('+A+B .');
    await reader.read();
    const { number } = l1.mine(word);
    l1.faults.omits = { blocks: (block) => block === number, times: 1 };
    const reading = await reader.read();
    expect(sinceOf(reading)).toBe('reread');
    expect(textOf(reading)).toBe(truth(l1));
  });

  test('a swap that no leader shows is noticed by the list itself', async () => {
    const { l1, reader } = world('+A+B+C+D');
    await reader.read();
    l1.mine('-B+B');
    expect(truth(l1)).toBe('ADCB>A 0');
    l1.faults.omits = { blocks: (block) => block > 1, times: 1 };
    expect(textOf(await reader.read())).toBe('ADCB>A 0');
  });

  // Swaps that leave length and end of the list as they were: ABCDE becomes ABDCE.
  const MIDDLE = '-C-E+C+E';

  test('after a change of the list all of it is checked', async () => {
    const { l1, reader } = world('+A+B+C+D+E');
    await reader.read();
    const { number } = l1.mine(MIDDLE);
    l1.mine('+F');
    l1.faults.omits = { blocks: (block) => block === number, times: 1 };
    const reading = await reader.read();
    expect(sinceOf(reading)).toBe('reread');
    expect(textOf(reading)).toBe('ABDCEF>A 0');
  });

  test('after a reorg all of the list is checked', async () => {
    const { l1, reader } = world('+A+B+C+D+E');
    await reader.read();
    l1.mine('.');
    await reader.read();
    const { number } = l1.reorg(1, MIDDLE);
    l1.mine('.');
    l1.faults.omits = { blocks: (block) => block === number, times: 1 };
    const reading = await reader.read();
    expect(reading.since).toMatchObject({ kind: 'reorg', kept: null, before: { at: { number: 2 } } });
    expect(textOf(reading)).toBe('ABDCE>A 0');
  });

  test('terms of another length, as an upgraded contract may have, are noticed by the leader', async () => {
    const { l1, reader } = world('+A+B ccc');
    expect(textOf(await reader.read())).toBe('AB>B 3');
    Object.assign(l1.contracts, { BATCHES_PER_SEQUENCER: 32 });
    l1.mine('.');
    const reading = await reader.read();
    expect(sinceOf(reading)).toBe('reread');
    expect(textOf(reading)).toBe('AB>A 3');
  });

  test('a block named by its hash is read from what is known below it, not from what is above', async () => {
    const { l1, reader } = world('+A');
    await reader.read();
    const pin = l1.mine('+B');
    l1.mine('+C');
    await reader.read();
    l1.mine('+D');
    await reader.read();
    l1.reorg(1, '+E');
    const reading = await reader.read(undefined, pin);
    expect(reading.at.hash).toBe(pin.hash);
    expect(textOf(reading)).toBe('AB>A 0');
    expect(reading.since).toMatchObject({ kind: 'reorg', kept: { at: { number: 1 } } });
    expect(textOf(await reader.read())).toBe('ABCE>A 0');
  });

  test('a list that differs in its middle alone is noticed within as many looks as it is long', async () => {
    const { l1, reader } = world('+A+B+C+D');
    await reader.read();
    const { number } = l1.mine('-B-D+B+D');
    expect(truth(l1)).toBe('ACBD>A 0');
    l1.faults.omits = { blocks: (block) => block === number, times: 1 };
    const seen = [await reader.read()];
    while (seen.length < 4) {
      l1.mine('.');
      seen.push(await reader.read());
    }
    expect(seen.map(sinceOf).filter((since) => since === 'reread')).toHaveLength(1);
    expect(textOf(seen.at(-1)!)).toBe(truth(l1));
  });

  test('logs that contradict the views for good are an error with a code, and the last reading stays', async () => {
    const { l1, reader } = world('+A+B');
    const before = await reader.read();
    l1.mine('+C');
    l1.faults.omits = { blocks: (block) => block === 2, times: 2 };
    await expect(reader.read()).rejects.toMatchObject({ code: 'registry_mismatch' });
    l1.faults.omits = null;
    const healed = await reader.read();
    expect(sinceOf(healed)).toBe('extended registered@2');
    expect(healed.since).toMatchObject({ steps: [{ before: before.state }] });
  });

  test('a branch that moves while it is read gives no reading, and the next one is right', async () => {
    const { l1, reader } = world('+A');
    await reader.read();
    l1.mine('+B');
    l1.faults.afterLogs = () => l1.reorg(1, '+C .');
    await expect(reader.read()).rejects.toMatchObject({ code: 'bad_l1_answer' });
    expect(textOf(await reader.read())).toBe('AC>A 0');
  });

  test('a node that is not there is asked once, not for less and less', async () => {
    const { l1, reader } = world('+A . . . . . . .');
    l1.faults.down = true;
    await expect(reader.read()).rejects.toThrow('fetch failed');
    expect(l1.asked).toHaveLength(1);
  });

  test('collateral, registration, history and senders are read at a block', async () => {
    const { l1, reader } = world('+A+B cccc');
    const { at } = await reader.read();
    l1.mine('-A');
    const [A, B, C] = [sequencer('A'), sequencer('B'), sequencer('C')];
    const { views } = reader;
    expect(await Promise.all([A, B, C].map((each) => views.isRegistered(each, at)))).toEqual([
      true,
      true,
      false,
    ]);
    expect(await views.isRegistered(A, l1.head)).toBe(false);
    expect(await Promise.all([A, C].map((each) => views.collateral(each, at)))).toEqual([
      2n * 10n ** 18n,
      0n,
    ]);
    expect(await Promise.all([0, 3, 4, 5].map((batch) => views.sequencerForBatch(batch, at)))).toEqual([
      null,
      A,
      B,
      null,
    ]);
    const { since } = await reader.read();
    const [step] = since.kind === 'extended' ? since.steps : [];
    expect(await views.senderOf(step!.transaction)).toBe(STRANGER);
    expect(await views.senderOf(at.hash)).toBe(null);
  });

  const call = fc.constantFrom('+A', '+B', '+C', '+D', '-A', '-B', '-C', '!D', 'c', 'c', 'c', 'c', '.', '.');
  const word = fc.array(call, { minLength: 1, maxLength: 4 }).map((calls) => calls.join(''));
  const words = fc.array(word, { minLength: 1, maxLength: 5 }).map((list) => list.join(' '));
  const event = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('mine' as const), words }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('reorg' as const),
        depth: fc.integer({ min: 1, max: 7 }),
        words,
      }),
    },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('read' as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('fault' as const),
        fault: fc.constantFrom<Partial<RegistryFaults>>(
          { maxRange: 2 },
          { shuffles: true },
          { omits: { blocks: (n) => n % 2 === 0, times: 1 } },
          { lag: 1 },
        ),
      }),
    },
  );

  test('after any history of blocks, reorgs and bad answers the reading is what the contracts say', {
    timeout: 60_000,
  }, async () => {
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { minLength: 2, maxLength: 16 }),
        fc.integer({ min: 1, max: 4 }),
        async (events, term) => {
          const { l1, reader } = world('.', term);
          let highest = 0;
          for (const each of events) {
            if (each.kind === 'mine') l1.mine(each.words);
            else if (each.kind === 'reorg') l1.reorg(Math.min(each.depth, l1.head.number), each.words);
            else if (each.kind === 'fault') Object.assign(l1.faults, structuredCloneOf(each.fault));
            else {
              const reading = await reader.read().catch((error: { readonly code: string }) => error);
              highest = Math.max(highest, l1.head.number);
              if ('code' in reading) {
                // A first reading has nothing to fall back on.
                expect(reading.code).toBe('registry_mismatch');
                continue;
              }
              seen.set(reading.since.kind, (seen.get(reading.since.kind) ?? 0) + 1);
            }
          }
          l1.faults.lag = 0;
          l1.faults.omits = null;
          // A branch shorter than what was read looks like a lagging node until it has grown.
          while (l1.head.number <= highest) l1.mine('.');
          const reading = await reader.read();
          expect(textOf(reading)).toBe(truth(l1));
          expect(reading.at.hash).toBe(l1.head.hash);
        },
      ),
      { numRuns: 800 },
    );
    for (const kind of ['start', 'same', 'extended', 'reorg', 'reread'])
      expect(seen.get(kind)).toBeGreaterThan(10);
  });
});

/** A fault counts down: each run needs its own. */
const structuredCloneOf = (fault: Partial<RegistryFaults>): Partial<RegistryFaults> =>
  fault.omits ? { omits: { ...fault.omits } } : { ...fault };
