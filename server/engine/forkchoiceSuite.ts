import { expect, test } from 'vitest';
import { type Hash, ZERO_HASH } from '../protocol/refs.ts';
import {
  type EngineTraits,
  give,
  group,
  headOf,
  moveTo,
  type OpenEngine,
  UNKNOWN_HASH,
} from '../testing/engineBench.ts';
import { alice, buildBranch, buildOn, sign, toHead } from './embedded/testChain.ts';

export function forkchoiceCases(open: OpenEngine, traits: EngineTraits): void {
  group('forkchoice', open, (bench) => {
    test('Genesis: both hold the same first block', async () => {
      const { engine, genesis } = bench();
      expect((await engine.blockByNumber(0))?.hash).toBe(genesis.hash);
    });

    test('In-Order Consecutive Payload Execution, and labels that follow', async () => {
      const { engine, maker, genesis } = bench();
      const blocks = await buildBranch(maker.engine, genesis, 6, 0x11);
      await give(engine, blocks);
      expect(await headOf(engine)).toBe(genesis.hash);
      await moveTo(engine, blocks[5]!, blocks[3]!.hash, blocks[1]!.hash);
      expect(await engine.labels()).toMatchObject({
        latest: { hash: blocks[5]!.hash },
        safe: { hash: blocks[3]!.hash },
        finalized: { hash: blocks[1]!.hash },
      });
    });

    test('Re-Execute Payload: a known block is VALID again', async () => {
      const { engine, maker, genesis } = bench();
      const blocks = await buildBranch(maker.engine, genesis, 2, 0x12);
      await give(engine, [...blocks, ...blocks]);
    });

    test('Unknown HeadBlockHash is SYNCING and moves nothing', async () => {
      const { engine } = bench();
      const before = await headOf(engine);
      const answer = await engine.forkchoiceUpdated(toHead(UNKNOWN_HASH), null);
      expect(answer).toEqual({ payloadStatus: { status: 'SYNCING' }, payloadId: null });
      expect(await headOf(engine)).toBe(before);
    });

    test('Zero HeadBlockHash moves nothing', async () => {
      const { engine } = bench();
      const before = await headOf(engine);
      const call = engine.forkchoiceUpdated(toHead(ZERO_HASH), null);
      if (traits.zeroHead === 'INVALID')
        expect((await call).payloadStatus).toMatchObject({ status: 'INVALID' });
      else await expect(call).rejects.toMatchObject({ code: traits.zeroHead });
      expect(await headOf(engine)).toBe(before);
    });

    test.each([
      ['Unknown SafeBlockHash', (a: Hash, _b: Hash) => toHead(a, UNKNOWN_HASH)],
      ['Unknown FinalizedBlockHash', (a: Hash, _b: Hash) => toHead(a, a, UNKNOWN_HASH)],
      ['Inconsistent Safe in ForkchoiceState', (a: Hash, b: Hash) => toHead(a, b)],
      ['Inconsistent Finalized in ForkchoiceState', (a: Hash, b: Hash) => toHead(a, a, b)],
    ])('%s is -38002', async (what, state) => {
      const { engine, maker, genesis } = bench();
      // A mark of its own for each case: what another case made canonical must not count as consistent.
      const mark = 0x40 + what.length;
      const here = await buildBranch(maker.engine, genesis, 2, mark);
      const there = await buildBranch(maker.engine, genesis, 2, mark + 0x60);
      await give(engine, [...here, ...there]);
      await moveTo(engine, there[1]!);
      const call = engine.forkchoiceUpdated(state(here[1]!.hash, there[1]!.hash), null);
      await expect(call).rejects.toMatchObject({ code: 'invalid_forkchoice_state', rpcCode: -38002 });
      const kept = traits.atomicForkchoice ? there : here;
      expect(await headOf(engine)).toBe(kept[1]!.hash);
    });
  });
}

