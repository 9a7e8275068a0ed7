import { describe, expect, it } from 'vitest';
import type { BatchRow, ReadModels } from '../journal/readModels.ts';
import type { NodeHandle } from '../runtime.ts';
import { createScriptedNode } from '../testing/scriptedNode.ts';
import { answerSearch, fits, readNeedle } from './search.ts';
import { searchAnswer } from './searchViews.ts';
import type { BatchView, LaneBlockView, StatusView } from './views.ts';

const NOW = Date.UTC(2026, 10, 21, 14, 2, 40);
const node = createScriptedNode('recovered', () => NOW);
const status = node.status();
const find = async (text: string, from: NodeHandle = node) => {
  const answer = await answerSearch(from, NOW, text);
  expect(searchAnswer.safeParse(answer).error?.issues).toBeUndefined();
  if (answer.kind !== 'search') throw new Error('a node runs');
  return answer;
};

describe('what is typed', () => {
  it.each([
    ['8 412 072', { kind: 'number', value: 8_412_072 }],
    ['8\u202f412\u202f072', { kind: 'number', value: 8_412_072 }],
    ['8,412,072', { kind: 'number', value: 8_412_072 }],
    [` 0x${'AB'.repeat(32)} `, { kind: 'hash', value: `0x${'ab'.repeat(32)}` }],
    [`0x${'ab'.repeat(20)}`, { kind: 'address', value: `0x${'ab'.repeat(20)}` }],
    ['0x4d21', { kind: 'prefix', value: '0x4d21' }],
    ['0x4d21…9f02', { kind: 'prefix', value: '0x4d21…9f02' }],
    ['0x4d', { kind: 'text', value: '0x4d' }],
    ['1234567890123456', { kind: 'text', value: '1234567890123456' }],
    ['reorgs', { kind: 'text', value: 'reorgs' }],
  ])('is read as what it can be: %s', (text, needle) => {
    expect(readNeedle(text)).toEqual(needle);
  });

  it('fits a shortened hash by both its ends', () => {
    const hash = `0x4d21${'0'.repeat(56)}9f02`;
    expect(fits(readNeedle('0x4d21…9f02'), hash)).toBe(true);
    expect(fits(readNeedle('0x4d21...9f02'), hash)).toBe(true);
    expect(fits(readNeedle('0x4d21…9f03'), hash)).toBe(false);
    expect(fits(readNeedle('0x4d21'), hash)).toBe(true);
  });
});

describe('a search', () => {
  it('leads from an orphaned hash to the reorg that orphaned it', async () => {
    const reorg = status.reorgs[0]!;
    for (const { hash } of [...reorg.droppedL2, reorg.oldTip]) {
      expect((await find(hash)).hits[0]).toMatchObject({ kind: 'reorg', path: `/reorgs/${reorg.id}` });
    }
  });

  it('finds a batch by number, block, transaction and root', async () => {
    const batch = status.batches.find((one) => one.progress === 'safe')!;
    for (const text of [String(batch.number), String(batch.firstBlock), batch.txHash, batch.stateRoot]) {
      expect((await find(text)).hits).toContainEqual(
        expect.objectContaining({ kind: 'batch', path: `/batches/${batch.number}` }),
      );
    }
  });

  it('finds blocks of both layers, heads and sequencers', async () => {
    const lane = status.lanes.find((one) => !one.canonical)!;
    expect((await find(lane.hash)).hits).toContainEqual(
      expect.objectContaining({ kind: 'l1_block', detail: 'orphaned by a reorg' }),
    );
    expect((await find(status.heads.safe!.hash)).hits).toContainEqual(
      expect.objectContaining({ kind: 'l2_block', detail: 'the safe head' }),
    );
    expect((await find(status.leader.address!)).hits).toMatchObject([
      { kind: 'sequencer', detail: 'leads now' },
    ]);
  });

  it('shows a thing once', async () => {
    const { hits } = await find(String(status.batches[1]!.number));
    expect(new Set(hits.map((hit) => JSON.stringify(hit))).size).toBe(hits.length);
  });

  it.each([
    ['999999999', 'This number is ahead of every head.'],
    ['hello', 'Search by a block or batch number, a hash or an address.'],
    [`0x${'12'.repeat(32)}`, /^Nothing is known by this hash: it is on no chain that was seen since /],
  ])('says why it found nothing: %s', async (text, note) => {
    expect(await find(text)).toMatchObject({ hits: [], note: expect.stringMatching(note) });
  });

  it('says so when no node runs', async () => {
    expect(await answerSearch(null, NOW, '1')).toMatchObject({ kind: 'no_node' });
  });
});

