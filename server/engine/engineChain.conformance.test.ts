/** The recorded chain of the hive project's sync test, laid on an L1 as batches and driven into a real geth. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { commitChain } from '../../bench/support/chainOnL1.ts';
import { decodeBlocks } from '../protocol/blockCodec.ts';
import type { Hash } from '../protocol/refs.ts';
import { openDrivenNode } from '../testing/drivenNode.ts';
import { requiredFixture } from '../testing/fixtures.ts';
import { startGeth } from '../testing/geth.ts';

const DIR = requiredFixture('engine-chain');
const json = <T>(name: string): T => JSON.parse(readFileSync(join(DIR, name), 'utf8')) as T;
const BLOCKS_PER_BATCH = 50;

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of undo.reverse().splice(0)) await end();
});

test('3,000 blocks committed as 60 batches are driven into geth up to the recorded head', async () => {
  const decoded = decodeBlocks(new Uint8Array(readFileSync(join(DIR, 'chain.rlp'))));
  if (!decoded.ok) throw new Error(decoded.error.detail);
  const blocks = decoded.value;
  const geth = await startGeth({ genesis: json('genesis.json') });
  undo.push(() => geth.stop());
  const engine = await geth.connect();
  const first = (await engine.blockByNumber(0))!;
  const { stateRoot, hash } = json<{ stateRoot: Hash; hash: Hash }>('headblock.json');
  const l1 = await commitChain(
    {
      chainId: await engine.chainId(),
      genesisHash: first.hash,
      genesisTimestamp: first.timestamp,
      genesisStateRoot: stateRoot,
    },
    blocks,
    BLOCKS_PER_BATCH,
  );
  undo.push(() => l1.anvil.stop());
  const driven = await openDrivenNode(l1, engine);
  undo.push(() => driven.stop());
  await driven.settle();
  const own = await geth.connect();
  undo.push(() => own.close());
  const { latest, safe } = await own.labels();
  expect([latest.hash, safe?.hash]).toEqual([hash, hash]);
  // The calls that the recording's client made last are VALID here too.
  const recorded = json<{ params: [{ headBlockHash: Hash }] }>('headfcu.json');
  expect(recorded.params[0].headBlockHash).toBe(hash);
  expect(await own.newPayload(blocks.at(-1)!)).toEqual({ status: 'VALID', latestValidHash: hash });
});
