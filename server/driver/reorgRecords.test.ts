import { describe, expect, it } from 'vitest';
import type { TransactionRef } from '../engine/engine.ts';
import type { Address } from '../protocol/refs.ts';
import { COMMITS, world } from '../testing/driverWorld.ts';
import { chainText, l1Ref, l2Ref } from '../testing/stringChain.ts';
import type { ReorgRecord } from './plan/reorgRecord.ts';

const TO_X = { ...COMMITS, abcdx: 'ABCXX', abcdxyz: 'ABCXXYY' };
const address = (byte: string): Address => `0x${byte.repeat(20)}`;
const [ANNA, BERT] = [address('aa'), address('bb')];
/** Who commits in every string world (see fakeCommit). */
const POSTER = ANNA;

const transaction = (name: string, nonce = 0): TransactionRef => ({
  hash: `0x${name.charCodeAt(0).toString(16).padStart(64, '7')}`,
  from: ANNA,
  nonce,
});
const newest = (w: ReturnType<typeof world>): ReorgRecord => w.driver.state.reorgs.at(-1)!;
const text = (refs: readonly { hash: `0x${string}` }[]): string => chainText(refs);

describe('the record of an L1 reorg', () => {
  it('tells both branches on both layers, the batches, the leaders, and the heads before and after', async () => {
    const w = world('abcdefgh', TO_X, { leader: ANNA });
    await w.settle();
    w.l1.leader = BERT;
    w.l1.switchTo('abcdxyz');
    await w.settle();
    const record = newest(w);
    expect(record).toMatchObject({
      layer: 'L1',
      cause: 'L1_REORG',
      exact: true,
      depth: 4,
      commonAncestor: { hash: l1Ref('abcd').hash },
      oldTip: { hash: l1Ref('abcdefgh').hash },
      newTip: { hash: l1Ref('abcdxyz').hash },
      droppedBatches: [2, 3],
      l2Ancestor: { hash: l2Ref('ABC').hash },
      droppedL2Count: 4,
      adoptedL2Count: 4,
      leader: { before: ANNA, after: BERT },
      heads: {
        before: { l1: { hash: l1Ref('abcdefgh').hash }, safe: { hash: l2Ref('ABCDEFG').hash } },
        after: { l1: { hash: l1Ref('abcdxyz').hash }, safe: { hash: l2Ref('ABCXXYY').hash } },
      },
    });
    expect(text(record.droppedL1)).toBe('efgh');
    expect(text(record.droppedL2)).toBe('DEFG');
    expect(text(record.adoptedL2)).toBe('XXYY');
    expect(w.kinds().indexOf('reorg.detected')).toBeLessThan(w.kinds().indexOf('reorg.recovered'));
  });

  it('takes no L2 block for dropped that only moved to another L1 block', async () => {
    const w = world('abcde', { ...COMMITS, abcdxy: 'ABCDE' });
    w.engine.carry('ABCDE', [transaction('t')]);
    await w.settle();
    w.l1.switchTo('abcdxy');
    await w.settle();
    expect(newest(w)).toMatchObject({
      droppedL2: [],
      droppedL2Count: 0,
      adoptedL2Count: 0,
      transactions: [{ fate: 'same' }],
    });
  });

  it('measures detection from the announcement of the head, and recovery until the old height is back', async () => {
    const w = world('abcdefgh', { ...COMMITS, abcdx: 'ABCXX', abcdxyzu: 'ABCXXYYZ' });
    await w.settle();
    w.l1.switchTo('abcdx');
    w.clock.at += 1_000;
    const announced = w.clock.at;
    w.driver.announced();
    w.clock.at += 700;
    await w.settle();
    expect(newest(w)).toMatchObject({
      firstEvidenceAt: announced,
      detectedAt: announced + 700,
      recoveredAt: announced + 700,
      regainedAt: null,
    });
    w.l1.mine('yzu');
    w.clock.at += 9_000;
    await w.settle();
    expect(newest(w).regainedAt).toBe(announced + 9_700);
    expect(w.kinds().filter((kind) => kind.startsWith('reorg.'))).toEqual([
      'reorg.detected',
      'reorg.recovered',
      'reorg.updated',
    ]);
  });
});

