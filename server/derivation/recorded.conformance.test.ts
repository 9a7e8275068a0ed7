import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeBlobPayload, encodeBlobPayload, packBlob } from '../protocol/blob.ts';
import { decodeBlocks, encodeBlock } from '../protocol/blockCodec.ts';
import { concatBytes, toHex } from '../protocol/bytes.ts';
import { encodeCommitBatch } from '../protocol/commitBatch.ts';
import { installFastKeccak } from '../protocol/fastKeccak.ts';
import type { Hash } from '../protocol/refs.ts';
import type { RollupConfig } from '../protocol/rollupConfig.ts';
import { decodeTransaction } from '../protocol/transaction.ts';
import { commitInputFor, hashOf, SAMPLE_CONFIG, sampleCommit } from '../testing/sampleBatch.ts';
import type { BatchOutcome, DerivedBatch } from './derivation.ts';
import { deriveBatch, genesisCursor, nextCursor } from './ethrexBased.ts';

const FIXTURES = process.env['PLUMBLINE_FIXTURES'] ?? '../shared/fixtures';

/** One batch of a recorded L2, as `expected.json` states it. */
interface ExpectedBatch {
  readonly file: string;
  readonly batch: number;
  readonly blocks: number;
  readonly firstBlock: number;
  readonly lastBlock: number;
  readonly stateRoot: Hash;
  readonly lastBlockHash: Hash;
  readonly privilegedCount: number;
  readonly privilegedRollingHash: Hash;
  readonly nonPrivileged: number;
  readonly gasUsed: number;
  readonly blobPayloadBytes: number;
  readonly feeConfigs: readonly string[];
}

await installFastKeccak();

const EXPECTED = JSON.parse(readFileSync(join(FIXTURES, 'ethrex/expected.json'), 'utf8')) as Record<
  string,
  readonly ExpectedBatch[]
>;

const readBlob = (set: string, file: string) =>
  new Uint8Array(readFileSync(join(FIXTURES, 'ethrex', set, file)));

const decodePayload = (blob: Uint8Array) => {
  const payload = decodeBlobPayload(blob);
  if (!payload.ok) throw new Error(`${payload.error.reason}: ${payload.error.detail}`);
  return payload.value;
};

/** The chain a set was recorded from: its genesis hash is what its first block names. */
function configOf(set: string): RollupConfig {
  const genesis = JSON.parse(readFileSync(join(FIXTURES, 'ethrex', set, 'l2.json'), 'utf8')) as {
    readonly config: { readonly chainId: number };
    readonly timestamp: string;
  };
  const first = decodePayload(readBlob(set, EXPECTED[set]![0]!.file)).blocks[0]!;
  return {
    ...SAMPLE_CONFIG,
    l2ChainId: genesis.config.chainId,
    l2GenesisHash: first.parentHash,
    l2GenesisTimestamp: Number(genesis.timestamp),
  };
}

/** What `expected.json` states, read off a derived batch. */
const valuesOf = (batch: DerivedBatch) => ({
  batch: batch.batchNumber,
  blocks: batch.blocks.length,
  firstBlock: batch.firstBlock,
  lastBlock: batch.lastBlock,
  stateRoot: batch.stateRoot,
  lastBlockHash: batch.lastBlockHash,
  privilegedCount: batch.privilegedCount,
  privilegedRollingHash: batch.privilegedRollingHash,
  nonPrivileged: batch.nonPrivilegedCount,
  gasUsed: Number(batch.gasUsed),
});

const expectDerived = (outcome: BatchOutcome): DerivedBatch => {
  if (outcome.kind !== 'derived')
    throw new Error(outcome.kind === 'invalid' ? outcome.detail : 'needs a blob');
  return outcome;
};

