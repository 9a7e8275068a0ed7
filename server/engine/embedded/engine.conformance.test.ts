/** Blocks that other clients made, from the recorded data outside the project, through the client and the worker. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { decodeBlobPayload } from '../../protocol/blob.ts';
import type { SealedBlock } from '../../protocol/block.ts';
import { decodeBlocks } from '../../protocol/blockCodec.ts';
import { type Hash, ZERO_HASH } from '../../protocol/refs.ts';
import { isPrivileged } from '../../protocol/transaction.ts';
import { type EmbeddedEngine, openEmbeddedEngine } from './open.ts';

const FIXTURES =
  process.env['PLUMBLINE_FIXTURES'] ?? join(import.meta.dirname, '../../../../shared/fixtures');
const read = (...path: string[]): Buffer => readFileSync(join(FIXTURES, ...path));
const readJson = (...path: string[]) => JSON.parse(read(...path).toString('utf8'));

interface ExpectedBatch {
  readonly file: string;
  readonly blocks: number;
  readonly stateRoot: Hash;
  readonly lastBlockHash: Hash;
  readonly gasUsed: number;
  readonly privilegedCount: number;
}

let embedded: EmbeddedEngine;
afterEach(() => embedded.close());

const toHead = (hash: Hash) => ({ headBlockHash: hash, safeBlockHash: hash, finalizedBlockHash: ZERO_HASH });

describe('ethrex', () => {
  test.each([
    ['2025-12-16', '0x74363ed8842ee0c35da757122840b965289a25a38f41943fceab78483a0c939d'],
    ['2026-02-04', '0xd88c006074fa606e5568f252cd928b7342ef6dcffc232b1056309d958d968e22'],
  ])('%s: every batch ends at its recorded root, hash and gas', async (set, genesisHash) => {
    embedded = await openEmbeddedEngine({ genesis: readJson('ethrex', set, 'l2.json'), l2Rules: true });
    const { engine } = embedded;
    expect((await engine.blockByNumber(0))?.hash).toBe(genesisHash);
    const batches = readJson('ethrex', 'expected.json')[set] as readonly ExpectedBatch[];
    let blocks = 0;
    for (const batch of batches) {
      const decoded = decodeBlobPayload(read('ethrex', set, batch.file));
      if (!decoded.ok) throw new Error(decoded.error.detail);
      const { blocks: sealed } = decoded.value;
      for (const block of sealed) {
        expect(await engine.newPayload(block)).toEqual({ status: 'VALID', latestValidHash: block.hash });
      }
      await engine.forkchoiceUpdated(toHead(sealed.at(-1)!.hash), null);
      blocks += sealed.length;
      expect(await summary(sealed)).toEqual(expectedSummary(batch));
    }
    const { latest, safe } = await engine.labels();
    expect([latest.hash, safe?.hash]).toEqual([batches.at(-1)!.lastBlockHash, batches.at(-1)!.lastBlockHash]);
    expect(await embedded.stats()).toMatchObject({ executedBlocks: blocks });
  });

  /** As the engine tells it, not as the block claims. */
  async function summary(sealed: readonly SealedBlock[]) {
    let gasUsed = 0;
    for (const block of sealed) {
      const receipts = (await embedded.rpc('eth_getBlockReceipts', [block.hash])) as { gasUsed: string }[];
      gasUsed += receipts.reduce((sum, receipt) => sum + Number(receipt.gasUsed), 0);
    }
    const head = (await embedded.rpc('eth_getBlockByNumber', ['latest', false])) as {
      hash: Hash;
      stateRoot: Hash;
    };
    const privilegedCount = sealed.flatMap(({ transactions }) => transactions).filter(isPrivileged).length;
    const { stateRoot, hash: lastBlockHash } = head;
    return { blocks: sealed.length, stateRoot, lastBlockHash, gasUsed, privilegedCount };
  }

  const expectedSummary = ({
    blocks,
    stateRoot,
    lastBlockHash,
    gasUsed,
    privilegedCount,
  }: ExpectedBatch) => ({
    ...{ blocks, stateRoot, lastBlockHash, gasUsed, privilegedCount },
  });
});

test('3,000 blocks with many transaction kinds, each by newPayload and forkchoiceUpdated, end at the recorded head', async () => {
  const decoded = decodeBlocks(read('engine-chain', 'chain.rlp'), {
    ...{ maxBlockBytes: 1 << 24, maxTransactionsPerBlock: 1 << 16, maxRlpDepth: 8 },
  });
  if (!decoded.ok) throw new Error(decoded.error.detail);
  embedded = await openEmbeddedEngine({ genesis: readJson('engine-chain', 'genesis.json') });
  const { engine } = embedded;
  expect(decoded.value[0]!.parentHash).toBe((await engine.blockByNumber(0))?.hash);
  for (const block of decoded.value) {
    const status = await engine.newPayload(block);
    if (status.status !== 'VALID') throw new Error(`block ${block.number}: ${JSON.stringify(status)}`);
    await engine.forkchoiceUpdated(toHead(block.hash), null);
  }
  const { latest } = await engine.labels();
  expect(latest.number).toBe(3_000);
  expect(latest.hash).toBe('0xd4a8090b9de16baae99540d32b02b4d970428fb1d07b4ea200bc6bb7894034a0');
  const recorded = readJson('engine-chain', 'headnewpayload.json') as { method: string; params: unknown[] };
  expect(await embedded.rpc(recorded.method, recorded.params)).toMatchObject({ status: 'VALID' });
  expect(await embedded.stats()).toMatchObject({ executedBlocks: 3_000, knownPayloads: 1 });
});
