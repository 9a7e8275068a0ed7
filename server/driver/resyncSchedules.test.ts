import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { type World, world } from '../testing/driverWorld.ts';
import { ANA, requestFor, restarted } from '../testing/resyncOrders.ts';
import type { ResyncTarget } from './plan/resync.ts';
import { restoreOrders } from './plan/resyncJournal.ts';

const COMMITS = { c: 'ABC', e: 'ABCDE', g: 'ABCDEFG', abcdx: 'ABCXX', abcdxy: 'ABCXXY', abx: 'AX' };
const BRANCHES = ['abcdefgh', 'abcdxyz', 'abcdefg', 'abxyzuvw', 'abcdefghij'] as const;
const signal = new AbortController().signal;

type Event =
  | { readonly kind: 'branch'; readonly to: (typeof BRANCHES)[number] }
  | { readonly kind: 'step' | 'kill' | 'wipe' | 'killAccepted' | 'final' }
  | { readonly kind: 'fail'; readonly method: 'newPayload' | 'forkchoiceUpdated' | 'labels' }
  | {
      readonly kind: 'resync';
      readonly target: ResyncTarget;
      readonly times: number;
      readonly override: boolean;
    };

const target: fc.Arbitrary<ResyncTarget> = fc.oneof(
  fc.constantFrom<ResyncTarget>({ kind: 'safe' }, { kind: 'finalized' }, { kind: 'genesis' }),
  fc.integer({ min: 0, max: 4 }).map((batch) => ({ kind: 'batch' as const, batch })),
  fc.integer({ min: 0, max: 9 }).map((number) => ({ kind: 'l1Block' as const, number })),
);
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Event>({ kind: 'step' }) },
  { weight: 3, arbitrary: fc.constantFrom(...BRANCHES).map((to): Event => ({ kind: 'branch', to })) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('resync' as const),
      target,
      times: fc.integer({ min: 1, max: 4 }),
      override: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Event>(
      { kind: 'kill' },
      { kind: 'killAccepted' },
      { kind: 'wipe' },
      { kind: 'final' },
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('newPayload', 'forkchoiceUpdated', 'labels')
      .map((method): Event => ({ kind: 'fail', method }) as Event),
  },
);

async function ask(w: World, wanted: ResyncTarget, times: number, override: boolean) {
  const answer = await w.driver.resync.preview(wanted, signal);
  if (!answer.ok) return;
  const request = requestFor(answer.preview, { override });
  const asked = Array.from({ length: times }, () => w.driver.resync.execute(request, ANA));
  await w.driver.resync.decide(signal);
  const answers = await Promise.all(asked);
  expect(new Set(answers.map((one) => JSON.stringify(one))).size).toBe(1);
}

async function happen(w: World, one: Event): Promise<void> {
  w.clock.at += 7_000;
  if (one.kind === 'branch') w.l1.switchTo(one.to);
  else if (one.kind === 'step') await w.step();
  else if (one.kind === 'kill') restarted(w);
  else if (one.kind === 'killAccepted') {
    await ask(w, { kind: 'genesis' }, 1, true);
    restarted(w);
  } else if (one.kind === 'wipe') w.engine.wipe();
  else if (one.kind === 'final') w.l1.finalize('abc');
  else if (one.kind === 'fail') w.engine.failNext(one.method, 'timeout');
  else if (one.kind === 'resync') await ask(w, one.target, one.times, one.override);
}

/** Faults are over: the driver comes to rest, out of a halt by the one way there is. */
async function comeToRest(w: World): Promise<void> {
  // Higher than anything shown before: an L1 that only got shorter is taken to lag, and waited for.
  w.l1.mine('pqrs');
  for (let i = 0; i < 60; i++) {
    w.clock.at += 31_000;
    const outcome = await w.settle();
    if (outcome === 'halted' && !w.driver.resync.running) await ask(w, { kind: 'genesis' }, 1, true);
    else if (outcome === 'idle' && !w.driver.resync.running && w.driver.state.trouble === null) return;
  }
  throw new Error(`not at rest: ${JSON.stringify([w.driver.state.trouble, w.driver.state.resync])}`);
}

async function safeOf(branch: string): Promise<string> {
  const fresh = world(branch, COMMITS);
  await fresh.settle();
  return (await fresh.heads()).split(' / ')[1]!;
}

it.each([false, true])(
  'whatever is ordered, reorganised, killed and broken in between, the chain ends as L1 implies it and no order stays open (engine keeps its head: %s)',
  async (keepsHeadOnAncestor) => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 5, maxLength: 40 }), async (events) => {
        const w = world('abcdefgh', COMMITS, {
          engineChain: 'ABCDEFGXY',
          engine: { keepsHeadOnAncestor },
        });
        for (const one of events) await happen(w, one);
        await comeToRest(w);
        expect((await w.heads()).split(' / ')[1]).toBe(await safeOf(w.l1.branch));
        expect(restoreOrders([...w.events].reverse(), w.clock.at).open).toBeNull();
        const refs = (kind: string) => w.events.filter((row) => row.kind === kind).map((row) => row.ref);
        const ends = [...refs('operator.resync_done'), ...refs('operator.resync_failed')];
        expect(ends.sort()).toEqual(refs('operator.resync_accepted').sort());
      }),
      { numRuns: 150 },
    );
  },
);
