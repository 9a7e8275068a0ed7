import { afterEach, expect, it } from 'vitest';
import { statusView } from './api/views.ts';
import type { HostedNode } from './host.ts';
import { openJournal } from './journal/sqlite.ts';
import { ManualClock } from './lib/clock.ts';
import { RollupFactsError } from './rollupFacts.ts';
import { currentNode, publishNode } from './runtime.ts';
import { WORLD_CONFIG } from './testing/driverWorld.ts';
import { nodeOrWaiting, waitingIdentity } from './waitingNode.ts';

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of undo.reverse().splice(0)) await end();
});

async function fixture(answer: () => Promise<typeof WORLD_CONFIG>) {
  const clock = new ManualClock(1_000_000);
  const journal = await openJournal({ file: null, clock });
  const did: string[] = [];
  const real = {
    status: () => null as never,
    onChange: () => () => undefined,
    start: () => void did.push('started'),
    stop: async () => void did.push('stopped'),
  } satisfies HostedNode;
  const opening = nodeOrWaiting({
    identity: waitingIdentity(
      { pollMs: 1_000, sequencerAddress: null },
      'drive',
      { name: 'n', software: 's', l1Host: 'https://l1.example', engine: 'embedded', startedAt: 1_000_000 },
      { chainId: 9 },
      [],
    ),
    facts: answer,
    nodeOf: async (_, announced) => {
      did.push(announced ? 'made, announced' : 'made');
      return real;
    },
    journal,
    engine: null,
    clock,
    say: (sentence) => void did.push(sentence),
    onError: (error) => {
      throw error;
    },
    close: () => {
      did.push('closed');
      return journal.close();
    },
  });
  const kinds = async () => (await journal.since(0, 100)).map(({ kind }) => kind);
  return { opening, clock, did, real, kinds, journal };
}

const silent = () => new RollupFactsError('l1_silent', 'The L1 node does not answer.');

it('with an L1 that answers, the node is the node', async () => {
  const { opening, did, real, kinds, journal } = await fixture(async () => WORLD_CONFIG);
  undo.push(() => journal.close());
  expect(await opening).toBe(real);
  expect(did).toEqual(['made']);
  expect(await kinds()).toEqual([]);
});

it('what no waiting mends ends the start, and what was opened is closed', async () => {
  const { opening, did } = await fixture(async () => {
    throw new RollupFactsError('rollup_facts', 'There is no OnChainProposer.');
  });
  await expect(opening).rejects.toThrow('There is no OnChainProposer');
  expect(did).toEqual(['closed']);
});

it('waits for an L1 that is away, journals it once, and gives its place to the node', async () => {
  let away = true;
  const { opening, clock, did, real, kinds, journal } = await fixture(async () => {
    if (away) throw silent();
    return WORLD_CONFIG;
  });
  undo.push(() => journal.close());
  const node = await opening;
  publishNode(node);
  node.start();
  for (let i = 0; i < 20; i++) await clock.advance(1_000);
  const status = statusView.parse(node.status());
  expect(status.verdict).toMatchObject({ kind: 'stalled', sentence: expect.stringContaining('No answer') });
  expect(status.trouble).toMatchObject({ code: 'unreachable', message: 'The L1 node does not answer' });
  expect(status.activity.map(({ sentence }) => sentence)).toEqual([
    'L1 provider https://l1.example: The L1 node does not answer',
    'node started, drive mode',
  ]);
  expect(await kinds()).toEqual(['node.started', 'l1.fault']);
  away = false;
  for (let i = 0; i < 20 && currentNode() !== real; i++) await clock.advance(1_000);
  expect(did).toEqual([
    'The L1 node does not answer. The node waits for it, and says so on its page and probes.',
    'made, announced',
    'L1 answers: the node starts.',
    'started',
  ]);
  expect(await kinds()).toEqual(['node.started', 'l1.fault', 'l1.recovered']);
  await node.stop();
  expect(did.at(-1)).toBe('stopped');
});

it('an answer that does not come in three seconds is waited for without holding up the page', async () => {
  const { opening, clock, did } = await fixture(() => new Promise(() => {}));
  await clock.advance(3_000);
  const node = await opening;
  node.start();
  await node.stop();
  expect(did).toEqual(['closed']);
});