describe('a whole number', () => {
  const hash = (text: string): string => `0x${text.padStart(64, '0')}`;
  const template = status.batches.find(({ progress }) => progress === 'safe')!;
  const batch = (number: number, over: Partial<BatchView> = {}): BatchView => ({
    ...template,
    number,
    firstBlock: number * 4 - 3,
    lastBlock: number * 4,
    l1Block: { number: number * 2, hash: hash(`a${number}`), timestamp: 1 },
    ...over,
  });
  const row = ({ number, progress, ...one }: BatchView): BatchRow => ({
    ...one,
    seq: number,
    batch: number,
    status: progress,
    orphanedBy: null,
    transactions: 1,
    steps: {},
  });
  const orphan = (number: number, l1: number): BatchView =>
    batch(number, {
      progress: 'orphaned',
      l1Block: { number: l1, hash: hash(`b${number}`), timestamp: 1 },
    });
  const head = (number: number) => ({ number, hash: hash('c'), timestamp: 1 });
  const lane = (number: number, canonical: boolean): LaneBlockView => ({
    number,
    hash: hash(canonical ? 'd' : 'e'),
    timestamp: 1,
    label: 'unsafe',
    canonical,
    batches: [],
  });
  const nodeWith = (
    over: Partial<StatusView>,
    commitsOf: ReadModels['commitsOf'] | null = null,
  ): NodeHandle => ({
    status: () => ({
      ...status,
      reorgs: [],
      lanes: [],
      heads: {
        ...status.heads,
        l1: head(120),
        l1Safe: head(100),
        l1Finalized: head(20),
        unsafe: head(224),
        safe: { ...head(200), origin: null },
        finalized: { ...head(20), origin: null },
      },
      ...over,
    }),
    onChange: node.onChange,
    ...(commitsOf === null
      ? {}
      : { history: { ...node.history!, models: { ...node.history!.models, commitsOf } } }),
  });
  /** A node that started at batch 40: the journal alone has the batches before it. */
  const started = [...Array.from({ length: 17 }, (_, i) => batch(56 - i)), orphan(7, 13)];
  const journal = [...Array.from({ length: 56 }, (_, i) => batch(i + 1)), orphan(7, 13), orphan(27, 50)].map(
    row,
  );
  const remember: ReadModels['commitsOf'] = async (numbers) =>
    journal.filter((one) => numbers.includes(one.batch));
  const told = async (text: string, from: NodeHandle) =>
    (await find(text, from)).hits.map(({ title, detail }) => `${title}: ${detail}`);

  it('offers the batch, both blocks, and last the batches that carry the block; canonical before orphaned', async () => {
    expect(await told('27', nodeWith({ batches: started }, remember))).toEqual([
      'Batch 27: safe, in L1 block 54',
      'Batch 27: orphaned, in L1 block 50',
      'L2 block 27: safe',
      'L1 block 27: safe',
      'Batch 7: safe, carries L2 block 27',
      'Batch 7: orphaned, carries L2 block 27',
    ]);
  });

  it('leads from an orphaned commit to its own part of the page', async () => {
    const { hits } = await find('27', nodeWith({ batches: started }, remember));
    const paths = hits.filter(({ title }) => title === 'Batch 27').map(({ path }) => path);
    expect(paths).toEqual(['/batches/27', `/batches/27#commit-${hash('b27')}`]);
  });

  it('offers what the status knows where the journal is missing or fails', async () => {
    const expected = ['L2 block 27: safe', 'L1 block 27: safe', 'Batch 7: orphaned, carries L2 block 27'];
    expect(await told('27', nodeWith({ batches: started }))).toEqual(expected);
    const failing = nodeWith({ batches: started }, () => Promise.reject(new Error('the disk is full')));
    expect(await told('27', failing)).toEqual(expected);
  });

  it('tells a commit once that the status and the journal know, as the status has it', async () => {
    const batches = [batch(50, { progress: 'finalized' })];
    expect((await told('50', nodeWith({ batches }, remember)))[0]).toBe(
      'Batch 50: finalized, in L1 block 100',
    );
    expect(
      (await told('50', nodeWith({ batches }, remember))).filter((one) => one.startsWith('Batch 50')),
    ).toHaveLength(1);
  });

  it('leads to the L1 block by its hash where that is known, else by its number; an orphaned one comes after', async () => {
    const paths = async (over: Partial<StatusView>, text: string) =>
      (await find(text, nodeWith({ batches: [], ...over }))).hits
        .filter(({ kind }) => kind === 'l1_block')
        .map(({ path }) => path);
    const lanes = [lane(115, false), lane(115, true)];
    expect(await paths({ lanes }, '115')).toEqual([
      `/chain?sel=l1-${hash('d')}`,
      `/chain?sel=l1-${hash('e')}`,
    ]);
    expect(await paths({}, '115')).toEqual(['/chain?sel=l1-115']);
    expect(await paths({ lanes: [lane(121, false)] }, '121')).toEqual([`/chain?sel=l1-${hash('e')}`]);
  });

  it.each([
    ['121', ['L2 block 121: safe']],
    ['224', ['L2 block 224: unsafe']],
    ['225', []],
    ['20', ['L2 block 20: finalized', 'L1 block 20: finalized']],
    ['101', ['L2 block 101: safe', 'L1 block 101: unsafe']],
  ])('offers only what exists: %s', async (text, hits) => {
    expect(await told(text, nodeWith({ batches: [] }))).toEqual(hits);
  });
});