export function reorgCases(open: OpenEngine, { rewindLimit, belowFinalized }: EngineTraits): void {
  group('reorg', open, (bench) => {
    test.each([1, 2, 7, 32, 33, 64])('Sidechain Re-Org, %i deep, there and back', async (depth) => {
      const { engine, maker, genesis } = bench();
      const [trunk] = await buildBranch(maker.engine, genesis, 1, 0x20 + depth);
      const a = await buildBranch(maker.engine, trunk!, depth, 0xa0);
      const b = await buildBranch(maker.engine, trunk!, depth, 0xb0);
      await give(engine, [trunk!, ...a, ...b]);
      for (const branch of [a, b, a]) {
        await moveTo(engine, branch.at(-1)!, trunk!.hash);
        expect(await headOf(engine)).toBe(branch.at(-1)!.hash);
        expect((await engine.blockByNumber(2))?.hash).toBe(branch[0]!.hash);
        expect((await engine.labels()).safe?.hash).toBe(trunk!.hash);
      }
    });

    test('Re-Org to a shorter branch hides the numbers above it', async () => {
      const { engine, maker, genesis } = bench();
      const long = await buildBranch(maker.engine, genesis, 9, 0x71);
      const short = await buildBranch(maker.engine, genesis, 3, 0x72);
      await give(engine, [...long, ...short]);
      await moveTo(engine, long.at(-1)!);
      await moveTo(engine, short.at(-1)!);
      expect(await engine.blockByNumber(4)).toBeNull();
    });

    test('Re-Org Back to Canonical Chain From Syncing Chain', async () => {
      const { engine, maker, genesis } = bench();
      const side = await buildBranch(maker.engine, genesis, 3, 0x73);
      const main = await buildBranch(maker.engine, genesis, 3, 0x74);
      await give(engine, main);
      await moveTo(engine, main[2]!);
      // The middle of the side branch is missing.
      await give(engine, [side[0]!]);
      const status = await engine.newPayload(side[2]!);
      expect(['SYNCING', 'ACCEPTED']).toContain(status.status);
      await moveTo(engine, main[2]!);
      expect(await headOf(engine)).toBe(main[2]!.hash);
    });

    test('Transaction Re-Org: a transaction is where its branch is', async () => {
      const { engine, maker, genesis } = bench();
      const transactions = [await sign(alice, { nonce: 0, value: 5n })];
      const paid = await buildOn(maker.engine, genesis, { transactions, noTxPool: true });
      const empty = await buildBranch(maker.engine, genesis, 2, 0x75);
      await give(engine, [paid, ...empty]);
      await moveTo(engine, paid);
      await moveTo(engine, empty[1]!);
      await moveTo(engine, paid);
      expect(await headOf(engine)).toBe(paid.hash);
    });

    test.each([1, 2, 7, 32, 33, 64])('Rewind to an ancestor, %i deep', async (depth) => {
      const { engine, maker, genesis } = bench();
      const blocks = await buildBranch(maker.engine, genesis, depth + 2, 0x80 + depth);
      await give(engine, blocks);
      await moveTo(engine, blocks.at(-1)!);
      const target = blocks[1]!;
      const call = engine.forkchoiceUpdated(toHead(target.hash, target.hash), null);
      if (rewindLimit !== null && depth > rewindLimit) {
        await expect(call).rejects.toMatchObject({ code: 'too_deep_reorg', rpcCode: -38006 });
        expect(await headOf(engine)).toBe(blocks.at(-1)!.hash);
        // What a driver does then: the safe label alone goes back, and a sibling moves the head.
        await moveTo(engine, blocks.at(-1)!, target.hash);
        expect((await engine.labels()).safe?.hash).toBe(target.hash);
        const siblings = await buildBranch(maker.engine, target, 1, 0xcc);
        await give(engine, siblings);
        await moveTo(engine, siblings[0]!, siblings[0]!.hash);
        expect(await headOf(engine)).toBe(siblings[0]!.hash);
        return;
      }
      expect((await call).payloadStatus.status).toBe('VALID');
      expect(await headOf(engine)).toBe(target.hash);
      expect(await engine.blockByNumber(3)).toBeNull();
    });

    // Last of its group: finality does not go back.
    test('An ancestor of the finalized block', async () => {
      const { engine, maker, genesis } = bench();
      const blocks = await buildBranch(maker.engine, genesis, 4, 0x76);
      await give(engine, blocks);
      await moveTo(engine, blocks[3]!, blocks[2]!.hash, blocks[2]!.hash);
      const answer = await engine.forkchoiceUpdated(toHead(blocks[0]!.hash), null);
      expect(answer.payloadStatus.status).toBe('VALID');
      const expected = belowFinalized === 'skipped' ? blocks[3]! : blocks[0]!;
      expect(await headOf(engine)).toBe(expected.hash);
    });
  });
}