describe.each(Object.keys(EXPECTED))('the L2 recorded on %s', (set) => {
  const batches = EXPECTED[set]!;
  const config = configOf(set);

  test('has every recorded value, derived from calldata and from blobs alike', () => {
    let cursor = genesisCursor(config);
    for (const expected of batches) {
      const blob = readBlob(set, expected.file);
      const { blocks, feeConfigs, payloadBytes, warnings } = decodePayload(blob);
      const claims = {
        batchNumber: BigInt(expected.batch),
        newStateRoot: expected.stateRoot,
        lastBlockHash: expected.lastBlockHash,
        privilegedRollingHash: expected.privilegedRollingHash,
        nonPrivilegedTransactions: BigInt(expected.nonPrivileged),
      };
      const fromCalldata = expectDerived(deriveBatch(config, cursor, sampleCommit(blocks, { claims })));
      const bare = { claims: { ...claims, rlpBlocks: [] }, blobVersionedHashes: [hashOf(1)] };
      const fromBlob = expectDerived(deriveBatch(config, cursor, sampleCommit(blocks, bare), blob));

      expect(expected).toMatchObject({ ...valuesOf(fromCalldata), blobPayloadBytes: payloadBytes });
      expect(valuesOf(fromBlob)).toEqual(valuesOf(fromCalldata));
      expect([...new Set(feeConfigs.map(toHex))]).toEqual(expected.feeConfigs);
      expect(fromBlob.blocks).toEqual(fromCalldata.blocks);
      expect(warnings).toEqual([]);
      cursor = nextCursor(fromCalldata);
    }
    expect(cursor.batchNumber).toBe(batches.length);
  });

  test('is encoded again to the same blobs, byte for byte', () => {
    for (const { file } of batches) {
      const blob = readBlob(set, file);
      const { blocks, feeConfigs } = decodePayload(blob);
      const again = packBlob(
        encodeBlobPayload(
          blocks.map((block) => encodeBlock(block, { items: 3 })),
          feeConfigs,
        ),
      );
      expect(Buffer.compare(again, blob)).toBe(0);
    }
  });

  test('is derived from every shape of calldata', () => {
    for (const shape of ['0x4008fd7c', '0x0cce9190', '0x747f46dd'] as const) {
      let cursor = genesisCursor(config);
      for (const { batch, file } of batches) {
        const { blocks } = decodePayload(readBlob(set, file));
        const claims = { batchNumber: BigInt(batch) };
        const input = encodeCommitBatch(commitInputFor(blocks, claims), shape);
        cursor = nextCursor(
          expectDerived(deriveBatch(config, cursor, sampleCommit(blocks, { claims, input }))),
        );
      }
      expect(cursor.lastBlock).toMatchObject({
        number: batches.at(-1)!.lastBlock,
        hash: batches.at(-1)!.lastBlockHash,
      });
    }
  });

  test('does not derive when one batch is left out', () => {
    const [, second] = batches;
    const { blocks } = decodePayload(readBlob(set, second!.file));
    const commit = sampleCommit(blocks, { claims: { batchNumber: 1n } });
    expect(deriveBatch(config, genesisCursor(config), commit)).toMatchObject({ reason: 'wrong_parent' });
  });
});

test('every recorded blob belongs to a recorded batch', () => {
  for (const [set, batches] of Object.entries(EXPECTED)) {
    const blobs = readdirSync(join(FIXTURES, 'ethrex', set)).filter((file) => file.endsWith('.blob'));
    expect(blobs.sort()).toEqual(batches.map(({ file }) => file).sort());
  }
});

describe('the 3,000 blocks with every kind of transaction', () => {
  const bytes = new Uint8Array(readFileSync(join(FIXTURES, 'engine-chain/chain.rlp')));
  const head = JSON.parse(readFileSync(join(FIXTURES, 'engine-chain/headblock.json'), 'utf8')) as {
    readonly hash: Hash;
  };
  const decoded = decodeBlocks(bytes);
  if (!decoded.ok) throw new Error(decoded.error.detail);
  const blocks = decoded.value;

  test('decode, linked one to the next, up to the head hash', () => {
    expect(blocks.length).toBe(3_000);
    for (const [index, block] of blocks.entries()) {
      expect(block.number).toBe(index + 1);
      if (index > 0) expect(block.parentHash).toBe(blocks[index - 1]!.hash);
    }
    expect(blocks.at(-1)!.hash).toBe(head.hash);
  });

  test('encode again to the same bytes', () => {
    const again = concatBytes(...blocks.map((block) => encodeBlock(block, { items: 4 })));
    expect(Buffer.compare(again, bytes)).toBe(0);
  });

  test('hold only transactions that decode', () => {
    const kinds = new Set<number>();
    for (const transaction of blocks.flatMap((block) => block.transactions)) {
      const result = decodeTransaction(transaction);
      if (!result.ok) throw new Error(result.error.detail);
      kinds.add(result.value.type);
    }
    expect([...kinds].sort()).toEqual([0, 1, 2, 3]);
  });

  test('are derived as batches of a chain like any other', () => {
    const first = blocks[0]!;
    const config = {
      ...SAMPLE_CONFIG,
      l2ChainId: 1,
      l2GenesisHash: first.parentHash,
      l2GenesisTimestamp: first.timestamp - 1,
    };
    let cursor = genesisCursor(config);
    for (let from = 0; from < blocks.length; from += 500) {
      const part = blocks.slice(from, from + 500);
      const claims = { batchNumber: BigInt(cursor.batchNumber + 1) };
      cursor = nextCursor(expectDerived(deriveBatch(config, cursor, sampleCommit(part, { claims }))));
    }
    expect(cursor).toMatchObject({ batchNumber: 6, lastBlock: { number: 3_000, hash: head.hash } });
  });
});
