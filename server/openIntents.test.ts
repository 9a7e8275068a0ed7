import { expect, it } from 'vitest';
import type { DriverState } from './driver/state.ts';
import { openJournal } from './journal/sqlite.ts';
import { closeOpenIntents } from './openIntents.ts';
import { l2Ref } from './testing/stringChain.ts';
import { StringEngine } from './testing/stringEngine.ts';

const idOf = (chain: string) => {
  const { number, hash } = l2Ref(chain);
  return { number, hash };
};

const clock = { now: () => 1_700_000_000_000 };

it('what the process before announced and did not record is closed by what L1 and the engine show', async () => {
  const journal = await openJournal({ file: null, clock });
  const announce = (kind: string, payload: object, ref: string) => journal.append(kind, payload, ref);
  await announce('commit.intent', { batch: 1, lastBlock: idOf('ABC') }, 'batch:1');
  await announce('commit.intent', { batch: 2, lastBlock: idOf('ABCx') }, 'batch:2');
  await announce('commit.intent', { batch: 3, lastBlock: idOf('ABCDE') }, 'batch:3');
  await announce('revert.intent', { from: idOf('ABCDE'), to: idOf('ABC') }, 'revert:1');
  await announce('revert.intent', { from: idOf('ABCDy'), to: idOf('ABC') }, 'revert:2');
  await announce('reorg.detected', { id: 'r1' }, 'r1');
  await announce('reorg.detected', { id: 'r2' }, 'r2');
  await announce('operator.resync_accepted', { id: 'rs' }, 'rs');
  const engine = new StringEngine('ABCDE');
  const state = {
    contracts: { lastCommittedBatch: 2 },
    labels: await engine.labels(),
    reorgs: [{ id: 'r2', recoveredAt: null }],
  } as unknown as DriverState;
  await closeOpenIntents(
    state,
    { journal, models: journal.models, engine, clock, upTo: 8 },
    new AbortController().signal,
  );
  const closed = await journal.since(8, 10);
  expect(closed.map(({ kind, ref }) => [kind, ref])).toEqual([
    ['commit.landed', 'batch:1'],
    ['commit.superseded', 'batch:2'],
    ['commit.unknown', 'batch:3'],
    ['revert.not_done', 'revert:1'],
    ['revert.done', 'revert:2'],
    // Too long ago for the driver to have taken it up.
    ['reorg.recovered', 'r1'],
  ]);
  expect((await journal.models.openIntents()).rows.map(({ ref }) => ref)).toEqual(['r2', 'rs']);
  await journal.close();
});

it('all of them are closed, however many there are and however long the journal is', async () => {
  const journal = await openJournal({ file: null, clock });
  const lastBlock = idOf('ABC');
  const intents = Array.from({ length: 1_500 }, (_, index) => ({
    kind: 'commit.intent',
    payload: { batch: index + 1, lastBlock },
    ref: `batch:${index + 1}`,
  }));
  await journal.appendAll(intents);
  // More than one question folds, and the outcome of the first intent behind it.
  const filler = Array.from({ length: 1_000 }, () => ({ kind: 'node.stopped', payload: {} }));
  for (let group = 0; group < 6; group++) await journal.appendAll(filler);
  await journal.append('commit.landed', { batch: 1 }, 'batch:1');
  const upTo = (await journal.append('node.stopped', {})).seq;
  await journal.append('commit.intent', { batch: 9_999, lastBlock }, 'batch:9999');
  const engine = new StringEngine('ABCDE');
  const state = {
    contracts: { lastCommittedBatch: 2_000 },
    labels: await engine.labels(),
    reorgs: [],
  } as unknown as DriverState;
  await closeOpenIntents(
    state,
    { journal, models: journal.models, engine, clock, upTo },
    new AbortController().signal,
  );
  expect((await journal.models.openIntents()).rows.map(({ ref }) => ref)).toEqual(['batch:9999']);
  const after = await journal.since(upTo, 2);
  expect(after.map(({ kind, ref }) => [kind, ref])).toEqual([
    ['commit.intent', 'batch:9999'],
    ['commit.landed', 'batch:2'],
  ]);
  await journal.close();
});
