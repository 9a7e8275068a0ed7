import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../server/engine/engine.ts';
import type { SealedBlock } from '../server/protocol/block.ts';
import { decodeBlocks } from '../server/protocol/blockCodec.ts';
import { installFastKeccak } from '../server/protocol/fastKeccak.ts';
import { openDrivenNode } from '../server/testing/drivenNode.ts';
import { fixture } from '../server/testing/fixtures.ts';
import { gethBinary, startGeth } from '../server/testing/geth.ts';
import { bareLoop } from './driver.ts';
import type { Bench, BenchRow } from './row.ts';
import { type ChainOnL1, commitChain } from './support/chainOnL1.ts';

const BLOCKS_PER_BATCH = 50;
const MAX_OVERHEAD = 1.15;
/** Each is measured this often, in turn, on a fresh geth; the best of each counts. */
const ROUNDS = 2;

interface Recorded {
  readonly genesis: unknown;
  readonly blocks: readonly SealedBlock[];
  readonly stateRoot: `0x${string}`;
}

/**
 * The recorded 3,000 blocks into a real geth: the whole driver (reading L1, deriving, comparing, driving, journaling)
 * against a bare loop of newPayload and forkchoiceUpdated of the same payloads over the same client.
 */
export const gethBench: Bench = async (log) => {
  const recorded = await readRecorded();
  const geth = gethName();
  if (recorded === null || geth === null) {
    log(
      'skipped: it needs the recorded chain (PLUMBLINE_FIXTURES) and a geth ("node bin/geth.mjs" builds one)',
    );
    return [];
  }
  log(`${geth}; committing ${recorded.blocks.length} blocks to an L1`);
  const onL1 = await withGeth(recorded, (engine) => commitRecorded(engine, recorded));
  const best: Times = { eachBlock: Infinity, eachBatch: Infinity, driver: Infinity };
  const measure = async (kind: keyof Times, run: (engine: Engine) => Promise<number>): Promise<void> => {
    best[kind] = Math.min(best[kind], await withGeth(recorded, run));
  };
  try {
    for (let round = 1; round <= ROUNDS; round++) {
      await measure('eachBlock', (engine) => bareLoop(engine, recorded.blocks, 1));
      await measure('driver', (engine) => driven(engine, onL1, recorded));
      await measure('eachBatch', (engine) => bareLoop(engine, recorded.blocks, BLOCKS_PER_BATCH));
      log(`round ${round}, best so far in seconds: ${JSON.stringify(best)}`);
    }
  } finally {
    await onL1.anvil.stop();
  }
  return [
    ...rows('each block', best.eachBlock, best.driver, MAX_OVERHEAD),
    // It shows what deriving and journaling cost where the engine itself costs least.
    ...rows('each batch', best.eachBatch, best.driver, null),
  ];
};

/** Seconds for the whole chain: the bare loops by how often they update the forkchoice, and the driver. */
interface Times {
  eachBlock: number;
  eachBatch: number;
  driver: number;
}

/** The driver updates the forkchoice once a batch. `max` is null where the ratio is for comparison alone. */
const rows = (what: string, bare: number, driver: number, max: number | null): readonly BenchRow[] => [
  {
    name: `3,000 blocks into geth, bare engine loop, forkchoice ${what}`,
    value: bare,
    unit: 's',
    ratio: null,
    bound: 'a bound for the driver',
    ok: true,
  },
  {
    name: `3,000 blocks into geth, driver: time over the bare loop, forkchoice ${what}`,
    value: driver,
    unit: 's',
    ratio: driver / bare,
    bound: max === null ? 'for comparison' : `≤ ${max}`,
    ok: max === null || driver / bare <= max,
  },
];

async function readRecorded(): Promise<Recorded | null> {
  const dir = fixture('engine-chain');
  if (dir === null) return null;
  await installFastKeccak();
  const decoded = decodeBlocks(new Uint8Array(readFileSync(join(dir, 'chain.rlp'))));
  if (!decoded.ok) throw new Error(decoded.error.detail);
  const json = (name: string) => JSON.parse(readFileSync(join(dir, name), 'utf8')) as Record<string, unknown>;
  const stateRoot = json('headblock.json')['stateRoot'] as `0x${string}`;
  return { genesis: json('genesis.json'), blocks: decoded.value, stateRoot };
}

/** Null where there is no geth. */
function gethName(): string | null {
  try {
    const version = execFileSync(gethBinary(), ['version'], { encoding: 'utf8' });
    return `geth ${/^Version: (\S+)/m.exec(version)?.[1] ?? '?'}`;
  } catch {
    return null;
  }
}

async function withGeth<T>({ genesis }: Recorded, use: (engine: Engine) => Promise<T>): Promise<T> {
  const geth = await startGeth({ genesis });
  const engine = await geth.connect();
  try {
    return await use(engine);
  } finally {
    await engine.close();
    await geth.stop();
  }
}

async function commitRecorded(engine: Engine, { blocks, stateRoot }: Recorded): Promise<ChainOnL1> {
  const genesis = (await engine.blockByNumber(0))!;
  const facts = {
    genesisHash: genesis.hash,
    genesisTimestamp: genesis.timestamp,
    genesisStateRoot: stateRoot,
  };
  return commitChain({ chainId: await engine.chainId(), ...facts }, blocks, BLOCKS_PER_BATCH);
}

/** Seconds until the driver holds the whole chain as safe. */
async function driven(engine: Engine, onL1: ChainOnL1, { blocks }: Recorded): Promise<number> {
  const node = await openDrivenNode(onL1, engine);
  try {
    const start = performance.now();
    await node.settle();
    const seconds = (performance.now() - start) / 1000;
    const { safe } = await engine.labels();
    if (safe?.hash !== blocks.at(-1)!.hash) throw new Error('the driver stopped short of the head');
    return seconds;
  } finally {
    await node.stop();
  }
}
