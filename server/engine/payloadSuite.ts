import { expect, test } from 'vitest';
import type { BlockHeader } from '../protocol/block.ts';
import { sealBlock } from '../protocol/blockCodec.ts';
import { fromHex, toHex } from '../protocol/bytes.ts';
import type { Hex } from '../protocol/refs.ts';
import {
  type EngineSubject,
  type EngineTraits,
  give,
  group,
  headOf,
  moveTo,
  type OpenEngine,
  UNKNOWN_HASH,
} from '../testing/engineBench.ts';
import {
  alice,
  attributesAfter,
  bob,
  buildBranch,
  buildOn,
  sign,
  tamper,
  toHead,
} from './embedded/testChain.ts';

const WRONG: readonly (readonly [string, Partial<BlockHeader>])[] = [
  ['StateRoot', { stateRoot: UNKNOWN_HASH }],
  ['ReceiptsRoot', { receiptsRoot: UNKNOWN_HASH }],
  ['LogsBloom', { logsBloom: `0x${'01'.repeat(256)}` }],
  ['Number', { number: 9 }],
  ['GasLimit', { gasLimit: 31_000_000n }],
  ['GasUsed', { gasUsed: 21_001n }],
  ['Timestamp', { timestamp: 1_700_000_000 }],
  ['BaseFeePerGas', { baseFeePerGas: 7n }],
  ['BlobGasUsed', { blobGasUsed: 131_072n }],
  ['ExcessBlobGas', { excessBlobGas: 1n }],
];

