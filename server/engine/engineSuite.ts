/**
 * What any engine behind the Engine API must do, over HTTP with a token as a driver reaches it. The cases carry the
 * names of the hive project's engine suites (forkchoice, reorg, invalid ancestor, invalid payload, building, auth), so
 * that a failure can be compared with other clients'. Where engines differ on purpose the difference is a trait.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BlockHeader, SealedBlock } from '../protocol/block.ts';
import { sealBlock } from '../protocol/blockCodec.ts';
import { fromHex, toHex } from '../protocol/bytes.ts';
import { type Hash, type Hex, ZERO_HASH } from '../protocol/refs.ts';
import { type SchemaProxy, startSchemaProxy } from '../testing/schemaProxy.ts';
import { connectEngine } from './connect.ts';
import { BEACON_ROOTS, BLOCK_HASHES } from './embedded/systemCalls.ts';
import {
  alice,
  attributesAfter,
  bob,
  buildBranch,
  buildOn,
  openTestEngine,
  sign,
  type TestEngine,
  tamper,
  testGenesis,
  toHead,
} from './embedded/testChain.ts';
import type { Engine } from './engine.ts';

export interface EngineSubject {
  readonly url: string;
  readonly secret: Uint8Array;
  close(): Promise<void>;
}

/** Where engines differ and both are within the specification, or where one is known not to be. */
export interface EngineTraits {
  /** How many blocks a forkchoice update may take the head back to an ancestor; deeper is -38006. Null: any. */
  readonly rewindLimit: number | null;
  /** What an update to an ancestor of the finalized block does (paris.md allows to skip it). */
  readonly belowFinalized: 'skipped' | 'done';
  /** False: the head has moved before a bad safe or finalized hash is answered with -38002 (paris.md wants neither). */
  readonly atomicForkchoice: boolean;
  /** Answer to a zero head hash. */
  readonly zeroHead: 'INVALID' | 'invalid_forkchoice_state';
  /** Milliseconds the engine needs until a payload holds what its pool offers. */
  readonly buildMs: number;
}

const unknown: Hash = `0x${'77'.repeat(32)}`;
const STOP = { balance: '0x0', code: '0x00' };
const EARLY = ['homestead', 'eip150', 'eip155', 'eip158', 'byzantium', 'constantinople', 'petersburg'];

/** A genesis that every engine takes: all hardforks by name, and code where Prague calls its request contracts. */
export const suiteGenesis = (options: { prague?: boolean } = {}) => {
  const { config, ...genesis } = testGenesis({
    prague: options.prague ?? true,
    alloc: {
      // They write at each block, so that no two blocks share a state.
      [BEACON_ROOTS.address]: { balance: '0x0', nonce: '0x1', code: toHex(BEACON_ROOTS.code) },
      [BLOCK_HASHES.address]: { balance: '0x0', nonce: '0x1', code: toHex(BLOCK_HASHES.code) },
      '0x00000961ef480eb55e80d19ad83579a64c007002': STOP,
      '0x0000bbddc7ce488642fb579f8b00f3a590007251': STOP,
    },
  });
  const blocks = [...EARLY, 'istanbul', 'berlin', 'london', 'mergeNetsplit'];
  return {
    ...genesis,
    config: {
      ...config,
      ...Object.fromEntries(blocks.map((name) => [`${name}Block`, 0])),
      terminalTotalDifficulty: 0,
      blobSchedule: {
        cancun: { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477 },
        prague: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 },
      },
    },
  };
};

interface Bench {
  /** The engine under test. */
  readonly engine: Engine;
  /** The embedded engine makes the blocks, so that what is tested judges blocks that it did not make. */
  readonly maker: TestEngine;
  readonly subject: EngineSubject;
  readonly genesis: SealedBlock;
}

/** The suite. `open` starts an engine on a genesis in geth's format, empty. */
export function engineSuite(
  name: string,
  open: (genesis: unknown) => Promise<EngineSubject>,
  traits: EngineTraits,
): void {
  describe(`${name}, as an engine`, () => {
    forkchoiceCases(open, traits);
    reorgCases(open, traits);
    invalidCases(open);
    buildingCases(open, traits);
    authCases(open);
  });
}

type Open = (genesis: unknown) => Promise<EngineSubject>;

/** One engine for a group of cases: each case grows a branch of its own from the genesis. */
function group(title: string, open: Open, cases: (bench: () => Bench) => void): void {
  describe(title, () => {
    let bench: Bench;
    let proxy: SchemaProxy;
    beforeAll(async () => {
      const genesis = suiteGenesis();
      const subject = await open(genesis);
      proxy = await startSchemaProxy(subject.url);
      const engine = connectEngine({ url: proxy.url, jwtSecret: subject.secret });
      await engine.exchangeCapabilities();
      const maker = await openTestEngine({ genesis, l2Rules: false });
      bench = { engine, maker, subject, genesis: maker.genesis };
    });
    afterAll(async () => {
      await bench?.engine.close();
      await bench?.maker.close();
      await proxy?.close();
      await bench?.subject.close();
    });
    cases(() => bench);
    test('every request and answer of these cases is as the OpenRPC description has it', () => {
      expect(proxy.methods.size).toBeGreaterThan(0);
      expect([...proxy.problems]).toEqual([]);
    });
  });
}

