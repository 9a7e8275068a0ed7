import { describe, expect, it } from 'vitest';
import { checkRun } from './api/checkRunViews.ts';
import { type CheckRunDeps, checkRunner } from './checkRun.ts';
import { CLIENT_CAPABILITIES } from './engine/methods.ts';
import { ManualClock } from './lib/clock.ts';
import type { L1BlockRef, L2BlockRef } from './protocol/refs.ts';
import { hashOf } from './testing/scriptedLabels.ts';

const NOW = 1_700_000_000_000;
const l1Block = (number: number, secondsAgo = 9) =>
  ({ number, hash: hashOf(`l1 ${number}`), timestamp: NOW / 1_000 - secondsAgo }) as L1BlockRef;
const l2Block = (number: number) => ({ number, hash: hashOf(`l2 ${number}`) }) as L2BlockRef;

const world = (over: { readonly [Part in keyof CheckRunDeps]?: Partial<CheckRunDeps[Part]> } = {}) => {
  const asked: string[] = [];
  const clock = new ManualClock(NOW);
  const deps = {
    config: { l1ChainId: 1, l2ChainId: 7 },
    l1: {
      chainId: async () => {
        asked.push('l1');
        return 1;
      },
      heads: async () => ({ latest: l1Block(90), safe: l1Block(80), finalized: l1Block(60) }),
      beacon: async () => ({ host: 'beacon.example', version: 'Lighthouse/v8' }),
      ...over.l1,
    },
    engine: {
      name: 'engine',
      chainId: async () => 7,
      labels: async () => ({ latest: l2Block(30), safe: l2Block(20), finalized: l2Block(10) }),
      exchangeCapabilities: async () => CLIENT_CAPABILITIES,
      version: async () => 'Geth/v1.17',
      ...over.engine,
    },
    journal: { tryWrite: async () => {}, ...over.journal },
    clock,
    devnet: over.devnet === true,
  } as CheckRunDeps;
  return { run: checkRunner(deps), asked, clock };
};
const stateOf = async (run: ReturnType<typeof checkRunner>, id: string) =>
  (await run()).checks.find((check) => check.id === id);

describe('a run of the checks', () => {
  it('asks everything the node rests on, and says in a sentence what came back', async () => {
    const answer = await world().run();
    expect(checkRun.parse(answer)).toEqual(answer);
    expect(answer.checks.map(({ id, state }) => `${id} ${state}`)).toEqual([
      'l1_chain pass',
      'l1_head pass',
      'beacon pass',
      'engine_version pass',
      'engine_chain pass',
      'engine_capabilities pass',
      'engine_head pass',
      'journal_write pass',
      'clock pass',
    ]);
    for (const { sentence } of answer.checks) expect(sentence).toMatch(/^[A-Z].*\.$/);
  });

  it('says which thing is wrong, each by itself', async () => {
    const { run } = world({
      l1: {
        chainId: async () => 5,
        heads: async () => ({ latest: l1Block(90, -30), safe: null, finalized: null }),
        beacon: async () => null,
      },
      engine: {
        exchangeCapabilities: async () => ['engine_newPayloadV4'],
        labels: async () => ({ latest: l2Block(3), safe: l2Block(20), finalized: null }),
        version: async () => null,
      },
      journal: { tryWrite: () => Promise.reject(new Error('no space left for the journal')) },
    });
    expect(await stateOf(run, 'l1_chain')).toMatchObject({
      state: 'fail',
      sentence: 'The L1 endpoint serves chain 5, and chain 1 is configured.',
    });
    expect(await stateOf(run, 'l1_head')).toMatchObject({ state: 'warn' });
    expect(await stateOf(run, 'beacon')).toMatchObject({ state: 'skip' });
    expect(await stateOf(run, 'engine_capabilities')).toMatchObject({
      state: 'warn',
      sentence: expect.stringContaining('engine_forkchoiceUpdatedV3, engine_getPayloadV4'),
    });
    expect(await stateOf(run, 'engine_head')).toMatchObject({ state: 'fail' });
    expect(await stateOf(run, 'engine_version')).toMatchObject({ state: 'skip' });
    expect(await stateOf(run, 'journal_write')).toMatchObject({
      state: 'fail',
      sentence: 'No space left for the journal.',
    });
    expect(await stateOf(run, 'clock')).toMatchObject({ state: 'fail', value: '-30 s' });
  });

  it('asks the endpoints at most once in five seconds, however many ask', async () => {
    const { run, asked, clock } = world();
    const [first, second] = await Promise.all([run(), run()]);
    expect(second).toBe(first);
    await clock.advance(4_999);
    await run();
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    await run();
    expect(asked).toHaveLength(2);
  });

  it('compares the clocks of this machine and of the engine', async () => {
    const { run } = world({ engine: { clockSkewMs: () => -7_400 } });
    expect(await stateOf(run, 'clock')).toMatchObject({
      state: 'warn',
      sentence: "The engine's clock and this machine's differ by 7 s: set both by NTP.",
    });
  });

  it('does not grade the clock by the L1 of a devnet', async () => {
    expect(await stateOf(world({ devnet: true as never }).run, 'clock')).toMatchObject({ state: 'skip' });
  });
});