describe('the transactions of dropped blocks', () => {
  it('are told by their fate when the reorg is over, and again when it changes', async () => {
    const w = world('abcdefgh', TO_X);
    const [same, moved, waits, lost, outdone] = ['s', 'm', 'w', 'l', 'o'].map((name) => transaction(name));
    w.engine.carry('ABCD', [same!, moved!, waits!, lost!, outdone!]);
    w.engine.carry('ABCX', [same!]);
    w.engine.carry('ABCXX', [moved!]);
    w.engine.pool.add(waits!.hash);
    w.engine.outdone.add(outdone!.hash);
    await w.settle();
    w.l1.switchTo('abcdxyz');
    await w.settle();
    const fates = () => newest(w).transactions.map(({ fate }) => fate);
    expect(fates()).toEqual(['same', 're_included', 'pending', 'dropped', 'conflicting']);
    expect(newest(w).transactionCount).toBe(5);
    w.engine.carry('ABCXXYY', [waits!]);
    w.clock.at += 10_000;
    await w.settle();
    expect(fates()[2]).toBe('re_included');
    expect(w.events.at(-1)?.kind).toBe('reorg.updated');
  });

  it('are not guessed when the engine does not tell them, and the reorg is survived all the same', async () => {
    const w = world('abcdefgh', TO_X);
    await w.settle();
    w.engine.transactionsOfBlock = async () => {
      throw new Error('method not found');
    };
    w.l1.switchTo('abcdxyz');
    await w.settle();
    expect(newest(w)).toMatchObject({
      transactionCount: null,
      transactionsNote: expect.stringContaining('method'),
    });
    expect(await w.heads()).toBe('Y / Y / -');
  });
});

describe('an engine that does not answer when a reorg is over', () => {
  it('keeps no record open: what it did not tell is said, and asked for again later', async () => {
    const w = world('abcdefgh', TO_X);
    w.engine.carry('ABCD', [transaction('s')]);
    w.engine.carry('ABCX', [transaction('s')]);
    await w.settle();
    const real = w.engine.placeOfTransaction.bind(w.engine);
    w.engine.placeOfTransaction = async () => {
      throw new Error('busy');
    };
    w.l1.switchTo('abcdxyz');
    await w.settle();
    expect(newest(w)).toMatchObject({
      recoveredAt: expect.any(Number),
      transactionsNote: expect.stringContaining('busy'),
    });
    w.engine.placeOfTransaction = real;
    w.clock.at += 10_000;
    await w.settle();
    expect(newest(w)).toMatchObject({ transactionsNote: null, transactions: [{ fate: 'same' }] });
  });
});

describe('a process that dies between a record and its end', () => {
  it('leaves it open, and the next one takes it up and closes it, with no second record', async () => {
    const w = world('abcdefgh', TO_X);
    await w.settle();
    w.l1.switchTo('abcdxyz');
    w.engine.failNext('forkchoiceUpdated', 'timeout');
    expect(await w.settle()).toBe('failed');
    w.restart();
    await w.settle();
    expect(await w.heads()).toBe('Y / Y / -');
    expect(w.kinds().filter((kind) => kind === 'reorg.detected')).toHaveLength(1);
    expect(w.kinds().filter((kind) => kind === 'reorg.recovered')).toHaveLength(1);
    expect(newest(w).evidence.join()).toContain('its next start took it up');
  });

  it('does not need the journal to be right: it may be empty or unreadable at the next start', async () => {
    const w = world('abcdefgh', TO_X);
    await w.settle();
    w.l1.switchTo('abcdxyz');
    w.engine.failNext('forkchoiceUpdated', 'timeout');
    await w.settle();
    w.events.length = 0;
    w.restart();
    await w.settle();
    expect(await w.heads()).toBe('Y / Y / -');
  });
});

describe('a head that somebody else moved', () => {
  it.each([
    ['back', 'ABCDE', 'EL_ROLLBACK', 2],
    ['aside', 'ABCDEUV', 'UNKNOWN', 2],
  ] as const)('%s is recorded, with what is known of it and no more', async (_, chain, cause, depth) => {
    const w = world('abcdef', COMMITS, { engineChain: 'ABCDEFG' });
    await w.settle();
    w.engine.moveHead(chain);
    await w.settle();
    expect(newest(w)).toMatchObject({
      layer: 'L2',
      cause,
      depth,
      exact: true,
      commonAncestor: { hash: l2Ref('ABCDE').hash },
      oldTip: { hash: l2Ref('ABCDEFG').hash },
      recoveredAt: expect.any(Number),
    });
    expect(text(newest(w).droppedL2)).toBe('FG');
  });

  it('forward on its own branch is no reorg', async () => {
    const w = world('abcdef', COMMITS);
    await w.settle();
    w.engine.moveHead('ABCDEUV');
    await w.settle();
    expect(w.driver.state.reorgs).toEqual([]);
  });

  it('by a part of this node has the cause that this part gave', async () => {
    const w = world('abcdef', COMMITS, { engineChain: 'ABCDEFG' });
    await w.settle();
    w.driver.headMoves({
      cause: 'LEADER_HANDOVER',
      evidence: ['our turn ended'],
      from: l2Ref('ABCDEFG'),
      at: w.clock.at,
    });
    w.engine.moveHead('ABCDE');
    await w.settle();
    expect(newest(w)).toMatchObject({ cause: 'LEADER_HANDOVER', depth: 2 });
  });

  it('back to the latest valid block, after it called one INVALID, is the engine’s verdict and is told as such', async () => {
    const w = world('abcdef', COMMITS, { engineChain: 'ABCDEUV' });
    await w.settle();
    w.l1.mine('g');
    w.engine.newPayload = async () => {
      w.engine.moveHead('ABCDE');
      return { status: 'INVALID', latestValidHash: l2Ref('ABCDE').hash, validationError: 'bad root' };
    };
    await w.settle();
    await w.settle();
    const record = w.driver.state.reorgs.find(({ cause }) => cause === 'INVALID_PAYLOAD');
    expect(record).toMatchObject({ layer: 'L2', oldTip: { hash: l2Ref('ABCDEUV').hash }, depth: 2 });
    expect(record?.evidence.join()).toContain('bad root');
  });

  it('by a part of this node is recorded also when the blocks came and went between two looks', async () => {
    const w = world('abcdef', COMMITS);
    await w.settle();
    w.engine.moveHead('ABCDEFG');
    w.driver.headMoves({
      cause: 'LEADER_HANDOVER',
      evidence: ['our turn ended'],
      from: l2Ref('ABCDEFG'),
      at: w.clock.at,
    });
    w.engine.moveHead('ABCDE');
    await w.settle();
    expect(newest(w)).toMatchObject({
      cause: 'LEADER_HANDOVER',
      depth: 2,
      oldTip: { hash: l2Ref('ABCDEFG').hash },
    });
    expect(text(newest(w).droppedL2)).toBe('FG');
  });

  it('is not taken for somebody else’s when an update of ours timed out and was applied', async () => {
    const w = world('abcdefgh', TO_X);
    await w.settle();
    w.l1.switchTo('abcdxyz');
    w.engine.failAfter('forkchoiceUpdated', 'timeout');
    expect(await w.settle()).toBe('failed');
    await w.settle();
    expect(w.driver.state.reorgs.map(({ layer }) => layer)).toEqual(['L1']);
    expect(await w.heads()).toBe('Y / Y / -');
  });
});