const headOf = async (engine: Engine): Promise<Hash> => (await engine.labels()).latest.hash;

async function give(engine: Engine, blocks: readonly SealedBlock[]): Promise<void> {
  for (const block of blocks) {
    expect(await engine.newPayload(block)).toEqual({ status: 'VALID', latestValidHash: block.hash });
  }
}

async function moveTo(
  engine: Engine,
  block: SealedBlock,
  safe = ZERO_HASH,
  final = ZERO_HASH,
): Promise<void> {
  const { payloadStatus } = await engine.forkchoiceUpdated(toHead(block.hash, safe, final), null);
  expect(payloadStatus).toEqual({ status: 'VALID', latestValidHash: block.hash });
}

function forkchoiceCases(open: Open, traits: EngineTraits): void {
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
      const answer = await engine.forkchoiceUpdated(toHead(unknown), null);
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
      ['Unknown SafeBlockHash', (a: Hash, _b: Hash) => toHead(a, unknown)],
      ['Unknown FinalizedBlockHash', (a: Hash, _b: Hash) => toHead(a, a, unknown)],
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

function reorgCases(open: Open, { rewindLimit, belowFinalized }: EngineTraits): void {
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

const WRONG: readonly (readonly [string, Partial<BlockHeader>])[] = [
  ['StateRoot', { stateRoot: unknown }],
  ['ReceiptsRoot', { receiptsRoot: unknown }],
  ['LogsBloom', { logsBloom: `0x${'01'.repeat(256)}` }],
  ['Number', { number: 9 }],
  ['GasLimit', { gasLimit: 31_000_000n }],
  ['GasUsed', { gasUsed: 21_001n }],
  ['Timestamp', { timestamp: 1_700_000_000 }],
  ['BaseFeePerGas', { baseFeePerGas: 7n }],
  ['BlobGasUsed', { blobGasUsed: 131_072n }],
  ['ExcessBlobGas', { excessBlobGas: 1n }],
];

function invalidCases(open: Open): void {
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
      const status = await engine.newPayload({ ...block!, hash: unknown });
      expect(status).toMatchObject({ status: 'INVALID', latestValidHash: null });
    });

    test('ParentHash equals BlockHash on NewPayload is never executed', async () => {
      const { engine, maker, genesis } = bench();
      const [block] = await buildBranch(maker.engine, genesis, 1, 0x32);
      const status = await engine.newPayload(tamper(block!, { parentHash: unknown }));
      expect(['SYNCING', 'ACCEPTED']).toContain(status.status);
    });
  });

  group('invalid ancestor', open, (bench) => {
    test('Invalid Ancestor Chain Re-Org: descendants are INVALID back to the same valid ancestor', async () => {
      const { engine, maker, genesis } = bench();
      const [first, second] = await buildBranch(maker.engine, genesis, 2, 0x33);
      const bad = tamper(second!, { stateRoot: unknown });
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
      const bad = tamper(good[2]!, { receiptsRoot: unknown });
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

function buildingCases(open: Open, { buildMs }: EngineTraits): void {
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
        await start({ prevRandao: unknown }),
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
      const bad = tamper(good!, { stateRoot: unknown });
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

const flipped = (secret: Uint8Array): Uint8Array => secret.map((byte) => byte ^ 0xff);

function authCases(open: Open): void {
  group('auth', open, (bench) => {
    const ask = async (secret: Uint8Array | undefined, skewSeconds: number): Promise<unknown> => {
      const { url } = bench().subject;
      const now = () => Date.now() + skewSeconds * 1_000;
      const engine = connectEngine({ url, jwtSecret: secret, now });
      try {
        await engine.exchangeCapabilities();
        return 'accepted';
      } catch (error) {
        return (error as { code?: unknown }).code;
      } finally {
        await engine.close();
      }
    };

    test.each([
      ['No time drift, correct secret', 0, 'accepted'],
      ['Negative time drift, within limit, correct secret', -58, 'accepted'],
      ['Positive time drift, within limit, correct secret', 58, 'accepted'],
      ['Negative time drift, exceeding limit, correct secret', -62, 'auth_failed'],
      ['Positive time drift, exceeding limit, correct secret', 63, 'auth_failed'],
    ])('JWT Authentication: %s', async (_, skew, expected) => {
      expect(await ask(bench().subject.secret, skew)).toBe(expected);
    });

    test('JWT Authentication: No time drift, incorrect secret', async () => {
      expect(await ask(flipped(bench().subject.secret), 0)).toBe('auth_failed');
    });

    test('JWT Authentication: no token', async () => {
      expect(await ask(undefined, 0)).toBe('auth_failed');
    });
  });
}