export function invalidCases(open: OpenEngine): void {
  group('invalid payload', open, (bench) => {
    test.each(WRONG)('Invalid %s NewPayload', async (_, change) => {
      const { engine, maker, genesis } = bench();
      const transactions = [await sign(alice, { nonce: 0 })];
      const good = await buildOn(maker.engine, genesis, { transactions });
      const bad = tamper(good, change);
      const status = await engine.newPayload(bad);
      // A wrong number is a parent that cannot be found at the height before it.
      if ('number' in change && status.status !== 'INVALID') {
        expect(['SYNCING', 'ACCEPTED']).toContain(status.status);
        return;
      }
      expect(status).toMatchObject({ status: 'INVALID', latestValidHash: genesis.hash });
      const { payloadStatus } = await engine.forkchoiceUpdated(toHead(bad.hash), null);
      expect(payloadStatus.status).not.toBe('VALID');
      expect(await headOf(engine)).not.toBe(bad.hash);
      await give(engine, [good]);
    });

    test.each([
      ['Signature', async () => `${(await sign(alice, { nonce: 0 })).slice(0, -64)}${'00'.repeat(32)}`],
      ['Nonce', () => sign(alice, { nonce: 3 })],
      ['ChainID', () => sign(alice, { nonce: 0, chainId: 5 })],
      ['Value', () => sign(alice, { nonce: 0, value: 10n ** 30n })],
      ['Gas', () => sign(alice, { nonce: 0, gas: 40_000_000n })],
      ['bytes', async () => '0x02c0'],
    ])('Invalid Transaction %s, NewPayload', async (_, make) => {
      const { engine, maker, genesis } = bench();
      const transactions = [await sign(alice, { nonce: 0 })];
      const good = await buildOn(maker.engine, genesis, { transactions });
      const status = await engine.newPayload(sealBlock(good.header, [fromHex((await make()) as Hex)], []));
      expect(status.status).toBe('INVALID');
    });

    test('Bad Hash on NewPayload names no branch', async () => {
      const { engine, maker, genesis } = bench();
      const [block] = await buildBranch(maker.engine, genesis, 1, 0x31);
      const status = await engine.newPayload({ ...block!, hash: UNKNOWN_HASH });
      expect(status).toMatchObject({ status: 'INVALID', latestValidHash: null });
    });

    test('ParentHash equals BlockHash on NewPayload is never executed', async () => {
      const { engine, maker, genesis } = bench();
      const [block] = await buildBranch(maker.engine, genesis, 1, 0x32);
      const status = await engine.newPayload(tamper(block!, { parentHash: UNKNOWN_HASH }));
      expect(['SYNCING', 'ACCEPTED']).toContain(status.status);
    });
  });

  group('invalid ancestor', open, (bench) => {
    test('Invalid Ancestor Chain Re-Org: descendants are INVALID back to the same valid ancestor', async () => {
      const { engine, maker, genesis } = bench();
      const [first, second] = await buildBranch(maker.engine, genesis, 2, 0x33);
      const bad = tamper(second!, { stateRoot: UNKNOWN_HASH });
      const child = tamper(second!, { parentHash: bad.hash, number: 3, timestamp: second!.timestamp + 1 });
      await give(engine, [first!]);
      await moveTo(engine, first!);
      const refused = { status: 'INVALID', latestValidHash: first!.hash };
      expect(await engine.newPayload(bad)).toMatchObject(refused);
      expect(await engine.newPayload(child)).toMatchObject(refused);
      const { payloadStatus } = await engine.forkchoiceUpdated(toHead(child.hash), null);
      expect(payloadStatus).toMatchObject(refused);
      expect(await headOf(engine)).toBe(first!.hash);
    });

    test('Re-Org to the valid branch after an invalid one', async () => {
      const { engine, maker, genesis } = bench();
      const good = await buildBranch(maker.engine, genesis, 3, 0x34);
      const bad = tamper(good[2]!, { receiptsRoot: UNKNOWN_HASH });
      await give(engine, good.slice(0, 2));
      expect(await engine.newPayload(bad)).toMatchObject({
        status: 'INVALID',
        latestValidHash: good[1]!.hash,
      });
      await give(engine, [good[2]!]);
      await moveTo(engine, good[2]!);
      expect(await headOf(engine)).toBe(good[2]!.hash);
    });
  });
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export function buildingCases(open: OpenEngine, { buildMs }: EngineTraits): void {
  group('building', open, (bench) => {
    test('Build Payload from the pool: the embedded engine executes it to the same hash', async () => {
      const { engine, maker, genesis, subject } = bench();
      const raw = await sign(bob, { nonce: 0, to: alice.address, value: 3n });
      await rawCall(subject, 'eth_sendRawTransaction', [raw]);
      const started = await engine.forkchoiceUpdated(toHead(genesis.hash), attributesAfter(genesis));
      await wait(buildMs);
      const { block } = await engine.getPayload(started.payloadId!);
      expect(block.transactions.map(toHex)).toEqual([raw]);
      expect(await maker.engine.newPayload(block)).toEqual({ status: 'VALID', latestValidHash: block.hash });
      await give(engine, [block]);
      await moveTo(engine, block);
    });

    test('Unique Payload ID: other attributes, another id', async () => {
      const { engine, genesis } = bench();
      const start = async (more: object) =>
        (await engine.forkchoiceUpdated(toHead(genesis.hash), attributesAfter(genesis, more))).payloadId;
      const ids = [
        await start({}),
        await start({ timestamp: genesis.timestamp + 2 }),
        await start({ prevRandao: UNKNOWN_HASH }),
        await start({ suggestedFeeRecipient: alice.address }),
      ];
      expect(ids).not.toContain(null);
      expect(new Set(ids).size).toBe(ids.length);
    });

    test('Unknown PayloadID is -38001', async () => {
      const { engine } = bench();
      const call = engine.getPayload('0x0300000000000000');
      await expect(call).rejects.toMatchObject({ code: 'unknown_payload', rpcCode: -38001 });
    });

    test('Payload Build after New Invalid Payload', async () => {
      const { engine, maker, genesis } = bench();
      const [good] = await buildBranch(maker.engine, genesis, 1, 0x36);
      const bad = tamper(good!, { stateRoot: UNKNOWN_HASH });
      expect((await engine.newPayload(bad)).status).toBe('INVALID');
      await give(engine, [good!]);
      const { payloadId } = await engine.forkchoiceUpdated(toHead(good!.hash), attributesAfter(good!));
      const { block } = await engine.getPayload(payloadId!);
      expect(block.parentHash).toBe(good!.hash);
      await give(engine, [block]);
    });

    test('Invalid PayloadAttributes (a timestamp not after the head) are -38003, and the head stays usable', async () => {
      const { engine, genesis } = bench();
      const attributes = attributesAfter(genesis, { timestamp: genesis.timestamp });
      await expect(engine.forkchoiceUpdated(toHead(genesis.hash), attributes)).rejects.toMatchObject({
        code: 'invalid_payload_attributes',
      });
      expect((await engine.labels()).latest.number).toBeGreaterThanOrEqual(0);
    });
  });
}

/** One JSON-RPC call past the client. */
async function rawCall(subject: EngineSubject, method: string, params: readonly unknown[]): Promise<unknown> {
  const { createHttpTransport } = await import('./transport/http.ts');
  const transport = createHttpTransport({ url: subject.url, jwtSecret: subject.secret, now: Date.now });
  try {
    return await transport.call(method, params);
  } finally {
    await transport.close();
  }
}