describe('a batch that replaces unsafe blocks', () => {
  const builder = (of: Address) => () => ({ kind: 'leader', address: of }) as const;

  it.each([
    ['nobody vouched for', undefined, 'BATCH_MISMATCH'],
    ['of another leader', builder(BERT), 'LEADER_HANDOVER'],
    ['of the same leader', builder(POSTER), 'LEADER_EQUIVOCATION'],
  ] as const)('%s', async (_, builderOf, cause) => {
    const w = world('abcde', COMMITS, { engineChain: 'ABCXYZ', ...(builderOf && { builderOf }) });
    await w.settle();
    expect(newest(w).cause).toBe(cause);
    expect([text(newest(w).droppedL2), text(newest(w).adoptedL2)]).toEqual(['XYZ', 'DE']);
  });

  it('which an engine had kept after L1 took them back is the L1 reorg’s doing', async () => {
    const w = world('abcdefgh', { ...COMMITS, abcdxyz: 'ABCXX' }, { engine: { keepsHeadOnAncestor: true } });
    await w.settle();
    w.l1.switchTo('abcdxy');
    await w.settle();
    w.l1.mine('z');
    await w.settle();
    expect(w.driver.state.reorgs.map(({ layer, cause }) => `${layer} ${cause}`)).toEqual([
      'L1 L1_REORG',
      'L2 L1_REORG',
    ]);
  });
});

describe('a leader that shows other blocks than before', () => {
  const told = async (reorganised: boolean) => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    w.engine.moveHead('ABCDEFGUV');
    await w.settle();
    w.clock.at += 3_600_000;
    if (reorganised) w.l1.switchTo('abcdefgxy');
    await w.settle();
    w.driver.headMoves({
      cause: 'LEADER_EQUIVOCATION',
      evidence: ['its word'],
      from: l2Ref('ABCDEFGUV'),
      at: 1,
    });
    w.engine.moveHead('ABCDEFGWZ');
    await w.settle();
    return newest(w);
  };

  it('told two stories', async () => {
    expect(await told(false)).toMatchObject({ layer: 'L2', cause: 'LEADER_EQUIVOCATION' });
  });

  it('is not accused where L1 was reorganised in between: it may have had to build anew', async () => {
    const { cause, evidence } = await told(true);
    expect([cause, evidence.at(-1)]).toEqual(['UNKNOWN', expect.stringMatching(/^L1 was reorganised \(L1-/)]);
  });
});

describe('a safe head that L1 does not imply at a start', () => {
  it('is called an L1 reorg only with a batch to show for it', async () => {
    const w = world('abcdefgh', COMMITS);
    await w.settle();
    w.l1.switchTo('abcdxyz');
    w.restart();
    await w.settle();
    expect(newest(w)).toMatchObject({ cause: 'L1_REORG', droppedBatches: [2, 3], depth: 4 });
    expect(newest(w).evidence.join()).toContain(l1Ref('abcde').hash);
  });

  it('is UNKNOWN when nothing remembers where it came from', async () => {
    const w = world('abcdefgh', COMMITS, { engineChain: 'ABCDEFGHI' });
    w.engine.label('ABCDEFGHI');
    await w.settle();
    expect(newest(w)).toMatchObject({ cause: 'UNKNOWN', layer: 'L2' });
    expect(await w.heads()).toBe('G / G / -');
  });
});
